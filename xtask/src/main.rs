//! All automation of the project: `cargo xtask test` installs what the tests need and runs them all.

mod bench;
mod briefs;
mod browser;
mod command;
mod faults;
mod fuzz;
mod metadata;
mod new_stack;
mod openapi;
mod postgres;
mod schemathesis;
mod served;
mod speed;
mod stacks;
mod steps;
mod tools;

use anyhow::{Context, Result, bail};
use command::{cargo, install, root, run};
use schemathesis::Callers;
use std::str::FromStr;

const USAGE: &str = "Usage: cargo xtask COMMAND

Commands:
  test      Install what the tests need, and run them all
  ci        Every check, and the tests
  browser   Open the pages of running examples in Chromium
  briefs [SECONDS [NAME]]
            Write a design from each brief of bench/brief/served (or those with NAME in theirs), check
            it, serve it with seeded rows, and hold it to its suite, so many seconds (120) at most
  bench     Measure check, plan and serve, and hold them to their limits
  faults [RUNS]
            Traffic while databases and the server break, so many runs (1) in a row
  speed [SECONDS [ROUNDS [DATABASE]]]
            Measure the server beside hand-written ones: so many seconds (4) for each request and
            server, so many times (4), on one database or on both; the whole run takes some 13 minutes
  openapi   Validate the documents of the examples with two validators
  schemathesis [CASES [EXAMPLE]]
            Try the examples' backends against their documents, as nobody and as each role, with so
            many random cases (3) for each operation
  stacks [EXAMPLE]
            Generate the examples' projects in other stacks, check and serve them, and run the suite on
            SQLite and on PostgreSQL
  fuzz [SECONDS [TARGET]]
            Fuzz each target for so many seconds (30)
  new-stack NAME
            Lay out the crate of a new stack for `archwright build`
  format    Check the formatting
  lint      Run clippy, with warnings as errors
  licences  Check that every dependency's licence is one that we accept
  unused    Check that no dependency is unused";

fn main() -> Result<()> {
    std::env::set_current_dir(root())?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let name = arguments.get(2).map(String::as_str);
    match arguments.first().map_or("", String::as_str) {
        "test" => test(),
        "ci" => ci(),
        "browser" => browser::browser(),
        "briefs" => briefs::briefs(number(&arguments, "SECONDS", 120)?, name),
        "bench" => bench::bench(),
        "faults" => faults::faults(number(&arguments, "RUNS", 1)?),
        "speed" => {
            let rounds = arguments
                .get(2)
                .map_or(Ok(speed::ROUNDS), |text| text.parse());
            let rounds = rounds.context("ROUNDS is a whole number")?;
            let database = arguments.get(3).map(String::as_str);
            speed::speed(
                number(&arguments, "SECONDS", speed::SECONDS)?,
                rounds,
                database,
            )
        }
        "openapi" => openapi::validate(),
        "schemathesis" => {
            schemathesis::schemathesis(number(&arguments, "CASES", 3)?, name, Callers::All)
        }
        "fuzz" => fuzz::fuzz(number(&arguments, "SECONDS", 30)?, name),
        "new-stack" => new_stack::new_stack(arguments.get(1).map(String::as_str)),
        "stacks" => stacks::stacks(arguments.get(1).map(String::as_str)),
        "format" => format(),
        "lint" => lint(),
        "licences" => metadata::licences(),
        "unused" => unused(),
        "" | "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        other => bail!("there is no command `{other}`\n\n{USAGE}"),
    }
}

fn number<T: FromStr>(arguments: &[String], name: &str, default: T) -> Result<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    match arguments.get(1) {
        Some(text) => text
            .parse()
            .with_context(|| format!("{name} is a whole number")),
        None => Ok(default),
    }
}

/// The whole check of a change. The tests come last, so that their closing lines stand above the summary.
fn ci() -> Result<()> {
    steps::run(&[
        ("format", &format),
        ("lint", &lint),
        ("licences", &metadata::licences),
        ("unused dependencies", &unused),
        ("OpenAPI validators", &openapi::validate),
        ("Schemathesis", &|| {
            schemathesis::schemathesis(2, None, Callers::Last)
        }),
        ("faults", &|| faults::faults(1)),
        ("fuzz targets", &|| fuzz::fuzz(20, None)),
        ("tests", &test),
    ])
}

fn test() -> Result<()> {
    metadata::layers()?;
    tools::need("cc", "build-essential")?;
    tools::need("redis-server", "redis-server")?;
    tools::need("openssl", "openssl")?;
    install("cargo-nextest")?;
    browser::browser()?;
    let server = postgres::start()?;
    let environment = [("ARCHWRIGHT_TEST_POSTGRES", server.url.as_str())];
    run(
        "cargo",
        &["nextest", "run", "--workspace", "--no-fail-fast"],
        &environment,
    )
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
