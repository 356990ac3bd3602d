//! Failures of writes: by rule, and by what the database refused.

use crate::connection::Error;
use crate::{Failure, Fault};
use archwright_plan::model::{EntityId, FieldId};
use archwright_plan::{Alternative, CallerClass, CheckKind, ColumnSource, Plan, UniqueConstraint};
use archwright_sql::Classes;
use rusqlite::ffi;

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
}

/// SQLite says which constraint it was in its message only.
pub(crate) fn violation<'p>(
    plan: &'p Plan,
    entity: EntityId,
    error: &Error,
) -> Option<Violation<'p>> {
    let Error::Sqlite(rusqlite::Error::SqliteFailure(code, Some(message))) = error else {
        return None;
    };
    let table = plan.table(entity);
    let field = |text: &str| {
        let name = text.strip_prefix(&table.name)?.strip_prefix('.')?;
        let column = table.columns.iter().find(|column| column.name == name)?;
        match column.source {
            ColumnSource::Field(field) | ColumnSource::BlindIndex(field) => Some(field),
            _ => None,
        }
    };
    match code.extended_code {
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
            Some(match check.kind {
                CheckKind::Design(_, index) => Violation::Check(index),
                CheckKind::FieldDomain(field) => Violation::Domain(field),
            })
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
