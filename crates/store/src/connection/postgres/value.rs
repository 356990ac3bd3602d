//! Values between the form in which SQLite stores them and PostgreSQL's own types.

use super::super::{Value, ValueRef};
use archwright_plan::model::calendar::{date_to_text, days_from_text, instant_from_text};
use bytes::BytesMut;
use std::error::Error;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

type Outcome<T> = Result<T, Box<dyn Error + Sync + Send>>;

/// 2000-01-01, from which PostgreSQL counts, in days and milliseconds since 1970.
const EPOCH_DAYS: i64 = 10_957;
const EPOCH_MILLISECONDS: i64 = EPOCH_DAYS * 86_400_000;

const NEGATIVE: u16 = 0x4000;

/// A parameter, written as the type that the statement gives it.
#[derive(Debug)]
pub(super) struct Given<'v>(pub &'v Value);

impl ToSql for Given<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Outcome<IsNull> {
        match self.0 {
            Value::Null => return Ok(IsNull::Yes),
            Value::Integer(number) => integer(*number, ty, out)?,
            Value::Text(text) => write_text(text, ty, out)?,
            Value::Blob(bytes) if *ty == Type::BYTEA => out.extend_from_slice(bytes),
            Value::Real(number) if *ty == Type::FLOAT8 => {
                out.extend_from_slice(&number.to_be_bytes());
            }
            other => return Err(misfit(other, ty)),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn misfit(value: &Value, ty: &Type) -> Box<dyn Error + Sync + Send> {
    format!(
        "a value of type {} for a parameter of type {ty}",
        value.data_type()
    )
    .into()
}

fn integer(number: i64, ty: &Type, out: &mut BytesMut) -> Outcome<()> {
    match *ty {
        Type::BOOL => out.extend_from_slice(&[u8::from(number != 0)]),
        Type::INT2 => out.extend_from_slice(&i16::try_from(number)?.to_be_bytes()),
        Type::INT4 => out.extend_from_slice(&i32::try_from(number)?.to_be_bytes()),
        Type::INT8 => out.extend_from_slice(&number.to_be_bytes()),
        Type::FLOAT8 => out.extend_from_slice(&(number as f64).to_be_bytes()),
        Type::TIMESTAMPTZ => {
            let since = number.checked_sub(EPOCH_MILLISECONDS);
            let micros = since.and_then(|since| since.checked_mul(1_000));
            let micros = micros.ok_or_else(|| misfit(&Value::Integer(number), ty))?;
            out.extend_from_slice(&micros.to_be_bytes());
        }
        Type::TEXT | Type::VARCHAR => out.extend_from_slice(number.to_string().as_bytes()),
        _ => return Err(misfit(&Value::Integer(number), ty)),
    }
    Ok(())
}

fn write_text(text: &str, ty: &Type, out: &mut BytesMut) -> Outcome<()> {
    let wrong = || misfit(&Value::Text(text.to_owned()), ty);
    match *ty {
        Type::UUID => out.extend_from_slice(Uuid::parse_str(text)?.as_bytes()),
        Type::DATE => {
            let days = days_from_text(text).ok_or_else(wrong)? - EPOCH_DAYS;
            out.extend_from_slice(&i32::try_from(days)?.to_be_bytes());
        }
        Type::TIMESTAMPTZ => {
            integer(instant_from_text(text).ok_or_else(wrong)?, ty, out)?;
        }
        Type::INT4 | Type::INT8 => integer(text.parse()?, ty, out)?,
        Type::JSONB => {
            // The version of the binary form.
            out.extend_from_slice(&[1]);
            out.extend_from_slice(text.as_bytes());
        }
        Type::TEXT | Type::VARCHAR | Type::JSON | Type::NAME | Type::UNKNOWN => {
            out.extend_from_slice(text.as_bytes());
        }
        _ => return Err(wrong()),
    }
    Ok(())
}

/// A cell of a row. Texts are borrowed from what the server sent; ids are too short to be worth memory of their own.
pub(crate) enum Cell<'a> {
    Null,
    Integer(i64),
    Real(f64),
    Text(&'a str),
    Id([u8; ID_LENGTH]),
    Day(String),
    Blob(&'a [u8]),
}

const ID_LENGTH: usize = uuid::fmt::Hyphenated::LENGTH;

impl Cell<'_> {
    pub fn value(&self) -> ValueRef<'_> {
        match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Real(number) => ValueRef::Real(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Id(text) => ValueRef::Text(text),
            Self::Day(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }
    }
}

impl<'a> FromSql<'a> for Cell<'a> {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Outcome<Self> {
        Ok(match *ty {
            Type::BOOL => Self::Integer(i64::from(raw.first() == Some(&1))),
            Type::INT2 => Self::Integer(i16::from_be_bytes(raw.try_into()?).into()),
            Type::INT4 => Self::Integer(i32::from_be_bytes(raw.try_into()?).into()),
            Type::INT8 => Self::Integer(i64::from_be_bytes(raw.try_into()?)),
            Type::FLOAT8 => Self::Real(f64::from_be_bytes(raw.try_into()?)),
            Type::NUMERIC => Self::Integer(units(raw)?),
            Type::UUID => {
                let mut text = [0; ID_LENGTH];
                Uuid::from_slice(raw)?.hyphenated().encode_lower(&mut text);
                Self::Id(text)
            }
            Type::DATE => {
                let days = i64::from(i32::from_be_bytes(raw.try_into()?)) + EPOCH_DAYS;
                Self::Day(date_to_text(days))
            }
            Type::TIMESTAMPTZ => {
                let micros = i64::from_be_bytes(raw.try_into()?);
                Self::Integer(micros.div_euclid(1_000) + EPOCH_MILLISECONDS)
            }
            Type::BYTEA => Self::Blob(raw),
            Type::JSONB => Self::Text(std::str::from_utf8(raw.get(1..).unwrap_or_default())?),
            Type::TEXT | Type::VARCHAR | Type::JSON | Type::NAME | Type::CHAR => {
                Self::Text(std::str::from_utf8(raw)?)
            }
            _ => return Err(format!("a column of type {ty}").into()),
        })
    }

