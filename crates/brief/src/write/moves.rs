//! Legal moves between the states that a brief lists or implies.

use super::names;
use crate::concepts::{Concepts, Entity, States};
use crate::lexicon::{self, Tag};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    pub name: String,
    pub from: Vec<String>,
    pub to: String,
}

#[derive(Clone, Debug)]
pub struct Machine {
    pub field: String,
    pub values: Vec<String>,
    pub moves: Vec<Move>,
    pub sentence: usize,
    /// The order of the states is a guess.
    pub guessed: bool,
    /// The states follow from what people do, and were not listed.
    pub implied: bool,
}

/// States in which something has ended badly: reached from any state before the end.
const BROKEN_OFF: &[&str] = &[
    "cancelled",
    "canceled",
    "rejected",
    "declined",
    "failed",
    "expired",
    "overdue",
    "lost",
    "disputed",
    "withdrawn",
    "terminated",
    "no_show",
    "refused",
    "aborted",
    "suspended",
    "blocked",
    "poor",
    "late",
];

/// Verbs that decide on something that waits, with the state that they lead to.
const DECIDES: &[(&str, &str)] = &[
    ("approve", "approved"),
    ("accept", "accepted"),
    ("confirm", "confirmed"),
    ("reject", "rejected"),
    ("decline", "declined"),
    ("refuse", "refused"),
    ("cancel", "cancelled"),
    ("withdraw", "withdrawn"),
    ("publish", "published"),
    ("archive", "archived"),
    ("close", "closed"),
    ("resolve", "resolved"),
    ("complete", "completed"),
    ("suspend", "suspended"),
];

pub fn machine(concepts: &Concepts, at: usize) -> Option<Machine> {
    let entity = &concepts.entities[at];
    listed(entity).or_else(|| decided(concepts, at))
}

fn listed(entity: &Entity) -> Option<Machine> {
    let attribute = entity
        .attributes
        .iter()
        .find(|each| matches!(each.name.as_str(), "status" | "state") && each.values.len() > 1);
    let states = entity.states.clone().or_else(|| {
        attribute.map(|each| States {
            steps: each
                .values
                .iter()
                .map(|value| vec![value.clone()])
                .collect(),
            ordered: false,
            sentence: each.source.sentence(),
        })
    })?;
    let field = entity
        .attributes
        .iter()
        .find(|each| matches!(each.name.as_str(), "status" | "state"))
        .map_or("status", |each| each.name.as_str());
    let steps: Vec<Vec<String>> = states
        .steps
        .iter()
        .map(|step| {
            step.iter()
                .filter_map(|value| names::value(value))
                .collect::<Vec<_>>()
        })
        .filter(|step| !step.is_empty())
        .collect();
    build(field, &steps, states.ordered, states.sentence)
}

fn build(field: &str, steps: &[Vec<String>], ordered: bool, sentence: usize) -> Option<Machine> {
    let mut values: Vec<String> = Vec::new();
    for value in steps.iter().flatten() {
        if !values.contains(value) {
            values.push(value.clone());
        }
    }
    if values.len() < 2 || values.len() > 12 {
        return None;
    }
    let steps = if ordered && steps[0].len() == 1 {
        steps.to_vec()
    } else {
        values.iter().map(|value| vec![value.clone()]).collect()
    };
    let broken = |value: &String| BROKEN_OFF.contains(&value.as_str());
    let mut machine = Machine {
        field: field.to_owned(),
        values: values.clone(),
        moves: Vec::new(),
        sentence,
        guessed: !ordered,
        implied: false,
    };
    let line: Vec<&Vec<String>> = if ordered {
        steps.iter().collect()
    } else {
        steps.iter().filter(|step| !broken(&step[0])).collect()
    };
    for pair in line.windows(2) {
        for to in pair[1] {
            let from = pair[0]
                .iter()
                .filter(|value| !broken(value))
                .cloned()
                .collect();
            machine.add(from, to);
        }
    }
    if !ordered {
        let going: Vec<String> = line
            .iter()
            .take(line.len().max(2) - 1)
            .map(|step| step[0].clone())
            .collect();
        for to in values.iter().filter(|value| broken(value)) {
            machine.add(going.clone(), to);
        }
    }
    (!machine.moves.is_empty()).then_some(machine)
}

