//! One function for each type: JSON in, what a column stores out.

use super::Wrong;
use crate::connection::Value;
use crate::represent::{INSTANTS, canonical_date, canonical_uuid};
use archwright_plan::model::calendar::instant_from_text;
use archwright_plan::model::{LARGEST_BIGINT, LARGEST_JSON_BYTES, ScalarType};
use serde_json::Value as Json;

/// The value of a JSON text, number or document, if it is one of the type.
pub(crate) fn typed(scalar: &ScalarType, json: &Json) -> Result<Value, Wrong> {
    match scalar {
        ScalarType::String { .. } | ScalarType::Text { .. } => sized(scalar, text(json)?),
        ScalarType::Int => integer(json, i32::MIN.into(), i32::MAX.into()),
        ScalarType::BigInt => integer(json, -LARGEST_BIGINT, LARGEST_BIGINT),
        ScalarType::Decimal { scale, .. } if json.is_number() => {
            Err(("type", decimal_form(*scale)))
        }
        ScalarType::Decimal { precision, scale } => decimal(text(json)?, *precision, *scale),
        ScalarType::Bool => match json {
            Json::Bool(value) => Ok(Value::Integer((*value).into())),
            _ => Err(("type", "It must be true or false.".to_owned())),
        },
        ScalarType::Date => canonical_date(text(json)?)
            .map(Value::Text)
            .ok_or_else(|| format_fault("a day, as in 2026-11-24")),
        ScalarType::DateTime => instant(text(json)?),
        ScalarType::Uuid => uuid(text(json)?),
        ScalarType::Email => {
            let text = text(json)?.to_lowercase();
            formed(scalar, &text, "an e-mail address")?;
            sized(scalar, &text)
        }
        ScalarType::Url => {
            let text = text(json)?;
            let form = "an address that begins with http:// or https://";
            formed(scalar, text, form)?;
            sized(scalar, text)
        }
        ScalarType::Phone => formed(
            scalar,
            text(json)?,
            "a phone number with its country, as in +353861234567",
        ),
        ScalarType::Slug => {
            let text = text(json)?;
            sized(scalar, text)?;
            formed(scalar, text, "words of a-z and 0-9 joined by hyphens")
        }
        ScalarType::Enum { values } => {
            let text = text(json)?;
            match values.iter().any(|value| value == text) {
                true => Ok(Value::Text(text.to_owned())),
                false => Err((
                    "one-of",
                    format!("It must be one of {}.", values.join(", ")),
                )),
            }
        }
        ScalarType::Json => document(json),
        ScalarType::File { .. } => Err(("read-only", "Files are uploaded.".to_owned())),
    }
}

fn format_fault(what: &str) -> Wrong {
    ("format", format!("It must be {what}."))
}

pub(super) fn text(json: &Json) -> Result<&str, Wrong> {
    let text = json.as_str();
    let text = text.ok_or_else(|| ("type", "It must be text.".to_owned()))?;
    match text.contains('\0') {
        true => Err(nul()),
        false => Ok(text),
    }
}

/// SQLite would take it for the end of a text, and PostgreSQL has no text with it.
fn nul() -> Wrong {
    (
        "format",
        "It must not contain the character NUL.".to_owned(),
    )
}

fn sized(scalar: &ScalarType, text: &str) -> Result<Value, Wrong> {
    let (min, max) = scalar.characters().unwrap_or((0, u32::MAX));
    let length = text.chars().count();
    if length < min as usize {
        return Err((
            "too-short",
            format!("It must have at least {min} characters."),
        ));
    }
    if length > max as usize {
        return Err((
            "too-long",
            format!("It must have at most {max} characters."),
        ));
    }
    Ok(Value::Text(text.to_owned()))
}

pub(super) fn integer(json: &Json, min: i64, max: i64) -> Result<Value, Wrong> {
    let Json::Number(number) = json else {
        return Err(("type", "It must be a whole number.".to_owned()));
    };
    // JSON knows no difference between 1 and 1.0, and numbers beyond 64 bits are out of every range.
    let number = match (number.as_i64(), number.as_f64()) {
        (Some(number), _) => number,
        (None, Some(float)) if float.fract() == 0.0 => float as i64,
        _ => return Err(("type", "It must be a whole number.".to_owned())),
    };
    range(number, min, max, &min.to_string(), &max.to_string())?;
    Ok(Value::Integer(number))
}

fn range<T: PartialOrd>(value: T, min: T, max: T, least: &str, most: &str) -> Result<(), Wrong> {
    if value < min {
        return Err(("too-small", format!("It must be at least {least}.")));
    }
    if value > max {
        return Err(("too-large", format!("It must be at most {most}.")));
    }
    Ok(())
}

fn decimal_form(scale: u32) -> String {
    let example = archwright_plan::decimal(1250, scale);
    let digits = match scale {
        0 => "no digits".to_owned(),
        1 => "exactly 1 digit".to_owned(),
        _ => format!("exactly {scale} digits"),
    };
    format!("It must be a number as text with {digits} after the point, as in \"{example}\".")
}

