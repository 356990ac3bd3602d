//! Every difference between the dialects, and nothing else.

use crate::Dialect;
use archwright_plan::model::{Direction, IdType, OnDelete, Type};
use archwright_plan::{ColumnType, Plan};

/// Bytes of a name that PostgreSQL keeps.
const POSTGRES_NAME: usize = 63;

/// Ordered by code point, as everywhere else, whatever the database's locale.
pub(crate) const POSTGRES_TEXT: &str = "text COLLATE \"C\"";

/// A JSON list as a table: what stands after FROM, and its columns.
pub(crate) struct PlacedItems {
    pub from: String,
    pub value: String,
    pub place: String,
}

impl Dialect {
    /// A name, quoted; names come from the plan, and are still escaped. PostgreSQL cuts names after 63 bytes, which
    /// could make two into one, so longer ones end in a hash.
    pub fn identifier(self, name: &str) -> String {
        let quoted = name.replace('"', "\"\"");
        if self == Self::Sqlite || name.len() <= POSTGRES_NAME {
            return format!("\"{quoted}\"");
        }
        let kept = name.floor_char_boundary(POSTGRES_NAME - 9);
        let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        });
        format!("\"{}_{hash:08x}\"", name[..kept].replace('"', "\"\""))
    }

    /// What a parameter of this type is cast to; `None` where the database finds it out.
    pub(crate) fn cast(self, ty: &Type, plan: &Plan) -> Option<&'static str> {
        if self == Self::Sqlite {
            return None;
        }
        match ty {
            Type::Bool => Some("boolean"),
            Type::Int | Type::Duration => Some("bigint"),
            Type::Decimal { .. } => Some("numeric"),
            Type::Date => Some("date"),
            Type::DateTime => Some("timestamptz"),
            Type::Json | Type::List(_) | Type::Object | Type::Rows(_) => Some("jsonb"),
            Type::Row(entity) => Some(match plan.model.entity(*entity).id_type {
                IdType::Uuid => "uuid",
                IdType::Int => "bigint",
            }),
            Type::File => Some("uuid"),
            Type::Text => Some(POSTGRES_TEXT),
            Type::Null => None,
        }
    }

    /// A text literal for DDL, which can't bind.
    pub(crate) fn text_literal(self, text: &str) -> String {
        // A NUL ends a statement in SQLite's C interface and is refused by PostgreSQL; no such text can be stored.
        format!("'{}'", text.replace('\0', "").replace('\'', "''"))
    }

    pub fn placeholder(self, number: usize) -> String {
        format!("{}{number}", self.placeholder_sign())
    }

    pub(crate) fn placeholder_sign(self) -> char {
        match self {
            Self::Sqlite => '?',
            Self::Postgres => '$',
        }
    }

    pub fn boolean(self, value: bool) -> &'static str {
        match (self, value) {
            (Self::Sqlite, true) => "1",
            (Self::Sqlite, false) => "0",
            (Self::Postgres, true) => "TRUE",
            (Self::Postgres, false) => "FALSE",
        }
    }

    pub(crate) fn column_type(self, ty: ColumnType) -> String {
        match self {
            Self::Sqlite => sqlite_type(ty).to_owned(),
            Self::Postgres => postgres_type(ty),
        }
    }

    /// Equality that takes a missing value as a value.
    pub fn same(self) -> &'static str {
        match self {
            Self::Sqlite => "IS",
            Self::Postgres => "IS NOT DISTINCT FROM",
        }
    }

    pub fn differs(self) -> &'static str {
        match self {
            Self::Sqlite => "IS NOT",
            Self::Postgres => "IS DISTINCT FROM",
        }
    }

    /// SQLite keeps decimals as unscaled integers, so scales must be aligned by hand.
    pub(crate) fn unscaled_decimals(self) -> bool {
        self == Self::Sqlite
    }

    /// Whole milliseconds stand for instants and durations.
    pub(crate) fn instants_are_integers(self) -> bool {
        self == Self::Sqlite
    }

    /// The n-th parameter, as the value of a column. Values come in the form in which SQLite stores them.
    pub fn place(self, number: usize, ty: ColumnType) -> String {
        self.converted(&self.placeholder(number), ty)
    }

    pub(crate) fn converted(self, parameter: &str, ty: ColumnType) -> String {
        match (self, ty) {
            (Self::Sqlite, _) => parameter.to_owned(),
            (Self::Postgres, ColumnType::Decimal { scale, .. }) => from_units(parameter, scale),
            (Self::Postgres, ty) => format!("{parameter}::{}", cast_of(ty)),
        }
    }

    /// The values of a JSON list, which has them in the form in which SQLite stores them.
    pub(crate) fn list_values(self, list: &str, ty: &Type, cast: &str) -> String {
        if self == Self::Sqlite {
            return format!("SELECT value FROM json_each({list})");
        }
        let value = match ty {
            Type::Decimal { scale } => from_units("value", *scale),
            Type::DateTime => "to_timestamp(value::double precision / 1000)".to_owned(),
            _ => format!("value::{cast}"),
        };
        format!("SELECT {value} FROM jsonb_array_elements_text({list}::jsonb)")
    }

    /// The lists in a JSON list, for a FROM clause, and the position of each, from 0.
    pub fn json_lists(self, lists: &str, alias: &str) -> (String, String) {
        match self {
            Self::Sqlite => (
                format!("json_each({lists}) {alias}"),
                format!("{alias}.key"),
            ),
            Self::Postgres => (
                format!("jsonb_array_elements({lists}::jsonb) WITH ORDINALITY {alias}(value, key)"),
                format!("{alias}.key - 1"),
            ),
        }
    }

    /// The items of a JSON list with their places in it.
    pub(crate) fn placed_items(self, list: &str, alias: &str, cast: &str) -> PlacedItems {
        match self {
            Self::Sqlite => PlacedItems {
                from: format!("json_each({list}) {alias}"),
                value: format!("{alias}.value"),
                place: format!("{alias}.key"),
            },
            Self::Postgres => PlacedItems {
                from: format!(
                    "jsonb_array_elements_text({list}::jsonb) WITH ORDINALITY {alias}(value, place)"
                ),
                value: format!("{alias}.value::{cast}"),
                place: format!("{alias}.place"),
            },
        }
    }

    /// A value as a JSON list has it, in the form in which SQLite stores it.
    pub fn list_item(self, value: &str, ty: &Type) -> String {
        match (self, ty) {
            (Self::Postgres, Type::Decimal { scale }) => {
                format!("trunc({value} * 1{})", "0".repeat(*scale as usize))
            }
            (Self::Postgres, Type::DateTime) => {
                format!("(round(extract(epoch FROM {value}) * 1000))::bigint")
            }
            _ => value.to_owned(),
        }
    }

    /// A JSON list of these values.
    pub fn json_array(self, values: &[String]) -> String {
        let function = match self {
            Self::Sqlite => "json_array",
            Self::Postgres => "jsonb_build_array",
        };
        format!("{function}({})", values.join(", "))
    }

    /// The greater of two numbers.
    pub fn greater(self, left: &str, right: &str) -> String {
        match self {
            Self::Sqlite => format!("max({left}, {right})"),
            Self::Postgres => format!("greatest({left}, {right})"),
        }
    }

    /// The lesser of two numbers.
    pub fn lesser(self, left: &str, right: &str) -> String {
        match self {
            Self::Sqlite => format!("min({left}, {right})"),
            Self::Postgres => format!("least({left}, {right})"),
        }
    }

    /// A key of an order in which missing values come before all others.
    pub fn ordered(self, column: &str, nullable: bool, direction: Direction) -> String {
        match (self, direction, nullable) {
            (Self::Postgres, Direction::Ascending, true) => format!("{column} ASC NULLS FIRST"),
            (Self::Postgres, Direction::Descending, true) => format!("{column} DESC NULLS LAST"),
            (_, Direction::Ascending, _) => column.to_owned(),
            (_, Direction::Descending, _) => format!("{column} DESC"),
        }
    }

    /// A JSON list of the values of all rows.
    pub fn json_list(self, value: &str) -> String {
        match self {
            Self::Sqlite => format!("json_group_array({value})"),
            Self::Postgres => format!("coalesce(jsonb_agg({value}), '[]')"),
        }
    }

    /// One of two JSON lists.
    pub(crate) fn either_list(self, test: &str, then: &str, otherwise: &str) -> String {
        let cast = match self {
            Self::Sqlite => "",
            Self::Postgres => "::jsonb",
        };
        format!("(CASE WHEN {test} THEN ({then}){cast} ELSE ({otherwise}){cast} END)")
    }

    /// Characters of a text, or items of a list.
    pub(crate) fn size(self, text: &str, list: bool) -> String {
        match (self, list) {
            (_, false) => format!("length({text})"),
            (Self::Sqlite, true) => format!("json_array_length({text})"),
            (Self::Postgres, true) => format!("jsonb_array_length(({text})::jsonb)"),
        }
    }

    /// A sum that never fails, and the FROM clause that it is over. SQLite's own gives up beyond 64 bits, so the halves
    /// are summed apart, and a sum that is too large becomes the nearest number that fits. The limit keeps SQLite from
    /// evaluating the value once for each half.
    pub(crate) fn sum(self, value: &str, rows: &str, alias: &str) -> (String, String) {
        match self {
            Self::Sqlite => (
                format!(
                    "max(CAST(SUM({alias}.n >> 32) * 4294967296 + SUM({alias}.n & 4294967295) AS INTEGER), \
                     -9223372036854775807)"
                ),
                format!("FROM (SELECT {value} AS n {rows} LIMIT -1) {alias}"),
            ),
            Self::Postgres => (format!("SUM({value})"), rows.to_owned()),
        }
    }

    /// A number as a text, with as many digits after the point as its type has.
    pub(crate) fn text_of(self, number: &str, scale: Option<u32>) -> String {
        match (self, scale.unwrap_or(0)) {
            (Self::Postgres, 0) => format!("(({number})::{POSTGRES_TEXT})"),
            (Self::Postgres, scale) => {
                format!("(round({number}, {scale})::{POSTGRES_TEXT})")
            }
            (Self::Sqlite, 0) => format!("CAST({number} AS TEXT)"),
            (Self::Sqlite, scale) => {
                let power = 10_i64.saturating_pow(scale);
                format!(
                    "CASE WHEN {number} IS NOT NULL THEN printf('%s%d.%0{scale}d', \
                     CASE WHEN {number} < 0 THEN '-' ELSE '' END, \
                     abs({number}) / {power}, abs({number}) % {power}) END"
                )
            }
        }
    }

    /// The UTC date of an instant, rounded down before 1970 too.
    pub(crate) fn date_of(self, instant: &str) -> String {
        match self {
            Self::Sqlite => format!(
                "strftime('%Y-%m-%d', ({instant} - (({instant}) % 86400000 + 86400000) % 86400000) / 1000, 'unixepoch')"
            ),
            Self::Postgres => format!("(({instant}) AT TIME ZONE 'UTC')::date"),
        }
    }

    /// Position of a text in another, from 1; 0 when it isn't there.
    pub(crate) fn position(self, text: &str, part: &str) -> String {
        match self {
            Self::Sqlite => format!("instr({text}, {part})"),
            Self::Postgres => format!("strpos({text}, {part})"),
        }
    }

    /// ASCII letters only, whatever the database's locale.
    pub(crate) fn lower(self, text: &str) -> String {
        match self {
            Self::Sqlite => format!("lower({text})"),
            Self::Postgres => format!("lower({text} COLLATE \"C\")"),
        }
    }

    pub(crate) fn upper(self, text: &str) -> String {
        match self {
            Self::Sqlite => format!("upper({text})"),
            Self::Postgres => format!("upper({text} COLLATE \"C\")"),
        }
    }

    pub(crate) fn trim(self, text: &str) -> String {
        match self {
            Self::Sqlite => format!("trim({text}, char(9, 10, 11, 12, 13, 32))"),
            Self::Postgres => format!("btrim({text}, E' \\t\\n\\r\\f\\013')"),
        }
    }

    /// Division of integers toward zero; by zero it is missing.
    pub(crate) fn divide(self, operator: &str, left: &str, right: &str) -> String {
        match self {
            Self::Sqlite => format!("({left} {operator} {right})"),
            Self::Postgres if operator == "/" => format!("div({left}, NULLIF({right}, 0))"),
            Self::Postgres => format!("({left} {operator} NULLIF({right}, 0))"),
        }
    }

    pub(crate) fn on_delete(self, on_delete: OnDelete) -> &'static str {
        match on_delete {
            // Unlike RESTRICT, it lets another path's cascade delete the referring row in the same statement, and
            // can be deferred to the commit.
            OnDelete::Restrict => "NO ACTION",
            OnDelete::Cascade => "CASCADE",
            OnDelete::SetNull => "SET NULL",
        }
    }
}

