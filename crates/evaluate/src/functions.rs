//! Operators and functions over values.

use crate::number::{aligned, fitted, number};
use crate::{EvaluateError, Value, compared};
use archwright_plan::decimal;
use archwright_plan::model::calendar::day_of;
use archwright_plan::model::{BinaryOperator, Function, Type};
use std::cmp::Ordering;

type Result<T> = std::result::Result<T, EvaluateError>;

pub(crate) fn calculated(
    operator: BinaryOperator,
    left: Value,
    right: Value,
    ty: &Type,
) -> Result<Value> {
    let overflow = EvaluateError::Overflow;
    if left.is_null() || right.is_null() {
        return Ok(Value::Null);
    }
    if let (Some(left), Some(right)) = (number(&left), number(&right)) {
        return arithmetic(operator, left, right, ty);
    }
    match (operator, left, right) {
        (BinaryOperator::Add, Value::Text(left), Value::Text(right)) => {
            Ok(Value::Text(left + &right))
        }
        (BinaryOperator::Add, Value::DateTime(instant), Value::Duration(duration))
        | (BinaryOperator::Add, Value::Duration(duration), Value::DateTime(instant)) => {
            let sum = instant.checked_add(duration).ok_or(overflow)?;
            Ok(Value::DateTime(sum))
        }
        (BinaryOperator::Subtract, Value::DateTime(instant), Value::Duration(duration)) => {
            let difference = instant.checked_sub(duration).ok_or(overflow)?;
            Ok(Value::DateTime(difference))
        }
        (BinaryOperator::Subtract, Value::DateTime(left), Value::DateTime(right)) => {
            let difference = left.checked_sub(right).ok_or(overflow)?;
            Ok(Value::Duration(difference))
        }
        _ => Err(EvaluateError::Mismatch("arithmetic")),
    }
}

fn arithmetic(
    operator: BinaryOperator,
    left: (i128, u32),
    right: (i128, u32),
    ty: &Type,
) -> Result<Value> {
    let scale = left.1.max(right.1);
    let (units, scale) = match operator {
        BinaryOperator::Add | BinaryOperator::Subtract => {
            let (left, right) = aligned(left, right)?;
            let result = match operator {
                BinaryOperator::Add => left.checked_add(right),
                _ => left.checked_sub(right),
            };
            (result, scale)
        }
        BinaryOperator::Multiply => (left.0.checked_mul(right.0), left.1 + right.1),
        BinaryOperator::Divide | BinaryOperator::Remainder if right.0 == 0 => {
            return Ok(Value::Null);
        }
        BinaryOperator::Divide => (left.0.checked_div(right.0), 0),
        BinaryOperator::Remainder => (left.0.checked_rem(right.0), 0),
        _ => return Err(EvaluateError::Mismatch("arithmetic")),
    };
    fitted(units.ok_or(EvaluateError::Overflow)?, scale, ty)
}

pub(crate) fn total(values: &[Value]) -> Result<(i128, u32)> {
    let mut sum = (0, 0);
    for value in values {
        let value = number(value).ok_or(EvaluateError::Mismatch("a sum"))?;
        let (left, right) = aligned(sum, value)?;
        let units = left.checked_add(right).ok_or(EvaluateError::Overflow)?;
        sum = (units, sum.1.max(value.1));
    }
    Ok(sum)
}

/// Half away from zero.
pub(crate) fn average(units: i128, count: i128) -> i128 {
    (2 * units + units.signum() * count) / (2 * count)
}

pub(crate) fn best(values: Vec<Value>, wanted: Ordering) -> Result<Value> {
    let mut best = Value::Null;
    for value in values {
        if best.is_null() || compared(&value, &best)? == Some(wanted) {
            best = value;
        }
    }
    Ok(best)
}

pub(crate) fn applied(function: Function, values: &[Value], ty: &Type) -> Result<Value> {
    match (function, values) {
        (Function::StartsWith | Function::EndsWith | Function::Contains, [text, part]) => {
            let (Value::Text(text), Value::Text(part)) = (text, part) else {
                return Ok(Value::Bool(false));
            };
            Ok(Value::Bool(match function {
                Function::StartsWith => text.starts_with(part.as_str()),
                Function::EndsWith => text.ends_with(part.as_str()),
                _ => text.contains(part.as_str()),
            }))
        }
        (_, [Value::Null]) => Ok(Value::Null),
        (Function::Size, [Value::Text(text)]) => Ok(Value::Int(text.chars().count() as i64)),
        (Function::Size, [Value::List(items)]) => Ok(Value::Int(items.len() as i64)),
        (Function::Size, [Value::Rows(rows)]) => Ok(Value::Int(rows.len() as i64)),
        (Function::Lower, [Value::Text(text)]) => Ok(Value::Text(text.to_ascii_lowercase())),
        (Function::Upper, [Value::Text(text)]) => Ok(Value::Text(text.to_ascii_uppercase())),
        (Function::Trim, [Value::Text(text)]) => {
            let blank = [' ', '\t', '\n', '\r', '\u{b}', '\u{c}'];
            Ok(Value::Text(text.trim_matches(blank).to_owned()))
        }
        (Function::Duration, [Value::Int(value) | Value::Duration(value)]) => {
            Ok(Value::Duration(*value))
        }
        (Function::Date, [Value::DateTime(instant)]) => Ok(Value::Date(day_of(*instant))),
        (Function::Abs, [Value::Duration(value)]) => {
            let value = value.checked_abs().ok_or(EvaluateError::Overflow)?;
            Ok(Value::Duration(value))
        }
        (Function::Abs, [value]) => {
            let (units, scale) = number(value).ok_or(EvaluateError::Mismatch("`abs`"))?;
            fitted(units.abs(), scale, ty)
        }
        // The id of a row that the store has not numbered yet.
        (Function::String, [Value::Text(id)]) => Ok(Value::Text(id.clone())),
        (Function::String, [Value::Int(number)]) => Ok(Value::Text(number.to_string())),
        (Function::String, [Value::Decimal { units, scale }]) => {
            Ok(Value::Text(decimal(*units, *scale)))
        }
        _ => Err(EvaluateError::Mismatch("a function")),
    }
}
