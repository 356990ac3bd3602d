//! Schemas of single values: in bodies, in replies, and in query strings.

use crate::Context;
use crate::decimal;
use crate::object::{annotate, nullable, object, reference};
use archwright_plan::model::{
    EntityId, ExpressionKind, Field, FieldKind, IdType, LARGEST_BIGINT, LARGEST_JSON_BYTES,
    Literal, PHONE_PATTERN, SLUG_PATTERN, ScalarType,
};
use serde_json::{Map, Value, json};

/// What a field or an input adds to its type.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bounds<'a> {
    pub min: Option<&'a Literal>,
    pub max: Option<&'a Literal>,
    pub pattern: Option<&'a str>,
}

impl<'a> Bounds<'a> {
    pub fn of(field: &'a Field) -> Self {
        Self {
            min: field.min.as_ref(),
            max: field.max.as_ref(),
            pattern: field.pattern.as_deref(),
        }
    }
}

/// A value as a body or a reply holds it.
pub(crate) fn schema(context: Context, scalar: &ScalarType, bounds: Bounds) -> Value {
    let mut schema = match scalar {
        ScalarType::String { min, max } | ScalarType::Text { min, max } => text(*min, *max),
        ScalarType::Int => integer("int32", i64::from(i32::MIN), i64::from(i32::MAX), bounds),
        ScalarType::BigInt => integer("int64", -LARGEST_BIGINT, LARGEST_BIGINT, bounds),
        ScalarType::Decimal { precision, scale } => object(json!({
            "type": "string",
            "pattern": decimal::pattern(*precision, *scale, bounds.min, bounds.max),
        })),
        ScalarType::Email => formed(scalar, "format", "email"),
        ScalarType::Url => formed(scalar, "format", "uri"),
        ScalarType::Phone => formed(scalar, "pattern", PHONE_PATTERN),
        ScalarType::Slug => formed(scalar, "pattern", SLUG_PATTERN),
        ScalarType::Json => object(json!({
            "type": ["object", "array"], "items": {},
            "description": format!("At most {LARGEST_JSON_BYTES} bytes as text."),
        })),
        ScalarType::File { .. } => object(reference("schemas", &context.names.file)),
        ScalarType::Bool
        | ScalarType::Date
        | ScalarType::DateTime
        | ScalarType::Uuid
        | ScalarType::Enum { .. } => return loose(scalar),
    };
    if let Some(pattern) = bounds.pattern {
        match schema.contains_key("pattern") {
            true => schema.insert("allOf".to_owned(), json!([{ "pattern": pattern }])),
            false => schema.insert("pattern".to_owned(), pattern.into()),
        };
    }
    Value::Object(schema)
}

/// A value of the type, whatever its bounds: of computed fields, and in filters.
pub(crate) fn loose(scalar: &ScalarType) -> Value {
    match scalar {
        ScalarType::Bool => json!({ "type": "boolean" }),
        ScalarType::Int | ScalarType::BigInt => json!({ "type": "integer", "format": "int64" }),
        ScalarType::Decimal { scale, .. } => {
            json!({ "type": "string", "pattern": decimal::any(*scale) })
        }
        ScalarType::Date => json!({ "type": "string", "format": "date" }),
        ScalarType::DateTime => json!({ "type": "string", "format": "date-time" }),
        ScalarType::Uuid => json!({ "type": "string", "format": "uuid" }),
        ScalarType::Enum { values } => json!({ "type": "string", "enum": values }),
        ScalarType::Json => json!({ "type": ["object", "array"], "items": {} }),
        _ => json!({ "type": "string" }),
    }
}

/// A value in a query string, compared with a column.
pub(crate) fn filter(context: Context, field: &Field) -> Value {
    let target = match &field.kind {
        FieldKind::Scalar(scalar) => {
            return match scalar {
                ScalarType::Int => json!({
                    "type": "integer", "format": "int32", "minimum": i32::MIN, "maximum": i32::MAX,
                }),
                ScalarType::BigInt => json!({
                    "type": "integer", "format": "int64", "minimum": i64::MIN, "maximum": i64::MAX,
                }),
                ScalarType::Decimal { scale, .. } => {
                    json!({ "type": "string", "pattern": decimal::lenient(*scale) })
                }
                scalar => loose(scalar),
            };
        }
        FieldKind::ToOne(relation) => relation.target,
        FieldKind::ToMany(relation) => relation.target,
    };
    match context.plan.model.entity(target).key {
        Some(key) => filter(context, context.plan.model.field(key)),
        None => id_in_path(context, target),
    }
}

