//! `archwright check`

use crate::ReportFormat;
use crate::input::{Checked, checked, print};
use anyhow::Result;
use archwright_report::{Format, Paint, render};
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;

pub fn check(path: &Path, format: ReportFormat) -> Result<ExitCode> {
    let checked = checked(path)?;
    let format = match format {
        ReportFormat::Text => Format::Text(paint(std::io::stdout().is_terminal())),
        ReportFormat::Json => Format::Json,
        ReportFormat::Sarif => Format::Sarif,
        ReportFormat::Github => Format::GitHub,
    };
    print(&render(format, &checked.sources, &checked.diagnostics))?;
    if let Format::Text(_) = format {
        print(&summary(&checked))?;
    }
    Ok(if checked.has_errors() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Colours in a terminal, unless the environment asks for none (no-color.org).
pub fn paint(terminal: bool) -> Paint {
    let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if terminal && wanted {
        Paint::Coloured
    } else {
        Paint::Plain
    }
}

/// What a sound design holds, and what was not checked of one that can't be read; problems are counted by the report.
fn summary(checked: &Checked) -> String {
    let Some(model) = &checked.model else {
        let waiting =
            "Some of it can't be read. Other checks wait for the names that may stand there.\n";
        return match checked.complete {
            true => String::new(),
            false => waiting.to_owned(),
        };
    };
    format!(
        "{} is sound: {}, {}, {}.\n",
        model.name,
        plural(model.entities.len(), "entity"),
        plural(model.roles.len(), "role"),
        plural(checked.sources.files.len(), "file"),
    )
}

fn plural(count: usize, name: &str) -> String {
    match (count, name.strip_suffix('y')) {
        (1, _) => format!("1 {name}"),
        (_, Some(stem)) => format!("{count} {stem}ies"),
        (_, None) => format!("{count} {name}s"),
    }
}
