//! What a design means, for comparing two of them.

use archwright_design::read;

/// The syntax tree without its places.
pub fn meaning(text: &str) -> String {
    let reading = read(&[("a.yaml".to_owned(), text.as_bytes().to_vec())]);
    let tree = without(&format!("{:?}", reading.design), "map: Each(", ")");
    without(&without(&tree, "map: From(", ")"), "Span {", "}")
}

fn without(text: &str, start: &str, end: &str) -> String {
    let mut parts = text.split(start);
    let mut output = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        output.push_str(part.split_once(end).map_or(part, |(_, rest)| rest));
    }
    output
}
