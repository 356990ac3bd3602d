//! Trees of texts as lines of a draft: those of patterns, and those that a language model proposes.

use super::draft::{DraftEntity, Line, quoted};
use archwright_patterns::{Entity, Member, Node};

/// A pattern's entity as a draft.
pub fn drafted(entity: &Entity) -> DraftEntity {
    let (last, settings): (Vec<&Member>, Vec<&Member>) =
        entity.settings.iter().partition(|setting| {
            matches!(
                setting.name.as_str(),
                "workload" | "soft-delete" | "audit" | "timestamps" | "versioned"
            )
        });
    let lines = |members: &[Member]| -> Vec<Line> {
        members
            .iter()
            .map(|member| line(member, &entity.origin))
            .collect()
    };
    DraftEntity {
        name: entity.name.clone(),
        note: format!("pattern {}", entity.origin),
        settings: settings
            .into_iter()
            .map(|member| line(member, &entity.origin))
            .collect(),
        fields: lines(&entity.fields),
        unique: lines(&entity.unique),
        index: lines(&entity.index),
        checks: lines(&entity.checks),
        allow: lines(&entity.allow),
        moves: lines(&entity.moves),
        last: last
            .into_iter()
            .map(|member| line(member, &entity.origin))
            .collect(),
        part: false,
    }
}

/// A member of another pattern than its entity's says so.
fn line(member: &Member, of: &str) -> Line {
    let value = match &member.value {
        Node::Text(text) if member.name == "about" => quoted(text),
        Node::Text(text) => scalar(text, false),
        Node::List(items)
            if items
                .iter()
                .all(|item| item.text().is_some_and(|text| !text.contains(',')))
                && !member.name.is_empty() =>
        {
            scalar(
                &items
                    .iter()
                    .filter_map(Node::text)
                    .collect::<Vec<_>>()
                    .join(", "),
                false,
            )
        }
        other => flow(other),
    };
    Line::new(
        member.name.clone(),
        value,
        if member.origin == of {
            String::new()
        } else {
            origin(member)
        },
    )
}

pub fn origin(member: &Member) -> String {
    format!("pattern {}", member.origin)
}

/// On one line.
pub fn flow(node: &Node) -> String {
    match node {
        Node::Text(text) => scalar(text, true),
        Node::List(items) => format!(
            "[{}]",
            items.iter().map(flow).collect::<Vec<_>>().join(", ")
        ),
        Node::Map(entries) if entries.is_empty() => "{}".to_owned(),
        Node::Map(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(name, value)| format!("{}: {}", key(name), flow(value)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}

/// A key as it stands where it is a plain word, else in quotes.
pub fn key(name: &str) -> String {
    let plain = |each: char| each.is_ascii_alphanumeric() || "-_.".contains(each);
    if name.starts_with(|first: char| first.is_ascii_alphabetic()) && name.chars().all(plain) {
        return name.to_owned();
    }
    in_quotes(name)
}

/// Text as it stands where YAML takes it so, else in quotes.
pub fn scalar(text: &str, inside: bool) -> String {
    let begins = text.starts_with(|first: char| first.is_alphanumeric() || "(-+.".contains(first))
        && !text.starts_with("- ")
        && !text.starts_with("---")
        && !text.starts_with("...");
    let special = text.contains(": ")
        || text.contains(" #")
        || text.ends_with([':', ' '])
        || text.contains(char::is_control);
    let nested = inside && text.contains(|each: char| ",[]{}".contains(each));
    if !text.is_empty() && begins && !special && !nested {
        return text.to_owned();
    }
    in_quotes(text)
}

fn in_quotes(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '\\' | '"' => quoted.extend(['\\', letter]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            _ if letter.is_control() => {}
            _ => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}
