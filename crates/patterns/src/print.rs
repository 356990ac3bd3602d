//! A composition as the text of a design.

use crate::compose::{Composition, Entity, Member};
use crate::node::Node;
use std::fmt::Write;

impl Composition {
    /// A whole design with this name and purpose.
    pub fn to_yaml(&self, name: &str, about: &str) -> String {
        let mut out = format!(
            "archwright: 1\nname: {}\nabout: {}\n\nroles:\n",
            scalar(name, Place::Block),
            scalar(about, Place::Block)
        );
        for role in &self.roles {
            line(&mut out, 1, &role.name, &role.value);
        }
        out += "\nentities:\n";
        for entity in &self.entities {
            entity.print(&mut out);
        }
        out
    }
}

impl Entity {
    fn print(&self, out: &mut String) {
        let _ = writeln!(out, "  {}:", self.name);
        let (last, first): (Vec<_>, Vec<_>) = self
            .settings
            .iter()
            .partition(|setting| setting.name == "workload");
        first
            .iter()
            .for_each(|setting| line(out, 2, &setting.name, &setting.value));
        section(out, "fields", &self.fields);
        for (name, keys) in [("unique", &self.unique), ("index", &self.index)] {
            if !keys.is_empty() {
                let keys = keys.iter().map(|key| key.value.clone()).collect();
                line(out, 2, name, &Node::List(keys));
            }
        }
        section(out, "checks", &self.checks);
        section(
            out,
            "allow",
            &self.allow.iter().map(joined).collect::<Vec<_>>(),
        );
        section(out, "moves", &self.moves);
        last.iter()
            .for_each(|setting| line(out, 2, &setting.name, &setting.value));
    }
}

/// A rule with its grants on one line, where none of them is a mapping.
fn joined(rule: &Member) -> Member {
    let texts: Option<Vec<&str>> = rule.value.items().iter().map(Node::text).collect();
    let value = texts.map_or_else(|| rule.value.clone(), |texts| Node::Text(texts.join(", ")));
    Member {
        value,
        ..rule.clone()
    }
}

fn section(out: &mut String, name: &str, members: &[Member]) {
    if members.is_empty() {
        return;
    }
    let _ = writeln!(out, "    {name}:");
    for member in members {
        line(out, 3, &member.name, &member.value);
    }
}

fn line(out: &mut String, depth: usize, key: &str, value: &Node) {
    let indent = "  ".repeat(depth);
    let _ = match value {
        Node::Text(text) => writeln!(out, "{indent}{key}: {}", scalar(text, Place::Block)),
        other => writeln!(out, "{indent}{key}: {}", flow(other)),
    };
}

fn flow(node: &Node) -> String {
    match node {
        Node::Text(text) => scalar(text, Place::Flow),
        Node::List(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Node::Map(entries) => {
            let entries = entries
                .iter()
                .map(|(key, value)| format!("{}: {}", scalar(key, Place::Flow), flow(value)));
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Block,
    Flow,
}

fn scalar(text: &str, place: Place) -> String {
    let bad_start = text
        .starts_with(|first: char| !first.is_alphanumeric() && first != '/' && first != '-')
        || text.starts_with("- ");
    let bad_end = text.ends_with([' ', ':']) || text.is_empty();
    let bad_within = text.contains(": ") || text.contains(" #") || text.contains('\n');
    let bad_in_flow =
        place == Place::Flow && text.contains([',', '[', ']', '{', '}', '"', '\'', ':']);
    let word = matches!(text, "null" | "~" | "yes" | "no" | "on" | "off");
    if bad_start || bad_end || bad_within || bad_in_flow || word {
        return format!(
            "\"{}\"",
            text.replace('\\', "\\\\")
                .replace('"', "\\\"")
                .replace('\n', "\\n")
        );
    }
    text.to_owned()
}
