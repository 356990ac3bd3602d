//! JSON, written by hand.

use std::io::Write;

pub fn text(text: &[u8], to: &mut Vec<u8>) {
    to.push(b'"');
    if text
        .iter()
        .all(|byte| *byte >= 0x20 && *byte != b'"' && *byte != b'\\')
    {
        to.extend_from_slice(text);
    } else {
        for byte in text {
            match byte {
                b'"' => to.extend_from_slice(b"\\\""),
                b'\\' => to.extend_from_slice(b"\\\\"),
                b'\n' => to.extend_from_slice(b"\\n"),
                b'\r' => to.extend_from_slice(b"\\r"),
                b'\t' => to.extend_from_slice(b"\\t"),
                0x08 => to.extend_from_slice(b"\\b"),
                0x0c => to.extend_from_slice(b"\\f"),
                0..0x20 => {
                    let _ = write!(to, "\\u{byte:04x}");
                }
                _ => to.push(*byte),
            }
        }
    }
    to.push(b'"');
}

pub fn integer(number: i64, to: &mut Vec<u8>) {
    to.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// `"12.50"` of 1250.
pub fn money(units: i64, to: &mut Vec<u8>) {
    to.push(b'"');
    if units < 0 {
        to.push(b'-');
    }
    let units = units.unsigned_abs();
    to.extend_from_slice(itoa::Buffer::new().format(units / 100).as_bytes());
    to.push(b'.');
    digits(units % 100, 2, to);
    to.push(b'"');
}

fn digits(mut number: u64, count: usize, to: &mut Vec<u8>) {
    let start = to.len();
    to.resize(start + count, b'0');
    for place in to[start..].iter_mut().rev() {
        *place = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// `"2026-11-25T03:44:52.182Z"` of milliseconds since 1970.
pub fn instant(milliseconds: i64, to: &mut Vec<u8>) {
    let (day, rest) = (
        milliseconds.div_euclid(86_400_000),
        milliseconds.rem_euclid(86_400_000) as u64,
    );
    to.push(b'"');
    day_text(day, to);
    to.push(b'T');
    digits(rest / 3_600_000, 2, to);
    to.push(b':');
    digits(rest / 60_000 % 60, 2, to);
    to.push(b':');
    digits(rest / 1000 % 60, 2, to);
    to.push(b'.');
    digits(rest % 1000, 3, to);
    to.extend_from_slice(b"Z\"");
}

/// Of days since 1970.
pub fn date(days: i64, to: &mut Vec<u8>) {
    to.push(b'"');
    day_text(days, to);
    to.push(b'"');
}

/// Howard Hinnant's `civil_from_days`.
fn day_text(days: i64, to: &mut Vec<u8>) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    digits(year as u64, 4, to);
    to.push(b'-');
    digits(month as u64, 2, to);
    to.push(b'-');
    digits(day as u64, 2, to);
}

pub fn uuid(bytes: [u8; 16], to: &mut Vec<u8>) {
    let mut buffer = uuid::Uuid::encode_buffer();
    to.push(b'"');
    to.extend_from_slice(
        uuid::Uuid::from_bytes(bytes)
            .hyphenated()
            .encode_lower(&mut buffer)
            .as_bytes(),
    );
    to.push(b'"');
}
