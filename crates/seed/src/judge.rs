//! What an expression is worth on the rows made so far.

use crate::calendar;
use crate::values::ordinal;
use crate::world::{RowIndex, World};
use archwright_plan::model::{
    Aggregate, BinaryOperator, Expression, ExpressionKind, Field, FieldId, FieldKind, Function,
    Literal, Quantifier, RoleId, ScalarType, Type, VariableId,
};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Computed fields within computed fields, before the value is given up.
const DEPTH: u32 = 24;

/// What a request gives.
#[derive(Clone, Debug)]
pub(crate) enum Given {
    Value(Literal),
    Row(RowIndex),
    List(Vec<Given>),
    Object(BTreeMap<String, Given>),
}

/// What an expression may speak of.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Scope<'a> {
    pub this: Option<RowIndex>,
    pub caller: Option<RowIndex>,
    pub now_ms: i64,
    pub input: Option<&'a BTreeMap<String, Given>>,
}

#[derive(Clone, Debug, PartialEq)]
enum Value {
    Null,
    Bool(bool),
    /// Whole numbers have scale 0; durations are milliseconds.
    Number {
        units: i128,
        scale: u32,
    },
    /// Dates and instants too: their canonical texts order as they do.
    Text(String),
    Row(RowIndex),
    Rows(Vec<RowIndex>),
    List(Vec<Value>),
    Object(BTreeMap<String, Value>),
}

/// True if the condition holds; what is missing does not hold.
pub(crate) fn holds(world: &World, expression: &Expression, scope: &Scope) -> bool {
    Judge::new(world, scope).value(expression) == Value::Bool(true)
}

/// The value; absent when it is missing. Rows give their ids.
pub(crate) fn literal(world: &World, expression: &Expression, scope: &Scope) -> Option<Literal> {
    match Judge::new(world, scope).value(expression) {
        Value::Bool(value) => Some(Literal::Bool(value)),
        Value::Number { units, scale: 0 } => i64::try_from(units).ok().map(Literal::Int),
        Value::Number { units, scale } => {
            let units = i64::try_from(units).ok()?;
            Some(Literal::Decimal { units, scale })
        }
        Value::Text(text) => Some(Literal::Text(text)),
        Value::Row(row) => Some(Literal::Text(world.rows[row].id.clone())),
        Value::Null | Value::Rows(_) | Value::List(_) | Value::Object(_) => None,
    }
}

/// The value as the field stores it.
pub(crate) fn literal_for(
    world: &World,
    expression: &Expression,
    scope: &Scope,
    field: &Field,
) -> Option<Literal> {
    let value = literal(world, expression, scope)?;
    match field.scalar() {
        Some(scalar @ ScalarType::Decimal { scale, .. }) => {
            let units = ordinal(&value, scalar)?;
            Some(Literal::Decimal {
                units,
                scale: *scale,
            })
        }
        _ => Some(value),
    }
}

/// A number, as units over ten to the power of the scale.
pub(crate) fn number(world: &World, expression: &Expression, scope: &Scope) -> Option<(i128, u32)> {
    match Judge::new(world, scope).value(expression) {
        Value::Number { units, scale } => Some((units, scale)),
        _ => None,
    }
}

/// True if the account has the role, or one that includes it.
pub(crate) fn has_role(world: &World, account: RowIndex, role: RoleId) -> bool {
    let roles = world.rows[account].account.as_ref();
    roles.is_some_and(|account| {
        let mut roles = account.roles.iter();
        roles.any(|own| world.model.role(*own).includes.contains(&role))
    })
}

struct Judge<'w> {
    world: &'w World<'w>,
    scope: &'w Scope<'w>,
    this: Option<RowIndex>,
    variables: Vec<(VariableId, RowIndex)>,
    depth: u32,
}

impl<'w> Judge<'w> {
    fn new(world: &'w World<'w>, scope: &'w Scope<'w>) -> Self {
        Self {
            world,
            scope,
            this: scope.this,
            variables: Vec::new(),
            depth: 0,
        }
    }

