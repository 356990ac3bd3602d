//! The repository's examples lower without a word.

use std::path::{Path, PathBuf};

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    let yaml = paths.into_iter().filter(|path| {
        path.extension()
            .is_some_and(|extension| extension == "yaml")
    });
    yaml.map(|path| {
        (
            path.display().to_string(),
            std::fs::read(&path).unwrap_or_default(),
        )
    })
    .collect()
}

#[test]
fn every_example_lowers_without_a_word() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut said = Vec::new();
    let mut count = 0;
    for folder in std::fs::read_dir(root)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
    {
        count += 1;
        let reading = archwright_design::read(&files(&folder));
        let (model, diagnostics) = archwright_model::lower(&reading.design);
        for diagnostic in reading.diagnostics.iter().chain(&diagnostics) {
            let place = diagnostic.span.map(|span| {
                let (line, column) = reading.sources.line_column(span);
                format!("{}:{line}:{column}", reading.sources.get(span.file).path)
            });
            said.push(format!(
                "{place:?} {} {} | {:?}",
                diagnostic.code, diagnostic.message, diagnostic.help
            ));
        }
        assert!(model.is_some() || !said.is_empty());
    }
    assert!(said.is_empty(), "{}", said.join("\n"));
    assert!(count >= 4);
}
