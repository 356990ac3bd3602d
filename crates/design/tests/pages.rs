//! The page of every code that this crate reports shows an example that fires it.

use archwright_design::read;
use archwright_diagnostics::{CODES, fixture};

/// Codes that no text can fire, with the tests that fire them in `diagnostics.rs`.
const NOT_FROM_TEXT: &[&str] = &["AW001"];

#[test]
fn every_page_has_an_example_that_fires_its_code() {
    for known in CODES
        .iter()
        .filter(|known| known.code < "AW200" && !NOT_FROM_TEXT.contains(&known.code))
    {
        let Some(example) = fixture::page_example(known.page) else {
            panic!("{} has no example", known.code)
        };
        let reading = read(&fixture::parse(example).files);
        let fired: Vec<&str> = reading
            .diagnostics
            .iter()
            .map(|diagnostic| diagnostic.code)
            .collect();
        assert!(
            fired.contains(&known.code),
            "the example of {} fires {fired:?}",
            known.code
        );
        assert!(
            known
                .page
                .starts_with(&format!("# {}: {}\n", known.code, known.title)),
            "the headline of {}",
            known.code
        );
    }
}
