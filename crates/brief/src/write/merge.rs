//! The patterns' design and the text's own: what both mean is one, and what the text merely mentions is left out.

use super::draft::{Draft, DraftEntity, Line};
use super::join::Joined;
use super::names::{self, split};
use super::nodes::{drafted, flow, origin};
use archwright_patterns::{Member, Node};
use std::collections::{BTreeMap, BTreeSet};

/// Puts the patterns' entities first, with what the text adds to them, then the text's own. `acted` are those that
/// people of the text do something with. Gives the names that are mentioned and neither.
pub fn merge(draft: &mut Draft, joined: &Joined, acted: &BTreeSet<String>) -> Vec<String> {
    let own = std::mem::take(&mut draft.entities);
    let mut entities: Vec<DraftEntity> = joined.composition.entities.iter().map(drafted).collect();
    let meant: BTreeMap<String, String> = own
        .iter()
        .filter_map(|entity| {
            let at = twin(&entities, &entity.name)?;
            Some((entity.name.clone(), entities[at].name.clone()))
        })
        .collect();
    let all: Vec<String> = entities.iter().map(|each| each.name.clone()).collect();
    let mut left_out = Vec::new();
    for mut entity in own {
        // What the patterns have as rows is no text of a row.
        let row = |field: &Line| names::entity(&field.name).is_some_and(|name| all.contains(&name));
        entity
            .fields
            .retain(|field| leads(&field.value) || !row(field));
        if let Some(known) = meant.get(&entity.name) {
            let at = entities.iter().position(|each| each.name == *known);
            if let Some(at) = at {
                add(&mut entities[at], entity, &all, &meant);
            }
        } else if spoken_for(&entity, joined) || continued(&entity, &entities) {
        } else if has_facts(&entity) || acted.contains(&entity.name) && is_tied(&entity) {
            entities.push(entity);
        } else {
            left_out.push(split(&entity.name).to_lowercase());
        }
    }
    for entity in &mut entities {
        for field in &mut entity.fields {
            for (old, new) in meant.iter().filter(|(old, new)| old != new) {
                field.value = retarget(&field.value, old, new);
            }
        }
    }
    entities.iter_mut().for_each(drop_own_kinds);
    draft.entities = entities;
    forget_the_absent(draft);
    disown_parts(draft);
    left_out.extend(roles(draft, &joined.composition.roles));
    left_out
}

/// Joins the roles of both. Those of the text that no rule speaks of are left out; whoever gives roles may do what
/// those may whom the text names.
fn roles(draft: &mut Draft, patterns: &[Member]) -> Vec<String> {
    let mut left_out = Vec::new();
    let mut more = Vec::new();
    let entities = &draft.entities;
    draft.roles.retain(|role| {
        let known = patterns.iter().any(|each| each.name == role.name);
        if known || role.value.contains("sign-up") || role.value.contains("includes") {
            return true;
        }
        let used = entities.iter().any(|entity| speaks_of(entity, &role.name));
        if used {
            more.push(role.name.clone());
        } else {
            left_out.push(format!("{} as a role", role.name));
        }
        used
    });
    for role in patterns {
        let value = flow(&including(&role.value, &more));
        match draft.roles.iter_mut().find(|each| each.name == role.name) {
            Some(known) => known.value = value,
            None => draft
                .roles
                .push(Line::new(role.name.clone(), value, origin(role))),
        }
    }
    let order = |line: &Line| usize::from(line.value.contains("includes:"));
    draft.roles.sort_by_key(order);
    left_out
}

/// The role with more to include, if it includes some.
fn including(role: &Node, more: &[String]) -> Node {
    let Node::Map(entries) = role else {
        return role.clone();
    };
    let entries = entries.iter().map(|(key, value)| {
        let mut value = value.clone();
        if key == "includes" && !more.is_empty() {
            let known = match &value {
                Node::List(items) => items.clone(),
                one => vec![one.clone()],
            };
            let more = more.iter().map(|name| Node::Text(name.clone()));
            value = Node::List(known.into_iter().chain(more).collect());
        }
        (key.clone(), value)
    });
    Node::Map(entries.collect())
}

/// Whether a rule of an entity names a role.
fn speaks_of(entity: &DraftEntity, role: &str) -> bool {
    let lines = [&entity.allow, &entity.moves, &entity.fields];
    let mut values = lines.into_iter().flatten().map(|line| line.value.as_str());
    values.any(|value| {
        value.match_indices(role).any(|(at, _)| {
            let before = value[..at].chars().next_back();
            let after = &value[at + role.len()..];
            let word = |letter: char| letter.is_alphanumeric() || "-_.".contains(letter);
            !before.is_some_and(word)
                && !after.starts_with(word)
                && !after.starts_with(':')
                && !after.starts_with(" ==")
        })
    })
}

