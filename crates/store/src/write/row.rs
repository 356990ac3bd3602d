//! Makes and changes single rows, with what belongs to them: links, parts, and what follows from other values.

use super::body::{Given, Links, place};
use super::checks::{Change, note};
use super::job::Job;
use super::prepare::DefaultValue;
use super::{audit, parts, refuse, value};
use crate::Failure;
use crate::read::database;
use crate::represent::{Rule, bound};
use archwright_plan::model::{EntityId, Field, FieldId, ScalarType};
use archwright_plan::{ColumnSource, Plan};
use archwright_sql::{Dialect, Phase, Statement};
use rusqlite::OptionalExtension;
use rusqlite::types::Value;
use serde_json::{Map, Value as Json};

/// Numbered slugs that are tried when the plain one is taken.
const MOST_NUMBERS: usize = 100;
const MOST_SLUG: usize = 100;

/// What is known of a new row beside its body.
pub(crate) struct Place<'a> {
    /// JSON Pointer to its object.
    pub at: &'a str,
    /// Of a part: the field that points back, and the whole's id.
    pub whole: Option<(FieldId, &'a Value)>,
    pub position: usize,
}

pub(crate) const ALONE: Place<'static> = Place {
    at: "",
    whole: None,
    position: 0,
};

/// What a write did to a row, for the audit.
pub(crate) type Changes = Map<String, Json>;

/// Makes a row with its links and parts, and gives its id.
pub(crate) fn create(
    job: &mut Job<'_>,
    entity: EntityId,
    given: &Given,
    place: &Place<'_>,
) -> Result<(Value, Changes), Failure> {
    let plan = job.plan();
    let id = super::id::next(job, entity)?;
    let mut values = Values::new(plan, entity);
    if let Some((back, whole)) = place.whole {
        values.set(back, whole.clone());
    }
    for (field, value) in &given.columns {
        values.set(*field, value.clone());
    }
    let is_derived = fill(job, entity, given, &mut values)?;
    insert(job, entity, &id, &mut values, place, is_derived)?;
    note(job, entity, &id, Change::Whole)?;
    let mut changes = Changes::new();
    for field in &plan.model.entity(entity).fields {
        let value = values.of(field.id);
        let is_back = place.whole.is_some_and(|(back, _)| back == field.id);
        if *value != Value::Null && !is_back {
            audit::to(&mut changes, plan, field, value)?;
        }
    }
    for links in &given.links {
        link_all(job, &id, links, &mut changes)?;
    }
    for given in &given.parts {
        parts::create(job, &id, given, place.at, &mut changes)?;
    }
    let allowed = settable(job, given, &id)?;
    keep_settable(job, allowed, &id)?;
    Ok((id, changes))
}

/// A value for each field of an entity, by its position.
struct Values(Vec<Value>);

impl Values {
    fn new(plan: &Plan, entity: EntityId) -> Self {
        Self(vec![Value::Null; plan.model.entity(entity).fields.len()])
    }

    fn set(&mut self, field: FieldId, value: Value) {
        self.0[field.index] = value;
    }

    fn of(&self, field: FieldId) -> &Value {
        &self.0[field.index]
    }
}

/// Owner, tenant, instants, defaults and slugs of a new row. Gives the slugs that were made.
fn fill(
    job: &Job<'_>,
    entity: EntityId,
    given: &Given,
    values: &mut Values,
) -> Result<Vec<FieldId>, Failure> {
    let definition = job.plan().model.entity(entity);
    let writes = job.writes().of(entity);
    let is_given = |field: FieldId| given.columns.iter().any(|(known, _)| *known == field);
    if let Some(owner) = definition.owner.filter(|owner| !is_given(*owner)) {
        let caller = job
            .bindings(&[])
            .value(&archwright_sql::Parameter::CallerId)?;
        if caller == Value::Null && !job.plan().model.field(owner).optional {
            return Err(Failure::Unauthorized);
        }
        values.set(owner, caller);
    }
    if let (Some(tenant), Some(statement)) = (
        definition.tenant.filter(|tenant| !is_given(*tenant)),
        &job.writes().tenant,
    ) {
        values.set(tenant, one(job, statement)?);
        if *values.of(tenant) == Value::Null && !job.plan().model.field(tenant).optional {
            return Err(refuse::by_rule(job.classes, &job.definition().guard));
        }
    }
    for stamp in [writes.created_at, writes.updated_at].into_iter().flatten() {
        values.set(stamp, Value::Integer(job.context.now));
    }
    for (field, default) in &writes.defaults {
        if is_given(*field) {
            continue;
        }
        match default {
            DefaultValue::Fixed(value) => values.set(*field, value.clone()),
            DefaultValue::Computed(statement) => values.set(*field, one(job, statement)?),
        }
    }
    let mut derived = Vec::new();
    for field in &definition.fields {
        if let Some(source) = field.slug_from
            && *values.of(field.id) == Value::Null
            && let Value::Text(text) = values.of(source)
        {
            let slug = slug_of(text);
            values.set(field.id, Value::Text(slug));
            derived.push(field.id);
        }
    }
    Ok(derived)
}

