//! Writes stored values as JSON, straight from the row.

use super::{Bindings, Form};
use crate::Failure;
use crate::connection::{Row, ValueRef};
use archwright_plan::decimal;
use archwright_plan::model::calendar::instant_to_text;
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
        (Form::Json, ValueRef::Text(text)) => to.extend_from_slice(text),
        (Form::Integer, ValueRef::Integer(number)) => write_display(number, to),
        (Form::Integer, ValueRef::Real(number)) => write_display(nearest(number), to),
        (Form::Decimal(scale), ValueRef::Real(units)) => {
            write_quoted(decimal(nearest(units), *scale), to);
        }
        (Form::Decimal(scale), ValueRef::Integer(units)) => {
            write_quoted(decimal(units, *scale), to);
        }
        (Form::Bool, ValueRef::Integer(value)) => {
            to.extend_from_slice(if value == 0 { b"false" } else { b"true" });
        }
        (Form::Instant, ValueRef::Integer(instant)) => write_quoted(instant_to_text(instant), to),
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

pub(crate) fn write_display(value: impl std::fmt::Display, to: &mut Vec<u8>) {
    // Writing to memory never fails.
    let _ = write!(to, "{value}");
}

#[cfg(test)]
mod tests {
    use super::*;

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
