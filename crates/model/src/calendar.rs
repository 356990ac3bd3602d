//! Dates and instants between their texts and numbers, for every part that reads, stores or shows them.
//!
//! Libraries for this accept more texts than the API does, and hold fewer instants than a column.

/// Milliseconds of a day.
pub const DAY: i64 = 86_400_000;

/// Days since 1970 of `2026-11-24`, if there is such a day.
pub fn days_from_text(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || !text.is_ascii() || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let (year, month, day) = (
        digits(&text[..4])?,
        digits(&text[5..7])?,
        digits(&text[8..])?,
    );
    let days = days(year, month, day);
    ((1..=12).contains(&month) && civil(days) == (year, month, day)).then_some(days)
}

/// `2026-11-24`, of a number of days since 1970.
pub fn date_to_text(days: i64) -> String {
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Days since 1970 of the day that an instant falls on in UTC.
pub fn day_of(milliseconds: i64) -> i64 {
    milliseconds.div_euclid(DAY)
}

/// Milliseconds since 1970 of an RFC 3339 instant: any offset, with or without a fraction, of which milliseconds are
/// kept.
pub fn instant_from_text(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() < 20 || !text.is_ascii() || !matches!(bytes[10], b'T' | b't' | b' ') {
        return None;
    }
    let day = days_from_text(&text[..10])?;
    let (hour, minute, second) = (
        digits(&text[11..13])?,
        digits(&text[14..16])?,
        digits(&text[17..19])?,
    );
    let separators = bytes[13] == b':' && bytes[16] == b':';
    if !separators || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (milliseconds, zone) = fraction(&text[19..])?;
    let minutes = hour * 60 + minute - offset(zone)?;
    Some(day * DAY + minutes * 60_000 + second * 1_000 + milliseconds)
}

/// The canonical text, in UTC with milliseconds: `2026-11-24T10:00:00.000Z`.
pub fn instant_to_text(milliseconds: i64) -> String {
    let rest = milliseconds.rem_euclid(DAY);
    format!(
        "{}T{:02}:{:02}:{:02}.{:03}Z",
        date_to_text(day_of(milliseconds)),
        rest / 3_600_000,
        rest / 60_000 % 60,
        rest / 1_000 % 60,
        rest % 1_000
    )
}

fn digits(text: &str) -> Option<i64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// The fraction in milliseconds (further digits are cut off), and what follows it.
fn fraction(text: &str) -> Option<(i64, &str)> {
    let Some(rest) = text.strip_prefix('.') else {
        return Some((0, text));
    };
    let length = rest.bytes().take_while(u8::is_ascii_digit).count();
    if length == 0 {
        return None;
    }
    let kept: String = rest[..length].chars().chain("00".chars()).take(3).collect();
    Some((digits(&kept)?, &rest[length..]))
}

/// Minutes east of UTC.
fn offset(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "z") {
        return Some(0);
    }
    let sign = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    if zone.len() != 6 || zone.as_bytes()[3] != b':' {
        return None;
    }
    let (hours, minutes) = (digits(&zone[1..3])?, digits(&zone[4..6])?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

/// Howard Hinnant's algorithm for the proleptic Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = (month_index + 2) % 12 + 1;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_go_to_text_and_back() {
        for (text, milliseconds) in [
            ("1970-01-01T00:00:00.000Z", 0),
            ("1969-12-31T23:59:59.999Z", -1),
            ("2000-02-29T12:30:15.250Z", 951_827_415_250),
            ("2026-11-24T10:00:00.000Z", 1_795_514_400_000),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
        ] {
            assert_eq!(instant_from_text(text), Some(milliseconds), "{text}");
            assert_eq!(instant_to_text(milliseconds), text);
        }
    }

    #[test]
    fn offsets_and_fractions_are_normalised() {
        for (text, milliseconds) in [
            ("1970-01-01T00:00:01Z", 1_000),
            ("1970-01-01T00:00:00.1Z", 100),
            ("1970-01-01t00:00:00.1239z", 123),
            ("1970-01-01T02:00:00+02:00", 0),
            ("1969-12-31 23:30:00-00:30", 0),
        ] {
            assert_eq!(instant_from_text(text), Some(milliseconds), "{text}");
        }
    }

    #[test]
    fn days_go_to_text_and_back() {
        for (text, number) in [
            ("1970-01-02", 1),
            ("2024-02-29", 19_782),
            ("0001-01-01", -719_162),
        ] {
            assert_eq!(days_from_text(text), Some(number), "{text}");
            assert_eq!(date_to_text(number), text);
        }
    }

    #[test]
    fn what_is_no_date_or_instant_is_absent() {
        for text in [
            "",
            "2023-02-29",
            "2026-02-30",
            "2026-13-01",
            "2026-00-01",
            "2026-01-00",
            "2026-1-01",
            "26-01-01",
            "2026-01-01-1",
            "ü026-01-1",
        ] {
            assert_eq!(days_from_text(text), None, "{text}");
        }
        for text in [
            "",
            "2026-01-01",
            "2026-02-30T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00xZ",
            "2026-01-01T00:00:00+24:00",
            "ü026-01-01T00:00:00Z",
        ] {
            assert_eq!(instant_from_text(text), None, "{text}");
        }
    }
}
