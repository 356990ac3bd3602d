//! Failures of writes: by rule, and by what the database refused.

use super::job::Job;
use crate::connection::Error;
use crate::{Failure, Fault};
use archwright_plan::model::{EntityId, FieldId};
use archwright_plan::{
    Alternative, CallerClass, CheckConstraint, CheckKind, Column, ColumnSource, Plan,
    UniqueConstraint,
};
use archwright_sql::{Classes, Dialect};
use rusqlite::ffi;
use tokio_postgres::error::{DbError, SqlState};

/// No alternative holds: signing in may help, or nothing does.
pub(crate) fn by_rule(classes: &Classes, alternatives: &[Alternative]) -> Failure {
    let helps = alternatives
        .iter()
        .any(|one| one.caller != CallerClass::Anyone);
    match !classes.signed_in && helps {
        true => Failure::Unauthorized,
        false => Failure::Forbidden {
            detail: "You are not allowed to do this.".to_owned(),
            fields: Vec::new(),
        },
    }
}

pub(crate) fn fields(fields: Vec<String>) -> Failure {
    Failure::Forbidden {
        detail: "You are not allowed to set these fields.".to_owned(),
        fields,
    }
}

/// A constraint that a statement on an entity's table broke.
pub(crate) enum Violation<'p> {
    Unique(&'p UniqueConstraint),
    /// A check of the design, by its position in `Entity::checks`.
    Check(usize),
    /// A value that the field can't hold.
    Domain(FieldId),
    Missing(FieldId),
    TooLarge(FieldId),
    TooLong(FieldId, usize),
}

pub(crate) fn violation<'p>(
    plan: &'p Plan,
    entity: EntityId,
    error: &Error,
) -> Option<Violation<'p>> {
    match error {
        Error::OutOfRange(field) => Some(Violation::Domain(*field)),
        Error::TooLarge(field) => Some(Violation::TooLarge(*field)),
        Error::TooLong(field, most) => Some(Violation::TooLong(*field, *most)),
        Error::Sqlite(rusqlite::Error::SqliteFailure(code, Some(message))) => {
            sqlite_violation(plan, entity, code.extended_code, message)
        }
        Error::Sqlite(_) | Error::Late(_) => None,
        Error::Postgres(error) => postgres_violation(plan, entity, error.as_db_error()?),
    }
}

fn postgres_violation<'p>(
    plan: &'p Plan,
    entity: EntityId,
    error: &DbError,
) -> Option<Violation<'p>> {
    let table = plan.table(entity);
    let is_named = |name: &str, found: Option<&str>| {
        let name = Dialect::Postgres.identifier(name);
        found.is_some_and(|found| name.trim_matches('"') == found)
    };
    match *error.code() {
        SqlState::UNIQUE_VIOLATION => {
            let mut unique = table.unique.iter();
            unique
                .find(|unique| is_named(&unique.name, error.constraint()))
                .map(Violation::Unique)
        }
        SqlState::CHECK_VIOLATION => {
            let mut checks = table.checks.iter();
            checks
                .find(|check| is_named(&check.name, error.constraint()))
                .map(broken)
        }
        SqlState::NOT_NULL_VIOLATION => {
            let mut columns = table.columns.iter();
            let column = columns.find(|column| is_named(&column.name, error.column()))?;
            field_of(column).map(Violation::Missing)
        }
        _ => None,
    }
}

fn broken<'p>(check: &CheckConstraint) -> Violation<'p> {
    match check.kind {
        CheckKind::Design(_, index) => Violation::Check(index),
        CheckKind::FieldDomain(field) => Violation::Domain(field),
    }
}

fn field_of(column: &Column) -> Option<FieldId> {
    match column.source {
        ColumnSource::Field(field) | ColumnSource::BlindIndex(field) => Some(field),
        _ => None,
    }
}

/// SQLite says which constraint it was in its message only.
fn sqlite_violation<'p>(
    plan: &'p Plan,
    entity: EntityId,
    code: i32,
    message: &str,
) -> Option<Violation<'p>> {
    let table = plan.table(entity);
    let field = |text: &str| {
        let name = text.strip_prefix(&table.name)?.strip_prefix('.')?;
        let column = table.columns.iter().find(|column| column.name == name)?;
        field_of(column)
    };
    match code {
        ffi::SQLITE_CONSTRAINT_UNIQUE => {
            let columns = message.strip_prefix("UNIQUE constraint failed: ")?;
            let columns: Option<Vec<&str>> = columns
                .split(", ")
                .map(|column| column.strip_prefix(&table.name)?.strip_prefix('.'))
                .collect();
            let columns = columns?;
            let mut unique = table.unique.iter();
            unique
                .find(|unique| unique.columns.iter().eq(columns.iter()))
                .map(Violation::Unique)
        }
        ffi::SQLITE_CONSTRAINT_CHECK => {
            let name = message.strip_prefix("CHECK constraint failed: ")?;
            let check = table.checks.iter().find(|check| check.name == name)?;
            Some(broken(check))
        }
        ffi::SQLITE_CONSTRAINT_NOTNULL => {
            field(message.strip_prefix("NOT NULL constraint failed: ")?).map(Violation::Missing)
        }
        ffi::SQLITE_CONSTRAINT_DATATYPE => {
            field(message.rsplit(' ').next()?).map(Violation::TooLarge)
        }
        _ => None,
    }
}

/// The reply to a refused row of a call. A policy is the rule of the operation, which the server judges once the row is
/// written.
pub(crate) fn written(job: &Job<'_>, entity: EntityId, at: &str, error: Error) -> Failure {
    match error.is_policy() {
        true => by_rule(job.classes, &job.definition().guard),
        false => failure(job.plan(), entity, at, error),
    }
}

/// The reply to a broken constraint; `at` is the place of the row in the body.
pub(crate) fn failure(plan: &Plan, entity: EntityId, at: &str, error: Error) -> Failure {
    let Some(violation) = violation(plan, entity, &error) else {
        return error.into();
    };
    let fault = |field: FieldId, code, message: &str| {
        Failure::Invalid(vec![Fault {
            at: super::body::place(at, &plan.model.json_name(field)),
            code,
            message: message.to_owned(),
        }])
    };
    match violation {
        Violation::Unique(unique) => taken(plan, unique, at),
        Violation::Check(index) => {
            let check = &plan.model.entity(entity).checks[index];
            Failure::Invalid(vec![Fault {
                at: at.to_owned(),
                code: "check",
                message: check.message.clone(),
            }])
        }
        Violation::Domain(field) => fault(field, "check", "Its value would be out of its range."),
        Violation::Missing(field) => fault(field, "required", "It would be left without a value."),
        Violation::TooLarge(field) => fault(field, "too-large", "Its value would be too large."),
        Violation::TooLong(field, most) => {
            let message = format!("It must have at most {most} bytes, since it is looked up.");
            fault(field, "too-long", &message)
        }
    }
}

fn taken(plan: &Plan, unique: &UniqueConstraint, at: &str) -> Failure {
    let names: Vec<String> = unique
        .fields
        .iter()
        .map(|field| plan.model.json_name(*field))
        .collect();
    let detail = match names.as_slice() {
        [only] => format!("Another row has the same {only}."),
        several => format!(
            "Another row has the same combination of {}.",
            several.join(", ")
        ),
    };
    let fields = match at.is_empty() {
        true => names,
        false => names
            .iter()
            .map(|name| super::body::place(at, name))
            .collect(),
    };
    Failure::Conflict {
        code: "unique",
        detail,
        fields,
    }
}