    fn value(&mut self, expression: &Expression) -> Value {
        let row = |row: Option<RowIndex>| row.map_or(Value::Null, Value::Row);
        match &expression.kind {
            ExpressionKind::Literal(literal) => of_literal(literal),
            ExpressionKind::This => row(self.this),
            ExpressionKind::Caller => row(self.scope.caller),
            ExpressionKind::SignedIn => Value::Bool(self.scope.caller.is_some()),
            ExpressionKind::HasRole(role) => {
                let caller = self.scope.caller;
                Value::Bool(caller.is_some_and(|caller| has_role(self.world, caller, *role)))
            }
            ExpressionKind::CallerTenant => row(self.caller_tenant()),
            ExpressionKind::Now => Value::Text(calendar::instant(self.scope.now_ms)),
            ExpressionKind::Today => Value::Text(calendar::date(self.scope.now_ms)),
            ExpressionKind::Variable(variable) => {
                let bound = self.variables.iter().rev().find(|(id, _)| id == variable);
                row(bound.map(|(_, row)| *row))
            }
            // Only steps bind names, and no step runs here.
            ExpressionKind::Binding(_) => Value::Null,
            ExpressionKind::Input { path, .. } => self.input(path),
            ExpressionKind::Field { of, field } => match self.value(of) {
                Value::Row(row) => self.field(row, *field),
                _ => Value::Null,
            },
            ExpressionKind::Id(of) => match self.value(of) {
                Value::Row(row) => id(self.world, row),
                _ => Value::Null,
            },
            ExpressionKind::Not(inner) => Value::Bool(self.value(inner) != Value::Bool(true)),
            ExpressionKind::Negate(inner) => match self.value(inner) {
                Value::Number { units, scale } => number_of(units.checked_neg(), scale),
                _ => Value::Null,
            },
            ExpressionKind::Binary {
                operator,
                left,
                right,
            } => self.binary(*operator, left, right),
            ExpressionKind::In { item, list } => self.is_in(item, list),
            ExpressionKind::List(items) => {
                Value::List(items.iter().map(|item| self.value(item)).collect())
            }
            ExpressionKind::Conditional {
                test,
                then,
                otherwise,
            } => match self.value(test) {
                Value::Bool(true) => self.value(then),
                _ => self.value(otherwise),
            },
            ExpressionKind::Quantifier {
                quantifier,
                over,
                variable,
                condition,
            } => {
                let rows = self.rows(over);
                let mut each = rows
                    .into_iter()
                    .map(|row| self.with(*variable, row, condition) == Value::Bool(true));
                Value::Bool(match quantifier {
                    Quantifier::Exists => each.any(|holds| holds),
                    Quantifier::All => each.all(|holds| holds),
                })
            }
            ExpressionKind::Aggregate {
                aggregate,
                over,
                variable,
                condition,
                value,
            } => {
                let mut rows = self.rows(over);
                if let Some(condition) = condition {
                    rows.retain(|row| self.with(*variable, *row, condition) == Value::Bool(true));
                }
                let count = rows.len();
                let values = value.as_ref().map_or(Vec::new(), |value| {
                    rows.into_iter()
                        .map(|row| self.with(*variable, row, value))
                        .collect()
                });
                aggregated(*aggregate, count, values, &expression.ty)
            }
            ExpressionKind::Map {
                over,
                variable,
                value,
            } => {
                let rows = self.rows(over).into_iter();
                Value::List(rows.map(|row| self.with(*variable, row, value)).collect())
            }
            ExpressionKind::Function {
                function,
                arguments,
            } => {
                let arguments = arguments
                    .iter()
                    .map(|argument| self.value(argument))
                    .collect();
                called(*function, arguments)
            }
        }
    }

    fn caller_tenant(&self) -> Option<RowIndex> {
        let tenant = self.world.rows[self.scope.caller?].tenant.as_ref()?;
        self.world.find(self.world.model.tenant?, tenant)
    }

    fn input(&self, path: &[String]) -> Value {
        let Some((first, rest)) = path.split_first() else {
            return Value::Null;
        };
        let mut given = self.scope.input.and_then(|input| input.get(first));
        for name in rest {
            given = match given {
                Some(Given::Object(members)) => members.get(name),
                _ => None,
            };
        }
        given.map_or(Value::Null, of_given)
    }

    fn field(&mut self, row: RowIndex, field: FieldId) -> Value {
        let world = self.world;
        let declared = world.model.field(field);
        if let Some(computed) = &declared.computed {
            return self.computed(row, computed);
        }
        match &declared.kind {
            FieldKind::Scalar(_) => {
                let value = world.rows[row].values.get(&field.index);
                value.map_or(Value::Null, of_literal)
            }
            FieldKind::ToOne(_) => world.target(row, field).map_or(Value::Null, Value::Row),
            FieldKind::ToMany(_) => Value::Rows(world.many(row, field)),
        }
    }

    fn computed(&mut self, row: RowIndex, computed: &Expression) -> Value {
        if self.depth >= DEPTH {
            return Value::Null;
        }
        let mut inner = Judge {
            world: self.world,
            scope: self.scope,
            this: Some(row),
            variables: Vec::new(),
            depth: self.depth + 1,
        };
        inner.value(computed)
    }

    fn rows(&mut self, over: &Expression) -> Vec<RowIndex> {
        match self.value(over) {
            Value::Rows(rows) => rows,
            _ => Vec::new(),
        }
    }

