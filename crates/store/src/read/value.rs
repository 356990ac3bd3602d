//! Texts of a query or path as the values that a column stores.

use crate::connection::Value;
use crate::represent::{canonical_date, canonical_uuid, id_value};
use archwright_plan::Plan;
use archwright_plan::model::calendar::instant_from_text;
use archwright_plan::model::{FieldId, FieldKind, ScalarType};

/// The value of a field as its column stores it; of a relation, the id or natural key of the target. `None` when the
/// text is no value of the field's type.
pub(crate) fn stored_value(plan: &Plan, field: FieldId, text: &str) -> Option<Value> {
    let target = match &plan.model.field(field).kind {
        FieldKind::Scalar(scalar) => return scalar_value(scalar, text),
        FieldKind::ToOne(relation) => relation.target,
        FieldKind::ToMany(relation) => relation.target,
    };
    match plan.model.entity(target).key {
        Some(key) => stored_value(plan, key, text),
        None => id_value(plan, target, text),
    }
}

pub(super) fn scalar_value(scalar: &ScalarType, text: &str) -> Option<Value> {
    match scalar {
        // No text that is stored has one.
        _ if text.contains('\0') => None,
        ScalarType::Int => text
            .parse::<i32>()
            .ok()
            .map(|number| Value::Integer(number.into())),
        ScalarType::BigInt => text.parse::<i64>().ok().map(Value::Integer),
        ScalarType::Decimal { scale, .. } => decimal(text, *scale).map(Value::Integer),
        ScalarType::Bool => match text {
            "true" => Some(Value::Integer(1)),
            "false" => Some(Value::Integer(0)),
            _ => None,
        },
        ScalarType::Date => canonical_date(text).map(Value::Text),
        ScalarType::DateTime => instant_from_text(text).map(Value::Integer),
        ScalarType::Uuid => canonical_uuid(text).map(Value::Text),
        ScalarType::Email => Some(Value::Text(text.to_lowercase())),
        ScalarType::Enum { values } => values
            .iter()
            .any(|value| value == text)
            .then(|| Value::Text(text.to_owned())),
        ScalarType::Json | ScalarType::File { .. } => None,
        _ => Some(Value::Text(text.to_owned())),
    }
}

/// The unscaled integer of `-12.5` at a scale; `None` when digits would be lost.
fn decimal(text: &str, scale: u32) -> Option<i64> {
    let (negative, digits) = text
        .strip_prefix('-')
        .map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let well_formed = !whole.is_empty()
        && whole.len() <= 18
        && fraction.len() <= scale as usize
        && !(fraction.is_empty() && digits.contains('.'))
        && whole
            .bytes()
            .chain(fraction.bytes())
            .all(|byte| byte.is_ascii_digit());
    if !well_formed {
        return None;
    }
    let units: i64 = format!("{whole}{fraction:0<width$}", width = scale as usize)
        .parse()
        .ok()?;
    Some(if negative { -units } else { units })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_exactly() {
        for (text, expected) in [
            ("12.5", Some(1250)),
            ("-0.05", Some(-5)),
            ("7", Some(700)),
            ("1.005", None),
            ("1.", None),
            (".5", None),
            ("1e3", None),
            ("", None),
            ("-", None),
            ("9999999999999999999", None),
        ] {
            assert_eq!(decimal(text, 2), expected, "{text}");
        }
    }
}
