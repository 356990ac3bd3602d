//! `archwright explain`

use crate::input::print;
use anyhow::{Result, bail};
use archwright_diagnostics::{CODES, code, nearest};
use std::process::ExitCode;

pub fn explain(wanted: Option<&str>) -> Result<ExitCode> {
    let Some(wanted) = wanted else {
        let lines: Vec<String> = CODES
            .iter()
            .map(|known| {
                format!(
                    "{}  {:<7}  {}\n",
                    known.code,
                    known.severity.name(),
                    known.title
                )
            })
            .collect();
        print(&lines.concat())?;
        return Ok(ExitCode::SUCCESS);
    };
    match code(wanted) {
        Some(known) => print(known.page)?,
        None => match nearest(wanted, CODES.iter().map(|known| known.code)) {
            Some(near) => bail!("there is no code {wanted}; did you mean {near}?"),
            None => bail!("there is no code {wanted}; `archwright explain` lists them all"),
        },
    }
    Ok(ExitCode::SUCCESS)
}
