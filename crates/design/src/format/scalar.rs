//! Writes scalars: plain where YAML reads them back, in quotes where not, folded where they are long.

use crate::yaml::{Key, Node, Style};

pub fn key(key: &Key) -> String {
    let plain = is_plain(&key.text.value, false)
        && !(key.style == Style::Quoted && is_typed(&key.text.value));
    if plain {
        key.text.value.clone()
    } else {
        quote(&key.text.value)
    }
}

pub fn flow_key(key: &Key) -> Option<String> {
    let plain = is_plain(&key.text.value, true)
        && !(key.style == Style::Quoted && is_typed(&key.text.value));
    Some(if plain {
        key.text.value.clone()
    } else {
        quote(&key.text.value)
    })
}

/// On the line of its key; `None` when it takes several lines.
pub fn in_line(
    value: &str,
    style: Style,
    node: &Node,
    column: usize,
    width: usize,
) -> Option<String> {
    let long = column + value.chars().count() > width;
    if value.contains('\n') || ((long || style == Style::Block) && is_prose(value)) {
        return None;
    }
    Some(if keeps_plain(value, style, node, false) {
        value.to_owned()
    } else {
        quote(value)
    })
}

/// Within brackets; `None` for a text of several lines.
pub fn flow(value: &str, style: Style, node: &Node) -> Option<String> {
    if style == Style::Block || value.contains('\n') {
        return None;
    }
    Some(if keeps_plain(value, style, node, true) {
        value.to_owned()
    } else {
        quote(value)
    })
}

/// A header and indented lines where the text allows it, else quoted on one line.
pub fn block(value: &str, indent: usize, width: usize) -> String {
    if value.contains('\n') && is_literal(value) {
        return lines('|', value.split('\n').map(str::to_owned), indent);
    }
    if is_prose(value) {
        return lines(
            '>',
            wrap(value, width.saturating_sub(indent).max(40)).into_iter(),
            indent,
        );
    }
    quote(value)
}

fn lines(mark: char, lines: impl Iterator<Item = String>, indent: usize) -> String {
    let mut output = String::from(mark);
    for line in lines {
        output.push('\n');
        if !line.is_empty() {
            output.push_str(&" ".repeat(indent));
            output.push_str(&line);
        }
    }
    output
}

/// Words with single spaces between them: folding and unfolding it changes nothing.
fn is_prose(value: &str) -> bool {
    let words = value.contains(' ')
        && !value.starts_with(' ')
        && !value.ends_with(' ')
        && !value.contains("  ");
    words && value.chars().all(is_printable)
}

/// Lines that a literal block keeps as they are.
fn is_literal(value: &str) -> bool {
    let mut lines = value.split('\n');
    let first = lines
        .next()
        .is_some_and(|line| !line.is_empty() && !line.starts_with(' '));
    first
        && value.split('\n').all(|line| line.trim_end() == line)
        && value.chars().all(|c| c == '\n' || is_printable(c))
        && !value.ends_with('\n')
}

/// An expression has a line for each of its clauses where it has some; those within brackets share lines. All else
/// breaks between words.
fn wrap(value: &str, width: usize) -> Vec<String> {
    let outer = clauses(value, Brackets::Closed);
    if outer.len() > 1 {
        return outer
            .iter()
            .flat_map(|clause| wrap_clause(clause, width))
            .collect();
    }
    wrap_clause(value, width)
}

fn wrap_clause(clause: &str, width: usize) -> Vec<String> {
    let inner = clauses(clause, Brackets::Any);
    if inner.iter().all(|part| part.chars().count() <= width) {
        return fill(inner.iter().map(String::as_str), width);
    }
    fill(clause.split(' '), width)
}

#[derive(Clone, Copy, PartialEq)]
enum Brackets {
    Any,
    Closed,
}

/// What begins with `&&` or `||`: anywhere, or only where all brackets before are closed.
fn clauses(value: &str, brackets: Brackets) -> Vec<String> {
    let mut clauses: Vec<String> = Vec::new();
    let mut open = 0;
    for word in value.split(' ') {
        let breaks = matches!(word, "&&" | "||") && (open <= 0 || brackets == Brackets::Any);
        match clauses.last_mut() {
            Some(clause) if !breaks => {
                clause.push(' ');
                clause.push_str(word);
            }
            _ => clauses.push(word.to_owned()),
        }
        open += word.matches(['(', '[']).count() as i32;
        open -= word.matches([')', ']']).count() as i32;
    }
    clauses
}

fn fill<'a>(parts: impl Iterator<Item = &'a str>, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for part in parts {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(part),
            Some(line) if line.chars().count() + 1 + part.chars().count() <= width => {
                line.push(' ');
                line.push_str(part);
            }
            _ => lines.push(part.to_owned()),
        }
    }
    lines
}

fn keeps_plain(value: &str, style: Style, node: &Node, flow: bool) -> bool {
    node.is_null() || (is_plain(value, flow) && !(style != Style::Plain && is_typed(value)))
}

/// YAML reads it back as the same text.
fn is_plain(value: &str, flow: bool) -> bool {
    let mut characters = value.chars();
    let (Some(first), second) = (characters.next(), characters.next()) else {
        return false;
    };
    let begins = match first {
        '-' | '?' | ':' => second
            .is_some_and(|second| !(second.is_whitespace() || flow && "-,[]{}".contains(second))),
        _ => !",[]{}#&*!|>'\"%@`".contains(first) && !first.is_whitespace(),
    };
    let ends = !value.ends_with([':', ' ']);
    let inside = !value.contains(": ") && !value.contains(" #") && value.chars().all(is_printable);
    let brackets = !flow || !value.contains([',', '[', ']', '{', '}']);
    let marker = value.starts_with("---") || value.starts_with("...") || value == "<<";
    begins && ends && inside && brackets && !marker
}

fn is_printable(character: char) -> bool {
    !character.is_control() && !matches!(character, '\u{feff}' | '\u{2028}' | '\u{2029}')
}

/// Other YAML readers take it for something else than a text.
fn is_typed(value: &str) -> bool {
    let word = matches!(
        value.to_ascii_lowercase().as_str(),
        "" | "~" | "null" | "true" | "false" | "yes" | "no" | "on" | "off"
    );
    word || value.parse::<f64>().is_ok() || (value.starts_with("0x") || value.starts_with("0o"))
}

fn quote(value: &str) -> String {
    let printable = value.chars().all(is_printable);
    if printable && value.contains(['"', '\\']) && !value.contains('\'') {
        return format!("'{value}'");
    }
    let mut output = String::from("\"");
    for character in value.chars() {
        match character {
            '"' => output.push_str("\\\""),
            '\\' => output.push_str("\\\\"),
            '\n' => output.push_str("\\n"),
            '\t' => output.push_str("\\t"),
            '\r' => output.push_str("\\r"),
            _ if is_printable(character) => output.push(character),
            _ => output.push_str(&format!("\\U{:08X}", u32::from(character))),
        }
    }
    output.push('"');
    output
}
