//! Scores how briefs are read: `score FOLDER [-v] [--design]` compares each `NAME.md` with its `NAME.model`; with
//! `--design` what is compared is the written design rather than the concept model.

use std::collections::BTreeMap;
use std::path::Path;

#[derive(Default, Debug)]
struct Model {
    entities: Vec<String>,
    attributes: Vec<(String, String)>,
    relations: Vec<(String, String)>,
}

#[derive(Default, Clone, Copy)]
struct Count {
    hit: usize,
    found: usize,
    expected: usize,
}

impl Count {
    fn add(&mut self, other: Count) {
        self.hit += other.hit;
        self.found += other.found;
        self.expected += other.expected;
    }

    fn line(&self) -> String {
        let precision = self.hit as f64 / self.found.max(1) as f64;
        let recall = self.hit as f64 / self.expected.max(1) as f64;
        let f1 = 2.0 * self.hit as f64 / (self.found + self.expected).max(1) as f64;
        format!("{precision:.2} {recall:.2} {f1:.2}")
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let verbose = arguments.iter().any(|each| each == "-v");
    let designs = arguments.iter().any(|each| each == "--design");
    let Some(folder) = arguments.iter().find(|each| !each.starts_with('-')) else {
        eprintln!("usage: score FOLDER [-v]");
        std::process::exit(2);
    };
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("the folder can be read")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(".md").map(str::to_owned))
        .filter(|name| Path::new(folder).join(format!("{name}.model")).exists())
        .collect();
    names.sort();
    let mut totals: BTreeMap<(String, &str), [Count; 3]> = BTreeMap::new();
    println!(
        "precision, recall, F1 (micro), lenient match\n{:28} {:16} {:16} {:16}",
        "", "entities", "attributes", "relations"
    );
    for name in &names {
        let read = |ending: &str| {
            std::fs::read_to_string(Path::new(folder).join(format!("{name}.{ending}")))
                .expect("the brief can be read")
        };
        let expected = parse(&read("model"));
        let concepts = archwright_brief::read(&read("md"));
        let found = if designs {
            design(&concepts)
        } else {
            model(&concepts)
        };
        let kind = name.split('-').next().unwrap_or_default().to_owned();
        for mode in ["exact", "lenient"] {
            let counts = compare(&expected, &found, mode, verbose && mode == "lenient");
            for group in [kind.clone(), "all".to_owned()] {
                let total = totals.entry((group, mode)).or_default();
                for (total, count) in total.iter_mut().zip(counts) {
                    total.add(count);
                }
            }
            if mode == "lenient" {
                println!(
                    "{name:28} {}",
                    counts.map(|count| format!("{:16}", count.line())).concat()
                );
            }
        }
    }
    println!();
    for ((group, mode), counts) in &totals {
        println!(
            "{:28} {}",
            format!("{group} ({mode})"),
            counts.map(|count| format!("{:16}", count.line())).concat()
        );
    }
}

fn parse(text: &str) -> Model {
    let mut model = Model::default();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("entity ") {
            let (name, attributes) = rest.split_once(':').unwrap_or((rest, ""));
            let name = normal(name);
            for attribute in attributes
                .split(',')
                .map(normal)
                .filter(|each| !each.is_empty())
            {
                model.attributes.push((name.clone(), attribute));
            }
            model.entities.push(name);
        }
    }
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("relation ") {
            // Names may have several words: the split that gives two known entities is meant.
            let words: Vec<&str> = rest.split_whitespace().collect();
            let pair = (1..words.len())
                .map(|at| {
                    (
                        normal(&words[..at].join(" ")),
                        normal(&words[at..].join(" ")),
                    )
                })
                .find(|(a, b)| model.entities.contains(a) && model.entities.contains(b));
            match pair {
                Some(pair) => model.relations.push(pair),
                None => eprintln!("unknown entities: {line}"),
            }
        }
    }
    model
}

fn model(concepts: &archwright_brief::Concepts) -> Model {
    let name = |at: usize| normal(&concepts.entities[at].name);
    Model {
        entities: concepts
            .entities
            .iter()
            .map(|entity| normal(&entity.name))
            .collect(),
        attributes: concepts
            .entities
            .iter()
            .flat_map(|entity| {
                entity
                    .attributes
                    .iter()
                    .map(|attribute| (normal(&entity.name), normal(&attribute.name)))
            })
            .collect(),
        relations: concepts
            .relations
            .iter()
            .map(|relation| (name(relation.from), name(relation.to)))
            .collect(),
    }
}

