//! What an allowed call does, and its reply.

use super::given::Given;
use super::job::{Found, Job, id_text};
use super::request::{Body, Request};
use super::row::{self, Changes};
use super::{audit, change, checks, delete, judge, link, refuse, resolve, roles};
use crate::connection::Value;
use crate::named::effects;
use crate::represent::{RESERVED, Rule, bound};
use crate::{Call, Failure, Reply};
use archwright_plan::OperationKind;
use archwright_plan::model::{EntityId, FieldId, Move};
use archwright_sql::Phase;
use percent_encoding::utf8_percent_encode;
use serde_json::json;

/// Does what the call asks for, all of it or nothing: its caller is in a transaction of its own.
pub(crate) fn run(job: &mut Job<'_>, request: &mut Request, call: &Call) -> Result<Reply, Failure> {
    job.shared
        .announce(job.connection, job.context, job.classes)?;
    job.is_policed = true;
    let definition = job.definition();
    let key = call
        .idempotency
        .as_ref()
        .filter(|_| definition.idempotency_key);
    if let Some(key) = key
        && let Some(reply) = super::idempotency::recorded(job, key)?
    {
        return Ok(reply);
    }
    job.defers = true;
    let done = effect(job, request, call).and_then(|reply| {
        if let Some(key) = key {
            super::idempotency::record(job, key, &reply)?;
        }
        Ok(reply)
    });
    let done = job.settled(done);
    done.map_err(|failure| without_body(job, call, failure))
}

/// Where there is no body to be mended, a write that breaks a rule is at odds with what is stored.
fn without_body(job: &Job<'_>, call: &Call, failure: Failure) -> Failure {
    let takes_none = !job.definition().body(&job.plan().model).carries_input();
    let has_none = call.body.as_ref().is_none_or(|body| *body == json!({}));
    match takes_none && has_none {
        true => at_odds(failure),
        false => failure,
    }
}

/// A write whose values don't come from a body breaks a rule.
pub(crate) fn at_odds(failure: Failure) -> Failure {
    match failure {
        Failure::Invalid(faults) => Failure::Conflict {
            code: "check",
            detail: faults
                .into_iter()
                .next()
                .map_or_else(String::new, |fault| fault.message),
            fields: Vec::new(),
        },
        other => other,
    }
}

/// What the call would be refused with, as far as that shows before it is done.
pub(crate) fn judged(
    job: &mut Job<'_>,
    request: &mut Request,
    call: &Call,
) -> Result<Option<Found>, Failure> {
    let found = judge::row(job, request, call)?;
    if let (Some(found), Some((_, one))) = (&found, the_move(job, request)) {
        judge::state(job, request.entity, &found.id, one)?;
    }
    judge::body(job, request, found.as_ref())?;
    Ok(found)
}

fn the_move<'a>(job: &Job<'a>, request: &Request) -> Option<(usize, &'a Move)> {
    let OperationKind::Move(index) = job.definition().kind else {
        return None;
    };
    let machine = job.plan().model.entity(request.entity).state.as_ref()?;
    Some((index, machine.moves.get(index)?))
}

fn effect(job: &mut Job<'_>, request: &mut Request, call: &Call) -> Result<Reply, Failure> {
    let found = judged(job, request, call)?;
    let body = std::mem::replace(&mut request.body, Body::None);
    match (&job.definition().kind, found, body) {
        (OperationKind::Create, None, Body::Row(given)) => created(job, request, &given),
        (OperationKind::Update, Some(found), Body::Row(given)) => {
            let changes = change::update(job, request.entity, &found.id, &given, "")?;
            changed(job, request, found, changes)
        }
        (OperationKind::Move(_), Some(found), Body::Move(inputs)) => {
            let mut job = Job {
                inputs: &inputs.values,
                is_policed: job.is_policed,
                pending: std::mem::take(&mut job.pending),
                ..Job::new(
                    job.connection,
                    job.shared,
                    job.context,
                    job.classes,
                    job.operation,
                )
            };
            moved(&mut job, request, found)
        }
        (OperationKind::SetRoles, Some(found), Body::Roles(wanted)) => {
            let changes = roles::set(job, request.entity, &found.id, &wanted)?;
            changed(job, request, found, changes)
        }
        (OperationKind::Delete, Some(found), _) => {
            delete::row(job, request.entity, &found.id)?;
            finish(job)?;
            nothing(job)
        }
        (OperationKind::Link(field) | OperationKind::Unlink(field), Some(found), _) => {
            linked(job, request, *field, found)
        }
        (OperationKind::RemoveFile(field), Some(found), _) => {
            set_file(job, request, *field, found, Value::Null)
        }
        _ => Err(Failure::Internal(format!(
            "{} is no such write",
            job.definition().id
        ))),
    }
}

