//! Tenants: nobody reads, changes or refers to a row of another tenant.

use super::Cases;
use crate::make::Want;
use crate::oracle::{Body, Given};
use crate::propose::Style;
use crate::session::{Outcome, Session, Trouble, skip, unreached};
use archwright_evaluate::RowRef;
use archwright_plan::model::EntityId;
use archwright_plan::{CallerClass, InputKind, Operation, OperationKind};

pub(super) fn derive(cases: &mut Cases) {
    let plan = cases.plan;
    let Some(tenant) = plan.model.tenant else {
        return;
    };
    for operation in &plan.operations {
        let Some(entity) = operation.entity.map(|entity| plan.model.entity(entity)) else {
            continue;
        };
        let confined = entity.tenant.is_some() || entity.id == tenant;
        let open = operation
            .guard
            .iter()
            .all(|one| one.caller == CallerClass::Anyone);
        if !confined || open {
            continue;
        }
        let span = entity.tenant.map(|field| plan.model.field(field).span);
        match operation.kind {
            OperationKind::List => {
                let reason = "a list has rows of the caller's tenant alone";
                cases.add(
                    format!("{}/tenant/list", operation.id),
                    reason,
                    span,
                    move |session| lists(session, operation),
                );
            }
            OperationKind::Create => {
                for input in &plan.resource(entity.id).create {
                    if let InputKind::Reference(target) = input.kind
                        && plan.model.entity(target).tenant.is_some()
                    {
                        let reason = format!("{} of another tenant is not found", input.json);
                        cases.add(
                            format!("{}/tenant/foreign-{}", operation.id, input.json),
                            reason,
                            span,
                            move |session| foreign(session, operation, input, target),
                        );
                    }
                }
                let reason = "a new row is of the caller's tenant";
                cases.add(
                    format!("{}/tenant/own", operation.id),
                    reason,
                    span,
                    move |session| own(session, operation),
                );
            }
            OperationKind::SignUp
            | OperationKind::SignIn
            | OperationKind::Refresh
            | OperationKind::SignOut => {}
            OperationKind::Me
            | OperationKind::ChangePassword
            | OperationKind::Download
            | OperationKind::Named(_) => {}
            _ => {
                let reason = "a row of another tenant is not found, and nothing of it changes";
                cases.add(
                    format!("{}/tenant/foreign-row", operation.id),
                    reason,
                    span,
                    move |session| foreign_row(session, operation),
                );
            }
        }
    }
}

/// A caller whom the operation admits, and one of another tenant.
fn pair(session: &Session, operation: &Operation) -> Outcome<(usize, usize)> {
    for actor in (1..session.actors.len()).rev() {
        let (Some(own), None) = (
            session.tenant_of(actor),
            session.judge(actor).admit(operation),
        ) else {
            continue;
        };
        let mut others = (1..session.actors.len()).rev();
        let other = others.find(|other| {
            session
                .tenant_of(*other)
                .is_some_and(|tenant| tenant != own)
                && session.judge(*other).admit(operation).is_none()
        });
        if let Some(other) = other {
            return Ok((actor, other));
        }
    }
    skip("there are no test sign-ins of two tenants that may do this")
}

fn foreign_row<'p>(session: &mut Session<'p>, operation: &'p Operation) -> Outcome<()> {
    let (actor, other) = pair(session, operation)?;
    let entity = operation.entity.unwrap_or(EntityId(0));
    let theirs = session.tenant_of(other);
    let state =
        crate::oracle::step(&session.world, operation).and_then(|step| step.from.first().cloned());
    let row = match session.plan.model.tenant == Some(entity) {
        true => theirs.clone().map_or_else(|| skip("no tenant"), Ok)?,
        false => {
            let want = Want {
                tenant: theirs.clone(),
                state,
                ..Want::default()
            };
            match session.obtain(entity, &want) {
                Ok(row) => row,
                Err(Trouble::Failed(failure)) => return Err(Trouble::Failed(failure)),
                Err(Trouble::Skipped(_) | Trouble::Unreached(_)) => {
                    session.seek(entity, &|session, row| session.world.tenant(row) == theirs)?
                }
            }
        }
    };
    session.attempt(actor, operation, &row)?;
    session.verify(&row)
}

fn lists<'p>(session: &mut Session<'p>, operation: &'p Operation) -> Outcome<()> {
    let (actor, other) = pair(session, operation)?;
    let entity = operation.entity.unwrap_or(EntityId(0));
    for one in [actor, other] {
        let want = Want {
            tenant: session.tenant_of(one),
            ..Want::default()
        };
        if let Err(Trouble::Failed(failure)) = session.obtain(entity, &want) {
            return Err(Trouble::Failed(failure));
        }
    }
    super::lists::whole(session, actor, operation)?;
    super::lists::whole(session, other, operation)
}

fn foreign<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    input: &'p archwright_plan::Input,
    target: EntityId,
) -> Outcome<()> {
    let (actor, other) = pair(session, operation)?;
    let want = Want {
        tenant: session.tenant_of(other),
        ..Want::default()
    };
    let row = session.obtain(target, &want)?;
    let entity = operation.entity.unwrap_or(EntityId(0));
    let inputs = &session.plan.resource(entity).create;
    let mut fixed = Body::default();
    fixed.set(input.field, Given::Row(row));
    for _ in 0..80 {
        let Some(body) = session.propose(inputs, actor, &fixed, Style::Varied) else {
            continue;
        };
        // A guard that looks at the foreign row refuses too; the reply says that it is not found.
        let refused = session.imagine_create(actor, operation, &body, |_, _, refusals| {
            refusals
                .first()
                .is_some_and(|refusal| refusal.status == 422)
        });
        if refused {
            return session.create(actor, operation, &body).map(drop);
        }
    }
    unreached("no body is found that is wrong in this alone")
}

fn own<'p>(session: &mut Session<'p>, operation: &'p Operation) -> Outcome<()> {
    let (_, actor) = pair(session, operation)?;
    let body = session.sound_body(actor, operation, Some(true))?;
    let done = session.create(actor, operation, &body)?;
    let Some(row): Option<RowRef> = done.row else {
        return unreached("the row is refused by another rule");
    };
    session.verify(&row)
}