/// What a written design holds: its entities, its fields that are no relations, and the pairs that relations join.
fn design(concepts: &archwright_brief::Concepts) -> Model {
    use archwright_model::{FieldKind, Origin};
    let written = archwright_brief::design(concepts, "brief", &archwright_brief::Choices::new());
    let files = [("design.yaml".to_owned(), written.design.into_bytes())];
    let (design, _) = archwright_model::check(&archwright_design::read(&files));
    let design = design.expect("the design of a brief is sound");
    let name = |at: usize| normal(&design.entities[at].singular);
    let mut model = Model::default();
    for (at, entity) in design.entities.iter().enumerate() {
        model.entities.push(name(at));
        for field in &entity.fields {
            let target = match &field.kind {
                FieldKind::ToOne(to) => to.target.0,
                FieldKind::ToMany(to) => to.target.0,
                FieldKind::Scalar(_) => {
                    if field.origin == Origin::Declared {
                        model.attributes.push((name(at), normal(&field.name)));
                    }
                    continue;
                }
            };
            let pair = (name(at), name(target));
            let back = (pair.1.clone(), pair.0.clone());
            if !model.relations.contains(&pair) && !model.relations.contains(&back) {
                model.relations.push(pair);
            }
        }
    }
    model
}

/// Lower case, words in singular, joined by spaces.
fn normal(name: &str) -> String {
    name.to_lowercase()
        .replace("e-mail", "email")
        .replace(['-', '_'], " ")
        .split_whitespace()
        .map(|word| archwright_brief::singular(word).unwrap_or_else(|| word.to_owned()))
        .collect::<Vec<_>>()
        .join(" ")
}

/// Lenient: the same head, or one name's words within the other's.
fn alike(a: &str, b: &str, mode: &str) -> bool {
    if a == b {
        return true;
    }
    if mode == "exact" {
        return false;
    }
    let a: Vec<&str> = a.split(' ').filter(|word| *word != "of").collect();
    let b: Vec<&str> = b.split(' ').filter(|word| *word != "of").collect();
    let within = |small: &[&str], large: &[&str]| small.iter().all(|word| large.contains(word));
    within(&a, &b) || within(&b, &a)
}

/// Exact matches first, then lenient ones; each name counts once.
fn matches<'a, T>(
    expected: &'a [T],
    found: &'a [T],
    exact: impl Fn(&T, &T) -> bool,
    lenient: impl Fn(&T, &T) -> bool,
) -> Vec<(usize, usize)> {
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    for pass in 0..2 {
        for (at, wanted) in expected.iter().enumerate() {
            if pairs.iter().any(|pair| pair.0 == at) {
                continue;
            }
            let hit = found.iter().enumerate().find(|(other, candidate)| {
                !pairs.iter().any(|pair| pair.1 == *other)
                    && if pass == 0 {
                        exact(wanted, candidate)
                    } else {
                        lenient(wanted, candidate)
                    }
            });
            if let Some((other, _)) = hit {
                pairs.push((at, other));
            }
        }
    }
    pairs
}

fn compare(expected: &Model, found: &Model, mode: &str, verbose: bool) -> [Count; 3] {
    let entities = matches(
        &expected.entities,
        &found.entities,
        |a, b| a == b,
        |a, b| alike(a, b, mode),
    );
    // Where an entity was found under another name, its attributes and relations are compared under that name.
    let renamed = |name: &String| {
        expected
            .entities
            .iter()
            .position(|each| each == name)
            .and_then(|at| entities.iter().find(|pair| pair.0 == at))
            .map_or_else(|| name.clone(), |pair| found.entities[pair.1].clone())
    };
    let wanted: Vec<(String, String)> = expected
        .attributes
        .iter()
        .map(|(owner, name)| (renamed(owner), name.clone()))
        .collect();
    let attributes = matches(
        &wanted,
        &found.attributes,
        |a, b| a == b,
        |a, b| a.0 == b.0 && alike(&a.1, &b.1, mode),
    );
    let pairs: Vec<(String, String)> = expected
        .relations
        .iter()
        .map(|(a, b)| (renamed(a), renamed(b)))
        .collect();
    let same = |a: &(String, String), b: &(String, String)| a == b || a.0 == b.1 && a.1 == b.0;
    let relations = matches(&pairs, &found.relations, same, same);
    if verbose {
        report("entities", &expected.entities, &found.entities, &entities);
        report("attributes", &wanted, &found.attributes, &attributes);
        report("relations", &pairs, &found.relations, &relations);
    }
    [
        count(&entities, found.entities.len(), expected.entities.len()),
        count(&attributes, found.attributes.len(), wanted.len()),
        count(&relations, found.relations.len(), pairs.len()),
    ]
}

fn count(pairs: &[(usize, usize)], found: usize, expected: usize) -> Count {
    Count {
        hit: pairs.len(),
        found,
        expected,
    }
}

fn report<T: std::fmt::Debug>(kind: &str, expected: &[T], found: &[T], pairs: &[(usize, usize)]) {
    let missed: Vec<&T> = expected
        .iter()
        .enumerate()
        .filter(|(at, _)| !pairs.iter().any(|pair| pair.0 == *at))
        .map(|(_, each)| each)
        .collect();
    let extra: Vec<&T> = found
        .iter()
        .enumerate()
        .filter(|(at, _)| !pairs.iter().any(|pair| pair.1 == *at))
        .map(|(_, each)| each)
        .collect();
    println!("  {kind}\n    missed {missed:?}\n    extra  {extra:?}");
}
