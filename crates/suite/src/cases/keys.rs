//! Unique keys: no two rows alike, within their scope, and free again when the row is gone.

use super::Cases;
use crate::oracle::{Body, Given, Refusal};
use crate::propose::Style;
use crate::session::{ANONYMOUS, Outcome, Session, Trouble, skip, unreached};
use crate::trial::only_by;
use archwright_evaluate::{RowRef, Value};
use archwright_plan::model::{Entity, FieldId, UniqueKey};
use archwright_plan::{Input, InputKind, Operation, OperationKind};

pub(super) fn derive(cases: &mut Cases) {
    let plan = cases.plan;
    for entity in &plan.model.entities {
        for key in &entity.unique {
            of_key(cases, entity, key);
        }
    }
}

fn of_key<'p>(cases: &mut Cases<'p>, entity: &'p Entity, key: &'p UniqueKey) {
    let plan = cases.plan;
    let span = key.fields.last().map(|field| plan.model.field(*field).span);
    let names: Vec<&str> = key
        .fields
        .iter()
        .map(|field| plan.model.field(*field).name.as_str())
        .collect();
    let names = names.join("+");
    let written = entity.part_of.map_or(entity.id, |part| part.whole);
    for operation in plan
        .operations
        .iter()
        .filter(|one| one.entity == Some(written))
    {
        let inputs = match operation.kind {
            OperationKind::Create | OperationKind::SignUp => &plan.resource(written).create,
            OperationKind::Update => &plan.resource(written).update,
            _ => continue,
        };
        let within_parts = entity.part_of.is_some();
        if !within_parts && !is_settable(inputs, key) && operation.kind != OperationKind::Create {
            continue;
        }
        let reason = format!("no two rows of {} have the same {names}", entity.name);
        cases.add(
            format!("{}/unique/{names}", operation.id),
            reason,
            span,
            move |session| match within_parts {
                true => twin_parts(session, operation, entity, key),
                false => twin(session, operation, entity, key, &Wanted::Same),
            },
        );
        if within_parts {
            continue;
        }
        if operation.kind != OperationKind::Update && key.fields.len() > 1 {
            for field in &key.fields {
                let name = &plan.model.field(*field).name;
                let reason = format!("the same {names} but for another {name} is another row");
                cases.add(
                    format!("{}/unique/{names}/other-{name}", operation.id),
                    reason,
                    span,
                    move |session| twin(session, operation, entity, key, &Wanted::ButFor(*field)),
                );
            }
        }
        let deletes = plan
            .operations
            .iter()
            .any(|one| one.entity == Some(entity.id) && one.kind == OperationKind::Delete);
        if operation.kind == OperationKind::Create && deletes {
            let reason = format!("a deleted row gives its {names} free");
            cases.add(
                format!("{}/unique/{names}/freed", operation.id),
                reason,
                span,
                move |session| freed(session, operation, entity, key),
            );
        }
    }
}

fn is_settable(inputs: &[Input], key: &UniqueKey) -> bool {
    inputs.iter().any(|input| key.fields.contains(&input.field))
}

enum Wanted {
    /// All fields of the key as in another row.
    Same,
    /// All but this one.
    ButFor(FieldId),
}

type Values = Vec<(FieldId, Value)>;

fn values(session: &Session, row: &RowRef, key: &UniqueKey) -> Option<Values> {
    let known = session.world.get(row)?;
    let values = key.fields.iter().map(|field| {
        let value = known.values.get(&field.index)?;
        (!value.is_null()).then(|| (*field, value.clone()))
    });
    values.collect()
}

fn given(value: &Value) -> Given {
    match value {
        Value::Row(row) => Given::Row(row.clone()),
        other => Given::Value(other.clone()),
    }
}

