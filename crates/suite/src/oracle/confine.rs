//! What named operations are kept to: rows of the caller's tenant, where steps look for rows and where inputs name them.

use super::Refusal;
use super::judge::Judge;
use super::program::Inputs;
use archwright_evaluate::{RowRef, Value};
use archwright_plan::model::{EntityId, InputField, InputKind, InputPlace, Operation};

/// The rows of an entity, by whether steps of the caller meet them.
#[derive(Default)]
pub(super) struct Rows {
    pub met: Vec<RowRef>,
    /// Nobody could read whose they are.
    pub unknown: Vec<RowRef>,
    pub kept_out: Vec<RowRef>,
}

pub(super) fn rows(judge: &Judge, entity: EntityId) -> Rows {
    let mut rows = Rows::default();
    for row in judge.world.of(entity) {
        let among = match meets(judge, &row) {
            (_, true) => &mut rows.unknown,
            (true, false) => &mut rows.met,
            (false, false) => &mut rows.kept_out,
        };
        among.push(row);
    }
    rows
}

/// Whether the caller's steps meet the row, and whether that hangs on what nobody could read.
fn meets(judge: &Judge, row: &RowRef) -> (bool, bool) {
    let confinement = &judge.world.plan.resource(row.entity).confinement;
    match confinement {
        Some(confinement) => {
            let (value, hangs) = judge.told(confinement, Some(row));
            (value == Value::Bool(true), hangs)
        }
        None => (true, false),
    }
}

/// What is said of inputs that name rows which are not there for the caller.
pub(super) fn unnamed(judge: &Judge, definition: &Operation, inputs: &Inputs) -> Option<Refusal> {
    const RULE: &str = "an input that names a row which is not there, or another tenant's";
    let places = [
        (InputPlace::Path, &definition.path_input),
        (InputPlace::Query, &definition.query_input),
        (InputPlace::Header, &definition.header_input),
        (InputPlace::Body, &definition.body_input),
    ];
    let mut refused: Option<Refusal> = None;
    for (place, fields) in places {
        let given = inputs.iter().find(|(of, _)| *of == place);
        let mut bad = Vec::new();
        if let Some((_, given)) = given {
            within(judge, fields, given, "", &mut bad);
        }
        let refusal = match place {
            InputPlace::Path => Refusal::new(404, "not-found", RULE),
            InputPlace::Body => Refusal::new(422, "invalid", RULE),
            _ => Refusal::new(400, "bad-request", RULE),
        };
        if bad.is_empty() {
            continue;
        }
        let pointers = bad.into_iter().map(|pointer| match place {
            InputPlace::Body => pointer,
            _ => pointer.trim_start_matches('/').to_owned(),
        });
        let refusal = match place {
            InputPlace::Path => return Some(refusal),
            _ => pointers.fold(refusal, Refusal::at),
        };
        refused = match refused {
            // Those of the query are told before those of the body.
            Some(known) if known.status == refusal.status => {
                Some(refusal.pointers.into_iter().fold(known, Refusal::at))
            }
            known => known.or(Some(refusal)),
        };
    }
    refused
}

fn within(judge: &Judge, fields: &[InputField], given: &Value, at: &str, bad: &mut Vec<String>) {
    let Value::Object(members) = given else {
        return;
    };
    for field in fields {
        if let Some(value) = members.get(&field.name) {
            let at = format!("{at}/{}", field.name);
            named(judge, &field.kind, value, at, bad);
        }
    }
}

fn named(judge: &Judge, kind: &InputKind, value: &Value, at: String, bad: &mut Vec<String>) {
    match (kind, value) {
        (InputKind::Object(fields), value) => within(judge, fields, value, &at, bad),
        (InputKind::List(item), Value::List(values)) => {
            for (index, value) in values.iter().enumerate() {
                named(judge, item, value, format!("{at}/{index}"), bad);
            }
        }
        (InputKind::Reference(_), Value::Row(row)) => {
            let is_named = judge.world.is_there(row) && meets(judge, row) == (true, false);
            if !is_named {
                bad.push(at);
            }
        }
        _ => {}
    }
}
