//! From nodes to the syntax tree: what every part of it needs to look at a node and to say what is wrong.

mod access;
mod design;
mod entity;
mod field;
mod modifiers;
mod names;
mod operation;
mod reply;
mod shape;

pub use design::design;
pub use names::{MAX_NAME, NameForm};

use crate::ast::{Check, Evolution, Rate, Spanned, Text, TextMap};
use crate::yaml::{Key, Node, NodeKind, Style};
use crate::{keys, quantity, split};
use archwright_diagnostics::{Diagnostic, FileId, Sources, Span, nearest};
use std::collections::BTreeMap;

/// What to do where a comma cut a value in two.
const QUOTE_BEFORE: &str =
    "Put quotes around the value before it: inside `{ }` a comma ends a value.";
const QUOTE_THIS: &str = "Put quotes around the whole value: inside `{ }` a comma ends it.";

pub struct Context<'a> {
    pub sources: &'a Sources,
    pub diagnostics: Vec<Diagnostic>,
    /// Kind and name of what may be declared in one file only, with the first place.
    pub names: BTreeMap<(&'static str, String), Span>,
    /// Files with a part that could not be read: what is missing there may stand in that part.
    pub broken: Vec<FileId>,
}

/// A mapping whose keys were checked, with the place that stands for it when a key is missing.
pub struct Map<'n> {
    entries: &'n [(Key, Node)],
    /// What stands under misspelt keys, by the key that was meant: it is read all the same, so that nothing is said to be
    /// missing.
    misspelt: Vec<(String, &'n Node)>,
    pub place: Span,
}

impl<'n> Map<'n> {
    pub fn get(&self, key: &str) -> Option<&'n Node> {
        let mut entries = self.entries.iter();
        let written = entries.find(|(known, _)| known.text.value == key);
        let meant = || self.misspelt.iter().find(|(meant, _)| meant == key);
        match written {
            Some((_, node)) => Some(node),
            None => meant().map(|(_, node)| *node),
        }
    }

    pub fn key(&self, key: &str) -> Option<&'n Text> {
        self.entries
            .iter()
            .map(|(known, _)| &known.text)
            .find(|known| known.value == key)
    }

    pub fn entries(&self) -> &'n [(Key, Node)] {
        self.entries
    }
}

