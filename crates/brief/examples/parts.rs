//! Prints how each sentence of a brief is tagged and taken apart.
fn main() {
    for path in std::env::args().skip(1) {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        print!("{}", archwright_brief::explain(&text));
    }
}
