//! Words of a brief as names of a design.

use archwright_design::{LIST_PARAMETERS, RESERVED_FIELDS, RESERVED_OF_ACCOUNTS, TIMESTAMPS};

fn words(name: &str) -> Vec<String> {
    name.split(|each: char| !each.is_alphanumeric())
        .map(|word| word.to_lowercase().chars().map(plain).collect::<String>())
        .map(|word: String| word.chars().filter(char::is_ascii_alphanumeric).collect())
        .filter(|word: &String| !word.is_empty())
        .take(5)
        .collect()
}

/// The letter without its accent.
fn plain(letter: char) -> char {
    match letter {
        'à'..='å' => 'a',
        'ç' => 'c',
        'è'..='ë' => 'e',
        'ì'..='ï' => 'i',
        'ñ' => 'n',
        'ò'..='ö' | 'ø' => 'o',
        'ù'..='ü' => 'u',
        other => other,
    }
}

/// Entities that would be stored in tables of the server, or served where accounts sign in.
const OF_SERVER: [&str; 7] = [
    "Auth",
    "AuthCredential",
    "AuthSession",
    "AuditEntry",
    "IdempotencyKey",
    "SchemaInfo",
    "StoredFile",
];

/// `OrderLine`; names that the server needs get `Record` out of the way. Nothing where no letter is left.
pub fn entity(name: &str) -> Option<String> {
    let name: String = words(name)
        .iter()
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| {
                first.to_ascii_uppercase().to_string() + letters.as_str()
            })
        })
        .collect();
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        .then(|| match OF_SERVER.contains(&&name[..]) {
            true => format!("{name}Record"),
            false => name,
        })
}

/// `order_line`; reserved names get `_value` out of the way.
pub fn field(name: &str) -> Option<String> {
    let name = joined(name, '_')?;
    let reserved = [
        RESERVED_FIELDS,
        RESERVED_OF_ACCOUNTS,
        TIMESTAMPS,
        LIST_PARAMETERS,
        // A column of parts.
        &["position"],
    ];
    Some(match name.as_str() {
        "id" | "identifier" => "code".to_owned(),
        _ if reserved.concat().contains(&name.as_str()) => format!("{name}_value"),
        _ => name,
    })
}

/// `lab-manager`
pub fn role(name: &str) -> Option<String> {
    let name = joined(name, '-')?;
    // Words of access rules.
    Some(match name.as_str() {
        "owner" | "anyone" | "nobody" | "signed-in" => format!("{name}-user"),
        _ => name,
    })
}

/// A value of an enum: `in_progress`.
pub fn value(name: &str) -> Option<String> {
    joined(name, '_')
}

fn joined(name: &str, separator: char) -> Option<String> {
    let mut words = words(name);
    while words
        .first()
        .is_some_and(|word| !word.starts_with(|first: char| first.is_ascii_alphabetic()))
    {
        words.remove(0);
    }
    // A word that is digits alone joins the one before it: `address2`.
    let mut name = String::new();
    for word in &words {
        if !name.is_empty() && word.starts_with(|first: char| first.is_ascii_alphabetic()) {
            name.push(separator);
        }
        name.push_str(word);
    }
    (!name.is_empty()).then(|| {
        name.chars()
            .take(60)
            .collect::<String>()
            .trim_end_matches(separator)
            .to_owned()
    })
}

/// `Order Line` for `OrderLine`.
pub fn split(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push(' ');
        }
        text.push(letter);
    }
    text
}

/// `categories` for `category`; only the last word has a plural.
pub fn plural(name: &str) -> String {
    let consonant = |name: &str| {
        name.chars()
            .rev()
            .nth(1)
            .is_some_and(|letter| !"aeiou".contains(letter))
    };
    if let Some(stem) = name.strip_suffix("person") {
        format!("{stem}people")
    } else if let Some(stem) = name.strip_suffix("child") {
        format!("{stem}children")
    } else if let Some(stem) = name.strip_suffix('y').filter(|_| consonant(name)) {
        format!("{stem}ies")
    } else if ["s", "x", "ch", "sh", "z"]
        .iter()
        .any(|ending| name.ends_with(ending))
    {
        format!("{name}es")
    } else {
        format!("{name}s")
    }
}
