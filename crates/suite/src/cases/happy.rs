//! Each operation does what it is there for, and answers with what the plan says.

use super::Cases;
use crate::client::Request;
use crate::make::unless_failed;
use crate::oracle::{Body, Given};
use crate::propose::Style;
use crate::session::{Outcome, Session, failed, skip, unreached};
use archwright_evaluate::{RowRef, Value};
use archwright_plan::model::{EntityId, FieldId};
use archwright_plan::{Input, InputKind, Operation, OperationKind};

const TRIES: usize = 200;

pub(super) fn derive(cases: &mut Cases) {
    let plan = cases.plan;
    for operation in &plan.operations {
        let Some(entity) = operation.entity else {
            continue;
        };
        match operation.kind {
            OperationKind::Create => creates(cases, operation, entity),
            OperationKind::Get => {
                let reason = format!(
                    "{} answers with the row, each key as the plan says",
                    operation.id
                );
                cases.add(
                    format!("{}/happy", operation.id),
                    reason,
                    None,
                    move |session| read(session, operation),
                );
            }
            OperationKind::Update => updates(cases, operation, entity),
            OperationKind::Delete => deletes(cases, operation),
            OperationKind::Link(field) => {
                let span = Some(plan.model.field(field).span);
                let reason = format!(
                    "{} links two rows, also when they are linked already",
                    operation.id
                );
                cases.add(
                    format!("{}/happy", operation.id),
                    reason,
                    span,
                    move |session| relate(session, operation, true),
                );
            }
            OperationKind::Unlink(field) => {
                let span = Some(plan.model.field(field).span);
                let reason = format!(
                    "{} unlinks two rows, also when they are not linked",
                    operation.id
                );
                cases.add(
                    format!("{}/happy", operation.id),
                    reason,
                    span,
                    move |session| relate(session, operation, false),
                );
            }
            OperationKind::SetRoles => {
                let reason = "roles are given and taken by those who grant them";
                cases.add(
                    format!("{}/happy", operation.id),
                    reason,
                    None,
                    move |session| roles(session, operation),
                );
                let reason = "a role is not given by those who do not grant it";
                cases.add(
                    format!("{}/not-granted", operation.id),
                    reason,
                    None,
                    move |session| not_granted(session, operation),
                );
            }
            _ => {}
        }
    }
}

fn creates<'p>(cases: &mut Cases<'p>, operation: &'p Operation, entity: EntityId) {
    let plan = cases.plan;
    let id = &operation.id;
    let styles = [
        (
            "required",
            Style::Least,
            "a body with the required fields alone is enough, and the rest gets its defaults",
        ),
        (
            "all",
            Style::Whole,
            "every field that may be set is kept as it was sent",
        ),
    ];
    for (name, style, reason) in styles {
        let span = Some(plan.model.entity(entity).span);
        cases.add(format!("{id}/happy/{name}"), reason, span, move |session| {
            let (actor, body) = body_of(session, operation, style, None)?;
            session.create_and_verify(actor, operation, &body)
        });
    }
    for input in &plan.resource(entity).create {
        let field = plan.model.field(input.field);
        if field.blank_as_null {
            cases.add(
                format!("{id}/blank/{}", input.json),
                "an empty text is taken as null",
                Some(field.span),
                move |session| {
                    let (actor, mut body) =
                        body_of(session, operation, Style::Varied, Some(input.field))?;
                    body.set(input.field, Given::Value(Value::Text(String::new())));
                    match accepted(session, actor, operation, &body) {
                        true => session.create_and_verify(actor, operation, &body),
                        false => skip("a value has to be given"),
                    }
                },
            );
        }
        let Some(default) = &field.default else {
            continue;
        };
        let reason = format!(
            "{} is {} where the request gives none",
            input.json,
            archwright_plan::cel(&plan.model, default)
        );
        cases.add(
            format!("{id}/default/{}", input.json),
            reason,
            Some(field.span),
            move |session| {
                let (actor, body) = body_of(session, operation, Style::Varied, Some(input.field))?;
                session.create_and_verify(actor, operation, &body)
            },
        );
    }
}