/// What is approved or rejected has waited before.
fn decided(concepts: &Concepts, at: usize) -> Option<Machine> {
    let entity = &concepts.entities[at];
    if entity
        .attributes
        .iter()
        .any(|each| matches!(each.name.as_str(), "status" | "state"))
        || entity.person
    {
        return None;
    }
    let mut ends: Vec<&str> = Vec::new();
    let mut sentence = None;
    for act in concepts
        .acts
        .iter()
        .filter(|act| act.entity == at && !act.negated)
    {
        if let Some((_, state)) = DECIDES.iter().find(|(verb, _)| *verb == act.verb)
            && !ends.contains(state)
        {
            ends.push(state);
            sentence = sentence.or(Some(act.sentence));
        }
    }
    let first = if ends
        .iter()
        .all(|end| matches!(*end, "published" | "archived"))
    {
        "draft"
    } else if ends.iter().any(|end| {
        matches!(
            *end,
            "approved" | "accepted" | "confirmed" | "rejected" | "declined" | "refused"
        )
    }) {
        "pending"
    } else {
        "active"
    };
    let good: Vec<&str> = ends
        .iter()
        .copied()
        .filter(|end| {
            !matches!(
                *end,
                "cancelled" | "withdrawn" | "archived" | "closed" | "suspended"
            )
        })
        .collect();
    let mut machine = Machine {
        field: "status".to_owned(),
        values: std::iter::once(first)
            .chain(ends.iter().copied())
            .map(str::to_owned)
            .collect(),
        moves: Vec::new(),
        sentence: sentence?,
        guessed: false,
        implied: true,
    };
    for end in &ends {
        let mut from = vec![first.to_owned()];
        if !good.contains(end) {
            from.extend(
                good.iter()
                    .filter(|value| {
                        !matches!(
                            **value,
                            "rejected" | "declined" | "refused" | "completed" | "resolved"
                        )
                    })
                    .map(|value| (*value).to_owned()),
            );
        }
        machine.add(from, end);
    }
    Some(machine)
}

impl Machine {
    fn add(&mut self, from: Vec<String>, to: &str) {
        if from.is_empty() || from.iter().any(|value| value == to) {
            return;
        }
        let mut name = move_name(to);
        if self.moves.iter().any(|known| known.name == name) {
            name = format!("mark-{}", to.replace('_', "-"));
        }
        if !self.moves.iter().any(|known| known.name == name) {
            self.moves.push(Move {
                name,
                from,
                to: to.to_owned(),
            });
        }
    }
}

/// The verb that leads to a state: `approve` to `approved`, `review` to `under_review`.
fn move_name(state: &str) -> String {
    match state {
        "open" => return "open".to_owned(),
        "in_progress" | "active" | "running" => return "start".to_owned(),
        "done" | "finished" => return "finish".to_owned(),
        _ => {}
    }
    let last = state.rsplit('_').next().unwrap_or(state);
    let verb = lexicon::senses(last, false)
        .into_iter()
        .find(|sense| sense.tag == Tag::Past)
        .map(|sense| sense.lemma);
    match verb {
        Some(verb) if state == last => verb,
        Some(verb) => format!(
            "{}-{verb}",
            state[..state.len() - last.len() - 1].replace('_', "-")
        ),
        None if state.starts_with("under_") || state.starts_with("in_") => last.to_owned(),
        None => format!("mark-{}", state.replace('_', "-")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(steps: &[&[&str]], ordered: bool, expected: &str) {
        let steps: Vec<Vec<String>> = steps
            .iter()
            .map(|step| step.iter().map(|each| (*each).to_owned()).collect())
            .collect();
        let machine = build("status", &steps, ordered, 0).expect("there are states");
        let moves: Vec<String> = machine
            .moves
            .iter()
            .map(|each| format!("{}: {} > {}", each.name, each.from.join("+"), each.to))
            .collect();
        assert_eq!(moves.join(", "), expected);
    }

    #[test]
    fn steps_become_moves() {
        check(
            &[&["submitted"], &["under_review"], &["accepted", "rejected"]],
            true,
            "review: submitted > under_review, accept: under_review > accepted, reject: under_review > rejected",
        );
    }

    #[test]
    fn without_an_order_the_list_is_the_way_and_failures_leave_it_anywhere() {
        check(
            &[&["draft"], &["sent"], &["received"], &["cancelled"]],
            false,
            "send: draft > sent, receive: sent > received, cancel: draft+sent > cancelled",
        );
    }
}
