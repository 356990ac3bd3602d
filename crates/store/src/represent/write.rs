//! Writes stored values as JSON, straight from the row.

use super::{Bindings, Form};
use crate::Failure;
use crate::connection::{Row, ValueRef};
use archwright_plan::model::calendar::{DAY, date_to_text, day_of};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};
use std::io::Write;

/// What a link has to encode: everything but unreserved characters (RFC 3986, section 2.3).
pub(crate) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The value of one key.
pub(crate) fn write_value(
    row: &Row<'_>,
    column: usize,
    form: &Form,
    bindings: &Bindings<'_>,
    to: &mut Vec<u8>,
) -> Result<(), Failure> {
    let value = row.value(column)?;
    if value == ValueRef::Null {
        to.extend_from_slice(b"null");
        return Ok(());
    }
    match (form, value) {
        (Form::Sealed(inner, column), ValueRef::Blob(sealed)) => {
            // The row's id is always the first column.
            let id = row.value(0)?;
            let plain = bindings
                .shared
                .secrets
                .open(sealed, &sealed_place(column, id));
            let plain = plain.ok_or_else(|| {
                Failure::Internal("a sensitive value can't be decrypted".to_owned())
            })?;
            write_opened(&String::from_utf8_lossy(&plain), inner, to);
            Ok(())
        }
        (Form::File, ValueRef::Text(_)) => write_file(row, column, bindings, to),
        (form, value) => write_plain(form, value, to),
    }
}

/// The place that a ciphertext is bound to.
pub(crate) fn sealed_place(column: &str, id: ValueRef<'_>) -> String {
    match id {
        ValueRef::Integer(id) => format!("{column}.{id}"),
        ValueRef::Text(id) => format!("{column}.{}", String::from_utf8_lossy(id)),
        ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => column.to_owned(),
    }
}

/// A value that is not sealed.
pub(crate) fn write_plain(
    form: &Form,
    value: ValueRef<'_>,
    to: &mut Vec<u8>,
) -> Result<(), Failure> {
    match (form, value) {
        (Form::Text, ValueRef::Text(text)) => write_text(&String::from_utf8_lossy(text), to),
        (Form::Json, ValueRef::Text(text)) => write_json(text, to),
        (Form::Integer, ValueRef::Integer(number)) => write_integer(number, to),
        (Form::Integer, ValueRef::Real(number)) => write_integer(nearest(number), to),
        (Form::Decimal(scale), ValueRef::Real(units)) => write_decimal(nearest(units), *scale, to),
        (Form::Decimal(scale), ValueRef::Integer(units)) => write_decimal(units, *scale, to),
        (Form::Bool, ValueRef::Integer(value)) => {
            to.extend_from_slice(if value == 0 { b"false" } else { b"true" });
        }
        (Form::Instant, ValueRef::Integer(instant)) => write_instant(instant, to),
        (form, value) => {
            return Err(Failure::Internal(format!(
                "a value of type {} where {form:?} is kept",
                value.data_type()
            )));
        }
    }
    Ok(())
}

/// A product or sum beyond 64 bits is no whole number to SQLite; the nearest one that fits is shown.
fn nearest(number: f64) -> i64 {
    (number as i64).max(-i64::MAX)
}

/// A document without the spaces that PostgreSQL puts between its parts.
fn write_json(text: &[u8], to: &mut Vec<u8>) {
    let (mut in_text, mut is_escaped) = (false, false);
    for byte in text {
        if in_text || !byte.is_ascii_whitespace() {
            to.push(*byte);
        }
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = in_text,
            b'"' => in_text = !in_text,
            _ => {}
        }
    }
}

/// The text of a sensitive value: what stands in JSON, without quotes.
fn write_opened(text: &str, form: &Form, to: &mut Vec<u8>) {
    match form {
        Form::Integer | Form::Bool | Form::Json => to.extend_from_slice(text.as_bytes()),
        _ => write_text(text, to),
    }
}

fn write_file(
    row: &Row<'_>,
    column: usize,
    bindings: &Bindings<'_>,
    to: &mut Vec<u8>,
) -> Result<(), Failure> {
    let text = |index: usize| row.get::<String>(index);
    let size: i64 = row.get(column + 3)?;
    let link = (bindings.shared.file_link)(&text(column)?, bindings.context);
    to.extend_from_slice(b"{\"url\":");
    write_text(&link, to);
    to.extend_from_slice(b",\"name\":");
    write_text(&text(column + 1)?, to);
    to.extend_from_slice(b",\"type\":");
    write_text(&text(column + 2)?, to);
    to.extend_from_slice(b",\"size\":");
    write_display(size, to);
    to.push(b'}');
    Ok(())
}