fn sqlite_type(ty: ColumnType) -> &'static str {
    match ty {
        ColumnType::Uuid | ColumnType::Date | ColumnType::Text { .. } | ColumnType::Json => "TEXT",
        ColumnType::Serial
        | ColumnType::Int32
        | ColumnType::Int64
        | ColumnType::Decimal { .. }
        | ColumnType::Bool
        | ColumnType::Instant => "INTEGER",
        ColumnType::Bytes => "BLOB",
    }
}

fn postgres_type(ty: ColumnType) -> String {
    match ty {
        ColumnType::Uuid => "uuid".to_owned(),
        ColumnType::Serial => "bigint GENERATED BY DEFAULT AS IDENTITY".to_owned(),
        ColumnType::Int32 => "integer".to_owned(),
        ColumnType::Int64 => "bigint".to_owned(),
        ColumnType::Decimal { precision, scale } => format!("numeric({precision}, {scale})"),
        ColumnType::Bool => "boolean".to_owned(),
        ColumnType::Date => "date".to_owned(),
        ColumnType::Instant => "timestamptz(3)".to_owned(),
        // Lengths are constraints, whose names say which field is too long.
        ColumnType::Text { .. } => POSTGRES_TEXT.to_owned(),
        ColumnType::Json => "jsonb".to_owned(),
        ColumnType::Bytes => "bytea".to_owned(),
    }
}

/// A whole number of a decimal's smallest units as the decimal, exactly.
pub(crate) fn from_units(units: &str, scale: u32) -> String {
    match scale {
        0 => format!("({units}::bigint)::numeric"),
        _ => format!(
            "({units}::bigint * 0.{:0>width$})",
            1,
            width = scale as usize
        ),
    }
}

fn cast_of(ty: ColumnType) -> &'static str {
    match ty {
        ColumnType::Uuid => "uuid",
        ColumnType::Serial | ColumnType::Int32 | ColumnType::Int64 => "bigint",
        ColumnType::Decimal { .. } => "numeric",
        ColumnType::Bool => "boolean",
        ColumnType::Date => "date",
        ColumnType::Instant => "timestamptz",
        ColumnType::Text { .. } => "text",
        ColumnType::Json => "jsonb",
        ColumnType::Bytes => "bytea",
    }
}
