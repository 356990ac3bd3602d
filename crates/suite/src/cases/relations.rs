//! What becomes of rows when the row that they refer to is deleted, and references across what a caller may see.

use super::Cases;
use super::happy::deleter;
use crate::make::{Want, unless_failed};
use crate::oracle::{Given, removal};
use crate::session::{Outcome, Session, Trouble, skip, unreached};
use archwright_evaluate::RowRef;
use archwright_plan::model::{EntityId, Expression, ExpressionKind, FieldId, OnDelete, RoleId};
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
    let restricts = on_delete == OnDelete::Restrict;
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
        return unreached("nobody can delete such a row");
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
    for candidate in candidates(session, target) {
        let row = match candidate.made(session, target) {
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

/// What may become a row that others refer to.
enum Candidate {
    InState(Option<String>),
    /// An account that may do more than one that has just signed up, beside this one.
    Of(RoleId, usize),
}

fn candidates(session: &Session, target: EntityId) -> Vec<Candidate> {
    let states = session.states(target).into_iter();
    let mut candidates: Vec<Candidate> = states.map(Candidate::InState).collect();
    let model = &session.plan.model;
    if model
        .account
        .as_ref()
        .is_some_and(|account| account.entity == target)
    {
        for role in (0..model.roles.len()).map(RoleId) {
            let of_role = session.of_role(Some(role));
            candidates.extend(of_role.map(|like| Candidate::Of(role, like)));
        }
    }
    candidates
}

impl Candidate {
    fn made(&self, session: &mut Session, target: EntityId) -> Outcome<RowRef> {
        match self {
            Self::InState(state) => {
                let want = Want {
                    state: state.clone(),
                    ..Want::default()
                };
                session.make(target, &want)
            }
            Self::Of(role, like) => {
                let newcomer = session.newcomer_of(*role, Some(*like))?;
                let account = session.actors[newcomer].who.account.clone();
                account.map_or_else(|| skip("no account was made"), Ok)
            }
        }
    }
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
    if moved_by(session, row, field)? {
        return Ok(());
    }
    if session.is_actor(row) {
        return unreached("no row is found that refers to the account");
    }
    session.seek(child, &points).map(drop)
}

/// Lets an account make the move that leaves its mark on a row.
fn moved_by<'p>(session: &mut Session<'p>, row: &RowRef, field: FieldId) -> Outcome<bool> {
    let plan = session.plan;
    let mut actors = session.actors.iter();
    let Some(actor) = actors.position(|actor| actor.who.account.as_ref() == Some(row)) else {
        return Ok(false);
    };
    let machine = plan.model.entity(field.entity).state.iter();
    let marks = |set: &[(FieldId, Expression)]| {
        set.iter()
            .any(|(own, value)| *own == field && matches!(value.kind, ExpressionKind::Caller))
    };
    for (index, step) in machine.flat_map(|machine| &machine.moves).enumerate() {
        let operation = session.operation(field.entity, OperationKind::Move(index));
        let (Some(operation), true) = (operation, marks(&step.set)) else {
            continue;
        };
        let want = Want {
            state: step.from.first().cloned(),
            stranger: Some(row.clone()),
            tenant: session.tenant_of(actor),
            ..Want::default()
        };
        let Some(child) = unless_failed(session.make(field.entity, &want))? else {
            continue;
        };
        let given = session.sound_input(actor, operation, &child)?;
        if session.try_shift(actor, operation, &child, &given) {
            session.prepare(|session| session.shift(actor, operation, &child, &given))?;
            return Ok(true);
        }
    }
    Ok(false)
}
