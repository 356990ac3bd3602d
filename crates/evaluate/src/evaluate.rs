//! The walk over an expression.

use crate::functions::{applied, average, best, calculated, total};
use crate::number::{fitted, number, scaled};
use crate::{Environment, EvaluateError, RowRef, Value, compared, same};
use archwright_plan::model::calendar::day_of;
use archwright_plan::model::{
    Aggregate, BinaryOperator, Expression, ExpressionKind, FieldId, FieldKind, Function,
    InputPlace, Quantifier, Type, VariableId,
};
use std::cmp::Ordering;

type Result<T> = std::result::Result<T, EvaluateError>;

/// The value of an expression.
pub fn evaluate(expression: &Expression, environment: &Environment) -> Result<Value> {
    Evaluator::new(environment).value(expression)
}

/// Whether a condition holds; what is missing does not hold.
pub fn truth(expression: &Expression, environment: &Environment) -> Result<bool> {
    Ok(evaluate(expression, environment)? == Value::Bool(true))
}

/// The value of a row's field, computed or stored.
pub fn field(row: &RowRef, field: FieldId, environment: &Environment) -> Result<Value> {
    Evaluator::new(environment).field(row, field)
}

struct Evaluator<'e> {
    environment: &'e Environment<'e>,
    this: Option<RowRef>,
    variables: Vec<(VariableId, RowRef)>,
}

/// The parts of an aggregate.
struct Gathered<'e> {
    aggregate: Aggregate,
    condition: Option<&'e Expression>,
    value: Option<&'e Expression>,
    variable: VariableId,
}

impl<'e> Evaluator<'e> {
    fn new(environment: &'e Environment<'e>) -> Self {
        Self {
            environment,
            this: environment.this.cloned(),
            variables: Vec::new(),
        }
    }

    fn value(&mut self, expression: &Expression) -> Result<Value> {
        match &expression.kind {
            ExpressionKind::Literal(literal) => {
                scaled(Value::of_literal(literal, &expression.ty), &expression.ty)
            }
            ExpressionKind::This => {
                let this = self.this.clone();
                this.map(Value::Row).ok_or(EvaluateError::Unbound("row"))
            }
            ExpressionKind::Caller => Ok(row(self.environment.caller)),
            // No two are alike, so that nothing can be foretold of it.
            ExpressionKind::CallerToken => Err(EvaluateError::Unbound("token")),
            ExpressionKind::SignedIn => Ok(Value::Bool(self.environment.caller.is_some())),
            ExpressionKind::HasRole(wanted) => {
                let model = self.environment.model;
                let has = |role: &_| model.role(*role).includes.contains(wanted);
                let signed_in = self.environment.caller.is_some();
                Ok(Value::Bool(
                    signed_in && self.environment.roles.iter().any(has),
                ))
            }
            ExpressionKind::CallerTenant => self.caller_tenant(),
            ExpressionKind::Now => Ok(Value::DateTime(self.environment.now_ms)),
            ExpressionKind::Today => Ok(Value::Date(day_of(self.environment.now_ms))),
            ExpressionKind::Variable(variable) => {
                let bound = self.variables.iter().rev().find(|(id, _)| id == variable);
                let bound = bound.map(|(_, row)| Value::Row(row.clone()));
                bound.ok_or(EvaluateError::Unbound("variable"))
            }
            ExpressionKind::Binding(binding) => {
                let bound = self.environment.bindings.iter();
                let bound = bound.rev().find(|(id, _)| id == binding);
                let bound = bound.map(|(_, value)| value.clone());
                bound.ok_or(EvaluateError::Unbound("binding"))
            }
            ExpressionKind::Input { place, path } => Ok(self.input(*place, path)),
            ExpressionKind::Given { place, path } => {
                Ok(Value::Bool(self.given(*place, path).is_some()))
            }
            ExpressionKind::Field { of, field } => match self.value(of)? {
                Value::Row(row) => self.field(&row, *field),
                // There is nothing behind a missing row.
                Value::Null if matches!(expression.ty, Type::Rows(_)) => {
                    Ok(Value::Rows(Vec::new()))
                }
                Value::Null => Ok(Value::Null),
                _ => Err(EvaluateError::Mismatch("a field")),
            },
            ExpressionKind::Id(of) => match self.value(of)? {
                Value::Row(row) => Ok(id(&row, &expression.ty)),
                Value::Null => Ok(Value::Null),
                _ => Err(EvaluateError::Mismatch("an id")),
            },
            ExpressionKind::Part { of, name } => match self.value(of)? {
                Value::Object(mut parts) => Ok(parts.remove(name).unwrap_or(Value::Null)),
                _ => Err(EvaluateError::Mismatch("a part")),
            },
            ExpressionKind::Not(inner) => Ok(Value::Bool(!self.holds(inner)?)),
            ExpressionKind::Negate(inner) => self.negate(inner, &expression.ty),
            ExpressionKind::Binary {
                operator,
                left,
                right,
            } => self.binary(*operator, left, right, &expression.ty),
            ExpressionKind::In { item, list } => self.is_in(item, list).map(Value::Bool),
            ExpressionKind::List(items) => {
                let items = items.iter().map(|item| self.value(item));
                Ok(Value::List(items.collect::<Result<_>>()?))
            }
            ExpressionKind::Conditional {
                test,
                then,
                otherwise,
            } => {
                let chosen = if self.holds(test)? { then } else { otherwise };
                scaled(self.value(chosen)?, &expression.ty)
            }
            ExpressionKind::Quantifier {
                quantifier,
                over,
                variable,
                condition,
            } => self.quantified(*quantifier, over, *variable, condition),
            ExpressionKind::Aggregate {
                aggregate,
                over,
                variable,
                condition,
                value,
            } => {
                let gathered = Gathered {
                    aggregate: *aggregate,
                    condition: condition.as_deref(),
                    value: value.as_deref(),
                    variable: *variable,
                };
                self.aggregated(over, &gathered, &expression.ty)
            }
            ExpressionKind::Filter {
                over,
                variable,
                condition,
            } => {
                let mut kept = Vec::new();
                for row in self.rows(over)? {
                    if self.with(*variable, row.clone(), condition)? == Value::Bool(true) {
                        kept.push(row);
                    }
                }
                Ok(Value::Rows(kept))
            }
            ExpressionKind::Map {
                over,
                variable,
                value,
            } => {
                let rows = self.rows(over)?.into_iter();
                let values = rows.map(|row| self.with(*variable, row, value));
                Ok(Value::List(values.collect::<Result<_>>()?))
            }
            ExpressionKind::Function {
                function,
                arguments,
            } => self.called(*function, arguments, &expression.ty),
        }
    }