    fn from_sql_null(_: &Type) -> Outcome<Self> {
        Ok(Self::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// A number in units of its last digit; instead of one beyond 64 bits, the nearest that fits.
fn units(raw: &[u8]) -> Outcome<i64> {
    let word = |index: usize| -> Outcome<u16> {
        let bytes = raw.get(index * 2..index * 2 + 2);
        Ok(u16::from_be_bytes(
            bytes.ok_or("a number cut short")?.try_into()?,
        ))
    };
    let (count, weight, sign, scale) = (word(0)?, word(1)? as i16, word(2)?, word(3)?);
    // The place of the last digit that counts, in powers of ten of the number's units.
    let last = i32::from(scale) + 4 * (i32::from(weight) - i32::from(count) + 1);
    let mut units = 0_i128;
    for index in 0..usize::from(count) {
        let digit = word(4 + index)?;
        units = units.saturating_mul(10_000).saturating_add(digit.into());
    }
    let power = 10_i128.checked_pow(last.unsigned_abs());
    let power = power.unwrap_or(i128::MAX);
    units = match last < 0 {
        true => units / power,
        false => units.saturating_mul(power),
    };
    let nearest = units.min(i64::MAX.into()) as i64;
    Ok(if sign == NEGATIVE { -nearest } else { nearest })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failure is the test's failure")]
mod tests {
    use super::*;

    fn check(value: Value, ty: &Type, expected: &[u8]) {
        let mut written = BytesMut::new();
        Given(&value).to_sql(ty, &mut written).unwrap();
        assert_eq!(&written[..], expected, "{value:?} as {ty}");
        let cell = Cell::from_sql(ty, &written).unwrap();
        assert_eq!(cell.value(), ValueRef::from(&value), "{ty}");
    }

    #[test]
    fn values_come_back_as_they_went() {
        check(Value::Integer(1), &Type::BOOL, &[1]);
        check(Value::Integer(-2), &Type::INT4, &[255, 255, 255, 254]);
        check(
            Value::Integer(EPOCH_MILLISECONDS + 1),
            &Type::TIMESTAMPTZ,
            &1_000_i64.to_be_bytes(),
        );
        for day in ["2000-01-02", "0000-02-29", "9999-12-31"] {
            let days = (days_from_text(day).unwrap() - EPOCH_DAYS) as i32;
            check(
                Value::Text(day.to_owned()),
                &Type::DATE,
                &days.to_be_bytes(),
            );
        }
        check(Value::Text("[1]".to_owned()), &Type::JSONB, b"\x01[1]");
        check(Value::Blob(vec![0, 255]), &Type::BYTEA, &[0, 255]);
    }

    #[test]
    fn numbers_are_read_in_their_units() {
        let number = |words: &[u16]| {
            let raw: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
            units(&raw).unwrap()
        };
        // 12.50, -0.05, 0.00, 10000 at scale 2, 10^30.
        assert_eq!(number(&[2, 0, 0, 2, 12, 5000]), 1250);
        assert_eq!(number(&[1, 0xffff, 0x4000, 2, 500]), -5);
        assert_eq!(number(&[0, 0, 0, 2]), 0);
        assert_eq!(number(&[1, 1, 0, 2, 1]), 1_000_000);
        assert_eq!(number(&[1, 7, 0, 0, 100]), i64::MAX);
    }
}