/// Whether the text says more of it than its name and its neighbours.
fn has_facts(entity: &DraftEntity) -> bool {
    let stated = entity
        .fields
        .iter()
        .any(|field| field.note.starts_with("stated") && !leads(&field.value));
    stated || !entity.moves.is_empty()
}

fn is_tied(entity: &DraftEntity) -> bool {
    entity.fields.iter().any(|field| leads(&field.value))
}

/// A court has no kind that says that it is a court.
fn drop_own_kinds(entity: &mut DraftEntity) {
    let Some(own) = names::field(&split(&entity.name)) else {
        return;
    };
    entity.fields.retain(|field| {
        let values = field.value.strip_prefix("enum(");
        let values = values.and_then(|rest| rest.split_once(')'));
        !values.is_some_and(|(values, _)| values.split(", ").any(|value| value == own))
    });
}

/// Whether a field leads to another entity.
fn leads(value: &str) -> bool {
    value.starts_with(|first: char| first.is_uppercase())
}

/// A seat that is named, where requests for seats are there.
fn continued(entity: &DraftEntity, entities: &[DraftEntity]) -> bool {
    let facts = entity.fields.iter().filter(|field| !leads(&field.value));
    facts.count() <= 1
        && entity.moves.is_empty()
        && entities.iter().any(|known| {
            let rest = known.name.strip_prefix(&entity.name);
            known.note.starts_with("pattern")
                && rest.is_some_and(|rest| rest.starts_with(|first: char| first.is_uppercase()))
        })
}

/// The pattern's entity that a name of the text means: the same, or the one whose last word it is (`Line`).
fn twin(entities: &[DraftEntity], name: &str) -> Option<usize> {
    let same = |each: &&DraftEntity| each.name == name || names::plural(&each.name) == name;
    if let Some(at) = entities.iter().position(|each| same(&each)) {
        return Some(at);
    }
    let ending = |each: &DraftEntity| {
        each.note.starts_with("pattern")
            && each.name.ends_with(name)
            && each.name.len() > name.len()
    };
    let mut found = entities
        .iter()
        .enumerate()
        .filter(|(_, each)| ending(each))
        .map(|(at, _)| at);
    found.next().filter(|_| found.next().is_none())
}

/// The field's value with another target.
fn retarget(value: &str, old: &str, new: &str) -> String {
    match value.strip_prefix(old) {
        Some(rest) if !rest.starts_with(|next: char| next.is_alphanumeric()) => {
            format!("{new}{rest}")
        }
        _ => value.to_owned(),
    }
}

/// A name without facts of its own that only repeats what brought a pattern: `profile management`.
fn spoken_for(entity: &DraftEntity, joined: &Joined) -> bool {
    if has_facts(entity) {
        return false;
    }
    let name = names::field(&split(&entity.name))
        .unwrap_or_default()
        .replace('_', " ");
    joined.evidence.iter().any(|words| {
        let singular = |text: &str| {
            text.split(' ')
                .map(|word| crate::singular(word).unwrap_or_else(|| word.to_owned()))
                .collect::<Vec<_>>()
                .join(" ")
        };
        let (words, name) = (singular(words), singular(&name));
        words == name
            || name.starts_with(&format!("{words} "))
            || words.ends_with(&format!(" {name}"))
    })
}

/// What the text says of an entity that a pattern has too: its fields come along, its type of a field counts where it
/// lists values and no moves depend on them.
fn add(
    known: &mut DraftEntity,
    own: DraftEntity,
    all: &[String],
    meant: &BTreeMap<String, String>,
) {
    if own.note.starts_with("stated") {
        known.note = format!("{}; {}", own.note, known.note);
    }
    for field in own.fields {
        let machine = field.value.starts_with("enum") && !known.moves.is_empty();
        let default = field.note.starts_with("implied");
        // A row has one owner: the pattern's.
        let owner = |value: &str| value.contains(", owner");
        let second = owner(&field.value) && known.fields.iter().any(|each| owner(&each.value));
        // How the things of patterns hang together, patterns know.
        let target: String = field
            .value
            .chars()
            .take_while(|each| each.is_alphanumeric())
            .collect();
        let within = leads(&field.value) && (all.contains(&target) || meant.contains_key(&target));
        let new = !known.has_field(&field.name) && !within;
        if new && !machine && !default && !second {
            known.fields.push(field);
        }
    }
    for line in own.last {
        if line.name == "workload" && line.note.starts_with("stated") {
            known.last.retain(|each| each.name != "workload");
            known.last.push(line);
        }
    }
}

