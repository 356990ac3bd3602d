//! Reads JSON strictly: no duplicate keys, bounded nesting, errors with line and column.

use archwright_plan::limits::BODY_NESTING;
use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// The value, or what is wrong with the text as the end of a sentence.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, String> {
    if let Err(error) = std::str::from_utf8(bytes) {
        return Err(format!("byte {} is not UTF-8", error.valid_up_to()));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Strict {
        levels: BODY_NESTING,
    }
    .deserialize(&mut deserializer)
    .and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|error| error.to_string())
}

#[derive(Clone, Copy)]
struct Strict {
    levels: usize,
}

impl Strict {
    fn below<E: Error>(self) -> Result<Self, E> {
        match self.levels.checked_sub(1) {
            Some(levels) => Ok(Self { levels }),
            None => Err(E::custom(format_args!(
                "nested more than {BODY_NESTING} levels deep"
            ))),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value);
        number
            .map(Value::Number)
            .ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(below)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if object.contains_key(&key) {
                let shown: String = key.chars().take(60).collect();
                return Err(A::Error::custom(format_args!(
                    "the key {shown:?} stands there twice"
                )));
            }
            let value = entries.next_value_seed(below)?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failure is the test's failure")]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_read_in_order() {
        let text = br#"{"b": [1, -2, 3.5, "x", true, null], "a": {}}"#;
        let expected = json!({ "b": [1, -2, 3.5, "x", true, null], "a": {} });
        assert_eq!(parse(text).unwrap(), expected);
    }

    #[track_caller]
    fn refused(text: &[u8], because: &str) {
        let error = parse(text).unwrap_err();
        assert!(error.contains(because), "{error}");
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_place() {
        refused(b"", "EOF");
        refused(b"{\"a\": 1,}", "line 1 column 9");
        refused(b"{\"a\": 1} x", "trailing characters");
        refused(b"{\"a\": 1, \"a\": 2}", "the key \"a\" stands there twice");
        refused(b"{\"x\": {\"a\": 1, \"a\": 2}}", "twice");
        refused(b"[1e999]", "number out of range");
        refused(b"\"\\ud800\"", "hex escape");
        refused(b"[\xff]", "byte 1 is not UTF-8");
        refused(b"\xef\xbb\xbf{}", "expected value");
        refused("[".repeat(65).as_bytes(), "nested more than 64 levels deep");
        refused(
            "[".repeat(100_000).as_bytes(),
            "nested more than 64 levels deep",
        );
        refused(b"NaN", "expected value");
    }
}