/// Asks for a second row like one that is there.
fn twin<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    entity: &'p Entity,
    key: &'p UniqueKey,
    wanted: &Wanted,
) -> Outcome<()> {
    let rule = format!("the key {}", key.name);
    for round in 0..3 {
        let rows: Vec<RowRef> = session.world.of(entity.id).collect();
        for row in rows {
            let Some(values) = values(session, &row, key) else {
                continue;
            };
            let asked = match operation.kind {
                OperationKind::Update => twin_update(session, operation, &row, &values, &rule)?,
                OperationKind::SignUp => twin_sign_up(session, operation, &values, wanted, &rule)?,
                _ => twin_create(session, operation, &values, wanted, &rule)?,
            };
            if asked {
                return Ok(());
            }
        }
        if round < 2 {
            for _ in 0..2 {
                if let Err(Trouble::Failed(failure)) =
                    session.make(entity.id, &crate::make::Want::default())
                {
                    return Err(Trouble::Failed(failure));
                }
            }
        }
    }
    unreached("no request is found that repeats the key and breaks no other rule")
}

fn fixed(inputs: &[Input], values: &Values, wanted: &Wanted) -> Body {
    let mut fixed = Body::default();
    for (field, value) in values {
        let left_out = matches!(wanted, Wanted::ButFor(other) if other == field);
        if !left_out && inputs.iter().any(|input| input.field == *field) {
            fixed.set(*field, given(value));
        }
    }
    fixed
}

/// Whether the row in memory stands to the other one as it is wanted.
fn stands(session: &Session, row: &RowRef, values: &Values, wanted: &Wanted) -> bool {
    values.iter().all(|(field, value)| {
        let same = session.world.value(row, *field) == *value;
        match wanted {
            Wanted::ButFor(other) if other == field => !same,
            _ => same,
        }
    })
}

/// Whether the rules answer as it is wanted.
fn answers(refusals: &[Refusal], wanted: &Wanted, rule: &str) -> bool {
    match wanted {
        Wanted::Same => only_by(refusals, rule),
        Wanted::ButFor(_) => refusals.is_empty(),
    }
}

