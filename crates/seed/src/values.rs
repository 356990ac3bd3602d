//! A valid value for a field: plausible by name, and within every limit that the design gives.

use crate::{Rng, text, words};
use archwright_plan::model::calendar::{
    DAY, date_to_text, day_of, days_from_text, instant_from_text, instant_to_text,
};
use archwright_plan::model::{Entity, Field, InputField, InputKind, Literal, ScalarType};
use archwright_plan::pattern;

/// Tries for a value that fits before none is given.
const TRIES: u32 = 24;
/// The widest range of whole numbers that is used in full.
const NARROW: i64 = 12;

/// What a value is for.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// What the field belongs to, in snake_case: `order_line`; may be empty.
    pub of: &'a str,
    pub name: &'a str,
    pub scalar: &'a ScalarType,
    pub min: Option<&'a Literal>,
    pub max: Option<&'a Literal>,
    pub pattern: Option<&'a str>,
    /// It belongs to the entity that signs in, so that its name is a person's.
    pub is_account: bool,
    /// Given and family name of the person that the row is about, so that its texts agree; absent: anybody.
    pub person: Option<(&'static str, &'static str)>,
    /// Dates lie around this instant (milliseconds since 1970).
    pub now_ms: i64,
}

impl<'a> Subject<'a> {
    /// Of an entity's scalar field; absent for relations.
    pub fn of_field(
        entity: &'a Entity,
        field: &'a Field,
        is_account: bool,
        now_ms: i64,
    ) -> Option<Self> {
        Some(Self {
            of: &entity.singular,
            name: &field.name,
            scalar: field.scalar()?,
            min: field.min.as_ref(),
            max: field.max.as_ref(),
            pattern: field.pattern.as_deref(),
            is_account,
            person: None,
            now_ms,
        })
    }

    /// Of a scalar input of a move or an operation; absent for references, lists and objects.
    pub fn of_input(of: &'a str, input: &'a InputField, now_ms: i64) -> Option<Self> {
        let InputKind::Scalar(scalar) = &input.kind else {
            return None;
        };
        Some(Self {
            of,
            name: &input.name,
            scalar,
            min: input.min.as_ref(),
            max: input.max.as_ref(),
            pattern: input.pattern.as_deref(),
            is_account: false,
            person: None,
            now_ms,
        })
    }
}

/// A value that the field accepts; absent when none is found (a pattern that fits no length), and for files.
pub fn valid(subject: &Subject, rng: &mut Rng) -> Option<Literal> {
    candidate(subject, 0, rng)
}

/// A value that differs from earlier ones the more surely, the higher the attempt.
pub fn distinct(subject: &Subject, attempt: u32, rng: &mut Rng) -> Option<Literal> {
    candidate(subject, attempt, rng)
}

/// True if the field accepts the value, apart from uniqueness and checks.
pub fn accepts(subject: &Subject, value: &Literal) -> bool {
    let within = || {
        let number = |literal: &Literal| ordinal(literal, subject.scalar);
        let Some(own) = number(value) else {
            return false;
        };
        subject.min.and_then(number).is_none_or(|min| own >= min)
            && subject.max.and_then(number).is_none_or(|max| own <= max)
    };
    match (subject.scalar, value) {
        (ScalarType::Int, Literal::Int(value)) => i32::try_from(*value).is_ok() && within(),
        (ScalarType::BigInt, Literal::Int(value)) => value.unsigned_abs() < 1 << 53 && within(),
        (ScalarType::Decimal { precision, scale }, Literal::Decimal { units, scale: own }) => {
            own == scale && units.unsigned_abs() < 10_u64.pow((*precision).min(18)) && within()
        }
        (ScalarType::Bool, Literal::Bool(_)) => true,
        (ScalarType::Date | ScalarType::DateTime, Literal::Text(text)) => {
            milliseconds(text).is_some() && within()
        }
        (ScalarType::Enum { values }, Literal::Text(text)) => values.contains(text),
        (scalar, Literal::Text(text)) => {
            let length = text.chars().count() as u32;
            let (least, most) = scalar.characters().unwrap_or((0, u32::MAX));
            (least..=most).contains(&length)
                && subject.pattern.is_none_or(|pattern| {
                    regex::Regex::new(pattern).is_ok_and(|regex| regex.is_match(text))
                })
        }
        _ => false,
    }
}

