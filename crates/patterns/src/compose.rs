//! Patterns to one design: which take part, what their anchors mean, what joins and answers change.

use crate::bindings::{Bindings, Given};
use crate::draft::Draft;
use crate::expand::Expander;
use crate::grants;
use crate::node::Node;
use crate::pattern::{self, Change, Choice, Pattern};
use crate::questions::{Question, open_questions};
use crate::renames::Renames;
use crate::roles;
use crate::tenancy;
use std::collections::{BTreeMap, BTreeSet};

/// What is settled beside the choice of patterns. What is left open takes the recommended way.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// Question to option: `comment.threads` to `threaded`.
    pub options: BTreeMap<String, String>,
    /// Anchor to entities: `comment.SUBJECT` to `Recipe`. By default every fitting one of the chosen patterns.
    pub bindings: BTreeMap<String, Vec<String>>,
    /// Entities from elsewhere that bindings may name.
    pub given: Vec<Given>,
    /// Other names for entities (`Product` to `Book`) and roles (`MEMBER` to `reader`); `ACCOUNT` is the account.
    pub names: BTreeMap<String, String>,
}

/// Answers that fit no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    #[error("there is no pattern `{0}`")]
    UnknownPattern(String),
    #[error("there is no question `{0}`")]
    UnknownQuestion(String),
    #[error("`{option}` is no answer to `{question}`")]
    UnknownOption { question: String, option: String },
    #[error("there is no anchor `{0}`")]
    UnknownAnchor(String),
    #[error("`{anchor}` can't be `{entity}`: no chosen pattern has it, and it is not given")]
    UnknownEntity { anchor: String, entity: String },
}

/// One design made of patterns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Composition {
    /// In the order in which they were joined.
    pub patterns: Vec<Included>,
    /// Values are mappings with `about`, `sign-up`, `includes`, `granted-by`.
    pub roles: Vec<Member>,
    pub entities: Vec<Entity>,
    /// What was not answered, what changes most first.
    pub questions: Vec<Question>,
}

/// A pattern that takes part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Included {
    pub id: &'static str,
    pub because: Because,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Because {
    Chosen,
    /// The pattern with this id can't do without it.
    NeededBy(String),
    /// The answer to this question brings it.
    AnswerTo(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    pub name: String,
    /// The pattern that defines it, or [`GIVEN`].
    pub origin: String,
    /// `about`, `key`, `account`, `soft-delete`, `workload` and the like.
    pub settings: Vec<Member>,
    /// Short forms, or mappings.
    pub fields: Vec<Member>,
    /// Lists of fields; nameless.
    pub unique: Vec<Member>,
    pub index: Vec<Member>,
    pub checks: Vec<Member>,
    /// Actions with lists of grants.
    pub allow: Vec<Member>,
    pub moves: Vec<Member>,
}

/// The origin of an entity that the caller gave; only what patterns add to it stands in the composition.
pub const GIVEN: &str = "given";

/// An element of a design with the pattern that it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub name: String,
    pub value: Node,
    pub origin: String,
}

/// Joins patterns, and those that they need, to one design that checks without errors. The same choice and answers
/// give the same design.
pub fn compose(chosen: &[&str], answers: &Answers) -> Result<Composition, ComposeError> {
    known_options(answers)?;
    let (included, bindings) = participants(chosen, answers)?;
    let patterns: Vec<&'static Pattern> = included
        .iter()
        .filter_map(|own| pattern::pattern(own.id))
        .collect();
    let roles = roles::Names::new(&patterns, answers);
    let expander = Expander::new(&bindings, &roles, Renames::new(&patterns, answers));
    let mut draft = Draft::default();
    for pattern in &patterns {
        draft.merge(expander.fragment(pattern, &pattern.design), pattern.id);
    }
    for (pattern, change) in changes(&patterns, &bindings, answers) {
        draft.remove(&expander.paths(pattern, &change.remove));
        draft.replace(expander.fragment(pattern, &change.add), pattern.id);
    }
    tenancy::confine(&mut draft);
    grants::simplify(&mut draft);
    Ok(Composition {
        roles: roles.declared(&patterns, &draft),
        entities: draft.entities,
        questions: open_questions(&patterns, answers, &expander),
        patterns: included,
    })
}

/// The choice that counts for a question of a pattern.
pub(crate) fn chosen<'a>(
    pattern: &Pattern,
    question: &'a pattern::Question,
    answers: &Answers,
) -> &'a Choice {
    let answer = answers
        .options
        .get(&format!("{}.{}", pattern.id, question.id));
    let chosen = question
        .choices
        .iter()
        .find(|choice| Some(&choice.id) == answer);
    chosen.unwrap_or(&question.choices[0])
}