fn twin_create<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    values: &Values,
    wanted: &Wanted,
    rule: &str,
) -> Outcome<bool> {
    let Some(entity) = operation.entity else {
        return Ok(false);
    };
    let inputs = &session.plan.resource(entity).create;
    let fixed = fixed(inputs, values, wanted);
    for actor in 0..session.actors.len() {
        if session.judge(actor).admit(operation).is_some() {
            continue;
        }
        for _ in 0..25 {
            let Some(body) = session.propose(inputs, actor, &fixed, Style::Varied) else {
                break;
            };
            let fits = session.imagine_create(actor, operation, &body, |session, row, refusals| {
                stands(session, row, values, wanted) && answers(refusals, wanted, rule)
            });
            if fits {
                session.create_and_verify(actor, operation, &body)?;
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn twin_sign_up<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    values: &Values,
    wanted: &Wanted,
    rule: &str,
) -> Outcome<bool> {
    let Some(entity) = operation.entity else {
        return Ok(false);
    };
    let inputs = &session.plan.resource(entity).create;
    let fixed = fixed(inputs, values, wanted);
    for _ in 0..25 {
        let Some(body) = session.propose(inputs, ANONYMOUS, &fixed, Style::Varied) else {
            break;
        };
        let fits = session.imagine_sign_up(&body, |session, row, refusals| {
            stands(session, row, values, wanted) && answers(refusals, wanted, rule)
        });
        if !fits {
            continue;
        }
        let name = format!("newcomer-{}", session.actors.len());
        return match session.sign_up(operation, &body, name) {
            Ok(_) => Ok(true),
            // Refused, as it should be.
            Err(Trouble::Skipped(_) | Trouble::Unreached(_)) => Ok(true),
            Err(failed) => Err(failed),
        };
    }
    Ok(false)
}

/// Changes another row so that it would be like this one.
fn twin_update<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    like: &RowRef,
    values: &Values,
    rule: &str,
) -> Outcome<bool> {
    let inputs = &session.plan.resource(like.entity).update;
    let body = fixed(inputs, values, &Wanted::Same);
    if body.0.is_empty() {
        return Ok(false);
    }
    let others: Vec<RowRef> = session
        .world
        .of(like.entity)
        .filter(|row| row != like)
        .collect();
    for other in others {
        for actor in 0..session.actors.len() {
            if session.judge(actor).admit_to(operation, &other).is_some() {
                continue;
            }
            let refused = session.imagine_update(actor, operation, &other, &body, |_, refusals| {
                only_by(refusals, rule)
            });
            if refused {
                session.update_and_verify(actor, operation, &other, &body)?;
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Two parts alike in one whole.
fn twin_parts<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    entity: &'p Entity,
    key: &'p UniqueKey,
) -> Outcome<()> {
    let Some(part) = entity.part_of else {
        return skip("no part");
    };
    let rule = format!("the key {}", key.name);
    for _ in 0..2 {
        let rows: Vec<Option<RowRef>> = match operation.kind {
            OperationKind::Create => vec![None],
            _ => session
                .world
                .of(part.whole)
                .filter(|row| session.world.get(row).is_some_and(|row| row.made))
                .map(Some)
                .collect(),
        };
        for row in rows {
            for actor in 0..session.actors.len() {
                if asked_twins(session, actor, operation, row.as_ref(), part.field, &rule)? {
                    return Ok(());
                }
            }
        }
        session.make(part.whole, &crate::make::Want::default())?;
    }
    unreached("no request is found that repeats the key and breaks no other rule")
}

fn asked_twins<'p>(
    session: &mut Session<'p>,
    actor: usize,
    operation: &'p Operation,
    row: Option<&RowRef>,
    field: FieldId,
    rule: &str,
) -> Outcome<bool> {
    let resource = session.plan.resource(field.entity);
    let judge = session.judge(actor);
    let refused = match row {
        Some(row) => judge.admit_to(operation, row),
        None => judge.admit(operation),
    };
    if refused.is_some() {
        return Ok(false);
    }
    let inputs = if row.is_some() {
        &resource.update
    } else {
        &resource.create
    };
    let Some(input) = inputs.iter().find(|input| input.field == field) else {
        return Ok(false);
    };
    if !matches!(input.kind, InputKind::Parts { .. }) {
        return Ok(false);
    }
    for _ in 0..60 {
        let own = if row.is_some() {
            std::slice::from_ref(input)
        } else {
            &inputs[..]
        };
        let Some(mut body) = session.propose(own, actor, &Body::default(), Style::Varied) else {
            return Ok(false);
        };
        let Some(Given::Parts(parts)) = body.get(field).cloned() else {
            continue;
        };
        let Some(first) = parts.first().cloned() else {
            continue;
        };
        body.set(field, Given::Parts(vec![first.clone(), first]));
        let refused = match row {
            None => session.imagine_create(actor, operation, &body, |_, _, refusals| {
                only_by(refusals, rule)
            }),
            Some(row) => session.imagine_update(actor, operation, row, &body, |_, refusals| {
                only_by(refusals, rule)
            }),
        };
        if refused {
            match row {
                None => session.create_and_verify(actor, operation, &body)?,
                Some(row) => session.update_and_verify(actor, operation, row, &body)?,
            }
            return Ok(true);
        }
    }
    Ok(false)
}

fn freed<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    entity: &'p Entity,
    key: &'p UniqueKey,
) -> Outcome<()> {
    let Some(delete) = session.operation(entity.id, OperationKind::Delete) else {
        return skip("such rows are never deleted");
    };
    let deletable = |session: &Session<'p>, row: &RowRef| {
        values(session, row, key).is_some() && super::happy::deleter(session, delete, row).is_some()
    };
    let row = session.seek(entity.id, &deletable)?;
    let Some(values) = values(session, &row, key) else {
        return unreached("the row has no such values");
    };
    let Some(actor) = super::happy::deleter(session, delete, &row) else {
        return unreached("nobody can delete the row");
    };
    session.prepare(|session| session.delete(actor, delete, &row))?;
    let inputs = &session.plan.resource(entity.id).create;
    let fixed = fixed(inputs, &values, &Wanted::Same);
    for actor in 0..session.actors.len() {
        if session.judge(actor).admit(operation).is_some() {
            continue;
        }
        for _ in 0..60 {
            let Some(body) = session.propose(inputs, actor, &fixed, Style::Varied) else {
                break;
            };
            let fits = session.imagine_create(actor, operation, &body, |session, row, refusals| {
                stands(session, row, &values, &Wanted::Same) && refusals.is_empty()
            });
            if fits {
                return session.create_and_verify(actor, operation, &body);
            }
        }
    }
    unreached("no request is found that uses the values again")
}
