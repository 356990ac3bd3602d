//! Lost updates: a change that is meant for another version is refused.

use super::Cases;
use crate::act::Done;
use crate::client::Request;
use crate::oracle::{Refusal, removal};
use crate::session::{Outcome, Session, unreached};
use archwright_evaluate::RowRef;
use archwright_plan::model::EntityId;
use archwright_plan::{Operation, OperationKind};

pub(super) fn derive(cases: &mut Cases) {
    let plan = cases.plan;
    for operation in plan
        .operations
        .iter()
        .filter(|one| one.etag && one.kind != OperationKind::Get)
    {
        let id = &operation.id;
        let reason = "`If-Match` with an older version is refused with 412, and nothing changes";
        cases.add(format!("{id}/stale"), reason, None, move |session| {
            let (actor, row) = target(session, operation)?;
            let version = session
                .world
                .get(&row)
                .and_then(|row| row.version)
                .unwrap_or_default();
            refused(
                session,
                actor,
                operation,
                &row,
                format!("\"{}\"", version - 1),
            )?;
            refused(session, actor, operation, &row, "\"no-version\"".to_owned())?;
            session.verify(&row)
        });
        let reason = "`If-Match` with the version that the row has is let through, and the version is another one then";
        cases.add(format!("{id}/fresh"), reason, None, move |session| {
            let (actor, row) = target(session, operation)?;
            let version = session
                .world
                .get(&row)
                .and_then(|row| row.version)
                .unwrap_or_default();
            let headers = [("if-match", format!("\"{version}\""))];
            let done = perform(session, actor, operation, &row, &headers)?;
            match done.refusals.is_empty() && operation.kind != OperationKind::Delete {
                // The tag that was good before is not good any more.
                true => session.verify(&row),
                false => Ok(()),
            }
        });
    }
}

/// A row on which the operation goes through, and who may ask for it.
fn target<'p>(session: &mut Session<'p>, operation: &'p Operation) -> Outcome<(usize, RowRef)> {
    if let OperationKind::Move(_) = operation.kind {
        return super::input::movable(session, operation);
    }
    let entity = operation.entity.unwrap_or(EntityId(0));
    let may = |session: &Session<'p>, row: &RowRef| {
        let mut actors = 0..session.actors.len();
        // Nobody makes tenants over the API.
        let made = session.world.get(row).is_some_and(|row| row.made)
            || session.plan.model.tenant == Some(entity);
        match operation.kind {
            OperationKind::Delete => super::happy::deleter(session, operation, row),
            _ if !made => None,
            _ => actors.find(|actor| session.judge(*actor).admit_to(operation, row).is_none()),
        }
    };
    let row = session.seek(entity, &|session, row| may(session, row).is_some())?;
    match may(session, &row) {
        Some(actor) => Ok((actor, row)),
        None => unreached("nobody may do this with such a row"),
    }
}

fn perform<'p>(
    session: &mut Session<'p>,
    actor: usize,
    operation: &'p Operation,
    row: &RowRef,
    headers: crate::act::Headers,
) -> Outcome<Done> {
    match operation.kind {
        OperationKind::Update => {
            let body = session.patch(actor, operation, row)?;
            session.update_with(actor, operation, row, &body, headers)
        }
        OperationKind::Move(_) => {
            let given = session.sound_input(actor, operation, row)?;
            session.shift_with(actor, operation, row, &given, headers)
        }
        _ => session.delete_with(actor, operation, row, headers),
    }
}

fn refused<'p>(
    session: &mut Session<'p>,
    actor: usize,
    operation: &'p Operation,
    row: &RowRef,
    tag: String,
) -> Outcome<()> {
    let mut request = Request::new(operation.method.name(), session.path(operation, row));
    match operation.kind {
        OperationKind::Update => {
            let body = session.patch(actor, operation, row)?;
            request =
                request.json(body.json(&session.world, &session.plan.resource(row.entity).update));
        }
        OperationKind::Move(_) => {
            let given = session.sound_input(actor, operation, row)?;
            if let Some(step) = crate::oracle::step(&session.world, operation)
                && !step.input.is_empty()
            {
                request = request.json(crate::oracle::move_json(
                    &session.world,
                    &step.input,
                    &given,
                ));
            }
        }
        _ if !removal(
            &session.world,
            operation,
            row,
            session.who(actor),
            session.now(),
        )
        .is_empty() =>
        {
            return unreached("the row can't be deleted");
        }
        _ => {}
    }
    let (request, reply) = session.send(actor, request.header("if-match", tag))?;
    session.expect_refusal(
        &request,
        &reply,
        &[Refusal::new(412, "precondition-failed", "versions")],
    )
}
