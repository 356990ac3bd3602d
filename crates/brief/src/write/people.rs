//! Who signs in: the account, the roles, and which people are rows of their own.

use super::names;
use crate::concepts::{Concepts, RelationKind};
use crate::verbs;
use std::collections::BTreeSet;

#[derive(Clone, Debug)]
pub struct Role {
    /// `lab-manager`
    pub name: String,
    /// The words of the brief.
    pub words: String,
    /// The entity of the same name, where there is one.
    pub entity: Option<usize>,
    pub sentence: Option<usize>,
}

#[derive(Clone, Debug)]
pub struct People {
    pub roles: Vec<Role>,
    /// The entity that signs in; without one, `User` is added.
    pub account: Option<usize>,
    /// People who are rows of their own, each with one account.
    pub profiles: Vec<usize>,
    /// People who are roles and nothing more.
    pub roles_only: BTreeSet<usize>,
    /// Whoever signs up gets this role.
    pub sign_up: Option<String>,
    /// The text says so.
    pub sign_up_stated: bool,
    /// The role that looks after the others; added when the text has none.
    pub admin: String,
    pub admin_stated: bool,
}

/// Heads of names of people who work for the organisation: they get their role from somebody.
const STAFF: &[&str] = &[
    "manager",
    "admin",
    "administrator",
    "clerk",
    "staff",
    "employee",
    "receptionist",
    "agent",
    "moderator",
    "officer",
    "worker",
    "operator",
    "librarian",
    "nurse",
    "doctor",
    "physician",
    "vet",
    "veterinarian",
    "teacher",
    "coordinator",
    "director",
    "host",
    "dispatcher",
    "technician",
    "inspector",
    "editor",
    "curator",
    "supervisor",
    "secretary",
    "treasurer",
    "chair",
    "chairperson",
    "lecturer",
    "recruiter",
    "counselor",
    "counsellor",
    "trainer",
    "instructor",
    "reviewer",
    "analyst",
    "engineer",
    "mechanic",
    "cashier",
    "accountant",
    "attendant",
    "guard",
    "professor",
    "investigator",
    "interviewer",
    "housekeeper",
    "carrier",
    "courier",
    "planner",
    "controller",
    "leader",
    "assistant",
    "specialist",
    "expert",
    "judge",
    "approver",
    "purchaser",
    "examiner",
    "grader",
    "invigilator",
    "chef",
    "cook",
    "lawyer",
    "attorney",
    "bookkeeper",
    "dietician",
    "referee",
    "umpire",
    "warden",
    "caretaker",
    "usher",
    "skipper",
    "pilot",
    "bearer",
    "representative",
    "rep",
    "subcontractor",
    "barista",
    "waiter",
    "steward",
    "surveyor",
    "adjuster",
    "pharmacist",
    "therapist",
    "master",
    "auditor",
];

/// People from outside, those first who have most reason to sign up by themselves.
const OUTSIDERS: &[&str] = &[
    "customer",
    "client",
    "user",
    "member",
    "guest",
    "visitor",
    "patient",
    "student",
    "resident",
    "citizen",
    "donor",
    "buyer",
    "parent",
    "player",
    "passenger",
    "reader",
    "learner",
    "applicant",
    "candidate",
    "tenant",
    "subscriber",
    "traveller",
    "participant",
    "colleague",
];

const ADMINS: &[&str] = &[
    "admin",
    "administrator",
    "system administrator",
    "platform administrator",
    "site administrator",
    "super admin",
];

/// People of whom one would not say that they sign in.
const NO_ROLE: &[&str] = &[
    "person",
    "people",
    "party",
    "child",
    "adult",
    "somebody",
    "individual",
    "human",
    "man",
    "woman",
    "team",
    "group",
    "company",
    "victim",
    "author",
    "composer",
    "parent company",
    "kid",
    "baby",
];

fn head(words: &str) -> &str {
    words.rsplit(' ').next().unwrap_or(words)
}

/// Owners of these work there; owners of dogs, cars and houses are customers.
const OWNED: &[&str] = &[
    "business",
    "company",
    "shop",
    "store",
    "restaurant",
    "site",
    "salon",
    "product",
    "process",
    "club",
    "gym",
    "farm",
];

pub fn is_staff(words: &str) -> bool {
    match words.strip_suffix("owner") {
        Some(owned) => OWNED.contains(&head(owned.trim_end())),
        None => STAFF.contains(&head(words)),
    }
}

/// Who comes from outside, be it that others sign up.
pub fn is_outsider(words: &str) -> bool {
    OUTSIDERS.contains(&head(words))
}

pub fn find(concepts: &Concepts) -> People {
    let roles = roles(concepts);
    let (mut roles_only, own_rows) = rows(concepts, &roles);
    let account = account(concepts, &own_rows);
    roles_only.retain(|at| Some(*at) != account);
    let profiles = own_rows
        .into_iter()
        .filter(|at| Some(*at) != account)
        .collect();
    let admin = roles
        .iter()
        .find(|role| ADMINS.contains(&role.words.as_str()));
    let admin_name = admin.map_or_else(|| "admin".to_owned(), |role| role.name.clone());
    let (sign_up, sign_up_stated) = sign_up(concepts, &roles, account);
    People {
        admin_stated: admin.is_some(),
        admin: admin_name,
        account,
        profiles,
        roles_only,
        sign_up,
        sign_up_stated,
        roles,
    }
}