fn candidate(subject: &Subject, attempt: u32, rng: &mut Rng) -> Option<Literal> {
    match subject.scalar {
        ScalarType::Bool => Some(Literal::Bool(boolean(subject, rng))),
        ScalarType::Int | ScalarType::BigInt => integer(subject, attempt, rng),
        ScalarType::Decimal { precision, scale } => {
            decimal(subject, *precision, *scale, attempt, rng)
        }
        ScalarType::Date | ScalarType::DateTime => moment(subject, attempt, rng),
        ScalarType::Enum { values } => {
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            (!values.is_empty()).then(|| Literal::Text(rng.pick(&values).to_owned()))
        }
        ScalarType::Uuid => Some(Literal::Text(random_uuid(rng))),
        ScalarType::Json => Some(Literal::Text(json(rng))),
        ScalarType::File { .. } => None,
        _ => (0..TRIES).find_map(|again| {
            let text = Literal::Text(textual(subject, attempt + again / 2, rng)?);
            accepts(subject, &text).then_some(text)
        }),
    }
}

fn textual(subject: &Subject, attempt: u32, rng: &mut Rng) -> Option<String> {
    let (min, max) = subject.scalar.characters().unwrap_or((0, u32::MAX));
    let text = match subject.scalar {
        ScalarType::Email => {
            let name = text::slug_of(&text::person(subject, rng)).replace('-', ".");
            format!("{name}{}@example.com", suffix(attempt, "", rng))
        }
        ScalarType::Url => format!(
            "https://example.com/{}{}",
            text::slug(subject, rng),
            suffix(attempt, "-", rng)
        ),
        // Numbers that are kept free for fiction, as long as there are enough of them.
        ScalarType::Phone if attempt < 8 => format!("+447700900{:03}", rng.below(1000)),
        ScalarType::Phone => format!("+4477009{:07}", rng.below(10_000_000)),
        ScalarType::Slug => format!(
            "{}{}",
            cut(&text::slug(subject, rng), 90),
            suffix(attempt, "-", rng)
        ),
        _ => return string(subject, min, max, attempt, rng),
    };
    match subject.pattern {
        Some(source) if !regex::Regex::new(source).ok()?.is_match(&text) => {
            pattern::matching(source, min, max, &mut |limit| rng.below(limit))
        }
        _ => Some(text),
    }
}

fn string(subject: &Subject, min: u32, max: u32, attempt: u32, rng: &mut Rng) -> Option<String> {
    let plausible = text::by_name(subject, max, rng);
    let suffix = suffix(attempt, " ", rng);
    let room = (max as usize).saturating_sub(suffix.len());
    let mut text = format!("{}{suffix}", cut(&plausible, room));
    while (text.chars().count() as u32) < min {
        let filler = if text.is_empty() { "" } else { " " };
        text = format!("{text}{filler}{}", rng.pick(words::NOUNS).to_lowercase());
    }
    text = cut(&text, max as usize).to_owned();
    let Some(source) = subject.pattern else {
        return Some(if (text.chars().count() as u32) < min {
            letters(min, rng)
        } else {
            text
        });
    };
    if regex::Regex::new(source).ok()?.is_match(&text) {
        return Some(text);
    }
    pattern::matching(source, min, max, &mut |limit| rng.below(limit))
}

/// Nothing at first; a number when plain values ran out.
fn suffix(attempt: u32, before: &str, rng: &mut Rng) -> String {
    match attempt {
        0..=2 => String::new(),
        3..=5 => format!("{before}{}", 2 + rng.below(98)),
        _ => format!("{before}{}", 100 + rng.below(999_900)),
    }
}

/// At most so many characters, at the end of a word where there is one, never ending in a space.
fn cut(text: &str, max: usize) -> &str {
    let Some((end, _)) = text.char_indices().nth(max) else {
        return text;
    };
    let cut = &text[..end];
    match cut.rfind([' ', '-']) {
        Some(space) if space * 2 > end => cut[..space].trim_end_matches([' ', '-', ',']),
        _ => cut.trim_end_matches([' ', '-', ',']),
    }
}

