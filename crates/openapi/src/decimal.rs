//! Patterns of decimals: text with exactly so many digits after the point, between two bounds.

use archwright_plan::model::Literal;

/// The pattern of the values of `decimal(precision, scale)` from `min` to `max`.
pub(crate) fn pattern(
    precision: u32,
    scale: u32,
    min: Option<&Literal>,
    max: Option<&Literal>,
) -> String {
    let most = 10_i128.pow(precision.clamp(1, 30)) - 1;
    let low = min
        .and_then(|bound| units(bound, scale, Rounding::Up))
        .unwrap_or(-most)
        .max(-most);
    let high = max
        .and_then(|bound| units(bound, scale, Rounding::Down))
        .unwrap_or(most)
        .min(most);
    if low == -most && high == most {
        return format!("^-?{}$", magnitudes(0, most, scale));
    }
    let mut alternatives = Vec::new();
    if low < 0 {
        alternatives.push(format!("-{}", magnitudes((-high).max(1), -low, scale)));
    }
    if high >= 0 {
        alternatives.push(magnitudes(low.max(0), high, scale));
    }
    match alternatives.as_slice() {
        [only] => format!("^{only}$"),
        _ => format!("^({})$", alternatives.join("|")),
    }
}

/// The pattern of any decimal with this scale.
pub(crate) fn any(scale: u32) -> String {
    format!("^-?(0|[1-9][0-9]*){}$", fraction(scale))
}

/// The pattern of a decimal in a query, where fewer digits after the point will do.
pub(crate) fn lenient(scale: u32) -> String {
    let whole = 18_u32.saturating_sub(scale).max(1);
    match scale {
        0 => format!("^-?[0-9]{{1,{whole}}}$"),
        _ => format!("^-?[0-9]{{1,{whole}}}(\\.[0-9]{{1,{scale}}})?$"),
    }
}

#[derive(Clone, Copy)]
pub(crate) enum Rounding {
    Up,
    Down,
}

/// A number in units of a scale.
pub(crate) fn units(literal: &Literal, scale: u32, rounding: Rounding) -> Option<i128> {
    let (units, from) = match literal {
        Literal::Int(number) => (i128::from(*number), 0),
        Literal::Decimal { units, scale } => (i128::from(*units), *scale),
        _ => return None,
    };
    if from <= scale {
        return units.checked_mul(10_i128.checked_pow(scale - from)?);
    }
    let power = 10_i128.checked_pow(from - scale)?;
    let exact = units.rem_euclid(power) == 0;
    let floor = units.div_euclid(power);
    Some(match rounding {
        Rounding::Up if !exact => floor + 1,
        _ => floor,
    })
}

fn fraction(scale: u32) -> String {
    match scale {
        0 => String::new(),
        _ => format!("\\.[0-9]{{{scale}}}"),
    }
}

/// Numbers from `low` to `high`, both at least 0, in units of the scale and without leading zeros.
fn magnitudes(low: i128, high: i128, scale: u32) -> String {
    let digits = high.to_string().len();
    let whole = digits.saturating_sub(scale as usize).max(1);
    if low == 0 && high == 10_i128.pow((whole + scale as usize) as u32) - 1 {
        let more = match whole {
            1 => "[0-9]".to_owned(),
            _ => format!("(0|[1-9][0-9]{{0,{}}})", whole - 1),
        };
        return format!("{more}{}", fraction(scale));
    }
    let shortest = scale as usize + 1;
    let mut alternatives = Vec::new();
    // Widths of which every number lies between the bounds, from the first to the last.
    let mut full: Option<(usize, usize)> = None;
    for width in shortest..=digits.max(shortest) {
        let least = match width {
            _ if width == shortest => 0,
            _ => 10_i128.pow(width as u32 - 1),
        };
        let most = 10_i128.pow(width as u32) - 1;
        let (from, to) = (low.max(least), high.min(most));
        if (from, to) == (least, most) && width > shortest {
            full = Some((full.map_or(width, |(first, _)| first), width));
        } else if from <= to {
            let (from, to) = (format!("{from:0>width$}"), format!("{to:0>width$}"));
            alternatives.push(between(from.as_bytes(), to.as_bytes(), scale as usize));
        }
    }
    if let Some((first, last)) = full {
        let (first, last) = (first - shortest, last - shortest);
        let count = match first == last {
            true => format!("{{{first}}}"),
            false => format!("{{{first},{last}}}"),
        };
        alternatives.push(format!("[1-9][0-9]{count}{}", fraction(scale)));
    }
    match alternatives.as_slice() {
        // Nothing lies between the bounds: a class of no characters.
        [] => "[^\\s\\S]".to_owned(),
        [only] => only.clone(),
        _ => format!("({})", alternatives.join("|")),
    }
}

