//! Single values of requests: JSON in, what a column stores out, or what is wrong with it.

mod typed;

pub(crate) use typed::document;

use crate::connection::Value;
use archwright_plan::Plan;
use archwright_plan::model::calendar::instant_from_text;
use archwright_plan::model::{
    EntityId, Field, IdType, InputField, InputKind, LARGEST_BIGINT, Literal, Model, ScalarType,
    Type,
};
use regex::Regex;
use serde_json::Value as Json;
use std::collections::HashMap;
use typed::{integer, text, typed, uuid};

/// Why a value is refused: the fault's code and its message.
pub(crate) type Wrong = (&'static str, String);

/// The regular expressions of a design, built once.
pub(crate) struct Patterns(HashMap<String, Regex>);

impl Patterns {
    pub fn of(model: &Model) -> Result<Self, regex::Error> {
        let mut patterns = HashMap::new();
        let mut add = |pattern: &Option<String>| -> Result<(), regex::Error> {
            if let Some(pattern) = pattern {
                patterns.insert(pattern.clone(), Regex::new(pattern)?);
            }
            Ok(())
        };
        for entity in &model.entities {
            for field in &entity.fields {
                add(&field.pattern)?;
            }
            let moves = entity.state.iter().flat_map(|machine| &machine.moves);
            for input in moves.flat_map(|one| &one.input) {
                add_inputs(input, &mut add)?;
            }
        }
        for operation in &model.operations {
            let places = [
                &operation.path_input,
                &operation.query_input,
                &operation.header_input,
                &operation.body_input,
            ];
            for input in places.into_iter().flatten() {
                add_inputs(input, &mut add)?;
            }
        }
        Ok(Self(patterns))
    }

    fn matches(&self, pattern: &str, text: &str) -> bool {
        self.0.get(pattern).is_none_or(|regex| regex.is_match(text))
    }
}

fn add_inputs(
    input: &InputField,
    add: &mut dyn FnMut(&Option<String>) -> Result<(), regex::Error>,
) -> Result<(), regex::Error> {
    add(&input.pattern)?;
    let mut kind = &input.kind;
    while let InputKind::List(item) = kind {
        kind = item;
    }
    if let InputKind::Object(inner) = kind {
        for input in inner {
            add_inputs(input, add)?;
        }
    }
    Ok(())
}

/// What a value of a type has to keep to.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub scalar: &'a ScalarType,
    pub min: Option<&'a Literal>,
    pub max: Option<&'a Literal>,
    pub pattern: Option<&'a str>,
    pub patterns: &'a Patterns,
}

impl<'a> Rules<'a> {
    pub fn of_field(field: &'a Field, scalar: &'a ScalarType, patterns: &'a Patterns) -> Self {
        Self {
            scalar,
            min: field.min.as_ref(),
            max: field.max.as_ref(),
            pattern: field.pattern.as_deref(),
            patterns,
        }
    }

    pub fn of_input(input: &'a InputField, scalar: &'a ScalarType, patterns: &'a Patterns) -> Self {
        Self {
            scalar,
            min: input.min.as_ref(),
            max: input.max.as_ref(),
            pattern: input.pattern.as_deref(),
            patterns,
        }
    }
}

/// Whether it is the empty text.
pub(crate) fn is_blank(json: &Json) -> bool {
    json.as_str() == Some("")
}

/// The value as a column stores it.
pub(crate) fn stored(rules: Rules<'_>, json: &Json) -> Result<Value, Wrong> {
    let value = match typed(rules.scalar, json) {
        Err((code, _)) if code != "type" && is_blank(json) => {
            return Err(("blank", "It must not be empty.".to_owned()));
        }
        typed => typed?,
    };
    bounded(rules, &value)?;
    if let (Some(pattern), Value::Text(text)) = (rules.pattern, &value)
        && !rules.patterns.matches(pattern, text)
    {
        return Err(("pattern", format!("It must match the pattern {pattern}.")));
    }
    Ok(value)
}

fn bounded(rules: Rules<'_>, value: &Value) -> Result<(), Wrong> {
    let shown = |bound: &Literal| match bound {
        Literal::Text(text) => text.clone(),
        other => archwright_plan::literal(other, &Type::Null),
    };
    for (bound, code, word, wrong) in [
        (rules.min, "too-small", "least", std::cmp::Ordering::Less),
        (rules.max, "too-large", "most", std::cmp::Ordering::Greater),
    ] {
        let Some(bound) = bound else { continue };
        if ordering(rules.scalar, value, bound) == Some(wrong) {
            return Err((code, format!("It must be at {word} {}.", shown(bound))));
        }
    }
    Ok(())
}

fn ordering(scalar: &ScalarType, value: &Value, bound: &Literal) -> Option<std::cmp::Ordering> {
    match (value, bound) {
        (Value::Integer(value), Literal::Text(text)) => Some(value.cmp(&instant_from_text(text)?)),
        (Value::Text(value), Literal::Text(text)) => Some(value.cmp(text)),
        (Value::Integer(value), bound) => {
            let own = match scalar {
                ScalarType::Decimal { scale, .. } => *scale,
                _ => 0,
            };
            let (units, scale) = match bound {
                Literal::Int(units) => (*units, 0),
                Literal::Decimal { units, scale } => (*units, *scale),
                _ => return None,
            };
            let common = own.max(scale);
            let scaled = |units: i64, scale: u32| {
                10_i128
                    .checked_pow(common - scale)
                    .and_then(|power| i128::from(units).checked_mul(power))
            };
            Some(scaled(*value, own)?.cmp(&scaled(units, scale)?))
        }
        _ => None,
    }
}

/// The id or natural key by which a body names a row.
pub(crate) fn address(
    plan: &Plan,
    entity: EntityId,
    patterns: &Patterns,
    json: &Json,
) -> Result<Value, Wrong> {
    if let Some(key) = plan.model.entity(entity).key {
        let field = plan.model.field(key);
        let Some(scalar) = field.scalar() else {
            return Err(("type", "It names no row.".to_owned()));
        };
        return stored(Rules::of_field(field, scalar, patterns), json);
    }
    id(plan, entity, json)
}

/// The id of a row, in a body.
pub(crate) fn id(plan: &Plan, entity: EntityId, json: &Json) -> Result<Value, Wrong> {
    match plan.model.entity(entity).id_type {
        IdType::Uuid => uuid(text(json)?),
        IdType::Int => integer(json, 1, LARGEST_BIGINT),
    }
}
