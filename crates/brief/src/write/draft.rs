//! A design in the making, and how it is printed.

use std::fmt::Write;

/// A key with its value in the language of designs, and where it comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    pub name: String,
    pub value: String,
    /// `stated [3]`; empty when the whole it stands in says so already.
    pub note: String,
}

#[derive(Clone, Debug, Default)]
pub struct DraftEntity {
    /// `OrderLine`
    pub name: String,
    pub note: String,
    /// `about`, `account`, `key`, `plural`, …
    pub settings: Vec<Line>,
    pub fields: Vec<Line>,
    pub unique: Vec<Line>,
    pub index: Vec<Line>,
    pub checks: Vec<Line>,
    pub allow: Vec<Line>,
    pub moves: Vec<Line>,
    /// `soft-delete`, `workload`
    pub last: Vec<Line>,
    /// Written with another entity's rows: it has no rules of its own.
    pub part: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub name: String,
    pub about: String,
    /// What stands above the design, a line each.
    pub head: Vec<String>,
    pub roles: Vec<Line>,
    pub entities: Vec<DraftEntity>,
    /// Further sections, such as `operations`.
    pub others: Vec<(String, Vec<Line>)>,
}

impl Line {
    pub fn new(name: impl Into<String>, value: impl Into<String>, note: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            note: note.into(),
        }
    }
}

impl DraftEntity {
    pub fn has_field(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.name == name)
    }
}

impl Draft {
    pub fn entity(&self, name: &str) -> Option<&DraftEntity> {
        self.entities.iter().find(|entity| entity.name == name)
    }

    pub fn print(&self) -> String {
        let mut out = String::new();
        for line in &self.head {
            let _ = writeln!(out, "{}", format!("# {line}").trim_end());
        }
        let _ = writeln!(out, "archwright: 1\nname: {}", self.name);
        if !self.about.is_empty() {
            let _ = writeln!(out, "about: {}", quoted(&self.about));
        }
        section(&mut out, 0, "roles", &self.roles);
        out.push_str("\nentities:\n");
        for entity in &self.entities {
            entity.print(&mut out);
        }
        for (name, lines) in &self.others {
            section(&mut out, 0, name, lines);
        }
        out
    }
}

impl DraftEntity {
    fn print(&self, out: &mut String) {
        if !self.note.is_empty() {
            let _ = writeln!(out, "  # {}", self.note);
        }
        let _ = writeln!(out, "  {}:", self.name);
        for setting in &self.settings {
            line(out, 2, setting);
        }
        section(out, 2, "fields", &self.fields);
        for (name, keys) in [("unique", &self.unique), ("index", &self.index)] {
            if !keys.is_empty() {
                let _ = writeln!(out, "    {name}:");
            }
            for key in keys {
                let _ = writeln!(out, "      - {}{}", key.value, note(&key.note));
            }
        }
        section(out, 2, "checks", &self.checks);
        section(out, 2, "allow", &self.allow);
        section(out, 2, "moves", &self.moves);
        for setting in &self.last {
            line(out, 2, setting);
        }
    }
}

fn section(out: &mut String, depth: usize, name: &str, lines: &[Line]) {
    if lines.is_empty() {
        return;
    }
    if depth == 0 {
        out.push('\n');
    }
    let _ = writeln!(out, "{}{name}:", "  ".repeat(depth));
    for each in lines {
        line(out, depth + 1, each);
    }
}

fn line(out: &mut String, depth: usize, line: &Line) {
    let indent = "  ".repeat(depth);
    let _ = writeln!(
        out,
        "{indent}{}: {}{}",
        line.name,
        line.value,
        note(&line.note)
    );
}

fn note(note: &str) -> String {
    if note.is_empty() {
        String::new()
    } else {
        format!(" # {note}")
    }
}

/// Free text as a YAML scalar.
pub fn quoted(text: &str) -> String {
    let plain = text.starts_with(|first: char| first.is_alphabetic())
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with([':', ' '])
        && !text.contains(|each: char| each.is_control() || "\"\\{}[]".contains(each))
        && !matches!(
            text.to_lowercase().as_str(),
            "true" | "false" | "null" | "yes" | "no"
        );
    if plain {
        return text.to_owned();
    }
    let escaped: String = text
        .chars()
        .filter(|each| !each.is_control())
        .flat_map(|each| match each {
            '"' | '\\' => vec!['\\', each],
            _ => vec![each],
        })
        .collect();
    format!("\"{escaped}\"")
}
