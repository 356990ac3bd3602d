//! Who may do what: from what people do in the text, from ownership, and nothing else.

use super::draft::Line;
use super::people::{People, Role};
use super::relations::Fields;
use crate::concepts::{Act, Concepts};

/// How a row belongs to somebody who signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mine {
    /// Its owner field, or the account itself.
    Owner,
    /// An expression over the row, true for who it belongs to, and what these people are.
    When(String, usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    Read,
    Create,
    Update,
    Delete,
}

const CREATES: &[&str] = &[
    "create",
    "add",
    "make",
    "register",
    "book",
    "submit",
    "place",
    "upload",
    "write",
    "file",
    "post",
    "order",
    "request",
    "buy",
    "purchase",
    "reserve",
    "open",
    "issue",
    "import",
    "enter",
    "plan",
    "schedule",
    "define",
    "send",
    "invite",
    "give",
    "record",
    "log",
    "raise",
    "report",
    "list",
    "publish",
    "announce",
    "prescribe",
    "draw",
    "offer",
    "sell",
    "rate",
    "apply",
    "import",
    "fill",
    "set",
    "organise",
    "organize",
    "lodge",
    "launch",
    "leave",
    "save",
];
const READS: &[&str] = &[
    "see", "view", "browse", "search", "look", "read", "check", "find", "track", "follow",
    "download", "preview", "export", "get", "receive", "access", "filter", "consult",
];
const UPDATES: &[&str] = &[
    "edit", "update", "change", "modify", "correct", "set", "adjust", "rename", "assign", "move",
    "review", "add", "complete", "fill",
];
const DELETES: &[&str] = &["delete", "remove"];
const ALL: &[&str] = &[
    "manage",
    "maintain",
    "administer",
    "configure",
    "control",
    "handle",
];

fn does(act: &Act, action: Action) -> bool {
    let verb = act.verb.as_str();
    let list = match action {
        Action::Read => READS,
        Action::Create => CREATES,
        Action::Update => UPDATES,
        Action::Delete => DELETES,
    };
    list.contains(&verb) || ALL.contains(&verb)
}

/// Whether who does this makes a row of their own.
pub fn creates(verb: &str) -> bool {
    CREATES.contains(&verb) || matches!(verb, "own" | "hold" | "have" | "keep" | "pay" | "run")
}

pub struct Rules<'a> {
    pub concepts: &'a Concepts,
    pub people: &'a People,
    pub fields: &'a Fields,
    /// Rows that belong to nobody are shown to whoever asks.
    pub public: bool,
}

