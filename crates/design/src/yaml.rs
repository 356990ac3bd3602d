//! YAML text to a tree of nodes with places. Parses only what designs use and never stops at the first problem.

mod align;
mod explain;
mod key;
mod prepare;
mod tabs;

use crate::ast::{Text, TextMap};
use archwright_diagnostics::{Diagnostic, FileId, Span};
use key::{check_key, key_of};
use prepare::Prepared;
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError};
use std::collections::BTreeMap;

/// Collections within collections.
pub const MAX_DEPTH: usize = 64;
/// Nodes of one file.
pub const MAX_NODES: usize = 200_000;
/// Bytes of one file.
pub const MAX_FILE_BYTES: usize = 1 << 20;
/// Syntax errors reported for one file before giving up on it.
const MAX_SYNTAX_ERRORS: usize = 8;
/// Bytes parsed for one file, all recoveries together.
const MAX_PARSED_BYTES: usize = 4 << 20;

#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub kind: NodeKind,
    /// For a missing value: the place of its key.
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum NodeKind {
    Scalar(Text, Style),
    Sequence(Vec<Node>, Layout),
    Mapping(Vec<(Key, Node)>, Layout),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    pub text: Text,
    pub style: Style,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Plain,
    Quoted,
    Block,
}

/// How a collection is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One entry on each line.
    Block,
    /// In brackets.
    Flow,
}

impl Key {
    /// Stands for a list or mapping that was written as a key.
    pub fn is_no_word(&self) -> bool {
        self.text.span.start == self.text.span.end
    }
}

impl Node {
    /// The key stands there without a value.
    pub fn is_missing(&self) -> bool {
        matches!(&self.kind, NodeKind::Scalar(text, Style::Plain) if text.value.is_empty())
    }

