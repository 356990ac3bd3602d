//! `archwright plan`

use crate::PlanFormat;
use crate::check::paint;
use crate::input::{checked, print};
use anyhow::Result;
use archwright_report::{Format, render};
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;

/// The plan on standard output; what is wrong with the design on standard error.
pub fn plan(path: &Path, format: PlanFormat) -> Result<ExitCode> {
    let checked = checked(path)?;
    let Some(model) = checked.model else {
        let format = Format::Text(paint(std::io::stderr().is_terminal()));
        eprint!("{}", render(format, &checked.sources, &checked.diagnostics));
        return Ok(ExitCode::FAILURE);
    };
    let plan = archwright_plan::plan(model);
    match format {
        PlanFormat::Text => print(&archwright_plan::render_text(&plan))?,
        PlanFormat::Json => print(&format!(
            "{}\n",
            serde_json::to_string_pretty(&archwright_plan::json(&plan))?
        ))?,
    }
    Ok(ExitCode::SUCCESS)
}