fn letters(length: u32, rng: &mut Rng) -> String {
    (0..length)
        .map(|_| char::from(b'a' + rng.below(26) as u8))
        .collect()
}

fn boolean(subject: &Subject, rng: &mut Rng) -> bool {
    let likely = [
        "active",
        "enabled",
        "public",
        "published",
        "available",
        "visible",
    ];
    let words = text::words(subject.name);
    let usual = words.iter().any(|word| likely.contains(&word.as_str()));
    rng.chance(if usual { 85 } else { 25 })
}

/// A usual range for a whole number of that name.
fn usual_range(name: &str) -> (i64, i64) {
    let words = text::words(name);
    match words.last().map_or("", String::as_str) {
        "quantity" | "qty" | "seats" | "guests" | "copies" => (1, 4),
        "stock" | "inventory" | "capacity" | "limit" => (20, 200),
        "pages" => (80, 640),
        "rating" | "stars" => (1, 5),
        "score" | "points" => (0, 100),
        "age" => (18, 80),
        "year" => (1990, 2026),
        "month" => (1, 12),
        "day" => (1, 28),
        "hour" | "hours" | "from" | "until" => (0, 23),
        "minutes" | "duration" => (5, 120),
        "percent" | "percentage" | "discount" => (5, 40),
        "position" | "rank" | "level" | "priority" => (1, 9),
        "price" | "cents" | "amount" => (100, 9900),
        _ => (1, 100),
    }
}

fn integer(subject: &Subject, attempt: u32, rng: &mut Rng) -> Option<Literal> {
    let whole = match subject.scalar {
        ScalarType::Int => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (1 - (1 << 53), (1 << 53) - 1),
    };
    let bounds = bounds(subject, whole)?;
    // A narrow range is meant to be used in full.
    let narrow = bounds.1.saturating_sub(bounds.0) <= NARROW;
    let usual = match narrow {
        true => bounds,
        false => widen(usual_range(subject.name), attempt),
    };
    let (low, high) = meet(usual, bounds);
    Some(Literal::Int(rng.between(low, high)))
}

fn decimal(
    subject: &Subject,
    precision: u32,
    scale: u32,
    attempt: u32,
    rng: &mut Rng,
) -> Option<Literal> {
    let most = 10_i64.checked_pow(precision.min(18))? - 1;
    let one = 10_i64.checked_pow(scale)?;
    let bounds = bounds(subject, (-most, most))?;
    let words = text::words(subject.name);
    let usual = match words.last().map_or("", String::as_str) {
        "price" | "fee" => (4, 60),
        "amount" | "total" | "balance" | "budget" => (10, 400),
        "rate" | "percent" | "discount" => (1, 30),
        "rating" => (1, 5),
        "latitude" | "lat" => (36, 60),
        "longitude" | "lng" | "lon" => (-9, 25),
        "weight" => (1, 40),
        _ => (1, 100),
    };
    let (low, high) = widen(usual, attempt);
    let usual = (low.saturating_mul(one), high.saturating_mul(one));
    let (low, high) = meet(usual, bounds);
    let mut units = rng.between(low, high);
    // Prices that people would set: 12.00, 12.50, 12.99.
    if scale == 2 && attempt == 0 {
        let ending = [0, 50, 99, 90][rng.below(4)];
        let rounded = units.div_euclid(100) * 100 + ending;
        if (low..=high).contains(&rounded) {
            units = rounded;
        }
    }
    Some(Literal::Decimal { units, scale })
}

/// The later the attempt, the more there is to choose from.
fn widen((low, high): (i64, i64), attempt: u32) -> (i64, i64) {
    let room = (high - low + 1).saturating_mul(10_i64.saturating_pow(attempt.min(12) / 3));
    (low, low.saturating_add(room - 1))
}

/// The part of the usual range that lies within the bounds; else a piece of the bounds.
fn meet(usual: (i64, i64), bounds: (i64, i64)) -> (i64, i64) {
    let both = (usual.0.max(bounds.0), usual.1.min(bounds.1));
    if both.0 <= both.1 {
        return both;
    }
    let width = usual.1.saturating_sub(usual.0);
    if bounds.0 > usual.1 {
        (bounds.0, bounds.0.saturating_add(width).min(bounds.1))
    } else {
        (bounds.1.saturating_sub(width).max(bounds.0), bounds.1)
    }
}