/// The one value of a statement without a row.
fn one(job: &Job<'_>, statement: &Statement) -> Result<Value, Failure> {
    let mut prepared = bound(job.connection, statement, &Value::Null, &job.bindings(&[]))?;
    let mut rows = prepared.raw_query();
    match rows.next().map_err(database)? {
        Some(row) => row.get(0).map_err(database),
        None => Ok(Value::Null),
    }
}

/// Words of a-z and 0-9 joined by hyphens.
pub(crate) fn slug_of(text: &str) -> String {
    let mut slug = slug::slugify(text);
    slug.truncate(MOST_SLUG);
    match slug.trim_end_matches('-') {
        "" => "untitled".to_owned(),
        trimmed => trimmed.to_owned(),
    }
}

/// `a-title-2`, cut so that the number fits.
fn numbered(slug: &str, number: usize) -> String {
    let end = format!("-{number}");
    let mut slug = slug.to_owned();
    slug.truncate(MOST_SLUG - end.len());
    format!("{}{end}", slug.trim_end_matches('-'))
}

fn insert(
    job: &Job<'_>,
    entity: EntityId,
    id: &Value,
    values: &mut Values,
    place: &Place<'_>,
    derived: Vec<FieldId>,
) -> Result<(), Failure> {
    let plain: Vec<(FieldId, Value)> = derived
        .into_iter()
        .map(|field| (field, values.of(field).clone()))
        .collect();
    for number in 2.. {
        let Err(error) = try_insert(job, entity, id, values, place.position)? else {
            return Ok(());
        };
        let taken = taken_slug(job.plan(), entity, &plain, &error, number);
        let Some((field, slug)) = taken else {
            return Err(refuse::failure(job.plan(), entity, place.at, error));
        };
        values.set(field, Value::Text(slug));
    }
    Ok(())
}

/// The next slug to try, when the error says that one that was made is taken.
fn taken_slug(
    plan: &Plan,
    entity: EntityId,
    derived: &[(FieldId, Value)],
    error: &rusqlite::Error,
    number: usize,
) -> Option<(FieldId, String)> {
    let Some(refuse::Violation::Unique(unique)) = refuse::violation(plan, entity, error) else {
        return None;
    };
    let mut derived = derived.iter();
    match derived.find(|(field, _)| unique.fields.contains(field)) {
        Some((field, Value::Text(slug))) if number <= MOST_NUMBERS => {
            Some((*field, numbered(slug, number)))
        }
        _ => None,
    }
}

fn try_insert(
    job: &Job<'_>,
    entity: EntityId,
    id: &Value,
    values: &Values,
    position: usize,
) -> Result<Result<(), rusqlite::Error>, Failure> {
    let insert = &job.writes().of(entity).insert;
    let mut statement = job.connection.prepare_cached(insert).map_err(database)?;
    for (index, column) in job.plan().table(entity).columns.iter().enumerate() {
        let value = match column.source {
            ColumnSource::Id => id.clone(),
            ColumnSource::Field(field) => value::column(job.shared, field, id, values.of(field))?,
            ColumnSource::BlindIndex(field) => value::blind(job.shared, field, values.of(field)),
            ColumnSource::Version => Value::Integer(1),
            ColumnSource::Position => Value::Integer(position as i64),
            _ => Value::Null,
        };
        statement
            .raw_bind_parameter(index + 1, value)
            .map_err(database)?;
    }
    Ok(statement.raw_execute().map(|_| ()))
}

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
        let Err(error) = try_update(job, entity, id, &columns)? else {
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
        .map(|(field, _)| column_name(job.plan(), *field))
        .collect::<Result<_, _>>()?;
    let text = format!(
        "SELECT {} FROM {} WHERE \"id\" = ?1",
        names.join(", "),
        Dialect::Sqlite.identifier(&table.name)
    );
    let mut statement = job.connection.prepare_cached(&text).map_err(database)?;
    statement
        .query_row([id], |row| {
            (0..names.len()).map(|index| row.get(index)).collect()
        })
        .map_err(database)
}