impl Context<'_> {
    pub fn report(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.diagnostics
            .push(Diagnostic::new(code, span, message).help(help));
    }

    /// The entries of a mapping; a missing value counts as an empty mapping.
    pub fn entries<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [(Key, Node)]> {
        match &node.kind {
            NodeKind::Mapping(entries, _) => Some(entries),
            _ if node.is_null() => Some(&[]),
            _ => {
                self.wrong_kind(node, what, "a mapping (`key: value` lines)");
                None
            }
        }
    }

    /// A mapping with a closed set of keys.
    pub fn map<'n>(
        &mut self,
        node: &'n Node,
        place: Span,
        what: &str,
        allowed: &[&str],
    ) -> Option<Map<'n>> {
        let entries = self.entries(node, what)?;
        let mut misspelt = Vec::new();
        for (key, value) in entries {
            if !allowed.contains(&key.text.value.as_str()) {
                let meant = self.unknown_key(key, value, what, allowed);
                misspelt.extend(meant.map(|meant| (meant, value)));
            }
        }
        Some(Map {
            entries,
            misspelt,
            place,
        })
    }

    /// Reports the key. Which one it was meant to be, if it is only misspelt.
    fn unknown_key(
        &mut self,
        key: &Key,
        value: &Node,
        what: &str,
        allowed: &[&str],
    ) -> Option<String> {
        let name = &key.text.value;
        if name == "<<" || key.is_no_word() {
            return None; // Reported when the mapping was read.
        }
        if name == "include" || name == "import" || name == "$ref" {
            let help = "Remove it, and hand the folder to the command: all its .yaml and .yml files are one design.";
            self.report(
                "AW011",
                key.text.span,
                format!("designs have no `{name}`"),
                help,
            );
            return None;
        }
        let synonym = keys::SYNONYMS
            .iter()
            .find(|(word, _)| word == name)
            .map(|(_, known)| *known);
        let misspelt = nearest(name, allowed.iter().copied());
        let meant = synonym.filter(|known| allowed.contains(known)).or(misspelt);
        let mut diagnostic = Diagnostic::new(
            "AW008",
            key.text.span,
            format!("{what} has no key `{name}`"),
        );
        if let Some(advice) = keys::advice(name, allowed) {
            self.diagnostics.push(diagnostic.help(advice));
            return None;
        }
        diagnostic = match meant {
            Some(meant) => diagnostic.help(format!("Did you mean `{meant}`?")).fix(
                format!("Write `{meant}`"),
                key.text.span,
                meant,
            ),
            None if self.ends_a_value(key, value) => diagnostic.help(QUOTE_BEFORE),
            None if name == "openapi" || name == "swagger" => diagnostic
                .help("This is an OpenAPI document; `docs/language.md` says how a design begins."),
            None => diagnostic.help(format!("Use one of {}.", allowed.join(", "))),
        };
        self.diagnostics.push(diagnostic);
        misspelt.filter(|_| meant == misspelt).map(str::to_owned)
    }

    /// Whether a key is the rest of a value that a comma cut in two: nothing follows it, or it is several words.
    fn ends_a_value(&self, key: &Key, value: &Node) -> bool {
        let text = &self.sources.get(key.text.span.file).text;
        let before = text.get(..key.text.span.start as usize);
        let after_comma = before.is_some_and(|before| before.trim_end().ends_with(','));
        value.is_missing() && self.in_brackets(key.text.span)
            || after_comma && key.text.value.contains(' ')
    }

    /// What a comma or a bracket follows, and no colon: the end of a value inside `{ }`, or the rest of one that a comma
    /// cut in two.
    fn in_brackets(&self, span: Span) -> bool {
        let text = &self.sources.get(span.file).text;
        text.get(span.end as usize..)
            .is_some_and(|rest| rest.trim_start().starts_with([',', '}']))
    }

    /// Such a rest: a comma stands before it, too.
    fn is_cut_off(&self, span: Span) -> bool {
        let text = &self.sources.get(span.file).text;
        let before = text.get(..span.start as usize);
        self.in_brackets(span) && before.is_some_and(|before| before.trim_end().ends_with(','))
    }

    pub fn required<'n>(&mut self, map: &Map<'n>, what: &str, key: &str) -> Option<&'n Node> {
        let node = map.get(key);
        let meant = |(known, _): &(Key, Node)| {
            let name = &known.text.value;
            nearest(name, [key]).is_some() || keys::SYNONYMS.contains(&(&name[..], key))
        };
        if node.is_none()
            && !self.broken.contains(&map.place.file)
            && !map.entries.iter().any(meant)
        {
            self.report(
                "AW010",
                map.place,
                format!("{what} lacks the key `{key}`"),
                format!("Add `{key}:`."),
            );
        }
        node
    }

    pub fn wrong_kind(&mut self, node: &Node, what: &str, wanted: &str) {
        if node.is_missing() {
            self.report(
                "AW010",
                node.span,
                format!("{what} has no value"),
                match self.is_cut_off(node.span) {
                    true => QUOTE_BEFORE,
                    false => "Give it one, or remove the key.",
                },
            );
            return;
        }
        let mut help = match example(what) {
            Some(example) => format!("Write {wanted}: `{example}`."),
            None => format!("Write {wanted}."),
        };
        if matches!(node.kind, NodeKind::Sequence(..)) && wanted.starts_with("a mapping") {
            help = format!("{help} Leave out the dashes or brackets.");
        }
        if what.starts_with("the field") && matches!(node.kind, NodeKind::Sequence(..)) {
            help = "Write a type: `enum(a, b)` for one of several words, `Tag[]` for many rows."
                .to_owned();
        } else if wanted.starts_with("a text") && !matches!(node.kind, NodeKind::Scalar(..)) {
            help =
                "Write a text; one that contains `[ ] { }` or begins with a bracket needs quotes."
                    .to_owned();
        }
        self.report(
            "AW009",
            first_line(self.sources, node.span),
            format!("{what} must be {wanted}, not {}", node.kind_name()),
            help,
        );
    }

    /// A scalar that says something.
    pub fn text(&mut self, node: &Node, what: &str) -> Option<Text> {
        match &node.kind {
            NodeKind::Scalar(text, _) if !node.is_null() => {
                if text.value.trim().is_empty() {
                    self.report(
                        "AW010",
                        text.span,
                        format!("{what} is empty"),
                        "Give a value, or remove the key.",
                    );
                    return None;
                }
                Some(split::trim(text))
            }
            _ => {
                self.wrong_kind(node, what, "a text");
                None
            }
        }
    }

    /// Like `text`, but a written `null` is a value.
    pub fn expression(&mut self, node: &Node, what: &str) -> Option<Text> {
        match &node.kind {
            NodeKind::Scalar(text, Style::Plain) if node.is_null() && !node.is_missing() => {
                let map = TextMap::Each(vec![
                    text.span.start,
                    text.span.start,
                    text.span.start,
                    text.span.start,
                    text.span.end,
                ]);
                Some(Text {
                    value: "null".to_owned(),
                    span: text.span,
                    map,
                })
            }
            _ => self.text(node, what),
        }
    }

    pub fn optional_text(&mut self, map: &Map<'_>, key: &str) -> Option<Text> {
        map.get(key)
            .and_then(|node| self.text(node, &format!("`{key}`")))
    }

    pub fn optional_expression(&mut self, map: &Map<'_>, key: &str) -> Option<Text> {
        map.get(key)
            .and_then(|node| self.expression(node, &format!("`{key}`")))
    }

    pub fn boolean(&mut self, map: &Map<'_>, key: &str) -> Option<Spanned<bool>> {
        let text = self.optional_text(map, key)?;
        match text.value.as_str() {
            "true" => Some(Spanned {
                value: true,
                span: text.span,
            }),
            "false" => Some(Spanned {
                value: false,
                span: text.span,
            }),
            other => {
                self.report(
                    "AW015",
                    text.span,
                    format!("`{key}` is true or false, not `{other}`"),
                    "Write `true` or `false`.",
                );
                None
            }
        }
    }

    /// A whole number from 0 to 2^53 - 1.
    pub fn integer(&mut self, text: &Text, what: &str) -> Option<Spanned<i64>> {
        let digits = !text.value.is_empty() && text.value.bytes().all(|byte| byte.is_ascii_digit());
        match text.value.parse::<i64>() {
            Ok(value) if digits && value < 1 << 53 => Some(Spanned {
                value,
                span: text.span,
            }),
            _ => {
                let message = format!("{what} is a whole number, not `{}`", clip(&text.value));
                self.report(
                    "AW015",
                    text.span,
                    message,
                    "Write digits only, such as `20`.",
                );
                None
            }
        }
    }

    pub fn optional_integer(&mut self, map: &Map<'_>, key: &str) -> Option<Spanned<i64>> {
        let text = self.optional_text(map, key)?;
        self.integer(&text, &format!("`{key}`"))
    }

    pub fn rate(&mut self, node: &Node, what: &str) -> Option<Spanned<Rate>> {
        self.quantity(
            node,
            what,
            quantity::rate,
            "a rate",
            "a number, a slash and s, min, h, day, week, month or year: `400/s`, `10k/day`",
        )
    }

    pub fn count(&mut self, node: &Node, what: &str) -> Option<Spanned<u64>> {
        self.quantity(
            node,
            what,
            quantity::count,
            "a number",
            "digits, with k, M or G where it is large: `40`, `10k`, `2M`",
        )
    }

    pub fn size(&mut self, node: &Node, what: &str) -> Option<Spanned<u64>> {
        self.quantity(
            node,
            what,
            quantity::size,
            "a size",
            "a number with B, KB, MB or GB: `5MB`",
        )
    }

    pub fn duration(&mut self, node: &Node, what: &str) -> Option<Spanned<u64>> {
        self.quantity(
            node,
            what,
            quantity::duration,
            "a duration",
            "a number with s, min, h, d, w or y: `15min`, `30d`",
        )
    }

    fn quantity<T>(
        &mut self,
        node: &Node,
        what: &str,
        parse: fn(&str) -> Option<T>,
        kind: &str,
        form: &str,
    ) -> Option<Spanned<T>> {
        let text = self.text(node, what)?;
        let value = parse(&text.value);
        if value.is_none() {
            let written = clip(&text.value);
            let message = match text.value.starts_with('-') {
                true => format!("{what} is {kind}, and `{written}` is below zero"),
                false => format!("{what} is {kind}, not `{written}`"),
            };
            self.report("AW016", text.span, message, format!("Write {form}."));
        }
        value.map(|value| Spanned {
            value,
            span: text.span,
        })
    }

    /// A list of texts, or one text with commas.
    pub fn names(&mut self, node: &Node, what: &str) -> Vec<Text> {
        match &node.kind {
            NodeKind::Sequence(items, _) => items
                .iter()
                .filter_map(|item| self.text(item, what))
                .collect(),
            _ => self
                .text(node, what)
                .map(|text| self.comma_names(&text, what))
                .unwrap_or_default(),
        }
    }

    fn comma_names(&mut self, text: &Text, what: &str) -> Vec<Text> {
        let mut names = Vec::new();
        for part in split::commas(&text.value) {
            let name = split::trimmed(text, part);
            if name.value.is_empty() {
                self.report(
                    "AW010",
                    text.span,
                    format!("{what} has nothing between two commas"),
                    "Remove the comma.",
                );
            } else {
                names.push(name);
            }
        }
        names
    }

    pub fn optional_names(&mut self, map: &Map<'_>, key: &str) -> Vec<Text> {
        map.get(key)
            .map(|node| self.names(node, &format!("`{key}`")))
            .unwrap_or_default()
    }

    pub fn sequence<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        match &node.kind {
            NodeKind::Sequence(items, _) => items,
            _ if node.is_null() => &[],
            _ => {
                self.wrong_kind(node, what, "a list (`- item` lines)");
                &[]
            }
        }
    }

    /// A name that is used in expressions, code and columns.
    pub fn name(&mut self, key: &Key, value: &Node, what: &str) -> Option<Text> {
        self.named(key, value, what, NameForm::Word)
    }

    pub fn named(&mut self, key: &Key, value: &Node, what: &str, form: NameForm) -> Option<Text> {
        let name = &key.text.value;
        if form.fits(name) {
            return Some(key.text.clone());
        }
        if name == "<<" || key.is_no_word() {
            return None; // Reported when the mapping was read.
        }
        if value.is_missing() && self.in_brackets(key.text.span) {
            let message = format!("`{}` stands here as {what} of its own", clip(name));
            self.report("AW013", key.text.span, message, QUOTE_BEFORE);
        } else {
            self.report(
                "AW013",
                key.text.span,
                format!("`{}` can't be the name of {what}", clip(name)),
                form.help_for(name),
            );
        }
        None
    }

    pub fn name_value_pairs(&mut self, node: &Node, what: &str) -> Vec<(Text, Text)> {
        let entries = self.entries(node, what).unwrap_or_default();
        let mut pairs = Vec::new();
        for (key, value) in entries {
            let name = self.name(key, value, "a field");
            let text = if name.is_some() {
                self.expression(value, &format!("`{}`", key.text.value))
            } else {
                None
            };
            pairs.extend(name.zip(text));
        }
        pairs
    }

    pub fn evolution(&mut self, map: &Map<'_>) -> Evolution {
        Evolution {
            since: self.optional_integer(map, "since"),
            until: self.optional_integer(map, "until"),
            was: self.optional_text(map, "was"),
        }
    }

    /// Remembers what may be declared once in all files. The second place is reported, and is not to be read.
    pub fn declare(&mut self, kind: &'static str, name: &Text) -> bool {
        let identity = (kind, name.value.clone());
        let Some(first) = self.names.get(&identity).copied() else {
            self.names.insert(identity, name.span);
            return true;
        };
        let (here, there) = (
            &self.sources.get(name.span.file).path,
            &self.sources.get(first.file).path,
        );
        let message = format!(
            "{kind} `{}` is declared in `{here}` and in `{there}`",
            name.value
        );
        self.diagnostics.push(
            Diagnostic::new("AW012", name.span, message)
                .other(first, "first declared here")
                .help("Keep it in one of the files, whole."),
        );
        false
    }

    pub fn checks(&mut self, node: &Node) -> Vec<Check> {
        let entries = self.entries(node, "`checks`").unwrap_or_default();
        entries
            .iter()
            .filter_map(|(key, value)| self.check(key, value))
            .collect()
    }

    fn check(&mut self, key: &Key, value: &Node) -> Option<Check> {
        let name = self.named(key, value, "a check", NameForm::Kebab)?;
        if !matches!(value.kind, NodeKind::Mapping(..)) {
            return Some(Check {
                that: self.expression(value, "a check")?,
                name,
                message: None,
            });
        }
        let map = self.map(value, name.span, "a check", keys::CHECK)?;
        let message = self.optional_text(&map, "message");
        let that = self
            .required(&map, "a check", "that")
            .and_then(|that| self.expression(that, "`that`"))?;
        Some(Check {
            name,
            that,
            message,
        })
    }
}

