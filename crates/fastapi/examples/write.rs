//! Writes the project of a design into a folder: `cargo run -p archwright-fastapi --example write -- DESIGN FOLDER`.

use archwright_plan::{model, plan};
use std::error::Error;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(design), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err("name a design and a folder".into());
    };
    let mut paths: Vec<PathBuf> = std::fs::read_dir(design)?
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
    let generated = archwright_fastapi::generate(&plan(model));
    let generated = generated.map_err(|diagnostics| {
        let messages = diagnostics.iter().map(|one| one.message.clone());
        messages.collect::<Vec<_>>().join("\n")
    })?;
    for file in generated {
        let path = Path::new(&folder).join(&file.path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, file.text)?;
    }
    Ok(())
}
