//! Which alternatives of a rule hold on a row, before and after it is written; and rows that a caller may refer to.

use super::{Bindings, Builder};
use crate::Failure;
use crate::connection::{Connection, Value};
use archwright_plan::model::{EntityId, FieldId};
use archwright_plan::{Alternative, OperationKind, Plan};
use archwright_sql::{
    Classes, Dialect, Parameter, Phase, Statement, Unsupported, alternatives_statement,
};

/// Whose alternatives are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Rule {
    /// The guard of an operation.
    Operation(usize),
    /// Who may set a field.
    Settable(FieldId),
    /// Who may read a row, singly or, where that is not offered, in lists.
    Readable(EntityId),
}

impl Rule {
    fn entity(self, plan: &Plan) -> Option<EntityId> {
        match self {
            Self::Operation(operation) => plan.operations[operation].entity,
            Self::Settable(field) => Some(field.entity),
            Self::Readable(entity) => Some(entity),
        }
    }

    pub fn alternatives(self, plan: &Plan) -> &[Alternative] {
        match self {
            Self::Operation(operation) => &plan.operations[operation].guard,
            Self::Settable(field) => {
                let resource = plan.resource(field.entity);
                let mut inputs = resource.create.iter().chain(&resource.update);
                inputs
                    .find(|input| input.field == field)
                    .map_or(&[], |input| &input.settable)
            }
            Self::Readable(entity) => reading(plan, entity),
        }
    }
}

/// The kind of the operation that reads single rows, or else of the one that lists them; of a part, those of what it is
/// a part of.
pub(crate) fn reading_kind(plan: &Plan, mut entity: EntityId) -> OperationKind {
    while let Some(part) = &plan.model.entity(entity).part_of {
        entity = part.whole;
    }
    let mut operations = plan.operations.iter();
    match operations.any(|one| one.entity == Some(entity) && one.kind == OperationKind::Get) {
        true => OperationKind::Get,
        false => OperationKind::List,
    }
}

fn reading(plan: &Plan, entity: EntityId) -> &[Alternative] {
    let kind = reading_kind(plan, entity);
    let mut operations = plan.operations.iter();
    let operation = operations.find(|one| one.entity == Some(entity) && one.kind == kind);
    operation.map_or(&[], |operation| &operation.guard)
}

/// The alternatives that are for a class of callers, and the statement that judges them on a row.
#[derive(Debug)]
pub(crate) struct GuardStatement {
    /// Positions in the rule's alternatives.
    open: Vec<usize>,
    statement: Statement,
}

pub(crate) type GuardKey = (Rule, Phase, Classes);

impl GuardStatement {
    pub fn new(
        plan: &Plan,
        dialect: Dialect,
        (rule, phase, classes): &GuardKey,
    ) -> Result<Self, Unsupported> {
        let entity = rule
            .entity(plan)
            .ok_or_else(|| super::unsupported("a guard on no entity"))?;
        let alternatives = rule.alternatives(plan).iter().enumerate();
        let (open, alternatives): (Vec<usize>, Vec<&Alternative>) = alternatives
            .filter(|(_, one)| classes.satisfies(one.caller))
            .unzip();
        let statement = alternatives_statement(plan, entity, &alternatives, *phase, dialect)?;
        Ok(Self { open, statement })
    }
}

/// The positions of a rule's alternatives that are for this caller and hold on the row, which may have been written
/// in the same transaction. `None`: there is no such row, or it is deleted. Conditions that look at the request's
/// input get their values from `bindings.inputs`.
pub(crate) fn holding(
    connection: &Connection,
    rule: Rule,
    phase: Phase,
    row: &Value,
    bindings: &Bindings<'_>,
) -> Result<Option<Vec<usize>>, Failure> {
    let key = (rule, phase, bindings.classes.clone());
    let guard = bindings.shared.compiled.guard(&bindings.shared.plan, key)?;
    let values = bound(&guard.statement, row, bindings)?;
    connection.first(&guard.statement.text, &values, |found| {
        let mut held = Vec::new();
        for (column, position) in guard.open.iter().enumerate() {
            if found.get::<Option<bool>>(column)? == Some(true) {
                held.push(*position);
            }
        }
        Ok(held)
    })
}

/// The values of a statement's parameters; `row` is the id that it is about.
pub(crate) fn bound(
    statement: &Statement,
    row: &Value,
    bindings: &Bindings<'_>,
) -> Result<Vec<Value>, Failure> {
    let parameters = statement.parameters.iter();
    let values = parameters.map(|parameter| match parameter {
        Parameter::RowId => Ok(row.clone()),
        other => bindings.value(other),
    });
    values.collect()
}

/// Finds a row by the id or natural key `Value(0)`, if such callers may read it.
pub(crate) fn lookup_statement(
    plan: &Plan,
    dialect: Dialect,
    entity: EntityId,
    classes: &Classes,
) -> Result<Statement, Unsupported> {
    let mut builder = Builder::new(plan, dialect, classes);
    let kind = reading_kind(plan, entity);
    let found = builder.addressed(entity)?;
    let value = builder.address(entity)?;
    let active = builder.printer.active(entity, "t");
    let readable = builder.readable(entity, &kind, "t")?.and(dialect);
    let table = builder.printer.known(entity);
    Ok(builder.printer.finish(format!(
        "SELECT t.\"id\" FROM {table} t WHERE {found} = {value}{active}{readable}"
    )))
}