/// A body that is accepted, and somebody who may send it. `without` is left out.
fn body_of<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    style: Style,
    without: Option<FieldId>,
) -> Outcome<(usize, Body)> {
    let entity = operation.entity.unwrap_or(EntityId(0));
    let inputs = &session.plan.resource(entity).create;
    for round in 0..2 {
        for actor in (0..session.actors.len()).rev() {
            if session.judge(actor).admit(operation).is_some() {
                continue;
            }
            for _ in 0..TRIES {
                let Some(mut body) = session.propose(inputs, actor, &Body::default(), style) else {
                    break;
                };
                if let Some(field) = without {
                    body = body.without(field);
                }
                if accepted(session, actor, operation, &body) {
                    return Ok((actor, body));
                }
            }
        }
        if round == 0 {
            session.widen(entity)?;
        }
    }
    // The rules may ask for more than the required fields.
    match style {
        Style::Least => body_of(session, operation, Style::Varied, without),
        Style::Whole => body_of(session, operation, Style::Least, without),
        _ => unreached(format!("no body is found for {}", operation.id)),
    }
}

pub(super) fn accepted(
    session: &mut Session,
    actor: usize,
    operation: &Operation,
    body: &Body,
) -> bool {
    session.imagine_create(actor, operation, body, |_, _, refusals| refusals.is_empty())
}

fn read<'p>(session: &mut Session<'p>, operation: &'p Operation) -> Outcome<()> {
    let entity = operation.entity.unwrap_or(EntityId(0));
    let readable = |session: &Session<'p>, row: &RowRef| {
        (0..session.actors.len())
            .any(|actor| session.judge(actor).admit_to(operation, row).is_none())
    };
    let row = session.seek(entity, &readable)?;
    for actor in 0..session.actors.len() {
        if session.judge(actor).admit_to(operation, &row).is_none() {
            session.get(actor, operation, &row)?;
        }
    }
    Ok(())
}

fn updates<'p>(cases: &mut Cases<'p>, operation: &'p Operation, entity: EntityId) {
    let plan = cases.plan;
    for input in &plan.resource(entity).update {
        let span = Some(plan.model.field(input.field).span);
        let reason = format!(
            "a patch that names {} changes it, and nothing else",
            input.json
        );
        cases.add(
            format!("{}/set/{}", operation.id, input.json),
            reason,
            span,
            move |session| set(session, operation, input, None),
        );
        if input.nullable {
            let reason = format!("null takes {} away", input.json);
            cases.add(
                format!("{}/unset/{}", operation.id, input.json),
                reason,
                span,
                move |session| set(session, operation, input, Some(Value::Null)),
            );
        }
        if plan.model.field(input.field).blank_as_null {
            cases.add(
                format!("{}/blank/{}", operation.id, input.json),
                "an empty text is taken as null",
                span,
                move |session| {
                    let blank = Value::Text(String::new());
                    set(session, operation, input, Some(blank))
                },
            );
        }
    }
}

/// Patches one field, to this value if there is one; together with others where the checks ask for it.
fn set<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    input: &'p Input,
    value: Option<Value>,
) -> Outcome<()> {
    let entity = operation.entity.unwrap_or(EntityId(0));
    let settable = |session: &Session<'p>, row: &RowRef| {
        let mut actors = 0..session.actors.len();
        session.world.get(row).is_some_and(|row| row.made)
            && actors.any(|actor| {
                let judge = session.judge(actor);
                judge.admit_to(operation, row).is_none()
                    && (input.settable.is_empty() || judge.passes(&input.settable, row))
            })
    };
    for round in 0..3 {
        let rows: Vec<RowRef> = match round {
            0 => session.made_rows(entity),
            1 => unless_failed(session.seek(entity, &settable))?
                .into_iter()
                .collect(),
            _ => session.world.of(entity).collect(),
        };
        for row in rows {
            if let Some((actor, body)) = patch_of(session, operation, &row, input, value.as_ref()) {
                return session.update_and_verify(actor, operation, &row, &body);
            }
        }
    }
    if session.world.of(entity).next().is_none() && !session.is_makeable(entity) {
        return skip("nobody can create such a row over the API");
    }
    unreached(format!(
        "no row is found on which {} can be set by {}",
        input.json, operation.id
    ))
}

