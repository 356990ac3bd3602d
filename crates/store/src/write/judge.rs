//! Whether a call is allowed on its row as it is, and whether what it names is there.

use super::job::{Found, Job};
use super::request::{Body, Request};
use super::{refuse, resolve};
use crate::connection::Value;
use crate::represent::{Rule, bound};
use crate::{Call, Failure};
use archwright_plan::OperationKind;
use archwright_plan::model::{EntityId, Move};
use archwright_sql::Phase;
use resolve::Trust;

/// The row of the call: there, known to the caller, and theirs to write in the version that they name.
pub(crate) fn row(job: &Job<'_>, request: &Request, call: &Call) -> Result<Option<Found>, Failure> {
    let Some(address) = &request.row else {
        return Ok(None);
    };
    let (id, version) = resolve::version(job, request.entity, address)?.ok_or(Failure::NotFound)?;
    let rule = Rule::Operation(request.operation);
    let held = job
        .holding(rule, Phase::Before, &id)?
        .ok_or(Failure::NotFound)?;
    if held.is_empty() {
        return Err(denied(job, request.entity, &id)?);
    }
    if let (Some(wanted), Some(version)) = (call.if_match, version)
        && job.definition().etag
        && wanted != version
    {
        return Err(Failure::PreconditionFailed);
    }
    Ok(Some(Found { id, held }))
}

/// What is told about a row that the caller may not write: nothing, unless they may read it.
fn denied(job: &Job<'_>, entity: EntityId, id: &Value) -> Result<Failure, Failure> {
    let readable = job.holding(Rule::Readable(entity), Phase::Before, id)?;
    Ok(match readable.is_some_and(|held| !held.is_empty()) {
        true => refuse::by_rule(job.classes, &job.definition().guard),
        false => Failure::NotFound,
    })
}

/// Looks up what the body names, and gives every fault at once.
pub(crate) fn body(
    job: &mut Job<'_>,
    request: &mut Request,
    found: Option<&Found>,
) -> Result<(), Failure> {
    job.faults.append(&mut request.faults);
    let trust = match job.definition().kind {
        OperationKind::SignUp => Trust::Tenant,
        _ => Trust::None,
    };
    match &mut request.body {
        Body::Row(given) => resolve::given(job, given, found.map(|found| &found.id), trust)?,
        Body::Move(inputs) => {
            for (at, path, entity, address) in std::mem::take(&mut inputs.references) {
                let row = resolve::readable(job, entity, &address)?;
                match row {
                    Some(id) => inputs.values.push((path, id)),
                    None => resolve::not_found(job, &at),
                }
            }
        }
        Body::None | Body::Roles(_) => {}
    }
    if !job.faults.is_empty() {
        return Err(Failure::Invalid(std::mem::take(&mut job.faults)));
    }
    Ok(())
}

/// Whether the row's state allows a move.
pub(crate) fn state(
    job: &Job<'_>,
    entity: EntityId,
    id: &Value,
    one: &Move,
) -> Result<(), Failure> {
    let machine = job.plan().model.entity(entity).state.as_ref();
    let machine = machine.ok_or_else(|| Failure::Internal("a move without states".to_owned()))?;
    let Value::Text(state) = super::change::stored(job, machine.field, id)? else {
        return Err(Failure::Internal("a row without a state".to_owned()));
    };
    if one.from.contains(&state) {
        return Ok(());
    }
    let from = one.from.join(" or ");
    Err(Failure::Conflict {
        code: "illegal-move",
        detail: format!("`{}` starts from {from}, and the row is {state}.", one.name),
        fields: Vec::new(),
    })
}

/// Whether the condition of a move holds on the row.
pub(crate) fn condition(
    job: &Job<'_>,
    entity: EntityId,
    id: &Value,
    index: usize,
) -> Result<(), Failure> {
    let statements = job.writes().moves.get(&(entity, index));
    let Some(when) = statements.and_then(|statements| statements.when.as_ref()) else {
        return Ok(());
    };
    let values = bound(when, id, &job.bindings(&[]))?;
    let holds = job
        .connection
        .first(&when.text, &values, |row| row.get(0))?;
    if holds == Some(true) {
        return Ok(());
    }
    Err(Failure::Conflict {
        code: "condition-unmet",
        detail: "The condition of this move does not hold on the row.".to_owned(),
        fields: Vec::new(),
    })
}
