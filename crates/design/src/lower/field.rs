//! Fields, short and long: `string(1..120)?, unique within organisation = 'x'`.

use super::modifiers::{argument_example, modifier_hint};
use super::{Context, Map, NameForm, clip};
use crate::ast::{Evolution, Field, Text, TypeText, Unique};
use crate::keys;
use crate::split;
use crate::yaml::{Node, NodeKind};
use archwright_diagnostics::{Diagnostic, Span};

impl Context<'_> {
    /// A mapping of names to fields.
    pub fn fields(&mut self, node: &Node, what: &str) -> Vec<Field> {
        let entries = self.entries(node, what).unwrap_or_default();
        let mut fields = Vec::new();
        for (key, value) in entries {
            if let Some(name) = self.name(key, value, "a field") {
                fields.extend(self.field(&name, value));
            }
        }
        fields
    }

    pub fn field(&mut self, name: &Text, node: &Node) -> Option<Field> {
        let span = super::entity::entry_span(name, node);
        match &node.kind {
            NodeKind::Mapping(..) => {
                let map = self.map(node, name.span, "a field", keys::FIELD)?;
                let ty = self.required(&map, "a field", "type")?;
                let text = self.text(ty, "`type`")?;
                let mut field = self.short_field(name, &text, span)?;
                self.long_keys(&map, &mut field);
                Some(field)
            }
            _ => {
                let text = self.text(node, &format!("the field `{}`", name.value))?;
                self.short_field(name, &text, span)
            }
        }
    }

    fn short_field(&mut self, name: &Text, text: &Text, span: Span) -> Option<Field> {
        if let Some(range) = split::unbalanced(&text.value) {
            let message = format!("this `{}` has no counterpart", &text.value[range.clone()]);
            let place = text.place(range);
            let whole = &self.sources.get(place.file).text;
            let help = match split::cut_by_comma(whole, place.start as usize) {
                true => super::QUOTE_THIS,
                false => "Close every quote and bracket.",
            };
            self.report("AW017", place, message, help);
            return None;
        }
        let (head, value) = match split::assignment(&text.value) {
            Some((sign, computed)) => {
                let value = split::trimmed(text, sign.end..text.value.len());
                (
                    split::trimmed(text, 0..sign.start),
                    Some((value, computed, text.place(sign))),
                )
            }
            None => (text.clone(), None),
        };
        let parts = split::commas(&head.value);
        let mut parts = parts.into_iter();
        let ty = self.type_text(&split::trimmed(&head, parts.next()?))?;
        let mut field = empty_field(name.clone(), span, ty);
        for part in parts {
            self.modifier(&head, part, &mut field);
        }
        if let Some((value, computed, sign)) = value {
            self.value(&mut field, value, computed, sign);
        }
        Some(field)
    }

    fn value(&mut self, field: &mut Field, value: Text, computed: bool, sign: Span) {
        let what = if computed { "`:=`" } else { "`=`" };
        if value.value.is_empty() {
            self.report(
                "AW018",
                sign,
                format!("nothing follows {what}"),
                "Write a value or an expression after it.",
            );
            return;
        }
        let parts = split::commas(&value.value);
        if let [_, second, ..] = parts.as_slice() {
            let rest = split::trimmed(&value, second.start..value.value.len());
            let message = format!("a modifier stands after {what}");
            let help = format!(
                "Move `{}` before {what}: the value comes last.",
                clip(&rest.value)
            );
            self.report("AW019", rest.span, message, help);
            return;
        }
        if computed {
            field.computed = Some(value);
        } else {
            field.default = Some(value);
        }
    }

    /// `string(1..120)[]?`
    pub fn type_text(&mut self, text: &Text) -> Option<TypeText> {
        let value = &text.value;
        let end = value
            .find(|character: char| !character.is_ascii_alphanumeric() && character != '_')
            .unwrap_or(value.len());
        let name = text.slice(0..end);
        if !NameForm::Word.fits(&name.value) {
            let message = format!("`{}` is no type", clip(value));
            let help = "Begin with a type such as string(1..120), int, bool, date or an entity; then commas and modifiers.";
            self.report("AW017", text.span, message, help);
            return None;
        }
        let (arguments, mut at) = match value[end..].strip_prefix('(') {
            Some(_) => {
                let close = closing_bracket(value, end)?;
                (self.arguments(text, end + 1..close), close + 1)
            }
            None => (Vec::new(), end),
        };
        let (mut optional, mut many) = (false, false);
        loop {
            let rest = &value[at..];
            if rest.starts_with('?') && !optional {
                (optional, at) = (true, at + 1);
            } else if rest.starts_with("[]") && !many {
                (many, at) = (true, at + 2);
            } else {
                break;
            }
        }
        let rest = split::trimmed(text, at..value.len());
        if !rest.value.is_empty() {
            let ty = &value[..at];
            let message = format!(
                "`{}` can't follow the type `{}`",
                clip(&rest.value),
                clip(ty)
            );
            let hint = modifier_hint(&split::word(&rest).0.value);
            let help = match rest.value.chars().next() {
                _ if hint.is_some() => hint.unwrap_or_default().to_owned(),
                Some('@') => "Leave `@…` out: modifiers follow a comma, a default `=`: `string, unique = 'a'`."
                    .to_owned(),
                Some('<' | '>') => "Write bounds as modifiers: `, min 0, max 100`.".to_owned(),
                Some('[') if !many && !rest.value.starts_with("[]") => format!("Use round brackets: `{ty}({}`.", closed(&rest.value)),
                Some(first) if first.is_alphabetic() && self.in_brackets(rest.span) => format!(
                    "Put a comma between them, and quotes around the whole: `\"{ty}, {}\"`.",
                    clip(&rest.value)
                ),
                Some(first) if first.is_alphabetic() => {
                    format!("Put a comma between them: `{ty}, {}`.", clip(&rest.value))
                }
                _ => "After the type come `?` for optional and `[]` for a list, each once."
                    .to_owned(),
            };
            self.report("AW017", rest.span, message, help);
            return None;
        }
        Some(TypeText {
            name,
            arguments,
            optional,
            many,
            span: text.span,
        })
    }

    fn arguments(&mut self, text: &Text, range: std::ops::Range<usize>) -> Vec<Text> {
        let inner = text.slice(range.clone());
        let mut arguments = Vec::new();
        for part in split::commas(&inner.value) {
            let argument = split::trimmed(&inner, part);
            if argument.value.is_empty() {
                let place = text.place(range.start - 1..range.end + 1);
                self.report(
                    "AW017",
                    place,
                    "an argument of the type is empty",
                    "Write it, or remove the comma or the brackets.",
                );
            } else {
                arguments.push(argument);
            }
        }
        arguments
    }

    fn modifier(&mut self, head: &Text, part: std::ops::Range<usize>, field: &mut Field) {
        let text = split::trimmed(head, part.clone());
        let (word, rest) = split::word(&text);
        if word.value.is_empty() {
            let place = head.place(part.start.saturating_sub(1)..part.end);
            self.report(
                "AW018",
                place,
                "nothing follows this comma",
                "Remove it, or write a modifier.",
            );
            return;
        }
        let name = word.value.as_str();
        if flag(field, name).is_some() {
            if !rest.value.is_empty() {
                let help = format!("Write `{name}` alone, with a comma after it.");
                self.report(
                    "AW018",
                    rest.span,
                    format!("`{name}` takes no argument"),
                    help,
                );
            }
            let twice = flag(field, name).and_then(|slot| slot.replace(word.span));
            self.twice(twice, &word);
        } else if name == "unique" {
            let unique = self.unique(&word, &rest);
            let twice = unique
                .and_then(|unique| field.unique.replace(unique))
                .map(|first| first.span);
            self.twice(twice, &word);
        } else if keys::MODIFIERS.contains(&name) {
            self.modifier_with_argument(&word, &rest, field);
        } else {
            self.unknown_modifier(&word, &rest, &field.ty.span);
        }
    }

    fn modifier_with_argument(&mut self, word: &Text, rest: &Text, field: &mut Field) {
        let name = word.value.as_str();
        if rest.value.is_empty() {
            let help = format!("Write {}.", argument_example(name));
            self.report(
                "AW018",
                word.span,
                format!("`{name}` needs an argument"),
                help,
            );
            return;
        }
        let rest = match name {
            "example" | "min" | "max" => &without_quotes(rest),
            _ => rest,
        };
        let Some(argument) = self.argument(name, rest) else {
            return;
        };
        let previous = match name {
            "since" | "until" => {
                let number = self.integer(&argument, &format!("`{name}`"));
                let slot = if name == "since" {
                    &mut field.evolution.since
                } else {
                    &mut field.evolution.until
                };
                std::mem::replace(slot, number).map(|first| first.span)
            }
            _ => text_slot(field, name)
                .and_then(|slot| slot.replace(argument))
                .map(|first| first.span),
        };
        self.twice(previous, word);
    }

    fn argument(&mut self, name: &str, rest: &Text) -> Option<Text> {
        if name == "pattern" {
            return self.unquoted(name, rest);
        }
        if name == "on-delete" && !keys::ON_DELETE.contains(&rest.value.as_str()) {
            let message = format!("`on-delete` can't be `{}`", clip(&rest.value));
            super::design::unknown_word(self, rest, &message, keys::ON_DELETE);
            return None;
        }
        let names_something = matches!(name, "by" | "through" | "from" | "was");
        if names_something && !NameForm::Word.fits(&rest.value) {
            let message = format!("`{name}` takes one name, not `{}`", clip(&rest.value));
            self.report(
                "AW018",
                rest.span,
                message,
                format!(
                    "Write {}, with a comma before the next modifier.",
                    argument_example(name)
                ),
            );
            return None;
        }
        Some(rest.clone())
    }

    /// What stands between the quotes of `pattern '…'`.
    fn unquoted(&mut self, name: &str, text: &Text) -> Option<Text> {
        let value = &text.value;
        let quote = value
            .chars()
            .next()
            .filter(|quote| *quote == '\'' || *quote == '"');
        let end = quote
            .and_then(|quote| value[1..].find(quote))
            .map(|end| end + 1);
        match end {
            Some(end) if end + 1 == value.len() => Some(text.slice(1..end)),
            _ => {
                let help = format!(
                    "Put the whole of it in one pair of quotes: {}.",
                    argument_example(name)
                );
                self.report(
                    "AW018",
                    text.span,
                    format!("the argument of `{name}` is not one text in quotes"),
                    help,
                );
                None
            }
        }
    }

    /// After `unique`: nothing, or `within organisation+year`.
    fn unique(&mut self, word: &Text, rest: &Text) -> Option<Unique> {
        if rest.value.is_empty() {
            return Some(Unique {
                within: Vec::new(),
                span: word.span,
            });
        }
        let (within, scope) = split::word(rest);
        let names: Vec<Text> = plus_parts(&scope);
        let sound = within.value == "within"
            && !names.is_empty()
            && names.iter().all(|name| NameForm::Word.fits(&name.value));
        if sound {
            return Some(Unique {
                within: names,
                span: word.span.to(rest.span),
            });
        }
        let help =
            "Write `unique`, `unique within organisation` or `unique within organisation+year`.";
        self.report(
            "AW018",
            rest.span,
            format!("`{}` can't follow `unique`", clip(&rest.value)),
            help,
        );
        None
    }

    fn twice(&mut self, previous: Option<Span>, word: &Text) {
        if let Some(first) = previous {
            self.diagnostics.push(
                Diagnostic::new(
                    "AW019",
                    word.span,
                    format!("the modifier `{}` stands twice", word.value),
                )
                .other(first, "first here")
                .help("Keep one of the two."),
            );
        }
    }

    fn long_keys(&mut self, map: &Map<'_>, field: &mut Field) {
        field.about = self.optional_text(map, "about");
        for (key, node) in map.entries() {
            let name = key.text.value.as_str();
            let previous = match name {
                "unique" => self
                    .long_unique(map, node)
                    .and_then(|unique| field.unique.replace(unique))
                    .map(|first| first.span),
                "visible" | "settable" => {
                    let grants = self.grants(node, &format!("`{name}`"));
                    let slot = if name == "visible" {
                        &mut field.visible
                    } else {
                        &mut field.settable
                    };
                    *slot = Some(grants);
                    None
                }
                "since" | "until" => {
                    let number = self.optional_integer(map, name);
                    let slot = if name == "since" {
                        &mut field.evolution.since
                    } else {
                        &mut field.evolution.until
                    };
                    number
                        .and_then(|number| slot.replace(number))
                        .map(|first| first.span)
                }
                _ if flag(field, name).is_some() => {
                    let on = self.boolean(map, name).is_some_and(|on| on.value);
                    flag(field, name)
                        .filter(|_| on)
                        .and_then(|slot| slot.replace(key.text.span))
                }
                _ if text_slot(field, name).is_some() => {
                    let text = self
                        .optional_expression(map, name)
                        .and_then(|text| match name {
                            "pattern" => Some(text),
                            _ => self.argument(name, &text),
                        });
                    field.plain_default |= name == "default" && text.is_some();
                    text.and_then(|text| text_slot(field, name)?.replace(text))
                        .map(|first| first.span)
                }
                _ => None,
            };
            self.twice(previous, &key.text);
        }
    }

    fn long_unique(&mut self, map: &Map<'_>, node: &Node) -> Option<Unique> {
        let span = map.key("unique").map_or(node.span, |key| key.span);
        if matches!(node.kind, NodeKind::Mapping(..)) {
            let inner = self.map(node, span, "`unique`", keys::UNIQUE)?;
            return Some(Unique {
                within: self.optional_names(&inner, "within"),
                span,
            });
        }
        let text = self.text(node, "`unique`")?;
        match text.value.as_str() {
            "true" => Some(Unique {
                within: Vec::new(),
                span,
            }),
            "false" => None,
            _ => self.unique(map.key("unique")?, &text),
        }
    }
}