fn patch_of<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    row: &RowRef,
    input: &'p Input,
    value: Option<&Value>,
) -> Option<(usize, Body)> {
    let inputs = &session.plan.resource(row.entity).update;
    if value.is_some() && session.world.value(row, input.field).is_null() {
        return None;
    }
    for actor in 0..session.actors.len() {
        if session.judge(actor).admit_to(operation, row).is_some() {
            continue;
        }
        for attempt in 0..40 {
            let mut fixed = Body::default();
            if let Some(value) = value {
                fixed.set(input.field, Given::Value(value.clone()));
            }
            let own = std::slice::from_ref(input);
            let style = if attempt % 2 == 0 {
                Style::Whole
            } else {
                Style::Varied
            };
            let mut body = session.propose(own, actor, &fixed, style)?;
            if attempt > 10 {
                let more = session.propose(inputs, actor, &body, Style::Few)?;
                body = more;
            }
            let changes = body
                .get(input.field)
                .is_some_and(|given| changes(session, row, input, given));
            if changes && patched(session, actor, operation, row, &body) {
                return Some((actor, body));
            }
        }
    }
    None
}

fn changes(session: &Session, row: &RowRef, input: &Input, given: &Given) -> bool {
    let before = session.world.value(row, input.field);
    match given {
        Given::Value(value) => *value != before,
        Given::Row(target) => Value::Row(target.clone()) != before,
        Given::Rows(rows) => session.world.many(row, input.field) != *rows,
        Given::Parts(_) => matches!(input.kind, InputKind::Parts { .. }),
    }
}

pub(super) fn patched(
    session: &mut Session,
    actor: usize,
    operation: &Operation,
    row: &RowRef,
    body: &Body,
) -> bool {
    session.imagine_update(actor, operation, row, body, |_, refusals| {
        refusals.is_empty()
    })
}

fn deletes<'p>(cases: &mut Cases<'p>, operation: &'p Operation) {
    let reason = "a deleted row is gone: it can't be read, changed or deleted again";
    cases.add(
        format!("{}/happy", operation.id),
        reason,
        None,
        move |session| {
            let entity = operation.entity.unwrap_or(EntityId(0));
            let deletable =
                |session: &Session<'p>, row: &RowRef| deleter(session, operation, row).is_some();
            let row = session.seek(entity, &deletable)?;
            let Some(actor) = deleter(session, operation, &row) else {
                return unreached("nobody can delete such a row");
            };
            let readers: Vec<usize> = (0..session.actors.len())
                .filter(|actor| session.judge(*actor).may_read(&row))
                .collect();
            let path = session.path(operation, &row);
            session.delete(actor, operation, &row)?;
            let method = |reader: usize| match reader == actor {
                true => "DELETE",
                false => "GET",
            };
            let asking: Vec<usize> = readers
                .into_iter()
                .filter(|reader| session.actors[*reader].name != "gone")
                .collect();
            for reader in asking {
                gone(session, reader, Request::new("GET", &path))?;
                gone(session, reader, Request::new(method(reader), &path))?;
            }
            Ok(())
        },
    );
}

fn gone(session: &mut Session, reader: usize, request: Request) -> Outcome<()> {
    let (request, reply) = session.send(reader, request)?;
    match reply.status {
        404 => Ok(()),
        _ => failed(
            &request,
            "404, since the row is deleted",
            &reply.shown(),
            Vec::new(),
        ),
    }
}

/// Somebody who can delete the row, without losing a test sign-in.
pub(super) fn deleter(session: &Session, operation: &Operation, row: &RowRef) -> Option<usize> {
    let disposable = |row: &RowRef| {
        let mut actors = session.actors.iter();
        actors.all(|actor| {
            actor.who.account.as_ref() != Some(row) || actor.name.starts_with("newcomer")
        })
    };
    let going = crate::oracle::deletion(&session.world, row).ok()?;
    if !going.gone.iter().all(disposable) || !session.world.get(row).is_some_and(|row| row.made) {
        return None;
    }
    let mut actors = 0..session.actors.len();
    actors.find(|actor| {
        crate::oracle::removal(
            &session.world,
            operation,
            row,
            session.who(*actor),
            session.now(),
        )
        .is_empty()
    })
}

