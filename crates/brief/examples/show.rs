//! Prints the concept model of a brief: `show FILE`.
fn main() {
    for path in std::env::args().skip(1) {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let concepts = archwright_brief::read(&text);
        println!("== {path}");
        for entity in &concepts.entities {
            let attributes: Vec<String> = entity
                .attributes
                .iter()
                .map(|each| {
                    if each.values.is_empty() {
                        each.name.clone()
                    } else {
                        format!("{} {:?}", each.name, each.values)
                    }
                })
                .collect();
            println!("{}: {}", entity.name, attributes.join(", "));
        }
        for each in &concepts.relations {
            println!(
                "  {} - {} ({:?} {} {} s{})",
                concepts.entities[each.from].name,
                concepts.entities[each.to].name,
                each.kind,
                each.verb,
                if each.many { "many" } else { "" },
                each.source.sentence()
            );
        }
    }
}
