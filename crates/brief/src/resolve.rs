//! Decides which names are entities, which are properties of one, and which pairs are related.

mod build;

use crate::concepts::{Concepts, Entity, Source};
use crate::ledger::{Ledger, Own, Term};
use crate::{terms, verbs};
use build::Builder;
use std::collections::{BTreeMap, BTreeSet};

pub fn resolve(ledger: &Ledger, text: Text) -> Concepts {
    let aliases = aliases(ledger, text);
    let names = entities(ledger, &aliases, text);
    let mut builder = Builder {
        index: names
            .iter()
            .enumerate()
            .map(|(at, (name, _))| (name.clone(), at))
            .collect(),
        aliases,
        concepts: Concepts {
            entities: names
                .into_iter()
                .map(|(name, first)| Entity {
                    person: terms::is_person(&name),
                    attributes: Vec::new(),
                    states: None,
                    amounts: Vec::new(),
                    actor: ledger.terms.get(&name).is_some_and(|term| term.actor > 0),
                    acts: ledger.terms.get(&name).is_some_and(|term| term.acts > 0),
                    name,
                    source: Source::Stated { sentence: first },
                })
                .collect(),
            relations: Vec::new(),
            sentences: Vec::new(),
            acts: Vec::new(),
            contradictions: Vec::new(),
            unread: Vec::new(),
            story: text.story,
            cut: false,
        },
        weights: BTreeMap::new(),
        unique: ledger.unique.iter().cloned().collect(),
    };
    builder.kinds(ledger);
    for own in &ledger.owns {
        builder.own(own);
    }
    for own in &ledger.takes {
        let act = builder
            .concepts
            .entities
            .iter()
            .find(|entity| verbs::is_noun_of(&entity.name, &own.owner));
        if let Some(act) = act {
            let owner = act.name.clone();
            builder.own(&Own {
                owner,
                ..own.clone()
            });
        }
    }
    builder.links(ledger);
    if text.story || text.sentences <= 5 {
        builder.orphans(ledger);
    }
    builder.acts(ledger);
    builder.merge_account();
    builder.states(ledger);
    builder.amounts(ledger);
    builder.contradictions(ledger);
    builder.concepts.unread = unread(ledger, text.sentences);
    builder.concepts
}

/// Sentences that say nothing which a rule took up.
fn unread(ledger: &Ledger, sentences: usize) -> Vec<usize> {
    let mut used: BTreeSet<usize> = BTreeSet::new();
    used.extend(ledger.owns.iter().map(|own| own.sentence));
    used.extend(ledger.links.iter().map(|link| link.sentence));
    used.extend(ledger.kinds.iter().map(|kind| kind.sentence));
    used.extend(ledger.acts.iter().map(|act| act.sentence));
    used.extend(ledger.stated.iter().map(|stated| stated.sentence));
    used.extend(ledger.amounts.iter().map(|(_, sentence)| *sentence));
    used.extend(ledger.headings.iter().copied());
    (0..sentences).filter(|at| !used.contains(at)).collect()
}

/// `agreement` after `rental agreement` means the same, and so does `car` where `the same car` was said.
fn aliases(ledger: &Ledger, text: Text) -> BTreeMap<String, String> {
    let mut aliases = BTreeMap::new();
    let kind = |a: &str, b: &str| {
        ledger
            .kinds
            .iter()
            .any(|kind| kind.sup == a && kind.sub == b || kind.sup == b && kind.sub == a)
    };
    for (name, term) in &ledger.terms {
        let ending = format!(" {name}");
        let compounds: Vec<(&String, &Term)> = ledger
            .terms
            .iter()
            .filter(|(other, _)| other.ends_with(&ending) && !kind(name, other))
            .collect();
        if terms::property(name) > 0.5 || compounds.is_empty() {
            continue;
        }
        if let [(compound, other)] = compounds.as_slice()
            && other.first <= term.first
            && (term.introduced == 0 && term.definite > 0
                || term.lists == 0 && other.lists > 0 && term.plural == 0)
            && !name.contains(' ')
        {
            aliases.insert(name.clone(), (*compound).clone());
            continue;
        }
        for (compound, other) in compounds {
            let slight = other.mentions == 1 || other.described && other.mentions <= term.mentions;
            if slight && other.lists == 0 && score(name, term, text) > 0.0 {
                aliases.insert(compound.clone(), name.clone());
            }
        }
    }
    // No chains: what an alias points to stands for itself.
    let targets: Vec<String> = aliases.values().cloned().collect();
    for target in targets {
        aliases.remove(&target);
    }
    aliases
}

