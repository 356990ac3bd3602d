//! Designs as plans, and what is generated of them.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![expect(clippy::unwrap_used, reason = "a failure is the test's failure")]

use archwright_diagnostics::fixture;
use archwright_plan::{Plan, model, plan};
use archwright_project::File;
use std::path::{Path, PathBuf};

/// The plan of a design in one text.
pub fn plan_of(design: &str) -> Plan {
    let reading = archwright_design::read(&fixture::parse(design).files);
    let (model, diagnostics) = model::lower(&reading.design);
    plan(model.unwrap_or_else(|| panic!("{:#?} {diagnostics:#?}", reading.diagnostics)))
}

/// The plan of an example.
pub fn example(name: &str) -> Plan {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples")
        .join(name);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .collect();
    paths.sort();
    let files: Vec<(String, Vec<u8>)> = paths
        .iter()
        .map(|path| (path.display().to_string(), std::fs::read(path).unwrap()))
        .collect();
    let reading = archwright_design::read(&files);
    let (model, diagnostics) = model::lower(&reading.design);
    plan(model.unwrap_or_else(|| panic!("{diagnostics:#?}")))
}

/// The project of a design that can be built.
pub fn built(plan: &Plan) -> Vec<File> {
    archwright_fastapi::generate(plan).unwrap_or_else(|refused| panic!("{refused:#?}"))
}

pub fn text<'f>(files: &'f [File], path: &str) -> &'f str {
    let file = files.iter().find(|file| file.path == path);
    &file.unwrap_or_else(|| panic!("there is no {path}")).text
}
