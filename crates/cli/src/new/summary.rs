//! What is said when a design was written.

use archwright_brief::{Choices, Concepts, Proposed, Question, Written};
use std::fmt::Write as _;
use std::path::Path;

/// Lines of each list; the design has the rest.
const MOST_LINES: usize = 8;

/// What there is to be said.
pub struct Said<'a> {
    pub concepts: Option<&'a Concepts>,
    pub written: Option<&'a Written>,
    /// What a language model, by its name, proposed.
    pub proposed: Option<&'a (String, Proposed)>,
    pub choices: &'a Choices,
}

pub fn summary(said: &Said<'_>, target: &Path, folder: &Path) -> String {
    let mut out = format!("Wrote {}\n", target.display());
    if let Some(written) = said.written.filter(|written| !written.patterns.is_empty()) {
        let patterns = written.patterns.join(", ");
        let _ = writeln!(out, "Built on the patterns {patterns}.");
    }
    if let Some((by, proposed)) = said.proposed {
        model(&mut out, by, proposed);
    }
    if let Some(concepts) = said.concepts {
        let unread = said
            .written
            .map_or(&concepts.unread, |written| &written.unread);
        reading(&mut out, concepts, unread);
    }
    if let Some(written) = said.written {
        open(&mut out, written, said.choices);
    }
    let _ = writeln!(
        out,
        "\nNext: read the design, then\n  archwright serve {} --seed",
        folder.display()
    );
    out
}

fn model(out: &mut String, by: &str, proposed: &Proposed) {
    let _ = writeln!(
        out,
        "{by} added or changed {}, marked `proposed`.",
        counted(proposed.added, "element")
    );
    if !proposed.left_out.is_empty() {
        out.push_str("It left out:\n");
        list(out, proposed.left_out.iter().cloned());
    }
}

fn counted(count: usize, name: &str) -> String {
    match count {
        1 => format!("1 {name}"),
        _ => format!("{count} {name}s"),
    }
}

fn list(out: &mut String, lines: impl ExactSizeIterator<Item = String>) {
    let more = lines.len().saturating_sub(MOST_LINES);
    for line in lines.take(MOST_LINES) {
        let _ = writeln!(out, "  {line}");
    }
    if more > 0 {
        let _ = writeln!(out, "  and {more} more; the design lists them");
    }
}

/// What is to be said about the brief.
fn reading(out: &mut String, concepts: &Concepts, unread: &[usize]) {
    if concepts.cut {
        out.push_str("The brief is too long: only its beginning was read.\n");
    }
    let sentence = |at: usize| concepts.sentences.get(at);
    let quote = |at: usize| sentence(at).map_or("", |sentence| sentence.text.as_str());
    for each in &concepts.contradictions {
        let _ = writeln!(
            out,
            "\nTwo sentences disagree on {}:\n  {}\n  {}",
            each.about,
            quote(each.first),
            quote(each.second)
        );
    }
    if !unread.is_empty() {
        out.push_str("\nNot understood:\n");
        let line = |at: &usize| {
            let line = sentence(*at).map_or(0, |sentence| sentence.line);
            format!("line {line}: {}", quote(*at))
        };
        list(out, unread.iter().map(line));
    }
}

fn open(out: &mut String, written: &Written, choices: &Choices) {
    let open: Vec<&Question> = written
        .questions
        .iter()
        .filter(|question| question.settled.is_none() && !choices.contains_key(&question.id))
        .collect();
    if !open.is_empty() {
        out.push_str("\nLeft open, and answered as recommended:\n");
    }
    for question in open {
        let mut options = question.options.iter().map(|option| option.id.as_str());
        let first = options.next().unwrap_or_default();
        let others: Vec<&str> = options.collect();
        let _ = writeln!(
            out,
            "  {} {first}; else --answer {}={}",
            question.ask,
            question.id,
            others.join("|")
        );
    }
}
