//! All automation of the project: `cargo xtask test` installs what the tests need and runs them all.

mod browser;
mod command;
mod fuzz;
mod metadata;
mod postgres;

use anyhow::{Context, Result, bail};
use command::{cargo, install, run};

const USAGE: &str = "Usage: cargo xtask COMMAND

Commands:
  test      Install what the tests need, and run them all
  ci        test, then format, lint, licences and unused
  browser   Open the pages of running examples in Chromium
  format    Check the formatting
  lint      Run clippy, with warnings as errors
  licences  Check that every dependency's licence is one that we accept
  unused    Check that no dependency is unused
  fuzz [SECONDS [TARGET]]
            Fuzz each target for so many seconds (30)";

fn main() -> Result<()> {
    let command = std::env::args().nth(1).unwrap_or_default();
    match command.as_str() {
        "test" => test(),
        "ci" => test()
            .and_then(|()| format())
            .and_then(|()| lint())
            .and_then(|()| metadata::licences())
            .and_then(|()| unused()),
        "browser" => browser::browser(),
        "format" => format(),
        "lint" => lint(),
        "licences" => metadata::licences(),
        "unused" => unused(),
        "fuzz" => {
            let seconds = std::env::args().nth(2).unwrap_or_else(|| "30".to_owned());
            let seconds = seconds.parse().context("SECONDS is a whole number")?;
            fuzz::fuzz(seconds, std::env::args().nth(3).as_deref())
        }
        "" | "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        other => bail!("there is no command `{other}`\n\n{USAGE}"),
    }
}

fn test() -> Result<()> {
    install("cargo-nextest")?;
    metadata::layers()?;
    let server = postgres::start()?;
    let environment = [("ARCHWRIGHT_TEST_POSTGRES", server.url.as_str())];
    run(
        "cargo",
        &["nextest", "run", "--workspace", "--no-fail-fast"],
        &environment,
    )?;
    browser::browser()
}

fn format() -> Result<()> {
    cargo(&["fmt", "--all", "--check"])
}

fn lint() -> Result<()> {
    cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--quiet",
        "--",
        "-D",
        "warnings",
    ])
}

fn unused() -> Result<()> {
    install("cargo-machete")?;
    run("cargo-machete", &["crates", "xtask"], &[])
}
