//! What a dialect can't express.

use archwright_diagnostics::Span;
use std::fmt;

/// A construct that has no SQL in this dialect. Never dropped silently: whoever prints reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported {
    /// What it is, as the rest of a sentence: `"rows.map in a condition"`.
    pub what: String,
    /// Where the design says it.
    pub span: Option<Span>,
}

impl Unsupported {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            span: None,
        }
    }

    pub fn at(what: impl Into<String>, span: Span) -> Self {
        Self {
            what: what.into(),
            span: Some(span),
        }
    }
}

impl fmt::Display for Unsupported {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "this database has no SQL for {}", self.what)
    }
}

impl std::error::Error for Unsupported {}
