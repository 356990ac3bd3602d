//! What a stack can't express: said with the stack's name and the place in the design, never left out.

use archwright_diagnostics::{Diagnostic, Span};

/// The code of every refusal.
pub const CODE: &str = "AW620";

/// A construct that a stack has no words for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported {
    /// What it is, as the rest of a sentence: `"files"`.
    pub what: String,
    /// Where the design says it.
    pub span: Option<Span>,
}

impl Unsupported {
    pub fn new(what: impl Into<String>) -> Self {
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

/// All that a stack refuses of one design.
#[derive(Debug)]
pub struct Refusals {
    stack: &'static str,
    diagnostics: Vec<Diagnostic>,
}

impl Refusals {
    pub fn new(stack: &'static str) -> Self {
        Self {
            stack,
            diagnostics: Vec::new(),
        }
    }

    pub fn add(&mut self, unsupported: Unsupported) {
        let message = format!("`{}` can't have {} yet", self.stack, unsupported.what);
        let help = "serve the design with `archwright serve`, or leave this out to build the rest";
        let diagnostic = Diagnostic::new(CODE, unsupported.span, message).help(help);
        if !self.diagnostics.contains(&diagnostic) {
            self.diagnostics.push(diagnostic);
        }
    }

    /// The value, or nothing where it can't be printed.
    pub fn keep<T>(&mut self, result: Result<T, Unsupported>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(unsupported) => {
                self.add(unsupported);
                None
            }
        }
    }

    /// The project, if nothing of the design was refused.
    pub fn finish<T>(self, project: T) -> Result<T, Vec<Diagnostic>> {
        match self.diagnostics.is_empty() {
            true => Ok(project),
            false => Err(self.diagnostics),
        }
    }
}
