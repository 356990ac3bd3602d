//! For programs: a shape that stays as it is; keys may be added.

use crate::place::place;
use archwright_diagnostics::{Diagnostic, Severity, Sources, Span};
use serde_json::{Value, json};

/// ```json
/// { "version": 1,
///   "summary": { "errors": 1, "warnings": 0, "advice": 0 },
///   "diagnostics": [ {
///     "code": "AW008", "severity": "error", "message": "…", "label": null, "help": "…",
///     "place": { "path": "shop.yaml", "line": 3, "column": 5, "endLine": 3, "endColumn": 11, "start": 40, "end": 46 },
///     "others": [ { "message": "…", "place": { … } } ],
///     "fix": { "title": "…", "place": { … }, "replacement": "…" } } ] }
/// ```
///
/// Lines and columns count from 1, columns in characters; `start` and `end` are byte offsets. `place` is null where
/// there is none, and so are `label`, `help` and `fix`.
pub fn json(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let count = |severity| {
        diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == severity)
            .count()
    };
    let items: Vec<Value> = diagnostics
        .iter()
        .map(|diagnostic| item(sources, diagnostic))
        .collect();
    let value = json!({
        "version": 1,
        "summary": {
            "errors": count(Severity::Error),
            "warnings": count(Severity::Warning),
            "advice": count(Severity::Advice),
        },
        "diagnostics": items,
    });
    format!("{value:#}\n")
}

fn item(sources: &Sources, diagnostic: &Diagnostic) -> Value {
    let others: Vec<Value> = diagnostic
        .others
        .iter()
        .map(|other| json!({ "message": other.message, "place": location(sources, other.span) }))
        .collect();
    let fix = diagnostic.fix.as_ref().map(|fix| {
        json!({ "title": fix.title, "place": location(sources, fix.span), "replacement": fix.replacement })
    });
    json!({
        "code": diagnostic.code,
        "severity": diagnostic.severity.name(),
        "message": diagnostic.message,
        "label": diagnostic.label,
        "help": diagnostic.help,
        "place": diagnostic.span.map(|span| location(sources, span)),
        "others": others,
        "fix": fix,
    })
}

fn location(sources: &Sources, span: Span) -> Value {
    let place = place(sources, span);
    json!({
        "path": place.path,
        "line": place.line,
        "column": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
        "start": span.start,
        "end": span.end,
    })
}
