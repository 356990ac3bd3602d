//! Joins what a short brief says with the patterns that it speaks of.

use super::draft::{Draft, DraftEntity, Line, quoted};
use super::names;
use super::people::People;
use super::questions::{Answer, Choices, Question};
use crate::concepts::Concepts;
use crate::verbs;
use archwright_patterns::{Answers, Composition, Entity, Match, Member, Node, compose, matching};

/// Patterns that a short brief may bring.
const MOST: usize = 6;

/// The patterns that the words speak of, joined; nothing if there are none.
pub struct Joined {
    pub composition: Composition,
    /// Words of the brief that speak for a chosen pattern, in lower case.
    pub evidence: Vec<String>,
}

pub fn find(concepts: &Concepts, people: &People, choices: &Choices) -> Option<Joined> {
    let words: Vec<String> = concepts
        .sentences
        .iter()
        .flat_map(|sentence| {
            sentence
                .text
                .split(|each: char| !each.is_alphanumeric() && each != '-')
        })
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut matches = matching(&words);
    // What is lent out is reserved by a hold, not booked for a time.
    if matches.iter().any(|own| own.id == "loan") {
        matches.retain(|own| own.id != "booking");
    }
    matches.truncate(MOST);
    if matches.is_empty() {
        return None;
    }
    let chosen: Vec<&str> = matches.iter().map(|own| own.id).collect();
    let mut answers = Answers {
        options: choices
            .iter()
            .filter(|(id, _)| id.contains('.'))
            .map(|(id, answer)| (id.clone(), answer.clone()))
            .collect(),
        names: renamed(concepts, people),
        ..Answers::default()
    };
    // An answer to a question that this choice of patterns doesn't ask, or a name that is taken, is left out.
    let composition = compose(&chosen, &answers).or_else(|_| {
        answers.options.clear();
        compose(&chosen, &answers)
    });
    let composition = composition.ok()?;
    let composition = in_own_words(concepts, &composition, &matches, &mut answers)
        .and_then(|()| compose(&chosen, &answers).ok())
        .unwrap_or(composition);
    Some(Joined {
        composition,
        evidence: matches
            .iter()
            .flat_map(|own| own.evidence.clone())
            .map(|words| words.to_lowercase())
            .collect(),
    })
}

impl Joined {
    /// Whether an entity of the patterns is called after what a verb does.
    pub fn has_noun_of(&self, verb: &str) -> bool {
        let mut entities = self.composition.entities.iter();
        entities.any(|entity| verbs::is_noun_of(&split(&entity.name).to_lowercase(), verb))
    }
}

/// General names of patterns, and the verbs whose object the text calls by its own name: `book courts`.
const GOODS: &[(&str, &[&str])] = &[
    (
        "Product",
        &["order", "buy", "sell", "purchase", "stock", "offer"],
    ),
    ("Bookable", &["book", "reserve", "rent", "hire"]),
    ("Title", &["borrow", "lend"]),
];

/// What the text calls the object of these verbs, if it is one kind of thing.
fn goods(concepts: &Concepts, trades: &[&str]) -> Option<String> {
    let mut goods: Vec<usize> = Vec::new();
    for act in concepts
        .acts
        .iter()
        .filter(|act| trades.contains(&act.verb.as_str()))
    {
        let entity = &concepts.entities[act.entity];
        let plain = !entity.person
            && !trades
                .iter()
                .any(|verb| verbs::is_noun_of(&entity.name, verb));
        if plain && !goods.contains(&act.entity) {
            goods.push(act.entity);
        }
    }
    match goods.as_slice() {
        [one] => names::entity(&concepts.entities[*one].name),
        _ => None,
    }
}

