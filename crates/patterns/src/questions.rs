//! The questions that a composition leaves open, and what each answer changes.

use crate::compose::Answers;
use crate::expand::Expander;
use crate::pattern::{Change, Fragment, Pattern};
use std::cmp::Reverse;

/// A question without an answer; the design takes the first choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// `comment.threads`, as [`Answers::options`] calls it.
    pub id: String,
    pub ask: String,
    pub why: String,
    /// The first is recommended.
    pub choices: Vec<Effect>,
    /// How much the farthest choice changes: entities count most, then fields, then rules.
    pub weight: usize,
}

/// A choice and what it does to the recommended design.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    pub id: String,
    pub gives: String,
    /// `Comment.parent`, `- Vote`, `with refund`.
    pub changes: Vec<String>,
}

pub(crate) fn open_questions(
    patterns: &[&Pattern],
    answers: &Answers,
    expander: &Expander,
) -> Vec<Question> {
    let mut open = Vec::new();
    for pattern in patterns {
        for question in &pattern.questions {
            let id = format!("{}.{}", pattern.id, question.id);
            if answers.options.contains_key(&id) {
                continue;
            }
            let choices = question.choices.iter();
            open.push(Question {
                id,
                ask: question.ask.clone(),
                why: question.why.clone(),
                weight: choices
                    .clone()
                    .map(|choice| weight(&choice.change))
                    .max()
                    .unwrap_or(0),
                choices: choices
                    .map(|choice| Effect {
                        id: choice.id.clone(),
                        gives: choice.gives.clone(),
                        changes: changes(
                            &expander.fragment(pattern, &choice.change.add),
                            &expander.paths(pattern, &choice.change.remove),
                            &choice.change.with,
                        ),
                    })
                    .collect(),
            });
        }
    }
    open.sort_by_key(|question| Reverse(question.weight));
    open
}

fn weight(change: &Change) -> usize {
    let added = change.add.entities.iter().map(|(_, body)| {
        let members = body
            .entries()
            .iter()
            .map(|(_, section)| section.entries().len().max(1))
            .sum::<usize>();
        let new = if body.get("about").is_some() { 10 } else { 0 };
        new + members
    });
    let removed = change
        .remove
        .iter()
        .map(|path| if path.contains('.') { 1 } else { 10 });
    added.sum::<usize>() + removed.sum::<usize>() + 20 * change.with.len()
}

fn changes(add: &Fragment, remove: &[String], with: &[String]) -> Vec<String> {
    let mut all = Vec::new();
    for (entity, body) in &add.entities {
        if body.get("about").is_some() {
            all.push(entity.clone());
            continue;
        }
        for (section, members) in body.entries() {
            let name = |member: &str| match section.as_str() {
                "fields" => format!("{entity}.{member}"),
                _ => format!("{entity}.{section}.{member}"),
            };
            match members.entries() {
                [] => all.push(format!("{entity}.{section}")),
                members => all.extend(members.iter().map(|(member, _)| name(member))),
            }
        }
    }
    all.extend(remove.iter().map(|path| format!("- {path}")));
    all.extend(with.iter().map(|id| format!("with {id}")));
    all
}
