//! What moves and named operations take, do and answer, in the words of the design language.

use super::shape::{shape, shape_names};
use crate::text::{Scope, literal};
use crate::{Operation, OperationKind};
use archwright_model::{
    BindingId, Direction, FieldId, InputField, InputKind, Model, Move, Operation as Named,
    Otherwise, ScalarType, Step, StepKind, Type,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Of a move: from, to, condition, input, fields that it sets, steps. `null` for other operations.
pub(super) fn transition(model: &Model, operation: &Operation) -> Value {
    let Some(step) = move_of(model, operation) else {
        return Value::Null;
    };
    let names = step_names(&step.steps);
    let scope = Scope {
        model,
        names: &names,
    };
    json!({
        "from": step.from,
        "to": step.to,
        "when": step.when.as_ref().map(|when| scope.cel(when)),
        "input": fields(model, &step.input),
        "set": assignments(scope, &step.set),
        "do": steps(scope, &step.steps),
    })
}

/// Of a named operation: input, steps, replies. `null` for other operations.
pub(super) fn program(model: &Model, operation: &Operation) -> Value {
    let Some(named) = named_of(model, operation) else {
        return Value::Null;
    };
    let mut names = step_names(&named.steps);
    for (_, shapes) in named.bodies() {
        for shape in shapes {
            shape_names(shape, &mut names);
        }
    }
    let scope = Scope {
        model,
        names: &names,
    };
    let replies = named
        .replies
        .iter()
        .map(|(status, reply)| (status.to_string(), shape(scope, reply)));
    let headers = named.headers.iter();
    let headers = headers.map(|(name, value)| (name.clone(), Value::from(scope.cel(value))));
    json!({
        "input": {
            "path": fields(model, &named.path_input),
            "query": fields(model, &named.query_input),
            "header": fields(model, &named.header_input),
            "body": fields(model, &named.body_input),
        },
        "steps": steps(scope, &named.steps),
        "reply": replies.collect::<Map<_, _>>(),
        "headers": headers.collect::<Map<_, _>>(),
    })
}

/// The same for people: one line for each step.
pub(super) fn lines(model: &Model, operation: &Operation) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(step) = move_of(model, operation) {
        lines.push(format!(
            "move: from {} to {}",
            step.from.join(", "),
            step.to
        ));
    }
    for part in [transition(model, operation), program(model, operation)] {
        let Value::Object(part) = part else { continue };
        for (key, value) in &part {
            match (&key[..], value) {
                ("from" | "to", _) | (_, Value::Null) => {}
                ("input", Value::Object(places)) if named_of(model, operation).is_some() => {
                    let given = places.iter().filter(|(_, fields)| !is_empty(fields));
                    lines.extend(given.map(|(place, fields)| format!("{place}: {}", flow(fields))));
                }
                ("steps" | "do", Value::Array(steps)) => {
                    for step in steps {
                        step_lines(step, 0, &mut lines);
                    }
                }
                ("reply", Value::Object(replies)) => {
                    let reply = |(status, shape): (&String, &Value)| {
                        format!("reply {status}: {}", flow(shape))
                    };
                    lines.extend(replies.iter().map(reply));
                }
                (_, value) if is_empty(value) => {}
                (_, value) => lines.push(format!("{key}: {}", flow(value))),
            }
        }
    }
    lines
}

fn step_lines(step: &Value, depth: usize, lines: &mut Vec<String>) {
    let Value::Object(keys) = step else { return };
    let own = keys.iter().filter(|(key, _)| *key != "do");
    let own: Vec<String> = own
        .map(|(key, value)| format!("{key}: {}", flow(value)))
        .collect();
    lines.push(format!("{}- {}", "  ".repeat(depth), own.join("; ")));
    let inner = keys.get("do").and_then(Value::as_array);
    for step in inner.into_iter().flatten() {
        step_lines(step, depth + 1, lines);
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => value.is_null(),
    }
}

/// A value on one line, as YAML's flow style has it; texts without quotes.
fn flow(value: &Value) -> String {
    match value {
        Value::Null => "~".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(members) => {
            let member = |(key, value): (&String, &Value)| format!("{key}: {}", flow(value));
            let members: Vec<String> = members.iter().map(member).collect();
            format!("{{ {} }}", members.join(", "))
        }
        other => other.to_string(),
    }
}

fn move_of<'a>(model: &'a Model, operation: &Operation) -> Option<&'a Move> {
    let (OperationKind::Move(index), Some(entity)) = (&operation.kind, operation.entity) else {
        return None;
    };
    model.entity(entity).state.as_ref()?.moves.get(*index)
}

