//! Puts what the anchors mean into the texts of a pattern.
//!
//! In a pattern, `SUBJECT` is an anchor's entity as a type, `$subject` the field that leads to it, and `SUBJECT` among
//! the grants of `allow` whoever may read it (`SUBJECT via parcel` where `parcel` has the relation). An entity called
//! `SUBJECT` is an addition to each entity that is meant.
//! Where an anchor means several entities, the relation becomes one optional relation to each, of which exactly one
//! is there.

use crate::bindings::{Bindings, Bound};
use crate::grants;
use crate::node::Node;
use crate::pattern::{Fragment, Pattern};
use crate::renames::Renames;
use crate::roles::Names;

pub(crate) struct Expander<'a> {
    bindings: &'a Bindings,
    roles: &'a Names,
    renames: Renames,
}

impl<'a> Expander<'a> {
    pub fn new(bindings: &'a Bindings, roles: &'a Names, renames: Renames) -> Self {
        Self {
            bindings,
            roles,
            renames,
        }
    }

    /// A fragment without anchors.
    pub fn fragment(&self, pattern: &Pattern, fragment: &Fragment) -> Fragment {
        let mut entities = Vec::new();
        for (name, body) in &fragment.entities {
            let is_anchor = pattern.anchors.iter().any(|anchor| anchor.name == *name);
            match self.bindings.of(pattern, name) {
                [] if is_anchor => {}
                [] => entities.push((name.clone(), self.body(pattern, name, body))),
                subjects => entities.extend(subjects.iter().map(|subject| {
                    let body = body.map_text(&|text| put(text, name, subject));
                    (
                        subject.entity.clone(),
                        self.body(pattern, &subject.entity, &body),
                    )
                })),
            }
        }
        let section = |(key, section): &(String, Node)| match section {
            Node::Text(_) if key == "about" => (
                key.clone(),
                section.map_text(&|text| self.settle_prose(text)),
            ),
            _ => (key.clone(), self.settled(section)),
        };
        let settled = |(name, body): (String, Node)| {
            let sections = body.entries().iter().map(section).collect();
            (self.settle(&name), Node::Map(sections))
        };
        Fragment {
            roles: Vec::new(),
            entities: entities.into_iter().map(settled).collect(),
        }
    }

    /// Paths of removals, with the names that count; a path that holds an anchor becomes one for each meaning.
    pub fn paths(&self, pattern: &Pattern, paths: &[String]) -> Vec<String> {
        let mut all = Vec::new();
        for path in paths {
            let anchor = pattern
                .anchors
                .iter()
                .find(|anchor| mentions(path, &anchor.name));
            match anchor {
                Some(anchor) => all.extend(
                    self.bindings
                        .of(pattern, &anchor.name)
                        .iter()
                        .map(|subject| self.settle(&put(path, &anchor.name, subject))),
                ),
                None => all.push(self.settle(path)),
            }
        }
        all
    }

    /// The tree with the names that count. Prose keeps the words that fields are called by.
    fn settled(&self, node: &Node) -> Node {
        match node {
            Node::Text(text) => Node::Text(self.settle(text)),
            Node::List(items) => Node::List(items.iter().map(|item| self.settled(item)).collect()),
            Node::Map(entries) => {
                let entry = |(key, value): &(String, Node)| match key.as_str() {
                    "about" | "message" => {
                        (key.clone(), value.map_text(&|text| self.settle_prose(text)))
                    }
                    _ => (self.settle(key), self.settled(value)),
                };
                Node::Map(entries.iter().map(entry).collect())
            }
        }
    }

    fn settle(&self, text: &str) -> String {
        replace_words(text, &|word| {
            self.name(word).or_else(|| self.renames.field(word))
        })
    }

    fn settle_prose(&self, text: &str) -> String {
        replace_words(text, &|word| self.name(word))
    }

    /// What an abstract name or that of an entity stands for.
    fn name(&self, word: &str) -> Option<String> {
        let account = || (word == "ACCOUNT").then(|| "User".to_owned());
        let renamed = self.renames.entity(word);
        renamed.or_else(|| self.roles.of(word)).or_else(account)
    }

