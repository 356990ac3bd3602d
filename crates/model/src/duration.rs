//! Durations between their text and milliseconds.

const UNITS: [(&str, i64); 6] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("min", 60_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Milliseconds of `90min`, `7d`, `1h30min`.
pub fn duration_from_text(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut total: i64 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let count: i64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (_, unit) = UNITS.iter().find(|(name, _)| *name == &rest[..letters])?;
        rest = &rest[letters..];
        total = total.checked_add(count.checked_mul(*unit)?)?;
    }
    // A hundred centuries: sums with an instant stay in range.
    (total < 315_576_000_000_000).then_some(if negative { -total } else { total })
}

/// In the largest unit that needs no fraction: `15min`, `7d`.
pub fn duration_to_text(milliseconds: i64) -> String {
    let whole = UNITS.iter().find(|(_, unit)| milliseconds % unit == 0);
    let (name, unit) = whole.unwrap_or(&("ms", 1));
    format!("{}{name}", milliseconds / unit)
}

/// In the largest unit that needs no fraction, for people: `15 minutes`, `1 day`.
pub fn duration_in_words(seconds: u64) -> String {
    let units = [("day", 86_400), ("hour", 3_600), ("minute", 60)];
    let whole = units
        .into_iter()
        .find(|(_, unit)| seconds.is_multiple_of(*unit));
    let (name, unit) = whole.unwrap_or(("second", 1));
    let count = seconds / unit;
    format!("{count} {name}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_add_their_parts() {
        assert_eq!(duration_from_text("1h30min"), Some(5_400_000));
        assert_eq!(duration_from_text("-7d"), Some(-604_800_000));
        for wrong in [
            "",
            "7",
            "d",
            "7w",
            "1.5h",
            "99999999999999999999d",
            "9999999999999d",
        ] {
            assert_eq!(duration_from_text(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn people_read_a_duration_in_one_unit() {
        let texts = [60, 90, 900, 3_600, 5_400, 172_800].map(duration_in_words);
        assert_eq!(
            texts,
            [
                "1 minute",
                "90 seconds",
                "15 minutes",
                "1 hour",
                "90 minutes",
                "2 days"
            ]
        );
    }

    #[test]
    fn durations_are_written_in_one_unit() {
        for (milliseconds, text) in [
            (900_000, "15min"),
            (5_400_000, "90min"),
            (-604_800_000, "-7d"),
            (1_500, "1500ms"),
            (0, "0d"),
        ] {
            assert_eq!(duration_to_text(milliseconds), text);
            assert_eq!(duration_from_text(text), Some(milliseconds));
        }
    }
}