/// `-12.50` in units of its scale: exactly so many digits after the point, no needless zeros before it.
fn decimal(text: &str, precision: u32, scale: u32) -> Result<Value, Wrong> {
    let wrong = || ("format", decimal_form(scale));
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = match scale {
        0 => (digits, ""),
        _ => digits.split_once('.').ok_or_else(wrong)?,
    };
    let mut characters = whole.bytes().chain(fraction.bytes());
    let well_formed = !whole.is_empty()
        && fraction.len() == scale as usize
        && characters.all(|byte| byte.is_ascii_digit())
        && (whole == "0" || !whole.starts_with('0'));
    if !well_formed {
        return Err(wrong());
    }
    let digits = format!("{whole}{fraction}");
    if digits.trim_start_matches('0').len() > precision as usize {
        let code = if text.starts_with('-') {
            "too-small"
        } else {
            "too-large"
        };
        return Err((code, format!("It must have at most {precision} digits.")));
    }
    let units: i64 = digits.parse().map_err(|_| wrong())?;
    Ok(Value::Integer(if text.starts_with('-') {
        -units
    } else {
        units
    }))
}

fn instant(text: &str) -> Result<Value, Wrong> {
    let separator = text.as_bytes().get(10);
    let instant = instant_from_text(text).filter(|instant| INSTANTS.contains(instant));
    match (separator, instant) {
        (Some(b'T' | b't'), Some(instant)) => Ok(Value::Integer(instant)),
        _ => Err(format_fault("an instant, as in 2026-11-24T10:00:00.000Z")),
    }
}

pub(super) fn uuid(text: &str) -> Result<Value, Wrong> {
    let canonical = canonical_uuid(text).map(Value::Text);
    canonical.ok_or_else(|| format_fault("a uuid, as in 019a7b3c-5e00-7000-8000-000000000001"))
}

fn formed(scalar: &ScalarType, text: &str, what: &str) -> Result<Value, Wrong> {
    match scalar.has_form(text) {
        true => Ok(Value::Text(text.to_owned())),
        false => Err(format_fault(what)),
    }
}

/// The text of a document that is not too long.
pub(crate) fn document(json: &Json) -> Result<Value, Wrong> {
    if !json.is_object() && !json.is_array() {
        return Err(("type", "It must be an object or a list.".to_owned()));
    }
    let text = json.to_string();
    match text.len() > LARGEST_JSON_BYTES {
        true => Err((
            "too-long",
            format!("It must have at most {LARGEST_JSON_BYTES} bytes as text."),
        )),
        false if has_nul(json) => Err(nul()),
        false => Ok(Value::Text(text)),
    }
}

