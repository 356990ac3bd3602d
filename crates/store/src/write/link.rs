//! Pairs of many-to-many relations.

use super::checks::{Change, note};
use super::job::Job;
use crate::Failure;
use crate::connection::{Value, values};
use crate::represent::unsupported;
use archwright_plan::model::FieldId;
use archwright_sql::Printer;

/// The link table of a canonical field, and its columns to the near and the far rows.
fn table(job: &Job<'_>, field: FieldId) -> Result<(String, String, String), Failure> {
    Printer::new(job.plan(), job.dialect())
        .link(field, field)
        .map_err(|error| Failure::Internal(error.to_string()))
}

/// Whether the pair was new.
pub(crate) fn add(
    job: &mut Job<'_>,
    field: FieldId,
    near: &Value,
    far: &Value,
) -> Result<bool, Failure> {
    let (link, near_column, far_column) = table(job, field)?;
    let text = format!(
        "INSERT INTO {link} ({near_column}, {far_column}) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
    );
    change(job, field, (near, far), &text)
}

/// Whether there was such a pair.
pub(crate) fn remove(
    job: &mut Job<'_>,
    field: FieldId,
    near: &Value,
    far: &Value,
) -> Result<bool, Failure> {
    let (link, near_column, far_column) = table(job, field)?;
    let text = format!("DELETE FROM {link} WHERE {near_column} = ?1 AND {far_column} = ?2");
    change(job, field, (near, far), &text)
}

fn change(
    job: &mut Job<'_>,
    field: FieldId,
    (near, far): (&Value, &Value),
    text: &str,
) -> Result<bool, Failure> {
    watch(job, field, (near, far))?;
    let pair = values![near.clone(), far.clone()];
    let changed = job.changing(near, || job.connection.change(text, &pair))?;
    let changed = changed.map_err(|error| match error.is_foreign_key() {
        // One of them is gone by now.
        true => Failure::NotFound,
        false => error.into(),
    })? > 0;
    watch(job, field, (near, far))?;
    Ok(changed)
}

/// Checks may read the pair from either side.
fn watch(job: &mut Job<'_>, field: FieldId, (near, far): (&Value, &Value)) -> Result<(), Failure> {
    let target = job.plan().model.field(field).to_many();
    let target = target.map(|relation| relation.target);
    let target = target
        .ok_or_else(|| Failure::Internal(unsupported("a link of a relation to one").to_string()))?;
    note(job, field.entity, near, Change::Fields(&[field]))?;
    note(job, target, far, Change::Fields(&[field]))
}

/// The far rows that a row is linked to.
pub(crate) fn linked(job: &Job<'_>, field: FieldId, near: &Value) -> Result<Vec<Value>, Failure> {
    let (link, near_column, far_column) = table(job, field)?;
    let text = format!("SELECT {far_column} FROM {link} WHERE {near_column} = ?1");
    job.connection
        .all(&text, std::slice::from_ref(near), |row| row.get(0))
}
