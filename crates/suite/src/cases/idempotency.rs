//! A repeated request with the same idempotency key does nothing twice.

use super::Cases;
use crate::client::Request;
use crate::make::unless_failed;
use crate::oracle::{Body, Question, Refusal, answer};
use crate::propose::Style;
use crate::seek::{Imagined, Wanted};
use crate::session::{Outcome, Session, failed, skip, unreached};
use archwright_plan::model::EntityId;
use archwright_plan::{CallerClass, Operation, OperationKind};
use std::collections::BTreeSet;

pub(super) fn derive(cases: &mut Cases) {
    let plan = cases.plan;
    for operation in plan.operations.iter().filter(|one| one.idempotency_key) {
        let id = &operation.id;
        let reason = "the same key with the same request gets the same reply, and one effect";
        cases.add(
            format!("{id}/idempotency/repeated"),
            reason,
            None,
            move |session| match operation.kind {
                OperationKind::Create => created(session, operation),
                OperationKind::Named(_) => called(session, operation),
                _ => moved(session, operation),
            },
        );
        if operation.kind == OperationKind::Create {
            let reason = "the same key with another request is refused with 422";
            cases.add(
                format!("{id}/idempotency/other-body"),
                reason,
                None,
                move |session| other_body(session, operation),
            );
            let reason = "a key belongs to its caller";
            cases.add(
                format!("{id}/idempotency/other-caller"),
                reason,
                None,
                move |session| other_caller(session, operation),
            );
        }
    }
}

fn key(session: &mut Session) -> String {
    session.counter += 1;
    format!("suite-{}-{:x}", session.counter, session.rng.next_u64())
}

/// Somebody who may create a row.
fn creator(session: &mut Session, operation: &Operation, not: &[usize]) -> Outcome<usize> {
    let entity = entity_of(operation);
    if session.is_one_to_one(entity) {
        return newcomer(session, operation);
    }
    let mut actors = 0..session.actors.len();
    let fits =
        |actor: &usize| !not.contains(actor) && session.judge(*actor).admit(operation).is_none();
    match actors.find(fits) {
        Some(actor) => Ok(actor),
        None => skip("there are too few test sign-ins that may do this"),
    }
}

/// Somebody who has no row yet, and may create one: by signing up alone, or with a role that is given to them.
fn newcomer(session: &mut Session, operation: &Operation) -> Outcome<usize> {
    session.widen(entity_of(operation))?;
    let newest = session.actors.len() - 1;
    if session.judge(newest).admit(operation).is_none() {
        return Ok(newest);
    }
    for alternative in &operation.guard {
        let CallerClass::Role(role) = alternative.caller else {
            continue;
        };
        let made = unless_failed(session.newcomer_of(role, None))?;
        let made = made.filter(|made| session.judge(*made).admit(operation).is_none());
        if let Some(made) = made {
            return Ok(made);
        }
    }
    skip("nobody new may do this")
}

fn created<'p>(session: &mut Session<'p>, operation: &'p Operation) -> Outcome<()> {
    let actor = creator(session, operation, &[])?;
    let body = session.sound_body(actor, operation, Some(true))?;
    let key = key(session);
    let done = session.create_with(actor, operation, &body, &[("idempotency-key", key)])?;
    let (second, reply) = session.exchange(done.request.clone())?;
    if reply.status != done.reply.status || reply.json != done.reply.json {
        return failed(&second, &done.reply.shown(), &reply.shown(), Vec::new());
    }
    once(session, entity_of(operation))
}

fn entity_of(operation: &Operation) -> EntityId {
    operation.entity.unwrap_or(EntityId(0))
}

/// No second row came of it.
fn once(session: &mut Session<'_>, entity: EntityId) -> Outcome<()> {
    let Some(list) = session.operation(entity, OperationKind::List) else {
        return Ok(());
    };
    let seen = |actor: &usize| answer(&session.judge(*actor), list, &Question::default()).len();
    let may = |actor: &usize| session.judge(*actor).admit(list).is_none();
    match (0..session.actors.len()).filter(may).max_by_key(seen) {
        Some(actor) => super::lists::whole(session, actor, list),
        None => Ok(()),
    }
}

fn called<'p>(session: &mut Session<'p>, operation: &'p Operation) -> Outcome<()> {
    let wanted = Wanted {
        all: Some(true),
        ..Wanted::default()
    };
    let succeeds = |_: &Session<'p>, imagined: &Imagined| imagined.done.refusal.is_none();
    let (actor, inputs) = session.seek_call(operation, &wanted, &succeeds)?;
    let key = key(session);
    let done = session.call_with(actor, operation, &inputs, &[("idempotency-key", key)])?;
    let (second, reply) = session.exchange(done.request.clone())?;
    if reply.status != done.reply.status || reply.json != done.reply.json {
        return failed(&second, &done.reply.shown(), &reply.shown(), Vec::new());
    }
    super::named::look(session, operation, &done)?;
    let made: BTreeSet<EntityId> = done.done.created.iter().map(|row| row.entity).collect();
    made.into_iter()
        .try_for_each(|entity| once(session, entity))
}

fn moved<'p>(session: &mut Session<'p>, operation: &'p Operation) -> Outcome<()> {
    let (actor, row) = super::input::movable(session, operation)?;
    let given = session.sound_input(actor, operation, &row)?;
    let key = key(session);
    let done = session.shift_with(actor, operation, &row, &given, &[("idempotency-key", key)])?;
    if !done.refusals.is_empty() {
        return unreached("the move is refused by another rule");
    }
    let (second, reply) = session.exchange(done.request.clone())?;
    if reply.status != done.reply.status || reply.json != done.reply.json {
        return failed(&second, &done.reply.shown(), &reply.shown(), Vec::new());
    }
    session.verify(&row)
}

fn other_body<'p>(session: &mut Session<'p>, operation: &'p Operation) -> Outcome<()> {
    let actor = creator(session, operation, &[])?;
    let first = session.sound_body(actor, operation, Some(true))?;
    let key = key(session);
    let done = session.create_with(
        actor,
        operation,
        &first,
        &[("idempotency-key", key.clone())],
    )?;
    let entity = entity_of(operation);
    let inputs = &session.plan.resource(entity).create;
    for _ in 0..10 {
        let Some(other) = session.propose(inputs, actor, &Body::default(), Style::Varied) else {
            continue;
        };
        let json = other.json(&session.world, inputs);
        let before = done.request.shown();
        let request = Request::new("POST", &operation.path)
            .json(json)
            .header("idempotency-key", key.clone());
        if session.signed(actor, request.clone()).shown() == before {
            continue;
        }
        let (request, reply) = session.send(actor, request)?;
        session.expect_refusal(
            &request,
            &reply,
            &[Refusal::new(422, "key-reused", "idempotency keys")],
        )?;
        return once(session, entity_of(operation));
    }
    unreached("all bodies are alike")
}

fn other_caller<'p>(session: &mut Session<'p>, operation: &'p Operation) -> Outcome<()> {
    let actor = creator(session, operation, &[])?;
    let body = session.sound_body(actor, operation, Some(true))?;
    let key = key(session);
    session.create_with(actor, operation, &body, &[("idempotency-key", key.clone())])?;
    let other = creator(session, operation, &[actor])?;
    let body = session.sound_body(other, operation, Some(true))?;
    session.create_with(other, operation, &body, &[("idempotency-key", key)])?;
    once(session, entity_of(operation))
}