/// In a key or a text.
fn has_nul(json: &Json) -> bool {
    match json {
        Json::String(text) => text.contains('\0'),
        Json::Array(items) => items.iter().any(has_nul),
        Json::Object(parts) => parts
            .iter()
            .any(|(key, value)| key.contains('\0') || has_nul(value)),
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(scalar: &ScalarType, json: &str, expected: Result<Value, &str>) {
        let json: Json = serde_json::from_str(json).unwrap_or(Json::Null);
        let found = typed(scalar, &json).map_err(|(code, _)| code);
        assert_eq!(found, expected, "{json} as {}", scalar.name());
    }

    fn text(text: &str) -> Result<Value, &'static str> {
        Ok(Value::Text(text.to_owned()))
    }

    #[test]
    fn texts_are_measured_in_characters() {
        let short = ScalarType::String { min: 2, max: 3 };
        check(&short, "\"äöü\"", text("äöü"));
        check(&short, "\"ä\"", Err("too-short"));
        check(&short, "\"\"", Err("too-short"));
        check(&short, "\"äöüß\"", Err("too-long"));
        check(&short, "\"a\\u0000\"", Err("format"));
        check(&short, "12", Err("type"));
        check(&short, "null", Err("type"));
        check(&ScalarType::Text { min: 0, max: 1 }, "\"\"", text(""));
    }

    #[test]
    fn whole_numbers_keep_their_range() {
        check(
            &ScalarType::Int,
            "2147483647",
            Ok(Value::Integer(2_147_483_647)),
        );
        check(&ScalarType::Int, "2147483648", Err("too-large"));
        check(&ScalarType::Int, "-2147483649", Err("too-small"));
        check(&ScalarType::Int, "1.0", Ok(Value::Integer(1)));
        check(&ScalarType::Int, "1.5", Err("type"));
        check(&ScalarType::Int, "1e300", Err("too-large"));
        check(&ScalarType::Int, "\"1\"", Err("type"));
        check(&ScalarType::Int, "true", Err("type"));
        check(
            &ScalarType::BigInt,
            "9007199254740991",
            Ok(Value::Integer(LARGEST_BIGINT)),
        );
        check(&ScalarType::BigInt, "9007199254740992", Err("too-large"));
        check(
            &ScalarType::BigInt,
            "-99999999999999999999999",
            Err("too-small"),
        );
    }

    #[test]
    fn decimals_have_all_their_digits() {
        let money = ScalarType::Decimal {
            precision: 5,
            scale: 2,
        };
        check(&money, "\"12.50\"", Ok(Value::Integer(1250)));
        check(&money, "\"-0.05\"", Ok(Value::Integer(-5)));
        check(&money, "\"999.99\"", Ok(Value::Integer(99_999)));
        check(&money, "\"1000.00\"", Err("too-large"));
        check(&money, "\"-1000.00\"", Err("too-small"));
        for wrong in [
            "12.5", "12", "012.50", ".50", "1.500", "+1.00", "1,00", "", "-", "1e3.00",
        ] {
            check(&money, &format!("\"{wrong}\""), Err("format"));
        }
        check(&money, "12.50", Err("type"));
        let whole = ScalarType::Decimal {
            precision: 3,
            scale: 0,
        };
        check(&whole, "\"100\"", Ok(Value::Integer(100)));
        check(&whole, "\"100.\"", Err("format"));
    }

    #[test]
    fn days_and_instants_exist() {
        check(&ScalarType::Date, "\"2024-02-29\"", text("2024-02-29"));
        check(&ScalarType::Date, "\"2023-02-29\"", Err("format"));
        check(&ScalarType::Date, "\"2023-2-9\"", Err("format"));
        check(
            &ScalarType::DateTime,
            "\"1970-01-01T00:00:01Z\"",
            Ok(Value::Integer(1_000)),
        );
        check(
            &ScalarType::DateTime,
            "\"1970-01-01T01:00:00.5+01:00\"",
            Ok(Value::Integer(500)),
        );
        for wrong in [
            "1970-01-01",
            "1970-01-01 00:00:00Z",
            "1970-01-01T00:00:00",
            "1970-01-01T24:00:00Z",
            "0000-01-01T00:00:00+01:00",
        ] {
            check(
                &ScalarType::DateTime,
                &format!("\"{wrong}\""),
                Err("format"),
            );
        }
    }

    #[test]
    fn forms_are_kept() {
        check(
            &ScalarType::Email,
            "\"Ada@Example.COM\"",
            text("ada@example.com"),
        );
        check(
            &ScalarType::Email,
            "\"o'neil+x@sub.example.ie\"",
            text("o'neil+x@sub.example.ie"),
        );
        for wrong in [
            "ada",
            "ada@",
            "@example.com",
            "a b@example.com",
            "a@b@c",
            "a@-b.com",
            "a..b@c.de",
        ] {
            check(&ScalarType::Email, &format!("\"{wrong}\""), Err("format"));
        }
        check(
            &ScalarType::Url,
            "\"https://example.com/a?b=c#d\"",
            text("https://example.com/a?b=c#d"),
        );
        check(
            &ScalarType::Url,
            "\"http://[::1]:80/\"",
            text("http://[::1]:80/"),
        );
        for wrong in [
            "ftp://example.com",
            "https://",
            "https:///a",
            "example.com",
            "https://a b",
            "javascript:1",
        ] {
            check(&ScalarType::Url, &format!("\"{wrong}\""), Err("format"));
        }
        check(
            &ScalarType::Phone,
            "\"+353861234567\"",
            text("+353861234567"),
        );
        check(&ScalarType::Phone, "\"0861234567\"", Err("format"));
        check(&ScalarType::Phone, "\"+123456\"", Err("format"));
        check(&ScalarType::Slug, "\"a-1\"", text("a-1"));
        for wrong in ["A", "a--b", "-a", "a-", "a_b"] {
            check(&ScalarType::Slug, &format!("\"{wrong}\""), Err("format"));
        }
        check(&ScalarType::Slug, "\"\"", Err("too-short"));
        check(
            &ScalarType::Uuid,
            "\"019A7B3C-5E00-7000-8000-000000000001\"",
            text("019a7b3c-5e00-7000-8000-000000000001"),
        );
        check(&ScalarType::Uuid, "\"019a7b3c\"", Err("format"));
        let colours = ScalarType::Enum {
            values: vec!["red".to_owned()],
        };
        check(&colours, "\"red\"", text("red"));
        check(&colours, "\"Red\"", Err("one-of"));
        check(&ScalarType::Bool, "true", Ok(Value::Integer(1)));
        check(&ScalarType::Bool, "1", Err("type"));
    }

    #[test]
    fn documents_are_objects_or_lists_of_a_size() {
        check(
            &ScalarType::Json,
            "{\"b\": [1, null], \"a\": 2}",
            text("{\"b\":[1,null],\"a\":2}"),
        );
        check(&ScalarType::Json, "[]", text("[]"));
        check(&ScalarType::Json, "\"text\"", Err("type"));
        let long = format!("[\"{}\"]", "x".repeat(LARGEST_JSON_BYTES));
        check(&ScalarType::Json, &long, Err("too-long"));
    }
}
