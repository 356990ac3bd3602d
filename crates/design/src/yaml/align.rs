//! Finds for each byte of a scalar's value where it stands in the file.

use crate::ast::{Text, TextMap};
use archwright_diagnostics::{FileId, Span};

/// `raw` begins at byte `first` of the file; what follows the value (spaces, a comment's start) is cut off.
pub fn plain(file: FileId, raw: &str, first: usize, value: &str) -> Text {
    if raw.starts_with(value) {
        return simple(file, first, first, first + value.len(), value);
    }
    let map = align(raw, first, value, None);
    let end = map.last().map_or(first, |end| *end as usize);
    Text {
        value: value.to_owned(),
        span: Span::new(file, first, end),
        map: TextMap::Each(map),
    }
}

pub fn quoted(file: FileId, raw: &str, first: usize, value: &str, quote: char) -> Text {
    let end = first + raw.len();
    let Some(inner) = raw.strip_prefix(quote) else {
        // The quotes were put there when the text was prepared.
        return simple(file, first, first, first + value.len(), value);
    };
    let inner = inner.strip_suffix(quote).unwrap_or(inner);
    if inner == value {
        return simple(file, first + 1, first, end, value);
    }
    let map = align(inner, first + 1, value, Some(quote));
    Text {
        value: value.to_owned(),
        span: Span::new(file, first, end),
        map: TextMap::Each(map),
    }
}

/// The last line break belongs to the style, not to the text.
pub fn block(file: FileId, raw: &str, first: usize, value: &str) -> Text {
    let map = align(raw, first, value, None);
    let trimmed = value.trim_end_matches('\n');
    let end = map
        .get(trimmed.len())
        .map_or(first + raw.len(), |end| *end as usize);
    Text {
        value: trimmed.to_owned(),
        span: Span::new(file, first, end),
        map: TextMap::Each(map[..=trimmed.len()].to_vec()),
    }
}

fn simple(file: FileId, value_start: usize, start: usize, end: usize, value: &str) -> Text {
    Text {
        value: value.to_owned(),
        span: Span::new(file, start, end),
        map: TextMap::From(value_start as u32),
    }
}

/// Walks value and raw text side by side: escapes count as one character, folded line breaks as a space. One entry for
/// each byte of the value, and one for its end.
fn align(raw: &str, first: usize, value: &str, quote: Option<char>) -> Vec<u32> {
    let mut map = Vec::with_capacity(value.len() + 1);
    let mut at = 0;
    let mut end = 0;
    for wanted in value.chars() {
        at = skip_to(raw, at, wanted, quote);
        let here = (first + at) as u32;
        map.extend(std::iter::repeat_n(here, wanted.len_utf8()));
        at += written_length(&raw[at..], quote);
        end = at;
    }
    map.push((first + end) as u32);
    map
}

/// Skips indentation and folded breaks that leave nothing in the value.
fn skip_to(raw: &str, mut at: usize, wanted: char, quote: Option<char>) -> usize {
    while let Some(found) = raw[at..].chars().next() {
        let continues_line = quote == Some('"')
            && (raw[at..].starts_with("\\\n") || raw[at..].starts_with("\\\r\n"));
        let fits = match wanted {
            ' ' => found == ' ' || found == '\n' || found == '\t',
            '\n' => found == '\n' || found == '\\',
            _ => !found.is_whitespace(),
        };
        if continues_line {
            at += 1 + raw[at + 1..].find('\n').map_or(0, |newline| newline + 1);
        } else if fits || !found.is_whitespace() {
            break;
        } else {
            at += found.len_utf8();
        }
    }
    at
}

fn written_length(rest: &str, quote: Option<char>) -> usize {
    let mut characters = rest.chars();
    let length = match (characters.next(), quote) {
        (None, _) => 0,
        (Some('\\'), Some('"')) => match characters.next() {
            Some('x') => 4,
            Some('u') => 6,
            Some('U') => 10,
            Some(escaped) => 1 + escaped.len_utf8(),
            None => 1,
        },
        (Some('\''), Some('\'')) => 2,
        (Some(other), _) => other.len_utf8(),
    };
    floor_boundary(rest, length)
}

fn floor_boundary(text: &str, index: usize) -> usize {
    let mut index = index.min(text.len());
    while !text.is_char_boundary(index) {
        index -= 1;
    }
    index
}
