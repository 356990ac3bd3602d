//! Scalar types and their values.

use crate::Type;

/// The largest `bigint`, and the negated smallest: JSON numbers beyond it are not exact everywhere (RFC 8259, section 6).
pub const LARGEST_BIGINT: i64 = (1 << 53) - 1;

/// Most characters of a password: hashing is not to be given more work.
pub const PASSWORD_CHARACTERS: u32 = 256;

/// The greatest size of a `json` value as text.
pub const LARGEST_JSON_BYTES: usize = 16 * 1024;

/// Bytes of all texts in an entry of an index. PostgreSQL's B-tree holds entries of 2704 bytes, with the other columns.
pub const LARGEST_INDEXED_BYTES: usize = 2_600;

/// The most characters of a `text` that names no limit.
pub const TEXT_CHARACTERS: u32 = 65_536;

/// Values on the wire: see each. A stored type is the planner's choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScalarType {
    /// Length in characters.
    String {
        min: u32,
        max: u32,
    },
    /// Long text; length in characters (default at most 65,536).
    Text {
        min: u32,
        max: u32,
    },
    /// 32 bits.
    Int,
    /// A JSON number within ±(2^53 - 1), so that every client can read it.
    BigInt,
    /// A JSON string with exactly `scale` digits after the point: `"12.50"`. Precision at most 18.
    Decimal {
        precision: u32,
        scale: u32,
    },
    Bool,
    /// `2026-11-24`
    Date,
    /// RFC 3339 in UTC with milliseconds: `2026-11-24T10:00:00.000Z`.
    DateTime,
    Uuid,
    /// Lower-cased.
    Email,
    /// `http://` or `https://`.
    Url,
    /// [`crate::PHONE_PATTERN`]
    Phone,
    /// [`crate::SLUG_PATTERN`]
    Slug,
    Enum {
        values: Vec<String>,
    },
    /// An object or a list of at most [`LARGEST_JSON_BYTES`].
    Json,
    /// Shown as `{ "url", "name", "type", "size" }`; uploaded by an operation of its own.
    File {
        max_bytes: u64,
        media_types: Vec<String>,
    },
}

/// A value of a scalar type, in the form that [`ScalarType`] gives for the wire where it is text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    /// `units` over ten to the power of `scale`: 12.50 is `{ 1250, 2 }`.
    Decimal {
        units: i64,
        scale: u32,
    },
    /// Strings, enums, dates, datetimes (milliseconds, UTC, canonical form), uuids, JSON text.
    Text(String),
}

impl ScalarType {
    pub fn is_text(&self) -> bool {
        matches!(
            self,
            Self::String { .. }
                | Self::Text { .. }
                | Self::Email
                | Self::Url
                | Self::Phone
                | Self::Slug
                | Self::Enum { .. }
        )
    }

    pub fn is_number(&self) -> bool {
        matches!(self, Self::Int | Self::BigInt | Self::Decimal { .. })
    }

    /// The type of its values in expressions.
    pub fn value_type(&self) -> Type {
        match self {
            Self::Int | Self::BigInt => Type::Int,
            Self::Decimal { scale, .. } => Type::Decimal { scale: *scale },
            Self::Bool => Type::Bool,
            Self::Date => Type::Date,
            Self::DateTime => Type::DateTime,
            Self::Json => Type::Json,
            Self::File { .. } => Type::File,
            Self::String { .. }
            | Self::Text { .. }
            | Self::Uuid
            | Self::Email
            | Self::Url
            | Self::Phone
            | Self::Slug
            | Self::Enum { .. } => Type::Text,
        }
    }

    /// The fewest and the most characters of a text of the type; `None` where its form settles them, or it is no text.
    pub fn characters(&self) -> Option<(u32, u32)> {
        match self {
            Self::String { min, max } | Self::Text { min, max } => Some((*min, *max)),
            // RFC 5321, 4.5.3.1.3, less the angle brackets.
            Self::Email => Some((3, 254)),
            Self::Url => Some((8, 2_048)),
            Self::Phone => Some((8, 16)),
            Self::Slug => Some((1, 100)),
            _ => None,
        }
    }

    /// The word of the language for it, without arguments.
    pub fn name(&self) -> &'static str {
        match self {
            Self::String { .. } => "string",
            Self::Text { .. } => "text",
            Self::Int => "int",
            Self::BigInt => "bigint",
            Self::Decimal { .. } => "decimal",
            Self::Bool => "bool",
            Self::Date => "date",
            Self::DateTime => "datetime",
            Self::Uuid => "uuid",
            Self::Email => "email",
            Self::Url => "url",
            Self::Phone => "phone",
            Self::Slug => "slug",
            Self::Enum { .. } => "enum",
            Self::Json => "json",
            Self::File { .. } => "file",
        }
    }
}