/// Joins first, then answers, so that an answer has the last word.
pub(crate) fn changes<'a>(
    patterns: &[&'a Pattern],
    bindings: &Bindings,
    answers: &Answers,
) -> Vec<(&'a Pattern, &'a Change)> {
    let there = |id: &str| patterns.iter().any(|pattern| pattern.id == id);
    let mut changes = Vec::new();
    for &pattern in patterns {
        let holds = |term: &str| match term.split_once(" is ") {
            Some((anchor, entity)) => {
                let bound = bindings.of(pattern, anchor);
                bound.iter().any(|bound| bound.entity == entity)
            }
            None => there(term),
        };
        let joins = pattern.joins.iter();
        let joins = joins.filter(|(with, _)| with.split(" and ").all(holds));
        changes.extend(joins.map(|(_, change)| (pattern, change)));
    }
    for &pattern in patterns {
        let questions = pattern.questions.iter();
        let choices = questions.map(|question| chosen(pattern, question, answers));
        changes.extend(choices.map(|choice| (pattern, &choice.change)));
    }
    changes
}

fn known_options(answers: &Answers) -> Result<(), ComposeError> {
    for (id, option) in &answers.options {
        let question = id
            .split_once('.')
            .and_then(|(pattern, question)| {
                pattern::pattern(pattern)?
                    .questions
                    .iter()
                    .find(|own| own.id == question)
            })
            .ok_or_else(|| ComposeError::UnknownQuestion(id.clone()))?;
        if !question.choices.iter().any(|choice| choice.id == *option) {
            return Err(ComposeError::UnknownOption {
                question: id.clone(),
                option: option.clone(),
            });
        }
    }
    Ok(())
}

/// The chosen patterns and what they need, each after those that it builds on.
fn participants(
    chosen: &[&str],
    answers: &Answers,
) -> Result<(Vec<Included>, Bindings), ComposeError> {
    let mut gathered = Gathered {
        included: Vec::new(),
        answers,
    };
    for id in chosen {
        gathered.include(id, Because::Chosen)?;
    }
    gathered.include(
        "account",
        Because::NeededBy(chosen.first().copied().unwrap_or("account").to_owned()),
    )?;
    let bindings = loop {
        let patterns: Vec<&Pattern> = gathered
            .included
            .iter()
            .filter_map(|own| pattern::pattern(own.id))
            .collect();
        let bindings = Bindings::new(&patterns, answers)?;
        let Some((needed_by, fallback)) = bindings.missing(&patterns) else {
            break bindings;
        };
        gathered.include(&fallback, Because::NeededBy(needed_by))?;
    };
    Ok((sorted(gathered.included, &bindings), bindings))
}

struct Gathered<'a> {
    included: Vec<Included>,
    answers: &'a Answers,
}

impl Gathered<'_> {
    fn include(&mut self, id: &str, because: Because) -> Result<(), ComposeError> {
        if self.included.iter().any(|own| own.id == id) {
            return Ok(());
        }
        let pattern =
            pattern::pattern(id).ok_or_else(|| ComposeError::UnknownPattern(id.to_owned()))?;
        self.included.push(Included {
            id: pattern.id,
            because,
        });
        for needed in &pattern.requires {
            self.include(needed, Because::NeededBy(id.to_owned()))?;
        }
        for question in &pattern.questions {
            for with in &chosen(pattern, question, self.answers).change.with {
                self.include(with, Because::AnswerTo(format!("{id}.{}", question.id)))?;
            }
        }
        Ok(())
    }
}

/// Each pattern after those that it builds on; otherwise the order is kept, with the account first.
fn sorted(included: Vec<Included>, bindings: &Bindings) -> Vec<Included> {
    let mut order: Vec<&'static str> = Vec::new();
    let mut seen = BTreeSet::new();
    visit("account", &included, bindings, &mut seen, &mut order);
    for own in &included {
        visit(own.id, &included, bindings, &mut seen, &mut order);
    }
    let mut sorted = included;
    sorted.sort_by_key(|own| order.iter().position(|id| *id == own.id));
    sorted
}

fn visit(
    id: &str,
    included: &[Included],
    bindings: &Bindings,
    seen: &mut BTreeSet<String>,
    order: &mut Vec<&'static str>,
) {
    let Some(pattern) = pattern::pattern(id) else {
        return;
    };
    if !included.iter().any(|own| own.id == id) || !seen.insert(id.to_owned()) {
        return;
    }
    for needed in pattern.requires.iter().chain(&bindings.providers(pattern)) {
        visit(needed, included, bindings, seen, order);
    }
    order.push(pattern.id);
}
