//! What an expression is worth on the rows made so far.

use crate::world::{Row, RowIndex, World};
use archwright_evaluate::{Environment, RowRef, Value, evaluate, rescaled};
use archwright_plan::model::{
    Expression, Field, FieldId, FieldKind, InputPlace, Literal, RoleId, ScalarType,
};

/// What an expression may speak of.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Scope<'a> {
    pub this: Option<RowIndex>,
    pub caller: Option<RowIndex>,
    pub now_ms: i64,
    pub inputs: &'a [(InputPlace, Value)],
}

/// True if the condition holds; what is missing does not hold.
pub(crate) fn holds(world: &World, expression: &Expression, scope: &Scope) -> bool {
    value(world, expression, scope) == Some(Value::Bool(true))
}

/// The value; absent when it is missing. Rows give their ids.
pub(crate) fn literal(world: &World, expression: &Expression, scope: &Scope) -> Option<Literal> {
    match value(world, expression, scope)? {
        Value::Row(row) => Some(Literal::Text(row.id)),
        value => value.to_literal(),
    }
}

/// The value as the field stores it.
pub(crate) fn literal_for(
    world: &World,
    expression: &Expression,
    scope: &Scope,
    field: &Field,
) -> Option<Literal> {
    let Some(ScalarType::Decimal { scale, .. }) = field.scalar() else {
        return literal(world, expression, scope);
    };
    let (units, from) = number(world, expression, scope)?;
    let units = i64::try_from(rescaled(units, from, *scale).ok()?).ok()?;
    Some(Literal::Decimal {
        units,
        scale: *scale,
    })
}

/// A number, as units over ten to the power of the scale.
pub(crate) fn number(world: &World, expression: &Expression, scope: &Scope) -> Option<(i128, u32)> {
    match value(world, expression, scope)? {
        Value::Int(value) => Some((value.into(), 0)),
        Value::Decimal { units, scale } => Some((units, scale)),
        _ => None,
    }
}

/// Roles that the account was granted, without those that they include.
pub(crate) fn roles<'w>(world: &'w World, account: RowIndex) -> &'w [RoleId] {
    let account = world.rows[account].account.as_ref();
    account.map_or(&[], |account| &account.roles)
}

/// Absent too where a number gets too large: then the rule is not kept.
fn value(world: &World, expression: &Expression, scope: &Scope) -> Option<Value> {
    let row = |row: Option<RowIndex>| row.map(|row| reference(&world.rows[row]));
    let (this, caller) = (row(scope.this), row(scope.caller));
    let environment = Environment {
        model: world.model,
        world,
        this: this.as_ref(),
        caller: caller.as_ref(),
        roles: scope.caller.map_or(&[], |caller| roles(world, caller)),
        now_ms: scope.now_ms,
        inputs: scope.inputs,
        bindings: &[],
    };
    evaluate(expression, &environment).ok()
}

pub(crate) fn reference(row: &Row) -> RowRef {
    RowRef {
        entity: row.entity,
        id: row.id.clone(),
    }
}

impl archwright_evaluate::World for World<'_> {
    fn field(&self, row: &RowRef, field: FieldId) -> Value {
        let Some(row) = self.find(row.entity, &row.id) else {
            return Value::Null;
        };
        let reference = |row: RowIndex| reference(&self.rows[row]);
        match &self.model.field(field).kind {
            FieldKind::Scalar(scalar) => {
                let value = self.rows[row].values.get(&field.index);
                value.map_or(Value::Null, |value| Value::of_scalar(value, scalar))
            }
            FieldKind::ToOne(_) => {
                let target = self.target(row, field);
                target.map_or(Value::Null, |target| Value::Row(reference(target)))
            }
            FieldKind::ToMany(_) => {
                Value::Rows(self.many(row, field).into_iter().map(reference).collect())
            }
        }
    }
}
