//! What comes from other package registries, installed below `target/`, at fixed versions.

use crate::command::{present, root, run};
use anyhow::{Result, bail};
use std::path::PathBuf;

/// The folder of the programs of a Python environment with these packages.
pub fn python(name: &str, packages: &[&str]) -> Result<PathBuf> {
    let folder = root().join("target/tools").join(name);
    let done = folder.join(packages.join("+"));
    if !done.exists() {
        installed(name, packages)?;
        std::fs::write(done, "")?;
    }
    Ok(folder.join("bin"))
}

/// A new environment with these packages.
fn installed(name: &str, packages: &[&str]) -> Result<PathBuf> {
    need("python3", "python3-venv")?;
    let folder = root().join("target/tools").join(name);
    eprintln!("Installing {}…", packages.join(" "));
    let path = folder.to_string_lossy().into_owned();
    if run("python3", &["-m", "venv", "--clear", &path], &[]).is_err() {
        apt("python3-venv")?;
        run("python3", &["-m", "venv", "--clear", &path], &[])?;
    }
    let programs = folder.join("bin");
    let pip = programs.join("pip").to_string_lossy().into_owned();
    let mut arguments = vec!["install", "--quiet", "--disable-pip-version-check"];
    arguments.extend(packages);
    run(&pip, &arguments, &[])?;
    Ok(programs)
}

/// The same for as many packages as a project has; made anew when they are other ones.
pub fn python_with(name: &str, packages: &[String]) -> Result<PathBuf> {
    let folder = root().join("target/tools").join(name);
    let list = packages.join("\n");
    let done = folder.join("installed.txt");
    if std::fs::read_to_string(&done).is_ok_and(|known| known == list) {
        return Ok(folder.join("bin"));
    }
    let packages: Vec<&str> = packages.iter().map(String::as_str).collect();
    let programs = installed(name, &packages)?;
    std::fs::write(done, list)?;
    Ok(programs)
}

/// The folder of the programs of these Node packages.
pub fn node(name: &str, packages: &[&str]) -> Result<PathBuf> {
    need("npm", "npm")?;
    let folder = root().join("target/tools").join(name);
    let done = folder.join(packages.join("+").replace('/', "-"));
    if !done.exists() {
        eprintln!("Installing {}…", packages.join(" "));
        std::fs::create_dir_all(&folder)?;
        let path = folder.to_string_lossy().into_owned();
        let mut arguments = vec![
            "install",
            "--silent",
            "--no-audit",
            "--no-fund",
            "--prefix",
            &path,
        ];
        arguments.extend(packages);
        run("npm", &arguments, &[])?;
        std::fs::write(done, "")?;
    }
    Ok(folder.join("node_modules/.bin"))
}

/// A program of the system, from its package where we may install it.
pub fn need(program: &str, package: &str) -> Result<()> {
    if present(program) {
        return Ok(());
    }
    apt(package)?;
    match present(program) {
        true => Ok(()),
        false => bail!("`{program}` is missing: install it and try again"),
    }
}

pub fn apt(package: &str) -> Result<()> {
    let root = std::process::Command::new("id").arg("-u").output();
    let root = root.is_ok_and(|output| output.stdout == b"0\n");
    if !root || !present("apt-get") {
        bail!(
            "the package `{package}` is missing: install it (for instance `sudo apt-get install {package}`) and try again"
        );
    }
    eprintln!("Installing {package}…");
    run("apt-get", &["update", "-qq"], &[])?;
    run(
        "apt-get",
        &["install", "-qq", "-y", package],
        &[("DEBIAN_FRONTEND", "noninteractive")],
    )
}
