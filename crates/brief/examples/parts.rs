//! Prints how each sentence of a brief is tagged and taken apart: `parts FILE…`.

fn main() {
    for path in std::env::args().skip(1) {
        match std::fs::read_to_string(&path) {
            Ok(text) => print!("{}", archwright_brief::explain(&text)),
            Err(error) => eprintln!("{path}: {error}"),
        }
    }
}