/// Calls a pattern's main entity what the text calls it: a device that the text speaks of as a sensor is one.
fn in_own_words(
    concepts: &Concepts,
    composition: &Composition,
    matches: &[Match],
    answers: &mut Answers,
) -> Option<()> {
    let mut renamed = false;
    let known = |name: &str| {
        composition
            .entities
            .iter()
            .any(|entity| entity.name == name)
    };
    for (general, trades) in GOODS.iter().filter(|(general, _)| known(general)) {
        if let Some(name) = goods(concepts, trades).filter(|name| !known(name)) {
            answers.names.insert((*general).to_owned(), name);
            renamed = true;
        }
    }
    for own in matches {
        let Some(main) = composition
            .entities
            .iter()
            .find(|entity| entity.origin == own.id)
        else {
            continue;
        };
        let named = concepts
            .entities
            .iter()
            .any(|entity| names::entity(&entity.name).as_deref() == Some(&main.name));
        let mut called = concepts.entities.iter().filter(|entity| {
            !entity.person
                && own
                    .evidence
                    .iter()
                    .any(|words| crate::singular(words).as_deref().unwrap_or(words) == entity.name)
        });
        let (Some(one), None) = (called.next(), called.next()) else {
            continue;
        };
        if let Some(name) = names::entity(&one.name).filter(|name| !named && !known(name)) {
            answers.names.insert(main.name.clone(), name);
            renamed = true;
        }
    }
    renamed.then_some(())
}

/// The account and the roles in the words of the brief.
fn renamed(concepts: &Concepts, people: &People) -> std::collections::BTreeMap<String, String> {
    let mut renamed = std::collections::BTreeMap::new();
    if let Some(account) = people
        .account
        .and_then(|at| names::entity(&concepts.entities[at].name))
    {
        renamed.insert("ACCOUNT".to_owned(), account);
    }
    if let Some(role) = &people.sign_up {
        renamed.insert("MEMBER".to_owned(), role.clone());
    }
    let staff = people.roles.iter().find(|role| {
        Some(&role.name) != people.sign_up.as_ref()
            && role.name != people.admin
            && super::people::is_staff(&role.words)
    });
    if let Some(role) = staff {
        renamed.insert("STAFF".to_owned(), role.name.clone());
    }
    renamed.insert("ADMIN".to_owned(), people.admin.clone());
    renamed
}

/// Puts the patterns' entities first, with what the text adds to them, then the text's own.
pub fn merge(draft: &mut Draft, joined: &Joined) {
    let own = std::mem::take(&mut draft.entities);
    let mut renames = Vec::new();
    let mut entities: Vec<DraftEntity> = joined.composition.entities.iter().map(drafted).collect();
    for entity in own {
        match twin(&entities, &entity.name) {
            Some(at) => {
                let (old, new) = (entity.name.clone(), entities[at].name.clone());
                add(&mut entities[at], entity);
                renames.push((old, new));
            }
            None if spoken_for(&entity, joined) => {}
            None => entities.push(entity),
        }
    }
    for entity in &mut entities {
        for field in &mut entity.fields {
            for (old, new) in renames.iter().filter(|(old, new)| old != new) {
                field.value = retarget(&field.value, old, new);
            }
        }
    }
    draft.entities = entities;
    for role in &joined.composition.roles {
        let line = Line::new(role.name.clone(), flow(&role.value), origin(role));
        match draft.roles.iter_mut().find(|each| each.name == role.name) {
            Some(known) => known.value = line.value,
            None => draft.roles.push(line),
        }
    }
    let order = |line: &Line| usize::from(line.value.contains("includes:"));
    draft.roles.sort_by_key(order);
    forget_the_absent(draft);
    disown_parts(draft);
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
    let stated = entity.fields.iter().any(|field| {
        field.note.starts_with("stated")
            && !field.value.starts_with(|first: char| first.is_uppercase())
    });
    if stated || !entity.moves.is_empty() {
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

/// `Order Line` for `OrderLine`.
fn split(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push(' ');
        }
        text.push(letter);
    }
    text
}

