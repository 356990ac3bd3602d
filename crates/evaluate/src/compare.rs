//! Equality and order of values.

use crate::number::{aligned, number};
use crate::{EvaluateError, Value};
use std::cmp::Ordering;

/// Whether two values are one. Missing is a value of its own, rows are compared by id, numbers by value.
pub fn same(left: &Value, right: &Value) -> Result<bool, EvaluateError> {
    if let (Some(left), Some(right)) = (number(left), number(right)) {
        let (left, right) = aligned(left, right)?;
        return Ok(left == right);
    }
    Ok(left == right)
}

/// The order of two values; absent when one of them is missing.
pub fn compared(left: &Value, right: &Value) -> Result<Option<Ordering>, EvaluateError> {
    if let (Some(left), Some(right)) = (number(left), number(right)) {
        let (left, right) = aligned(left, right)?;
        return Ok(Some(left.cmp(&right)));
    }
    match (left, right) {
        (Value::Null, _) | (_, Value::Null) => Ok(None),
        (Value::Text(left), Value::Text(right)) => Ok(Some(left.cmp(right))),
        (Value::Date(left), Value::Date(right))
        | (Value::DateTime(left), Value::DateTime(right))
        | (Value::Duration(left), Value::Duration(right)) => Ok(Some(left.cmp(right))),
        (Value::Bool(left), Value::Bool(right)) => Ok(Some(left.cmp(right))),
        _ => Err(EvaluateError::Mismatch("a comparison")),
    }
}
