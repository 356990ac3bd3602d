//! `archwright build`: a design as a project in a team's own stack, again and again.

mod folder;
mod report;
mod stacks;
#[cfg(all(test, unix))]
mod tests;
mod transaction;

use crate::check::paint;
use crate::input::{Checked, checked};
use anyhow::{Result, anyhow, bail};
use archwright_diagnostics::{Diagnostic, Sources};
use archwright_project::{Decided, Design, File, Hash, Provenance, Refused, State, decide};
use archwright_report::{Format, render};
use clap::{Args, ValueEnum};
use report::{Mode, Report};
use stacks::{STACKS, Stack, stack};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use transaction::Session;

pub const HELP: &str = "Examples:
  archwright build shop.yaml --stack fastapi --out backend
  archwright build shop.yaml --stack fastapi --out backend --check   # for CI
  archwright build designs/shop --stack fastapi --out . --format json

Build again whenever the design has changed. What nobody edited is replaced;
what somebody did is merged, or left as it is and reported with its place. What
was there before, and what you deleted, is reported and left alone. All is
written, or nothing is.

Commit DIR/.archwright-build with the project: it says what was written last.

Exit status: 0 when the project is what the design makes of it, 1 when a file
is in conflict, the design has errors or the stack can't express it, and with
--check when a build would write something; 2 when the command could not run.";

#[derive(Args)]
pub struct BuildArguments {
    /// A design file, or a folder of them
    path: PathBuf,
    /// What the project is written in
    #[arg(long, value_name = "NAME")]
    stack: String,
    /// The project's folder; made where it is missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Write nothing; exit with 1 if a build would write something
    #[arg(long)]
    check: bool,
    #[arg(long, value_enum, default_value_t = BuildFormat::Text)]
    format: BuildFormat,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum BuildFormat {
    Text,
    Json,
}

pub fn build(arguments: &BuildArguments) -> Result<ExitCode> {
    let built = build_with(arguments, STACKS, &mut std::io::stdout());
    say("");
    built
}

fn build_with(
    arguments: &BuildArguments,
    stacks: &[Stack],
    out: &mut dyn Write,
) -> Result<ExitCode> {
    let stack = stack(stacks, &arguments.stack)?;
    say("reading the design");
    let mut checked = checked(&arguments.path)?;
    let Some(model) = checked.model.take() else {
        return refused(arguments, &checked.sources, &checked.diagnostics, out);
    };
    let design = Design {
        name: model.name.clone(),
        hash: hash(&checked),
    };
    say("generating");
    let files = match (stack.generate)(&archwright_plan::plan(model)) {
        Ok(files) => files,
        Err(diagnostics) => return refused(arguments, &checked.sources, &diagnostics, out),
    };
    let provenance = Provenance {
        archwright: env!("CARGO_PKG_VERSION").to_owned(),
        stack: stack.name.to_owned(),
        design,
    };
    let decided = match arguments.check {
        true => look(&arguments.out, &files, &provenance)?,
        false => write(&arguments.out, &files, &provenance)?,
    };
    tell(arguments, &provenance, &decided, out)?;
    let is_well = match arguments.check {
        true => decided.matches(),
        false => !decided.has_conflicts(),
    };
    Ok(if is_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What a build would do.
fn look(folder: &Path, files: &[File], provenance: &Provenance) -> Result<Decided> {
    say("comparing");
    if transaction::is_unfinished(folder) {
        bail!(
            "a build in {} is at work, or was interrupted; without --check, a build takes back what it left",
            folder.display()
        );
    }
    decided(folder, files, provenance)
}

/// Does it.
fn write(folder: &Path, files: &[File], provenance: &Provenance) -> Result<Decided> {
    say("comparing");
    let session = Session::begin(folder)?;
    if session.recovered {
        say("");
        eprintln!("An interrupted build was taken back.");
    }
    let decided = decided(folder, files, provenance)?;
    if !decided.changes.is_empty() {
        let files = decided.changes.len();
        let tell = |percent| say(&format!("writing {files} files, {percent} %"));
        session.apply(&decided.changes, &tell)?;
    }
    Ok(decided)
}

fn decided(folder: &Path, files: &[File], provenance: &Provenance) -> Result<Decided> {
    let state = folder::read(folder, files)?;
    is_of_stack(folder, &state, &provenance.stack)?;
    let ours = |Refused { path, reason }| {
        anyhow!(
            "the stack {} makes a file {path:?}, which can't be: {reason}",
            provenance.stack
        )
    };
    decide(files, provenance, &state).map_err(ours)
}

fn is_of_stack(folder: &Path, state: &State, stack: &str) -> Result<()> {
    match &state.manifest {
        Some(manifest) if manifest.stack != stack => bail!(
            "{} holds a project of the stack {}; name another folder for {stack}",
            folder.display(),
            manifest.stack
        ),
        _ => Ok(()),
    }
}

/// Of the files' names and texts, wherever they stand.
fn hash(checked: &Checked) -> Hash {
    let mut all = String::new();
    for source in &checked.sources.files {
        let name = source.path.rsplit('/').next().unwrap_or_default();
        all.push_str(&format!("{name} {}\n{}", source.text.len(), source.text));
    }
    Hash::of(all)
}

fn tell(
    arguments: &BuildArguments,
    provenance: &Provenance,
    decided: &Decided,
    out: &mut dyn Write,
) -> Result<()> {
    say("");
    let report = Report {
        design: &provenance.design.name,
        stack: &provenance.stack,
        out: &arguments.out.to_string_lossy(),
        mode: if arguments.check {
            Mode::Check
        } else {
            Mode::Build
        },
        decided,
    };
    let is_terminal = std::io::stdout().is_terminal();
    match arguments.format {
        BuildFormat::Text => write!(
            out,
            "{}",
            report::text(&report, paint(is_terminal), is_terminal)
        )?,
        BuildFormat::Json => writeln!(out, "{:#}", report::json(&report))?,
    }
    Ok(out.flush()?)
}

/// Says what is wrong with the design, or what the stack can't express of it.
fn refused(
    arguments: &BuildArguments,
    sources: &Sources,
    diagnostics: &[Diagnostic],
    out: &mut dyn Write,
) -> Result<ExitCode> {
    say("");
    match arguments.format {
        BuildFormat::Text => {
            let format = Format::Text(paint(std::io::stderr().is_terminal()));
            eprint!("{}", render(format, sources, diagnostics));
        }
        BuildFormat::Json => write!(out, "{}", render(Format::Json, sources, diagnostics))?,
    }
    Ok(ExitCode::FAILURE)
}

/// What is being done, in a line of a terminal that the next one replaces. A pipe gets the result alone.
fn say(stage: &str) {
    if std::io::stderr().is_terminal() {
        let line = if stage.is_empty() {
            String::new()
        } else {
            format!("{stage}…")
        };
        let _ = write!(std::io::stderr(), "\r\u{1b}[K{line}");
    }
}
