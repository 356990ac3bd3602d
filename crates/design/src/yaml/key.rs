//! The keys of mappings: words, each once.

use super::{Key, Node, NodeKind, Style};
use crate::ast::{Text, TextMap};
use archwright_diagnostics::{Diagnostic, Span};
use std::collections::BTreeMap;

pub fn key_of(node: Node, diagnostics: &mut Vec<Diagnostic>) -> Key {
    match node.kind {
        NodeKind::Scalar(text, style) => Key { text, style },
        _ => {
            diagnostics.push(
                Diagnostic::new(
                    "AW009",
                    node.span,
                    "a key must be a word, not a list or a mapping",
                )
                .help(
                    "Put a word before the colon; a text that begins with `{` or `[` needs quotes.",
                ),
            );
            let map = TextMap::From(node.span.start);
            Key {
                text: Text {
                    value: String::new(),
                    span: Span {
                        end: node.span.start,
                        ..node.span
                    },
                    map,
                },
                style: Style::Quoted,
            }
        }
    }
}

pub fn check_key(key: &Key, seen: &mut BTreeMap<String, Span>, diagnostics: &mut Vec<Diagnostic>) {
    let name = &key.text.value;
    if name.is_empty() && key.style == Style::Plain {
        let help = "Write a name before the colon.";
        diagnostics.push(Diagnostic::new("AW013", key.text.span, "a key is empty").help(help));
    } else if name == "<<" && key.style == Style::Plain {
        diagnostics.push(
            Diagnostic::new(
                "AW004",
                key.text.span,
                "YAML reads this as a merge key (`<<`), which designs don't use",
            )
            .help("Write the keys out."),
        );
    } else if let Some(first) = seen.get(name) {
        diagnostics.push(
            Diagnostic::new(
                "AW007",
                key.text.span,
                format!("the key `{name}` stands twice in the same mapping"),
            )
            .other(*first, "first here")
            .help("Keep one of the two, or give one another name."),
        );
    } else {
        seen.insert(name.clone(), key.text.span);
    }
}
