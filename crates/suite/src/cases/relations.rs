//! What becomes of rows when the row that they refer to is deleted, and references across what a caller may see.

use super::Cases;
use super::happy::deleter;
use crate::make::Want;
use crate::oracle::{Given, removal};
use crate::session::{Outcome, Session, Trouble, skip};
use archwright_evaluate::RowRef;
use archwright_plan::model::{EntityId, FieldId, OnDelete};
use archwright_plan::{Operation, OperationKind};

pub(super) fn derive(cases: &mut Cases) {
    let plan = cases.plan;
    for operation in plan
        .operations
        .iter()
        .filter(|one| one.kind == OperationKind::Delete)
    {
        let Some(target) = operation.entity.map(|entity| plan.model.entity(entity)) else {
            continue;
        };
        for field in plan.model.entities.iter().flat_map(|entity| &entity.fields) {
            let Some(relation) = field
                .to_one()
                .filter(|relation| relation.target == target.id)
            else {
                continue;
            };
            let child = plan.model.entity(field.id.entity);
            let name = format!("{}/on-delete/{}.{}", operation.id, child.plural, field.name);
            let (what, reason) = match relation.on_delete {
                OnDelete::Restrict => (
                    "restrict",
                    format!(
                        "a row to which {}.{} refers can't be deleted",
                        child.name, field.name
                    ),
                ),
                OnDelete::Cascade => (
                    "cascade",
                    format!("{} rows go with what {} refers to", child.name, field.name),
                ),
                OnDelete::SetNull => (
                    "set-null",
                    format!("{}.{} is unset when its row goes", child.name, field.name),
                ),
            };
            // The parts of a hidden row are hidden with it.
            if target.soft_delete && child.part_of.is_some_and(|part| part.back == field.id) {
                continue;
            }
            let on_delete = relation.on_delete;
            cases.add(
                format!("{name}={what}"),
                reason,
                Some(field.span),
                move |session| deleted(session, operation, field.id, on_delete),
            );
        }
    }
}

fn deleted<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    field: FieldId,
    on_delete: OnDelete,
) -> Outcome<()> {
    let target = operation.entity.unwrap_or(EntityId(0));
    let restricts =
        on_delete == OnDelete::Restrict && !session.plan.model.entity(target).soft_delete;
    let fits = |session: &Session<'p>, row: &RowRef| {
        let refers = !session.world.pointing(row, field).is_empty();
        let made = session.world.get(row).is_some_and(|row| row.made);
        let safe = !session.is_actor(row)
            || session.actors.iter().any(|actor| {
                actor.who.account.as_ref() == Some(row) && actor.name.starts_with("newcomer")
            });
        refers
            && made
            && safe
            && match restricts {
                true => blocked(session, operation, row, field).is_some(),
                false => deleter(session, operation, row).is_some(),
            }
    };
    let row = refers_to(session, target, field, &fits)?;
    let actor = match restricts {
        true => blocked(session, operation, &row, field),
        false => deleter(session, operation, &row),
    };
    let Some(actor) = actor else {
        return skip("nobody can delete such a row");
    };
    let children = session.world.pointing(&row, field);
    session.delete(actor, operation, &row)?;
    if restricts {
        session.verify(&row)?;
    }
    for child in children {
        looked_at(session, &child)?;
    }
    Ok(())
}

/// The row that a part belongs to is read in its place.
fn looked_at<'p>(session: &mut Session<'p>, child: &RowRef) -> Outcome<()> {
    if session.world.is_there(child) {
        let row = session.world.whole(child).unwrap_or_else(|| child.clone());
        return session.verify(&row);
    }
    let Some(get) = session.operation(child.entity, OperationKind::Get) else {
        return Ok(());
    };
    if session.plan.model.entity(child.entity).key.is_some() {
        return Ok(());
    }
    let mut actors = 0..session.actors.len();
    match actors.find(|actor| session.judge(*actor).admit(get).is_none()) {
        Some(actor) => session.get(actor, get, child).map(drop),
        None => Ok(()),
    }
}

/// Somebody who may delete the row, were it not for this relation.
fn blocked(
    session: &Session,
    operation: &Operation,
    row: &RowRef,
    field: FieldId,
) -> Option<usize> {
    let rule = crate::oracle::restriction(&session.world, field);
    let mut actors = 0..session.actors.len();
    actors.find(|actor| {
        let refusals = removal(
            &session.world,
            operation,
            row,
            session.who(*actor),
            session.now(),
        );
        refusals.len() == 1 && refusals[0].rule.contains(&rule)
    })
}

/// A row to which another one refers by the field.
fn refers_to<'p>(
    session: &mut Session<'p>,
    target: EntityId,
    field: FieldId,
    fits: &dyn Fn(&Session<'p>, &RowRef) -> bool,
) -> Outcome<RowRef> {
    let rows: Vec<RowRef> = session.world.of(target).collect();
    if let Some(row) = rows.iter().find(|row| fits(session, row)) {
        return Ok(row.clone());
    }
    let mut trouble = Trouble::Skipped("no row refers to one that can be deleted".to_owned());
    for state in session.states(target) {
        let want = Want {
            state,
            ..Want::default()
        };
        let row = match session.make(target, &want) {
            Ok(row) => row,
            Err(Trouble::Failed(failure)) => return Err(Trouble::Failed(failure)),
            Err(other) => {
                trouble = other;
                continue;
            }
        };
        match refer(session, &row, field) {
            Ok(()) if fits(session, &row) => return Ok(row),
            Ok(()) => {}
            Err(Trouble::Failed(failure)) => return Err(Trouble::Failed(failure)),
            Err(other) => trouble = other,
        }
        for goal in session.states(target).into_iter().flatten() {
            if session.bring(&row, &goal).is_ok() && fits(session, &row) {
                return Ok(row);
            }
        }
    }
    Err(trouble)
}

/// Makes a row that refers to this one: created so, created by it, or moved by it.
fn refer<'p>(session: &mut Session<'p>, row: &RowRef, field: FieldId) -> Outcome<()> {
    let model = &session.plan.model;
    let child = field.entity;
    if let Some(part) = model.entity(child).part_of {
        session.pins.insert(field, row.clone());
        let full = |session: &Session<'p>, whole: &RowRef| {
            !session.world.many(whole, part.field).is_empty()
                && session
                    .world
                    .many(whole, part.field)
                    .iter()
                    .all(|part| session.world.target(part, field).as_ref() == Some(row))
        };
        let made = session.seek(part.whole, &full);
        session.pins.clear();
        return made.map(drop);
    }
    let mut want = Want::default();
    let inputs = &session.plan.resource(child).create;
    match inputs.iter().any(|input| input.field == field) {
        true => want.fixed.set(field, Given::Row(row.clone())),
        false => want.owner = Some(row.clone()),
    }
    let points = |session: &Session<'p>, child: &RowRef| {
        session.world.target(child, field).as_ref() == Some(row)
    };
    match session.make(child, &want) {
        Ok(made) if points(session, &made) => return Ok(()),
        Err(Trouble::Failed(failure)) => return Err(Trouble::Failed(failure)),
        _ => {}
    }
    session.seek(child, &points).map(drop)
}
