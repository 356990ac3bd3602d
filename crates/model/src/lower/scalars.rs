//! Scalar types from the words and arguments that name them.

use super::context::{Lowering, unknown};
use crate::ScalarType;
use archwright_design::ast::{Text, TypeText};
use archwright_diagnostics::Diagnostic;

pub(super) const NAMES: [&str; 17] = [
    "string", "text", "int", "bigint", "decimal", "money", "bool", "date", "datetime", "uuid",
    "email", "url", "phone", "slug", "enum", "json", "file",
];

const STRING_MAX: u32 = 10_000;
const TEXT_MAX: u32 = 1_000_000;
const FILE_BYTES: u64 = 5 << 20;
const FILE_MAX: u64 = 1 << 30;
const ENUM_VALUES: usize = 64;

impl Lowering<'_> {
    /// The types that the design names, also those that nothing uses. What is wrong with one that is used is said at
    /// the same place, and then counts once.
    pub fn check_types(&mut self) {
        let design = self.design;
        let known: Vec<&str> = design
            .types
            .iter()
            .map(|alias| &alias.name.value[..])
            .collect();
        for alias in &design.types {
            let name = &alias.ty.name;
            if NAMES.contains(&&name.value[..]) {
                if let Some(scalar) = self.scalar(&alias.ty) {
                    let min = self.bound(&scalar, alias.min.as_ref(), "min");
                    let max = self.bound(&scalar, alias.max.as_ref(), "max");
                    self.check_bounds(min.as_ref(), max.as_ref(), alias.max.as_ref());
                    self.pattern(&scalar, alias.pattern.as_ref());
                }
            } else if !self.entity_names.contains_key(&name.value[..])
                && !known.contains(&&name.value[..])
            {
                self.unknown_type(name);
            }
        }
    }

    /// The scalar type that is written, or a diagnostic. The caller knows that the name is a scalar's.
    pub fn scalar(&mut self, ty: &TypeText) -> Option<ScalarType> {
        let arguments = &ty.arguments[..];
        match &ty.name.value[..] {
            "string" => self
                .lengths(arguments)
                .map(|(min, max)| ScalarType::String { min, max }),
            "text" => self
                .text_lengths(arguments)
                .map(|(min, max)| ScalarType::Text { min, max }),
            "decimal" => self.decimal(ty),
            "enum" => self.enumeration(ty),
            "file" => self.file(arguments),
            plain => {
                if let Some(argument) = arguments.first() {
                    let message = format!("`{plain}` takes nothing in brackets");
                    let help = if matches!(plain, "int" | "bigint" | "money") {
                        "give its range with `min` and `max`"
                    } else {
                        "remove the brackets"
                    };
                    self.error("AW221", argument.span, message, help);
                    return None;
                }
                simple(plain)
            }
        }
    }

    fn lengths(&mut self, arguments: &[Text]) -> Option<(u32, u32)> {
        let [argument] = arguments else {
            return match arguments.get(1) {
                None => Some((1, 255)),
                Some(second) => {
                    self.error(
                        "AW221",
                        second.span,
                        "`string` takes one length",
                        "write `string(1..120)`",
                    );
                    None
                }
            };
        };
        let (min, max) = match argument.value.split_once("..") {
            Some((min, max)) => (min.trim().parse().ok(), max.trim().parse().ok()),
            None => (Some(1), argument.value.trim().parse().ok()),
        };
        match (min, max) {
            (Some(min), Some(max)) if min <= max && max > 0 && max <= STRING_MAX => {
                Some((min, max))
            }
            (Some(_), Some(max)) if max > STRING_MAX => {
                let message = format!("a `string` has at most {STRING_MAX} characters");
                self.error("AW221", argument.span, message, "use `text`");
                None
            }
            _ => {
                let message = format!("`{}` is no length", argument.value);
                self.error(
                    "AW221",
                    argument.span,
                    message,
                    "write the greatest length, `string(120)`, or both, `string(3..120)`",
                );
                None
            }
        }
    }

    fn text_lengths(&mut self, arguments: &[Text]) -> Option<(u32, u32)> {
        let Some(argument) = arguments.first() else {
            return Some((0, crate::TEXT_CHARACTERS));
        };
        let number = |text: &str| text.trim().parse::<u32>().ok();
        let (min, max) = match argument.value.split_once("..") {
            Some((min, max)) => (number(min), number(max)),
            None => (Some(0), number(&argument.value)),
        };
        match (min, max) {
            (Some(min), Some(max))
                if min <= max && (1..=TEXT_MAX).contains(&max) && arguments.len() == 1 =>
            {
                Some((min, max))
            }
            _ => {
                let message = format!("`{}` is no length of a text", argument.value);
                let help = format!(
                    "write a number up to {TEXT_MAX}, `text(20000)`, or both, `text(1..20000)`"
                );
                self.error("AW221", argument.span, message, help);
                None
            }
        }
    }

    fn decimal(&mut self, ty: &TypeText) -> Option<ScalarType> {
        let numbers: Vec<Option<u32>> = ty
            .arguments
            .iter()
            .map(|argument| argument.value.trim().parse().ok())
            .collect();
        match numbers[..] {
            [Some(precision), Some(scale)]
                if (1..=18).contains(&precision) && scale <= precision =>
            {
                Some(ScalarType::Decimal { precision, scale })
            }
            _ => {
                let message = "`decimal` needs its digits in all and those after the point, at most 18 in all";
                self.error("AW221", ty.span, message, "write `decimal(12, 2)`");
                None
            }
        }
    }

    fn enumeration(&mut self, ty: &TypeText) -> Option<ScalarType> {
        if ty.arguments.is_empty() || ty.arguments.len() > ENUM_VALUES {
            let message = format!("`enum` needs 1 to {ENUM_VALUES} values");
            self.error(
                "AW221",
                ty.span,
                message,
                "write them in brackets: `enum(draft, placed)`",
            );
            return None;
        }
        let mut values: Vec<String> = Vec::new();
        let mut sound = true;
        for argument in &ty.arguments {
            let word = argument
                .value
                .starts_with(|first: char| first.is_ascii_alphanumeric())
                && argument.value.len() <= 64
                && argument
                    .value
                    .chars()
                    .all(|next| next.is_ascii_alphanumeric() || matches!(next, '_' | '-'));
            if !word {
                let message = format!("`{}` is no word", argument.value);
                self.error(
                    "AW221",
                    argument.span,
                    message,
                    "use letters, digits, `_` and `-`, at most 64",
                );
                sound = false;
            } else if values.contains(&argument.value) {
                let message = format!("the value `{}` is there twice", argument.value);
                self.error("AW221", argument.span, message, "remove one of them");
                sound = false;
            } else {
                values.push(argument.value.clone());
            }
        }
        sound.then_some(ScalarType::Enum { values })
    }

    fn file(&mut self, arguments: &[Text]) -> Option<ScalarType> {
        let (mut max_bytes, mut media_types, mut sound) = (FILE_BYTES, Vec::new(), true);
        for argument in arguments {
            let written = argument.value.trim();
            if media_type(written) {
                media_types.push(written.to_ascii_lowercase());
            } else if let Some(bytes) = size(written).filter(|bytes| (1..=FILE_MAX).contains(bytes))
            {
                max_bytes = bytes;
            } else {
                let message = format!("`{written}` is neither a size up to 1GB nor a media type");
                self.error(
                    "AW221",
                    argument.span,
                    message,
                    "write `file(5MB, image/png, image/jpeg)`",
                );
                sound = false;
            }
        }
        sound.then_some(ScalarType::File {
            max_bytes,
            media_types,
        })
    }

    /// A type name that is neither a scalar nor an entity.
    pub fn unknown_type(&mut self, name: &Text) {
        if let Some(why) = self.hidden.entities.get(&name.value) {
            let message = format!(
                "entity `{}` is not part of this API version: {why}",
                name.value
            );
            return self.error(
                "AW206",
                name.span,
                message,
                "give both the same `since` and `until`, or change `api.version`",
            );
        }
        if let Some(instead) = foreign(&name.value) {
            let diagnostic =
                Diagnostic::new("AW220", name.span, format!("`{}` is no type", name.value))
                    .help(format!("use `{instead}`"))
                    .fix(format!("write `{instead}`"), name.span, instead);
            return self.report(diagnostic);
        }
        let aliases = self.design.types.iter().map(|alias| &alias.name.value[..]);
        // A capital letter means an entity or a type of the design's own.
        let capital = name
            .value
            .starts_with(|first: char| first.is_ascii_uppercase());
        let built_in = if capital { &[][..] } else { &NAMES[..] };
        let known = built_in
            .iter()
            .copied()
            .chain(self.entity_names.keys().copied())
            .chain(aliases)
            .take(self.compared_names());
        let diagnostic = unknown("AW220", name.span, "type", &name.value, known);
        let help = "use a built-in type, an entity, or a name defined under `types`";
        let diagnostic = if diagnostic.help.is_some() {
            diagnostic
        } else {
            diagnostic.help(help)
        };
        self.report(diagnostic);
    }
}