pub(crate) fn write_text(text: &str, to: &mut Vec<u8>) {
    let plain = text
        .bytes()
        .all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\');
    if plain {
        write_quoted(text, to);
    } else {
        write_display(serde_json::Value::from(text), to);
    }
}

/// For text that needs no escape.
fn write_quoted(text: impl AsRef<str>, to: &mut Vec<u8>) {
    to.push(b'"');
    to.extend_from_slice(text.as_ref().as_bytes());
    to.push(b'"');
}

/// Without the machinery of formatting, which takes longer than reading the value.
fn write_integer(number: i64, to: &mut Vec<u8>) {
    if number < 0 {
        to.push(b'-');
    }
    write_digits(number.unsigned_abs(), 1, to);
}

/// `"12.50"` of 1250 units of two places.
fn write_decimal(units: i64, scale: u32, to: &mut Vec<u8>) {
    to.push(b'"');
    if units < 0 {
        to.push(b'-');
    }
    let scale = scale as usize;
    write_digits(units.unsigned_abs(), scale + 1, to);
    if scale > 0 {
        to.insert(to.len() - scale, b'.');
    }
    to.push(b'"');
}

/// `"2026-11-24T10:00:00.000Z"`
fn write_instant(milliseconds: i64, to: &mut Vec<u8>) {
    let rest = milliseconds.rem_euclid(DAY).unsigned_abs();
    to.push(b'"');
    to.extend_from_slice(date_to_text(day_of(milliseconds)).as_bytes());
    let parts = [
        (b'T', rest / 3_600_000),
        (b':', rest / 60_000 % 60),
        (b':', rest / 1_000 % 60),
    ];
    for (before, number) in parts {
        to.push(before);
        write_digits(number, 2, to);
    }
    to.push(b'.');
    write_digits(rest % 1_000, 3, to);
    to.extend_from_slice(b"Z\"");
}

/// With zeros in front, where there are fewer digits than `least`.
fn write_digits(mut number: u64, least: usize, to: &mut Vec<u8>) {
    /// Of the largest number, and more than any scale has.
    const MOST: usize = 40;
    let mut digits = [b'0'; MOST];
    let mut first = MOST;
    while number > 0 {
        first -= 1;
        digits[first] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    let first = first.min(MOST - least.min(MOST));
    to.extend_from_slice(&digits[first..]);
}

pub(crate) fn write_display(value: impl std::fmt::Display, to: &mut Vec<u8>) {
    // Writing to memory never fails.
    let _ = write!(to, "{value}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use archwright_plan::decimal;
    use archwright_plan::model::calendar::instant_to_text;

    #[track_caller]
    fn check(form: Form, number: i64, expected: &str) {
        let mut written = b"[".to_vec();
        let done = write_plain(&form, ValueRef::Integer(number), &mut written);
        assert!(done.is_ok(), "{form:?} {number}");
        assert_eq!(String::from_utf8_lossy(&written[1..]), expected);
    }

    #[test]
    fn numbers_and_instants_are_written_as_the_plan_and_the_model_do() {
        let day = DAY - 1;
        for number in [
            0,
            1,
            -1,
            9,
            10,
            99,
            -100,
            1_250,
            day,
            -day,
            i64::MAX,
            -i64::MAX,
        ] {
            check(Form::Integer, number, &number.to_string());
            for scale in [0, 1, 2, 3, 18] {
                let expected = format!("\"{}\"", decimal(number, scale));
                check(Form::Decimal(scale), number, &expected);
            }
        }
        for instant in [
            0,
            -1,
            1,
            1_795_514_400_123,
            -62_167_219_200_000,
            253_402_300_799_999,
        ] {
            let expected = format!("\"{}\"", instant_to_text(instant));
            check(Form::Instant, instant, &expected);
        }
    }

    #[test]
    fn text_is_escaped() {
        for text in [
            "plain",
            "with \"quotes\"",
            "back\\slash",
            "line\nbreak",
            "\u{1}",
            "ü€😀",
            "",
        ] {
            let mut written = Vec::new();
            write_text(text, &mut written);
            assert_eq!(
                String::from_utf8_lossy(&written),
                serde_json::Value::from(text).to_string()
            );
        }
    }
}
