//! `archwright plan` and `archwright openapi`: what is made of a sound design.

use crate::PlanFormat;
use crate::check::paint;
use crate::input::{checked, print};
use anyhow::Result;
use archwright_openapi::{DocumentOptions, document};
use archwright_plan::Plan;
use archwright_report::{Format, render};
use serde::Serialize;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

pub fn plan(path: &Path, format: PlanFormat) -> Result<ExitCode> {
    with_plan(path, |plan| match format {
        PlanFormat::Text => print(&archwright_plan::render_text(plan)),
        PlanFormat::Json => print_json(&archwright_plan::json(plan)),
    })
}

pub fn openapi(path: &Path, server_url: Option<String>) -> Result<ExitCode> {
    with_plan(path, |plan| {
        print_json(&document(plan, &DocumentOptions { server_url }))
    })
}

/// Goes on with the plan; or says on standard error what is wrong with the design.
fn with_plan(path: &Path, go_on: impl FnOnce(&Plan) -> Result<()>) -> Result<ExitCode> {
    let checked = checked(path)?;
    let Some(model) = checked.model else {
        let format = Format::Text(paint(std::io::stderr().is_terminal()));
        eprint!("{}", render(format, &checked.sources, &checked.diagnostics));
        return Ok(ExitCode::FAILURE);
    };
    go_on(&archwright_plan::plan(model))?;
    Ok(ExitCode::SUCCESS)
}

fn print_json(value: &impl Serialize) -> Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    serde_json::to_writer_pretty(&mut out, value).map_err(std::io::Error::from)?;
    writeln!(out)?;
    Ok(out.flush()?)
}