/// 204
fn nothing(job: &mut Job<'_>) -> Result<Reply, Failure> {
    Ok(Reply {
        status: job.definition().status,
        dropped_files: std::mem::take(&mut job.dropped_files),
        ..Reply::default()
    })
}

/// Judges the checks that the write may have broken, once all is written.
pub(crate) fn finish(job: &mut Job<'_>) -> Result<(), Failure> {
    if !job.forbidden.is_empty() {
        return Err(refuse::fields(std::mem::take(&mut job.forbidden)));
    }
    let broken = checks::broken(job)?;
    if broken.is_empty() {
        return Ok(());
    }
    Err(Failure::Invalid(broken))
}

fn created(job: &mut Job<'_>, request: &Request, given: &Given) -> Result<Reply, Failure> {
    let id = create(job, request.entity, given)?;
    let account = job.plan().model.account.as_ref();
    if account.is_some_and(|account| account.entity == request.entity) {
        roles::credentials(job, &id, roles::NO_PASSWORD, &[])?;
    }
    let mut reply = job.reply(request.entity, &id, &request.shaping)?;
    reply.location = Some(location(job, request.entity, &id)?);
    Ok(reply)
}

/// Makes the row, and judges what it has become.
pub(crate) fn create(job: &mut Job<'_>, entity: EntityId, given: &Given) -> Result<Value, Failure> {
    let (id, changes) = row::create(job, entity, given, &row::ALONE)?;
    let rule = Rule::Operation(job.operation);
    let held = job.holding(rule, Phase::Before, &id)?.unwrap_or_default();
    if job.kept(rule, &id, held)?.is_empty() {
        return Err(refuse::by_rule(job.classes, &job.definition().guard));
    }
    finish(job)?;
    audit::record(job, entity, &id, changes)?;
    Ok(id)
}

/// The row as it is left is judged too, audited, and shown.
fn changed(
    job: &mut Job<'_>,
    request: &Request,
    found: Found,
    changes: Changes,
) -> Result<Reply, Failure> {
    settled(job, request, &found.id, found.held, changes)?;
    job.reply(request.entity, &found.id, &request.shaping)
}

fn settled(
    job: &mut Job<'_>,
    request: &Request,
    id: &Value,
    held: Vec<usize>,
    changes: Changes,
) -> Result<(), Failure> {
    if job
        .kept(Rule::Operation(job.operation), id, held)?
        .is_empty()
    {
        return Err(refuse::by_rule(job.classes, &job.definition().guard));
    }
    finish(job)?;
    audit::record(job, request.entity, id, changes)
}

fn moved(job: &mut Job<'_>, request: &Request, found: Found) -> Result<Reply, Failure> {
    let missing = || Failure::Internal("there is no such move".to_owned());
    let (index, _) = the_move(job, request).ok_or_else(missing)?;
    let changes = make_move(job, request.entity, index, &found.id)?;
    changed(job, request, found, changes)
}

