//! Rows that a body names: looked up, if the caller may read them, and everything that is not there told at once.

use super::body::place;
use super::given::{Given, Reference};
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
    let mut named = Vec::new();
    names(job, given, trust, &mut named);
    let mut found = all_readable(job, &named)?.into_iter();
    resolved(job, given, id, trust, &mut found)
}

/// Whether a reference need not be readable.
fn is_trusted(job: &Job<'_>, reference: &Reference, trust: Trust) -> bool {
    let entity = job.plan().model.entity(reference.field.entity);
    trust == Trust::Tenant && entity.tenant == Some(reference.field)
}

/// All rows that have to be readable, in the order in which [`resolved`] takes them.
fn names<'g>(job: &Job<'_>, given: &'g Given, trust: Trust, to: &mut Vec<(EntityId, &'g Value)>) {
    let references = given.references.iter();
    let references = references.filter(|reference| !is_trusted(job, reference, trust));
    to.extend(references.map(|reference| (reference.entity, &reference.address)));
    for links in &given.links {
        to.extend(links.rows.iter().map(|(_, row)| (links.entity, row)));
    }
    let parts = given.parts.iter().flat_map(|parts| &parts.items);
    parts.for_each(|part| names(job, &part.given, trust, to));
}

/// `found` has what became of the names.
fn resolved(
    job: &mut Job<'_>,
    given: &mut Given,
    id: Option<&Value>,
    trust: Trust,
    found: &mut impl Iterator<Item = Option<Value>>,
) -> Result<(), Failure> {
    for reference in std::mem::take(&mut given.references) {
        let row = match is_trusted(job, &reference, trust) {
            true => existing(job, reference.entity, &reference.address)?,
            false => found.next().flatten(),
        };
        match row {
            Some(id) => given.columns.push((reference.field, id)),
            None => not_found(job, &reference.at),
        }
    }
    for links in &mut given.links {
        for (at, address) in &mut links.rows {
            match found.next().flatten() {
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
                let mut others = Vec::new();
                names(job, &item.given, trust, &mut others);
                found.by_ref().take(others.len()).for_each(drop);
                continue;
            }
            let part = item.id.clone();
            resolved(job, &mut item.given, part.as_ref(), trust, found)?;
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
    Ok(all_readable(job, &[(entity, address)])?.pop().flatten())
}

/// The same for several rows, asked for together.
fn all_readable(
    job: &Job<'_>,
    named: &[(EntityId, &Value)],
) -> Result<Vec<Option<Value>>, Failure> {
    let shared = job.shared;
    let statements = named.iter().map(|(entity, address)| {
        let statement = shared.compiled.lookup(&shared.plan, *entity, job.classes)?;
        let values = [(*address).clone()];
        let values = bound(&statement, &Value::Null, &job.bindings(&values))?;
        Ok((statement, values))
    });
    let statements = statements.collect::<Result<Vec<_>, Failure>>()?;
    let asked = statements.iter();
    let asked: Vec<_> = asked
        .map(|(statement, values)| (statement.text.as_str(), values.clone()))
        .collect();
    job.connection.firsts(&asked, |row| row.get(0))
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
