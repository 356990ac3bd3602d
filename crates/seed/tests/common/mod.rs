//! Loads designs of this repository for the tests beside it.
#![allow(dead_code, reason = "each test uses a part of it")]
#![expect(
    clippy::unwrap_used,
    reason = "a repository without its examples is broken"
)]

use archwright_design::{Reading, read};
use archwright_diagnostics::{Diagnostic, Sources, has_errors};
use archwright_plan::Plan;
use archwright_report::{Paint, text};
use std::path::{Path, PathBuf};

/// The folders in `examples/`.
pub const EXAMPLES: &[&str] = &[
    "bookshop", "conduit", "helpdesk", "newsroom", "payments", "profile",
];

/// A path from the root of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

/// Reads an example, which has to be free of problems.
pub fn example(name: &str) -> Reading {
    let folder = repository("examples").join(name);
    let mut files: Vec<(String, Vec<u8>)> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .map(|path| {
            let shown = format!(
                "{name}/{}",
                path.file_name().unwrap().to_string_lossy().into_owned()
            );
            (shown, std::fs::read(&path).unwrap())
        })
        .collect();
    files.sort();
    sound(&files)
}

/// Reads files that have to be free of problems.
pub fn sound(files: &[(String, Vec<u8>)]) -> Reading {
    let reading = read(files);
    refuse_errors(&reading.sources, &reading.diagnostics);
    reading
}

/// Fails with the diagnostics as a person would see them.
pub fn refuse_errors(sources: &Sources, diagnostics: &[Diagnostic]) {
    assert!(
        !has_errors(diagnostics),
        "{}",
        text(sources, diagnostics, Paint::Plain)
    );
}

/// The plan of a reading that has no problems.
pub fn planned(reading: &Reading) -> Plan {
    let (model, diagnostics) = archwright_model::lower(&reading.design);
    refuse_errors(&reading.sources, &diagnostics);
    archwright_plan::plan(model.unwrap())
}
