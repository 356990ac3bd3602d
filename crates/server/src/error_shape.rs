//! Problem replies in the shape that the design gives them under `api.errors`.

use crate::problem::{Entry, Place, Problem};
use archwright_evaluate::{Environment, RowRef, Value as Known, World, evaluate};
use archwright_plan::model::calendar::{date_to_text, instant_to_text};
use archwright_plan::model::{BindingId, FieldId, Model, Shape};
use archwright_plan::{decimal, status_title};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The body of a reply, or `None` where the shape speaks of what no error has.
pub(crate) fn body(model: &Model, shape: &Shape, problem: &Problem) -> Option<Value> {
    let messages = match problem.errors.is_empty() {
        true => vec![Known::Text(problem.detail.to_string())],
        false => problem.errors.iter().map(message).collect(),
    };
    // The order in which the model binds the names that the shape sees.
    let values = [
        Known::Int(i64::from(problem.status)),
        Known::Text(problem.code.to_string()),
        Known::Text(status_title(problem.status).to_owned()),
        Known::Text(problem.detail.to_string()),
        Known::List(problem.errors.iter().map(fields).collect()),
        Known::Object(by_field(problem)),
        Known::List(messages),
    ];
    let bindings = values.into_iter().enumerate();
    let bindings = bindings.map(|(index, value)| (BindingId(index), value));
    shown(model, shape, &bindings.collect::<Vec<_>>())
}

fn shown(model: &Model, shape: &Shape, bindings: &[(BindingId, Known)]) -> Option<Value> {
    let value = |expression| {
        let environment = Environment {
            model,
            world: &Nowhere,
            this: None,
            caller: None,
            roles: &[],
            now_ms: 0,
            inputs: &[],
            bindings,
        };
        evaluate(expression, &environment).ok()
    };
    match shape {
        Shape::Value(expression) => Some(json(value(expression)?)),
        Shape::Object(parts) => {
            let mut members = Map::new();
            for (key, part) in parts {
                let is_there = match part.present() {
                    // The condition says whether the key is there, and not the value.
                    Shape::If {
                        test,
                        otherwise: None,
                        ..
                    } => Some(value(test)? == Known::Bool(true)),
                    Shape::Value(_) => None,
                    _ => Some(true),
                };
                let shown = shown(model, part, bindings)?;
                let is_optional = matches!(part, Shape::IfPresent(_));
                if !is_optional || is_there.unwrap_or(!shown.is_null()) {
                    members.insert(key.clone(), shown);
                }
            }
            Some(Value::Object(members))
        }
        Shape::IfPresent(inner) => shown(model, inner, bindings),
        Shape::If {
            test,
            then,
            otherwise,
        } => match (value(test)?, otherwise) {
            (Known::Bool(true), _) => shown(model, then, bindings),
            (_, Some(part)) => shown(model, part, bindings),
            (_, None) => Some(Value::Null),
        },
        Shape::Each {
            list, bind, item, ..
        } => {
            let Known::List(items) = value(list)? else {
                return None;
            };
            let items = items.into_iter().map(|one| {
                let mut bindings = bindings.to_vec();
                bindings.push((*bind, one));
                shown(model, item, &bindings)
            });
            items.collect::<Option<Vec<_>>>().map(Value::Array)
        }
        Shape::Nothing => Some(Value::Null),
        // A view shows rows, and an error has none.
        Shape::Show { .. } => None,
    }
}

fn message(entry: &Entry) -> Known {
    Known::Text(format!("{}: {}", name(entry), entry.detail))
}

fn fields(entry: &Entry) -> Known {
    let text = |text: &str| Known::Text(text.to_owned());
    Known::Object(BTreeMap::from([
        ("code".to_owned(), text(entry.code)),
        ("detail".to_owned(), text(&entry.detail)),
        ("field".to_owned(), text(&own_name(entry))),
        ("name".to_owned(), text(name(entry))),
    ]))
}

/// The messages of each field, by its own name: the last part of its place. What is wrong with no field is with the
/// `body`.
fn by_field(problem: &Problem) -> BTreeMap<String, Known> {
    let mut fields: BTreeMap<String, Vec<Known>> = BTreeMap::new();
    let mut add = |name: String, detail: &str| {
        let messages = fields.entry(name).or_default();
        messages.push(Known::Text(detail.to_owned()));
    };
    for entry in &problem.errors {
        add(own_name(entry), &entry.detail);
    }
    if problem.errors.is_empty() {
        add("body".to_owned(), &problem.detail);
    }
    let fields = fields.into_iter();
    fields
        .map(|(name, messages)| (name, Known::List(messages)))
        .collect()
}

/// `/article/tagList/0` is about `tagList`.
fn own_name(entry: &Entry) -> String {
    let is_position = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
    let last = name(entry).rsplit('/').find(|part| !is_position(part));
    let last = last.unwrap_or("body");
    last.replace("~1", "/").replace("~0", "~")
}

fn name(entry: &Entry) -> &str {
    match &entry.place {
        Place::Pointer(pointer) => pointer.strip_prefix('/').unwrap_or("body"),
        Place::Parameter(name) => name,
    }
}

fn json(value: Known) -> Value {
    match value {
        Known::Null | Known::Row(_) | Known::Rows(_) => Value::Null,
        Known::Bool(value) => value.into(),
        Known::Int(value) | Known::Duration(value) => value.into(),
        Known::Decimal { units, scale } => decimal(units, scale).into(),
        Known::Text(text) | Known::File(text) => text.into(),
        Known::Json(text) => serde_json::from_str(&text).unwrap_or(Value::Null),
        Known::Date(days) => date_to_text(days).into(),
        Known::DateTime(ms) => instant_to_text(ms).into(),
        Known::List(items) => items.into_iter().map(json).collect(),
        Known::Object(parts) => {
            let parts = parts.into_iter().map(|(key, part)| (key, json(part)));
            Value::Object(parts.collect())
        }
    }
}

/// Errors are about no row.
struct Nowhere;

impl World for Nowhere {
    fn field(&self, _: &RowRef, _: FieldId) -> Known {
        Known::Null
    }
}
