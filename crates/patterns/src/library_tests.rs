//! What holds for every file of the library, beside that its design is sound.

use crate::grants::{condition, split};
use crate::node::Node;
use crate::pattern::{Change, Fragment, Pattern, library, pattern};
use std::collections::{BTreeMap, BTreeSet};

fn none(problems: Vec<String>) {
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

fn changes(pattern: &Pattern) -> impl Iterator<Item = &Change> {
    let joins = pattern.joins.iter().map(|(_, change)| change);
    let choices = pattern
        .questions
        .iter()
        .flat_map(|question| &question.choices);
    joins.chain(choices.map(|choice| &choice.change))
}

fn fragments(pattern: &Pattern) -> impl Iterator<Item = &Fragment> {
    std::iter::once(&pattern.design).chain(changes(pattern).map(|change| &change.add))
}

#[test]
fn patterns_name_patterns_that_exist() {
    let mut unknown = Vec::new();
    for own in library() {
        let joined = own
            .joins
            .iter()
            .flat_map(|(with, _)| with.split(" and "))
            .filter(|term| !term.contains(" is "));
        let with = changes(own)
            .flat_map(|change| &change.with)
            .map(String::as_str);
        let required = own.requires.iter().map(String::as_str);
        let fallbacks = own
            .anchors
            .iter()
            .filter_map(|anchor| anchor.fallback.as_deref());
        let named = joined.chain(with).chain(required).chain(fallbacks);
        unknown.extend(
            named
                .filter(|id| pattern(id).is_none())
                .map(|id| format!("{}: {id}", own.id)),
        );
    }
    none(unknown);
}

#[test]
fn joins_about_an_anchor_can_come_true() {
    let mut never = Vec::new();
    for own in library() {
        let terms = own.joins.iter().flat_map(|(with, _)| with.split(" and "));
        for (name, entity) in terms.filter_map(|term| term.split_once(" is ")) {
            let anchor = own.anchors.iter().find(|anchor| anchor.name == name);
            let mut offers = library().iter().flat_map(|other| &other.offers);
            let offered = anchor.is_some_and(|anchor| {
                offers.any(|offer| {
                    offer.entity == entity && offer.qualities.contains(&anchor.quality)
                })
            });
            if !offered {
                never.push(format!("{}: {name} is {entity}", own.id));
            }
        }
    }
    none(never);
}

#[test]
fn a_fallback_offers_what_is_missing() {
    let mut lacking = Vec::new();
    for own in library() {
        for anchor in &own.anchors {
            let fallback = anchor.fallback.as_deref().and_then(pattern);
            let offers = |other: &Pattern| {
                other
                    .offers
                    .iter()
                    .any(|offer| offer.qualities.contains(&anchor.quality))
            };
            let offered = fallback.map_or_else(|| library().iter().any(offers), offers);
            if !offered {
                lacking.push(format!("{}.{}", own.id, anchor.name));
            }
        }
    }
    none(lacking);
}

#[test]
fn every_quality_that_is_offered_is_wanted() {
    let wanted: BTreeSet<&str> = library()
        .iter()
        .flat_map(|own| own.anchors.iter().map(|anchor| anchor.quality.as_str()))
        .collect();
    let offers = library()
        .iter()
        .flat_map(|own| own.offers.iter().map(move |offer| (own.id, offer)));
    let idle = offers.flat_map(|(id, offer)| {
        let idle = offer
            .qualities
            .iter()
            .filter(|quality| !wanted.contains(quality.as_str()));
        idle.map(move |quality| format!("{id}: {} is {quality}", offer.entity))
    });
    none(idle.collect());
}

#[test]
fn each_entity_is_defined_by_one_pattern() {
    let mut defined: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for own in library() {
        for (name, body) in fragments(own).flat_map(|fragment| &fragment.entities) {
            if body.get("about").is_some() {
                defined.entry(name).or_default().push(own.id);
            }
        }
    }
    let several = defined.iter().filter(|(_, patterns)| patterns.len() > 1);
    none(
        several
            .map(|(name, patterns)| format!("{name}: {patterns:?}"))
            .collect(),
    );
    let mut undefined = Vec::new();
    for own in library() {
        let anchors: Vec<&str> = own
            .anchors
            .iter()
            .map(|anchor| anchor.name.as_str())
            .collect();
        let names = fragments(own)
            .flat_map(|fragment| &fragment.entities)
            .map(|(name, _)| name.as_str());
        let unknown = names.filter(|name| !anchors.contains(name) && !defined.contains_key(name));
        undefined.extend(unknown.map(|name| format!("{}: {name}", own.id)));
    }
    none(undefined);
}

/// An audience that is wider than the rule would show comments on what its reader may not see.
#[test]
fn an_audience_is_who_may_read_the_entity() {
    let mut different = Vec::new();
    for own in library() {
        for offer in &own.offers {
            let body = own
                .design
                .entities
                .iter()
                .find(|(name, _)| *name == offer.entity);
            let Some((_, body)) = body else {
                different.push(format!("{}: no {}", own.id, offer.entity));
                continue;
            };
            let said = normal(&offer.audience.replace("it.", ""), body);
            let rules = body
                .get("allow")
                .and_then(|allow| allow.text_at("read"))
                .unwrap_or_default();
            if said != normal(rules, body) {
                different.push(format!(
                    "{}.{}: {:?} and {:?}",
                    own.id, offer.entity, offer.audience, rules
                ));
            }
        }
    }
    none(different);
}

/// A join or an answer that changes who may read an entity says so in its audience.
#[test]
fn a_changed_audience_is_who_may_then_read_the_entity() {
    let mut different = Vec::new();
    for own in library() {
        for change in changes(own) {
            for (name, body) in &change.add.entities {
                let defined = fragments_of(name).find(|body| body.get("about").is_some());
                let rule = body.get("allow").and_then(|allow| allow.text_at("read"));
                let offered = library()
                    .iter()
                    .any(|other| other.offers.iter().any(|offer| offer.entity == *name));
                let (Some(defined), Some(rule), true) = (defined, rule, offered) else {
                    continue;
                };
                let changed = change.offers.iter().find(|offer| offer.entity == *name);
                let said = changed.map(|offer| normal(&offer.audience.replace("it.", ""), defined));
                if said != Some(normal(rule, defined)) {
                    different.push(format!("{}: {name}: {rule}", own.id));
                }
            }
        }
    }
    none(different);
}

fn fragments_of(entity: &str) -> impl Iterator<Item = &'static Node> + use<'_> {
    let all = library().iter().flat_map(|own| &own.design.entities);
    all.filter(move |(name, _)| name == entity)
        .map(|(_, body)| body)
}

/// Grants as a set of those who, with `owner` said as a condition and each alternative of signed-in people apart.
fn normal(grants: &str, body: &Node) -> BTreeSet<String> {
    let owner = body.get("fields").and_then(|fields| {
        let is_owner = |(_, field): &&(String, Node)| match field {
            Node::Text(text) => text.split(',').any(|modifier| modifier.trim() == "owner"),
            _ => field.get("owner").is_some(),
        };
        fields
            .entries()
            .iter()
            .find(is_owner)
            .map(|(name, _)| name.clone())
    });
    let mut normal = BTreeSet::new();
    for grant in split(grants) {
        match condition(&grant) {
            ("owner", None) => {
                normal.insert(format!(
                    "signed-in when {} == caller",
                    owner.clone().unwrap_or_default()
                ));
            }
            ("signed-in", Some(when)) => {
                normal.extend(
                    alternatives(when)
                        .into_iter()
                        .map(|when| format!("signed-in when {when}")),
                );
            }
            _ => {
                normal.insert(grant);
            }
        }
    }
    let covered = normal.contains("anyone");
    normal.retain(|grant| !covered || grant == "anyone");
    normal
}

/// The parts of a condition, split at each `||` outside of brackets.
fn alternatives(when: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0;
    for word in when.split(' ') {
        if word == "||" && depth == 0 {
            parts.push(String::new());
            continue;
        }
        depth += word.matches('(').count() as i32 - word.matches(')').count() as i32;
        if let Some(part) = parts.last_mut() {
            *part = format!("{part} {word}").trim().to_owned();
        }
    }
    parts
}

#[test]
fn texts_are_whole_sentences() {
    let mut found = Vec::new();
    for own in library() {
        let mut sentences = vec![own.about.as_str()];
        for (name, body) in fragments(own).flat_map(|fragment| &fragment.entities) {
            sentences.extend(body.text_at("about"));
            let checks = body.get("checks").map_or(&[][..], Node::entries);
            sentences.extend(
                checks
                    .iter()
                    .filter_map(|(_, check)| check.text_at("message")),
            );
            if checks
                .iter()
                .any(|(_, check)| check.text_at("message").is_none())
            {
                found.push(format!("{}: a check of {name} has no message", own.id));
            }
        }
        for question in &own.questions {
            sentences.push(&question.why);
            sentences.extend(question.choices.iter().map(|choice| choice.gives.as_str()));
            if !question.ask.ends_with('?') {
                found.push(format!("{}: {}", own.id, question.ask));
            }
        }
        let broken = sentences.into_iter().filter(|text| {
            !text.ends_with('.') || !text.starts_with(|first: char| first.is_uppercase())
        });
        found.extend(broken.map(|text| format!("{}: {text}", own.id)));
    }
    none(found);
}