/// What the text says of an entity that a pattern has too: its fields come along, its type of a field counts where it
/// lists values and no moves depend on them.
fn add(known: &mut DraftEntity, own: DraftEntity) {
    if own.note.starts_with("stated") {
        known.note = format!("{}; {}", own.note, known.note);
    }
    for field in own.fields {
        let machine = field.value.starts_with("enum") && !known.moves.is_empty();
        let default = field.note.starts_with("implied");
        // A row has one owner: the pattern's.
        let owner = |value: &str| value.contains(", owner");
        let second = owner(&field.value) && known.fields.iter().any(|each| owner(&each.value));
        if !known.has_field(&field.name) && !machine && !default && !second {
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

fn drafted(entity: &Entity) -> DraftEntity {
    let (last, settings): (Vec<&Member>, Vec<&Member>) =
        entity.settings.iter().partition(|setting| {
            matches!(
                setting.name.as_str(),
                "workload" | "soft-delete" | "audit" | "timestamps" | "versioned"
            )
        });
    let lines = |members: &[Member]| -> Vec<Line> {
        members
            .iter()
            .map(|member| line(member, &entity.origin))
            .collect()
    };
    DraftEntity {
        name: entity.name.clone(),
        note: format!("pattern {}", entity.origin),
        settings: settings
            .into_iter()
            .map(|member| line(member, &entity.origin))
            .collect(),
        fields: lines(&entity.fields),
        unique: lines(&entity.unique),
        index: lines(&entity.index),
        checks: lines(&entity.checks),
        allow: lines(&entity.allow),
        moves: lines(&entity.moves),
        last: last
            .into_iter()
            .map(|member| line(member, &entity.origin))
            .collect(),
        part: false,
    }
}

/// A member of another pattern than its entity's says so.
fn line(member: &Member, of: &str) -> Line {
    let value = match &member.value {
        Node::Text(text) if member.name == "about" => quoted(text),
        Node::Text(text) => scalar(text, false),
        Node::List(items)
            if items
                .iter()
                .all(|item| item.text().is_some_and(|text| !text.contains(',')))
                && !member.name.is_empty() =>
        {
            scalar(
                &items
                    .iter()
                    .filter_map(Node::text)
                    .collect::<Vec<_>>()
                    .join(", "),
                false,
            )
        }
        other => flow(other),
    };
    Line::new(
        member.name.clone(),
        value,
        if member.origin == of {
            String::new()
        } else {
            origin(member)
        },
    )
}

fn origin(member: &Member) -> String {
    format!("pattern {}", member.origin)
}

fn flow(node: &Node) -> String {
    match node {
        Node::Text(text) => scalar(text, true),
        Node::List(items) => format!(
            "[{}]",
            items.iter().map(flow).collect::<Vec<_>>().join(", ")
        ),
        Node::Map(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{key}: {}", flow(value)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}

/// Text as it stands where YAML takes it so, else in quotes.
fn scalar(text: &str, inside: bool) -> String {
    let begins = text.starts_with(|first: char| first.is_alphanumeric() || "(-+.".contains(first))
        && !text.starts_with("- ");
    let special =
        text.contains(": ") || text.contains(" #") || text.ends_with(':') || text.contains('\n');
    let nested = inside && text.contains(|each: char| ",[]{}".contains(each));
    if !text.is_empty() && begins && !special && !nested {
        return text.to_owned();
    }
    format!(
        "\"{}\"",
        text.replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n")
    )
}

/// The composition's open questions in the form of our own.
pub fn questions(composition: &Composition) -> Vec<Question> {
    composition
        .questions
        .iter()
        .map(|question| Question {
            id: question.id.clone(),
            ask: question.ask.clone(),
            why: question.why.clone(),
            options: question
                .choices
                .iter()
                .map(|choice| Answer {
                    id: choice.id.clone(),
                    gives: choice.gives.clone(),
                    changes: if choice.changes.is_empty() {
                        "as designed here".to_owned()
                    } else {
                        choice.changes.join(", ")
                    },
                })
                .collect(),
            weight: question.weight,
        })
        .collect()
}