/// What the type, `min` and `max` leave; absent when that is nothing.
fn bounds(subject: &Subject, whole: (i64, i64)) -> Option<(i64, i64)> {
    let number = |literal: Option<&Literal>| literal.and_then(|it| ordinal(it, subject.scalar));
    let low = number(subject.min).map_or(whole.0, |min| min.max(whole.0));
    let high = number(subject.max).map_or(whole.1, |max| max.min(whole.1));
    (low <= high).then_some((low, high))
}

/// A value as a number that orders like it: units of the type's scale, milliseconds.
pub(crate) fn ordinal(literal: &Literal, scalar: &ScalarType) -> Option<i64> {
    match (literal, scalar) {
        (Literal::Int(value), ScalarType::Decimal { scale, .. }) => {
            value.checked_mul(10_i64.checked_pow(*scale)?)
        }
        (Literal::Int(value), _) => Some(*value),
        (Literal::Decimal { units, scale: own }, ScalarType::Decimal { scale, .. }) => {
            match own.checked_sub(*scale) {
                Some(more) => Some(units / 10_i64.checked_pow(more)?),
                None => units.checked_mul(10_i64.checked_pow(scale - own)?),
            }
        }
        (Literal::Decimal { units, scale }, _) => Some(units / 10_i64.checked_pow(*scale)?),
        (Literal::Text(text), ScalarType::Date | ScalarType::DateTime) => milliseconds(text),
        _ => None,
    }
}

/// The first instant of a date, or an instant.
fn milliseconds(text: &str) -> Option<i64> {
    let day = days_from_text(text).map(|days| days * DAY);
    day.or_else(|| instant_from_text(text))
}

fn moment(subject: &Subject, attempt: u32, rng: &mut Rng) -> Option<Literal> {
    let wide = milliseconds("0001-01-01")?..=milliseconds("9999-12-31")?;
    let (low, high) = bounds(subject, (*wide.start(), *wide.end()))?;
    let (from, to) = usual_days(subject.name);
    let extra = i64::from(attempt) * 30;
    let usual = (
        subject.now_ms + (from - extra) * DAY,
        subject.now_ms + (to + extra) * DAY,
    );
    let usual = (
        usual.0.clamp(*wide.start(), *wide.end()),
        usual.1.clamp(*wide.start(), *wide.end()),
    );
    let (low, high) = meet(usual, (low, high));
    let chosen = rng.between(low, high);
    let text = match subject.scalar {
        ScalarType::Date => date_to_text(day_of(chosen)),
        // Whole minutes look written by a person; the bounds come first.
        _ => instant_to_text((chosen - chosen.rem_euclid(60_000)).max(low)),
    };
    let value = Literal::Text(text);
    // Cutting a date to its day may fall below a bound within that day.
    if accepts(subject, &value) {
        return Some(value);
    }
    Some(Literal::Text(match subject.scalar {
        ScalarType::Date => date_to_text(day_of(high)),
        _ => instant_to_text(high),
    }))
    .filter(|value| accepts(subject, value))
}

/// Days before and after now that are usual for a date of that name.
fn usual_days(name: &str) -> (i64, i64) {
    let words = text::words(name);
    let has = |any: &[&str]| words.iter().any(|word| any.contains(&word.as_str()));
    if has(&["birth", "born", "birthday", "dob"]) {
        return (-70 * 365, -20 * 365);
    }
    if has(&["end", "ends", "until", "finish", "to", "checkout", "return"]) {
        return (21, 60);
    }
    if has(&[
        "start",
        "starts",
        "begin",
        "begins",
        "from",
        "scheduled",
        "checkin",
    ]) {
        return (1, 20);
    }
    if has(&["expires", "expiry", "expire", "due", "deadline", "valid"]) {
        return (5, 400);
    }
    if has(&["published", "released", "founded", "release"]) {
        return (-30 * 365, -30);
    }
    (-90, 0)
}

