//! Cuts short forms at separators that stand outside quotes and brackets.

use crate::ast::Text;
use std::ops::Range;

/// The parts between top-level commas, untrimmed; at least one.
pub fn commas(value: &str) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = 0;
    scan(value, |at, character| {
        if character == ',' {
            parts.push(start..at);
            start = at + 1;
        }
        true
    });
    parts.push(start..value.len());
    parts
}

/// Where a field's `=` or `:=` stands, and whether it is `:=`.
pub fn assignment(value: &str) -> Option<(Range<usize>, bool)> {
    let mut found = None;
    let bytes = value.as_bytes();
    scan(value, |at, character| {
        let before = at.checked_sub(1).map(|index| bytes[index]);
        let compares =
            matches!(before, Some(b'=' | b'!' | b'<' | b'>')) || bytes.get(at + 1) == Some(&b'=');
        if character == '=' && !compares {
            let computed = before == Some(b':');
            found = Some((at - usize::from(computed)..at + 1, computed));
        }
        found.is_none()
    });
    found
}

/// An opening quote or bracket without its end, or a closing bracket without its start.
pub fn unbalanced(value: &str) -> Option<Range<usize>> {
    let mut open: Vec<(usize, char)> = Vec::new();
    let mut quote: Option<(usize, char)> = None;
    let mut escaped = false;
    for (at, character) in value.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if character == '\\' => escaped = true,
            Some((_, end)) if character == end => quote = None,
            Some(_) => {}
            None => match character {
                '\'' | '"' => quote = Some((at, character)),
                '(' | '[' | '{' => open.push((at, character)),
                ')' | ']' | '}' => match open.pop() {
                    Some((_, opening)) if closing(opening) == character => {}
                    _ => return Some(at..at + 1),
                },
                _ => {}
            },
        }
    }
    quote.or(open.pop()).map(|(at, _)| at..at + 1)
}

/// Whether the bracket at `open` is closed on its line behind a comma: inside `{ }` that comma ended the value.
pub fn cut_by_comma(text: &str, open: usize) -> bool {
    /// Longer lines are nobody's.
    const CHARACTERS: usize = 1_000;
    let line = text.get(open..).and_then(|rest| rest.lines().next());
    let (mut ends, mut comma) = (Vec::new(), false);
    for character in line.unwrap_or_default().chars().take(CHARACTERS) {
        match character {
            '(' | '[' | '{' => ends.push(closing(character)),
            ')' | ']' | '}' if ends.pop() != Some(character) => return false,
            ')' | ']' | '}' if ends.is_empty() => return comma,
            ',' => comma = true,
            _ => {}
        }
    }
    false
}

/// Where the bracket is closed with which the text begins.
pub fn closing_bracket(value: &str) -> Option<usize> {
    let mut open = Vec::new();
    let mut quote = None;
    for (at, character) in value.char_indices() {
        match (quote, character) {
            (Some(end), _) if character == end => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            (None, '(' | '[' | '{') => open.push(character),
            (None, ')' | ']' | '}') => {
                let opening = open.pop()?;
                if closing(opening) != character {
                    return None;
                }
                if open.is_empty() {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

fn closing(opening: char) -> char {
    match opening {
        '(' => ')',
        '[' => ']',
        _ => '}',
    }
}

/// Calls `visit` for each ASCII punctuation or other character outside quotes and brackets until it returns false.
fn scan(value: &str, mut visit: impl FnMut(usize, char) -> bool) {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut escaped = false;
    for (at, character) in value.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if character == '\\' => escaped = true,
            Some(end) if character == end => quote = None,
            Some(_) => {}
            None => match character {
                '\'' | '"' => quote = Some(character),
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth = depth.saturating_sub(1),
                _ if depth == 0 && !visit(at, character) => return,
                _ => {}
            },
        }
    }
}

/// The text without space at its ends.
pub fn trim(text: &Text) -> Text {
    trimmed(text, 0..text.value.len())
}

/// A part of the text without space at its ends.
pub fn trimmed(text: &Text, range: Range<usize>) -> Text {
    let part = &text.value[range.clone()];
    let start = range.start + part.len() - part.trim_start().len();
    let end = (range.start + part.trim_end().len()).max(start);
    text.slice(start..end)
}

/// The first word and the rest, both trimmed.
pub fn word(text: &Text) -> (Text, Text) {
    let text = trim(text);
    let end = text
        .value
        .find(char::is_whitespace)
        .unwrap_or(text.value.len());
    (text.slice(0..end), trimmed(&text, end..text.value.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_in_quotes_and_brackets_do_not_separate() {
        let value = "enum(a, b), pattern 'x,\\'y' , z";
        let parts: Vec<&str> = commas(value)
            .into_iter()
            .map(|part| value[part].trim())
            .collect();
        assert_eq!(parts, ["enum(a, b)", "pattern 'x,\\'y'", "z"]);
    }

    #[test]
    fn an_assignment_is_no_comparison() {
        assert_eq!(assignment("int = 3"), Some((4..5, false)));
        assert_eq!(assignment("bool := a == b"), Some((5..7, true)));
        assert_eq!(assignment("a == b, c != d, e <= f, g >= h"), None);
        assert_eq!(assignment("string, pattern '^a=b'"), None);
    }

    #[test]
    fn a_bracket_that_closes_behind_a_comma_was_cut() {
        assert!(cut_by_comma("{ a: max(b, c) }", 8));
        assert!(!cut_by_comma("a: max(b", 6));
        assert!(!cut_by_comma("{ a: string(1..20, b: int }", 11));
        assert!(!cut_by_comma("a: max(b)\n, c)", 6));
    }

    #[test]
    fn unbalanced_brackets_and_quotes_are_found() {
        assert_eq!(unbalanced("a(b)[c]"), None);
        assert_eq!(unbalanced("a(b"), Some(1..2));
        assert_eq!(unbalanced("a)b"), Some(1..2));
        assert_eq!(unbalanced("a 'b"), Some(2..3));
    }
}