    fn with(&mut self, variable: VariableId, row: RowIndex, inner: &Expression) -> Value {
        self.variables.push((variable, row));
        let value = self.value(inner);
        self.variables.pop();
        value
    }

    fn binary(&mut self, operator: BinaryOperator, left: &Expression, right: &Expression) -> Value {
        let first = self.value(left);
        match operator {
            BinaryOperator::And if first != Value::Bool(true) => return Value::Bool(false),
            BinaryOperator::Or if first == Value::Bool(true) => return Value::Bool(true),
            _ => {}
        }
        let second = self.value(right);
        match operator {
            BinaryOperator::And | BinaryOperator::Or => Value::Bool(second == Value::Bool(true)),
            BinaryOperator::Equal => Value::Bool(same(&first, &second)),
            BinaryOperator::NotEqual => Value::Bool(!same(&first, &second)),
            BinaryOperator::Less => ordered(&first, &second, Ordering::is_lt),
            BinaryOperator::LessOrEqual => ordered(&first, &second, Ordering::is_le),
            BinaryOperator::Greater => ordered(&first, &second, Ordering::is_gt),
            BinaryOperator::GreaterOrEqual => ordered(&first, &second, Ordering::is_ge),
            _ => calculated(operator, first, second, [&left.ty, &right.ty]),
        }
    }

    fn is_in(&mut self, item: &Expression, list: &Expression) -> Value {
        let item = self.value(item);
        Value::Bool(match (self.value(list), item) {
            (_, Value::Null) => false,
            (Value::Rows(rows), Value::Row(row)) => rows.contains(&row),
            (Value::List(items), item) => items.iter().any(|other| same(other, &item)),
            _ => false,
        })
    }
}

fn of_literal(literal: &Literal) -> Value {
    match literal {
        Literal::Null => Value::Null,
        Literal::Bool(value) => Value::Bool(*value),
        Literal::Int(value) => number_of(Some(i128::from(*value)), 0),
        Literal::Decimal { units, scale } => number_of(Some(i128::from(*units)), *scale),
        Literal::Text(text) => Value::Text(text.clone()),
    }
}

fn of_given(given: &Given) -> Value {
    match given {
        Given::Value(literal) => of_literal(literal),
        Given::Row(row) => Value::Row(*row),
        Given::List(items) => Value::List(items.iter().map(of_given).collect()),
        Given::Object(members) => {
            let members = members.iter();
            Value::Object(
                members
                    .map(|(name, given)| (name.clone(), of_given(given)))
                    .collect(),
            )
        }
    }
}

fn id(world: &World, row: RowIndex) -> Value {
    let row = &world.rows[row];
    match world.model.entity(row.entity).id_type {
        archwright_plan::model::IdType::Int => number_of(row.id.parse().ok(), 0),
        archwright_plan::model::IdType::Uuid => Value::Text(row.id.clone()),
    }
}

fn number_of(units: Option<i128>, scale: u32) -> Value {
    units.map_or(Value::Null, |units| Value::Number { units, scale })
}

/// Both numbers with the same digits after the point.
fn aligned(a: (i128, u32), b: (i128, u32)) -> Option<(i128, i128, u32)> {
    let scale = a.1.max(b.1);
    let raise = |(units, own): (i128, u32)| {
        10_i128
            .checked_pow(scale - own)
            .and_then(|factor| units.checked_mul(factor))
    };
    Some((raise(a)?, raise(b)?, scale))
}

fn compared(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (
            Value::Number { units, scale },
            Value::Number {
                units: other,
                scale: other_scale,
            },
        ) => {
            let (a, b, _) = aligned((*units, *scale), (*other, *other_scale))?;
            Some(a.cmp(&b))
        }
        (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Row(a), Value::Row(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Null, Value::Null) => true,
        _ => compared(left, right) == Some(Ordering::Equal),
    }
}

fn ordered(left: &Value, right: &Value, wanted: fn(Ordering) -> bool) -> Value {
    Value::Bool(compared(left, right).is_some_and(wanted))
}

