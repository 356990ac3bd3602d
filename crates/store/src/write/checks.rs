//! Checks of the design that look at other rows: which of them a write can break, and whether it did.
//!
//! Each check is followed to the rows that it reads: from the checked row along a path of relations. Written the other
//! way round, the path leads from a row that is written to all rows whose check reads it. They are collected before
//! and after each change, and judged once, after the last change of the transaction. A check that looks only at its own
//! row is a constraint of the table.

use super::job::{Job, id_text};
use crate::connection::Value;
use crate::represent::bound;
use crate::{Failure, Fault};
use archwright_plan::model::{EntityId, Expression, FieldId};
use archwright_plan::{ColumnSource, Hop, Plan};
use archwright_sql::{Dialect, Parameter, Printer, Scope, Statement, Unsupported};
use std::collections::{BTreeMap, BTreeSet};

/// A check, by its entity and its position in `Entity::checks`.
type CheckId = (EntityId, usize);

/// The checks that read rows of an entity, and from where.
pub(crate) struct Watch {
    check: CheckId,
    /// What it reads of such a row; many-to-many relations stand for their links.
    reads: BTreeSet<FieldId>,
    /// The ids of the checked rows, from the id of the row that is read; absent where that is the checked row itself.
    statement: Option<Statement>,
}

/// All that has to be watched.
pub(crate) struct Watches {
    by_entity: BTreeMap<EntityId, Vec<Watch>>,
    /// 1 where the check holds on the row.
    conditions: BTreeMap<CheckId, Statement>,
}

/// What happens to a row.
#[derive(Clone, Copy)]
pub(crate) enum Change<'a> {
    /// It comes or goes.
    Whole,
    Fields(&'a [FieldId]),
}

/// Checked rows that a write may have broken, by the texts of their ids.
#[derive(Default)]
pub(crate) struct Pending(BTreeMap<CheckId, BTreeMap<String, Value>>);

impl Watches {
    pub fn new(plan: &Plan, dialect: Dialect) -> Result<Self, Unsupported> {
        let mut by_entity: BTreeMap<EntityId, Vec<Watch>> = BTreeMap::new();
        let mut conditions = BTreeMap::new();
        for entity in &plan.model.entities {
            let checks = entity.checks.iter().enumerate();
            for (index, check) in checks.filter(|(_, check)| !check.own_row) {
                let id = (entity.id, index);
                conditions.insert(id, condition(plan, dialect, entity.id, &check.that)?);
            }
        }
        for watch in &plan.watches {
            by_entity.entry(watch.of).or_default().push(Watch {
                check: (watch.entity, watch.check),
                reads: watch.reads.clone(),
                statement: backwards(plan, dialect, watch.entity, &watch.path)?,
            });
        }
        Ok(Self {
            by_entity,
            conditions,
        })
    }

    pub fn statements(&self) -> impl Iterator<Item = &Statement> {
        let watches = self.by_entity.values().flatten();
        let watches = watches.filter_map(|watch| watch.statement.as_ref());
        watches.chain(self.conditions.values())
    }

    /// Whether any check reads rows of the entity.
    fn of(&self, entity: EntityId) -> &[Watch] {
        self.by_entity.get(&entity).map_or(&[], Vec::as_slice)
    }
}

/// To be called before and after a row changes: it may be read by other rows' checks then and now.
pub(crate) fn note(
    job: &mut Job<'_>,
    entity: EntityId,
    row: &Value,
    change: Change<'_>,
) -> Result<(), Failure> {
    let shared = job.shared;
    for watch in shared.writes.watches.of(entity) {
        if let Change::Fields(fields) = change
            && !fields.iter().any(|field| watch.reads.contains(field))
        {
            continue;
        }
        let mut rows = Vec::new();
        match &watch.statement {
            None => rows.push(row.clone()),
            Some(statement) => {
                let values = bound(statement, row, &job.bindings(&[]))?;
                rows = job
                    .connection
                    .all(&statement.text, &values, |found| found.get(0))?;
            }
        }
        let pending = job.pending.0.entry(watch.check).or_default();
        pending.extend(rows.into_iter().map(|row| (id_text(&row), row)));
    }
    Ok(())
}

