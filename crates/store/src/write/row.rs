//! Makes and changes single rows, with what belongs to them: links, parts, and what follows from other values.

use super::body::place;
use super::checks::{Change, note};
use super::given::{Given, Links};
use super::job::Job;
use super::prepare::DefaultValue;
use super::{audit, parts, refuse, value};
use crate::Failure;
use crate::connection::{Error, Value};
use crate::represent::{Rule, bound};
use archwright_plan::model::{EntityId, Field, FieldId, LARGEST_INDEXED_BYTES, ScalarType};
use archwright_plan::{Column, ColumnSource, ColumnType, Plan, Table};
use archwright_sql::{Phase, Statement};
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
    job.as_owner(|job| {
        for links in &given.links {
            link_all(job, &id, links, &mut changes)?;
        }
        for given in &given.parts {
            parts::create(job, &id, given, place.at, &mut changes)?;
        }
        Ok::<(), Failure>(())
    })?;
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
            && !is_given(field.id)
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
    let values = bound(statement, &Value::Null, &job.bindings(&[]))?;
    let found = job
        .connection
        .first(&statement.text, &values, |row| row.get(0))?;
    Ok(found.unwrap_or(Value::Null))
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
        let value_of = |field| Ok(values.of(field).clone());
        let Err(error) = put(job, entity, id, place, !plain.is_empty(), &value_of)? else {
            return Ok(());
        };
        let taken = taken_slug(job.plan(), entity, &plain, &error, number);
        let Some((field, slug)) = taken else {
            return Err(refuse::written(job, entity, place.at, error));
        };
        values.set(field, Value::Text(slug));
    }
    Ok(())
}

/// The next slug to try, when the error says that one that was made is taken.
pub(crate) fn taken_slug(
    plan: &Plan,
    entity: EntityId,
    derived: &[(FieldId, Value)],
    error: &Error,
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

/// Inserts a row of first version whose fields have these values, before any is sealed.
pub(crate) fn put(
    job: &Job<'_>,
    entity: EntityId,
    id: &Value,
    place: &Place<'_>,
    tries_again: bool,
    value_of: &dyn Fn(FieldId) -> Result<Value, Failure>,
) -> Result<Result<(), Error>, Failure> {
    let insert = &job.writes().of(entity).insert;
    let table = job.plan().table(entity);
    let columns = &table.columns;
    for column in columns {
        if let ColumnSource::Field(field) = column.source
            && let Err(error) = fits(table, column, &value_of(field)?)
        {
            return Ok(Err(error));
        }
    }
    let values = columns.iter().map(|column| {
        Ok(match column.source {
            ColumnSource::Id => id.clone(),
            ColumnSource::Field(field) => value::column(job.shared, field, id, &value_of(field)?)?,
            ColumnSource::BlindIndex(field) => value::blind(job.shared, field, &value_of(field)?),
            ColumnSource::Version => Value::Integer(1),
            ColumnSource::Position => Value::Integer(place.position as i64),
            _ => Value::Null,
        })
    });
    let values = values.collect::<Result<Vec<_>, Failure>>()?;
    job.changing(id, || match tries_again {
        true => {
            let done = job.connection.attempt(insert, &values)?;
            Ok(done.map(drop))
        }
        false => Ok(job.put(entity, place.at, insert, values)),
    })?
}

/// Whether a number is in the range of its column, and a text short enough for the table's indexes. PostgreSQL would
/// not say which column it was.
pub(crate) fn fits(table: &Table, column: &Column, value: &Value) -> Result<(), Error> {
    let ColumnSource::Field(field) = column.source else {
        return Ok(());
    };
    let range = match column.ty {
        ColumnType::Int32 => i64::from(i32::MIN)..=i64::from(i32::MAX),
        ColumnType::Int64 => i64::MIN..=i64::MAX,
        ColumnType::Decimal { precision, .. } => {
            let most = 10_i64.checked_pow(precision);
            let most = most.map_or(i64::MAX, |power| power - 1);
            -most..=most
        }
        ColumnType::Text { .. } => {
            let Value::Text(text) = value else {
                return Ok(());
            };
            // Each column's share is at least an equal one.
            if text.len() * table.columns.len() <= LARGEST_INDEXED_BYTES {
                return Ok(());
            }
            return match table.most_bytes(&column.name) {
                Some(most) if text.len() > most => Err(Error::TooLong(field, most)),
                _ => Ok(()),
            };
        }
        _ => return Ok(()),
    };
    match value {
        Value::Integer(number) if !range.contains(number) => Err(Error::OutOfRange(field)),
        Value::Real(_) => Err(Error::TooLarge(field)),
        _ => Ok(()),
    }
}

/// Leads a many-to-many relation to these rows and no others.
pub(crate) fn link_all(
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
pub(crate) type Allowed<'g> = Vec<(&'g str, FieldId, Vec<usize>)>;

pub(crate) fn settable<'g>(
    job: &Job<'_>,
    given: &'g Given,
    id: &Value,
) -> Result<Allowed<'g>, Failure> {
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
pub(crate) fn keep_settable(
    job: &mut Job<'_>,
    allowed: Allowed<'_>,
    id: &Value,
) -> Result<(), Failure> {
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
