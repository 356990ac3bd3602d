//! The canonical layout of a design file: same meaning, same comments, one way to write it.
//!
//! Prints the tree of nodes anew and puts each comment back where it stood: above an entry, or after it. What is in
//! brackets stays so while it fits on a line. Only the top level is reordered.

mod comments;
mod scalar;
mod short;

use crate::keys;
use crate::yaml::{self, Key, Layout, Node, NodeKind};
use archwright_diagnostics::{Diagnostic, Sources};
use comments::{Comment, comments};
use short::Form;
use std::collections::VecDeque;

/// Columns that a line with brackets or a folded text may take.
const WIDTH: usize = 100;

/// The file in its canonical layout, or why it can't be read. Formatting twice changes nothing.
pub fn format(source: &str) -> Result<String, Vec<Diagnostic>> {
    let mut sources = Sources::default();
    let file = sources.add("", source.strip_prefix('\u{feff}').unwrap_or(source));
    let text = &sources.get(file).text;
    let mut diagnostics = Vec::new();
    let root = yaml::parse(file, text, &mut diagnostics).root;
    let Some(Node {
        kind: NodeKind::Mapping(entries, _),
        ..
    }) = &root
    else {
        if diagnostics.is_empty() {
            diagnostics = crate::read(&[(String::new(), source.as_bytes().to_vec())]).diagnostics;
        }
        return Err(diagnostics);
    };
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let output = print(text, entries);
    // The printer must never change what is said. If it did, the text as it stands is the better answer.
    let unchanged = yaml::parse(file, &output, &mut diagnostics)
        .root
        .is_some_and(|after| same_root(entries, &after));
    Ok(if unchanged { output } else { text.to_owned() })
}

fn print(text: &str, entries: &[(Key, Node)]) -> String {
    let mut printer = Printer {
        text,
        comments: comments(text, entries).into(),
        lines: std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect(),
        output: String::new(),
        continues_line: false,
        begins: true,
    };
    let header = printer.header(entries);
    let mut parts: Vec<(usize, bool, String)> = Vec::new();
    for (key, value) in entries {
        let rank = keys::DESIGN
            .iter()
            .position(|known| *known == key.text.value)
            .unwrap_or(keys::DESIGN.len());
        printer.output.clear();
        printer.entry(
            key,
            value,
            0,
            Form::below(Form::Design, &key.text.value, value),
        );
        let own = std::mem::take(&mut printer.output);
        let long = own
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty())
            .count()
            > 1;
        parts.push((rank, long, own));
    }
    printer.own_line_comments(usize::MAX, 0);
    let footer = std::mem::take(&mut printer.output);
    parts.sort_by_key(|(rank, ..)| *rank);
    join(header, parts, footer)
}

/// A blank line around every section that takes more than one line.
fn join(header: String, parts: Vec<(usize, bool, String)>, footer: String) -> String {
    let mut output = header;
    let mut previous_long = None;
    for (_, long, part) in parts {
        let part = part.trim_start_matches('\n');
        let apart = previous_long.is_some_and(|previous| previous || long || part.starts_with('#'));
        if apart && !output.ends_with("\n\n") {
            output.push('\n');
        }
        output.push_str(part);
        previous_long = Some(long);
    }
    let footer = footer.trim_matches('\n');
    if !footer.is_empty() {
        output.push('\n');
        output.push_str(footer);
        output.push('\n');
    }
    output
}

struct Printer<'a> {
    text: &'a str,
    /// Those that were not printed yet, in the order of the file.
    comments: VecDeque<Comment>,
    /// Where each line begins.
    lines: Vec<usize>,
    output: String,
    /// The cursor stands after `- `, where the first entry of an item goes.
    continues_line: bool,
    /// A collection has just begun: no blank line goes before its first entry.
    begins: bool,
}

