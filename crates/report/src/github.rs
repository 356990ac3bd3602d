//! For GitHub Actions: workflow commands that annotate the changed lines.

use crate::place::place;
use archwright_diagnostics::{Diagnostic, Severity, Sources};

/// One `::error file=…,line=…::message` line for each diagnostic.
pub fn github(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    diagnostics
        .iter()
        .map(|diagnostic| line(sources, diagnostic))
        .collect()
}

fn line(sources: &Sources, diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "notice",
    };
    let place = diagnostic
        .span
        .map(|span| place(sources, span))
        .map_or_else(String::new, |place| {
            let path = property(place.path.trim_start_matches("./"));
            format!(
                "file={path},line={},endLine={},col={},endColumn={},",
                place.line, place.end_line, place.column, place.end_column
            )
        });
    let mut text = diagnostic.message.clone();
    for part in diagnostic.help.iter() {
        text.push('\n');
        text.push_str(part);
    }
    format!(
        "::{level} {place}title={}::{}\n",
        diagnostic.code,
        data(&text)
    )
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