/// Digits of one width from `low` to `high`, with the point in its place.
fn between(low: &[u8], high: &[u8], scale: usize) -> String {
    let ([first, low_rest @ ..], [last, high_rest @ ..]) = (low, high) else {
        return String::new();
    };
    let rest = low_rest.len();
    if low.iter().all(|digit| *digit == b'0') && high.iter().all(|digit| *digit == b'9') {
        return free(rest + 1, scale);
    }
    if first == last {
        return format!(
            "{}{}",
            one(*first, *last, rest, scale),
            between(low_rest, high_rest, scale)
        );
    }
    let (nines, zeros) = (vec![b'9'; rest], vec![b'0'; rest]);
    let mut from = *first;
    let mut to = *last;
    let mut alternatives = Vec::new();
    if low_rest != zeros.as_slice() {
        alternatives.push(format!(
            "{}{}",
            one(from, from, rest, scale),
            between(low_rest, &nines, scale)
        ));
        from += 1;
    }
    let cut = high_rest != nines.as_slice();
    if cut {
        to -= 1;
    }
    if from <= to {
        alternatives.push(format!(
            "{}{}",
            one(from, to, rest, scale),
            free(rest, scale)
        ));
    }
    if cut {
        alternatives.push(format!(
            "{}{}",
            one(*last, *last, rest, scale),
            between(&zeros, high_rest, scale)
        ));
    }
    match alternatives.as_slice() {
        [only] => only.clone(),
        _ => format!("({})", alternatives.join("|")),
    }
}

/// One digit from `from` to `to`, and the point where it follows.
fn one(from: u8, to: u8, rest: usize, scale: usize) -> String {
    let (from, to) = (char::from(from), char::from(to));
    let digit = match from == to {
        true => from.to_string(),
        false => format!("[{from}-{to}]"),
    };
    let point = if scale > 0 && rest == scale {
        "\\."
    } else {
        ""
    };
    format!("{digit}{point}")
}

/// The last `count` digits, whatever they are.
fn free(count: usize, scale: usize) -> String {
    let digits = |count: usize| match count {
        0 => String::new(),
        1 => "[0-9]".to_owned(),
        _ => format!("[0-9]{{{count}}}"),
    };
    match count > scale && scale > 0 {
        true => format!("{}\\.{}", digits(count - scale), digits(scale)),
        false => digits(count),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::unwrap_used, reason = "a failure is the test's failure")]
    fn validator(pattern: &str) -> jsonschema::Validator {
        jsonschema::validator_for(&serde_json::json!({ "pattern": pattern })).unwrap()
    }

    fn check(precision: u32, scale: u32, min: Option<i64>, max: Option<i64>) {
        let literal = |units: i64| Literal::Decimal { units, scale };
        let (min_literal, max_literal) = (min.map(literal), max.map(literal));
        let pattern = pattern(precision, scale, min_literal.as_ref(), max_literal.as_ref());
        let validator = validator(&pattern);
        let most = 10_i64.pow(precision) - 1;
        for units in -most - 20..=most + 20 {
            let inside = (-most..=most).contains(&units)
                && min.is_none_or(|min| units >= min)
                && max.is_none_or(|max| units <= max);
            let text = archwright_plan::decimal(units, scale);
            let matches = validator.is_valid(&text.as_str().into());
            assert_eq!(matches, inside, "{text} against {pattern}");
        }
    }

    #[test]
    fn patterns_hold_exactly_the_numbers_between_the_bounds() {
        check(4, 2, None, None);
        check(4, 2, Some(0), None);
        check(4, 2, Some(1), None);
        check(4, 2, Some(100), Some(2_550));
        check(3, 0, Some(7), Some(120));
        check(3, 2, Some(-125), Some(37));
        check(3, 1, Some(-40), Some(-3));
        check(2, 2, Some(5), Some(95));
    }

    #[test]
    fn bounds_are_rounded_inwards() {
        let bound = Literal::Decimal {
            units: 15,
            scale: 1,
        };
        assert_eq!(units(&bound, 0, Rounding::Up), Some(2));
        assert_eq!(units(&bound, 0, Rounding::Down), Some(1));
        assert_eq!(units(&bound, 2, Rounding::Up), Some(150));
    }
}