fn calculated(operator: BinaryOperator, left: Value, right: Value, types: [&Type; 2]) -> Value {
    match (left, right) {
        (
            Value::Number { units, scale },
            Value::Number {
                units: other,
                scale: other_scale,
            },
        ) => match operator {
            BinaryOperator::Multiply => number_of(units.checked_mul(other), scale + other_scale),
            BinaryOperator::Divide => number_of(units.checked_div(other), scale),
            BinaryOperator::Remainder => number_of(units.checked_rem(other), scale),
            _ => {
                let Some((a, b, scale)) = aligned((units, scale), (other, other_scale)) else {
                    return Value::Null;
                };
                let result = match operator {
                    BinaryOperator::Add => a.checked_add(b),
                    _ => a.checked_sub(b),
                };
                number_of(result, scale)
            }
        },
        (Value::Text(text), Value::Number { units, .. }) => {
            let Some((instant, shift)) = calendar::parse(&text).zip(i64::try_from(units).ok())
            else {
                return Value::Null;
            };
            let moved = match operator {
                BinaryOperator::Add => instant.checked_add(shift),
                _ => instant.checked_sub(shift),
            };
            moved.map_or(Value::Null, |instant| {
                Value::Text(calendar::instant(instant))
            })
        }
        (Value::Number { units, scale }, Value::Text(text)) if operator == BinaryOperator::Add => {
            calculated(
                operator,
                Value::Text(text),
                Value::Number { units, scale },
                types,
            )
        }
        (Value::Text(a), Value::Text(b)) if operator == BinaryOperator::Subtract => {
            let between = calendar::parse(&a).zip(calendar::parse(&b));
            number_of(between.map(|(a, b)| i128::from(a) - i128::from(b)), 0)
        }
        (Value::Text(a), Value::Text(b))
            if operator == BinaryOperator::Add && types == [&Type::Text, &Type::Text] =>
        {
            Value::Text(a + &b)
        }
        _ => Value::Null,
    }
}

fn aggregated(aggregate: Aggregate, count: usize, values: Vec<Value>, ty: &Type) -> Value {
    let present = values.into_iter().filter(|value| *value != Value::Null);
    let scale = match ty {
        Type::Decimal { scale } => *scale,
        _ => 0,
    };
    let total = |values: Vec<Value>| {
        values.into_iter().try_fold((0, scale), |sum, value| {
            let Value::Number { units, scale } = value else {
                return None;
            };
            let (a, b, scale) = aligned(sum, (units, scale))?;
            Some((a.checked_add(b)?, scale))
        })
    };
    match aggregate {
        Aggregate::Count => number_of(Some(count as i128), 0),
        Aggregate::Sum => match total(present.collect()) {
            Some((units, scale)) => number_of(Some(units), scale),
            None => Value::Null,
        },
        Aggregate::Avg => {
            let present: Vec<Value> = present.collect();
            let among = present.len() as i128;
            match total(present) {
                Some((units, scale)) if among > 0 => number_of(Some(rounded(units, among)), scale),
                _ => Value::Null,
            }
        }
        Aggregate::Min | Aggregate::Max => present
            .reduce(|best, next| {
                let better = match aggregate {
                    Aggregate::Min => Ordering::Less,
                    _ => Ordering::Greater,
                };
                if compared(&next, &best) == Some(better) {
                    next
                } else {
                    best
                }
            })
            .unwrap_or(Value::Null),
    }
}

/// Half away from zero.
fn rounded(units: i128, count: i128) -> i128 {
    let half = count / 2 * units.signum();
    units.saturating_add(half) / count
}

fn called(function: Function, arguments: Vec<Value>) -> Value {
    if function == Function::Coalesce {
        let mut arguments = arguments.into_iter();
        return arguments
            .find(|argument| *argument != Value::Null)
            .unwrap_or(Value::Null);
    }
    let mut arguments = arguments.into_iter();
    match (function, arguments.next(), arguments.next()) {
        (Function::Size, Some(Value::Text(text)), _) => {
            number_of(Some(text.chars().count() as i128), 0)
        }
        (Function::Size, Some(Value::List(items)), _) => number_of(Some(items.len() as i128), 0),
        (Function::Lower, Some(Value::Text(text)), _) => Value::Text(text.to_ascii_lowercase()),
        (Function::Upper, Some(Value::Text(text)), _) => Value::Text(text.to_ascii_uppercase()),
        (Function::Trim, Some(Value::Text(text)), _) => Value::Text(text.trim().to_owned()),
        (Function::StartsWith, Some(Value::Text(text)), Some(Value::Text(part))) => {
            Value::Bool(text.starts_with(&part))
        }
        (Function::EndsWith, Some(Value::Text(text)), Some(Value::Text(part))) => {
            Value::Bool(text.ends_with(&part))
        }
        (Function::Contains, Some(Value::Text(text)), Some(Value::Text(part))) => {
            Value::Bool(text.contains(&part))
        }
        (Function::StartsWith | Function::EndsWith | Function::Contains, _, _) => {
            Value::Bool(false)
        }
        (Function::Duration, Some(value), _) => value,
        (Function::Date, Some(Value::Text(text)), _) => {
            Value::Text(text.chars().take(10).collect())
        }
        (Function::Abs, Some(Value::Number { units, scale }), _) => {
            number_of(units.checked_abs(), scale)
        }
        _ => Value::Null,
    }
}