/// An id in a body or a reply.
pub(crate) fn id(context: Context, entity: EntityId) -> Value {
    match context.plan.model.entity(entity).id_type {
        IdType::Uuid => json!({ "type": "string", "format": "uuid" }),
        IdType::Int => {
            json!({ "type": "integer", "format": "int64", "minimum": 1, "maximum": LARGEST_BIGINT })
        }
    }
}

/// An id in a path or a query: what is no id there names no row.
pub(crate) fn id_in_path(context: Context, entity: EntityId) -> Value {
    match context.plan.model.entity(entity).id_type {
        IdType::Uuid => json!({ "type": "string", "format": "uuid" }),
        IdType::Int => json!({
            "type": "integer", "format": "int64", "minimum": 0, "maximum": LARGEST_BIGINT,
        }),
    }
}

/// How another row is named in a body or a reply: by its id or natural key.
pub(crate) fn row(context: Context, entity: EntityId) -> Value {
    match context.plan.model.entity(entity).key {
        Some(key) => {
            let field = context.plan.model.field(key);
            match field.scalar() {
                Some(scalar) => schema(context, scalar, Bounds::of(field)),
                None => json!({ "type": "string" }),
            }
        }
        None => id(context, entity),
    }
}

/// Adds what a field says about itself.
pub(crate) fn describe(schema: &mut Value, field: &Field) {
    let mut sentences = Vec::new();
    if !field.about.is_empty() {
        sentences.push(field.about.trim().to_owned());
    }
    if let Some(ScalarType::Date | ScalarType::DateTime) = field.scalar() {
        let bound = |name: &str, bound: &Option<Literal>| match bound {
            Some(Literal::Text(text)) => Some(format!("{name} {text}.")),
            _ => None,
        };
        sentences.extend(bound("Not before", &field.min));
        sentences.extend(bound("Not after", &field.max));
    }
    if !sentences.is_empty() {
        annotate(schema, "description", sentences.join(" ").into());
    }
    if field.evolution.until.is_some() {
        annotate(schema, "deprecated", true.into());
    }
}

/// The default as JSON, where it is a literal.
pub(crate) fn default(field: &Field) -> Option<Value> {
    let ExpressionKind::Literal(value) = &field.default.as_ref()?.kind else {
        return None;
    };
    literal(value, field.scalar()?)
}

/// A literal as the API writes it.
pub(crate) fn literal(literal: &Literal, scalar: &ScalarType) -> Option<Value> {
    if let ScalarType::Decimal { scale, .. } = scalar {
        let units = decimal::units(literal, *scale, decimal::Rounding::Down)?;
        return Some(archwright_plan::decimal(units, *scale).into());
    }
    match literal {
        Literal::Null => None,
        Literal::Bool(value) => Some((*value).into()),
        Literal::Int(value) => Some((*value).into()),
        Literal::Decimal { .. } => None,
        Literal::Text(text) => match scalar {
            ScalarType::Json => serde_json::from_str(text).ok(),
            _ => Some(text.as_str().into()),
        },
    }
}

/// The schema of a stored or computed field in a reply.
pub(crate) fn output(context: Context, field: &Field, is_nullable: bool) -> Value {
    let schema = match field.scalar() {
        Some(ScalarType::File { .. }) => reference("schemas", &context.names.file),
        Some(scalar) if field.computed.is_some() => loose(scalar),
        Some(scalar) => schema(context, scalar, Bounds::of(field)),
        None => json!({}),
    };
    let mut schema = match is_nullable {
        true => nullable(schema),
        false => schema,
    };
    describe(&mut schema, field);
    schema
}

fn formed(scalar: &ScalarType, keyword: &str, form: &str) -> Map<String, Value> {
    let (min, max) = scalar.characters().unwrap_or((0, u32::MAX));
    let mut schema = text(min, max);
    schema.insert(keyword.to_owned(), form.into());
    schema
}

fn text(min: u32, max: u32) -> Map<String, Value> {
    let mut schema = object(json!({ "type": "string" }));
    if min > 0 {
        schema.insert("minLength".to_owned(), min.into());
    }
    schema.insert("maxLength".to_owned(), max.into());
    schema
}

fn integer(format: &str, least: i64, most: i64, bounds: Bounds) -> Map<String, Value> {
    let bound = |literal: Option<&Literal>| match literal {
        Some(Literal::Int(number)) => Some(*number),
        _ => None,
    };
    object(json!({
        "type": "integer",
        "format": format,
        "minimum": bound(bounds.min).unwrap_or(least).max(least),
        "maximum": bound(bounds.max).unwrap_or(most).min(most),
    }))
}

pub(crate) fn bounds_of_input(field: &archwright_plan::model::InputField) -> Bounds<'_> {
    Bounds {
        min: field.min.as_ref(),
        max: field.max.as_ref(),
        pattern: field.pattern.as_deref(),
    }
}
