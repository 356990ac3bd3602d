//! Plausible texts, chosen by the name of the field and of what it belongs to.

use crate::Rng;
use crate::values::Subject;
use crate::words::*;

/// A text for a `string` or `text` field; lengths are not looked at.
pub(crate) fn by_name(subject: &Subject, max: u32, rng: &mut Rng) -> String {
    let words = words(subject.name);
    let has = |any: &[&str]| any.iter().any(|word| words.iter().any(|own| own == word));
    let last = words.last().map_or("", String::as_str);
    if let Some(text) = of_person(subject, &words, rng) {
        return text;
    }
    if let Some(text) = of_place(&words, max, rng) {
        return text;
    }
    if let Some(text) = code(&words, subject, max, rng) {
        return text;
    }
    match last {
        "name" | "names" => return name_of(subject, rng),
        "title" | "headline" | "subject" | "topic" => return title_of(subject, rng),
        "label" | "nickname" => return rng.pick(LABELS).to_owned(),
        "reason" | "failure" | "cause" | "memo" => return rng.pick(REASONS).to_owned(),
        _ => {}
    }
    if has(&["color", "colour"]) {
        return rng.pick(COLOURS).to_owned();
    }
    if max >= 60 {
        return prose(max, rng);
    }
    format!(
        "{} {}",
        rng.pick(ADJECTIVES),
        rng.pick(NOUNS).to_lowercase()
    )
}

/// The words of a field's name: `given_name` and `givenName` alike.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut fresh = true;
    for letter in name.chars() {
        if !letter.is_alphanumeric() {
            fresh = true;
            continue;
        }
        if fresh || letter.is_uppercase() {
            words.push(String::new());
        }
        fresh = false;
        if let Some(word) = words.last_mut() {
            word.extend(letter.to_lowercase());
        }
    }
    words
}

pub(crate) fn person(subject: &Subject, rng: &mut Rng) -> String {
    let (given, family) = subject.person.unwrap_or_else(|| somebody(rng));
    format!("{given} {family}")
}

/// A given and a family name.
pub(crate) fn somebody(rng: &mut Rng) -> (&'static str, &'static str) {
    (rng.pick(GIVEN_NAMES), rng.pick(FAMILY_NAMES))
}

