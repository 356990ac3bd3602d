//! The page of every code that lowering reports shows an example that fires it.

use archwright_design::read;
use archwright_diagnostics::{CODES, fixture};

#[test]
fn every_page_has_an_example_that_fires_its_code() {
    let mut failures = Vec::new();
    for known in CODES
        .iter()
        .filter(|known| ("AW200".."AW500").contains(&known.code))
    {
        let Some(example) = fixture::page_example(known.page) else {
            failures.push(format!("{} has no example", known.code));
            continue;
        };
        let reading = read(&fixture::parse(example).files);
        let (_, diagnostics) = archwright_model::lower(&reading.design);
        let fired: Vec<String> = reading
            .diagnostics
            .iter()
            .chain(&diagnostics)
            .map(|diagnostic| format!("{} {}", diagnostic.code, diagnostic.message))
            .collect();
        // Nothing else may fire, so that the page is about one thing.
        if fired.is_empty() || !fired.iter().all(|fired| fired.starts_with(known.code)) {
            failures.push(format!("the example of {} fires {fired:#?}", known.code));
        }
        if !known
            .page
            .starts_with(&format!("# {}: {}\n", known.code, known.title))
        {
            failures.push(format!("the headline of {}", known.code));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