    fn holds(&mut self, condition: &Expression) -> Result<bool> {
        Ok(self.value(condition)? == Value::Bool(true))
    }

    fn caller_tenant(&mut self) -> Result<Value> {
        let model = self.environment.model;
        let field = model
            .account
            .as_ref()
            .and_then(|account| model.entity(account.entity).tenant);
        match (self.environment.caller, field) {
            (Some(caller), Some(field)) => Ok(self.environment.world.field(caller, field)),
            (None, Some(_)) => Ok(Value::Null),
            (_, None) => Err(EvaluateError::Unbound("tenant of the caller")),
        }
    }

    /// What was left out is missing.
    fn input(&self, place: InputPlace, path: &[String]) -> Value {
        self.given(place, path).cloned().unwrap_or(Value::Null)
    }

    fn given(&self, place: InputPlace, path: &[String]) -> Option<&Value> {
        let given = self.environment.inputs.iter();
        let mut value = given
            .rev()
            .find(|(of, _)| *of == place)
            .map(|(_, value)| value);
        for name in path {
            value = match value {
                Some(Value::Object(members)) => members.get(name),
                _ => None,
            };
        }
        value
    }

    fn field(&mut self, row: &RowRef, field: FieldId) -> Result<Value> {
        let model = self.environment.model;
        let definition = model.field(field);
        let Some(computed) = &definition.computed else {
            return Ok(self.environment.world.field(row, field));
        };
        let mut inner = Evaluator {
            environment: self.environment,
            this: Some(row.clone()),
            variables: Vec::new(),
        };
        let value = inner.value(computed)?;
        match &definition.kind {
            FieldKind::Scalar(scalar) => scaled(value, &scalar.value_type()),
            FieldKind::ToOne(_) | FieldKind::ToMany(_) => Ok(value),
        }
    }

    fn negate(&mut self, inner: &Expression, ty: &Type) -> Result<Value> {
        match self.value(inner)? {
            Value::Null => Ok(Value::Null),
            Value::Duration(value) => {
                let value = value.checked_neg().ok_or(EvaluateError::Overflow)?;
                Ok(Value::Duration(value))
            }
            value => {
                let (units, scale) = number(&value).ok_or(EvaluateError::Mismatch("a sign"))?;
                fitted(-units, scale, ty)
            }
        }
    }

