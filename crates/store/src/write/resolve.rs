//! Rows that a body names: looked up, if the caller may read them, and everything that is not there told at once.

use super::body::place;
use super::given::Given;
use super::job::Job;
use super::{change, scalar, value};
use crate::connection::{Value, values};
use crate::represent::bound;
use crate::{Failure, Fault};
use archwright_plan::ColumnSource;
use archwright_plan::model::EntityId;

/// Which references need not be readable.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// All have to be.
    None,
    /// Who signs up can't read the tenant yet that they join.
    Tenant,
}

/// Turns references into columns and addresses into ids. `id` is that of the row that the body changes, if it is there
/// already.
pub(crate) fn given(
    job: &mut Job<'_>,
    given: &mut Given,
    id: Option<&Value>,
    trust: Trust,
) -> Result<(), Failure> {
    for reference in std::mem::take(&mut given.references) {
        let entity = job.plan().model.entity(reference.field.entity);
        let trusted = trust == Trust::Tenant && entity.tenant == Some(reference.field);
        let found = match trusted {
            true => existing(job, reference.entity, &reference.address)?,
            false => readable(job, reference.entity, &reference.address)?,
        };
        match found {
            Some(id) => given.columns.push((reference.field, id)),
            None => not_found(job, &reference.at),
        }
    }
    for links in &mut given.links {
        for (at, address) in &mut links.rows {
            match readable(job, links.entity, address)? {
                Some(id) => *address = id,
                None => not_found(job, at),
            }
        }
    }
    merges(job, given, id)?;
    for parts in &mut given.parts {
        for item in &mut parts.items {
            if let (Some(part), Some(whole)) = (&item.id, id)
                && !is_part(job, parts.entity, part, whole)?
            {
                not_found(job, &place(&item.at, "id"));
                continue;
            }
            let part = item.id.clone();
            self::given(job, &mut item.given, part.as_ref(), trust)?;
        }
    }
    Ok(())
}

pub(crate) fn not_found(job: &mut Job<'_>, at: &str) {
    job.faults.push(Fault {
        at: at.to_owned(),
        code: "not-found",
        message: "There is no such row, or you may not know of it.".to_owned(),
    });
}

/// The id of a row that the caller may read, by its id or natural key.
pub(crate) fn readable(
    job: &Job<'_>,
    entity: EntityId,
    address: &Value,
) -> Result<Option<Value>, Failure> {
    let shared = job.shared;
    let statement = shared.compiled.lookup(&shared.plan, entity, job.classes)?;
    let values = [address.clone()];
    let values = bound(&statement, &Value::Null, &job.bindings(&values))?;
    job.connection
        .first(&statement.text, &values, |row| row.get(0))
}

/// The id of a row, whoever asks.
pub(crate) fn existing(
    job: &Job<'_>,
    entity: EntityId,
    address: &Value,
) -> Result<Option<Value>, Failure> {
    let found = version(job, entity, address)?;
    Ok(found.map(|(id, _)| id))
}

/// Id and version of a row that is not deleted.
pub(crate) fn version(
    job: &Job<'_>,
    entity: EntityId,
    address: &Value,
) -> Result<Option<(Value, Option<i64>)>, Failure> {
    let find = &job.writes().of(entity).find;
    job.connection
        .first(find, std::slice::from_ref(address), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
}

fn is_part(job: &Job<'_>, entity: EntityId, id: &Value, whole: &Value) -> Result<bool, Failure> {
    let plan = job.plan();
    let back = plan.model.entity(entity).part_of.map(|part| part.back);
    let back = back.and_then(|back| plan.table(entity).column_from(ColumnSource::Field(back)));
    let back = back.ok_or_else(|| Failure::Internal("a part without a whole".to_owned()))?;
    let quoted = |name: &str| job.dialect().identifier(name);
    let active = match plan.table(entity).column_from(ColumnSource::DeletedAt) {
        Some(column) => format!(" AND {} IS NULL", quoted(&column.name)),
        None => String::new(),
    };
    let text = format!(
        "SELECT 1 FROM {} WHERE \"id\" = ?1 AND {} = ?2{active}",
        quoted(&plan.table(entity).name),
        quoted(&back.name)
    );
    let values = values![id.clone(), whole.clone()];
    let found = job.connection.first(&text, &values, |_| Ok(()))?;
    Ok(found.is_some())
}

/// Documents with their patches in them.
fn merges(job: &mut Job<'_>, given: &mut Given, id: Option<&Value>) -> Result<(), Failure> {
    for merge in std::mem::take(&mut given.merges) {
        let id = id.unwrap_or(&Value::Null);
        let stored = change::stored(job, merge.field, id)?;
        let old = value::document(job.shared, merge.field, id, stored)?;
        match scalar::document(&value::merged(old, &merge.patch)) {
            Ok(document) => given.columns.push((merge.field, document)),
            Err((code, message)) => job.faults.push(Fault {
                at: merge.at,
                code,
                message,
            }),
        }
    }
    Ok(())
}