/// Parts are owned like their whole.
fn disown_parts(draft: &mut Draft) {
    let fields = draft.entities.iter().flat_map(|entity| &entity.fields);
    let parts: Vec<String> = fields
        .filter_map(|field| field.value.split_once("[], composed"))
        .map(|(part, _)| part.to_owned())
        .collect();
    for entity in &mut draft.entities {
        if parts.contains(&entity.name) {
            for field in &mut entity.fields {
                field.value = field.value.replace(", owner", "");
            }
        }
    }
}

/// Fields that point to entities which were spoken for go, and so do the other sides of fields that are not there.
fn forget_the_absent(draft: &mut Draft) {
    let names: Vec<String> = draft
        .entities
        .iter()
        .map(|entity| entity.name.clone())
        .collect();
    for entity in &mut draft.entities {
        entity.fields.retain(|field| {
            let target: String = field
                .value
                .chars()
                .take_while(|each| each.is_alphanumeric())
                .collect();
            !field.value.starts_with(|first: char| first.is_uppercase()) || names.contains(&target)
        });
    }
    let fields: Vec<(String, String)> = draft
        .entities
        .iter()
        .flat_map(|entity| {
            entity
                .fields
                .iter()
                .map(|field| (entity.name.clone(), field.name.clone()))
        })
        .collect();
    for entity in &mut draft.entities {
        entity.fields.retain(|field| {
            let Some((target, by)) = field.value.split_once("[], by ") else {
                return true;
            };
            let by: String = by
                .chars()
                .take_while(|each| each.is_alphanumeric() || *each == '_')
                .collect();
            fields
                .iter()
                .any(|(owner, name)| owner == target && *name == by)
        });
    }
    sound_rules(draft);
    for entity in &mut draft.entities {
        if entity.fields.is_empty() {
            let note = "implied: the text gives it no fields";
            entity
                .fields
                .push(Line::new("name", "string(1..200), search", note));
        }
    }
}

/// Takes out grants of the text's entities whose condition goes over a field that went; the others remain.
fn sound_rules(draft: &mut Draft) {
    let admin = draft
        .roles
        .last()
        .map_or_else(|| "admin".to_owned(), |role| role.name.clone());
    let known = draft.clone();
    let own = draft
        .entities
        .iter_mut()
        .filter(|entity| !entity.note.contains("pattern"));
    for entity in own {
        for rule in &mut entity.allow {
            let kept: Vec<&str> = rule
                .value
                .split(", ")
                .filter(|grant| holds(&known, &entity.name, grant))
                .collect();
            let kept = kept.join(", ");
            rule.value = kept;
        }
        entity.allow.retain(|rule| !rule.value.is_empty());
        for each in &mut entity.moves {
            let Some((start, by)) = each.value.split_once("by: ") else {
                continue;
            };
            let by = by.trim_end_matches([' ', '}']).trim_matches('"');
            if !by
                .split(", ")
                .all(|grant| holds(&known, &entity.name, grant))
            {
                each.value = format!("{start}by: {admin} }}");
            }
        }
    }
}

/// Whether each field on the way of a grant's condition is there.
fn holds(draft: &Draft, entity: &str, grant: &str) -> bool {
    if grant == "owner" {
        let account = |entity: &DraftEntity| {
            entity
                .settings
                .iter()
                .any(|setting| setting.name == "account")
        };
        return draft.entity(entity).is_some_and(|entity| {
            account(entity)
                || entity
                    .fields
                    .iter()
                    .any(|field| field.value.contains(", owner"))
        });
    }
    let Some((_, condition)) = grant.split_once(" when ") else {
        return true;
    };
    let Some((path, _)) = condition.split_once(" == ") else {
        return true;
    };
    let mut at = entity.to_owned();
    path.split('.').all(|step| {
        let found = draft
            .entity(&at)
            .and_then(|entity| entity.fields.iter().find(|field| field.name == step));
        let Some(field) = found else { return false };
        at = field
            .value
            .chars()
            .take_while(|each| each.is_alphanumeric())
            .collect();
        true
    })
}
