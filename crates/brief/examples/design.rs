//! Prints the design of a brief: `design FILE…`.

fn main() {
    for path in std::env::args().skip(1) {
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                let concepts = archwright_brief::read(&text);
                let written =
                    archwright_brief::design(&concepts, "brief", &archwright_brief::Choices::new());
                print!("{}", written.design);
            }
            Err(error) => eprintln!("{path}: {error}"),
        }
    }
}
