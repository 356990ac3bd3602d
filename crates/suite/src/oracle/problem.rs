//! Error replies in the design's own shape, foretold as far as it is known what they say.

use super::{Judge, Refusal, Who};
use crate::world::World;
use archwright_evaluate::Value;
use archwright_plan::decimal;
use archwright_plan::model::calendar::{date_to_text, instant_to_text};
use archwright_plan::model::{Api, BindingId, Expression, ExpressionKind, Shape, Type};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// Stands for any text that is not empty.
const ANY: char = '\u{1}';

/// Stands for any value.
const WHATEVER: &str = "\u{2}";

/// What an error reply has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub status: u16,
    pub code: &'static str,
    pub faults: Faults,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Faults {
    /// The whole request is refused.
    None,
    /// Perhaps some values are to blame.
    Unknown,
    /// Places, as JSON Pointers or names of parameters, each with its code where that is known.
    Known(Vec<(String, Option<&'static str>)>),
}

impl Problem {
    pub fn of(refusal: &Refusal, api: &Api) -> Self {
        let code = match refusal.code {
            "unique" | "forbidden" => Some(refusal.code),
            _ => None,
        };
        let pointers = refusal.pointers.iter();
        let known: Vec<_> = pointers.map(|place| (place.clone(), code)).collect();
        Self {
            status: refusal.told_with(api),
            code: refusal.code,
            faults: match refusal.code {
                _ if !known.is_empty() => Faults::Known(known),
                "invalid" | "unique" | "bad-request" => Faults::Unknown,
                _ => Faults::None,
            },
        }
    }

    /// What differs in the body from the shape of the design; `None` where the design has none for the status.
    pub fn differences(&self, world: &World, body: Option<&Json>) -> Option<Vec<String>> {
        let shape = world.model().api.error_shape(self.status)?;
        let differences = self.differ(world, shape, body);
        if self.faults != Faults::Unknown || differences.is_empty() {
            return Some(differences);
        }
        let whole = Self {
            faults: Faults::None,
            ..self.clone()
        };
        let of_the_whole = whole.differ(world, shape, body);
        Some(match of_the_whole.is_empty() {
            true => of_the_whole,
            false => differences,
        })
    }

    fn differ(&self, world: &World, shape: &Shape, body: Option<&Json>) -> Vec<String> {
        let bindings = self.bindings(world);
        let who = Who::default();
        let judge = Judge {
            bindings: &bindings,
            ..Judge::new(world, &who, 0)
        };
        let expected = shown(&judge, shape);
        let mut differences = Vec::new();
        match body {
            Some(body) => compare(&expected, body, "", &mut differences),
            None => differences.push("the body is not JSON".to_owned()),
        }
        differences
    }

    /// The order in which the model binds the names that the shape sees.
    fn bindings(&self, world: &World) -> Vec<(BindingId, Value)> {
        let said = |code: Option<&str>| match code.and_then(|code| world.model().api.message(code))
        {
            Some(text) => text.to_owned(),
            None => ANY.to_string(),
        };
        let detail = said(Some(self.code));
        let entries: Vec<(String, String, String)> = match &self.faults {
            Faults::None => Vec::new(),
            Faults::Unknown => vec![(ANY.to_string(), ANY.to_string(), ANY.to_string())],
            Faults::Known(known) => known
                .iter()
                .map(|(place, code)| {
                    let name = match place.as_str() {
                        "" => "body",
                        place => place.strip_prefix('/').unwrap_or(place),
                    };
                    let shown = code.map_or(ANY.to_string(), str::to_owned);
                    (name.to_owned(), shown, said(*code))
                })
                .collect(),
        };
        let mut by_field: BTreeMap<String, Value> = BTreeMap::new();
        for (name, _, detail) in &entries {
            let list = by_field.entry(own_name(name));
            let list = list.or_insert_with(|| Value::List(Vec::new()));
            if let Value::List(list) = list {
                list.push(Value::Text(detail.clone()));
            }
        }
        if entries.is_empty() {
            let only = Value::List(vec![Value::Text(detail.clone())]);
            by_field.insert("body".to_owned(), only);
        }
        let messages: Vec<Value> = match (&self.faults, entries.is_empty()) {
            (Faults::Unknown, _) => vec![Value::Text(ANY.to_string())],
            (_, true) => vec![Value::Text(detail.clone())],
            (_, false) => entries
                .iter()
                .map(|(name, _, detail)| Value::Text(format!("{name}: {detail}")))
                .collect(),
        };
        let fields = entries.into_iter().map(|(name, code, detail)| {
            let field = own_name(&name);
            let members = [
                ("name", name),
                ("field", field),
                ("code", code),
                ("detail", detail),
            ];
            let members = members.map(|(key, text)| (key.to_owned(), Value::Text(text)));
            Value::Object(BTreeMap::from(members))
        });
        let values = [
            Value::Int(i64::from(self.status)),
            Value::Text(self.code.to_owned()),
            Value::Text(ANY.to_string()),
            Value::Text(detail),
            Value::List(fields.collect()),
            Value::Object(by_field),
            Value::List(messages),
        ];
        let bindings = values.into_iter().enumerate();
        bindings
            .map(|(index, value)| (BindingId(index), value))
            .collect()
    }
}

/// Whether a value is chosen by what is not known.
fn is_open_choice(judge: &Judge, value: &Expression) -> bool {
    let mut chooses = false;
    value.walk(&mut |part| {
        chooses |= part.ty == Type::Bool || matches!(part.kind, ExpressionKind::Conditional { .. });
    });
    chooses && is_of_unknown(judge, value)
}

/// Whether something in it is not known.
fn is_of_unknown(judge: &Judge, value: &Expression) -> bool {
    let mut is_unknown = false;
    value.walk(&mut |part| {
        if let ExpressionKind::Binding(_) | ExpressionKind::Part { .. } = part.kind
            && let Value::Text(text) = judge.value(part, None)
        {
            is_unknown |= text.contains(ANY);
        }
    });
    is_unknown
}

/// `article/tagList/0` is about `tagList`.
fn own_name(name: &str) -> String {
    let is_position = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
    let last = name.rsplit('/').find(|part| !is_position(part));
    last.unwrap_or("body").replace("~1", "/").replace("~0", "~")
}

fn shown(judge: &Judge, shape: &Shape) -> Json {
    match shape {
        Shape::Value(value) if is_open_choice(judge, value) => WHATEVER.into(),
        Shape::Value(value) => plain(judge.value(value, None)),
        Shape::Object(parts) => {
            let parts = parts.iter();
            let parts = parts.map(|(name, part)| (name, part, shown(judge, part)));
            let there = parts.filter(|(_, part, json)| match part {
                Shape::IfPresent(inner) => is_there(judge, inner, json),
                _ => true,
            });
            Json::Object(there.map(|(name, _, json)| (name.clone(), json)).collect())
        }
        Shape::IfPresent(inner) => shown(judge, inner),
        Shape::If { test, .. } if is_of_unknown(judge, test) => WHATEVER.into(),
        Shape::If {
            test,
            then,
            otherwise,
        } => match (judge.value(test, None), otherwise) {
            (Value::Bool(true), _) => shown(judge, then),
            (_, Some(part)) => shown(judge, part),
            (_, None) => Json::Null,
        },
        Shape::Each {
            list, bind, item, ..
        } => {
            let Value::List(items) = judge.value(list, None) else {
                return Json::Null;
            };
            let each = items.into_iter().map(|one| {
                let mut bindings = judge.bindings.to_vec();
                bindings.push((*bind, one));
                let judge = Judge {
                    bindings: &bindings,
                    ..*judge
                };
                shown(&judge, item)
            });
            each.collect()
        }
        Shape::Nothing | Shape::Show { .. } => Json::Null,
    }
}

/// Whether an optional key is there: a condition says it, whatever the value is, or else the value.
fn is_there(judge: &Judge, shape: &Shape, shown: &Json) -> bool {
    match shape {
        Shape::Value(_) => !shown.is_null(),
        Shape::If {
            test,
            otherwise: None,
            ..
        } => is_of_unknown(judge, test) || judge.value(test, None) == Value::Bool(true),
        _ => true,
    }
}

fn plain(value: Value) -> Json {
    match value {
        Value::Null | Value::Row(_) | Value::Rows(_) | Value::Json(_) | Value::File(_) => {
            Json::Null
        }
        Value::Bool(value) => json!(value),
        Value::Int(value) | Value::Duration(value) => json!(value),
        Value::Decimal { units, scale } => json!(decimal(units, scale)),
        Value::Text(text) => json!(text),
        Value::Date(days) => json!(date_to_text(days)),
        Value::DateTime(instant) => json!(instant_to_text(instant)),
        Value::List(items) => items.into_iter().map(plain).collect(),
        Value::Object(members) => {
            let members = members.into_iter();
            let members = members.map(|(name, value)| (name, plain(value)));
            Json::Object(members.collect::<Map<_, _>>())
        }
    }
}

fn compare(expected: &Json, got: &Json, place: &str, differences: &mut Vec<String>) {
    let fits = match (expected, got) {
        (Json::String(whatever), _) if whatever == WHATEVER => true,
        (Json::String(pattern), Json::String(text)) => is_like(pattern, text),
        (Json::Array(expected), Json::Array(got)) => {
            let same = expected.len() == got.len()
                && expected.iter().zip(got).all(|(one, got)| fits(one, got));
            // There may be more to say than was foretold.
            let all = expected.iter().any(is_open)
                && expected
                    .iter()
                    .all(|one| got.iter().any(|got| fits(one, got)));
            same || all
        }
        (Json::Object(expected), Json::Object(got)) => {
            if let Some(any) = expected.get(&ANY.to_string()) {
                for (name, got) in got {
                    compare(any, got, &format!("{place}/{name}"), differences);
                }
                !got.is_empty()
            } else {
                for (name, expected) in expected {
                    let got = got.get(name).unwrap_or(&Json::Null);
                    compare(expected, got, &format!("{place}/{name}"), differences);
                }
                got.keys().all(|name| expected.contains_key(name))
            }
        }
        (expected, got) => expected == got,
    };
    if !fits {
        let expected = expected.to_string().replace("\\u0001", "…");
        differences.push(format!("{place}: expected {expected}, got {got}"));
    }
}

fn fits(expected: &Json, got: &Json) -> bool {
    let mut differences = Vec::new();
    compare(expected, got, "", &mut differences);
    differences.is_empty()
}

fn is_open(expected: &Json) -> bool {
    match expected {
        Json::String(text) => text.contains(ANY) || text == WHATEVER,
        Json::Array(items) => items.iter().any(is_open),
        Json::Object(members) => members
            .iter()
            .any(|(name, value)| name.contains(ANY) || is_open(value)),
        _ => false,
    }
}

/// A text in which some parts may be anything, each of at least one character.
fn is_like(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split(ANY);
    let Some(mut rest) = text.strip_prefix(pieces.next().unwrap_or_default()) else {
        return false;
    };
    let pieces: Vec<&str> = pieces.collect();
    let Some((last, between)) = pieces.split_last() else {
        return rest.is_empty();
    };
    // What comes first is as good as what comes later: it leaves more to the pieces that follow.
    for piece in between {
        let mut characters = rest.chars();
        if characters.next().is_none() {
            return false;
        }
        let after = characters.as_str();
        let Some(at) = after.find(piece) else {
            return false;
        };
        rest = &after[at + piece.len()..];
    }
    rest.strip_suffix(last).is_some_and(|any| !any.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expected: Json, got: Json, fits: bool) {
        let mut differences = Vec::new();
        compare(&expected, &got, "", &mut differences);
        assert_eq!(differences.is_empty(), fits, "{differences:?}");
    }

    #[test]
    fn what_is_not_known_is_any_text() {
        check(json!("\u{1}"), json!("something"), true);
        check(json!("\u{1}"), json!(""), false);
        check(json!("name: \u{1}"), json!("name: is taken"), true);
        check(json!("name: \u{1}"), json!("address: is taken"), false);
        check(json!("\u{1}!"), json!("no!"), true);
        check(json!("\u{1}!"), json!("no"), false);
        check(json!("\u{1}: \u{1}!"), json!("a: b: c!"), true);
        check(json!("\u{1}: \u{1}!"), json!("a: !"), false);
        check(json!("\u{1}\u{1}"), json!("é"), false);
        check(json!("\u{1}\u{1}"), json!("éé"), true);
    }

    /// With many such parts, trying all ways to cut a text would not end.
    #[test]
    fn texts_with_many_unknown_parts_are_compared_at_once() {
        let pattern = "\u{1}a".repeat(40);
        check(json!(pattern), json!("a".repeat(400)), true);
        check(json!(format!("{pattern}b")), json!("a".repeat(400)), false);
    }

    #[test]
    fn known_messages_are_exact_and_others_may_be_several() {
        check(json!(["is missing"]), json!(["is missing"]), true);
        check(json!(["is missing"]), json!(["is missing", "more"]), false);
        check(json!(["\u{1}"]), json!(["one", "two"]), true);
        check(json!({"\u{1}": ["\u{1}"]}), json!({"name": ["one"]}), true);
        check(json!({"\u{1}": ["\u{1}"]}), json!({}), false);
        check(json!({"name": ["\u{1}"]}), json!({"body": ["one"]}), false);
    }
}