    fn body(&self, pattern: &Pattern, entity: &str, body: &Node) -> Node {
        let mut body = body.clone();
        for anchor in &pattern.anchors {
            let subjects = self.bindings.of(pattern, &anchor.name);
            body = with_subjects(entity, &body, &anchor.name, subjects);
        }
        body
    }
}

/// The body of an entity with meanings for an anchor. In an entity that is meant itself, the anchor means it alone.
fn with_subjects(entity: &str, body: &Node, anchor: &str, subjects: &[Bound]) -> Node {
    let mentioned = body.any_text(&|text| mentions(text, anchor));
    if !mentioned {
        return body.clone();
    }
    if subjects.is_empty() {
        return without(body, anchor);
    }
    let shared = subjects.len() > 1;
    let mut sections: Vec<(String, Node)> = Vec::new();
    for (key, section) in body.entries() {
        let section = match key.as_str() {
            "fields" => fields(section, anchor, subjects),
            "unique" | "index" => Node::List(each_subject(section.items(), anchor, subjects)),
            "allow" => rules(section, anchor, subjects),
            _ => section.clone(),
        };
        sections.push((key.clone(), section));
    }
    if let Some(relation) = relation(body, anchor).filter(|_| shared) {
        let count = if relation.any_text(&|text| text.contains(&format!("{anchor}?"))) {
            "<= 1"
        } else {
            "== 1"
        };
        limit(&mut sections, anchor, subjects, count);
    }
    let own = subjects.iter().find(|subject| subject.entity == entity);
    let only = own.unwrap_or(&subjects[0]);
    Node::Map(sections).map_text(&|text| put(text, anchor, only))
}

/// The body without the members, keys and grants that speak of an anchor.
fn without(body: &Node, anchor: &str) -> Node {
    let silent = |node: &Node| !node.any_text(&|text| mentions(text, anchor));
    let section = |(key, section): &(String, Node)| {
        let kept = match section {
            Node::Map(entries) if key == "allow" => {
                let grants =
                    |rule| Node::List(grant_list(rule).into_iter().filter(silent).collect());
                Node::Map(
                    entries
                        .iter()
                        .map(|(action, rule)| (action.clone(), grants(rule)))
                        .collect(),
                )
            }
            Node::Map(entries) => {
                let kept = entries
                    .iter()
                    .filter(|(name, value)| !mentions(name, anchor) && silent(value));
                Node::Map(kept.cloned().collect())
            }
            Node::List(items) => {
                Node::List(items.iter().filter(|item| silent(item)).cloned().collect())
            }
            Node::Text(_) => section.clone(),
        };
        (key.clone(), kept)
    };
    Node::Map(body.entries().iter().map(section).collect())
}

fn fields(section: &Node, anchor: &str, subjects: &[Bound]) -> Node {
    let mut fields = Vec::new();
    for (name, value) in section.entries() {
        if !mentions(name, anchor) || subjects.len() == 1 {
            fields.push((name.clone(), value.clone()));
            continue;
        }
        for subject in subjects {
            let value = value.map_text(&|text| {
                let optional =
                    replace_words(text, &|word| (word == anchor).then(|| format!("{anchor}?")));
                put(&optional.replace("??", "?"), anchor, subject)
            });
            fields.push((put(name, anchor, subject), value));
        }
    }
    Node::Map(fields)
}

/// Each item that mentions the anchor once for each of its meanings.
fn each_subject(items: &[Node], anchor: &str, subjects: &[Bound]) -> Vec<Node> {
    let several = |item: &Node| {
        if !item.any_text(&|text| mentions(text, anchor)) {
            return vec![item.clone()];
        }
        let copy = |subject| item.map_text(&|text| put(text, anchor, subject));
        subjects.iter().map(copy).collect()
    };
    items.iter().flat_map(several).collect()
}

