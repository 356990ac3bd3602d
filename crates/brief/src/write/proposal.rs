//! A design that somebody else proposes (a language model), beside the one that was written from the brief: what they have
//! in common keeps its origin, what is new or different is marked, what is missing is listed.

use super::Written;
use super::draft::{Draft, DraftEntity, Line, quoted};
use super::names;
use super::nodes::{flow, key, scalar};
use archwright_patterns::Node;

/// Says of an element that it is proposed.
const PROPOSED: &str = "proposed";

/// A design in which it stands what was proposed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposed {
    pub design: String,
    /// Elements that the written design has in no form, or in another.
    pub added: usize,
    /// Elements of the written design that the proposed one lacks: `Order.note`.
    pub left_out: Vec<String>,
}

/// The proposed design as text. Whoever proposed it is named at its head.
pub fn proposed(written: Option<&Written>, proposal: &Node, by: &str, name: &str) -> Proposed {
    let nothing = Draft::default();
    let base = written.map_or(&nothing, |written| &written.draft);
    let mut merged = Merge { base, added: 0 };
    let mut draft = merged.draft(proposal);
    draft.name = names::role(name).unwrap_or_else(|| "backend".to_owned());
    let left_out = left_out(base, &draft);
    draft.head = head(base, by, &left_out);
    let text = draft.print();
    Proposed {
        design: archwright_design::format(&text).unwrap_or(text),
        added: merged.added,
        left_out,
    }
}

fn head(base: &Draft, by: &str, left_out: &[String]) -> Vec<String> {
    let by: String = by.chars().filter(|each| !each.is_control()).collect();
    let mut head = base.head.clone();
    if !head.is_empty() {
        head.push(String::new());
    }
    head.push(format!(
        "`{PROPOSED}` is what the language model {by} added or changed. Nobody stated it: read it with care."
    ));
    if !left_out.is_empty() {
        head.push("It left out:".to_owned());
        head.extend(left_out.iter().map(|each| format!("  {each}")));
    }
    head
}

struct Merge<'a> {
    base: &'a Draft,
    added: usize,
}

impl Merge<'_> {
    fn draft(&mut self, proposal: &Node) -> Draft {
        let mut draft = Draft {
            about: self.base.about.clone(),
            ..Draft::default()
        };
        for (section, value) in proposal.entries() {
            match section.as_str() {
                "archwright" | "name" => {}
                "about" => draft.about = value.text().unwrap_or_default().to_owned(),
                "roles" => draft.roles = self.lines(value, &self.base.roles, Marks::Each),
                "entities" => {
                    for (name, body) in value.entries() {
                        let entity = self.entity(name, body);
                        draft.entities.push(entity);
                    }
                }
                other => {
                    let lines = self.lines(value, &[], Marks::Each);
                    draft.others.push((key(other), lines));
                }
            }
        }
        draft
    }

    fn entity(&mut self, name: &str, body: &Node) -> DraftEntity {
        let known = self.base.entity(name);
        let nothing = DraftEntity::default();
        let base = known.unwrap_or(&nothing);
        let marks = match known {
            Some(_) => Marks::Each,
            None => Marks::Whole,
        };
        self.added += usize::from(known.is_none());
        let mut entity = DraftEntity {
            name: key(name),
            note: known.map_or_else(|| PROPOSED.to_owned(), |known| known.note.clone()),
            ..DraftEntity::default()
        };
        for (section, value) in body.entries() {
            match (section.as_str(), value) {
                ("fields", Node::Map(_)) => {
                    entity.fields = self.lines(value, &base.fields, marks);
                }
                ("checks", Node::Map(_)) => {
                    entity.checks = self.lines(value, &base.checks, marks);
                }
                ("allow", Node::Map(_)) => {
                    entity.allow = self.lines(value, &base.allow, marks);
                }
                ("moves", Node::Map(_)) => {
                    entity.moves = self.lines(value, &base.moves, marks);
                }
                ("unique", Node::List(keys)) => {
                    entity.unique = self.keys(keys, &base.unique, marks)
                }
                ("index", Node::List(keys)) => entity.index = self.keys(keys, &base.index, marks),
                _ => {
                    let line = self.line(section, value, &[&base.settings[..], &base.last], marks);
                    let place = match section.as_str() {
                        "workload" | "soft-delete" | "audit" | "timestamps" | "versioned" => {
                            &mut entity.last
                        }
                        _ => &mut entity.settings,
                    };
                    place.push(line);
                }
            }
        }
        entity
    }

    fn lines(&mut self, members: &Node, base: &[Line], marks: Marks) -> Vec<Line> {
        let members = members.entries().iter();
        members
            .map(|(name, value)| self.line(name, value, &[base], marks))
            .collect()
    }

    fn line(&mut self, name: &str, value: &Node, base: &[&[Line]], marks: Marks) -> Line {
        let known = base.iter().flat_map(|lines| lines.iter());
        let known = known.into_iter().find(|line| line.name == name);
        match known.filter(|line| same(&line.value, value)) {
            Some(line) => line.clone(),
            None => Line::new(key(name), printed(name, value), self.note(known, marks)),
        }
    }

    /// Keys have no names: one that is not there in the same form is new.
    fn keys(&mut self, keys: &[Node], base: &[Line], marks: Marks) -> Vec<Line> {
        let mut line = |value: &Node| {
            let known = base.iter().find(|line| same(&line.value, value));
            let new = || Line::new("", flow(value), self.note(None, marks));
            known.cloned().unwrap_or_else(new)
        };
        keys.iter().map(&mut line).collect()
    }

    /// Says that something is new, or stands in the place of what is known.
    fn note(&mut self, known: Option<&Line>, marks: Marks) -> String {
        if matches!(marks, Marks::Whole) {
            return String::new();
        }
        self.added += 1;
        let instead = known.map(|line| match line.note.as_str() {
            "" => format!("{PROPOSED} instead of {}", line.value),
            note => format!("{PROPOSED} instead of {} ({note})", line.value),
        });
        instead.unwrap_or_else(|| PROPOSED.to_owned())
    }
}

