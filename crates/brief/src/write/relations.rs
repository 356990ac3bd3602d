//! Relations as fields: who points at whom, whether it may be missing, what is a part of what.

use super::people::{People, is_staff};
use super::{access, names};
use crate::concepts::{Concepts, Relation, RelationKind, Source};

/// A field that points from one entity to another.
#[derive(Clone, Debug)]
pub struct Pointer {
    pub holder: usize,
    pub target: usize,
    pub name: String,
    pub optional: bool,
    pub unique: bool,
    /// The name of the field at the target that lists the holders.
    pub inverse: Option<String>,
    /// The holder's rows are parts of the target's.
    pub part: bool,
    pub source: Source,
}

/// A many-to-many field.
#[derive(Clone, Debug)]
pub struct Many {
    pub holder: usize,
    pub target: usize,
    pub name: String,
    pub source: Source,
}

#[derive(Clone, Debug, Default)]
pub struct Fields {
    pub pointers: Vec<Pointer>,
    pub many: Vec<Many>,
}

/// Heads of names of parts that are written with their whole.
const PARTS: &[&str] = &[
    "line", "item", "entry", "row", "option", "step", "position", "detail",
];

pub fn fields(concepts: &Concepts, people: &People) -> Fields {
    let mut fields = Fields::default();
    for relation in &concepts.relations {
        if people.roles_only.contains(&relation.from) || people.roles_only.contains(&relation.to) {
            continue;
        }
        place(concepts, people, relation, &mut fields);
    }
    open_circles(&mut fields.pointers, concepts.entities.len());
    fields
}

fn place(concepts: &Concepts, people: &People, relation: &Relation, fields: &mut Fields) {
    let (from, to) = (relation.from, relation.to);
    let name = |at: usize| names::field(&concepts.entities[at].name);
    let person = |at: usize| concepts.entities[at].person;
    let source = relation.source.clone();
    let Some((from_name, to_name)) = name(from).zip(name(to)) else {
        return;
    };
    if relation.kind == RelationKind::Kind {
        return fields.pointers.push(Pointer {
            holder: from,
            target: to,
            name: to_name,
            optional: false,
            unique: true,
            inverse: None,
            part: false,
            source,
        });
    }
    if relation.many && relation.back && !(person(from) && person(to)) {
        return fields.many.push(Many {
            holder: from,
            target: to,
            name: plural(&to_name),
            source,
        });
    }
    let implied = matches!(source, Source::Implied { .. });
    // One of `from` has many of `to`: `to` points back. People who do something own what they do it to.
    let to_points = if implied {
        false
    } else if relation.many != relation.back {
        relation.many
    } else {
        // Who signs up has nothing yet: `every donor gets a receipt`.
        let signs_up = people.account == Some(from) || people.profiles.contains(&from);
        person(from) && !person(to) && (relation.verb != "has" || signs_up)
    };
    // People who choose or attend something share it with others.
    let shared = !implied
        && person(from)
        && !person(to)
        && relation.verb != "has"
        && !relation.many
        && !access::creates(&relation.verb);
    let outsider = person(from) && !is_staff(&concepts.entities[from].name);
    if shared && outsider {
        let signs_in = people.profiles.contains(&from) || people.account == Some(from);
        if signs_in {
            fields.many.push(Many {
                holder: from,
                target: to,
                name: plural(&to_name),
                source,
            });
        }
        return;
    }
    let (holder, target, field, inverse) = if to_points {
        (to, from, from_name, Some(names::plural(&to_name)))
    } else {
        (from, to, to_name, None)
    };
    let part = to_points && is_part(concepts, fields, holder, target);
    let staff = is_staff(&concepts.entities[target].name) && person(target);
    fields.pointers.push(Pointer {
        holder,
        target,
        name: field,
        optional: staff && !people.profiles.contains(&holder)
            || implied && relation.verb == "with"
            || relation.may && !part && !person(target),
        unique: false,
        inverse: inverse.filter(|_| relation.many),
        part,
        source,
    });
}

/// The name of many, out of the way of reserved names: an account has `roles` already.
fn plural(name: &str) -> String {
    let many = names::plural(name);
    names::field(&many).unwrap_or(many)
}

/// Lines of an order: they have no life of their own.
fn is_part(concepts: &Concepts, fields: &Fields, holder: usize, target: usize) -> bool {
    let part = &concepts.entities[holder];
    let head = part.name.rsplit(' ').next().unwrap_or_default();
    let acted = concepts.acts.iter().any(|act| act.entity == holder);
    let taken = fields.pointers.iter().any(|each| {
        each.holder == holder && each.part
            || each.target == holder
            || each.holder == target && each.part
    });
    let pointed = concepts
        .relations
        .iter()
        .filter(|each| each.from == holder || each.to == holder)
        .count();
    PARTS.contains(&head)
        && part.name.contains(' ')
        && !acted
        && !taken
        && !part.person
        && part.states.is_none()
        && pointed <= 3
}

/// A circle of required pointers could never be filled: the last one in each is optional.
fn open_circles(pointers: &mut [Pointer], entities: usize) {
    for at in 0..pointers.len() {
        let (holder, target) = (pointers[at].holder, pointers[at].target);
        if !pointers[at].optional && reaches(&pointers[..at], target, holder, entities) {
            pointers[at].optional = true;
            if pointers[at].part {
                pointers[at].part = false;
            }
        }
    }
}

fn reaches(pointers: &[Pointer], start: usize, goal: usize, entities: usize) -> bool {
    let mut seen = vec![false; entities];
    let mut open = vec![start];
    while let Some(at) = open.pop() {
        if at == goal {
            return true;
        }
        if std::mem::replace(&mut seen[at], true) {
            continue;
        }
        open.extend(
            pointers
                .iter()
                .filter(|each| each.holder == at && !each.optional)
                .map(|each| each.target),
        );
    }
    false
}