fn json(rng: &mut Rng) -> String {
    let text = serde_json::json!({
        "colour": rng.pick(words::COLOURS),
        "count": rng.below(50),
        "active": rng.chance(50),
    });
    text.to_string()
}

/// Version 4, by its look.
fn random_uuid(rng: &mut Rng) -> String {
    let (high, low) = (rng.next_u64(), rng.next_u64());
    uuid_text(
        (high & 0xffff_ffff_ffff_0fff) | 0x4000,
        (low & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000,
    )
}

/// Version 7: the instant comes first, so that later ids are greater.
pub(crate) fn timed_uuid(milliseconds: i64, sequence: u64, rng: &mut Rng) -> String {
    let high = ((milliseconds.max(0) as u64) << 16) | 0x7000 | (sequence & 0xfff);
    let low = (rng.next_u64() & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000;
    uuid_text(high, low)
}

fn uuid_text(high: u64, low: u64) -> String {
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_478_400_000;

    fn check(name: &str, scalar: ScalarType, min: Option<Literal>, max: Option<Literal>) {
        let subject = Subject {
            of: "order",
            name,
            scalar: &scalar,
            min: min.as_ref(),
            max: max.as_ref(),
            pattern: None,
            is_account: false,
            person: None,
            now_ms: NOW,
        };
        let mut rng = Rng::new(11);
        for attempt in 0..40 {
            let value = distinct(&subject, attempt, &mut rng).expect(name);
            assert!(accepts(&subject, &value), "{name}: {value:?}");
        }
    }

    #[test]
    fn texts_keep_their_lengths() {
        for name in [
            "name",
            "title",
            "city",
            "x",
            "number",
            "deliver_to",
            "reason",
            "tracking",
        ] {
            for (min, max) in [
                (0, 0),
                (1, 1),
                (1, 3),
                (5, 5),
                (1, 40),
                (50, 60),
                (200, 300),
            ] {
                check(name, ScalarType::String { min, max }, None, None);
            }
            check(name, ScalarType::Text { min: 0, max: 30 }, None, None);
        }
    }

    #[test]
    fn numbers_keep_their_ranges() {
        let int = |value| Some(Literal::Int(value));
        check("stock", ScalarType::Int, int(-5), int(-5));
        check("stock", ScalarType::Int, int(1_000_000), None);
        check("stock", ScalarType::Int, None, int(-1_000_000));
        check("stock", ScalarType::BigInt, None, None);
        let money = ScalarType::Decimal {
            precision: 4,
            scale: 2,
        };
        let cents = |units| Some(Literal::Decimal { units, scale: 2 });
        check("price", money.clone(), None, None);
        check("price", money.clone(), cents(1), cents(3));
        check("amount", money, int(90), None);
    }

    #[test]
    fn dates_keep_their_ranges() {
        let text = |value: &str| Some(Literal::Text(value.to_owned()));
        for name in ["born_on", "starts_on", "ends_on", "x"] {
            check(
                name,
                ScalarType::Date,
                text("2020-01-01"),
                text("2020-01-01"),
            );
            check(name, ScalarType::Date, text("2090-01-01"), None);
            check(name, ScalarType::Date, None, text("1066-10-14"));
            check(name, ScalarType::DateTime, None, None);
        }
    }

    #[test]
    fn forms_are_kept() {
        for scalar in [
            ScalarType::Email,
            ScalarType::Url,
            ScalarType::Phone,
            ScalarType::Slug,
        ] {
            check("contact", scalar, None, None);
        }
        let mut rng = Rng::new(1);
        let uuid = timed_uuid(NOW, 5, &mut rng);
        assert_eq!(uuid.len(), 36);
        assert_eq!(&uuid[14..18], "7005");
        assert!(timed_uuid(NOW + 1, 0, &mut rng) > uuid);
    }

    #[test]
    fn an_impossible_range_gives_nothing() {
        let subject = Subject {
            of: "",
            name: "n",
            scalar: &ScalarType::Int,
            min: Some(&Literal::Int(2)),
            max: Some(&Literal::Int(1)),
            pattern: None,
            is_account: false,
            person: None,
            now_ms: NOW,
        };
        assert_eq!(valid(&subject, &mut Rng::new(1)), None);
    }
}