    pub fn is_null(&self) -> bool {
        matches!(&self.kind, NodeKind::Scalar(text, Style::Plain)
            if matches!(text.value.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    pub fn kind_name(&self) -> &'static str {
        match &self.kind {
            NodeKind::Scalar(..) if self.is_null() => "null",
            NodeKind::Scalar(..) => "a text",
            NodeKind::Sequence(..) => "a list",
            NodeKind::Mapping(..) => "a mapping",
        }
    }
}

/// What could be read of one file.
pub struct Parsed {
    /// Absent when the file holds nothing.
    pub root: Option<Node>,
    /// False when a part of the text was left out because of a syntax error.
    pub complete: bool,
}

/// Reads one file, whose text lies in the sources under `file`.
pub fn parse(file: FileId, text: &str, diagnostics: &mut Vec<Diagnostic>) -> Parsed {
    if text.len() > MAX_FILE_BYTES {
        diagnostics.push(
            Diagnostic::new("AW003", Span::new(file, 0, 0), "the file is larger than 1 MiB")
                .help("Split the design into several files in one folder, for instance one for each domain."),
        );
        return Parsed {
            root: None,
            complete: false,
        };
    }
    let mut prepared = prepare::prepare(file, text, diagnostics);
    let mut complete = true;
    let (mut rounds, mut parsed_bytes) = (0, 0);
    loop {
        parsed_bytes += text.len();
        let mut found = Vec::new();
        match build(file, text, &prepared, &mut found) {
            Ok((root, documents)) => {
                diagnostics.append(&mut found);
                return Parsed {
                    root,
                    complete: complete && !prepared.repaired && documents <= 1,
                };
            }
            Err(failure) => {
                rounds += 1;
                let culprit = explain::explain(file, text, &prepared, &failure);
                diagnostics.push(culprit.diagnostic);
                let again =
                    rounds < MAX_SYNTAX_ERRORS && parsed_bytes + text.len() <= MAX_PARSED_BYTES;
                if again && culprit.quotable && prepared.quote(failure.at) {
                    continue;
                }
                complete = false;
                if !again || failure.is_limit || !prepared.blank(culprit.lines) {
                    return Parsed {
                        root: None,
                        complete,
                    };
                }
            }
        }
    }
}

/// Why the events stopped, with what was open.
pub(crate) struct Failure {
    pub info: String,
    /// In characters of the prepared text.
    pub at: usize,
    /// Where the innermost open collection in brackets begins, as a byte in the file.
    pub open_bracket: Option<usize>,
    /// A limit was reached: nothing is gained by trying again.
    pub is_limit: bool,
}

enum Frame {
    Sequence {
        start: usize,
        layout: Layout,
        items: Vec<Node>,
    },
    Mapping {
        start: usize,
        layout: Layout,
        entries: Vec<(Key, Node)>,
        key: Option<Key>,
        seen: BTreeMap<String, Span>,
    },
}

struct Builder<'a> {
    file: FileId,
    text: &'a str,
    prepared: &'a Prepared,
    frames: Vec<Frame>,
    root: Option<Node>,
    documents: usize,
    nodes: usize,
    diagnostics: &'a mut Vec<Diagnostic>,
}

fn build(
    file: FileId,
    text: &str,
    prepared: &Prepared,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<(Option<Node>, usize), Failure> {
    let mut builder = Builder {
        file,
        text,
        prepared,
        frames: Vec::new(),
        root: None,
        documents: 0,
        nodes: 0,
        diagnostics,
    };
    let mut parser = Parser::new_from_str(&prepared.text);
    while let Some(next) = parser.next_event() {
        match next {
            Ok((event, span)) => {
                builder.event(event, span.start.index(), span.end.index())?;
                if builder.documents > 1 {
                    break;
                }
            }
            Err(error) => return Err(builder.failure(&error)),
        }
    }
    Ok((builder.root, builder.documents))
}

impl Builder<'_> {
    fn failure(&self, error: &ScanError) -> Failure {
        let open_bracket = self.frames.iter().rev().find_map(|frame| match frame {
            Frame::Sequence {
                start,
                layout: Layout::Flow,
                ..
            }
            | Frame::Mapping {
                start,
                layout: Layout::Flow,
                ..
            } => Some(*start),
            _ => None,
        });
        Failure {
            info: error.info().to_owned(),
            at: error.marker().index(),
            open_bracket,
            is_limit: false,
        }
    }

    fn limit(&self, info: &str, at: usize) -> Failure {
        Failure {
            info: info.to_owned(),
            at,
            open_bracket: None,
            is_limit: true,
        }
    }

    fn event(&mut self, event: Event<'_>, start: usize, end: usize) -> Result<(), Failure> {
        let (first, last) = (self.prepared.byte(start), self.prepared.byte(end));
        match event {
            Event::DocumentStart(_) => self.document(first),
            Event::Alias(_) => {
                self.refuse(
                    first,
                    last,
                    "an alias (`*name`)",
                    "Write the value out, or put the text in quotes.",
                );
                let node = self.as_written(first, last);
                self.complete(node);
            }
            Event::Scalar(value, style, anchor, tag) => {
                self.count(start)?;
                let refused = self.refuse_properties(anchor, tag.is_some(), first);
                let node = if let (Some((start, end)), true) = (refused, value.is_empty()) {
                    self.as_written(start, end)
                } else {
                    let (text, style) = self.scalar(&value, style, first, last);
                    Node {
                        span: text.span,
                        kind: NodeKind::Scalar(text, style),
                    }
                };
                self.complete(node);
            }
            Event::SequenceStart(anchor, tag) => {
                self.open(start, anchor, tag.is_some(), first)?;
                let layout = self.layout(first, b'[');
                self.frames.push(Frame::Sequence {
                    start: first,
                    layout,
                    items: Vec::new(),
                });
            }
            Event::MappingStart(anchor, tag) => {
                self.open(start, anchor, tag.is_some(), first)?;
                let layout = self.layout(first, b'{');
                self.frames.push(Frame::Mapping {
                    start: first,
                    layout,
                    entries: Vec::new(),
                    key: None,
                    seen: BTreeMap::new(),
                });
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(last),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn document(&mut self, at: usize) {
        self.documents += 1;
        if self.documents > 1 {
            let rest = &self.text[at..];
            let end = at + rest.find(char::is_whitespace).unwrap_or(rest.len());
            self.diagnostics.push(
                Diagnostic::new("AW005", Span::new(self.file, at, end), "a second document begins in this file")
                    .help("Remove the `---` or `...` line, or move what follows into a file of its own in the same folder."),
            );
        }
    }

    fn count(&mut self, at: usize) -> Result<(), Failure> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            Err(self.limit("too many nodes", at))
        } else {
            Ok(())
        }
    }

    fn open(&mut self, at: usize, anchor: usize, tag: bool, first: usize) -> Result<(), Failure> {
        self.count(at)?;
        self.refuse_properties(anchor, tag, first);
        if self.frames.len() >= MAX_DEPTH {
            Err(self.limit("too deep", at))
        } else {
            Ok(())
        }
    }

    /// A block collection begins at its first entry, one in brackets at its bracket.
    fn layout(&self, first: usize, bracket: u8) -> Layout {
        if self.text.as_bytes().get(first) == Some(&bracket) {
            Layout::Flow
        } else {
            Layout::Block
        }
    }

    fn close(&mut self, last: usize) {
        let Some(frame) = self.frames.pop() else {
            return;
        };
        let node = match frame {
            Frame::Sequence {
                start,
                layout,
                items,
            } => {
                let end = if layout == Layout::Flow {
                    last
                } else {
                    items.last().map_or(start, |item| item.span.end as usize)
                };
                Node {
                    kind: NodeKind::Sequence(items, layout),
                    span: Span::new(self.file, start, end.max(start)),
                }
            }
            Frame::Mapping {
                start,
                layout,
                entries,
                ..
            } => {
                let end = if layout == Layout::Flow {
                    last
                } else {
                    entries
                        .last()
                        .map_or(start, |(_, value)| value.span.end as usize)
                };
                Node {
                    kind: NodeKind::Mapping(entries, layout),
                    span: Span::new(self.file, start, end.max(start)),
                }
            }
        };
        self.complete(node);
    }

    /// Puts a finished node where it belongs.
    fn complete(&mut self, mut node: Node) {
        match self.frames.last_mut() {
            None => {
                if self.documents <= 1 {
                    self.root = Some(node);
                }
            }
            Some(Frame::Sequence { items, .. }) => items.push(node),
            Some(Frame::Mapping {
                entries,
                key: key @ Some(_),
                seen,
                ..
            }) => {
                let Some(key) = key.take() else { return };
                if node.is_missing() {
                    node.span = key.text.span;
                }
                // Of a key that stands twice, the first counts.
                let first = seen.get(&key.text.value);
                if first.is_none_or(|first| *first == key.text.span) {
                    entries.push((key, node));
                }
            }
            Some(Frame::Mapping { key, seen, .. }) => {
                let new = key_of(node, self.diagnostics);
                check_key(&new, seen, self.diagnostics);
                *key = Some(new);
            }
        }
    }

    /// Reports anchors and tags, and says from where to where they stand.
    fn refuse_properties(
        &mut self,
        anchor: usize,
        tag: bool,
        first: usize,
    ) -> Option<(usize, usize)> {
        if anchor == 0 && !tag {
            return None;
        }
        let before = &self.text[..first];
        // The event's place is that of its first property, or of the value after them.
        let at = if self.text[first..].starts_with(['&', '!']) {
            first
        } else {
            before.rfind(['&', '!']).unwrap_or(first)
        };
        let end = self.text[at..]
            .find(char::is_whitespace)
            .map_or(self.text.len(), |length| at + length);
        // `!open && x` is both to YAML, and begins with what was meant.
        if tag && (anchor == 0 || self.text[at..].starts_with('!')) {
            let whole = self.rest_of_value(at);
            let help = format!("An expression that begins with `!` needs quotes: {whole}.");
            self.refuse(at, end, "a tag (`!name`)", &help);
            return Some((at, end));
        }
        let help =
            "Write the value out where it is needed; a text that begins with `&` needs quotes.";
        self.refuse(at, end, "an anchor (`&name`)", help);
        Some((at, end))
    }

    /// What stands on the line from there on, in quotes; an example of it inside brackets.
    fn rest_of_value(&self, at: usize) -> String {
        let line = self.text[at..].lines().next().unwrap_or_default();
        let value = line.split(" #").next().unwrap_or_default().trim_end();
        let plain = !value.contains(['"', '\\', '{', '}', ',']) && value.len() <= 80;
        match plain {
            true => format!("\"{value}\""),
            false => "\"!published\"".to_owned(),
        }
    }

    fn refuse(&mut self, start: usize, end: usize, what: &str, help: &str) {
        let message = format!("YAML reads this as {what}, which designs don't use");
        self.diagnostics
            .push(Diagnostic::new("AW004", Span::new(self.file, start, end), message).help(help));
    }

    /// What was refused, as a text, so that nothing else is said about it.
    fn as_written(&self, first: usize, last: usize) -> Node {
        let value = self
            .text
            .get(first..last)
            .unwrap_or_default()
            .trim_end()
            .to_owned();
        let span = Span::new(self.file, first, first + value.len());
        let map = TextMap::From(first as u32);
        Node {
            kind: NodeKind::Scalar(Text { value, span, map }, Style::Quoted),
            span,
        }
    }

    fn scalar(&self, value: &str, style: ScalarStyle, first: usize, last: usize) -> (Text, Style) {
        let raw = &self.text[first..last.max(first)];
        match style {
            ScalarStyle::Plain => (align::plain(self.file, raw, first, value), Style::Plain),
            ScalarStyle::SingleQuoted => (
                align::quoted(self.file, raw, first, value, '\''),
                Style::Quoted,
            ),
            ScalarStyle::DoubleQuoted => (
                align::quoted(self.file, raw, first, value, '"'),
                Style::Quoted,
            ),
            ScalarStyle::Literal | ScalarStyle::Folded => {
                (align::block(self.file, raw, first, value), Style::Block)
            }
        }
    }
}