fn simple(name: &str) -> Option<ScalarType> {
    Some(match name {
        "int" => ScalarType::Int,
        "bigint" => ScalarType::BigInt,
        "money" => ScalarType::Decimal {
            precision: 15,
            scale: 2,
        },
        "bool" => ScalarType::Bool,
        "date" => ScalarType::Date,
        "datetime" => ScalarType::DateTime,
        "uuid" => ScalarType::Uuid,
        "email" => ScalarType::Email,
        "url" => ScalarType::Url,
        "phone" => ScalarType::Phone,
        "slug" => ScalarType::Slug,
        "json" => ScalarType::Json,
        _ => return None,
    })
}

/// The type of ours for a word of another language.
fn foreign(name: &str) -> Option<&'static str> {
    Some(match &name.to_ascii_lowercase()[..] {
        "str" | "varchar" | "varchar2" | "nvarchar" | "char" | "character" | "citext" => "string",
        "integer" | "int32" | "smallint" | "number" => "int",
        "long" | "int64" => "bigint",
        "longtext" | "mediumtext" | "tinytext" | "clob" => "text",
        "serial" | "bigserial" | "smallserial" => "int",
        "float" | "double" | "real" | "numeric" => "decimal(12, 2)",
        "boolean" => "bool",
        "timestamp" | "timestamptz" | "time" | "instant" => "datetime",
        "guid" => "uuid",
        "uri" | "link" => "url",
        "object" | "jsonb" | "map" => "json",
        "blob" | "image" | "upload" | "bytes" => "file",
        "currency" => "money",
        _ => return None,
    })
}

fn media_type(text: &str) -> bool {
    let word = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|next| next.is_ascii_alphanumeric() || "!#$&-^_.+".contains(next))
    };
    text.split_once('/')
        .is_some_and(|(class, kind)| word(class) && (kind == "*" || word(kind)))
}

fn size(text: &str) -> Option<u64> {
    let units = [
        ("kB", 10),
        ("KB", 10),
        ("KiB", 10),
        ("MB", 20),
        ("MiB", 20),
        ("GB", 30),
        ("GiB", 30),
        ("B", 0),
    ];
    let (unit, shift) = units.into_iter().find(|(unit, _)| text.ends_with(unit))?;
    let count: u64 = text[..text.len() - unit.len()].trim().parse().ok()?;
    count.checked_mul(1 << shift)
}
