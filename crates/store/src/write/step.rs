//! Single writes of the steps of a named operation: like those of requests, without the rules on who may.

use super::given::Given;
use super::job::Job;
use super::roles::{NO_PASSWORD, credentials};
use super::row::{self, Changes, Place};
use super::{audit, change, delete, judge, link as pairs, whole};
use crate::Failure;
use crate::accounts::end_other_sessions;
use crate::connection::{Value, values};
use archwright_plan::ColumnSource;
use archwright_plan::model::{EntityId, FieldId, RoleId};
use serde_json::json;

pub(crate) fn create_row(
    job: &mut Job<'_>,
    entity: EntityId,
    given: &Given,
    sign_up: Option<(&str, RoleId)>,
) -> Result<Value, Failure> {
    let place = Place {
        position: next_position(job, entity, given)?,
        ..row::ALONE
    };
    let (id, changes) = row::create(job, entity, given, &place)?;
    let account = job.plan().model.account.as_ref();
    if account.is_some_and(|account| account.entity == entity) {
        match sign_up {
            Some((hash, role)) => credentials(job, &id, hash, &[role])?,
            None => credentials(job, &id, NO_PASSWORD, &[])?,
        }
    }
    whole::record(job, entity, &id, changes)?;
    Ok(id)
}

/// A part comes after those that its whole has.
fn next_position(job: &Job<'_>, entity: EntityId, given: &Given) -> Result<usize, Failure> {
    let table = job.plan().table(entity);
    let part = job.plan().model.entity(entity).part_of.as_ref();
    let (Some(part), Some(position)) = (part, table.column_from(ColumnSource::Position)) else {
        return Ok(0);
    };
    let Some(back) = table.column_from(ColumnSource::Field(part.back)) else {
        return Ok(0);
    };
    let mut columns = given.columns.iter();
    let whole = columns.find(|(field, _)| *field == part.back);
    let whole = whole.map_or(Value::Null, |(_, whole)| whole.clone());
    let quoted = |name: &str| job.dialect().identifier(name);
    let text = format!(
        "SELECT COALESCE(MAX({}), -1) + 1 FROM {} WHERE {} = ?1",
        quoted(&position.name),
        quoted(&table.name),
        quoted(&back.name)
    );
    let next: Option<u32> = job
        .connection
        .first(&text, &values![whole], |row| row.get(0))?;
    Ok(next.unwrap_or_default() as usize)
}

/// Gives an account another password, and ends its sessions but that of the call.
pub(crate) fn set_password(
    job: &Job<'_>,
    entity: EntityId,
    id: &Value,
    hash: &str,
) -> Result<(), Failure> {
    let update = "UPDATE \"auth_credentials\" \
                  SET \"password_hash\" = ?2, \"failed_count\" = 0, \"locked_until\" = NULL \
                  WHERE \"account_id\" = ?1";
    job.connection
        .execute(update, &values![id.clone(), hash.to_owned()])?;
    end_other_sessions(job.connection, id, job.context)?;
    audit::secret(job, entity, id, "password")
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