/// The checks that do not hold any more, each once.
pub(crate) fn broken(job: &mut Job<'_>) -> Result<Vec<Fault>, Failure> {
    let shared = job.shared;
    let mut faults = Vec::new();
    for ((entity, index), rows) in std::mem::take(&mut job.pending).0 {
        let Some(condition) = shared.writes.watches.conditions.get(&(entity, index)) else {
            continue;
        };
        for row in rows.into_values() {
            if !holds(job, condition, &row)? {
                let check = &shared.plan.model.entity(entity).checks[index];
                faults.push(Fault {
                    at: String::new(),
                    code: "check",
                    message: check.message.clone(),
                });
                break;
            }
        }
    }
    Ok(faults)
}

/// A row that is gone keeps every check.
fn holds(job: &Job<'_>, condition: &Statement, row: &Value) -> Result<bool, Failure> {
    let values = bound(condition, row, &job.bindings(&[]))?;
    let found = job
        .connection
        .first(&condition.text, &values, |found| found.get(0))?;
    Ok(found.unwrap_or(true))
}

/// The first row of any entity that breaks a check, with the check's message; after rows were put in wholesale.
pub(crate) fn first_broken(job: &Job<'_>) -> Result<Option<String>, Failure> {
    let plan = &job.shared.plan;
    for entity in &plan.model.entities {
        for (index, check) in entity.checks.iter().enumerate() {
            let Some(condition) = job
                .shared
                .writes
                .watches
                .conditions
                .get(&(entity.id, index))
            else {
                continue;
            };
            for row in super::seed::ids(job.connection, job.shared, entity.id)? {
                if !holds(job, condition, &row)? {
                    return Ok(Some(format!("{}: {}", entity.name, check.message)));
                }
            }
        }
    }
    Ok(None)
}

fn condition(
    plan: &Plan,
    dialect: Dialect,
    entity: EntityId,
    that: &Expression,
) -> Result<Statement, Unsupported> {
    let mut printer = Printer::new(plan, dialect);
    let condition = printer.condition(that, &Scope::alias(entity, "t"))?;
    let row = printer.parameter(Parameter::RowId)?;
    let table = printer.table(entity);
    let active = printer.active(entity, "t");
    Ok(printer.finish(format!(
        "SELECT {condition} FROM {table} t WHERE t.\"id\" = {row}{active}"
    )))
}

/// From a row at the end of a path to the rows at its beginning.
fn backwards(
    plan: &Plan,
    dialect: Dialect,
    entity: EntityId,
    path: &[Hop],
) -> Result<Option<Statement>, Unsupported> {
    if path.is_empty() {
        return Ok(None);
    }
    let mut printer = Printer::new(plan, dialect);
    let quoted = |name: &str| dialect.identifier(name);
    let column = |field: FieldId| {
        let column = plan
            .table(field.entity)
            .column_from(ColumnSource::Field(field));
        column
            .map(|column| quoted(&column.name))
            .ok_or_else(|| crate::represent::unsupported("a relation without a column"))
    };
    let mut rows = printer.parameter(Parameter::RowId)?;
    for step in path.iter().rev() {
        rows = match step {
            Hop::To(field) => {
                let table = printer.table(field.entity);
                format!(
                    "SELECT \"id\" FROM {table} WHERE {} IN ({rows})",
                    column(*field)?
                )
            }
            Hop::From(field) => {
                let (table, column) = (printer.table(field.entity), column(*field)?);
                format!(
                    "SELECT {column} FROM {table} WHERE \"id\" IN ({rows}) AND {column} IS NOT NULL"
                )
            }
            Hop::Linked { canonical, field } => {
                let (link, near, far) = printer.link(*canonical, *field)?;
                format!("SELECT {near} FROM {link} WHERE {far} IN ({rows})")
            }
        };
    }
    let table = printer.table(entity);
    Ok(Some(printer.finish(format!(
        "SELECT \"id\" FROM {table} WHERE \"id\" IN ({rows})"
    ))))
}
