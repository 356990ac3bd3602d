//! Roles: patterns speak of them in capitals, and a composition gives them one name each.
//!
//! `MEMBER` signs up, `STAFF` runs the service, `ADMIN` appoints. Patterns call them by the terms of their field; where
//! the fields differ, the plain name stays.

use crate::compose::{Answers, Member};
use crate::draft::Draft;
use crate::node::Node;
use crate::pattern::{Fragment, Pattern};
use std::collections::BTreeMap;

/// Roles that every pattern may speak of without declaring them, with what they are about.
const COMMON: [(&str, &str); 3] = [
    ("MEMBER", "Uses the service."),
    ("STAFF", "Runs the service from day to day."),
    ("ADMIN", "Appoints staff and settles what they can't."),
];

pub(crate) struct Names {
    names: BTreeMap<String, String>,
}

impl Names {
    pub fn new(patterns: &[&Pattern], answers: &Answers) -> Self {
        let mut names = BTreeMap::new();
        let common = COMMON.iter().map(|(role, _)| *role);
        let declared = patterns
            .iter()
            .flat_map(|pattern| fragments(pattern))
            .flat_map(|fragment| &fragment.roles);
        for role in common.chain(declared.map(|(role, _)| role.as_str())) {
            let plain = role.to_lowercase().replace('_', "-");
            let name = answers
                .names
                .get(role)
                .cloned()
                .or_else(|| term(role, patterns))
                .unwrap_or(plain);
            names.insert(role.to_owned(), name);
        }
        Self { names }
    }

    /// The name of a role that a pattern speaks of.
    pub fn of(&self, word: &str) -> Option<String> {
        self.names.get(word).cloned()
    }

    /// The roles that the design speaks of, and the one that signs up.
    pub fn declared(&self, patterns: &[&Pattern], draft: &Draft) -> Vec<Member> {
        let mut speciality: Vec<&str> = Vec::new();
        for (role, _) in patterns
            .iter()
            .flat_map(|pattern| fragments(pattern))
            .flat_map(|fragment| &fragment.roles)
        {
            let common = COMMON.iter().any(|(common, _)| common == role);
            if !common && !speciality.contains(&role.as_str()) && self.used(role, draft) {
                speciality.push(role);
            }
        }
        let staffed = self.used("STAFF", draft);
        let mut roles = vec![self.role("MEMBER", patterns, &[("sign-up", "open")])];
        for role in speciality {
            roles.push(self.role(role, patterns, &[("granted-by", "ADMIN")]));
        }
        if staffed {
            roles.push(self.role("STAFF", patterns, &[("granted-by", "ADMIN")]));
            roles.push(self.role(
                "ADMIN",
                patterns,
                &[("includes", "STAFF"), ("granted-by", "ADMIN")],
            ));
        } else {
            roles.push(self.role("ADMIN", patterns, &[("granted-by", "ADMIN")]));
        }
        roles
    }

    fn used(&self, role: &str, draft: &Draft) -> bool {
        let name = self.of(role).unwrap_or_default();
        let speaks = |text: &str| {
            let word =
                |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
            text.split(|letter| !word(letter)).any(|word| word == name)
        };
        let members = draft
            .entities
            .iter()
            .flat_map(|entity| [&entity.allow, &entity.moves, &entity.fields]);
        members
            .flatten()
            .any(|member| member.value.any_text(&speaks))
    }

    fn role(&self, role: &str, patterns: &[&Pattern], settings: &[(&str, &str)]) -> Member {
        let plain = COMMON.iter().find(|(common, _)| *common == role);
        let declared = declarations(role, patterns);
        let own = declared.iter().find(|(_, node)| {
            plain.is_none() || node.text_at("name") == self.names.get(role).map(String::as_str)
        });
        let about = own
            .and_then(|(_, node)| node.text_at("about"))
            .or(plain.map(|(_, about)| *about));
        let mut value: Vec<(String, Node)> = Vec::new();
        value.extend(about.map(|about| ("about".to_owned(), Node::Text(about.to_owned()))));
        for (key, text) in settings {
            let text = self.of(text).unwrap_or_else(|| (*text).to_owned());
            value.push(((*key).to_owned(), Node::Text(text)));
        }
        Member {
            name: self.of(role).unwrap_or_default(),
            value: Node::Map(value),
            origin: own.map_or("account", |(pattern, _)| pattern).to_owned(),
        }
    }
}

/// The term of the field, where the patterns agree on one.
fn term(role: &str, patterns: &[&Pattern]) -> Option<String> {
    let declared = declarations(role, patterns);
    let mut terms = declared.iter().filter_map(|(_, node)| node.text_at("name"));
    let first = terms.next()?;
    terms.all(|term| term == first).then(|| first.to_owned())
}

fn declarations<'a>(role: &str, patterns: &[&'a Pattern]) -> Vec<(&'static str, &'a Node)> {
    let mut found = Vec::new();
    for pattern in patterns {
        for fragment in fragments(pattern) {
            let own = fragment.roles.iter().filter(|(name, _)| name == role);
            found.extend(own.map(|(_, node)| (pattern.id, node)));
        }
    }
    found
}

/// All that a pattern may add to a design.
pub(crate) fn fragments(pattern: &Pattern) -> Vec<&Fragment> {
    let joins = pattern.joins.iter().map(|(_, change)| &change.add);
    let choices = pattern
        .questions
        .iter()
        .flat_map(|question| &question.choices);
    let mut fragments = vec![&pattern.design];
    fragments.extend(joins.chain(choices.map(|choice| &choice.change.add)));
    fragments
}
