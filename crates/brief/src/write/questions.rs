//! What a brief leaves open and an architect would ask: at most five questions, those that change most first.

use super::people::People;
use crate::concepts::Concepts;
use std::collections::BTreeMap;

/// Question to option.
pub type Choices = BTreeMap<String, String>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub id: String,
    pub ask: String,
    pub why: String,
    /// The first is recommended.
    pub options: Vec<Answer>,
    pub weight: usize,
    /// The words of the brief that answer it; it is not asked then.
    pub settled: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub id: String,
    pub gives: String,
    /// What becomes different in the design.
    pub changes: String,
}

pub const MOST: usize = 5;

fn option(id: &str, gives: impl Into<String>, changes: impl Into<String>) -> Answer {
    Answer {
        id: id.to_owned(),
        gives: gives.into(),
        changes: changes.into(),
    }
}

/// What the reading left open: `catalogues` are entities that belong to nobody, `guessed` those whose states have no
/// order in the text, `records` those that one would not like to lose.
pub fn open(
    concepts: &Concepts,
    people: &People,
    catalogues: &[String],
    guessed: &[String],
    records: &[String],
) -> Vec<Question> {
    let mut questions = Vec::new();
    if let (Some(role), false) = (&people.sign_up, people.sign_up_stated) {
        questions.push(Question {
            id: "sign-up".to_owned(),
            ask: "Who may create an account?".to_owned(),
            why: "The text doesn't say how people come by an account.".to_owned(),
            options: vec![
                option(
                    "open",
                    format!("Whoever wants to, signs up and becomes {role}."),
                    format!("`sign-up: open` for {role}"),
                ),
                option(
                    "invited",
                    format!("Only {} creates accounts.", people.admin),
                    "no sign-up; accounts are created by staff",
                ),
            ],
            weight: 60,
            settled: None,
        });
    }
    if !catalogues.is_empty() {
        let names = listed(catalogues);
        questions.push(Question {
            id: "public".to_owned(),
            ask: format!("May anyone see {names}, or only who is signed in?"),
            why: "What is public can't be made private again.".to_owned(),
            options: vec![
                option(
                    "signed-in",
                    "Only who is signed in.",
                    format!("`read: signed-in` on {names}"),
                ),
                option(
                    "anyone",
                    "Anyone, without an account.",
                    format!("`read: anyone` on {names}"),
                ),
            ],
            weight: 20 + 5 * catalogues.len(),
            settled: None,
        });
    }
    if !guessed.is_empty() {
        let names = listed(guessed);
        questions.push(Question {
            id: "moves".to_owned(),
            ask: format!("May {names} go back to an earlier state?"),
            why: "The text lists the states, but not the ways between them.".to_owned(),
            options: vec![
                option(
                    "forward",
                    "Forward in the order of the text; what is cancelled or has failed stays so.",
                    "one move to each state",
                ),
                option(
                    "back",
                    "Also one step back.",
                    "a `reopen` move from each state to the one before",
                ),
            ],
            weight: 15 + 10 * guessed.len(),
            settled: None,
        });
    }
    if !records.is_empty() {
        let names = listed(records);
        questions.push(Question {
            id: "deletion".to_owned(),
            ask: format!("Must deleted {names} be kept?"),
            why: "Bookkeeping and disputes often need what somebody has deleted.".to_owned(),
            options: vec![
                option(
                    "keep",
                    "Yes: deleted rows are hidden, not lost.",
                    format!("`soft-delete: true` on {names}"),
                ),
                option("erase", "No: deleted rows are gone.", "hard deletion"),
            ],
            weight: 10 + 5 * records.len(),
            settled: None,
        });
    }
    if concepts
        .entities
        .iter()
        .all(|entity| entity.amounts.is_empty())
        && concepts.entities.len() > 2
    {
        questions.push(Question {
            id: "load".to_owned(),
            ask: "How much will it be used?".to_owned(),
            why: "Numbers decide indexes, caching and limits; the text names none.".to_owned(),
            options: vec![
                option(
                    "small",
                    "Thousands of rows, a few requests a second.",
                    "no workload in the design",
                ),
                option(
                    "large",
                    "Millions of rows, hundreds of requests a second.",
                    "`workload: { rows: 1M, list: 100/s }` on each entity",
                ),
            ],
            weight: 12,
            settled: None,
        });
    }
    questions
}

fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [one, two, rest @ ..] => format!("{one}, {two} and {} more", rest.len()),
    }
}

/// The option that counts: the answer, else the recommended one.
pub fn chosen<'a>(question: &'a Question, choices: &Choices) -> &'a Answer {
    let answer = choices.get(&question.id);
    question
        .options
        .iter()
        .find(|option| Some(&option.id) == answer)
        .unwrap_or(&question.options[0])
}