fn named_of<'a>(model: &'a Model, operation: &Operation) -> Option<&'a Named> {
    match operation.kind {
        OperationKind::Named(index) => model.operations.get(index),
        _ => None,
    }
}

// ---- names ---------------------------------------------------------------------------------------------------------

fn step_names(steps: &[Step]) -> BTreeMap<BindingId, &str> {
    let mut names = BTreeMap::new();
    for step in steps {
        match &step.kind {
            StepKind::Find { bind, name, .. }
            | StepKind::Create { bind, name, .. }
            | StepKind::Upsert { bind, name, .. }
            | StepKind::GetOrCreate { bind, name, .. }
            | StepKind::SignIn { bind, name, .. }
            | StepKind::Token { bind, name, .. } => {
                names.insert(*bind, &name[..]);
            }
            StepKind::List {
                bind, name, count, ..
            } => {
                names.insert(*bind, &name[..]);
                names.extend(count.iter().map(|(bind, name)| (*bind, &name[..])));
            }
            StepKind::Each {
                bind, name, steps, ..
            } => {
                names.insert(*bind, &name[..]);
                names.extend(step_names(steps));
            }
            StepKind::Guard { .. }
            | StepKind::Update { .. }
            | StepKind::Delete { .. }
            | StepKind::Link { .. }
            | StepKind::Unlink { .. }
            | StepKind::Increment { .. }
            | StepKind::Move { .. } => {}
        }
    }
    names
}

// ---- input ---------------------------------------------------------------------------------------------------------

/// Name to type, in the short form of the language; objects are nested.
fn fields(model: &Model, fields: &[InputField]) -> Value {
    let field = |field: &InputField| {
        let mark = if field.optional { "?" } else { "" };
        match &field.kind {
            InputKind::Object(inner) => {
                (format!("{}{mark}", field.name), self::fields(model, inner))
            }
            kind => {
                let mark = if may_be_left_out(field) { "?" } else { "" };
                let ty = short_form(model, kind, field);
                (format!("{}{mark}", field.name), ty.into())
            }
        }
    };
    Value::Object(fields.iter().map(field).collect())
}

/// Left out, and never null.
fn may_be_left_out(field: &InputField) -> bool {
    field.optional && !field.nullable && field.default.is_none()
}

fn short_form(model: &Model, kind: &InputKind, field: &InputField) -> String {
    let mut text = kind_text(model, kind);
    if field.nullable {
        text.push('?');
    }
    let ty = match kind {
        InputKind::Scalar(scalar) => scalar.value_type(),
        _ => Type::Json,
    };
    for (word, limit) in [("min", &field.min), ("max", &field.max)] {
        if let Some(limit) = limit {
            text.push_str(&format!(", {word} {}", literal(limit, &ty)));
        }
    }
    if let Some(pattern) = &field.pattern {
        text.push_str(&format!(", pattern {pattern}"));
    }
    if field.blank_as_null {
        text.push_str(", blank-as-null");
    }
    if let Some(default) = &field.default {
        text.push_str(&format!(" = {}", literal(default, &ty)));
    }
    text
}

fn kind_text(model: &Model, kind: &InputKind) -> String {
    match kind {
        InputKind::Scalar(scalar) => scalar_text(scalar),
        InputKind::Reference(entity) => model.entity(*entity).name.clone(),
        InputKind::List(item) => format!("{}[]", kind_text(model, item)),
        InputKind::Object(inner) => flow(&fields(model, inner)),
    }
}

fn scalar_text(scalar: &ScalarType) -> String {
    let name = scalar.name();
    match scalar {
        ScalarType::String { min, max }
        | ScalarType::Text {
            min: min @ 1..,
            max,
        } => {
            format!("{name}({min}..{max})")
        }
        ScalarType::Text { max, .. } => format!("{name}({max})"),
        ScalarType::Decimal { precision, scale } => format!("{name}({precision},{scale})"),
        ScalarType::Enum { values } => format!("{name}({})", values.join(", ")),
        _ => name.to_owned(),
    }
}

// ---- steps and shapes ----------------------------------------------------------------------------------------------

fn steps(scope: Scope<'_>, steps: &[Step]) -> Value {
    steps.iter().map(|one| step(scope, one)).collect()
}