fn relate<'p>(session: &mut Session<'p>, operation: &'p Operation, links: bool) -> Outcome<()> {
    let (OperationKind::Link(field) | OperationKind::Unlink(field)) = operation.kind else {
        return skip("no link");
    };
    let entity = operation.entity.unwrap_or(EntityId(0));
    let may = |session: &Session<'p>, row: &RowRef| relater(session, operation, row).is_some();
    let row = session.seek(entity, &may)?;
    let Some(actor) = relater(session, operation, &row) else {
        return unreached("nobody may link such a row");
    };
    let target = session
        .plan
        .model
        .field(field)
        .to_many()
        .map_or(entity, |relation| relation.target);
    let other = session.other(actor, target, &row)?;
    let opposite = match links {
        true => OperationKind::Unlink(field),
        false => OperationKind::Link(field),
    };
    if session.world.is_linked(&row, field, &other.id) == links
        && let Some(opposite) = session.operation(entity, opposite)
    {
        session.relate(actor, opposite, &row, &other)?;
    }
    session.relate(actor, operation, &row, &other)?;
    session.verify(&row)?;
    expanded(session, actor, &row, field)?;
    session.relate(actor, operation, &row, &other)?;
    session.verify(&row)?;
    expanded(session, actor, &row, field)
}

fn relater(session: &Session, operation: &Operation, row: &RowRef) -> Option<usize> {
    let mut actors = 0..session.actors.len();
    actors.find(|actor| session.judge(*actor).admit_to(operation, row).is_none())
}

/// The linked rows, as the expanded relation shows them.
fn expanded<'p>(
    session: &mut Session<'p>,
    actor: usize,
    row: &RowRef,
    field: FieldId,
) -> Outcome<()> {
    let Some(get) = session.operation(row.entity, OperationKind::Get) else {
        return Ok(());
    };
    let mut expands = session.plan.resource(row.entity).expands.iter();
    match expands.find(|expand| expand.field == field) {
        Some(expand) => super::lists::expand_row(session, actor, get, row, expand),
        None => Ok(()),
    }
}

fn roles<'p>(session: &mut Session<'p>, operation: &'p Operation) -> Outcome<()> {
    let newcomer = session.prepare(|session| session.newcomer(None))?;
    let Some(row) = session.actors[newcomer].who.account.clone() else {
        return skip("no account was made");
    };
    for actor in 1..session.actors.len() {
        let before = session
            .world
            .get(&row)
            .and_then(|row| row.roles.clone())
            .unwrap_or_default();
        if session.judge(actor).admit_to(operation, &row).is_some() {
            continue;
        }
        let more = session.sound_roles(actor, &row);
        if more != before {
            session.set_roles(actor, operation, &row, &more)?;
            session.me(newcomer)?;
            session.set_roles(actor, operation, &row, &before)?;
            return session.me(newcomer);
        }
    }
    skip("no test sign-in can grant a role")
}

/// Somebody who may set roles at all asks for one that only others grant.
fn not_granted<'p>(session: &mut Session<'p>, operation: &'p Operation) -> Outcome<()> {
    let newcomer = session.prepare(|session| session.newcomer(None))?;
    let Some(row) = session.actors[newcomer].who.account.clone() else {
        return skip("no account was made");
    };
    let before = session
        .world
        .get(&row)
        .and_then(|row| row.roles.clone())
        .unwrap_or_default();
    for actor in 1..session.actors.len() {
        if session.judge(actor).admit_to(operation, &row).is_some() {
            continue;
        }
        for role in (0..session.plan.model.roles.len()).map(archwright_plan::model::RoleId) {
            let mut wanted = before.clone();
            match before.iter().position(|own| *own == role) {
                Some(index) => drop(wanted.remove(index)),
                None => wanted.push(role),
            }
            let mut granting = session.plan.model.role(role).granted_by.iter();
            let judge = session.judge(actor);
            if !granting.any(|granting| judge.is_of(archwright_plan::CallerClass::Role(*granting)))
            {
                session.set_roles(actor, operation, &row, &wanted)?;
                return session.verify(&row);
            }
        }
    }
    skip("whoever may set roles grants all of them")
}
