//! Parts, which are written with their whole.

use super::given::{Given, Parts};
use super::job::Job;
use super::row::{self, Changes, Place, part_place};
use super::{audit, change, delete};
use crate::Failure;
use crate::connection::{Value, values};
use archwright_plan::ColumnSource;
use archwright_plan::model::FieldId;
use serde_json::{Value as Json, json};

/// The parts of a new whole.
pub(crate) fn create(
    job: &mut Job<'_>,
    whole: &Value,
    parts: &Parts,
    at: &str,
    changes: &mut Changes,
) -> Result<(), Failure> {
    let back = back(job, parts)?;
    let mut items = Vec::with_capacity(parts.items.len());
    for (position, part) in parts.items.iter().enumerate() {
        let at = part_place(at, job.plan(), parts.field, position);
        items.push(add(job, parts, &part.given, (back, whole), position, &at)?);
    }
    if !items.is_empty() {
        audit::list(changes, job.plan(), parts.field, items);
    }
    Ok(())
}

/// These parts and no others, in this order: kept ones change, the rest goes.
pub(crate) fn replace(
    job: &mut Job<'_>,
    whole: &Value,
    parts: &Parts,
    at: &str,
    changes: &mut Changes,
) -> Result<(), Failure> {
    let back = back(job, parts)?;
    let kept: Vec<&Value> = parts
        .items
        .iter()
        .filter_map(|part| part.id.as_ref())
        .collect();
    for id in delete::referring(job, back, whole, delete::Among::Active)? {
        if !kept.contains(&&id) {
            delete::part(job, parts.entity, &id, whole)?;
        }
    }
    let mut items = Vec::with_capacity(parts.items.len());
    for (position, part) in parts.items.iter().enumerate() {
        let at = part_place(at, job.plan(), parts.field, position);
        items.push(match &part.id {
            Some(id) => {
                move_to(job, parts, id, position)?;
                let mut changes = change::update(job, parts.entity, id, &part.given, &at)?;
                changes.insert("id".to_owned(), audit::id(id));
                Json::Object(changes)
            }
            None => add(job, parts, &part.given, (back, whole), position, &at)?,
        });
    }
    audit::list(changes, job.plan(), parts.field, items);
    Ok(())
}

fn back(job: &Job<'_>, parts: &Parts) -> Result<FieldId, Failure> {
    let part = job.plan().model.entity(parts.entity).part_of;
    part.map(|part| part.back)
        .ok_or_else(|| Failure::Internal("a part without a whole".to_owned()))
}

fn add(
    job: &mut Job<'_>,
    parts: &Parts,
    given: &Given,
    (back, whole): (FieldId, &Value),
    position: usize,
    at: &str,
) -> Result<Json, Failure> {
    let place = Place {
        at,
        whole: Some((back, whole)),
        position,
    };
    let (id, mut changes) = row::create(job, parts.entity, given, &place)?;
    changes.insert("id".to_owned(), json!(audit::id(&id)));
    Ok(Json::Object(changes))
}

fn move_to(job: &Job<'_>, parts: &Parts, id: &Value, position: usize) -> Result<(), Failure> {
    let table = job.plan().table(parts.entity);
    let Some(column) = table.column_from(ColumnSource::Position) else {
        return Ok(());
    };
    let quoted = |name: &str| job.dialect().identifier(name);
    let text = format!(
        "UPDATE {} SET {} = ?2 WHERE \"id\" = ?1",
        quoted(&table.name),
        quoted(&column.name)
    );
    let values = values![id.clone(), position as i64];
    job.connection.execute(&text, &values).map(drop)
}
