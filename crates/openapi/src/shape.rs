//! Schemas and examples of replies that named operations, views and own error forms describe.

use crate::object::{closed_object, nullable, reference};
use crate::scalar;
use crate::{Context, decimal, example};
use archwright_plan::model::{
    BY_FIELD, Expression, ExpressionKind, FieldKind, InputField, InputKind, InputPlace, Shape, Type,
};
use serde_json::{Map, Value, json};

/// How deep an example follows views of views, where it may stop. A row that is never null is shown whole: the model
/// bounds what a shape holds.
const DEEPEST: usize = 4;

/// The schema of a shape; `None`: no body.
pub(crate) fn schema(context: Context, shape: &Shape, inputs: &[InputField]) -> Option<Value> {
    Some(match shape {
        Shape::Nothing => return None,
        Shape::Value(expression) => value(context, expression, inputs),
        Shape::Object(entries) => {
            let mut properties = Map::new();
            for (name, inner) in entries {
                let inner = schema(context, inner, inputs).unwrap_or(json!({ "type": "null" }));
                properties.insert(name.clone(), inner);
            }
            let always = entries
                .iter()
                .filter(|(_, inner)| !matches!(inner, Shape::IfPresent(_)));
            closed_object(properties, always.map(|(name, _)| name.clone()).collect())
        }
        Shape::If {
            then, otherwise, ..
        } => {
            let null = || json!({ "type": "null" });
            let then = schema(context, then, inputs).unwrap_or_else(null);
            let otherwise = otherwise.as_ref();
            let otherwise = otherwise.and_then(|part| schema(context, part, inputs));
            let otherwise = otherwise.unwrap_or_else(null);
            match then == otherwise {
                true => then,
                false => json!({ "anyOf": [then, otherwise] }),
            }
        }
        Shape::IfPresent(inner)
            if let Shape::If {
                then,
                otherwise: None,
                ..
            } = &**inner =>
        {
            return schema(context, then, inputs);
        }
        Shape::IfPresent(inner) => {
            let mut inner = (**inner).clone();
            if let Shape::Value(of) | Shape::Show { of, .. } = &mut inner {
                of.nullable = false;
            }
            return schema(context, &inner, inputs);
        }
        Shape::Show { view, of } => {
            let schema = reference("schemas", context.names.view(*view));
            match of.nullable {
                true => nullable(schema),
                false => schema,
            }
        }
        Shape::Each { item, .. } => {
            let items = schema(context, item, inputs).unwrap_or(json!({ "type": "null" }));
            json!({ "type": "array", "items": items })
        }
    })
}

fn value(context: Context, expression: &Expression, inputs: &[InputField]) -> Value {
    let schema = match &expression.kind {
        ExpressionKind::Field { field, .. } => {
            let definition = context.plan.model.field(*field);
            match &definition.kind {
                FieldKind::Scalar(_) => scalar::output(context, definition, false),
                _ => typed(context, &expression.ty),
            }
        }
        ExpressionKind::Id(of) => match of.ty {
            Type::Row(entity) => scalar::id(context, entity),
            _ => typed(context, &expression.ty),
        },
        ExpressionKind::Binding(BY_FIELD) if expression.ty == Type::Object => json!({
            "type": "object",
            "description": "Messages by the names of fields.",
            "additionalProperties": { "type": "array", "items": { "type": "string" } },
        }),
        ExpressionKind::Input {
            place: InputPlace::Body | InputPlace::Move,
            path,
        } => match named(inputs, path) {
            Some(InputKind::Scalar(kind)) => scalar::loose(kind),
            _ => typed(context, &expression.ty),
        },
        _ => typed(context, &expression.ty),
    };
    match expression.nullable && expression.ty != Type::Null {
        true => nullable(schema),
        false => schema,
    }
}

fn named<'a>(inputs: &'a [InputField], path: &[String]) -> Option<&'a InputKind> {
    let (first, rest) = path.split_first()?;
    let input = inputs.iter().find(|input| input.name == *first)?;
    match (&input.kind, rest) {
        (kind, []) => Some(kind),
        (InputKind::Object(inner), rest) => named(inner, rest),
        _ => None,
    }
}

