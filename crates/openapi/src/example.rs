//! Examples of requests and replies. A field has the same value wherever it stands, and a reference names the row
//! that is the example of its entity.

use crate::object::object;
use crate::plausible::{self, TextField};
use crate::scalar::{Bounds, literal};
use crate::{Context, decimal, scalar};
use archwright_plan::model::{
    self, EntityId, Field, FieldId, FieldKind, IdType, InputField, Literal, ScalarType,
};
use archwright_plan::{Input, InputKind, OutputSource, pattern};
use serde_json::{Map, Value, json};

/// Parts may hold parts; the model forbids cycles, this bound only guards the stack.
const DEEPEST: usize = 8;

/// The example of an entity's id.
pub(crate) fn id(context: Context, entity: EntityId) -> Value {
    match context.plan.model.entity(entity).id_type {
        IdType::Uuid => format!("019a7b3c-5e00-7000-8000-{:012x}", entity.0 + 1).into(),
        IdType::Int => 42.into(),
    }
}

/// How a row is named: its id, or its natural key.
pub(crate) fn row(context: Context, entity: EntityId) -> Value {
    match context.plan.model.entity(entity).key {
        Some(key) => field(context, key),
        None => id(context, entity),
    }
}

/// The value of a field.
pub(crate) fn field(context: Context, id: FieldId) -> Value {
    let definition = context.plan.model.field(id);
    let entity = &context.plan.model.entity(id.entity).name;
    match &definition.kind {
        FieldKind::Scalar(scalar) => scalar_of_field(context, entity, definition, scalar),
        FieldKind::ToOne(relation) => row(context, relation.target),
        FieldKind::ToMany(relation) => json!([row(context, relation.target)]),
    }
}

fn scalar_of_field(context: Context, entity: &str, field: &Field, scalar: &ScalarType) -> Value {
    let written = field
        .example
        .as_ref()
        .and_then(|example| literal(example, scalar));
    if let Some(example) = written.or_else(|| scalar::default(field)) {
        return example;
    }
    if let (ScalarType::Slug, Some(source)) = (scalar, field.slug_from)
        && let Value::String(text) = self::field(context, source)
    {
        return plausible::slug(&text).into();
    }
    value(entity, &field.name, scalar, Bounds::of(field))
}

/// A value for a name and a type.
pub(crate) fn value(owner: &str, name: &str, scalar: &ScalarType, bounds: Bounds) -> Value {
    let whole = |bound: Option<&Literal>, otherwise: i64| match bound {
        Some(Literal::Int(number)) => *number,
        _ => otherwise,
    };
    if let Some(text) = patterned(scalar, bounds) {
        return text;
    }
    match scalar {
        ScalarType::String { min, max } | ScalarType::Text { min, max } => {
            plausible::fit(&named(owner, name), *min as usize, *max as usize).into()
        }
        ScalarType::Int | ScalarType::BigInt => plausible::number(
            name,
            whole(bounds.min, 0),
            whole(bounds.max, i64::from(i32::MAX)),
        )
        .into(),
        ScalarType::Decimal { precision, scale } => {
            let most = 10_i128.pow((*precision).clamp(1, 30)) - 1;
            let min = bounds
                .min
                .and_then(|bound| decimal::units(bound, *scale, decimal::Rounding::Up));
            let max = bounds
                .max
                .and_then(|bound| decimal::units(bound, *scale, decimal::Rounding::Down));
            let units =
                plausible::units(*scale, min.unwrap_or(-most), max.unwrap_or(most).min(most));
            archwright_plan::decimal(units, *scale).into()
        }
        ScalarType::Bool => true.into(),
        ScalarType::Date | ScalarType::DateTime => {
            plausible::moment(scalar, bounds.min, bounds.max).into()
        }
        ScalarType::Uuid => "019a7b3c-5e00-7000-8000-0000000000ff".into(),
        ScalarType::Email => "ursula@example.com".into(),
        ScalarType::Url => "https://example.com/books".into(),
        ScalarType::Phone => "+442079460018".into(),
        ScalarType::Slug => plausible::slug(&named(owner, name)).into(),
        ScalarType::Enum { values } => values
            .first()
            .map_or(Value::Null, |first| first.as_str().into()),
        ScalarType::Json => json!({ "source": "import" }),
        ScalarType::File { media_types, .. } => file(name, media_types),
    }
}

fn named(owner: &str, name: &str) -> String {
    plausible::text(&TextField {
        entity: owner,
        name,
    })
}

fn patterned(scalar: &ScalarType, bounds: Bounds) -> Option<Value> {
    let (min, max) = scalar.characters()?;
    let mut state: u64 = 0;
    let mut choose = |limit: usize| {
        // Knuth's multiplier: an example is the same in each document.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize % limit
    };
    pattern::matching(bounds.pattern?, min, max, &mut choose).map(Value::from)
}

