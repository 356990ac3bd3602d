//! What stands above a design: the brief, how its open questions were answered, and what is to be said about it.

use super::{Writer, questions};
use std::collections::BTreeSet;

/// Sentences that are quoted at the head of the design.
const QUOTED: usize = 400;

impl Writer<'_> {
    /// What stands above the design.
    pub(super) fn finish(&mut self, questions: &[questions::Question]) {
        let concepts = self.concepts();
        let mut head = vec!["Written by `archwright new` from a brief. `stated [3]` is the third sentence below, `implied` follows from it by".to_owned(), "a rule, `pattern` is what such a thing usually has. Strike out what is wrong.".to_owned(), String::new(), "The brief:".to_owned()];
        for (at, sentence) in concepts.sentences.iter().enumerate().take(QUOTED) {
            head.push(format!("  [{}] {}", at + 1, clipped(&sentence.text)));
        }
        if concepts.sentences.len() > QUOTED {
            head.push(format!(
                "  … and {} more",
                concepts.sentences.len() - QUOTED
            ));
        }
        if !questions.is_empty() {
            head.push(String::new());
            head.push("What the brief leaves open, and how it was answered:".to_owned());
        }
        for question in questions {
            let answer = questions::chosen(question, self.choices);
            let recommended = match (&question.settled, answer.id == question.options[0].id) {
                (Some(words), true) => format!(", as the brief says ({words})"),
                (None, true) => ", as recommended".to_owned(),
                (_, false) => String::new(),
            };
            head.push(format!(
                "  {}: {} {}{recommended}: {}",
                question.id, question.ask, answer.id, answer.gives
            ));
            for other in question
                .options
                .iter()
                .filter(|other| other.id != answer.id)
            {
                head.push(format!(
                    "    or {}: {} ({})",
                    other.id, other.gives, other.changes
                ));
            }
        }
        if !concepts.contradictions.is_empty() {
            head.push(String::new());
            head.push("Contradictions in the brief:".to_owned());
        }
        for each in &concepts.contradictions {
            head.push(format!(
                "  [{}] and [{}] disagree on {}",
                each.first + 1,
                each.second + 1,
                each.about
            ));
        }
        let forbidden: Vec<usize> = concepts
            .acts
            .iter()
            .filter(|act| act.negated)
            .map(|act| act.sentence)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        if !forbidden.is_empty() {
            head.push(String::new());
            head.push(format!(
                "Forbidden in the brief; check the rules against: {}",
                numbers(&forbidden)
            ));
        }
        if !self.left_out.is_empty() {
            head.push(String::new());
            head.push(format!(
                "Mentioned in the brief, and left out: {}",
                self.left_out.join(", ")
            ));
        }
        if concepts.cut {
            head.push(String::new());
            head.push("The brief is too long: only its beginning was read.".to_owned());
        }
        if !concepts.unread.is_empty() {
            head.push(String::new());
            head.push(format!("Not understood: {}", numbers(&concepts.unread)));
        }
        self.draft.about = concepts
            .sentences
            .iter()
            .find(|sentence| sentence.text.split(' ').count() > 2)
            .map_or_else(String::new, |sentence| clipped(&sentence.text));
        self.draft.head = head;
    }
}

fn numbers(sentences: &[usize]) -> String {
    let mut text: Vec<String> = sentences
        .iter()
        .take(60)
        .map(|at| format!("[{}]", at + 1))
        .collect();
    if sentences.len() > 60 {
        text.push(format!("and {} more", sentences.len() - 60));
    }
    text.join(" ")
}

fn clipped(text: &str) -> String {
    const LENGTH: usize = 200;
    let text: String = text.chars().filter(|each| !each.is_control()).collect();
    if text.chars().count() <= LENGTH {
        return text;
    }
    let mut short: String = text.chars().take(LENGTH).collect();
    if let Some(at) = short.rfind(' ') {
        short.truncate(at);
    }
    short + " …"
}