impl Printer<'_> {
    /// The comments above the first entry stay at the top, wherever that entry goes.
    fn header(&mut self, entries: &[(Key, Node)]) -> String {
        let Some((first, _)) = entries.first() else {
            return String::new();
        };
        let start = first.text.span.start as usize;
        self.own_line_comments(start, 0);
        let mut header = std::mem::take(&mut self.output)
            .trim_start_matches('\n')
            .to_owned();
        if !header.is_empty() && self.blank_above(start) {
            header.push('\n');
        }
        header
    }

    fn entry(&mut self, key: &Key, value: &Node, indent: usize, form: Form) {
        let start = key.text.span.start as usize;
        self.own_line_comments(start, indent);
        let written = scalar::key(key);
        let in_line = self.in_line(value, indent + written.chars().count() + 2, form);
        if in_line.is_some() {
            self.comments_above(value.span.end as usize, indent, |comment| comment.own_line);
        }
        self.begin_line(start, indent);
        self.output.push_str(&written);
        self.output.push(':');
        self.value(value, indent, in_line, form, key.text.span.end as usize);
    }

    fn item(&mut self, value: &Node, indent: usize, form: Form) {
        let start = value.span.start as usize;
        self.own_line_comments(start, indent);
        let in_line = self.in_line(value, indent + 2, form);
        self.begin_line(start, indent);
        self.output.push('-');
        match (&value.kind, in_line) {
            (_, Some(text)) => self.finish_line(&text, value.span.end as usize),
            (NodeKind::Scalar(text, _), None) => {
                let text = scalar::block(&text.value, indent + 2, WIDTH);
                self.block_scalar(&text, start, value.span.end as usize);
            }
            _ => {
                self.output.push(' ');
                self.continues_line = true;
                self.children(value, indent + 2, form);
            }
        }
    }

    fn value(
        &mut self,
        value: &Node,
        indent: usize,
        in_line: Option<String>,
        form: Form,
        key_end: usize,
    ) {
        match (&value.kind, in_line) {
            (_, Some(text)) => self.finish_line(&text, value.span.end as usize),
            (NodeKind::Scalar(text, _), None) => {
                let text = scalar::block(&text.value, indent + 2, WIDTH);
                self.block_scalar(&text, key_end, value.span.end as usize);
            }
            (NodeKind::Sequence(_, layout) | NodeKind::Mapping(_, layout), None) => {
                let mut trailing =
                    self.take(value.span.start as usize, |comment| !comment.own_line);
                if *layout == Layout::Flow {
                    trailing
                        .extend(self.on_line(value.span.start as usize, &[' ', '\t', '[', '{']));
                    trailing.extend(self.trailing(value.span.end as usize));
                }
                self.end_line(trailing);
                self.begins = true;
                self.children(value, indent + 2, form);
            }
        }
    }

    fn children(&mut self, value: &Node, indent: usize, form: Form) {
        match &value.kind {
            NodeKind::Mapping(entries, _) => {
                for (key, value) in entries {
                    self.entry(
                        key,
                        value,
                        indent,
                        Form::below(form, &key.text.value, value),
                    );
                }
            }
            NodeKind::Sequence(items, _) => {
                for item in items {
                    self.item(item, indent, Form::below(form, "-", item));
                }
            }
            NodeKind::Scalar(..) => {}
        }
        self.closing_comments(value, indent);
    }

    /// Comments that stand at the level of this collection, after its last entry.
    fn closing_comments(&mut self, value: &Node, indent: usize) {
        let column = self.column(value.span.start as usize);
        let end = value.span.end as usize;
        while let Some(comment) = self.comments.front() {
            let between = self.text.get(end..comment.at).unwrap_or_default();
            let only_comments = between.lines().all(|line| {
                let content = line.trim_start_matches([' ', '\t', ',', ']', '}']);
                content.trim().is_empty() || content.starts_with('#')
            });
            if !comment.own_line || comment.at < end || !only_comments || comment.column < column {
                return;
            }
            let limit = comment.at + 1;
            self.own_line_comments(limit, indent);
        }
    }

    /// The value as it stands on its key's line, if it can and fits.
    fn in_line(&self, value: &Node, column: usize, form: Form) -> Option<String> {
        let text = match &value.kind {
            NodeKind::Scalar(..) if value.is_missing() => return Some(String::new()),
            NodeKind::Scalar(text, style) => {
                return scalar::in_line(&form.normal(&text.value), *style, value, column, WIDTH);
            }
            NodeKind::Sequence(items, _) if items.is_empty() => return Some("[]".to_owned()),
            NodeKind::Mapping(entries, _) if entries.is_empty() => return Some("{}".to_owned()),
            NodeKind::Sequence(_, Layout::Block) | NodeKind::Mapping(_, Layout::Block) => {
                return None;
            }
            _ => self.flow(value, form)?,
        };
        (column + text.chars().count() <= WIDTH).then_some(text)
    }

    fn flow(&self, value: &Node, form: Form) -> Option<String> {
        let (start, end) = (value.span.start as usize, value.span.end as usize);
        let next = self.comments.partition_point(|comment| comment.at < start);
        if self
            .comments
            .get(next)
            .is_some_and(|comment| comment.at < end)
        {
            return None;
        }
        match &value.kind {
            NodeKind::Scalar(..) if value.is_missing() => None,
            NodeKind::Scalar(text, style) => scalar::flow(&form.normal(&text.value), *style, value),
            NodeKind::Sequence(items, _) => {
                let items: Option<Vec<String>> = items
                    .iter()
                    .map(|item| self.flow(item, Form::below(form, "-", item)))
                    .collect();
                Some(format!("[{}]", items?.join(", ")))
            }
            NodeKind::Mapping(entries, _) if entries.is_empty() => Some("{}".to_owned()),
            NodeKind::Mapping(entries, _) => {
                let entries: Option<Vec<String>> = entries
                    .iter()
                    .map(|(key, value)| {
                        let inner = self.flow(value, Form::below(form, &key.text.value, value))?;
                        Some(format!("{}: {inner}", scalar::flow_key(key)?))
                    })
                    .collect();
                Some(format!("{{ {} }}", entries?.join(", ")))
            }
        }
    }

    fn block_scalar(&mut self, text: &str, before: usize, end: usize) {
        let (head, body) = text.split_once('\n').unwrap_or((text, ""));
        self.output.push(' ');
        self.output.push_str(head);
        let mut trailing = self.take(end, |comment| comment.at >= before);
        if body.is_empty() {
            trailing.extend(self.trailing(end));
        }
        self.end_line(trailing);
        if !body.is_empty() {
            self.output.push_str(body);
            self.output.push('\n');
        }
    }

    fn finish_line(&mut self, text: &str, end: usize) {
        if !text.is_empty() {
            self.output.push(' ');
            self.output.push_str(text);
        }
        let mut trailing = self.take(end, |comment| !comment.own_line);
        trailing.extend(self.trailing(end));
        self.end_line(trailing);
    }

    /// The comment on the line where a value ends.
    fn trailing(&mut self, end: usize) -> Vec<Comment> {
        self.on_line(end, &[' ', '\t', ',', ']', '}'])
    }

    /// The comment of the line of `from`, if nothing but these stands between.
    fn on_line(&mut self, from: usize, between: &[char]) -> Vec<Comment> {
        let text = self.text;
        let next = self.comments.partition_point(|comment| comment.at < from);
        let Some(comment) = self.comments.get(next) else {
            return Vec::new();
        };
        let near = text
            .get(from..comment.at)
            .is_some_and(|text| text.chars().all(|found| between.contains(&found)));
        if comment.own_line || !near {
            return Vec::new();
        }
        self.comments.remove(next).into_iter().collect()
    }

    /// The wanted ones of those before a place; the others stay.
    fn take(&mut self, before: usize, wanted: impl Fn(&Comment) -> bool) -> Vec<Comment> {
        let count = self.comments.partition_point(|comment| comment.at < before);
        let (taken, kept): (Vec<Comment>, Vec<Comment>) =
            self.comments.drain(..count).partition(wanted);
        for comment in kept.into_iter().rev() {
            self.comments.push_front(comment);
        }
        taken
    }

    fn end_line(&mut self, trailing: Vec<Comment>) {
        for (index, comment) in trailing.iter().enumerate() {
            self.output.push_str(if index == 0 { "  " } else { " " });
            self.output.push_str(&comment.text);
        }
        self.output.push('\n');
    }

    fn own_line_comments(&mut self, before: usize, indent: usize) {
        self.comments_above(before, indent, |_| true);
    }

    fn comments_above(&mut self, before: usize, indent: usize, wanted: impl Fn(&Comment) -> bool) {
        for comment in self.take(before, wanted) {
            self.begin_line(comment.at, indent);
            self.output.push_str(&comment.text);
            self.output.push('\n');
        }
    }

    fn begin_line(&mut self, at: usize, indent: usize) {
        if std::mem::take(&mut self.continues_line) {
            return;
        }
        let begins = std::mem::take(&mut self.begins) || self.output.is_empty();
        if self.blank_above(at) && !begins && !self.output.ends_with("\n\n") {
            self.output.push('\n');
        }
        self.output.push_str(&" ".repeat(indent));
    }

    /// The line above the one that holds `at` is blank, and `at` is the first thing in its line.
    fn blank_above(&self, at: usize) -> bool {
        let line = self.line_start(at);
        let first = self.text[line..at]
            .trim_start_matches("- ")
            .trim()
            .is_empty();
        let above = self.text[..line]
            .strip_suffix('\n')
            .map(|text| &text[text.rfind('\n').map_or(0, |found| found + 1)..]);
        first && above.is_some_and(|above| above.trim().is_empty())
    }

    fn column(&self, at: usize) -> usize {
        at - self.line_start(at)
    }

    fn line_start(&self, at: usize) -> usize {
        let after = self.lines.partition_point(|start| *start <= at);
        self.lines[after.saturating_sub(1)]
    }
}

fn same_root(before: &[(Key, Node)], after: &Node) -> bool {
    let NodeKind::Mapping(after, _) = &after.kind else {
        return false;
    };
    let find = |name: &str| after.iter().find(|(key, _)| key.text.value == name);
    before.len() == after.len()
        && before
            .iter()
            .all(|(key, value)| find(&key.text.value).is_some_and(|(_, after)| same(value, after)))
}

fn same(before: &Node, after: &Node) -> bool {
    match (&before.kind, &after.kind) {
        (NodeKind::Scalar(left, _), NodeKind::Scalar(right, _)) => {
            before.is_null() == after.is_null()
                && before.is_missing() == after.is_missing()
                && left.value.split_whitespace().collect::<String>()
                    == right.value.split_whitespace().collect::<String>()
        }
        (NodeKind::Sequence(left, _), NodeKind::Sequence(right, _)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| same(left, right))
        }
        (NodeKind::Mapping(left, _), NodeKind::Mapping(right, _)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|(left, right)| {
                    left.0.text.value == right.0.text.value && same(&left.1, &right.1)
                })
        }
        _ => false,
    }
}
