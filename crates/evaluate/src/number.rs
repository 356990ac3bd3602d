//! Numbers with a fixed number of digits after the point.

use crate::{EvaluateError, Value};
use archwright_plan::model::Type;

type Result<T> = std::result::Result<T, EvaluateError>;

/// Units and scale of a number; absent for what is none.
pub(crate) fn number(value: &Value) -> Option<(i128, u32)> {
    match value {
        Value::Int(value) => Some((i128::from(*value), 0)),
        Value::Decimal { units, scale } => Some((*units, *scale)),
        _ => None,
    }
}

/// The same number with another scale; rounds half away from zero when digits are lost.
pub fn rescaled(units: i128, from: u32, to: u32) -> Result<i128> {
    let power = 10_i128
        .checked_pow(from.abs_diff(to))
        .ok_or(EvaluateError::Overflow)?;
    if from <= to {
        return units.checked_mul(power).ok_or(EvaluateError::Overflow);
    }
    let half = power / 2 * units.signum();
    Ok(units.checked_add(half).ok_or(EvaluateError::Overflow)? / power)
}

/// A number as a value of a numeric type. Both kinds are stored in 64 bits.
pub(crate) fn fitted(units: i128, scale: u32, ty: &Type) -> Result<Value> {
    let wanted = match ty {
        Type::Decimal { scale } => *scale,
        _ => 0,
    };
    let units = rescaled(units, scale, wanted)?;
    let short = i64::try_from(units).map_err(|_| EvaluateError::Overflow)?;
    Ok(match ty {
        Type::Decimal { scale } => Value::Decimal {
            units,
            scale: *scale,
        },
        _ => Value::Int(short),
    })
}

/// Numbers at the scale of a numeric type; everything else as it is.
pub(crate) fn scaled(value: Value, ty: &Type) -> Result<Value> {
    match (number(&value), ty) {
        (Some((units, scale)), Type::Int | Type::Decimal { .. }) => fitted(units, scale, ty),
        _ => Ok(value),
    }
}

/// Two numbers at the larger of their scales.
pub(crate) fn aligned(left: (i128, u32), right: (i128, u32)) -> Result<(i128, i128)> {
    let scale = left.1.max(right.1);
    Ok((
        rescaled(left.0, left.1, scale)?,
        rescaled(right.0, right.1, scale)?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_digits_round_half_away_from_zero() {
        for (units, from, to, expected) in [
            (1_245, 3, 2, 125),
            (-1_245, 3, 2, -125),
            (1_244, 3, 2, 124),
            (12, 0, 2, 1_200),
            (49, 2, 0, 0),
            (-50, 2, 0, -1),
        ] {
            assert_eq!(rescaled(units, from, to), Ok(expected), "{units}");
        }
        assert_eq!(rescaled(i128::MAX, 0, 1), Err(EvaluateError::Overflow));
        assert_eq!(rescaled(1, 0, 200), Err(EvaluateError::Overflow));
    }
}
