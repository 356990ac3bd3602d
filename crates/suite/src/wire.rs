//! Values as JSON, and back.

use crate::world::World;
use archwright_evaluate::{RowRef, Value};
use archwright_plan::decimal;
use archwright_plan::model::calendar::{
    date_to_text, days_from_text, instant_from_text, instant_to_text,
};
use archwright_plan::model::{EntityId, IdType, Literal, Model, ScalarType};
use serde_json::{Value as Json, json};

/// A value as requests and replies write it.
pub fn to_json(value: &Value, scalar: &ScalarType) -> Json {
    match (value, scalar) {
        (Value::Null, _) => Json::Null,
        (Value::Bool(value), _) => json!(value),
        (Value::Int(value), ScalarType::Decimal { scale, .. }) => {
            let units = i128::from(*value) * 10_i128.pow(*scale);
            json!(decimal(units, *scale))
        }
        (Value::Int(value) | Value::Duration(value), _) => json!(value),
        (Value::Decimal { units, scale }, _) => json!(decimal(*units, *scale)),
        (Value::Text(text), _) => json!(text),
        (Value::Date(days), _) => json!(date_to_text(*days)),
        (Value::DateTime(instant), _) => json!(instant_to_text(*instant)),
        (Value::Json(text) | Value::File(text), _) => {
            serde_json::from_str(text).unwrap_or(Json::Null)
        }
        (Value::Row(_) | Value::Rows(_) | Value::List(_) | Value::Object(_), _) => Json::Null,
    }
}

/// A value from a reply; absent when the JSON is no value of the type.
pub fn from_json(json: &Json, scalar: &ScalarType) -> Option<Value> {
    let text = || json.as_str();
    Some(match scalar {
        _ if json.is_null() => Value::Null,
        ScalarType::Bool => Value::Bool(json.as_bool()?),
        ScalarType::Int | ScalarType::BigInt => Value::Int(json.as_i64()?),
        ScalarType::Decimal { scale, .. } => Value::Decimal {
            units: units(text()?, *scale)?,
            scale: *scale,
        },
        ScalarType::Date => Value::Date(days_from_text(text()?)?),
        ScalarType::DateTime => Value::DateTime(instant_from_text(text()?)?),
        ScalarType::Json => Value::Json(json.to_string()),
        ScalarType::File { .. } => Value::File(json.to_string()),
        _ => Value::Text(text()?.to_owned()),
    })
}

/// The unscaled integer of `-12.50`.
fn units(text: &str, scale: u32) -> Option<i128> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if fraction.len() != scale as usize || whole.is_empty() {
        return None;
    }
    let units: i128 = format!("{whole}{fraction}").parse().ok()?;
    Some(sign * units)
}

/// A literal as JSON.
pub fn literal_to_json(literal: &Literal, scalar: &ScalarType) -> Json {
    to_json(&Value::of_scalar(literal, scalar), scalar)
}

/// The id of a row as JSON.
pub fn id_to_json(model: &Model, row: &RowRef) -> Json {
    match (model.entity(row.entity).id_type, row.id.parse::<i64>()) {
        (IdType::Int, Ok(number)) => json!(number),
        _ => json!(row.id),
    }
}

pub fn id_from_json(json: &Json) -> Option<String> {
    match json {
        Json::String(id) => Some(id.clone()),
        Json::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

/// How other rows name this one: by its natural key, or its id.
pub fn reference_to_json(world: &World, row: &RowRef) -> Json {
    let model = world.model();
    let row = world.named(row);
    match model.entity(row.entity).key {
        Some(key) => match model.field(key).scalar() {
            Some(scalar) => to_json(&world.value(row, key), scalar),
            None => Json::Null,
        },
        None => id_to_json(model, row),
    }
}

/// The row that a reply names.
pub fn reference_from_json(world: &World, entity: EntityId, json: &Json) -> Option<RowRef> {
    let Some(key) = world.model().entity(entity).key else {
        let id = id_from_json(json)?;
        return Some(RowRef { entity, id });
    };
    let wanted = from_json(json, world.model().field(key).scalar()?)?;
    world.of(entity).find(|row| world.value(row, key) == wanted)
}

/// How a path names a row.
pub fn segment(world: &World, row: &RowRef) -> String {
    match reference_to_json(world, row) {
        Json::String(text) => encode(&text),
        other => other.to_string(),
    }
}

/// Percent-encodes everything but unreserved characters.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Keys of a JSON object in one line, shortened for people.
pub fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(scalar: ScalarType, json: Json, expected: Option<Value>) {
        let value = from_json(&json, &scalar);
        assert_eq!(value, expected, "{json}");
        if let Some(value) = value {
            assert_eq!(to_json(&value, &scalar), json);
        }
    }

    #[test]
    fn values_go_to_json_and_back() {
        let money = || ScalarType::Decimal {
            precision: 15,
            scale: 2,
        };
        let decimal = |units| Some(Value::Decimal { units, scale: 2 });
        check(money(), json!("12.50"), decimal(1250));
        check(money(), json!("-0.05"), decimal(-5));
        check(money(), json!("12.5"), None);
        check(money(), json!(12.5), None);
        check(ScalarType::Int, json!(-3), Some(Value::Int(-3)));
        check(ScalarType::Int, json!("3"), None);
        check(
            ScalarType::Date,
            json!("2026-02-28"),
            Some(Value::Date(20_512)),
        );
        check(ScalarType::Date, json!("2026-02-30"), None);
        check(
            ScalarType::DateTime,
            json!("1970-01-01T00:00:00.001Z"),
            Some(Value::DateTime(1)),
        );
        check(ScalarType::Bool, json!(null), Some(Value::Null));
    }

    #[test]
    fn reserved_characters_are_encoded() {
        assert_eq!(encode("a/b ü:~"), "a%2Fb%20%C3%BC%3A~");
    }
}