fn step(scope: Scope<'_>, step: &Step) -> Value {
    let model = scope.model;
    let entity = |id| &model.entity(id).name[..];
    let relation = |row, field: FieldId| format!("{}.{}", scope.cel(row), model.field(field).name);
    let mut keys = Map::new();
    let mut put = |key: &str, value: Value| {
        if !is_empty(&value) {
            keys.insert(key.to_owned(), value);
        }
    };
    match &step.kind {
        StepKind::Find {
            name,
            entity: of,
            filter,
            lock,
            ..
        } => {
            put("find", json!({ name: entity(*of) }));
            put(
                "where",
                filter.as_ref().map(|filter| scope.cel(filter)).into(),
            );
            put("lock", lock.then_some(true).into());
        }
        StepKind::List {
            name,
            entity: of,
            filter,
            sort,
            limit,
            offset,
            count,
            ..
        } => {
            put("list", json!({ name: entity(*of) }));
            put(
                "where",
                filter.as_ref().map(|filter| scope.cel(filter)).into(),
            );
            let key = |(field, direction): &(FieldId, Direction)| match direction {
                Direction::Ascending => model.field(*field).name.clone(),
                Direction::Descending => format!("-{}", model.field(*field).name),
            };
            put("sort", sort.iter().map(key).collect());
            put("limit", limit.as_ref().map(|limit| scope.cel(limit)).into());
            put(
                "offset",
                offset.as_ref().map(|offset| scope.cel(offset)).into(),
            );
            put("count", count.as_ref().map(|(_, name)| &name[..]).into());
        }
        StepKind::Guard { that } => put("guard", scope.cel(that).into()),
        StepKind::Create {
            name,
            entity: of,
            set,
            sign_up,
            ..
        } => {
            put("create", json!({ name: entity(*of) }));
            put("set", assignments(scope, set));
            if let Some(sign_up) = sign_up {
                put("password", body_text(&sign_up.password));
                put("role", model.role(sign_up.role).name[..].into());
            }
        }
        StepKind::Upsert {
            name,
            entity: of,
            key,
            set,
            ..
        } => {
            put("upsert", json!({ name: entity(*of) }));
            put("key", assignments(scope, key));
            put("set", assignments(scope, set));
        }
        StepKind::GetOrCreate {
            name,
            entity: of,
            key,
            set,
            ..
        } => {
            put("get-or-create", json!({ name: entity(*of) }));
            put("key", assignments(scope, key));
            put("set", assignments(scope, set));
        }
        StepKind::Update { row, set, password } => {
            put("update", scope.cel(row).into());
            put("set", assignments(scope, set));
            put("password", password.as_deref().map(body_text).into());
        }
        StepKind::SignIn {
            name,
            key,
            value,
            password,
            ..
        } => {
            put("sign-in", json!({ name: entity(key.entity) }));
            let field = &model.field(*key).name;
            put("key", json!({ field: body_text(value) }));
            put("password", body_text(password));
        }
        StepKind::Token { name, row, .. } => put("token", json!({ name: scope.cel(row) })),
        StepKind::Delete { row } => put("delete", scope.cel(row).into()),
        StepKind::Link {
            from,
            relation: field,
            row,
        } => put("link", json!({ relation(from, *field): scope.cel(row) })),
        StepKind::Unlink {
            from,
            relation: field,
            row,
        } => put("unlink", json!({ relation(from, *field): scope.cel(row) })),
        StepKind::Increment { row, field, by } => {
            put("increment", json!({ relation(row, *field): scope.cel(by) }));
        }
        StepKind::Move { row, name, .. } => put("move", json!({ scope.cel(row): name })),
        StepKind::Each {
            name,
            list,
            steps: inner,
            ..
        } => {
            put("each", json!({ name: scope.cel(list) }));
            put("do", steps(scope, inner));
        }
    }
    put(
        "if",
        step.condition
            .as_ref()
            .map(|condition| scope.cel(condition))
            .into(),
    );
    match (&step.kind, step.otherwise) {
        // They can't fail, or fail as the standard operations do: `else` says nothing of it.
        (
            StepKind::List { .. }
            | StepKind::Each { .. }
            | StepKind::Token { .. }
            | StepKind::Create { .. }
            | StepKind::Upsert { .. }
            | StepKind::GetOrCreate { .. },
            _,
        ) => {}
        (_, Otherwise::Status(status)) => match &step.refusal {
            Some(body) => put("else", json!({ status.to_string(): shape(scope, body) })),
            None => put("else", status.into()),
        },
        (_, Otherwise::Null) => put("else", "null".into()),
    }
    Value::Object(keys)
}

/// A text of the body, by its path.
fn body_text(path: &[String]) -> Value {
    format!("body.{}", path.join(".")).into()
}

fn assignments<'a>(
    scope: Scope<'_>,
    set: impl IntoIterator<Item = &'a (FieldId, archwright_model::Expression)>,
) -> Value {
    let pair = |(field, value): &(FieldId, _)| {
        let name = scope.model.field(*field).name.clone();
        (name, Value::from(scope.cel(value)))
    };
    Value::Object(set.into_iter().map(pair).collect())
}
