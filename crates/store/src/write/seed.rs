//! Rows put into an empty database wholesale.

use super::job::Job;
use super::row::Place;
use super::{checks, id, link, refuse, roles, row, value};
use crate::connection::{Connection, Value, values};
use crate::represent::id_value;
use crate::{Context, Failure, Shared};
use archwright_plan::model::{EntityId, FieldId, Literal};
use archwright_plan::{Plan, SeedRow};
use archwright_sql::{Classes, Dialect};
use std::collections::BTreeMap;

/// Rows between two reports of progress.
const STEP: usize = 100;

/// Under this name `schema_info` tells when accounts were seeded.
const RECORD: &str = "seeded_accounts";

pub(crate) fn is_recorded(connection: &Connection) -> Result<bool, Failure> {
    let text = "SELECT 1 FROM \"schema_info\" WHERE \"name\" = ?1";
    let found = connection.first(text, &values![RECORD.to_owned()], |_| Ok(()))?;
    Ok(found.is_some())
}

fn record(connection: &Connection, now: i64) -> Result<(), Failure> {
    let text = "INSERT INTO \"schema_info\" (\"name\", \"value\") VALUES (?1, ?2) \
                ON CONFLICT (\"name\") DO UPDATE SET \"value\" = excluded.\"value\"";
    let values = values![RECORD.to_owned(), now.to_string()];
    connection.execute(text, &values).map(drop)
}

/// All of the rows, and every constraint judged. Optional references may point forwards, so references are judged
/// when all rows are in.
pub(crate) fn put(
    connection: &Connection,
    shared: &Shared,
    rows: &[SeedRow],
    hashes: &BTreeMap<String, String>,
    now: i64,
    progress: &dyn Fn(usize),
) -> Result<(), Failure> {
    let context = Context {
        caller: None,
        now,
        request_id: String::new(),
    };
    let classes = Classes::anonymous();
    let job = Job::new(connection, shared, &context, &classes, 0);
    connection.batch(match shared.dialect {
        Dialect::Sqlite => "PRAGMA defer_foreign_keys = ON",
        Dialect::Postgres => "SET CONSTRAINTS ALL DEFERRED",
    })?;
    for (index, row) in rows.iter().enumerate() {
        insert(&job, row, hashes)?;
        if (index + 1) % STEP == 0 {
            progress(index + 1);
        }
    }
    if rows.iter().any(|row| row.account.is_some()) {
        record(connection, now)?;
    }
    let mut linking = Job::new(connection, shared, &context, &classes, 0);
    for row in rows {
        let near = own_id(&job, row)?;
        for (field, others) in &row.links {
            for other in others {
                let target = shared.plan.model.field(*field).to_many();
                let target = target.map(|relation| relation.target);
                let far = target.and_then(|target| id_value(&shared.plan, target, other));
                let far = far.ok_or_else(|| unknown(&shared.plan, row, other))?;
                link::add(&mut linking, *field, &near, &far)?;
            }
        }
    }
    references_hold(connection, shared.dialect)?;
    id::continue_after(&job)?;
    if let Some(broken) = checks::first_broken(&job)? {
        return Err(Failure::Internal(format!(
            "a row of the seed breaks a check of {broken}"
        )));
    }
    progress(rows.len());
    Ok(())
}

fn unknown(plan: &Plan, row: &SeedRow, id: &str) -> Failure {
    let entity = &plan.model.entity(row.entity).name;
    Failure::Internal(format!(
        "a row of {entity} in the seed has {id:?} for an id"
    ))
}

fn own_id(job: &Job<'_>, row: &SeedRow) -> Result<Value, Failure> {
    id_value(job.plan(), row.entity, &row.id).ok_or_else(|| unknown(job.plan(), row, &row.id))
}

fn insert(job: &Job<'_>, row: &SeedRow, hashes: &BTreeMap<String, String>) -> Result<(), Failure> {
    let plan = job.plan();
    let id = own_id(job, row)?;
    let position = row.position.unwrap_or(0) as usize;
    let place = Place {
        position,
        ..row::ALONE
    };
    let put = row::put(job, row.entity, &id, &place, false, &|field| {
        stored(plan, row, field)
    })?;
    put.map_err(|error| {
        let entity = &plan.model.entity(row.entity).name;
        let failure = refuse::failure(plan, row.entity, "", error);
        Failure::Internal(format!(
            "a row of {entity} in the seed is refused: {failure:?}"
        ))
    })?;
    let Some(account) = &row.account else {
        return Ok(());
    };
    let hash = hashes.get(&account.password);
    let hash =
        hash.ok_or_else(|| Failure::Internal("a password of the seed has no hash".to_owned()))?;
    roles::credentials(job, &id, hash, &account.roles)
}

/// The value of a field as it is stored, before it is sealed.
fn stored(plan: &Plan, row: &SeedRow, field: FieldId) -> Result<Value, Failure> {
    let mut values = row.values.iter();
    let Some((_, literal)) = values.find(|(known, _)| *known == field) else {
        return Ok(Value::Null);
    };
    let definition = plan.model.field(field);
    match (definition.scalar(), definition.to_one(), literal) {
        (Some(scalar), _, literal) => Ok(value::of_literal(literal, scalar)),
        (None, Some(relation), Literal::Text(id)) => {
            id_value(plan, relation.target, id).ok_or_else(|| unknown(plan, row, id))
        }
        _ => Ok(Value::Null),
    }
}

fn references_hold(connection: &Connection, dialect: Dialect) -> Result<(), Failure> {
    if dialect == Dialect::Postgres {
        return connection.batch("SET CONSTRAINTS ALL IMMEDIATE");
    }
    let text = "SELECT \"table\", \"parent\" FROM pragma_foreign_key_check LIMIT 1";
    let broken: Option<(String, String)> =
        connection.first(text, &[], |row| Ok((row.get(0)?, row.get(1)?)))?;
    match broken {
        None => Ok(()),
        Some((table, parent)) => Err(Failure::Internal(format!(
            "a row of {table} in the seed refers to a row of {parent} that is not there"
        ))),
    }
}

/// The ids of all rows of an entity.
pub(crate) fn ids(
    connection: &Connection,
    shared: &Shared,
    entity: EntityId,
) -> Result<Vec<Value>, Failure> {
    let table = shared.dialect.identifier(&shared.plan.table(entity).name);
    connection.all(&format!("SELECT \"id\" FROM {table}"), &[], |row| {
        row.get(0)
    })
}
