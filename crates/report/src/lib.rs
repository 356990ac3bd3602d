//! Diagnostics as people and programs read them: text, JSON, SARIF, GitHub annotations. Returns strings, does no IO.

mod github;
mod json;
mod place;
mod sarif;
mod text;

pub use github::github;
pub use json::json;
pub use sarif::sarif;
pub use text::{Paint, text};

use archwright_diagnostics::{Diagnostic, Sources};

/// How diagnostics are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Text(Paint),
    Json,
    Sarif,
    GitHub,
}

/// All diagnostics in one format, in the order in which they come.
pub fn render(format: Format, sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    match format {
        Format::Text(paint) => text(sources, diagnostics, paint),
        Format::Json => json(sources, diagnostics),
        Format::Sarif => sarif(sources, diagnostics),
        Format::GitHub => github(sources, diagnostics),
    }
}
