//! Where a span stands, in the terms of editors: lines and columns from 1.

use archwright_diagnostics::{Sources, Span};

pub struct Place<'a> {
    pub path: &'a str,
    pub line: usize,
    /// In characters.
    pub column: usize,
    pub end_line: usize,
    /// After the last character.
    pub end_column: usize,
}

pub fn place(sources: &Sources, span: Span) -> Place<'_> {
    let (line, column) = sources.line_column(span);
    let (end_line, end_column) = sources.line_column(Span {
        start: span.end.max(span.start),
        ..span
    });
    Place {
        path: &sources.get(span.file).path,
        line,
        column,
        end_line,
        end_column,
    }
}

/// The span within its file's text, on character boundaries.
pub fn range(text: &str, span: Span) -> std::ops::Range<usize> {
    let start = text.floor_char_boundary((span.start as usize).min(text.len()));
    let end = text.ceil_char_boundary((span.end as usize).min(text.len()));
    start..end.max(start)
}
