//! Finds the comments of a file: a `#` outside all scalars, at the start of a line or after a space.

use crate::yaml::{Key, Node, NodeKind};

pub struct Comment {
    /// Byte of the `#`.
    pub at: usize,
    pub column: usize,
    /// From the `#` to the end of the line, without space at its end.
    pub text: String,
    /// Nothing but space stands before it in its line.
    pub own_line: bool,
}

pub fn comments(text: &str, entries: &[(Key, Node)]) -> Vec<Comment> {
    let mut scalars = Vec::new();
    for (key, value) in entries {
        collect(key, value, &mut scalars);
    }
    scalars.push((text.len(), text.len()));
    let mut found = Vec::new();
    let mut from = 0;
    for (start, end) in scalars {
        while let Some(comment) = text.get(from..start).and_then(|gap| next(text, from, gap)) {
            from = comment.at + comment.text.len();
            found.push(comment);
        }
        from = from.max(end);
    }
    found
}

fn collect(key: &Key, value: &Node, scalars: &mut Vec<(usize, usize)>) {
    scalars.push((key.text.span.start as usize, key.text.span.end as usize));
    collect_value(value, scalars);
}

fn collect_value(value: &Node, scalars: &mut Vec<(usize, usize)>) {
    match &value.kind {
        NodeKind::Scalar(..) if value.is_missing() => {}
        NodeKind::Scalar(..) => scalars.push((value.span.start as usize, value.span.end as usize)),
        NodeKind::Sequence(items, _) => items.iter().for_each(|item| collect_value(item, scalars)),
        NodeKind::Mapping(entries, _) => entries
            .iter()
            .for_each(|(key, value)| collect(key, value, scalars)),
    }
}

fn next(text: &str, from: usize, gap: &str) -> Option<Comment> {
    let starts = gap.match_indices('#').map(|(index, _)| from + index);
    let at = starts.into_iter().find(|at| {
        text[..*at]
            .chars()
            .next_back()
            .is_none_or(char::is_whitespace)
    })?;
    let line = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let length = text[at..].find('\n').unwrap_or(text.len() - at);
    let own_line = text[line..at].trim().is_empty();
    Some(Comment {
        at,
        column: at - line,
        text: text[at..at + length].trim_end().to_owned(),
        own_line,
    })
}
