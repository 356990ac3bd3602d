//! Parts that change without a write of their whole: the whole gets the new version and the audit entry.

use super::job::Job;
use super::row::Changes;
use super::{audit, change};
use crate::Failure;
use crate::connection::Value;
use archwright_plan::model::{EntityId, FieldId};
use serde_json::Value as Json;

/// The row that a part belongs to, and the field that holds the part there.
#[derive(Clone)]
pub(crate) struct Whole {
    pub field: FieldId,
    pub id: Value,
}

pub(crate) fn of(job: &Job<'_>, entity: EntityId, id: &Value) -> Result<Option<Whole>, Failure> {
    let Some(part) = job.plan().model.entity(entity).part_of else {
        return Ok(None);
    };
    Ok(Some(Whole {
        field: part.field,
        id: change::stored(job, part.back, id)?,
    }))
}

/// Audits what became of a row: of a part in its whole, however far up, which is then another version.
pub(crate) fn record(
    job: &mut Job<'_>,
    entity: EntityId,
    id: &Value,
    changes: Changes,
) -> Result<(), Failure> {
    match of(job, entity, id)? {
        Some(whole) => through(job, &whole, id, changes),
        None => audit::record(job, entity, id, changes),
    }
}

/// Audits what became of a part, which may be gone.
pub(crate) fn through(
    job: &mut Job<'_>,
    whole: &Whole,
    part: &Value,
    mut changes: Changes,
) -> Result<(), Failure> {
    changes.insert("id".to_owned(), audit::id(part));
    let mut outer = Changes::new();
    audit::list(
        &mut outer,
        job.plan(),
        whole.field,
        vec![Json::Object(changes)],
    );
    change::set(job, whole.field.entity, &whole.id, &[], "")?;
    record(job, whole.field.entity, &whole.id, outer)
}
