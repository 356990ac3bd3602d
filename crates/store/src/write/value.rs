//! Stored values: made from literals, shown as JSON, sealed and opened.

use crate::connection::{Value, ValueRef};
use crate::represent::{Form, column_place, scalar_form, sealed_place, write_plain};
use crate::{Failure, Shared};
use archwright_plan::model::calendar::instant_from_text;
use archwright_plan::model::{Field, FieldId, Literal, ScalarType};
use serde_json::Value as Json;

/// A literal as the column of a scalar stores it.
pub(crate) fn of_literal(literal: &Literal, scalar: &ScalarType) -> Value {
    let own = match scalar {
        ScalarType::Decimal { scale, .. } => *scale,
        _ => 0,
    };
    let raised = |units: i64, scale: u32| {
        let power = 10_i64.checked_pow(own.saturating_sub(scale)).unwrap_or(1);
        Value::Integer(units.saturating_mul(power))
    };
    match literal {
        Literal::Null => Value::Null,
        Literal::Bool(value) => Value::Integer((*value).into()),
        Literal::Int(units) => raised(*units, 0),
        Literal::Decimal { units, scale } => raised(*units, *scale),
        Literal::Text(text) if *scalar == ScalarType::DateTime => {
            instant_from_text(text).map_or(Value::Null, Value::Integer)
        }
        Literal::Text(text) => Value::Text(text.clone()),
    }
}

fn form(field: &Field) -> Form {
    match field.scalar() {
        // Its stored value is an id.
        Some(ScalarType::File { .. }) | None => Form::Text,
        Some(scalar) => scalar_form(scalar),
    }
}

/// The value as JSON has it.
pub(crate) fn json_of(field: &Field, value: &Value) -> Result<Json, Failure> {
    match (form(field), value) {
        (_, Value::Null) => Ok(Json::Null),
        (Form::Text, Value::Integer(id)) => Ok(Json::from(*id)),
        (form, value) => {
            let mut text = Vec::new();
            write_plain(&form, value.into(), &mut text)?;
            serde_json::from_slice(&text).map_err(|error| Failure::Internal(error.to_string()))
        }
    }
}

/// What is sealed: the value's text as it stands in JSON, without quotes.
fn plain_text(field: &Field, value: &Value) -> Result<String, Failure> {
    Ok(match json_of(field, value)? {
        Json::String(text) => text,
        other => other.to_string(),
    })
}

/// What the column of a field holds for a value; `id` is the row's.
pub(crate) fn column(
    shared: &Shared,
    field: FieldId,
    id: &Value,
    value: &Value,
) -> Result<Value, Failure> {
    let definition = shared.plan.model.field(field);
    if !definition.sensitive || *value == Value::Null {
        return Ok(value.clone());
    }
    let text = plain_text(definition, value)?;
    let place = sealed_place(&column_place(&shared.plan, field), ValueRef::from(id));
    let sealed = shared.secrets.seal(text.as_bytes(), &place);
    sealed
        .map(Value::Blob)
        .ok_or_else(|| Failure::Internal("the system has no randomness to give".to_owned()))
}

/// What the blind index of a field holds for a value.
pub(crate) fn blind(shared: &Shared, field: FieldId, value: &Value) -> Value {
    match value {
        Value::Text(text) => Value::Blob(shared.blind_index(field, text)),
        Value::Integer(number) => Value::Blob(shared.blind_index(field, &number.to_string())),
        Value::Null | Value::Real(_) | Value::Blob(_) => Value::Null,
    }
}

/// The JSON text that a column of a `json` field holds, opened where it is sealed.
pub(crate) fn document(
    shared: &Shared,
    field: FieldId,
    id: &Value,
    stored: Value,
) -> Result<Json, Failure> {
    let text = match stored {
        Value::Text(text) => text,
        Value::Blob(sealed) => {
            let place = sealed_place(&column_place(&shared.plan, field), ValueRef::from(id));
            let plain = shared.secrets.open(&sealed, &place).ok_or_else(|| {
                Failure::Internal("a sensitive value can't be decrypted".to_owned())
            })?;
            String::from_utf8_lossy(&plain).into_owned()
        }
        _ => return Ok(Json::Null),
    };
    serde_json::from_str(&text).map_err(|error| Failure::Internal(error.to_string()))
}

/// JSON Merge Patch (RFC 7396).
pub(crate) fn merged(target: Json, patch: &Json) -> Json {
    let Json::Object(patch) = patch else {
        return patch.clone();
    };
    let mut object = match target {
        Json::Object(object) => object,
        _ => serde_json::Map::new(),
    };
    for (name, value) in patch {
        if value.is_null() {
            object.shift_remove(name);
        } else {
            let old = object.get_mut(name).map_or(Json::Null, Json::take);
            object.insert(name.clone(), merged(old, value));
        }
    }
    Json::Object(object)
}

/// Whether the value of a field never leaves its column.
pub(crate) fn is_secret(field: &Field) -> bool {
    field.sensitive || field.write_only
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn patches_are_merged_as_the_rfc_has_it() {
        for (target, patch, expected) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (
                json!({"a": "b"}),
                json!({"b": "c"}),
                json!({"a": "b", "b": "c"}),
            ),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (
                json!({"a": {"b": "c"}}),
                json!({"a": {"b": "d", "c": null}}),
                json!({"a": {"b": "d"}}),
            ),
            (
                json!({"a": [{"b": "c"}]}),
                json!({"a": [1]}),
                json!({"a": [1]}),
            ),
            (json!(["a", "b"]), json!({"a": "c"}), json!({"a": "c"})),
            (
                json!({}),
                json!({"a": {"bb": {"ccc": null}}}),
                json!({"a": {"bb": {}}}),
            ),
        ] {
            assert_eq!(merged(target, &patch), expected, "{patch}");
        }
    }
}
