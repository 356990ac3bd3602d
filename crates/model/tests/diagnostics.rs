//! What is said about designs that don't hold together, and where: each file of `diagnostics/` is a design with
//! carets under its faults.

use archwright_design::read;
use archwright_diagnostics::{CODES, fixture};
use std::path::{Path, PathBuf};

fn check(path: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let parsed = fixture::parse(&text);
    let reading = read(&parsed.files);
    let (_, diagnostics) = archwright_model::check(&reading);
    if std::env::var_os("ARCHWRIGHT_BLESS").is_some() {
        let annotated = fixture::annotate(&reading.sources, &diagnostics);
        std::fs::write(path, annotated).map_err(|error| error.to_string())?;
    }
    fixture::compare(&parsed, &reading.sources, &diagnostics)
}

#[test]
fn every_faulty_design_is_answered_as_its_carets_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics");
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    let failures: Vec<String> = paths
        .iter()
        .filter_map(|path| {
            check(path)
                .err()
                .map(|difference| format!("{}\n{difference}", path.display()))
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert!(
        paths.len() >= 10,
        "only {} faulty designs were found",
        paths.len()
    );
}

#[test]
fn of_a_file_without_a_design_only_that_is_said() {
    for text in ["", "\n\n", "# Later.\n"] {
        let reading = read(&[("a.yaml".to_owned(), text.as_bytes().to_vec())]);
        let (_, diagnostics) = archwright_model::check(&reading);
        let codes: Vec<&str> = diagnostics.iter().map(|said| said.code).collect();
        assert_eq!(codes, ["AW006"], "{text:?}");
    }
}

/// A code of no text that a fixture could hold: the file can't be read at all. `crates/design/tests/diagnostics.rs`
/// fires it.
const NOT_FROM_TEXT: &[&str] = &["AW001"];

#[test]
fn every_code_of_a_design_occurs_in_a_fixture() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = String::new();
    for folder in ["tests/diagnostics", "../design/tests/diagnostics"] {
        for entry in std::fs::read_dir(tests.join(folder))
            .into_iter()
            .flatten()
            .flatten()
        {
            all += &std::fs::read_to_string(entry.path()).unwrap_or_default();
        }
    }
    let missing: Vec<&str> = CODES
        .iter()
        .map(|known| known.code)
        .filter(|code| *code < "AW500" && !NOT_FROM_TEXT.contains(code))
        .filter(|code| !all.contains(&format!(" {code} ")))
        .collect();
    assert!(missing.is_empty(), "no fixture expects {missing:?}");
}