/// What a part of a design looks like.
fn example(what: &str) -> Option<&'static str> {
    Some(match what {
        "`fields`" => "title: string(1..120)",
        "`allow`" => "allow: { read: anyone, write: staff }",
        "`roles`" => "roles: { customer: { sign-up: open }, staff: { granted-by: staff } }",
        "`entities`" => "entities: { Book: { fields: { title: string } } }",
        "`page`" => "page: { default: 20, max: 100 }",
        "`tokens`" => "tokens: { access: 15min, refresh: 30d }",
        "`rates`" => "rates: { read: 1200/min }",
        "`moves`" => "moves: { place: { from: draft, to: placed, by: owner } }",
        "a move" => "place: { from: draft, to: placed, by: owner }",
        "`set`" => "set: { placed_at: now }",
        "`input`" => "input: { tracking: string(4..40) }",
        "`reply`" => "reply: { 200: { article: article } }",
        "`checks`" => "checks: { dates: starts_at < ends_at }",
        "`workload`" => "workload: { rows: 2M, list: 400/s }",
        "`steps`" | "`do`" => "- find: { article: Article }",
        _ => return None,
    })
}

/// The part of a span that lies on its first line, so that a long mapping isn't underlined whole.
pub fn first_line(sources: &Sources, span: Span) -> Span {
    let text = &sources.get(span.file).text;
    let part = text
        .get(span.start as usize..span.end as usize)
        .unwrap_or_default();
    let length = part.find(['\n', '\r']).unwrap_or(part.len());
    Span {
        end: span.start + part[..length].trim_end().len() as u32,
        ..span
    }
}

/// At most a line's worth of what somebody wrote.
pub fn clip(text: &str) -> String {
    match text.char_indices().nth(48) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
