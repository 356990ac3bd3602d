//! Moves: each from each of its states, each effect, and none from any other state.

use super::Cases;
use crate::make::Want;
use crate::oracle::Given;
use crate::session::{Outcome, Session, unreached};
use archwright_evaluate::{RowRef, Value};
use archwright_plan::model::{EntityId, ScalarType};
use archwright_plan::{Operation, OperationKind};

pub(super) fn derive(cases: &mut Cases) {
    let plan = cases.plan;
    for operation in &plan.operations {
        let (OperationKind::Move(index), Some(entity)) = (&operation.kind, operation.entity) else {
            continue;
        };
        let Some(machine) = &plan.model.entity(entity).state else {
            continue;
        };
        let step = &machine.moves[*index];
        let Some(ScalarType::Enum { values }) = plan.model.field(machine.field).scalar() else {
            continue;
        };
        for state in values {
            let (verb, reason) = match step.from.contains(state) {
                true => (
                    "from",
                    format!("{} leads from {state} to {}", operation.id, step.to),
                ),
                false => (
                    "illegal-from",
                    format!(
                        "{} does not lead from {state}: 409, and nothing changes",
                        operation.id
                    ),
                ),
            };
            let legal = step.from.contains(state);
            cases.add(
                format!("{}/{verb}/{state}", operation.id),
                reason,
                Some(step.span),
                move |session| match legal {
                    true => legal_move(session, operation, state),
                    false => illegal(session, operation, state),
                },
            );
        }
        for field in step.input.iter().filter(|field| field.blank_as_null) {
            cases.add(
                format!("{}/input.{}/blank", operation.id, field.name),
                "an empty text is taken as null",
                Some(field.span),
                move |session| {
                    let (actor, row) = super::input::movable(session, operation)?;
                    let mut given = session.sound_input(actor, operation, &row)?;
                    given.retain(|(name, _)| *name != field.name);
                    let blank = Given::Value(Value::Text(String::new()));
                    given.push((field.name.clone(), blank));
                    session.shift(actor, operation, &row, &given)?;
                    session.verify(&row)
                },
            );
        }
        for (number, effect) in step.steps.iter().enumerate() {
            let word = super::named::word(&effect.kind);
            cases.add(
                format!("{}/do/{word}-{}", operation.id, number + 1),
                format!("{} has its effects on other rows", operation.id),
                Some(effect.span),
                move |session| effects(session, operation),
            );
        }
        for (field, value) in &step.set {
            let name = &plan.model.field(*field).name;
            let reason = format!(
                "{} sets {name} to {}",
                operation.id,
                archwright_plan::cel(&plan.model, value)
            );
            cases.add(
                format!("{}/effect/{name}", operation.id),
                reason,
                Some(step.span),
                move |session| {
                    let (actor, row) = super::input::movable(session, operation)?;
                    let given = session.sound_input(actor, operation, &row)?;
                    session.shift(actor, operation, &row, &given)?;
                    session.verify(&row)
                },
            );
        }
    }
}

/// What the move makes is found in the lists that show it, and what it changes is read again.
fn effects<'p>(session: &mut Session<'p>, operation: &'p Operation) -> Outcome<()> {
    let (actor, row) = super::input::movable(session, operation)?;
    let given = session.sound_input(actor, operation, &row)?;
    let touched = session.effects_of(actor, operation, &row, &given);
    session.shift(actor, operation, &row, &given)?;
    session.watch(&touched)
}

fn legal_move<'p>(session: &mut Session<'p>, operation: &'p Operation, state: &str) -> Outcome<()> {
    let row = session.obtain_for(operation, state)?;
    session.advance(&row, operation)?;
    session.verify(&row)
}

fn illegal<'p>(session: &mut Session<'p>, operation: &'p Operation, state: &str) -> Outcome<()> {
    let entity = operation.entity.unwrap_or(EntityId(0));
    let fits = |session: &Session<'p>, row: &RowRef| {
        session.world.state(row).as_deref() == Some(state)
            && passing(session, operation, row).is_some()
    };
    let want = Want {
        state: Some(state.to_owned()),
        ..Want::default()
    };
    let row = session.obtain(entity, &want)?;
    let row = match fits(session, &row) {
        true => row,
        false => session.seek(entity, &fits)?,
    };
    let Some(actor) = passing(session, operation, &row) else {
        return unreached(format!(
            "nobody whom {} would let through reaches a row in the state {state}",
            operation.id
        ));
    };
    let given = session.sound_input(actor, operation, &row)?;
    session.shift(actor, operation, &row, &given)?;
    session.verify(&row)
}

fn passing(session: &Session, operation: &Operation, row: &RowRef) -> Option<usize> {
    let mut actors = 0..session.actors.len();
    actors.find(|actor| session.judge(*actor).admit_to(operation, row).is_none())
}