/// Where it is said that something is proposed.
#[derive(Clone, Copy)]
enum Marks {
    /// On each element.
    Each,
    /// On the whole around them.
    Whole,
}

fn printed(name: &str, value: &Node) -> String {
    match value {
        Node::Text(text) if name == "about" => quoted(text),
        Node::Text(text) => scalar(text, false),
        Node::List(items) => match items.iter().map(Node::text).collect::<Option<Vec<_>>>() {
            Some(words) if words.iter().all(|word| !word.contains(',')) => {
                scalar(&words.join(", "), false)
            }
            _ => flow(value),
        },
        other => flow(other),
    }
}

/// Whether a line's value and a node say the same, in whatever form.
fn same(line: &str, node: &Node) -> bool {
    Node::read(line).is_ok_and(|known| plain(&known) == plain(node))
}

/// Lists of words are texts with commas.
fn plain(node: &Node) -> Node {
    match node {
        Node::Text(text) => Node::Text(text.split_whitespace().collect::<Vec<_>>().join(" ")),
        Node::List(items) => {
            let words: Option<Vec<&str>> = items.iter().map(Node::text).collect();
            words.map_or_else(
                || Node::List(items.iter().map(plain).collect()),
                |words| plain(&Node::Text(words.join(", "))),
            )
        }
        Node::Map(entries) => {
            let mut entries: Vec<(String, Node)> = entries
                .iter()
                .map(|(name, value)| (name.clone(), plain(value)))
                .collect();
            entries.sort_by(|one, other| one.0.cmp(&other.0));
            Node::Map(entries)
        }
    }
}

fn left_out(base: &Draft, draft: &Draft) -> Vec<String> {
    let mut gone = Vec::new();
    for role in &base.roles {
        if !draft.roles.iter().any(|each| each.name == role.name) {
            gone.push(format!("the role {}", role.name));
        }
    }
    for entity in &base.entities {
        let Some(kept) = draft.entity(&entity.name) else {
            gone.push(entity.name.clone());
            continue;
        };
        for (lines, kept) in [
            (&entity.fields, &kept.fields),
            (&entity.checks, &kept.checks),
            (&entity.allow, &kept.allow),
            (&entity.moves, &kept.moves),
        ] {
            let missing = lines
                .iter()
                .filter(|line| !kept.iter().any(|each| each.name == line.name));
            gone.extend(missing.map(|line| format!("{}.{}", entity.name, line.name)));
        }
    }
    gone
}