impl Rules<'_> {
    /// How the rows of an entity belong to somebody; `depth` bounds the way.
    pub fn mine(&self, entity: usize, depth: usize) -> Option<Mine> {
        if Some(entity) == self.people.account || self.people.profiles.contains(&entity) {
            return Some(Mine::Owner);
        }
        let outsiders = self.fields.pointers.iter().filter(|each| {
            each.holder == entity
                && !each.part
                && !super::people::is_staff(&self.concepts.entities[each.target].name)
        });
        let mut through = None;
        for pointer in outsiders {
            if Some(pointer.target) == self.people.account {
                if self.owner_field(entity) == Some(pointer.name.as_str()) {
                    return Some(Mine::Owner);
                }
                continue;
            }
            if self.people.profiles.contains(&pointer.target) {
                let condition = format!(
                    "{}.{} == caller",
                    pointer.name,
                    self.account_field(pointer.target)
                );
                return Some(Mine::When(condition, pointer.target));
            }
            if depth > 0 && through.is_none() {
                through = match self.mine(pointer.target, depth - 1) {
                    Some(Mine::When(rest, people)) => {
                        Some(Mine::When(format!("{}.{rest}", pointer.name), people))
                    }
                    Some(Mine::Owner) => self.owner_field(pointer.target).map(|field| {
                        let condition = format!("{}.{field} == caller", pointer.name);
                        Mine::When(condition, pointer.target)
                    }),
                    None => None,
                };
            }
        }
        through
    }

    /// The field of an entity that says whose row it is.
    pub fn owner_field(&self, entity: usize) -> Option<&str> {
        self.fields
            .pointers
            .iter()
            .find(|each| {
                each.holder == entity
                    && Some(each.target) == self.people.account
                    && !each.optional
                    && !each.part
            })
            .map(|each| each.name.as_str())
    }

    /// The field of a profile that points to its account.
    pub fn account_field(&self, profile: usize) -> String {
        self.owner_field(profile).unwrap_or("user").to_owned()
    }

    fn acts(&self, entity: usize, action: Action) -> impl Iterator<Item = (&Act, &Role)> {
        self.concepts
            .acts
            .iter()
            .filter(move |act| act.entity == entity && !act.negated && does(act, action))
            .filter_map(|act| {
                let role = self
                    .people
                    .roles
                    .iter()
                    .find(|role| role.words == act.actor)?;
                Some((act, role))
            })
    }

    fn staff(&self) -> impl Iterator<Item = &Role> {
        self.people.roles.iter().filter(|role| {
            Some(&role.name) != self.people.sign_up.as_ref()
                && role.name != self.people.admin
                && !super::people::is_outsider(&role.words)
        })
    }

    /// Whether outsiders have to do with the rows: they act on them, or point at them from their own.
    fn concerns_outsiders(&self, entity: usize) -> bool {
        let Some(sign_up) = &self.people.sign_up else {
            return false;
        };
        let acts = self.concepts.acts.iter().any(|act| {
            act.entity == entity
                && self
                    .people
                    .roles
                    .iter()
                    .any(|role| role.words == act.actor && role.name == *sign_up)
        });
        let pointed = self
            .fields
            .pointers
            .iter()
            .any(|each| each.target == entity && self.mine(each.holder, 0).is_some());
        acts || pointed || self.staff().next().is_none()
    }

    /// The rules of an entity, each with where it comes from.
    pub fn allow(&self, entity: usize) -> Vec<Line> {
        if Some(entity) == self.people.account {
            return self.account();
        }
        let mine = self.mine(entity, 2);
        [Action::Read, Action::Create, Action::Update, Action::Delete]
            .into_iter()
            .filter_map(|action| self.rule(entity, action, mine.as_ref()))
            .collect()
    }

    fn account(&self) -> Vec<Line> {
        let staff: Vec<&str> = self.staff().map(|role| role.name.as_str()).collect();
        let mut readers = vec!["owner"];
        readers.extend(staff);
        readers.push(&self.people.admin);
        let mut lines = vec![
            Line::new("read", readers.join(", "), ""),
            Line::new("update", "owner", ""),
            Line::new("delete", self.people.admin.clone(), ""),
        ];
        if self.people.sign_up.is_none() {
            lines.insert(1, Line::new("create", self.people.admin.clone(), ""));
        }
        lines
    }

    fn rule(&self, entity: usize, action: Action, mine: Option<&Mine>) -> Option<Line> {
        let mut grants: Vec<String> = Vec::new();
        let mut sentence = None;
        let only = self.acts(entity, action).any(|(act, _)| act.only);
        let profile = self.people.profiles.contains(&entity);
        for (act, role) in self
            .acts(entity, action)
            .filter(|(act, _)| !only || act.only)
        {
            sentence = sentence.or(Some(act.sentence));
            let own = Some(&role.name) == self.people.sign_up.as_ref()
                || act.own
                || role.entity == Some(entity);
            push(
                &mut grants,
                self.grant(&role.name, action, mine.filter(|_| own)),
            );
        }
        // Who owns a row, may see and change it, unless the text keeps that for others.
        if !only && let Some(mine) = mine {
            let owner_role = self.owner_role(entity, mine);
            let deletes = action == Action::Delete && profile;
            let stated = !grants.is_empty() && action != Action::Read;
            if !deletes && !stated && action != Action::Delete {
                push(
                    &mut grants,
                    self.grant(
                        owner_role.as_deref().unwrap_or("signed-in"),
                        action,
                        Some(mine),
                    ),
                );
            }
        }
        let name = match action {
            Action::Read => "read",
            Action::Create => "create",
            Action::Update => "update",
            Action::Delete => "delete",
        };
        if action == Action::Read {
            self.readers(entity, only, mine.is_some(), &mut grants);
        }
        let admin = self.people.admin.clone();
        let staffed = grants.iter().any(|grant| {
            self.staff().any(|role| *grant == role.name)
                || matches!(grant.as_str(), "signed-in" | "anyone")
        });
        if !staffed {
            push(&mut grants, admin);
        }
        let note = sentence.map_or_else(String::new, super::stated);
        Some(Line::new(name, grants.join(", "), note))
    }

    fn readers(&self, entity: usize, only: bool, owned: bool, grants: &mut Vec<String>) {
        if only {
            return;
        }
        let involved = |role: &&Role| {
            self.concepts.acts.iter().any(|act| {
                act.actor == role.words
                    && !act.negated
                    && (act.entity == entity
                        || self
                            .fields
                            .pointers
                            .iter()
                            .any(|each| each.target == entity && each.holder == act.entity))
            })
        };
        if owned || !self.concerns_outsiders(entity) {
            let mut named: Vec<&Role> = self.staff().filter(involved).collect();
            if named.is_empty() {
                named = self.staff().collect();
            }
            for role in named {
                push(grants, role.name.clone());
            }
            return;
        }
        grants.clear();
        grants.push(if self.public {
            "anyone".to_owned()
        } else {
            "signed-in".to_owned()
        });
    }

    /// The role of the people to whom the rows belong.
    fn owner_role(&self, entity: usize, mine: &Mine) -> Option<String> {
        let profile = |at: &usize| self.people.profiles.contains(at);
        let people = match mine {
            Mine::When(_, people) => Some(*people).filter(profile),
            Mine::Owner => Some(entity).filter(profile),
        };
        let role = people.and_then(|at| {
            let mut roles = self.people.roles.iter();
            roles.find(|role| role.entity == Some(at))
        });
        role.map(|role| role.name.clone())
            .or_else(|| self.people.sign_up.clone())
    }

    fn grant(&self, role: &str, action: Action, mine: Option<&Mine>) -> String {
        match (mine, action) {
            // The owner of a new row is the caller: the server sets it.
            (Some(Mine::Owner), Action::Create) | (None, _) => role.to_owned(),
            (Some(Mine::Owner), _) => "owner".to_owned(),
            (Some(Mine::When(condition, _)), _) => format!("{role} when {condition}"),
        }
    }

    /// Who may make a move: who does so in the text, else who may change the row.
    pub fn movers(&self, entity: usize, name: &str) -> (String, Option<usize>) {
        let mine = self.mine(entity, 2);
        let mut grants: Vec<String> = Vec::new();
        let mut sentence = None;
        for act in self
            .concepts
            .acts
            .iter()
            .filter(|act| act.entity == entity && act.verb == name && !act.negated)
        {
            let Some(role) = self
                .people
                .roles
                .iter()
                .find(|role| role.words == act.actor)
            else {
                continue;
            };
            let own = Some(&role.name) == self.people.sign_up.as_ref();
            sentence = sentence.or(Some(act.sentence));
            push(
                &mut grants,
                self.grant(&role.name, Action::Update, mine.as_ref().filter(|_| own)),
            );
        }
        if grants.is_empty() {
            let by_owner = matches!(
                name,
                "cancel" | "withdraw" | "submit" | "place" | "send" | "pay"
            );
            if by_owner && let Some(mine) = &mine {
                let role = self.owner_role(entity, mine);
                push(
                    &mut grants,
                    self.grant(
                        role.as_deref().unwrap_or("signed-in"),
                        Action::Update,
                        Some(mine),
                    ),
                );
            }
            let involved: Vec<&Role> =
                self.staff()
                    .filter(|role| {
                        self.concepts.acts.iter().any(|act| {
                            act.entity == entity && act.actor == role.words && !act.negated
                        })
                    })
                    .collect();
            for role in &involved {
                push(&mut grants, role.name.clone());
            }
            if involved.is_empty() {
                push(&mut grants, self.people.admin.clone());
            }
        }
        (grants.join(", "), sentence)
    }
}

/// Who may without a condition needs none with one.
fn push(grants: &mut Vec<String>, grant: String) {
    let who = |grant: &str| grant.split(" when ").next().unwrap_or_default().to_owned();
    if grants.contains(&grant) || grants.contains(&who(&grant)) {
        return;
    }
    if !grant.contains(" when ") {
        grants.retain(|known| who(known) != grant);
    }
    grants.push(grant);
}
