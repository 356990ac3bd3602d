//! A language model that proposes a design: its answer passes the checks that every design passes, or is not taken.

mod provider;
mod wire;

pub use provider::Model;

use archwright_brief::{Node, Proposed, Written, proposed};
use archwright_diagnostics::{Severity, has_errors};
use archwright_report::{Format, Paint, render};
use serde_json::Value as Json;

/// How often mistakes go back to the model.
const CORRECTIONS: usize = 3;

/// Bytes of mistakes that go back: the first ones say enough.
const MOST_MISTAKES: usize = 12_000;

/// What was said to the model and what it answered, in turns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    pub speaker: Speaker,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    Us,
    Model,
}

/// Why there is no proposal.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("{0} can't be reached: {1}")]
    Unreachable(String, String),
    #[error("the model refused: {0}")]
    Refused(String),
    #[error("{0} answered {1}: {2}")]
    Status(String, u16, String),
    #[error("{0} answered in a form that is not its own: {1}")]
    Form(String, String),
    #[error("its design still has mistakes after {CORRECTIONS} corrections, such as:\n{0}")]
    Wrong(String),
}

/// What the model is asked about.
pub struct Task<'a> {
    pub brief: &'a str,
    pub name: &'a str,
    /// What was made of the brief without a model; nothing where it could not be read.
    pub written: Option<&'a Written>,
}

/// Asks for a design, and has its mistakes corrected. Says on the way what happens.
pub fn propose(
    model: &Model,
    task: &Task<'_>,
    mut say: impl FnMut(&str),
) -> Result<Proposed, Failure> {
    let system = system();
    let mut turns = vec![Turn {
        speaker: Speaker::Us,
        text: request(task),
    }];
    let mut corrections = 0;
    loop {
        let answer = model.ask(&system, &turns)?;
        let mistakes = match judged(&answer, model, task) {
            Ok(proposed) => return Ok(proposed),
            Err(mistakes) => shortened(mistakes),
        };
        if corrections == CORRECTIONS {
            return Err(Failure::Wrong(first_lines(&mistakes)));
        }
        corrections += 1;
        say(&format!(
            "Its design has mistakes, which go back to it ({corrections} of {CORRECTIONS})."
        ));
        turns.push(Turn {
            speaker: Speaker::Model,
            text: answer,
        });
        turns.push(Turn {
            speaker: Speaker::Us,
            text: format!(
                "Your design has these mistakes:\n\n{mistakes}\n\nAnswer with the whole design again, corrected, as one JSON object."
            ),
        });
    }
}

/// The design in an answer, if it has no mistakes; otherwise the mistakes, for the model.
fn judged(answer: &str, model: &Model, task: &Task<'_>) -> Result<Proposed, String> {
    let json: Json = serde_json::from_str(object(answer))
        .map_err(|error| format!("Your answer is no JSON: {error}."))?;
    if !json["entities"].is_object() {
        return Err("The design has no `entities`.".to_owned());
    }
    let proposed = proposed(task.written, &node(&json), &model.to_string(), task.name);
    let files = [(
        "design.yaml".to_owned(),
        proposed.design.clone().into_bytes(),
    )];
    let reading = archwright_design::read(&files);
    let (_, mut diagnostics) = archwright_model::check(&reading);
    if !has_errors(&diagnostics) {
        return Ok(proposed);
    }
    diagnostics.retain(|each| each.severity == Severity::Error);
    Err(render(
        Format::Text(Paint::Plain),
        &reading.sources,
        &diagnostics,
    ))
}

/// From the first bracket to the last: some models write a word before or after.
fn object(answer: &str) -> &str {
    match (answer.find('{'), answer.rfind('}')) {
        (Some(start), Some(end)) if start < end => &answer[start..=end],
        _ => answer,
    }
}

fn node(json: &Json) -> Node {
    match json {
        Json::String(text) => Node::Text(text.clone()),
        Json::Array(items) => Node::List(items.iter().map(node).collect()),
        Json::Object(entries) => Node::Map(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), node(value)))
                .collect(),
        ),
        plain => Node::Text(plain.to_string()),
    }
}

fn shortened(mut text: String) -> String {
    if text.len() > MOST_MISTAKES {
        let mut end = MOST_MISTAKES;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push_str("\n…");
    }
    text
}

fn first_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().take(8).collect();
    lines.join("\n")
}

/// What the model has to know: the language, whole, as people learn it.
fn system() -> String {
    format!(
        "You are a senior backend architect. You design backends in the language of Archwright, which is \
described below. You answer with one JSON object and nothing else: a design in that language, with JSON's mappings, \
lists and strings in place of YAML's. Short forms stay strings: \"price\": \"money, min 0\". Every rule of access is \
deliberate: what no rule allows is denied. You use only what the language has.\n\n{}",
        include_str!("../../../../docs/language.md")
    )
}

fn request(task: &Task<'_>) -> String {
    let mut text = format!(
        "Design the backend that this brief asks for. Its name is {}.\n\n<brief>\n{}\n</brief>\n",
        task.name,
        task.brief.trim()
    );
    if let Some(written) = task.written {
        text.push_str(
            "\nA first design was made from the brief by rules; the comments say where each element comes from. Keep \
what is right in it, word for word. Correct what the brief means in another way, add what the brief asks for and the \
design lacks, and leave out what is wrong.\n\n<design>\n",
        );
        text.push_str(&written.design);
        text.push_str("</design>\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_design_is_found_among_words_and_fences() {
        assert_eq!(object("Here:\n```json\n{\"a\": {}}\n```"), "{\"a\": {}}");
        assert_eq!(object("no design"), "no design");
        assert_eq!(object("} {"), "} {");
    }

    #[test]
    fn values_of_json_become_texts_of_the_language() {
        let json = serde_json::json!({ "a": 1, "b": [true, null], "c": "x" });
        let text = |text: &str| Node::Text(text.to_owned());
        let expected = Node::Map(vec![
            ("a".to_owned(), text("1")),
            ("b".to_owned(), Node::List(vec![text("true"), text("null")])),
            ("c".to_owned(), text("x")),
        ]);
        assert_eq!(node(&json), expected);
    }

    #[test]
    fn long_mistakes_are_cut_between_letters() {
        let cut = shortened("é".repeat(MOST_MISTAKES));
        assert!(
            cut.len() < MOST_MISTAKES + 8 && cut.ends_with("é\n…"),
            "{}",
            cut.len()
        );
    }
}
