//! Which alternatives of an operation's guard hold on a row; for writes, before and after they change it.

use super::{Bindings, QueryKey};
use crate::Failure;
use crate::read::database;
use archwright_plan::{Alternative, Plan};
use archwright_sql::{Dialect, Parameter, Phase, Statement, Unsupported, alternatives_statement};
use rusqlite::Connection;
use rusqlite::types::Value;

/// The alternatives that are for a class of callers, and the statement that judges them on a row.
#[derive(Debug)]
pub(crate) struct GuardStatement {
    /// Positions in `Operation::guard`.
    open: Vec<usize>,
    statement: Statement,
}

pub(crate) type GuardKey = (usize, Phase, archwright_sql::Classes);

impl GuardStatement {
    pub fn new(plan: &Plan, (operation, phase, classes): &GuardKey) -> Result<Self, Unsupported> {
        let operation = &plan.operations[*operation];
        let entity = operation
            .entity
            .ok_or_else(|| super::unsupported("a guard on no entity"))?;
        let alternatives = operation.guard.iter().enumerate();
        let (open, alternatives): (Vec<usize>, Vec<&Alternative>) = alternatives
            .filter(|(_, one)| classes.satisfies(one.caller))
            .unzip();
        let statement =
            alternatives_statement(plan, entity, &alternatives, *phase, Dialect::Sqlite)?;
        Ok(Self { open, statement })
    }
}

/// The positions in `Operation::guard` of the alternatives that are for this caller and hold on the row, which may
/// have been written in the same transaction. `None`: there is no such row, or it is deleted. Conditions that look at
/// the request's input get their values from `bindings.other`.
pub(crate) fn holding(
    connection: &Connection,
    operation: usize,
    phase: Phase,
    row: &Value,
    bindings: &Bindings<'_>,
) -> Result<Option<Vec<usize>>, Failure> {
    let key = (operation, phase, bindings.classes.clone());
    let guard = bindings.shared.compiled.guard(&bindings.shared.plan, key)?;
    let mut statement = connection
        .prepare_cached(&guard.statement.text)
        .map_err(database)?;
    for (index, parameter) in guard.statement.parameters.iter().enumerate() {
        let value = match parameter {
            Parameter::RowId => row.clone(),
            other => bindings.value(other)?,
        };
        statement
            .raw_bind_parameter(index + 1, value)
            .map_err(database)?;
    }
    let mut rows = statement.raw_query();
    let Some(found) = rows.next().map_err(database)? else {
        return Ok(None);
    };
    let mut held = Vec::new();
    for (column, position) in guard.open.iter().enumerate() {
        if found.get::<_, Option<bool>>(column).map_err(database)? == Some(true) {
            held.push(*position);
        }
    }
    Ok(Some(held))
}

/// How SQLite means to answer a query, one line for each step; for documents and tests.
pub(crate) fn query_plan(
    connection: &Connection,
    compiled: &super::Compiled,
    plan: &Plan,
    key: QueryKey,
) -> Result<Vec<String>, Failure> {
    let query = compiled.query(plan, key)?;
    let text = format!("EXPLAIN QUERY PLAN {}", query.text);
    let mut statement = connection.prepare(&text).map_err(database)?;
    let mut rows = statement.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next().map_err(database)? {
        steps.push(row.get("detail").map_err(database)?);
    }
    Ok(steps)
}