    fn binary(
        &mut self,
        operator: BinaryOperator,
        left: &Expression,
        right: &Expression,
        ty: &Type,
    ) -> Result<Value> {
        use BinaryOperator::{
            And, Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual, Or,
        };
        match operator {
            And => return Ok(Value::Bool(self.holds(left)? && self.holds(right)?)),
            Or => return Ok(Value::Bool(self.holds(left)? || self.holds(right)?)),
            _ => {}
        }
        let (left, right) = (self.value(left)?, self.value(right)?);
        let ordered =
            |is: fn(Ordering) -> bool| Ok(Value::Bool(compared(&left, &right)?.is_some_and(is)));
        match operator {
            Equal => Ok(Value::Bool(same(&left, &right)?)),
            NotEqual => Ok(Value::Bool(!same(&left, &right)?)),
            Less => ordered(Ordering::is_lt),
            LessOrEqual => ordered(Ordering::is_le),
            Greater => ordered(Ordering::is_gt),
            GreaterOrEqual => ordered(Ordering::is_ge),
            _ => calculated(operator, left, right, ty),
        }
    }

    fn is_in(&mut self, item: &Expression, list: &Expression) -> Result<bool> {
        let item = self.value(item)?;
        match self.value(list)? {
            Value::Rows(rows) => Ok(match item {
                Value::Row(row) => rows.contains(&row),
                _ => false,
            }),
            Value::List(items) => {
                for other in &items {
                    if same(&item, other)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Value::Null => Ok(false),
            _ => Err(EvaluateError::Mismatch("`in`")),
        }
    }

    fn rows(&mut self, over: &Expression) -> Result<Vec<RowRef>> {
        match self.value(over)? {
            Value::Rows(rows) => Ok(rows),
            Value::Null => Ok(Vec::new()),
            _ => Err(EvaluateError::Mismatch("a search")),
        }
    }

    fn with(&mut self, variable: VariableId, row: RowRef, inner: &Expression) -> Result<Value> {
        self.variables.push((variable, row));
        let value = self.value(inner);
        self.variables.pop();
        value
    }

    fn quantified(
        &mut self,
        quantifier: Quantifier,
        over: &Expression,
        variable: VariableId,
        condition: &Expression,
    ) -> Result<Value> {
        let decisive = quantifier == Quantifier::Exists;
        for row in self.rows(over)? {
            let holds = self.with(variable, row, condition)? == Value::Bool(true);
            if holds == decisive {
                return Ok(Value::Bool(decisive));
            }
        }
        Ok(Value::Bool(!decisive))
    }

    fn aggregated(&mut self, over: &Expression, parts: &Gathered, ty: &Type) -> Result<Value> {
        let mut count = 0;
        let mut values = Vec::new();
        for row in self.rows(over)? {
            if let Some(condition) = parts.condition
                && self.with(parts.variable, row.clone(), condition)? != Value::Bool(true)
            {
                continue;
            }
            count += 1;
            if let Some(value) = parts.value {
                let value = self.with(parts.variable, row, value)?;
                if !value.is_null() {
                    values.push(scaled(value, ty)?);
                }
            }
        }
        match parts.aggregate {
            Aggregate::Count => Ok(Value::Int(count)),
            Aggregate::Sum => {
                let (units, scale) = total(&values)?;
                fitted(units, scale, ty)
            }
            Aggregate::Avg if values.is_empty() => Ok(Value::Null),
            Aggregate::Avg => {
                let (units, scale) = total(&values)?;
                fitted(average(units, values.len() as i128), scale, ty)
            }
            Aggregate::Min => best(values, Ordering::Less),
            Aggregate::Max => best(values, Ordering::Greater),
        }
    }

    fn called(&mut self, function: Function, arguments: &[Expression], ty: &Type) -> Result<Value> {
        if function == Function::Coalesce {
            for argument in arguments {
                let value = self.value(argument)?;
                if !value.is_null() {
                    return scaled(value, ty);
                }
            }
            return Ok(Value::Null);
        }
        let mut values = Vec::with_capacity(arguments.len());
        for argument in arguments {
            values.push(self.value(argument)?);
        }
        applied(function, &values, ty)
    }
}

fn row(row: Option<&RowRef>) -> Value {
    row.map_or(Value::Null, |row| Value::Row(row.clone()))
}

/// An id is text, or a number where the expression says so.
fn id(row: &RowRef, ty: &Type) -> Value {
    match (ty, row.id.parse()) {
        (Type::Int, Ok(number)) => Value::Int(number),
        _ => Value::Text(row.id.clone()),
    }
}
