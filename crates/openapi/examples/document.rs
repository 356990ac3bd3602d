//! Prints the document of a design: `cargo run -p archwright-openapi --example document -- examples/bookshop`.

use archwright_openapi::{DocumentOptions, document};
use archwright_plan::{model, plan};
use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("which design?")?;
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "yaml")
    });
    paths.sort();
    let mut files = Vec::new();
    for path in &paths {
        files.push((path.display().to_string(), std::fs::read(path)?));
    }
    let reading = archwright_design::read(&files);
    let (model, diagnostics) = model::lower(&reading.design);
    let model = model.ok_or_else(|| format!("{diagnostics:#?}"))?;
    let printed = document(&plan(model), &DocumentOptions::default());
    println!("{}", serde_json::to_string_pretty(&printed)?);
    Ok(())
}