fn typed(context: Context, ty: &Type) -> Value {
    match ty {
        Type::Null => json!({ "type": "null" }),
        Type::Bool => json!({ "type": "boolean" }),
        Type::Int | Type::Duration => json!({ "type": "integer", "format": "int64" }),
        Type::Decimal { scale } => json!({ "type": "string", "pattern": decimal::any(*scale) }),
        Type::Text => json!({ "type": "string" }),
        Type::Date => json!({ "type": "string", "format": "date" }),
        Type::DateTime => json!({ "type": "string", "format": "date-time" }),
        Type::Json => json!({ "type": ["object", "array"], "items": {} }),
        Type::File => reference("schemas", &context.names.file),
        Type::Row(entity) => reference("schemas", &context.names.entity(*entity).row),
        Type::Rows(entity) => json!({
            "type": "array", "items": reference("schemas", &context.names.entity(*entity).row),
        }),
        Type::List(item) => json!({ "type": "array", "items": typed(context, item) }),
        Type::Object => json!({ "type": "object" }),
    }
}

/// The example of a shape.
pub(crate) fn example(context: Context, shape: &Shape) -> Value {
    example_within(context, shape, DEEPEST)
}

fn example_within(context: Context, shape: &Shape, depth: usize) -> Value {
    match shape {
        Shape::Nothing => Value::Null,
        Shape::Value(expression) => example_value(context, expression),
        Shape::Object(entries) => entries
            .iter()
            .filter(|(_, inner)| depth > 0 || !matches!(inner, Shape::IfPresent(_)))
            .map(|(name, inner)| (name.clone(), example_within(context, inner, depth)))
            .collect::<Map<String, Value>>()
            .into(),
        Shape::IfPresent(inner) => example_within(context, inner, depth),
        Shape::If { then, .. } => example_within(context, then, depth),
        Shape::Show { of, .. } if depth == 0 && of.nullable => Value::Null,
        Shape::Each { .. } if depth == 0 => json!([]),
        Shape::Show { view, .. } => example_within(
            context,
            &context.plan.model.view(*view).show,
            depth.saturating_sub(1),
        ),
        Shape::Each { item, .. } => json!([example_within(context, item, depth - 1)]),
    }
}

fn example_value(context: Context, expression: &Expression) -> Value {
    match &expression.kind {
        ExpressionKind::Field { field, .. } => {
            if let FieldKind::Scalar(_) = context.plan.model.field(*field).kind {
                return example::field(context, *field);
            }
        }
        ExpressionKind::Id(of) => {
            if let Type::Row(entity) = of.ty {
                return example::id(context, entity);
            }
        }
        ExpressionKind::Binding(BY_FIELD) if expression.ty == Type::Object => {
            return json!({ "title": ["It is required."] });
        }
        _ => {}
    }
    example_typed(context, &expression.ty)
}

fn example_typed(context: Context, ty: &Type) -> Value {
    match ty {
        Type::Null => Value::Null,
        Type::Bool => true.into(),
        Type::Int => 3.into(),
        Type::Duration => 86_400_000.into(),
        Type::Decimal { scale } => {
            archwright_plan::decimal(125 * 10_i128.pow(*scale) / 10, *scale).into()
        }
        Type::Text => "example".into(),
        Type::Date => "2026-11-24".into(),
        Type::DateTime => "2026-11-24T10:00:00.000Z".into(),
        Type::Json => json!({ "source": "import" }),
        Type::File => example::value(
            "",
            "file",
            &archwright_plan::model::ScalarType::File {
                max_bytes: 0,
                media_types: Vec::new(),
            },
            scalar::Bounds::default(),
        ),
        Type::Row(entity) => example::representation(context, *entity),
        Type::Rows(entity) => json!([example::representation(context, *entity)]),
        Type::List(item) => json!([example_typed(context, item)]),
        Type::Object => json!({}),
    }
}