/// What the column of a field holds; nothing for a row that is not there.
pub(crate) fn stored(job: &Job<'_>, field: FieldId, id: &Value) -> Result<Value, Failure> {
    let text = format!(
        "SELECT {} FROM {} WHERE \"id\" = ?1",
        column_name(job.plan(), field)?,
        Dialect::Sqlite.identifier(&job.plan().table(field.entity).name)
    );
    let mut statement = job.connection.prepare_cached(&text).map_err(database)?;
    let found = statement.query_row([id], |row| row.get(0)).optional();
    Ok(found.map_err(database)?.unwrap_or(Value::Null))
}

fn column_name(plan: &Plan, field: FieldId) -> Result<String, Failure> {
    let column = plan
        .table(field.entity)
        .column_from(ColumnSource::Field(field));
    let column = column.ok_or_else(|| Failure::Internal("a field without a column".to_owned()))?;
    Ok(Dialect::Sqlite.identifier(&column.name))
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
) -> Result<Result<(), rusqlite::Error>, Failure> {
    let table = job.plan().table(entity);
    let quoted = |name: &str| Dialect::Sqlite.identifier(name);
    let mut sets = Vec::new();
    let mut values = vec![id.clone()];
    for (field, value) in columns {
        values.push(value::column(job.shared, *field, id, value)?);
        sets.push(format!(
            "{} = ?{}",
            column_name(job.plan(), *field)?,
            values.len()
        ));
        if let Some(column) = table.column_from(ColumnSource::BlindIndex(*field)) {
            values.push(value::blind(job.shared, *field, value));
            sets.push(format!("{} = ?{}", quoted(&column.name), values.len()));
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
    let mut statement = job.connection.prepare_cached(&text).map_err(database)?;
    Ok(statement
        .execute(rusqlite::params_from_iter(values))
        .map(|_| ()))
}

/// Leads a many-to-many relation to these rows and no others.
fn link_all(
    job: &mut Job<'_>,
    id: &Value,
    links: &Links,
    changes: &mut Changes,
) -> Result<(), Failure> {
    let wanted: Vec<&Value> = links.rows.iter().map(|(_, row)| row).collect();
    let linked = super::link::linked(job, links.field, id)?;
    for other in linked.iter().filter(|other| !wanted.contains(other)) {
        super::link::remove(job, links.field, id, other)?;
    }
    for other in wanted.into_iter().filter(|other| !linked.contains(other)) {
        super::link::add(job, links.field, id, other)?;
    }
    if !links.rows.is_empty() || !linked.is_empty() {
        let ids = links.rows.iter().map(|(_, row)| audit::id(row)).collect();
        audit::list(changes, job.plan(), links.field, ids);
    }
    Ok(())
}

/// Restricted fields that a body names, and the alternatives that hold on the row as it is.
type Allowed<'g> = Vec<(&'g str, FieldId, Vec<usize>)>;

fn settable<'g>(job: &Job<'_>, given: &'g Given, id: &Value) -> Result<Allowed<'g>, Failure> {
    let mut allowed = Vec::new();
    for restricted in &given.restricted {
        let held = job.holding(Rule::Settable(restricted.field), Phase::Before, id)?;
        allowed.push((
            restricted.name.as_str(),
            restricted.field,
            held.unwrap_or_default(),
        ));
    }
    Ok(allowed)
}

/// Keeps in mind those that the caller may not set, now that the row is as it is left.
fn keep_settable(job: &mut Job<'_>, allowed: Allowed<'_>, id: &Value) -> Result<(), Failure> {
    for (name, field, held) in allowed {
        if job.kept(Rule::Settable(field), id, held)?.is_empty() {
            job.forbidden.push(name.to_owned());
        }
    }
    Ok(())
}

/// The stored file that a column names.
pub(crate) fn is_file(field: &Field) -> bool {
    matches!(field.scalar(), Some(ScalarType::File { .. }))
}

/// Where a part's object is.
pub(crate) fn part_place(at: &str, plan: &Plan, field: FieldId, index: usize) -> String {
    format!("{}/{index}", place(at, &plan.model.json_name(field)))
}
