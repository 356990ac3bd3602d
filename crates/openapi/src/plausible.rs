//! Values that a person could have typed, from the names of fields. Always the same for the same plan.

use archwright_plan::model::{Literal, ScalarType};

/// What is known of a text field.
pub(crate) struct TextField<'a> {
    pub entity: &'a str,
    pub name: &'a str,
}

const PEOPLE: [&str; 12] = [
    "user", "customer", "author", "person", "agent", "employee", "member", "account", "profile",
    "contact", "patient", "student",
];

/// By the last word of a field's name, or any word of it.
const TEXTS: [(&str, &str); 47] = [
    ("isbn", "9780441478125"),
    ("sku", "BK-1042"),
    ("first_name", "Ursula"),
    ("last_name", "Le Guin"),
    ("surname", "Le Guin"),
    ("username", "ursula"),
    ("display_name", "Ursula K. Le Guin"),
    ("full_name", "Ursula K. Le Guin"),
    ("file_name", "cover.png"),
    ("nickname", "Ursula"),
    ("street", "12 Harbour Street"),
    ("address", "12 Harbour Street"),
    ("city", "Portland"),
    ("town", "Portland"),
    ("region", "Oregon"),
    ("state", "Oregon"),
    ("postcode", "97205"),
    ("postal_code", "97205"),
    ("zip", "97205"),
    ("country", "US"),
    ("currency", "EUR"),
    ("language", "en"),
    ("locale", "en-GB"),
    ("timezone", "Europe/Berlin"),
    ("iban", "DE89370400440532013000"),
    ("tracking", "JD014600003SE"),
    ("reference", "INV-2026-1042"),
    ("number", "1042"),
    ("code", "SPRING26"),
    ("token", "tok-4f9c2a"),
    ("subject", "Delivery arrived damaged"),
    ("title", "The Left Hand of Darkness"),
    ("headline", "The Left Hand of Darkness"),
    ("summary", "A short account of what it is about."),
    ("description", "A short account of what it is about."),
    (
        "biography",
        "Writes about other worlds to understand this one.",
    ),
    ("bio", "Writes about other worlds to understand this one."),
    (
        "body",
        "The parcel arrived with a torn cover. Could you send another one?",
    ),
    (
        "content",
        "The parcel arrived with a torn cover. Could you send another one?",
    ),
    (
        "message",
        "The parcel arrived with a torn cover. Could you send another one?",
    ),
    ("comment", "Well worth reading twice."),
    ("note", "Please ring the bell."),
    ("reason", "Arrived damaged"),
    ("company", "Harbour Books"),
    ("color", "green"),
    ("colour", "green"),
    ("tag", "fiction"),
];

/// Some text for the field; it may be too long or too short for it.
pub(crate) fn text(field: &TextField) -> String {
    let name = field.name.to_lowercase();
    let whole = TEXTS.iter().find(|(known, _)| name == *known);
    let ending = || {
        TEXTS
            .iter()
            .find(|(known, _)| name.ends_with(&format!("_{known}")))
    };
    let inside = || {
        TEXTS
            .iter()
            .find(|(known, _)| known.len() > 3 && name.contains(known))
    };
    if let Some((_, value)) = whole.or_else(ending).or_else(inside) {
        return (*value).to_owned();
    }
    let entity = field.entity.to_lowercase();
    if name == "name" || name.ends_with("_name") {
        return match PEOPLE.iter().any(|person| entity.ends_with(person)) {
            true => "Ursula K. Le Guin".to_owned(),
            false => format!("First {}", spaced(field.entity)),
        };
    }
    format!("Some {}", spaced(field.name))
}

fn spaced(name: &str) -> String {
    archwright_plan::words(name).to_lowercase()
}

/// Cut or filled up to the length that is asked for.
pub(crate) fn fit(text: &str, min: usize, max: usize) -> String {
    let mut fitted: String = text.chars().take(max).collect();
    if max >= text.chars().count() || max < 8 {
        while fitted.chars().count() < min {
            fitted.push('0');
        }
    } else if let Some((whole_words, _)) = fitted.rsplit_once(' ')
        && whole_words.chars().count() >= min
    {
        fitted = whole_words.to_owned();
    }
    fitted
}

/// A whole number for the field between its bounds.
pub(crate) fn number(name: &str, min: i64, max: i64) -> i64 {
    let name = name.to_lowercase();
    let likely = if name.contains("year") {
        2026
    } else if name.contains("stock") {
        42
    } else if name.contains("pages") {
        304
    } else if name.contains("rating") || name.contains("stars") {
        4
    } else if name.contains("amount") || name.contains("cents") || name.contains("size") {
        1250
    } else if name.contains("number") {
        1042
    } else {
        3
    };
    likely.clamp(min, max.max(min))
}

/// Unscaled digits of a decimal between its bounds.
pub(crate) fn units(scale: u32, min: i128, max: i128) -> i128 {
    let likely = 125 * 10_i128.pow(scale) / 10;
    likely.clamp(min, max.max(min))
}

/// A date or an instant as text, between its bounds: the canonical forms order as texts.
pub(crate) fn moment(scalar: &ScalarType, min: Option<&Literal>, max: Option<&Literal>) -> String {
    let likely = match scalar {
        ScalarType::Date => "2026-11-24",
        _ => "2026-11-24T10:00:00.000Z",
    };
    match (min, max) {
        (Some(Literal::Text(min)), _) if likely < min.as_str() => min.clone(),
        (_, Some(Literal::Text(max))) if likely > max.as_str() => max.clone(),
        _ => likely.to_owned(),
    }
}

/// `The Left Hand` as `the-left-hand`.
pub(crate) fn slug(text: &str) -> String {
    let words: Vec<String> = text
        .split(|character: char| !character.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let slug: String = words.join("-").chars().take(100).collect();
    let slug = slug.trim_matches('-');
    match slug {
        "" => "example".to_owned(),
        slug => slug.to_owned(),
    }
}
