//! Plans of designs, for the tests and the preview.

use archwright_plan::{Plan, model, plan};
use std::path::Path;

/// The plan of the design in these files, by their names; else what is wrong with it.
pub fn planned(files: &[(String, Vec<u8>)]) -> Result<Plan, String> {
    let reading = archwright_design::read(files);
    let (model, diagnostics) = model::lower(&reading.design);
    let wrong = [reading.diagnostics, diagnostics];
    model.map(plan).ok_or_else(|| format!("{wrong:#?}"))
}

/// The plan of all designs in a folder.
pub fn planned_folder(folder: &Path) -> Result<Plan, String> {
    let mut files = Vec::new();
    let entries = std::fs::read_dir(folder).map_err(|error| error.to_string())?;
    for entry in entries {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            let bytes = std::fs::read(&path).map_err(|error| error.to_string())?;
            files.push((path.display().to_string(), bytes));
        }
    }
    files.sort();
    planned(&files)
}
