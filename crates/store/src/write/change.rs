//! Changes single rows, and what follows from that: slugs, the instant, the version.

use super::checks::{Change, note};
use super::given::Given;
use super::job::Job;
use super::row::{Changes, fits, keep_settable, link_all, settable, slug_of, taken_slug};
use super::{audit, parts, refuse, value};
use crate::Failure;
use crate::connection::{Error, Value};
use archwright_plan::model::{EntityId, Field, FieldId};
use archwright_plan::{Column, ColumnSource, Plan};

/// Changes a row, its links and its parts as a body says.
pub(crate) fn update(
    job: &mut Job<'_>,
    entity: EntityId,
    id: &Value,
    given: &Given,
    at: &str,
) -> Result<Changes, Failure> {
    let allowed = settable(job, given, id)?;
    let mut changes = set(job, entity, id, &given.columns, at)?;
    for links in &given.links {
        link_all(job, id, links, &mut changes)?;
    }
    for given in &given.parts {
        parts::replace(job, id, given, at, &mut changes)?;
    }
    keep_settable(job, allowed, id)?;
    Ok(changes)
}

/// Sets columns, and what follows from them: slugs, the instant, the version.
pub(crate) fn set(
    job: &mut Job<'_>,
    entity: EntityId,
    id: &Value,
    columns: &[(FieldId, Value)],
    at: &str,
) -> Result<Changes, Failure> {
    let plan = job.plan();
    let mut columns = columns.to_vec();
    let derived = derive(plan, entity, &mut columns);
    let mut old = read(job, entity, id, &columns)?;
    let derived = changed(plan, derived, &mut columns, &mut old);
    if let Some(stamp) = job.writes().of(entity).updated_at {
        columns.push((stamp, Value::Integer(job.context.now)));
    }
    let fields: Vec<FieldId> = columns.iter().map(|(field, _)| *field).collect();
    note(job, entity, id, Change::Fields(&fields))?;
    for number in 2.. {
        let Err(error) = try_update(job, entity, id, &columns, !derived.is_empty())? else {
            break;
        };
        let taken = taken_slug(plan, entity, &derived, &error, number);
        let Some((field, slug)) = taken else {
            return Err(refuse::failure(plan, entity, at, error));
        };
        for (known, value) in &mut columns {
            if *known == field {
                *value = Value::Text(slug.clone());
            }
        }
    }
    note(job, entity, id, Change::Fields(&fields))?;
    let mut changes = Changes::new();
    for (index, (field, value)) in columns.iter().enumerate() {
        let from = old.get(index);
        audit::from_to(&mut changes, plan, plan.model.field(*field), from, value)?;
    }
    Ok(changes)
}

/// What the columns of fields hold.
fn read(
    job: &Job<'_>,
    entity: EntityId,
    id: &Value,
    columns: &[(FieldId, Value)],
) -> Result<Vec<Value>, Failure> {
    if columns.is_empty() {
        return Ok(Vec::new());
    }
    let table = job.plan().table(entity);
    let names: Vec<String> = columns
        .iter()
        .map(|(field, _)| column_name(job, *field))
        .collect::<Result<_, _>>()?;
    let text = format!(
        "SELECT {} FROM {} WHERE \"id\" = ?1",
        names.join(", "),
        job.dialect().identifier(&table.name)
    );
    let found = job
        .connection
        .first(&text, std::slice::from_ref(id), |row| {
            (0..names.len()).map(|index| row.get(index)).collect()
        });
    found?.ok_or(Failure::NotFound)
}

/// What the column of a field holds; nothing for a row that is not there.
pub(crate) fn stored(job: &Job<'_>, field: FieldId, id: &Value) -> Result<Value, Failure> {
    let text = format!(
        "SELECT {} FROM {} WHERE \"id\" = ?1",
        column_name(job, field)?,
        job.dialect()
            .identifier(&job.plan().table(field.entity).name)
    );
    let found = job
        .connection
        .first(&text, std::slice::from_ref(id), |row| row.get(0));
    Ok(found?.unwrap_or(Value::Null))
}

fn column(plan: &Plan, field: FieldId) -> Result<&Column, Failure> {
    let table = plan.table(field.entity);
    let column = table.column_from(ColumnSource::Field(field));
    column.ok_or_else(|| Failure::Internal("a field without a column".to_owned()))
}

fn column_name(job: &Job<'_>, field: FieldId) -> Result<String, Failure> {
    let column = column(job.plan(), field)?;
    Ok(job.dialect().identifier(&column.name))
}

/// Adds slugs that are made from other columns.
fn derive(plan: &Plan, entity: EntityId, columns: &mut Vec<(FieldId, Value)>) -> Vec<FieldId> {
    let mut derived = Vec::new();
    let follows = |field: &&Field| field.slug_from.is_some() && !field.immutable;
    for field in plan.model.entity(entity).fields.iter().filter(follows) {
        let is_given = columns.iter().any(|(known, _)| *known == field.id);
        let mut sources = columns.iter();
        let source = sources.find(|(known, _)| Some(*known) == field.slug_from);
        if let (false, Some((_, Value::Text(text)))) = (is_given, source) {
            derived.push(field.id);
            columns.push((field.id, Value::Text(slug_of(text))));
        }
    }
    derived
}

/// Takes those slugs out again whose source is what it was.
fn changed(
    plan: &Plan,
    derived: Vec<FieldId>,
    columns: &mut Vec<(FieldId, Value)>,
    old: &mut Vec<Value>,
) -> Vec<(FieldId, Value)> {
    let mut kept = Vec::new();
    for field in derived {
        let place = |wanted: Option<FieldId>| {
            let mut columns = columns.iter();
            columns.position(|(known, _)| Some(*known) == wanted)
        };
        let source = place(plan.model.field(field).slug_from);
        let is_same = source.is_some_and(|index| columns[index].1 == old[index]);
        let Some(own) = place(Some(field)) else {
            continue;
        };
        if is_same {
            columns.remove(own);
            old.remove(own);
        } else {
            kept.push(columns[own].clone());
        }
    }
    kept
}

fn try_update(
    job: &Job<'_>,
    entity: EntityId,
    id: &Value,
    columns: &[(FieldId, Value)],
    tries_again: bool,
) -> Result<Result<(), Error>, Failure> {
    let table = job.plan().table(entity);
    let quoted = |name: &str| job.dialect().identifier(name);
    let mut sets = Vec::new();
    let mut values = vec![id.clone()];
    let mut set = |column: &Column, value: Value| {
        values.push(value);
        let place = job.dialect().place(values.len(), column.ty);
        sets.push(format!("{} = {place}", quoted(&column.name)));
    };
    for (field, value) in columns {
        let own = column(job.plan(), *field)?;
        if let Err(error) = fits(own, value) {
            return Ok(Err(error));
        }
        set(own, value::column(job.shared, *field, id, value)?);
        if let Some(column) = table.column_from(ColumnSource::BlindIndex(*field)) {
            set(column, value::blind(job.shared, *field, value));
        }
    }
    if let Some(column) = table.column_from(ColumnSource::Version) {
        let name = quoted(&column.name);
        sets.push(format!("{name} = {name} + 1"));
    }
    if sets.is_empty() {
        return Ok(Ok(()));
    }
    let text = format!(
        "UPDATE {} SET {} WHERE \"id\" = ?1",
        quoted(&table.name),
        sets.join(", ")
    );
    let done = match tries_again {
        true => job.connection.attempt(&text, &values)?,
        false => job.connection.change(&text, &values),
    };
    Ok(done.map(drop))
}
