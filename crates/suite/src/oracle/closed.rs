//! Whether a condition leaves only rows that are known: all rows that refer to a row which the suite made are known.

use super::Judge;
use archwright_evaluate::{RowRef, Value};
use archwright_plan::model::{
    BinaryOperator, Expression, ExpressionKind, FieldId, Quantifier, VariableId,
};

/// The row that a condition is about: the one that is looked for, or one in a search within it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Subject {
    This,
    Variable(VariableId),
}

pub fn closes(judge: &Judge, condition: &Expression) -> bool {
    pins(judge, condition, Subject::This)
}

fn pins(judge: &Judge, condition: &Expression, subject: Subject) -> bool {
    match &condition.kind {
        ExpressionKind::Binary {
            operator,
            left,
            right,
        } => match operator {
            BinaryOperator::And => pins(judge, left, subject) || pins(judge, right, subject),
            BinaryOperator::Or => {
                let closed = |side: &Expression| pins(judge, side, subject) || never(judge, side);
                closed(left) && closed(right)
            }
            BinaryOperator::Equal => {
                equal(judge, left, right, subject) || equal(judge, right, left, subject)
            }
            _ => false,
        },
        ExpressionKind::In { item, list } => {
            leads(item, subject) && constant(judge, list).is_some_and(|rows| all_made(judge, &rows))
        }
        ExpressionKind::Quantifier {
            quantifier: Quantifier::Exists,
            over,
            variable,
            condition,
        } => leads(over, subject) && pins(judge, condition, Subject::Variable(*variable)),
        _ => false,
    }
}

/// Whether the condition says nothing about rows, and does not hold.
fn never(judge: &Judge, condition: &Expression) -> bool {
    constant(judge, condition).is_some_and(|value| value != Value::Bool(true))
}

/// Of what speaks of no row.
fn constant(judge: &Judge, expression: &Expression) -> Option<Value> {
    let mut is_constant = true;
    expression.walk(&mut |part| {
        is_constant &= !matches!(
            part.kind,
            ExpressionKind::This | ExpressionKind::Variable(_)
        );
    });
    let (value, hangs) = is_constant.then(|| judge.told(expression, None))?;
    (!hangs).then_some(value)
}

/// The row itself, or a way from it.
fn leads(path: &Expression, subject: Subject) -> bool {
    match &path.kind {
        ExpressionKind::This => subject == Subject::This,
        ExpressionKind::Variable(variable) => subject == Subject::Variable(*variable),
        ExpressionKind::Field { of, .. } => leads(of, subject),
        _ => false,
    }
}

fn equal(judge: &Judge, path: &Expression, other: &Expression, subject: Subject) -> bool {
    let Some(value) = constant(judge, other).filter(|_| leads(path, subject)) else {
        return false;
    };
    match (&value, &path.kind) {
        (Value::Row(_), _) => all_made(judge, &value),
        (_, ExpressionKind::Field { field, .. }) => names_made(judge, *field, &value),
        _ => false,
    }
}

fn all_made(judge: &Judge, value: &Value) -> bool {
    let is_made = |row: &RowRef| judge.world.get(row).is_some_and(|row| row.made);
    match value {
        Value::Row(row) => is_made(row),
        Value::Rows(rows) => rows.iter().all(is_made),
        _ => false,
    }
}

/// Whether a unique field has the value in a row that the suite made.
fn names_made(judge: &Judge, field: FieldId, value: &Value) -> bool {
    let keys = &judge.world.model().entity(field.entity).unique;
    keys.iter().any(|key| key.fields == [field])
        && judge.world.of(field.entity).any(|row| {
            judge.world.value(&row, field) == *value && all_made(judge, &Value::Row(row))
        })
}
