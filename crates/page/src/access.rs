//! The access matrix for people: for each operation and kind of caller one cell, with what it depends on.

use archwright_plan::model::RoleId;
use archwright_plan::{Answer, Caller, MatrixCell, Plan};
use serde::Serialize;

/// A kind of caller: nobody, somebody without a role, somebody with a role.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    Anonymous,
    SignedIn(Option<RoleId>),
}

#[derive(Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Cell {
    /// `yes`, `no` or `some`.
    pub mark: &'static str,
    pub entries: Vec<Entry>,
}

/// One case in which the answer is yes.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Entry {
    /// `own`, `others'` or empty.
    pub scope: &'static str,
    /// Empty: in each state.
    pub states: Vec<String>,
    /// Empty: without a condition.
    pub condition: String,
}

/// The same answer for several kinds of caller.
#[derive(Serialize)]
pub(crate) struct Gathered {
    pub cell: Cell,
    /// `staff, admin`, `anyone signed in` or `everyone`.
    pub callers: String,
}

/// The answers that are not no, each once: for screens that are too narrow for columns.
pub(crate) fn gathered(cells: &[Cell], columns: &[(Column, String)]) -> Vec<Gathered> {
    let mut answers: Vec<(Cell, Vec<&str>)> = Vec::new();
    for (cell, (_, name)) in cells.iter().zip(columns) {
        match answers.iter_mut().find(|(known, _)| known == cell) {
            _ if cell.mark == "no" => {}
            Some((_, callers)) => callers.push(name),
            None => answers.push((cell.clone(), vec![name])),
        }
    }
    answers
        .into_iter()
        .map(|(cell, callers)| Gathered {
            cell,
            callers: together(&callers, columns),
        })
        .collect()
}

fn together(callers: &[&str], columns: &[(Column, String)]) -> String {
    let signed_in = columns.len() - 1;
    match callers.len() == signed_in && signed_in > 1 && callers[0] != columns[0].1 {
        true => "anyone signed in".to_owned(),
        false if callers.len() == columns.len() => "everyone".to_owned(),
        false => callers.join(", "),
    }
}

pub(crate) fn columns(plan: &Plan) -> Vec<(Column, String)> {
    let mut columns = vec![(Column::Anonymous, "anyone".to_owned())];
    if plan.model.account.is_some() {
        columns.push((Column::SignedIn(None), "signed in".to_owned()));
        for (index, role) in plan.model.roles.iter().enumerate() {
            columns.push((Column::SignedIn(Some(RoleId(index))), role.name.clone()));
        }
    }
    columns
}

pub(crate) fn cell(cells: &[MatrixCell], column: Column) -> Cell {
    let of = |wanted: bool| -> Vec<&MatrixCell> {
        cells
            .iter()
            .filter(|cell| match (cell.caller, column) {
                (Caller::Anonymous, Column::Anonymous) => !wanted,
                (Caller::SignedIn { role, owns }, Column::SignedIn(known)) => {
                    role == known && owns == wanted
                }
                _ => false,
            })
            .collect()
    };
    let (others, own) = (of(false), of(true));
    let (others_yes, own_yes) = (cases(&others), cases(&own));
    let entries = match own.is_empty() || own_yes == others_yes {
        true => scoped(others_yes, ""),
        false if others_yes.is_empty() => scoped(own_yes, "own"),
        false => [scoped(own_yes, "own"), scoped(others_yes, "others’")].concat(),
    };
    let plain = |entry: &Entry| {
        *entry
            == Entry {
                scope: "",
                states: Vec::new(),
                condition: String::new(),
            }
    };
    let mark = match entries.as_slice() {
        [] => "no",
        [only] if plain(only) => "yes",
        _ => "some",
    };
    Cell {
        mark,
        entries: if mark == "some" { entries } else { Vec::new() },
    }
}

fn scoped(entries: Vec<Entry>, scope: &'static str) -> Vec<Entry> {
    entries
        .into_iter()
        .map(|entry| Entry { scope, ..entry })
        .collect()
}

/// Cases of yes, states with the same condition together.
fn cases(cells: &[&MatrixCell]) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for cell in cells {
        let condition = match &cell.answer {
            Answer::No => continue,
            Answer::Yes => String::new(),
            Answer::If(condition) => condition.clone(),
        };
        let states: Vec<String> = cell.state.iter().cloned().collect();
        match entries
            .iter_mut()
            .find(|entry| entry.condition == condition)
        {
            Some(entry) => entry.states.extend(states),
            None => entries.push(Entry {
                scope: "",
                states,
                condition,
            }),
        }
    }
    for entry in &mut entries {
        if entry.states.len() == cells.len() {
            entry.states.clear();
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: Option<RoleId> = Some(RoleId(0));

    fn check(
        cells: &[(bool, Option<&str>, Answer)],
        mark: &str,
        expected: &[(&str, &[&str], &str)],
    ) {
        let cells: Vec<MatrixCell> = cells
            .iter()
            .map(|(owns, state, answer)| MatrixCell {
                caller: Caller::SignedIn {
                    role: ROLE,
                    owns: *owns,
                },
                state: state.map(str::to_owned),
                answer: answer.clone(),
            })
            .collect();
        let cell = cell(&cells, Column::SignedIn(ROLE));
        assert_eq!(cell.mark, mark);
        let entries: Vec<(&str, Vec<&str>, &str)> = cell
            .entries
            .iter()
            .map(|entry| {
                let states = entry.states.iter().map(String::as_str).collect();
                (entry.scope, states, entry.condition.as_str())
            })
            .collect();
        let expected: Vec<(&str, Vec<&str>, &str)> = expected
            .iter()
            .map(|(scope, states, condition)| (*scope, states.to_vec(), *condition))
            .collect();
        assert_eq!(entries, expected);
    }

    #[test]
    fn the_same_answer_everywhere_is_a_mark() {
        check(
            &[(false, None, Answer::Yes), (true, None, Answer::Yes)],
            "yes",
            &[],
        );
        check(
            &[
                (false, Some("draft"), Answer::No),
                (false, Some("paid"), Answer::No),
            ],
            "no",
            &[],
        );
    }

    #[test]
    fn own_rows_and_states_are_told() {
        check(
            &[(false, None, Answer::No), (true, None, Answer::Yes)],
            "some",
            &[("own", &[], "")],
        );
        check(
            &[
                (false, Some("draft"), Answer::No),
                (false, Some("paid"), Answer::No),
                (true, Some("draft"), Answer::Yes),
                (true, Some("paid"), Answer::No),
            ],
            "some",
            &[("own", &["draft"], "")],
        );
    }

    #[test]
    fn conditions_gather_their_states() {
        check(
            &[
                (false, Some("draft"), Answer::If("a".to_owned())),
                (false, Some("paid"), Answer::Yes),
                (false, Some("sent"), Answer::If("a".to_owned())),
            ],
            "some",
            &[("", &["draft", "sent"], "a"), ("", &["paid"], "")],
        );
    }
}
