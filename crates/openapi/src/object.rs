//! Small helpers over JSON objects and names that all parts of the document share.

use serde_json::{Map, Value, json};

/// The object that a `json!({…})` literal is.
pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

pub(crate) fn reference(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}

/// A schema of an object with these keys and no others.
pub(crate) fn closed_object(properties: Map<String, Value>, required: Vec<String>) -> Value {
    let mut schema = object(json!({ "type": "object", "properties": properties }));
    if !required.is_empty() {
        schema.insert("required".to_owned(), required.into());
    }
    schema.insert("additionalProperties".to_owned(), false.into());
    Value::Object(schema)
}

/// The schema, or null.
pub(crate) fn nullable(schema: Value) -> Value {
    let Value::Object(mut object) = schema else {
        return schema;
    };
    match object.get_mut("type") {
        Some(Value::String(name)) => {
            let name = name.clone();
            object.insert("type".to_owned(), json!([name, "null"]));
        }
        Some(Value::Array(names)) => {
            if !names.iter().any(|name| name == "null") {
                names.push("null".into());
            }
        }
        _ => return json!({ "anyOf": [Value::Object(object), { "type": "null" }] }),
    }
    if let Some(Value::Array(values)) = object.get_mut("enum")
        && !values.contains(&Value::Null)
    {
        values.push(Value::Null);
    }
    Value::Object(object)
}

/// Adds a key beside what the schema says; a bare reference is wrapped, which older readers need.
pub(crate) fn annotate(schema: &mut Value, key: &str, value: Value) {
    if let Value::Object(object) = schema {
        object.insert(key.to_owned(), value);
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn listed(items: &[String], last: &str) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [init @ .., end] => format!("{} {last} {end}", init.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_added_to_types_and_enums() {
        assert_eq!(
            nullable(json!({ "type": "string", "enum": ["a"] })),
            json!({ "type": ["string", "null"], "enum": ["a", null] })
        );
        assert_eq!(
            nullable(json!({ "$ref": "#/x" })),
            json!({ "anyOf": [{ "$ref": "#/x" }, { "type": "null" }] })
        );
    }
}