fn file(name: &str, media_types: &[String]) -> Value {
    let media_type = media_types
        .first()
        .map_or("application/octet-stream", String::as_str);
    let ending = match media_type {
        "image/jpeg" => "jpg",
        "image/svg+xml" => "svg",
        "text/plain" => "txt",
        "application/octet-stream" => "bin",
        other => other.rsplit('/').next().unwrap_or("bin"),
    };
    json!({
        "url": "/files/eyJmIjoiMDE5YTdiM2MifQ",
        "name": format!("{name}.{ending}"),
        "type": media_type,
        "size": 48_213,
    })
}

/// A row as a reply shows it, with all keys.
pub(crate) fn representation(context: Context, entity: EntityId) -> Value {
    representation_within(context, entity, DEEPEST)
}

fn representation_within(context: Context, entity: EntityId, depth: usize) -> Value {
    let mut row = Map::new();
    for output in &context.plan.resource(entity).output {
        let value = match output.source {
            OutputSource::Id => id(context, entity),
            OutputSource::Field(field) | OutputSource::Reference(field) => {
                self::field(context, field)
            }
            OutputSource::Parts(field) => match context.plan.model.field(field).to_many() {
                Some(relation) if depth > 0 => {
                    json!([representation_within(context, relation.target, depth - 1)])
                }
                _ => json!([]),
            },
            OutputSource::Version => 1.into(),
            OutputSource::Roles => json!(sign_up_roles(context)),
        };
        row.insert(output.json.clone(), value);
    }
    Value::Object(row)
}

pub(crate) fn sign_up_roles(context: Context) -> Vec<String> {
    let roles = &context.plan.model.roles;
    roles
        .iter()
        .filter(|role| role.sign_up)
        .map(|role| role.name.clone())
        .collect()
}

/// The body of a create.
pub(crate) fn create(context: Context, inputs: &[Input]) -> Map<String, Value> {
    let mut body = Map::new();
    for input in inputs {
        body.insert(input.json.clone(), input_value(context, input, DEEPEST));
    }
    body
}

/// The body of a patch: two keys that a person would want to change.
pub(crate) fn update(context: Context, inputs: &[Input]) -> Map<String, Value> {
    let plain = inputs
        .iter()
        .filter(|input| matches!(input.kind, InputKind::Scalar));
    let mut body = Map::new();
    for input in plain.take(2) {
        body.insert(input.json.clone(), input_value(context, input, DEEPEST));
    }
    if body.is_empty()
        && let Some(input) = inputs.first()
    {
        body.insert(input.json.clone(), input_value(context, input, DEEPEST));
    }
    body
}

fn input_value(context: Context, input: &Input, depth: usize) -> Value {
    match &input.kind {
        InputKind::Scalar => field(context, input.field),
        InputKind::Reference(entity) => row(context, *entity),
        InputKind::References(entity) => json!([row(context, *entity)]),
        InputKind::Parts { create, .. } if depth > 0 => {
            let part: Map<String, Value> = create
                .iter()
                .map(|inner| (inner.json.clone(), input_value(context, inner, depth - 1)))
                .collect();
            json!([part])
        }
        InputKind::Parts { .. } => json!([]),
    }
}

/// The input of a move or of a named operation.
pub(crate) fn inputs(context: Context, fields: &[InputField]) -> Map<String, Value> {
    fields
        .iter()
        .map(|field| (field.name.clone(), input(context, field)))
        .collect()
}

pub(crate) fn input(context: Context, field: &InputField) -> Value {
    if let (Some(default), model::InputKind::Scalar(scalar)) = (&field.default, &field.kind)
        && let Some(value) = literal(default, scalar)
    {
        return value;
    }
    input_of_kind(context, field, &field.kind)
}

fn input_of_kind(context: Context, field: &InputField, kind: &model::InputKind) -> Value {
    match kind {
        model::InputKind::Scalar(scalar) => {
            value("", &field.name, scalar, scalar::bounds_of_input(field))
        }
        model::InputKind::Reference(entity) => row(context, *entity),
        model::InputKind::List(item) => json!([input_of_kind(context, field, item)]),
        model::InputKind::Object(fields) => Value::Object(inputs(context, fields)),
    }
}

/// Access and refresh tokens with the account that they are for.
pub(crate) fn session(context: Context) -> Value {
    let api = &context.plan.model.api;
    let account = context.plan.model.account.as_ref();
    Value::Object(object(json!({
        "access_token": "eyJhbGciOiJFZERTQSIsImtpZCI6IjEifQ.eyJzdWIiOiIwMTlhN2IzYyJ9.c2lnbmF0dXJl",
        "token_type": api.scheme(),
        "expires_in": api.access_seconds,
        "refresh_token": "cmVmcmVzaC10b2tlbi1leGFtcGxl",
        "account": account.map_or(Value::Null, |account| representation(context, account.entity)),
    })))
}

/// A page with one row, the last one.
pub(crate) fn list(context: Context, entity: EntityId, limit: u32) -> Value {
    json!({
        "data": [representation(context, entity)],
        "page": { "next": null, "limit": limit },
    })
}
