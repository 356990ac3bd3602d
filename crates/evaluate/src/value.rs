//! Values, and how literals become them.

use archwright_plan::model::calendar::{
    date_to_text, days_from_text, instant_from_text, instant_to_text,
};
use archwright_plan::model::{EntityId, Literal, ScalarType, Type};
use std::collections::BTreeMap;

/// A row by its entity and the canonical text of its id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowRef {
    pub entity: EntityId,
    pub id: String,
}

/// What an expression is worth.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i64),
    /// `units` over ten to the power of `scale`.
    Decimal {
        units: i128,
        scale: u32,
    },
    /// Strings, enums, uuids, and all other text.
    Text(String),
    /// Days since 1970.
    Date(i64),
    /// Milliseconds since 1970.
    DateTime(i64),
    /// Milliseconds.
    Duration(i64),
    /// JSON text.
    Json(String),
    /// Whatever names a stored file; only its absence matters to expressions.
    File(String),
    Row(RowRef),
    Rows(Vec<RowRef>),
    List(Vec<Value>),
    /// An input object.
    Object(BTreeMap<String, Value>),
}

impl Value {
    /// A literal as a value of a type; null when the text is no such value.
    pub fn of_literal(literal: &Literal, ty: &Type) -> Self {
        match (literal, ty) {
            (Literal::Null, _) => Self::Null,
            (Literal::Bool(value), _) => Self::Bool(*value),
            (Literal::Int(value), Type::Duration) => Self::Duration(*value),
            (Literal::Int(value), _) => Self::Int(*value),
            (Literal::Decimal { units, scale }, _) => Self::Decimal {
                units: i128::from(*units),
                scale: *scale,
            },
            (Literal::Text(text), Type::Date) => {
                days_from_text(text).map_or(Self::Null, Self::Date)
            }
            (Literal::Text(text), Type::DateTime) => {
                instant_from_text(text).map_or(Self::Null, Self::DateTime)
            }
            (Literal::Text(text), Type::Json) => Self::Json(text.clone()),
            (Literal::Text(text), Type::File) => Self::File(text.clone()),
            (Literal::Text(text), _) => Self::Text(text.clone()),
        }
    }

    /// A literal as the value of a field of a scalar type.
    pub fn of_scalar(literal: &Literal, scalar: &ScalarType) -> Self {
        Self::of_literal(literal, &scalar.value_type())
    }

    /// A scalar as a literal; absent for everything else.
    pub fn to_literal(&self) -> Option<Literal> {
        Some(match self {
            Self::Bool(value) => Literal::Bool(*value),
            Self::Int(value) => Literal::Int(*value),
            Self::Decimal { units, scale } => Literal::Decimal {
                units: i64::try_from(*units).ok()?,
                scale: *scale,
            },
            Self::Text(text) | Self::Json(text) => Literal::Text(text.clone()),
            Self::Date(days) => Literal::Text(date_to_text(*days)),
            Self::DateTime(instant) => Literal::Text(instant_to_text(*instant)),
            _ => return None,
        })
    }

    pub fn is_null(&self) -> bool {
        *self == Self::Null
    }
}