fn rules(section: &Node, anchor: &str, subjects: &[Bound]) -> Node {
    let shared = subjects.len() > 1;
    let rule = |(action, grants): &(String, Node)| {
        let mut list = Vec::new();
        for grant in grant_list(grants) {
            let (who, when) = grants::condition(grant.text().unwrap_or_default());
            match way(who, anchor) {
                Some(way) => {
                    let field = |subject: &Bound| format!("{way}{}", subject.field);
                    let readers = subjects
                        .iter()
                        .flat_map(|subject| subject.readers(&field(subject), shared));
                    let readers = readers.map(|reader| {
                        when.map_or(reader.clone(), |when| grants::only_if(&reader, when))
                    });
                    list.extend(readers.map(Node::Text));
                }
                None => list.extend(each_subject(&[grant], anchor, subjects)),
            }
        }
        (action.clone(), Node::List(list))
    };
    Node::Map(section.entries().iter().map(rule).collect())
}

/// The path to the row that has the relation: nothing for `SUBJECT`, `shipment.` for `SUBJECT via shipment`. None for
/// other grants.
fn way(grant: &str, anchor: &str) -> Option<String> {
    let rest = grant.strip_prefix(anchor)?;
    match rest.strip_prefix(" via ") {
        Some(path) => Some(format!("{path}.")),
        None => rest.is_empty().then(String::new),
    }
}

/// The grants of a rule, in whatever form it is written.
pub(crate) fn grant_list(rule: &Node) -> Vec<Node> {
    match rule {
        Node::Text(text) => grants::split(text).into_iter().map(Node::Text).collect(),
        Node::List(items) => items.iter().flat_map(grant_list).collect(),
        Node::Map(_) => vec![rule.clone()],
    }
}

/// The field that leads to the anchor's entity.
fn relation<'a>(body: &'a Node, anchor: &str) -> Option<&'a Node> {
    body.get("fields")?
        .get(&format!("${}", anchor.to_lowercase()))
}

/// Adds the check that one of several relations, or at most one, is there.
fn limit(sections: &mut Vec<(String, Node)>, anchor: &str, subjects: &[Bound], count: &str) {
    let names: Vec<String> = subjects
        .iter()
        .map(|subject| subject.field.clone())
        .collect();
    let counted: Vec<String> = names
        .iter()
        .map(|name| format!("({name} != null ? 1 : 0)"))
        .collect();
    let check = Node::Map(vec![
        (
            "that".to_owned(),
            Node::Text(format!("{} {count}", counted.join(" + "))),
        ),
        (
            "message".to_owned(),
            Node::Text(format!(
                "One of {} is wanted, and no more.",
                names.join(", ")
            )),
        ),
    ]);
    let name = format!("one_{}", anchor.to_lowercase());
    match sections.iter_mut().find(|(key, _)| key == "checks") {
        Some((_, Node::Map(checks))) => checks.push((name, check)),
        _ => sections.push(("checks".to_owned(), Node::Map(vec![(name, check)]))),
    }
}

fn mentions(text: &str, anchor: &str) -> bool {
    let mentioned = std::cell::Cell::new(false);
    let field = format!("${}", anchor.to_lowercase());
    replace_words(text, &|word| {
        if word == anchor || word == field {
            mentioned.set(true);
        }
        None
    });
    mentioned.get()
}

fn put(text: &str, anchor: &str, subject: &Bound) -> String {
    let field = format!("${}", anchor.to_lowercase());
    replace_words(text, &|word| match word {
        _ if word == anchor => Some(subject.entity.clone()),
        _ if word == field => Some(subject.field.clone()),
        _ => None,
    })
}

/// The text with whole words replaced; `$` belongs to the word that it stands before.
pub(crate) fn replace_words(text: &str, replace: &impl Fn(&str) -> Option<String>) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let sigil = usize::from(first == '$');
        let length = rest[sigil..]
            .find(|letter| !word(letter))
            .map_or(rest.len(), |end| end + sigil);
        if length == sigil {
            replaced.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let found = &rest[..length];
        replaced += &replace(found).unwrap_or_else(|| found.to_owned());
        rest = &rest[length..];
    }
    replaced
}

#[cfg(test)]
mod tests {
    use super::replace_words;

    #[test]
    fn only_whole_words_are_replaced() {
        let replace = |word: &str| match word {
            "it" => Some("task".to_owned()),
            "$subject" => Some("photo".to_owned()),
            _ => None,
        };
        assert_eq!(
            replace_words("it.title == 'ö' && item.it != $subject", &replace),
            "task.title == 'ö' && item.task != photo"
        );
    }
}
