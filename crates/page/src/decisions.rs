//! What was decided and why: choices by their subject, and indexes by their table.

use archwright_plan::{Plan, words};
use serde::Serialize;

#[derive(Serialize)]
pub(crate) struct Subject {
    pub name: String,
    pub choices: Vec<Choice>,
}

#[derive(Serialize)]
pub(crate) struct Choice {
    pub choice: String,
    pub reason: String,
}

#[derive(Serialize)]
pub(crate) struct IndexedTable {
    pub name: String,
    pub indexes: Vec<ShownIndex>,
}

#[derive(Serialize)]
pub(crate) struct ShownIndex {
    pub columns: String,
    pub operations: String,
    pub reason: String,
}

/// Decisions for the whole design and those for one entity alone, those on the same subject together, in the plan's
/// order.
pub(crate) fn decisions(plan: &Plan) -> (Vec<Subject>, Vec<Subject>) {
    let mut general: Vec<Subject> = Vec::new();
    let mut of_entities: Vec<Subject> = Vec::new();
    for decision in &plan.decisions {
        let (subjects, name) = match decision.subject.strip_prefix("entity ") {
            Some(entity) => (&mut of_entities, entity.to_owned()),
            None => (&mut general, words(&decision.subject)),
        };
        let choice = Choice {
            choice: decision.choice.clone(),
            reason: decision.reason.clone(),
        };
        match subjects.iter_mut().find(|subject| subject.name == name) {
            Some(subject) => subject.choices.push(choice),
            None => subjects.push(Subject {
                name,
                choices: vec![choice],
            }),
        }
    }
    (general, of_entities)
}

pub(crate) fn indexed_tables(plan: &Plan) -> Vec<IndexedTable> {
    let tables = plan.tables.iter().filter(|table| !table.indexes.is_empty());
    tables
        .map(|table| IndexedTable {
            name: table.name.clone(),
            indexes: table
                .indexes
                .iter()
                .map(|index| {
                    let columns: Vec<&str> = index
                        .columns
                        .iter()
                        .map(|(name, _)| name.as_str())
                        .collect();
                    ShownIndex {
                        columns: columns.join(", "),
                        operations: index.operations.join(", "),
                        reason: index.reason.clone(),
                    }
                })
                .collect(),
        })
        .collect()
}
