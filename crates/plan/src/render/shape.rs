//! Shapes of replies, in the words of the design language.

use crate::text::Scope;
use archwright_model::{BindingId, Shape};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) fn shape_names<'a>(shape: &'a Shape, names: &mut BTreeMap<BindingId, &'a str>) {
    match shape {
        Shape::Each {
            bind, name, item, ..
        } => {
            names.insert(*bind, name);
            shape_names(item, names);
        }
        Shape::Object(members) => {
            for (_, member) in members {
                shape_names(member, names);
            }
        }
        Shape::IfPresent(inner) => shape_names(inner, names),
        Shape::If {
            then, otherwise, ..
        } => {
            shape_names(then, names);
            if let Some(part) = otherwise {
                shape_names(part, names);
            }
        }
        Shape::Value(_) | Shape::Nothing | Shape::Show { .. } => {}
    }
}

pub(super) fn shape(scope: Scope<'_>, of: &Shape) -> Value {
    match of {
        Shape::Value(value) => scope.cel(value).into(),
        Shape::Nothing => Value::Null,
        Shape::Object(members) => {
            let member = |(key, member): &(String, Shape)| {
                let mark = match member {
                    Shape::IfPresent(_) => "?",
                    _ => "",
                };
                (format!("{key}{mark}"), shape(scope, member))
            };
            Value::Object(members.iter().map(member).collect())
        }
        Shape::IfPresent(inner) => shape(scope, inner),
        Shape::If {
            test,
            then,
            otherwise,
        } => {
            let mut choice = json!({ "if": scope.cel(test), "then": shape(scope, then) });
            if let Some(part) = otherwise {
                choice["else"] = shape(scope, part);
            }
            choice
        }
        Shape::Show { view, of } => {
            json!({ "show": scope.model.view(*view).name, "of": scope.cel(of) })
        }
        Shape::Each {
            list, name, item, ..
        } => json!({ "each": scope.cel(list), "as": name, "item": shape(scope, item) }),
    }
}
