//! Dates and instants between their canonical texts and numbers.

const DAY: i64 = 86_400_000;

/// `2026-11-24`, of a number of days since 1970.
pub fn date_to_text(days: i64) -> String {
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02}")
}

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

/// `2026-11-24T10:00:00.000Z`
pub fn instant_to_text(milliseconds: i64) -> String {
    let rest = milliseconds.rem_euclid(DAY);
    format!(
        "{}T{:02}:{:02}:{:02}.{:03}Z",
        date_to_text(milliseconds.div_euclid(DAY)),
        rest / 3_600_000,
        rest / 60_000 % 60,
        rest / 1_000 % 60,
        rest % 1_000
    )
}

/// Milliseconds since 1970 of an RFC 3339 instant in UTC, with or without a fraction.
pub fn instant_from_text(text: &str) -> Option<i64> {
    if !text.is_ascii() || text.len() < 20 {
        return None;
    }
    let (date, rest) = text.split_at(10);
    let bytes = rest.as_bytes();
    let (hour, minute, second) = (
        digits(&rest[1..3])?,
        digits(&rest[4..6])?,
        digits(&rest[7..9])?,
    );
    let well_formed = bytes[0] == b'T' && bytes[3] == b':' && bytes[6] == b':';
    if !well_formed || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let fraction = rest[9..].strip_suffix('Z')?;
    let milliseconds = match fraction.strip_prefix('.') {
        Some(fraction) if !fraction.is_empty() => {
            digits(fraction)?;
            let kept: String = fraction.chars().chain("00".chars()).take(3).collect();
            digits(&kept)?
        }
        Some(_) => return None,
        None if fraction.is_empty() => 0,
        None => return None,
    };
    let seconds = hour * 3_600 + minute * 60 + second;
    Some(days_from_text(date)? * DAY + seconds * 1_000 + milliseconds)
}

pub(crate) fn day_of(milliseconds: i64) -> i64 {
    milliseconds.div_euclid(DAY)
}

fn digits(text: &str) -> Option<i64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
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
        ] {
            assert_eq!(instant_from_text(text), Some(milliseconds), "{text}");
            assert_eq!(instant_to_text(milliseconds), text);
        }
        assert_eq!(instant_from_text("1970-01-01T00:00:01Z"), Some(1_000));
        assert_eq!(instant_from_text("1970-01-01T00:00:00.1Z"), Some(100));
    }

    #[test]
    fn what_is_no_date_or_instant_is_absent() {
        for text in [
            "",
            "2026-02-30",
            "2026-13-01",
            "2026-00-01",
            "2026-1-01",
            "ü026-01-1",
        ] {
            assert_eq!(days_from_text(text), None, "{text}");
        }
        for text in [
            "",
            "2026-01-01",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00xZ",
        ] {
            assert_eq!(instant_from_text(text), None, "{text}");
        }
    }
}
