//! `archwright fmt`

use crate::check::paint;
use crate::input::design_files;
use anyhow::{Context, Result};
use archwright_diagnostics::Sources;
use archwright_report::{Format, render};
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;

#[derive(Clone, Copy, PartialEq)]
pub enum Mode {
    Write,
    Check,
}

/// Formats each file; one that can't be read as a design is reported and left as it is.
pub fn fmt(path: &Path, mode: Mode) -> Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    for path in design_files(path)? {
        let source = std::fs::read_to_string(&path)
            .with_context(|| format!("can't read {}", path.display()))?;
        match archwright_design::format(&source) {
            Ok(formatted) if formatted == source => {}
            Ok(_) if mode == Mode::Check => {
                println!("{} would change", path.display());
                code = ExitCode::FAILURE;
            }
            Ok(formatted) => {
                replace(&path, &formatted)?;
                println!("{} formatted", path.display());
            }
            Err(diagnostics) => {
                let mut sources = Sources::default();
                sources.add(path.to_string_lossy(), source);
                let format = Format::Text(paint(std::io::stderr().is_terminal()));
                eprint!("{}", render(format, &sources, &diagnostics));
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

/// Writes beside the file and renames, so that a crash leaves the old or the new text, never half of one. A link stays
/// one: the file that it leads to is replaced.
fn replace(path: &Path, text: &str) -> Result<()> {
    let path = &path
        .canonicalize()
        .with_context(|| format!("can't find {}", path.display()))?;
    let beside = path.with_extension("yaml.new");
    std::fs::write(&beside, text).with_context(|| format!("can't write {}", beside.display()))?;
    std::fs::rename(&beside, path).with_context(|| format!("can't replace {}", path.display()))?;
    Ok(())
}