/// A few sentences, as many as fit.
pub(crate) fn prose(max: u32, rng: &mut Rng) -> String {
    let wanted = 1 + rng.below(3);
    let mut text = String::new();
    for _ in 0..wanted {
        let sentence = rng.pick(SENTENCES);
        if text.contains(sentence) {
            continue;
        }
        if text.len() + sentence.len() + 1 > max as usize {
            break;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(sentence);
    }
    if text.is_empty() {
        text.push_str(rng.pick(REASONS));
    }
    text
}

/// Lower-case words joined by hyphens.
pub(crate) fn slug(subject: &Subject, rng: &mut Rng) -> String {
    let words = words(subject.name);
    if words
        .iter()
        .any(|word| ["username", "handle", "login"].contains(&word.as_str()))
    {
        return slug_of(&person(subject, rng));
    }
    let named = match words.last().map(String::as_str) {
        Some("slug" | "name" | "key" | "code") => title_of(subject, rng),
        _ => format!("{} {}", rng.pick(ADJECTIVES), rng.pick(NOUNS)),
    };
    slug_of(&named)
}

/// The slug that a text gives.
pub fn slug_of(text: &str) -> String {
    let mut slug = String::new();
    for letter in text.chars() {
        match letter.to_ascii_lowercase() {
            kept @ ('a'..='z' | '0'..='9') => slug.push(kept),
            '\'' | '’' => {}
            _ if slug.ends_with('-') || slug.is_empty() => {}
            _ => slug.push('-'),
        }
    }
    slug.truncate(100);
    let trimmed = slug.trim_end_matches('-');
    match trimmed {
        "" => "untitled".to_owned(),
        _ => trimmed.to_owned(),
    }
}

fn of_person(subject: &Subject, words: &[String], rng: &mut Rng) -> Option<String> {
    let joined = words.join("_");
    Some(match joined.as_str() {
        "given_name" | "first_name" | "forename" => {
            subject.person.unwrap_or_else(|| somebody(rng)).0.to_owned()
        }
        "family_name" | "last_name" | "surname" => {
            subject.person.unwrap_or_else(|| somebody(rng)).1.to_owned()
        }
        "full_name" | "display_name" | "contact" | "contact_name" | "recipient" | "holder" => {
            person(subject, rng)
        }
        "username" | "handle" | "login" | "user_name" => slug_of(&person(subject, rng)),
        "company" | "company_name" | "organisation" | "organization" | "employer" => {
            rng.pick(COMPANIES).to_owned()
        }
        _ => return None,
    })
}

fn of_place(words: &[String], max: u32, rng: &mut Rng) -> Option<String> {
    let first = words.first().map_or("", String::as_str);
    let last = words.last().map_or("", String::as_str);
    let street = format!("{} {}", 1 + rng.below(180), rng.pick(STREETS));
    Some(match last {
        "city" | "town" => rng.pick(CITIES).to_owned(),
        "country" | "nationality" if max <= 3 => rng.pick(COUNTRY_CODES).to_owned(),
        "country" | "nationality" => rng.pick(COUNTRIES).to_owned(),
        "currency" => rng.pick(CURRENCIES).to_owned(),
        "language" | "locale" => rng.pick(LANGUAGES).to_owned(),
        "zone" | "timezone" => rng.pick(TIME_ZONES).to_owned(),
        "street" | "line1" => street,
        "line2" => format!("Flat {}", 1 + rng.below(40)),
        "address" | "to"
            if max >= 40
                && [
                    "address", "deliver", "ship", "delivery", "shipping", "billing", "postal",
                ]
                .contains(&first) =>
        {
            format!("{street}, {}", rng.pick(CITIES))
        }
        "postcode" | "zip" => format!("{}", 10_000 + rng.below(89_999)),
        "code" if ["postal", "zip", "post"].contains(&first) => {
            format!("{}", 10_000 + rng.below(89_999))
        }
        "code" if first == "country" => rng.pick(COUNTRY_CODES).to_owned(),
        _ => return None,
    })
}

/// Numbers and codes that identify something.
fn code(words: &[String], subject: &Subject, max: u32, rng: &mut Rng) -> Option<String> {
    let last = words.last().map_or("", String::as_str);
    let known = [
        "code",
        "number",
        "reference",
        "ref",
        "sku",
        "tracking",
        "serial",
        "barcode",
        "isbn",
        "iban",
        "vin",
    ];
    if last == "id" || last == "token" || last == "hash" {
        return Some(format!("{:012x}", rng.next_u64() & 0xffff_ffff_ffff));
    }
    if !known.contains(&last) {
        return None;
    }
    let prefix: String = random_prefix(subject.of, words);
    let digits = rng.between(10_000, 99_999);
    Some(if max < 6 {
        format!("{digits}")
    } else {
        format!("{prefix}-{digits}")
    })
}

fn random_prefix(of: &str, words: &[String]) -> String {
    let source = if words.len() > 1 { &words[0] } else { of };
    source
        .chars()
        .filter(char::is_ascii_alphabetic)
        .take(2)
        .collect::<String>()
        .to_uppercase()
}

fn name_of(subject: &Subject, rng: &mut Rng) -> String {
    let of = words(subject.of);
    let is = |any: &[&str]| of.iter().any(|word| any.contains(&word.as_str()));
    if is(&[
        "organisation",
        "organization",
        "company",
        "supplier",
        "vendor",
        "merchant",
        "publisher",
        "shop",
        "store",
        "tenant",
        "client",
        "brand",
    ]) {
        return rng.pick(COMPANIES).to_owned();
    }
    let people = [
        "user", "customer", "person", "author", "member", "employee", "contact", "student",
        "teacher", "patient", "doctor", "driver", "guest", "writer", "reader", "agent", "account",
        "artist", "owner",
    ];
    if subject.is_account || is(&people) {
        return person(subject, rng);
    }
    if is(&["team", "department", "group", "unit"]) {
        return rng.pick(TEAMS).to_owned();
    }
    if is(&["city", "place", "location"]) {
        return rng.pick(CITIES).to_owned();
    }
    title_of(subject, rng)
}

fn title_of(subject: &Subject, rng: &mut Rng) -> String {
    let of = words(subject.of);
    let is = |any: &[&str]| of.iter().any(|word| any.contains(&word.as_str()));
    if is(&["category", "genre", "shelf", "subject", "section"]) {
        return rng.pick(CATEGORIES).to_owned();
    }
    if is(&["tag", "label", "keyword"]) {
        return rng.pick(TAGS).to_owned();
    }
    if is(&[
        "article", "post", "story", "page", "news", "talk", "event", "lesson", "course",
    ]) {
        return rng.pick(HEADLINES).to_owned();
    }
    if is(&[
        "ticket", "issue", "request", "case", "incident", "bug", "task", "todo", "message",
    ]) {
        return rng.pick(PROBLEMS).to_owned();
    }
    if is(&["product", "item", "article", "part", "asset"]) {
        return format!("{} {}", rng.pick(ADJECTIVES), rng.pick(PRODUCTS));
    }
    if is(&[
        "organisation",
        "organization",
        "company",
        "shop",
        "tenant",
        "team",
    ]) {
        return rng.pick(COMPANIES).to_owned();
    }
    if is(&["book", "film", "movie", "song", "album", "game"]) {
        return book_title(rng);
    }
    format!(
        "{} {}",
        rng.pick(ADJECTIVES),
        rng.pick(NOUNS).to_lowercase()
    )
}

fn book_title(rng: &mut Rng) -> String {
    match rng.below(4) {
        0 => format!("The {} {}", rng.pick(ADJECTIVES), rng.pick(NOUNS)),
        1 => format!("{} of {}", rng.pick(NOUNS), rng.pick(CITIES)),
        2 => format!("The {} and the {}", rng.pick(NOUNS), rng.pick(NOUNS)),
        _ => format!("{} {}", rng.pick(ADJECTIVES), rng.pick(NOUNS)),
    }
}
