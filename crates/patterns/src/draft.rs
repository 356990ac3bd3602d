//! A design in the making: fragments are merged into it, and answers change it.

use crate::compose::{Entity, GIVEN, Member};
use crate::expand::grant_list;
use crate::node::Node;
use crate::pattern::Fragment;

#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub entities: Vec<Entity>,
}

/// What happens to what is there already.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Merge {
    /// It stays; grants are joined.
    Keep,
    /// It gives way.
    Replace,
}

impl Draft {
    /// Adds a pattern's own design: what is there stays, and everyone who may do something still may.
    pub fn merge(&mut self, fragment: Fragment, origin: &str) {
        self.apply(fragment, origin, Merge::Keep);
    }

    /// Adds what a join or an answer says, in place of what is there.
    pub fn replace(&mut self, fragment: Fragment, origin: &str) {
        self.apply(fragment, origin, Merge::Replace);
    }

    /// Takes out entities (`Comment`), fields (`Comment.parent`) and other elements (`Comment.moves.hide`).
    pub fn remove(&mut self, paths: &[String]) {
        for path in paths {
            let parts: Vec<&str> = path.split('.').collect();
            let Some(entity) = self
                .entities
                .iter_mut()
                .find(|entity| entity.name == parts[0])
            else {
                continue;
            };
            match parts[1..] {
                [] => self.entities.retain(|entity| entity.name != parts[0]),
                [field] => entity.fields.retain(|member| member.name != field),
                ["unique", field] => entity.unique.retain(|member| !names(member, field)),
                ["index", field] => entity.index.retain(|member| !names(member, field)),
                [section, name] => {
                    entity.section(section).retain(|member| member.name != name);
                }
                _ => panic!("`{path}` is no path to remove"),
            }
        }
    }

    fn apply(&mut self, fragment: Fragment, origin: &str, merge: Merge) {
        for (name, body) in fragment.entities {
            let entity = self.entity(&name, &body, origin);
            for (key, value) in body.entries() {
                entity.put(key, value, origin, merge);
            }
        }
    }

    /// The entity, made if it is new. Only a pattern that says what an entity is about defines it.
    fn entity(&mut self, name: &str, body: &Node, origin: &str) -> &mut Entity {
        let index = match self.entities.iter().position(|entity| entity.name == name) {
            Some(index) => index,
            None => {
                self.entities.push(Entity::new(name));
                self.entities.len() - 1
            }
        };
        let entity = &mut self.entities[index];
        if entity.origin == GIVEN && body.get("about").is_some() {
            entity.origin = origin.to_owned();
        }
        entity
    }
}

fn names(member: &Member, field: &str) -> bool {
    member
        .value
        .items()
        .iter()
        .any(|item| item.text() == Some(field))
}

impl Entity {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            origin: GIVEN.to_owned(),
            settings: Vec::new(),
            fields: Vec::new(),
            unique: Vec::new(),
            index: Vec::new(),
            checks: Vec::new(),
            allow: Vec::new(),
            moves: Vec::new(),
        }
    }

    pub fn setting(&self, key: &str) -> Option<&Node> {
        let found = self.settings.iter().find(|member| member.name == key);
        found.map(|member| &member.value)
    }

    fn section(&mut self, key: &str) -> &mut Vec<Member> {
        match key {
            "fields" => &mut self.fields,
            "unique" => &mut self.unique,
            "index" => &mut self.index,
            "checks" => &mut self.checks,
            "allow" => &mut self.allow,
            "moves" => &mut self.moves,
            _ => &mut self.settings,
        }
    }

    fn put(&mut self, key: &str, value: &Node, origin: &str, merge: Merge) {
        let members = self.section(key);
        match key {
            "fields" | "checks" | "moves" => {
                for (name, value) in value.entries() {
                    put(members, name, value.clone(), origin, merge);
                }
            }
            "allow" => {
                for (action, rule) in value.entries() {
                    grant(members, action, grant_list(rule), origin, merge);
                }
            }
            "unique" | "index" => {
                for fields in value.items() {
                    let known = members.iter().any(|member| member.value == *fields);
                    if !known {
                        members.push(Member::new("", fields.clone(), origin));
                    }
                }
            }
            _ => put(members, key, value.clone(), origin, merge),
        }
    }
}

impl Member {
    fn new(name: &str, value: Node, origin: &str) -> Self {
        Self {
            name: name.to_owned(),
            value,
            origin: origin.to_owned(),
        }
    }
}

fn put(members: &mut Vec<Member>, name: &str, value: Node, origin: &str, merge: Merge) {
    match members.iter_mut().find(|member| member.name == name) {
        None => members.push(Member::new(name, value, origin)),
        Some(known) if merge == Merge::Replace => *known = Member::new(name, value, origin),
        Some(_) => {}
    }
}

fn grant(rules: &mut Vec<Member>, action: &str, grants: Vec<Node>, origin: &str, merge: Merge) {
    let known = rules.iter_mut().find(|rule| rule.name == action);
    match known {
        Some(Member {
            value: Node::List(there),
            ..
        }) if merge == Merge::Keep => {
            for grant in grants {
                if !there.contains(&grant) {
                    there.push(grant);
                }
            }
        }
        _ => put(rules, action, Node::List(grants), origin, merge),
    }
}
