//! Prints how each sentence of a brief is tagged and taken apart.
fn main() {
    let terms = std::env::args().any(|each| each == "--terms");
    for path in std::env::args().skip(1).filter(|each| !each.starts_with('-')) {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        print!("{}", if terms { archwright_brief::explain_terms(&text) } else { archwright_brief::explain(&text) });
    }
}
