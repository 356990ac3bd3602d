//! The opaque text that says where the next page begins.

use crate::connection::Value;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value as Json;

/// The last row of a page: its sort value (null without a sort) and its id, and what the page was asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cursor {
    pub sort: Value,
    pub id: Value,
    /// Hash of operation, filters, search and sort: a cursor is good for the same question only.
    pub question: u64,
}

impl Cursor {
    pub fn encode(&self) -> String {
        let question = format!("{:016x}", self.question);
        let parts = Json::Array(vec![json(&self.sort), json(&self.id), Json::from(question)]);
        URL_SAFE_NO_PAD.encode(parts.to_string())
    }

    pub fn decode(text: &str) -> Option<Self> {
        if text.len() > 4_096 {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let Json::Array(parts) = serde_json::from_slice(&bytes).ok()? else {
            return None;
        };
        let [sort, id, Json::String(question)] = parts.as_slice() else {
            return None;
        };
        let question = u64::from_str_radix(question, 16).ok()?;
        Some(Self {
            sort: value(sort)?,
            id: value(id)?,
            question,
        })
    }
}

fn json(value: &Value) -> Json {
    match value {
        Value::Integer(number) => Json::from(*number),
        Value::Text(text) => Json::from(text.as_str()),
        Value::Null | Value::Real(_) | Value::Blob(_) => Json::Null,
    }
}

fn value(json: &Json) -> Option<Value> {
    match json {
        Json::Null => Some(Value::Null),
        Json::Number(number) => number.as_i64().map(Value::Integer),
        Json::String(text) => Some(Value::Text(text.clone())),
        Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

/// FNV-1a over the parts of a question, each ended by a zero byte.
pub(crate) fn question<'t>(parts: impl Iterator<Item = &'t str>) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in parts.flat_map(|part| part.bytes().chain([0])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failure is the test's failure")]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        for sort in [
            Value::Null,
            Value::Integer(-5),
            Value::Text("ü\"".to_owned()),
        ] {
            let cursor = Cursor {
                sort,
                id: Value::Text("x".to_owned()),
                question: u64::MAX,
            };
            assert_eq!(Cursor::decode(&cursor.encode()).unwrap(), cursor);
        }
    }

    #[test]
    fn garbage_is_no_cursor() {
        for text in ["", "!", "bnVsbA", "W10", "WzEsMiwzXQ", &"A".repeat(5_000)] {
            assert_eq!(Cursor::decode(text), None, "{text}");
        }
    }
}
