//! What a build did, or would do, for people and for programs.

use archwright_project::{Action, Conflict, Decided, FOLDER, Kept, Outcome, Why};
use archwright_report::Paint;
use serde_json::{Value, json};
use std::fmt::Write;

pub struct Report<'a> {
    pub design: &'a str,
    pub stack: &'a str,
    /// As it was given.
    pub out: &'a str,
    pub mode: Mode,
    pub decided: &'a Decided,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Mode {
    /// It is done.
    Build,
    /// It would be.
    Check,
}

/// Actions of one kind that a terminal shows; elsewhere, all are.
const SHOWN: usize = 20;

const COUNTED: [(&str, &str); 7] = [
    ("new", "new"),
    ("changed", "changed"),
    ("merged", "merged"),
    ("removed", "removed"),
    ("conflict", "in conflict"),
    ("kept", "kept"),
    ("same", "unchanged"),
];

/// A line for each file that is something to look at, and a summary.
pub fn text(report: &Report, paint: Paint, is_terminal: bool) -> String {
    let mut text = String::new();
    for (name, _) in COUNTED {
        let told = |outcome: &&Outcome| outcome.action.name() == name && is_told(&outcome.action);
        let told: Vec<&Outcome> = report.decided.outcomes.iter().filter(told).collect();
        let shown = match name {
            "conflict" => told.len(),
            _ if is_terminal && told.len() > SHOWN => SHOWN / 2,
            _ => told.len(),
        };
        for outcome in &told[..shown] {
            text.push_str(&line(outcome, report.out, paint));
        }
        if shown < told.len() {
            let _ = writeln!(text, "{:<8}  and {} more", "", told.len() - shown);
        }
    }
    if report.decided.has_conflicts() {
        text.push_str(ADVICE);
    }
    text.push_str(&summary(report));
    text
}

const ADVICE: &str = "
A file in conflict is left as it is. Take over what you need from what was put
aside and delete that, or move it over the file; then build again. Once it is
gone, the file counts as you have left it.

";

fn is_told(action: &Action) -> bool {
    action.differs() || matches!(action, Action::Kept(Kept::Unused))
}

fn line(outcome: &Outcome, out: &str, paint: Paint) -> String {
    let (path, name) = (&outcome.path, outcome.action.name());
    let name = coloured(&format!("{name:<8}"), &outcome.action, paint);
    match &outcome.action {
        Action::Conflict(conflict) => format!(
            "{name}  {path}{}\n          {}\n          put aside: {}\n",
            places(conflict),
            conflict.why.reason(),
            below(out, &conflict.beside),
        ),
        Action::Kept(kept) => format!("{name}  {path}: {}\n", kept.reason()),
        _ => format!("{name}  {path}\n"),
    }
}

fn coloured(word: &str, action: &Action, paint: Paint) -> String {
    let colour = match action {
        Action::New | Action::Changed | Action::Merged => 32,
        Action::Removed | Action::Kept(_) | Action::Same => 33,
        Action::Conflict(_) => 31,
    };
    match paint {
        Paint::Coloured => format!("\u{1b}[{colour}m{word}\u{1b}[0m"),
        Paint::Plain => word.to_owned(),
    }
}

/// `:12-18, 30`
fn places(conflict: &Conflict) -> String {
    let Why::Edited(lines) = &conflict.why else {
        return String::new();
    };
    let place = |from: usize, to: usize| match from == to {
        true => from.to_string(),
        false => format!("{from}-{to}"),
    };
    let places: Vec<String> = lines
        .iter()
        .map(|lines| place(lines.from, lines.to))
        .collect();
    format!(":{}", places.join(", "))
}

fn below(out: &str, path: &str) -> String {
    format!("{}/{path}", out.trim_end_matches('/'))
}

fn summary(report: &Report) -> String {
    let Report {
        design,
        out,
        decided,
        ..
    } = report;
    let counts: Vec<String> = COUNTED
        .iter()
        .map(|(name, word)| (decided.count(name), word))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let counts = counts.join(", ");
    let written = decided
        .outcomes
        .iter()
        .any(|outcome| outcome.action.differs());
    match report.mode {
        Mode::Build if decided.changes.is_empty() && !written => {
            format!("{out} is up to date with {design}: {counts}\n")
        }
        Mode::Build => format!("{design} in {out}: {counts}\n"),
        Mode::Check if decided.matches() => format!("{out} matches {design}: {counts}\n"),
        Mode::Check if written => format!("{out} does not match {design}: {counts}\n"),
        Mode::Check => format!(
            "{out} matches {design}, but the records in {FOLDER} are behind: build again, and commit them\n"
        ),
    }
}

/// ```json
/// { "version": 1, "design": "bookshop", "stack": "fastapi", "out": "backend", "check": false, "matches": false,
///   "summary": { "new": 1, "changed": 0, "merged": 0, "removed": 0, "conflict": 1, "kept": 2, "same": 130 },
///   "files": [ { "path": "app/main.py", "action": "conflict", "reason": "edited", "message": "…",
///                "lines": [ { "from": 12, "to": 18 } ], "aside": ".archwright-build/conflicts/app/main.py.conflict" } ] }
/// ```
///
/// A shape that stays as it is; keys may be added. `matches` tells whether a build would have had, or has, nothing to
/// do. `reason`, `message`, `lines` and `aside` are null where they say nothing.
pub fn json(report: &Report) -> Value {
    let Report {
        design,
        stack,
        out,
        decided,
        ..
    } = report;
    let summary: serde_json::Map<String, Value> = COUNTED
        .iter()
        .map(|(name, _)| ((*name).to_owned(), json!(decided.count(name))))
        .collect();
    let files: Vec<Value> = decided.outcomes.iter().map(file).collect();
    json!({
        "version": 1,
        "design": design,
        "stack": stack,
        "out": out,
        "check": report.mode == Mode::Check,
        "matches": decided.matches(),
        "summary": summary,
        "files": files,
    })
}

fn file(outcome: &Outcome) -> Value {
    let mut value = json!({
        "path": outcome.path,
        "action": outcome.action.name(),
        "reason": null,
        "message": null,
        "lines": null,
        "aside": null,
    });
    match &outcome.action {
        Action::Kept(kept) => {
            value["reason"] = json!(kept.name());
            value["message"] = json!(kept.reason());
        }
        Action::Conflict(Conflict { why, beside }) => {
            value["reason"] = json!(why.name());
            value["message"] = json!(why.reason());
            value["aside"] = json!(beside);
            if let Why::Edited(lines) = why {
                let lines = lines
                    .iter()
                    .map(|lines| json!({ "from": lines.from, "to": lines.to }));
                value["lines"] = lines.collect();
            }
        }
        _ => {}
    }
    value
}
