//! Numbers with units as people write them: `2M`, `400/s`, `5MB`, `15min`.

use crate::ast::Rate;

/// `40`, `10k`, `1.5M`, `2G`, `1_000_000`.
pub fn count(text: &str) -> Option<u64> {
    scaled(
        text,
        &[
            ("k", 1_000),
            ("K", 1_000),
            ("M", 1_000_000),
            ("G", 1_000_000_000),
            ("B", 1_000_000_000),
        ],
        1,
    )
}

/// `400/s`, `10/min`, `2000/h`, `10k/day`.
pub fn rate(text: &str) -> Option<Rate> {
    let (number, unit) = text.split_once('/')?;
    let per_seconds = match unit.trim() {
        "s" | "sec" | "second" => 1,
        "m" | "min" | "minute" => 60,
        "h" | "hour" => 3_600,
        "d" | "day" => 86_400,
        "w" | "week" => 7 * 86_400,
        "month" => 30 * 86_400,
        "y" | "year" => 365 * 86_400,
        _ => return None,
    };
    Some(Rate {
        count: count(number.trim())?,
        per_seconds,
    })
}

/// `5MB` in bytes; k, M and G are powers of 1,024, as file systems show them.
pub fn size(text: &str) -> Option<u64> {
    let units = [
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("kB", 1 << 10),
        ("KB", 1 << 10),
        ("MB", 1 << 20),
        ("GB", 1 << 30),
        ("B", 1),
    ];
    units
        .iter()
        .any(|(unit, _)| text.ends_with(unit))
        .then(|| scaled(text, &units, 0))
        .flatten()
}

/// `15min` in seconds.
pub fn duration(text: &str) -> Option<u64> {
    let units = [
        ("min", 60),
        ("s", 1),
        ("m", 60),
        ("h", 3_600),
        ("d", 86_400),
        ("w", 7 * 86_400),
        ("y", 365 * 86_400),
    ];
    scaled(text, &units, 0)
}

/// A decimal number and a unit; without a unit it is multiplied by `plain`, and 0 refuses that.
fn scaled(text: &str, units: &[(&str, u64)], plain: u64) -> Option<u64> {
    let unit = units.iter().find(|(unit, _)| text.ends_with(unit));
    let (number, factor) = match unit {
        Some((unit, factor)) => (text[..text.len() - unit.len()].trim_end(), *factor),
        None if plain > 0 => (text, plain),
        None => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let whole = digits(whole)?.checked_mul(factor)?;
    let scale = 10_u64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let part = digits(fraction)?.checked_mul(factor)?;
    (part % scale == 0)
        .then(|| whole.checked_add(part / scale))
        .flatten()
}

fn digits(text: &str) -> Option<u64> {
    let plain: String = text.chars().filter(|character| *character != '_').collect();
    let written = text.starts_with(|first: char| first.is_ascii_digit())
        && plain.bytes().all(|byte| byte.is_ascii_digit());
    written.then(|| plain.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_carry_their_unit() {
        assert_eq!(count("2M"), Some(2_000_000));
        assert_eq!(count("1.5k"), Some(1_500));
        assert_eq!(count("1_000"), Some(1_000));
        assert_eq!(
            rate("10k/day"),
            Some(Rate {
                count: 10_000,
                per_seconds: 86_400
            })
        );
        assert_eq!(size("5MB"), Some(5 << 20));
        assert_eq!(duration("15min"), Some(900));
        assert_eq!(duration("30d"), Some(2_592_000));
    }

    #[test]
    fn malformed_quantities_are_refused() {
        for text in [
            "",
            "k",
            "-1",
            "1.k5",
            "0.5",
            "1e3",
            "99999999999999999999",
            "99999999999G",
            "_1",
        ] {
            assert_eq!(count(text), None, "{text}");
        }
        for text in ["400", "400/", "/s", "400/fortnight", "s/400"] {
            assert_eq!(rate(text), None, "{text}");
        }
        assert_eq!(size("5"), None);
        assert_eq!(duration("15"), None);
        assert_eq!(duration("15 parsecs"), None);
    }
}
