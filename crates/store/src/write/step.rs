//! Single writes of the steps of a named operation: like those of requests, without the rules on who may.

use super::given::Given;
use super::job::Job;
use super::roles::{NO_PASSWORD, credentials};
use super::row::{self, Changes};
use super::{audit, change, delete, judge, link as pairs, whole};
use crate::Failure;
use crate::connection::Value;
use archwright_plan::model::{EntityId, FieldId};
use serde_json::json;

pub(crate) fn create_row(
    job: &mut Job<'_>,
    entity: EntityId,
    given: &Given,
) -> Result<Value, Failure> {
    let (id, changes) = row::create(job, entity, given, &row::ALONE)?;
    let account = job.plan().model.account.as_ref();
    if account.is_some_and(|account| account.entity == entity) {
        credentials(job, &id, NO_PASSWORD, &[])?;
    }
    whole::record(job, entity, &id, changes)?;
    Ok(id)
}

pub(crate) fn set_row(
    job: &mut Job<'_>,
    entity: EntityId,
    id: &Value,
    columns: &[(FieldId, Value)],
) -> Result<(), Failure> {
    let changes = change::set(job, entity, id, columns, "")?;
    whole::record(job, entity, id, changes)
}

pub(crate) fn delete_row(job: &mut Job<'_>, entity: EntityId, id: &Value) -> Result<(), Failure> {
    delete::row(job, entity, id)
}

/// Links or unlinks a pair; no harm where it is done already.
pub(crate) fn link(
    job: &mut Job<'_>,
    relation: FieldId,
    (near, far): (&Value, &Value),
    links: bool,
) -> Result<(), Failure> {
    let (changed, word) = match links {
        true => (pairs::add(job, relation, near, far)?, "linked"),
        false => (pairs::remove(job, relation, near, far)?, "unlinked"),
    };
    if !changed {
        return Ok(());
    }
    let mut changes = Changes::new();
    let name = job.plan().model.field(relation).name.clone();
    changes.insert(name, json!({ word: audit::id(far) }));
    change::set(job, relation.entity, near, &[], "")?;
    whole::record(job, relation.entity, near, changes)
}

pub(crate) fn make_move(
    job: &mut Job<'_>,
    entity: EntityId,
    index: usize,
    id: &Value,
) -> Result<(), Failure> {
    let machine = job.plan().model.entity(entity).state.as_ref();
    let one = machine.and_then(|machine| machine.moves.get(index));
    let one = one.ok_or_else(|| Failure::Internal("there is no such move".to_owned()))?;
    judge::state(job, entity, id, one)?;
    let changes = super::effect::make_move(job, entity, index, id)?;
    whole::record(job, entity, id, changes)
}

/// The failure that stands for a status.
pub(crate) fn status(status: u16, detail: String) -> Failure {
    match status {
        401 => Failure::Unauthorized,
        403 => Failure::Forbidden {
            detail,
            fields: Vec::new(),
        },
        404 => Failure::NotFound,
        409 => Failure::Conflict {
            code: "conflict",
            detail,
            fields: Vec::new(),
        },
        _ => Failure::Status {
            status,
            detail,
            body: None,
        },
    }
}
