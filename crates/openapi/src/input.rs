//! Schemas of what a request carries: bodies of creates, patches, moves and named operations.

use crate::object::{annotate, closed_object, nullable, object};
use crate::scalar::{self, Bounds};
use crate::{Context, access, object::listed};
use archwright_plan::model::{self, InputField, Unknown};
use archwright_plan::{Input, InputKind, limits};
use serde_json::{Map, Value, json};

/// The body of a create: closed, with what is required.
pub(crate) fn create(context: Context, inputs: &[Input]) -> Value {
    body(context, inputs, Mode::Create)
}

/// The body of a merge patch: every key may be left out.
pub(crate) fn update(context: Context, inputs: &[Input]) -> Value {
    body(context, inputs, Mode::Update)
}

/// An object that a request carries; other keys are refused or left alone.
pub(crate) fn taken(
    unknown: Unknown,
    properties: Map<String, Value>,
    required: Vec<String>,
) -> Value {
    let mut schema = closed_object(properties, required);
    if let (Unknown::Ignore, Some(members)) = (unknown, schema.as_object_mut()) {
        members.shift_remove("additionalProperties");
    }
    schema
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Create,
    Update,
}

fn body(context: Context, inputs: &[Input], mode: Mode) -> Value {
    let (properties, required) = properties(context, inputs, mode);
    taken(context.plan.model.api.unknown, properties, required)
}

fn properties(context: Context, inputs: &[Input], mode: Mode) -> (Map<String, Value>, Vec<String>) {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for input in inputs {
        properties.insert(input.json.clone(), property(context, input, mode));
        if input.required && mode == Mode::Create {
            required.push(input.json.clone());
        }
    }
    (properties, required)
}

fn property(context: Context, input: &Input, mode: Mode) -> Value {
    let field = context.plan.model.field(input.field);
    let mut schema = match &input.kind {
        InputKind::Scalar => match field.scalar() {
            Some(scalar) => scalar::schema(context, scalar, Bounds::of(field)),
            None => json!({}),
        },
        InputKind::Reference(entity) => scalar::row(context, *entity),
        InputKind::References(entity) => json!({
            "type": "array",
            "items": scalar::row(context, *entity),
            "maxItems": limits::BODY_ITEMS,
            "uniqueItems": true,
        }),
        InputKind::Parts {
            create,
            update,
            entity,
        } => json!({
            "type": "array",
            "items": part(context, *entity, create, update, mode),
            "maxItems": limits::BODY_ITEMS,
        }),
    };
    if field.blank_as_null {
        schema = json!({ "anyOf": [schema, { "enum": ["", null] }] });
    } else if input.nullable {
        schema = nullable(schema);
    }
    scalar::describe(&mut schema, field);
    if field.write_only {
        annotate(&mut schema, "writeOnly", true.into());
    }
    if mode == Mode::Create
        && let Some(default) = scalar::default(field)
    {
        annotate(&mut schema, "default", default);
    }
    if !input.settable.is_empty() {
        restrict(context, &mut schema, input);
    }
    schema
}

/// Says who may name the key.
fn restrict(context: Context, schema: &mut Value, input: &Input) {
    let who = access::alternatives(context, Some(input.field.entity), &input.settable, "by");
    let said = schema
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let description = format!("{said} May be set {who}.").trim().to_owned();
    annotate(schema, "description", description.into());
}

/// In a patch an item with `id` changes that part, one without creates one.
fn part(
    context: Context,
    entity: model::EntityId,
    create: &[Input],
    update: &[Input],
    mode: Mode,
) -> Value {
    let new = body(context, create, Mode::Create);
    if mode == Mode::Create {
        return new;
    }
    let (inner, _) = properties(context, update, Mode::Update);
    let mut kept = object(json!({ "id": scalar::id(context, entity) }));
    kept.extend(inner);
    let kept = taken(context.plan.model.api.unknown, kept, vec!["id".to_owned()]);
    json!({ "anyOf": [kept, new] })
}

/// The input of a move or the body of a named operation.
pub(crate) fn fields(context: Context, fields: &[InputField], unknown: Unknown) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in fields {
        properties.insert(field.name.clone(), in_body(context, field, unknown));
        if is_required(field) {
            required.push(field.name.clone());
        }
    }
    taken(unknown, properties, required)
}

/// What a JSON value may be beside a value of the type.
fn in_body(context: Context, field: &InputField, unknown: Unknown) -> Value {
    let mut schema = self::field(context, field, unknown);
    if field.secret {
        annotate(&mut schema, "format", "password".into());
        annotate(&mut schema, "writeOnly", true.into());
    }
    match (field.nullable, field.blank_as_null) {
        (false, _) => schema,
        (true, false) => nullable(schema),
        (true, true) => json!({ "anyOf": [schema, { "enum": ["", null] }] }),
    }
}

pub(crate) fn is_required(field: &InputField) -> bool {
    !field.optional && field.default.is_none()
}

pub(crate) fn field(context: Context, field: &InputField, unknown: Unknown) -> Value {
    let mut schema = kind(context, field, &field.kind, unknown);
    if !field.about.is_empty() {
        annotate(&mut schema, "description", field.about.trim().into());
    }
    if let (Some(default), model::InputKind::Scalar(scalar)) = (&field.default, &field.kind)
        && let Some(default) = scalar::literal(default, scalar)
    {
        annotate(&mut schema, "default", default);
    }
    schema
}

fn kind(context: Context, field: &InputField, kind: &model::InputKind, unknown: Unknown) -> Value {
    match kind {
        model::InputKind::Scalar(scalar) => {
            scalar::schema(context, scalar, scalar::bounds_of_input(field))
        }
        model::InputKind::Reference(entity) => scalar::row(context, *entity),
        model::InputKind::List(item) => json!({
            "type": "array",
            "items": self::kind(context, field, item, unknown),
            "maxItems": limits::INPUT_ITEMS,
        }),
        model::InputKind::Object(inner) => fields(context, inner, unknown),
    }
}

/// The body of a sign-up: an account's create with a password.
pub(crate) fn sign_up(context: Context, inputs: &[Input], password_min: u32) -> Value {
    let (mut properties, mut required) = properties(context, inputs, Mode::Create);
    properties.insert("password".to_owned(), new_password(password_min));
    required.push("password".to_owned());
    taken(context.plan.model.api.unknown, properties, required)
}

pub(crate) fn new_password(min: u32) -> Value {
    json!({
        "type": "string", "format": "password", "minLength": min, "maxLength": limits::PASSWORD_CHARACTERS,
        "writeOnly": true,
    })
}

/// Longer texts would make hashing a burden.
pub(crate) fn password() -> Value {
    json!({ "type": "string", "format": "password", "maxLength": limits::PASSWORD_CHARACTERS, "writeOnly": true })
}

/// Names of roles.
pub(crate) fn roles(context: Context) -> Value {
    let names: Vec<&str> = context
        .plan
        .model
        .roles
        .iter()
        .map(|role| role.name.as_str())
        .collect();
    let mut schema = json!({
        "type": "array", "items": { "type": "string", "enum": names }, "uniqueItems": true,
    });
    let described: Vec<String> = context
        .plan
        .model
        .roles
        .iter()
        .filter(|role| !role.about.is_empty())
        .map(|role| format!("`{}`: {}", role.name, role.about.trim()))
        .collect();
    if !described.is_empty() {
        annotate(&mut schema, "description", listed(&described, "and").into());
    }
    schema
}
