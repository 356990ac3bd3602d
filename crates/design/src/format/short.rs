//! Knows which texts are short forms, by where they stand, and spaces them alike.

use crate::split;
use crate::yaml::{Node, NodeKind};

/// What stands at a place of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Design,
    /// Entities by name, moves by name, and so on.
    Named(Section),
    Entity,
    Move,
    Operation,
    Input,
    /// Fields by name.
    Fields,
    /// Fields by name, or objects of them.
    Body,
    /// A field, short or long.
    Field,
    Type,
    /// Rules by action.
    Allow,
    Grants,
    /// Anything else: left as it is.
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    Entities,
    Moves,
    Operations,
}

impl Form {
    /// What stands under a key; `-` is an item of a list.
    pub fn below(self, key: &str, value: &Node) -> Self {
        match (self, key) {
            (Self::Design, "types") => Self::Fields,
            (Self::Design, "entities") => Self::Named(Section::Entities),
            (Self::Design, "operations") => Self::Named(Section::Operations),
            (Self::Named(Section::Entities), _) => Self::Entity,
            (Self::Named(Section::Moves), _) => Self::Move,
            (Self::Named(Section::Operations), _) => Self::Operation,
            (Self::Entity, "fields") | (Self::Move, "input") => Self::Fields,
            (Self::Entity, "moves") => Self::Named(Section::Moves),
            (Self::Entity, "allow") => Self::Allow,
            (Self::Allow, _) => Self::Grants,
            (Self::Move | Self::Operation, "by") => Self::Grants,
            (Self::Grants, "-") => Self::Grants,
            (Self::Operation, "input") => Self::Input,
            (Self::Input, "body") => Self::Body,
            (Self::Input, _) => Self::Fields,
            (Self::Fields, _) => Self::Field,
            (Self::Body, _) if matches!(value.kind, NodeKind::Mapping(..)) && !is_long(value) => {
                Self::Body
            }
            (Self::Body, _) => Self::Field,
            (Self::Field, "type") => Self::Type,
            (Self::Field, "visible" | "settable") => Self::Grants,
            _ => Self::Other,
        }
    }

    /// The text with canonical spacing; as it is where it can't be taken apart.
    pub fn normal(self, value: &str) -> String {
        let normal = match self {
            _ if value.contains('\n') || split::unbalanced(value).is_some() => None,
            Self::Field | Self::Type => field(value),
            Self::Grants => grants(value),
            _ => None,
        };
        normal.unwrap_or_else(|| value.to_owned())
    }
}

fn is_long(value: &Node) -> bool {
    let NodeKind::Mapping(entries, _) = &value.kind else {
        return false;
    };
    entries
        .iter()
        .any(|(key, value)| key.text.value == "type" && matches!(value.kind, NodeKind::Scalar(..)))
        && entries
            .iter()
            .all(|(key, _)| crate::keys::FIELD.contains(&key.text.value.as_str()))
}

fn field(value: &str) -> Option<String> {
    let (head, tail) = match split::assignment(value) {
        Some((sign, computed)) => {
            let expression = value[sign.end..].trim();
            (
                &value[..sign.start],
                format!(" {} {expression}", if computed { ":=" } else { "=" }),
            )
        }
        None => (value, String::new()),
    };
    let mut parts = split::commas(head)
        .into_iter()
        .map(|part| head[part].trim());
    let mut output = ty(parts.next()?)?;
    for part in parts {
        if part.is_empty() {
            return None;
        }
        output.push_str(", ");
        output.push_str(&words(part));
    }
    Some((output + &tail).trim_end().to_owned())
}

fn ty(value: &str) -> Option<String> {
    let Some(open) = value.find('(') else {
        return (!value.is_empty()).then(|| value.to_owned());
    };
    let close = value.rfind(')').filter(|close| *close > open)?;
    let inner = &value[open + 1..close];
    let arguments: Vec<&str> = split::commas(inner)
        .into_iter()
        .map(|part| inner[part].trim())
        .collect();
    let numbers = arguments
        .iter()
        .all(|argument| argument.bytes().all(|byte| byte.is_ascii_digit()));
    Some(format!(
        "{}({}){}",
        &value[..open],
        arguments.join(if numbers { "," } else { ", " }),
        &value[close + 1..]
    ))
}

/// A modifier's word, one space, and its argument as it is.
fn words(value: &str) -> String {
    match value.split_once(char::is_whitespace) {
        Some((word, argument)) => format!("{word} {}", argument.trim()),
        None => value.to_owned(),
    }
}

fn grants(value: &str) -> Option<String> {
    let parts: Vec<String> = split::commas(value)
        .into_iter()
        .map(|part| grant(value[part].trim()))
        .collect();
    parts
        .iter()
        .all(|part| !part.is_empty())
        .then(|| parts.join(", "))
}

fn grant(value: &str) -> String {
    match value
        .split_once(char::is_whitespace)
        .map(|(who, rest)| (who, rest.trim()))
    {
        Some((who, rest)) => match rest
            .strip_prefix("when")
            .filter(|rest| rest.starts_with(char::is_whitespace))
        {
            Some(condition) => format!("{who} when {}", condition.trim()),
            None => format!("{who} {rest}"),
        },
        None => value.to_owned(),
    }
}