/// How likely a name is an entity; above 0 it is taken. The weights come from a logistic regression over the briefs of
/// `bench/brief/dev`, rounded; each stands for one kind of trace in the text.
fn score(name: &str, term: &Term, text: Text) -> f32 {
    let up_to = |count: u32, most: f32| (count as f32).min(most);
    let flag = |set: bool| f32::from(u8::from(set));
    let property = terms::property(name);
    let mut score = -1.7;
    score += up_to(term.acts, 3.0) * 0.3;
    score += up_to(term.each, 2.0) * 0.5;
    score += up_to(term.counted, 2.0) * 0.9;
    score += up_to(term.lists, 4.0) * 0.9;
    score += up_to(term.introduced, 2.0) * 1.8;
    score += up_to(term.made, 2.0) * 0.4;
    score += up_to(term.actor, 1.0) * 2.3;
    score += up_to(term.wanted, 2.0) * 0.4;
    score += up_to(term.links, 4.0) * 0.5;
    score += up_to(term.object, 3.0) * 0.15;
    score += up_to(term.mentions, 4.0) / (text.sentences.max(1) as f32).sqrt() * 1.5;
    score += flag(term.listed > 0 && term.plural + term.counted > 0) * 1.8;
    score += flag(term.kinds > 0) * 0.6;
    score += flag(terms::is_person(name)) * 1.2;
    score += flag(text.sentences <= 5) * 0.5;
    score += flag(text.story) * 1.8;
    score -= flag(term.listed == term.mentions && term.mentions > 0) * 0.3;
    score -= flag(term.heading > 0) * 0.7;
    // The organisation that the text is about, and names of products and firms.
    score -= flag(
        term.first == 0
            && term.lists == 0
            && term.each == 0
            && text.sentences > 5
            && terms::is_organisation(name),
    ) * 1.5;
    score -=
        flag(term.proper > 0 && term.proper == term.mentions && term.actor == 0 && term.lists < 2)
            * 1.5;
    score -= flag(terms::is_vague(name) && term.lists < 2) * 1.2;
    score -= up_to(term.records, 2.0) * 2.5;
    score -= property.max(0.0) * 2.6 + property.min(0.0) * 0.6;
    score
}

/// What kind of text it is.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    pub sentences: usize,
    /// Mostly user stories.
    pub story: bool,
}

/// More make no design that a person could look through; those that the text says most about remain.
const MOST_ENTITIES: usize = 120;

/// The chosen names with the sentence of each, in the order of the text.
fn entities(
    ledger: &Ledger,
    aliases: &BTreeMap<String, String>,
    text: Text,
) -> Vec<(String, usize)> {
    let mut scores: BTreeMap<String, (f32, usize)> = BTreeMap::new();
    for (name, term) in &ledger.terms {
        if terms::is_empty(name) {
            continue;
        }
        let known = aliases.get(name).unwrap_or(name);
        let entry = scores.entry(known.clone()).or_insert((0.0, term.first));
        entry.0 += score(name, term, text);
        entry.1 = entry.1.min(term.first);
    }
    let mut chosen: Vec<(String, usize)> = scores
        .into_iter()
        .filter(|(_, (score, _))| *score > 0.0)
        .map(|(name, (_, first))| (name, first))
        .collect();
    if chosen.len() > MOST_ENTITIES {
        let weight = |name: &String| {
            ledger
                .terms
                .get(name)
                .map_or(0, |term| term.mentions + 3 * term.lists)
        };
        chosen.sort_by(|a, b| (weight(&b.0), &a.0).cmp(&(weight(&a.0), &b.0)));
        chosen.truncate(MOST_ENTITIES);
    }
    chosen.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
    chosen
}
