//! Where files are read, and where output leaves.

use anyhow::{Context, Result, bail};
use archwright_diagnostics::{Diagnostic, Sources, has_errors};
use archwright_model::Model;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Larger files are cut here, so that a mistaken path can't fill the memory; the reader refuses them.
const MOST_BYTES: u64 = 1024 * 1024 + 1;

/// A design's files, read, and all that is to be said about them.
pub struct Checked {
    pub sources: Sources,
    pub diagnostics: Vec<Diagnostic>,
    /// Every part of every file could be read as YAML.
    pub complete: bool,
    /// Present when there is no error.
    pub model: Option<Model>,
}

impl Checked {
    pub fn has_errors(&self) -> bool {
        has_errors(&self.diagnostics)
    }
}

/// Reads and checks the design at a path. Fails only when there is nothing to read.
pub fn checked(path: &Path) -> Result<Checked> {
    let mut files = Vec::new();
    for path in design_files(path)? {
        let bytes = read(&path)?;
        files.push((shown(&path), bytes));
    }
    let reading = archwright_design::read(&files);
    let (model, diagnostics) = archwright_model::check(&reading);
    Ok(Checked {
        complete: reading.complete,
        sources: reading.sources,
        diagnostics,
        model,
    })
}

/// The file itself, or the `.yaml` and `.yml` files directly in the folder, in the order of their names.
pub fn design_files(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let entries =
        std::fs::read_dir(path).with_context(|| format!("can't read {}", path.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry
            .with_context(|| format!("can't read {}", path.display()))?
            .path();
        let is_yaml = path
            .extension()
            .is_some_and(|extension| extension == "yaml" || extension == "yml");
        let hidden = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if is_yaml && !hidden && path.is_file() {
            files.push(path);
        }
    }
    if files.is_empty() {
        bail!(
            "there is no .yaml file in {}; name a design file, or a folder that holds some",
            path.display()
        );
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file =
        std::fs::File::open(path).with_context(|| format!("can't open {}", path.display()))?;
    std::io::Read::read_to_end(&mut std::io::Read::take(file, MOST_BYTES), &mut bytes)
        .with_context(|| format!("can't read {}", path.display()))?;
    Ok(bytes)
}

fn shown(path: &Path) -> String {
    let shown = path.to_string_lossy().replace('\\', "/");
    shown.strip_prefix("./").map(str::to_owned).unwrap_or(shown)
}

/// Writes to standard output; a closed pipe comes back as an error.
pub fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}
