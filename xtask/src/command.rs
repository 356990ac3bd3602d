//! Other programs: where they run, and how the missing ones are installed.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of the workspace.
pub fn root() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    folder.parent().unwrap_or(folder).to_owned()
}

pub fn cargo(arguments: &[&str]) -> Result<()> {
    run("cargo", arguments, &[])
}

pub fn run(program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Result<()> {
    run_in(&root(), program, arguments, environment)
}

pub fn run_in(
    folder: &Path,
    program: &str,
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> Result<()> {
    let line = format!("{program} {}", arguments.join(" "));
    eprintln!("{line}");
    let status = Command::new(program)
        .args(arguments)
        .envs(environment.iter().copied())
        .current_dir(folder)
        .status()
        .with_context(|| format!("`{line}` can't be started"))?;
    if !status.success() {
        bail!("`{line}` failed");
    }
    Ok(())
}

/// True if a program of this name stands in a folder of the search path. It isn't started: not every program knows
/// `--version`.
pub fn present(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Installs a cargo subcommand where it is missing.
pub fn install(package: &str) -> Result<()> {
    if present(package) {
        return Ok(());
    }
    eprintln!("Installing {package}…");
    cargo(&["install", "--locked", "--quiet", package])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_without_being_started() {
        assert!(present("cargo"));
        assert!(present("sh"), "which knows no `--version` where it is dash");
        assert!(!present("archwright-that-nobody-made"));
    }
}