/// Makes a move that the row's state allows, if its condition holds, with its effects.
pub(crate) fn make_move(
    job: &mut Job<'_>,
    entity: EntityId,
    index: usize,
    id: &Value,
) -> Result<Changes, Failure> {
    let machine = job.plan().model.entity(entity).state.as_ref();
    let one = machine.and_then(|machine| Some((machine, machine.moves.get(index)?)));
    let (machine, one) =
        one.ok_or_else(|| Failure::Internal("there is no such move".to_owned()))?;
    judge::condition(job, entity, id, index)?;
    let mut columns = vec![(machine.field, Value::Text(one.to.clone()))];
    columns.extend(assigned(job, entity, id, index, one)?);
    let changes = change::set(job, entity, id, &columns, "")?;
    job.as_owner(|job| effects(job, entity, index, id))?;
    Ok(changes)
}

/// The values that a move sets, on the row as it was.
fn assigned(
    job: &Job<'_>,
    entity: EntityId,
    id: &Value,
    index: usize,
    one: &Move,
) -> Result<Vec<(FieldId, Value)>, Failure> {
    let statements = job.writes().moves.get(&(entity, index));
    let Some(set) = statements.and_then(|statements| statements.set.as_ref()) else {
        return Ok(Vec::new());
    };
    let values = bound(set, id, &job.bindings(&[]))?;
    let assigned = job.connection.first(&set.text, &values, |row| {
        let fields = one.set.iter().enumerate();
        fields
            .map(|(column, (field, _))| Ok((*field, row.get(column)?)))
            .collect()
    });
    assigned?.ok_or(Failure::NotFound)
}

fn linked(
    job: &mut Job<'_>,
    request: &Request,
    field: FieldId,
    found: Found,
) -> Result<Reply, Failure> {
    let target = job
        .plan()
        .model
        .field(field)
        .to_many()
        .map(|relation| relation.target);
    let (Some(target), Some(address)) = (target, &request.other) else {
        return Err(Failure::Internal("a link to nothing".to_owned()));
    };
    let name = job.plan().model.field(field).name.clone();
    let readable = resolve::readable(job, target, address)?;
    let (is_changed, change) = match &job.definition().kind {
        OperationKind::Link(_) => {
            let far = readable.ok_or(Failure::NotFound)?;
            let change = json!({ "linked": audit::id(&far) });
            (link::add(job, field, &found.id, &far)?, change)
        }
        _ => {
            // What is linked can be unlinked, also when the caller may not read it any more.
            let far = resolve::existing(job, target, address)?.ok_or(Failure::NotFound)?;
            let is_changed = link::remove(job, field, &found.id, &far)?;
            if !is_changed && readable.is_none() {
                return Err(Failure::NotFound);
            }
            (is_changed, json!({ "unlinked": audit::id(&far) }))
        }
    };
    if is_changed {
        job.as_owner(|job| change::set(job, request.entity, &found.id, &[], ""))?;
        let mut changes = Changes::new();
        changes.insert(name, change);
        settled(job, request, &found.id, found.held, changes)?;
    }
    nothing(job)
}

/// Sets or unsets the stored file of a row; the one before is dropped.
pub(crate) fn set_file(
    job: &mut Job<'_>,
    request: &Request,
    field: FieldId,
    found: Found,
    file: Value,
) -> Result<Reply, Failure> {
    let old = change::stored(job, field, &found.id)?;
    if old != Value::Null || file != Value::Null {
        let changes = change::set(job, request.entity, &found.id, &[(field, file.clone())], "")?;
        settled(job, request, &found.id, found.held, changes)?;
    }
    if let Value::Text(old) = old {
        delete::drop_file(job, old)?;
    }
    match file {
        Value::Null => nothing(job),
        _ => job.reply(request.entity, &found.id, &request.shaping),
    }
}

/// The path of a row.
pub(super) fn location(job: &Job<'_>, entity: EntityId, id: &Value) -> Result<String, Failure> {
    let address = match job.plan().model.entity(entity).key {
        Some(key) => change::stored(job, key, id)?,
        None => id.clone(),
    };
    let path = &job.plan().resource(entity).path;
    let address = id_text(&address);
    Ok(format!(
        "{path}/{}",
        utf8_percent_encode(&address, RESERVED)
    ))
}