/// What stands between the quotes around the whole text, or all of it.
fn without_quotes(text: &Text) -> Text {
    let value = &text.value;
    let inner = ['\'', '"'].into_iter().find_map(|quote| {
        let inner = value.strip_prefix(quote)?.strip_suffix(quote)?;
        (!inner.contains(quote)).then_some(1..value.len() - 1)
    });
    inner.map_or_else(|| text.clone(), |range| text.slice(range))
}

/// `[a, b]` without its first bracket, and with a round last one.
fn closed(value: &str) -> String {
    clip(&value[1..]).replace(']', ")")
}

fn closing_bracket(value: &str, open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote = None;
    for (at, character) in value.char_indices().skip_while(|(at, _)| *at < open) {
        match (quote, character) {
            (Some(end), _) if character == end => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            (None, '(') => depth += 1,
            (None, ')') if depth == 1 => return Some(at),
            (None, ')') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

fn plus_parts(text: &Text) -> Vec<Text> {
    let mut start = 0;
    let parts = text.value.split('+').map(|part| {
        let range = start..start + part.len();
        start = range.end + 1;
        split::trimmed(text, range)
    });
    parts.collect()
}

fn flag<'f>(field: &'f mut Field, name: &str) -> Option<&'f mut Option<Span>> {
    Some(match name {
        "immutable" => &mut field.immutable,
        "read-only" => &mut field.read_only,
        "write-only" => &mut field.write_only,
        "sensitive" => &mut field.sensitive,
        "search" => &mut field.search,
        "filter" => &mut field.filter,
        "sort" => &mut field.sort,
        "owner" => &mut field.owner,
        "tenant" => &mut field.tenant,
        "composed" => &mut field.composed,
        "blank-as-null" => &mut field.blank_as_null,
        _ => return None,
    })
}

fn text_slot<'f>(field: &'f mut Field, name: &str) -> Option<&'f mut Option<Text>> {
    Some(match name {
        "by" => &mut field.by,
        "through" => &mut field.through,
        "on-delete" => &mut field.on_delete,
        "min" => &mut field.min,
        "max" => &mut field.max,
        "pattern" => &mut field.pattern,
        "from" => &mut field.from,
        "default" => &mut field.default,
        "computed" => &mut field.computed,
        "example" => &mut field.example,
        "was" => &mut field.evolution.was,
        _ => return None,
    })
}

fn empty_field(name: Text, span: Span, ty: TypeText) -> Field {
    Field {
        name,
        span,
        about: None,
        ty,
        unique: None,
        immutable: None,
        read_only: None,
        write_only: None,
        sensitive: None,
        search: None,
        filter: None,
        sort: None,
        owner: None,
        tenant: None,
        composed: None,
        by: None,
        through: None,
        on_delete: None,
        min: None,
        max: None,
        pattern: None,
        blank_as_null: None,
        from: None,
        default: None,
        plain_default: false,
        computed: None,
        example: None,
        visible: None,
        settable: None,
        evolution: Evolution::default(),
    }
}
