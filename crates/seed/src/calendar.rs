//! Dates and instants in their canonical text, without a clock.

/// Milliseconds of a day.
pub const DAY: i64 = 86_400_000;

/// `2026-11-24`, of the day that an instant falls on in UTC.
pub fn date(milliseconds: i64) -> String {
    let (year, month, day) = civil(milliseconds.div_euclid(DAY));
    format!("{year:04}-{month:02}-{day:02}")
}

/// `2026-11-24T10:00:00.000Z`
pub fn instant(milliseconds: i64) -> String {
    let rest = milliseconds.rem_euclid(DAY);
    let (hour, minute) = (rest / 3_600_000, rest / 60_000 % 60);
    let (second, milli) = (rest / 1000 % 60, rest % 1000);
    format!(
        "{}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z",
        date(milliseconds)
    )
}

/// The first instant of a date, or an instant, in milliseconds since 1970; absent when the text is neither.
pub fn parse(text: &str) -> Option<i64> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let days = days(number(0..4)?, number(5..7)?, number(8..10)?);
    if text.len() == 10 {
        return days.checked_mul(DAY);
    }
    let seconds = number(11..13)? * 3600 + number(14..16)? * 60 + number(17..19)?;
    let milliseconds = number(20..23).unwrap_or(0);
    days.checked_mul(DAY)?
        .checked_add(seconds * 1000 + milliseconds)
}

/// Days since 1970 of a date of the Gregorian calendar.
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
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = (shifted_month + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(milliseconds: i64, text: &str) {
        assert_eq!(instant(milliseconds), text);
        assert_eq!(parse(text), Some(milliseconds));
    }

    #[test]
    fn instants_are_written_and_read() {
        check(0, "1970-01-01T00:00:00.000Z");
        check(951_782_400_123, "2000-02-29T00:00:00.123Z");
        check(-1, "1969-12-31T23:59:59.999Z");
        check(1_795_478_399_000, "2026-11-23T23:59:59.000Z");
    }

    #[test]
    fn what_is_no_date_is_absent() {
        assert_eq!(parse("soon"), None);
        assert_eq!(parse(""), None);
        assert_eq!(parse("2026-11"), None);
    }
}
