//! What is said about modifiers that there are not, and about the arguments of those that there are.

use super::{Context, clip};
use crate::ast::Text;
use crate::keys;
use archwright_diagnostics::{Diagnostic, Span, nearest};

impl Context<'_> {
    pub fn unknown_modifier(&mut self, word: &Text, rest: &Text, ty: &Span) {
        let whole = word.span.to(rest.span);
        let source = &self.sources.get(whole.file).text;
        let text_of = |span: Span| source.get(span.start as usize..span.end as usize);
        let written = text_of(whole).unwrap_or(&word.value);
        let name = &word.value[..];
        let message = format!("`{}` is no modifier of a field", clip(written));
        let hint = match (name, text_of(*ty)) {
            ("about" | "visible" | "settable", Some(ty)) if !rest.value.is_empty() => {
                let quote = if ty.contains([',', '[']) { "\"" } else { "" };
                Some(format!(
                    "Write the field as a mapping: `{{ type: {quote}{ty}{quote}, {name}: {} }}`.",
                    clip(&rest.value)
                ))
            }
            _ => modifier_hint(name).map(str::to_owned),
        };
        let mut diagnostic = Diagnostic::new("AW018", whole, message);
        diagnostic = match (hint, nearest(name, keys::MODIFIERS.iter().copied())) {
            (Some(hint), _) => diagnostic.help(hint),
            (None, Some(meant)) => diagnostic.help(format!("Did you mean `{meant}`?")).fix(
                format!("Write `{meant}`"),
                word.span,
                meant,
            ),
            (None, None) => diagnostic.help(self.list_of_modifiers()),
        };
        self.diagnostics.push(diagnostic);
    }

    /// All of them, the first time that somebody has to choose.
    fn list_of_modifiers(&mut self) -> String {
        let list = format!("Use one of {}.", keys::MODIFIERS.join(", "));
        let said = |known: &Diagnostic| known.help.as_ref() == Some(&list);
        match self.diagnostics.iter().any(said) {
            true => "Use one of those that are listed at the first such mistake.".to_owned(),
            false => list,
        }
    }
}

/// Words that people bring from elsewhere.
pub fn modifier_hint(word: &str) -> Option<&'static str> {
    match &word.to_ascii_lowercase()[..] {
        "optional" | "nullable" | "null" => Some("Put `?` after the type: `string(1..120)?`."),
        "required" | "not" => {
            Some("Leave it out: a field is required unless `?` stands after its type.")
        }
        "default" => Some("Write `= VALUE` at the end."),
        "primary" => Some(
            "Leave it out: every entity has an `id`; an own one is named by the entity's `key`.",
        ),
        "references" | "foreign" => Some("Use the entity as the type: `customer: Customer`."),
        "computed" => Some("Write `:= EXPRESSION` at the end."),
        "index" | "indexed" => {
            Some("Write `filter` or `sort`, or list it under the entity's `index`.")
        }
        "unsigned" => Some("Leave it out, and write `, min 0`."),
        "autoincrement" | "auto_increment" => {
            Some("Leave it out: ids are made by the server; `id: int` on the entity numbers them.")
        }
        "cascade" => Some("Write `on-delete cascade`."),
        "range" | "between" => Some("Write `min 1, max 5`."),
        "check" => Some("Write it under the entity's `checks`."),
        "length" | "maxlength" => Some("Put the length in the type's brackets: `string(1..120)`."),
        "about" | "visible" | "settable" => {
            Some("Write the field as a mapping: `{ type: string, settable: owner, about: Why. }`.")
        }
        _ => None,
    }
}

pub fn argument_example(name: &str) -> &'static str {
    match name {
        "by" => "the field on the other side: `by article`",
        "through" => "the entity between: `through Enrolment`",
        "on-delete" => "`on-delete restrict`, `on-delete cascade` or `on-delete set-null`",
        "min" => "the least value: `min 0`",
        "max" => "the greatest value: `max 100`",
        "pattern" => "a regular expression: `pattern '^97[89]'`",
        "from" => "the field that the slug is made from: `from title`",
        "example" => "a value: `example 12.50`",
        "was" => "the former name: `was fullname`",
        _ => "an API version: `since 2`",
    }
}