impl People {
    /// The role of whoever signs up, if the text names one.
    pub fn outsider(&self) -> Option<&Role> {
        let mut roles = self.roles.iter();
        roles.find(|role| Some(&role.name) == self.sign_up.as_ref())
    }

    /// In a short brief people are roles, and who signs up is the account.
    pub fn gather(&mut self, concepts: &Concepts) {
        let outsider = self.outsider().and_then(|role| role.entity);
        let staff = |at: &usize| is_staff(&concepts.entities[*at].name);
        self.account = self.account.filter(|at| !staff(at)).or(outsider);
        self.profiles.clear();
        let account = self.account;
        self.roles_only = concepts
            .entities
            .iter()
            .enumerate()
            .filter(|(at, entity)| {
                entity.person && Some(*at) != account && entity.attributes.is_empty()
            })
            .map(|(at, _)| at)
            .collect();
    }
}

fn roles(concepts: &Concepts) -> Vec<Role> {
    let mut roles: Vec<Role> = Vec::new();
    let mut add = |words: &str, sentence: usize| {
        let Some(name) = names::role(words) else {
            return;
        };
        if NO_ROLE.contains(&words)
            || roles.iter().any(|role| role.name == name)
            || roles.len() >= 12
        {
            return;
        }
        roles.push(Role {
            name,
            words: words.to_owned(),
            entity: concepts
                .entities
                .iter()
                .position(|entity| entity.name == words),
            sentence: Some(sentence),
        });
    };
    for entity in concepts.entities.iter().filter(|entity| entity.actor) {
        add(&entity.name, entity.source.sentence());
    }
    // `Customers register`: whoever acts, be it on nothing that is stored, may have to sign in.
    for entity in concepts
        .entities
        .iter()
        .filter(|entity| entity.acts && (is_staff(&entity.name) || is_outsider(&entity.name)))
    {
        add(&entity.name, entity.source.sentence());
    }
    for act in &concepts.acts {
        let known = concepts
            .entities
            .iter()
            .any(|entity| entity.name == act.actor);
        if known || is_staff(&act.actor) {
            add(&act.actor, act.sentence);
        }
    }
    roles
}

/// People who are a role and nothing more, and people who are rows of their own.
fn rows(concepts: &Concepts, roles: &[Role]) -> (BTreeSet<usize>, Vec<usize>) {
    let mut only = BTreeSet::new();
    let mut rows = Vec::new();
    for (at, entity) in concepts
        .entities
        .iter()
        .enumerate()
        .filter(|(_, entity)| entity.person)
    {
        let is_role = roles.iter().any(|role| role.entity == Some(at));
        // In prose, whoever deals with something is recorded with it; a backlog names roles.
        let known = !entity.attributes.is_empty()
            || concepts.relations.iter().any(|relation| {
                let involved = relation.from == at || relation.to == at;
                let looks_after = relation.from == at
                    && is_staff(&entity.name)
                    && entity.attributes.is_empty()
                    && (verbs::administers(&relation.verb)
                        || [
                            "plan", "assign", "schedule", "approve", "see", "check", "make",
                            "export",
                        ]
                        .contains(&relation.verb.as_str()));
                involved && !looks_after && (!concepts.story || relation.kind == RelationKind::Kind)
            });
        if is_role && !known {
            only.insert(at);
        } else if is_role {
            rows.push(at);
        }
    }
    (only, rows)
}

/// The people who sign in, if one kind of them stands for all.
fn account(concepts: &Concepts, rows: &[usize]) -> Option<usize> {
    let named = |at: &usize| {
        matches!(
            concepts.entities[*at].name.as_str(),
            "user" | "account" | "user account" | "account holder"
        )
    };
    let all =
        concepts.entities.iter().enumerate().filter(|(_, entity)| {
            entity.person || entity.name == "account" || entity.name == "user"
        });
    let mut everybody = all.map(|(at, _)| at);
    everybody.find(named).or(match rows {
        [one] => Some(*one),
        _ => None,
    })
}

fn sign_up(concepts: &Concepts, roles: &[Role], account: Option<usize>) -> (Option<String>, bool) {
    let stated = concepts.acts.iter().find(|act| {
        let object = &concepts.entities[act.entity].name;
        matches!(
            act.verb.as_str(),
            "register" | "sign" | "join" | "create" | "open" | "set"
        ) && (object.ends_with("account") || object.ends_with("profile"))
    });
    if let Some(role) = stated.and_then(|act| {
        roles
            .iter()
            .find(|role| role.words == act.actor && !is_staff(&role.words))
    }) {
        return (Some(role.name.clone()), true);
    }
    let weight = |role: &&Role| {
        concepts
            .acts
            .iter()
            .filter(|act| act.actor == role.words)
            .count()
    };
    let outside = |role: &&Role| !is_staff(&role.words) && !ADMINS.contains(&role.words.as_str());
    let known = |role: &&Role| {
        let place = OUTSIDERS.iter().position(|each| *each == head(&role.words));
        place.map_or(0, |place| OUTSIDERS.len() - place)
    };
    let mut best: Option<&Role> = None;
    for role in roles.iter().filter(outside) {
        let heavier =
            |other: &Role| (known(&role), weight(&role)) > (known(&other), weight(&other));
        if best.is_none_or(heavier) {
            best = Some(role);
        }
    }
    if let Some(role) = best {
        return (Some(role.name.clone()), false);
    }
    // Nobody from outside is named: those who have an account are members.
    let staff_only =
        !roles.is_empty() && account.is_none_or(|at| is_staff(&concepts.entities[at].name));
    ((!staff_only).then(|| "member".to_owned()), false)
}
