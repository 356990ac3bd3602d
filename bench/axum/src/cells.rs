//! The cells of a row, written as JSON, whichever database it is from.

use crate::json;
use rusqlite::types::ValueRef;
use tokio_postgres::types::{FromSql, Type};

pub trait Cells {
    fn uuid(&self, column: usize, to: &mut Vec<u8>);
    fn text(&self, column: usize, to: &mut Vec<u8>);
    fn integer(&self, column: usize, to: &mut Vec<u8>);
    fn money(&self, column: usize, to: &mut Vec<u8>);
    fn instant(&self, column: usize, to: &mut Vec<u8>);
    fn date(&self, column: usize, to: &mut Vec<u8>);
    fn boolean(&self, column: usize, to: &mut Vec<u8>);
}

const NULL: &[u8] = b"null";

/// The bytes of a cell as the server sent them.
pub struct Raw<'a>(pub Option<&'a [u8]>);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(Some(raw)))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

pub fn raw(row: &tokio_postgres::Row, column: usize) -> Option<&[u8]> {
    row.get::<_, Raw<'_>>(column).0
}

pub fn number(bytes: &[u8]) -> i64 {
    match *bytes {
        [a, b, c, d] => i32::from_be_bytes([a, b, c, d]).into(),
        [a, b, c, d, e, f, g, h] => i64::from_be_bytes([a, b, c, d, e, f, g, h]),
        [a, b] => i16::from_be_bytes([a, b]).into(),
        _ => 0,
    }
}

/// Hundredths of a `numeric` with two places.
pub fn hundredths(bytes: &[u8]) -> i64 {
    let word = |index: usize| match bytes.get(index * 2..index * 2 + 2) {
        Some(&[a, b]) => i16::from_be_bytes([a, b]),
        _ => 0,
    };
    let (count, weight, negative) = (word(0), word(1), word(2) == 0x4000);
    let mut units = 0_i64;
    for index in 0..=weight.max(-1) + 1 {
        let digit = if index < count {
            i64::from(word(4 + index as usize))
        } else {
            0
        };
        units = units * 10_000 + digit;
    }
    // One group of four digits stands behind the point.
    units = if weight >= -1 { units / 100 } else { 0 };
    if negative { -units } else { units }
}

const EPOCH_DAYS: i64 = 10_957;

impl Cells for tokio_postgres::Row {
    fn uuid(&self, column: usize, to: &mut Vec<u8>) {
        match raw(self, column).and_then(|bytes| bytes.try_into().ok()) {
            Some(bytes) => json::uuid(bytes, to),
            None => to.extend_from_slice(NULL),
        }
    }

    fn text(&self, column: usize, to: &mut Vec<u8>) {
        match raw(self, column) {
            Some(bytes) => json::text(bytes, to),
            None => to.extend_from_slice(NULL),
        }
    }

    fn integer(&self, column: usize, to: &mut Vec<u8>) {
        match raw(self, column) {
            Some(bytes) => json::integer(number(bytes), to),
            None => to.extend_from_slice(NULL),
        }
    }

    fn money(&self, column: usize, to: &mut Vec<u8>) {
        match raw(self, column) {
            Some(bytes) => json::money(hundredths(bytes), to),
            None => to.extend_from_slice(NULL),
        }
    }

    fn instant(&self, column: usize, to: &mut Vec<u8>) {
        match raw(self, column) {
            Some(bytes) => {
                json::instant(number(bytes).div_euclid(1000) + EPOCH_DAYS * 86_400_000, to)
            }
            None => to.extend_from_slice(NULL),
        }
    }

    fn date(&self, column: usize, to: &mut Vec<u8>) {
        match raw(self, column) {
            Some(bytes) => json::date(number(bytes) + EPOCH_DAYS, to),
            None => to.extend_from_slice(NULL),
        }
    }

    fn boolean(&self, column: usize, to: &mut Vec<u8>) {
        let yes = raw(self, column) == Some(&[1]);
        to.extend_from_slice(if yes { b"true" } else { b"false" });
    }
}

impl Cells for rusqlite::Row<'_> {
    fn uuid(&self, column: usize, to: &mut Vec<u8>) {
        self.text(column, to);
    }

    fn text(&self, column: usize, to: &mut Vec<u8>) {
        match self.get_ref(column) {
            Ok(ValueRef::Text(text)) => json::text(text, to),
            _ => to.extend_from_slice(NULL),
        }
    }

    fn integer(&self, column: usize, to: &mut Vec<u8>) {
        match self.get_ref(column) {
            Ok(ValueRef::Integer(number)) => json::integer(number, to),
            _ => to.extend_from_slice(NULL),
        }
    }

    fn money(&self, column: usize, to: &mut Vec<u8>) {
        match self.get_ref(column) {
            Ok(ValueRef::Integer(units)) => json::money(units, to),
            Ok(ValueRef::Real(units)) => json::money(units as i64, to),
            _ => to.extend_from_slice(NULL),
        }
    }

    fn instant(&self, column: usize, to: &mut Vec<u8>) {
        match self.get_ref(column) {
            Ok(ValueRef::Integer(at)) => json::instant(at, to),
            _ => to.extend_from_slice(NULL),
        }
    }

    fn date(&self, column: usize, to: &mut Vec<u8>) {
        self.text(column, to);
    }

    fn boolean(&self, column: usize, to: &mut Vec<u8>) {
        let yes = matches!(self.get_ref(column), Ok(ValueRef::Integer(1)));
        to.extend_from_slice(if yes { b"true" } else { b"false" });
    }
}
