//! Decides which names are entities, which are properties of one, and which pairs are related.

use crate::concepts::{Attribute, Concepts, Entity, Relation, RelationKind, Source};
use crate::items::Item;
use crate::ledger::{Ledger, Own, Term};
use crate::terms;
use std::collections::BTreeMap;

pub fn resolve(ledger: &Ledger, sentences: usize) -> Concepts {
    let aliases = aliases(ledger);
    let names = entities(ledger, &aliases, sentences);
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
                    name,
                    attributes: Vec::new(),
                    source: Source::Stated { sentence: first },
                })
                .collect(),
            relations: Vec::new(),
        },
        weights: BTreeMap::new(),
    };
    builder.kinds(ledger);
    for own in &ledger.owns {
        builder.own(own);
    }
    builder.links(ledger);
    builder.concepts
}

/// `agreement` after `rental agreement` means the same, if no other agreement is about.
fn aliases(ledger: &Ledger) -> BTreeMap<String, String> {
    let mut aliases = BTreeMap::new();
    for (name, term) in &ledger.terms {
        if name.contains(' ') {
            continue;
        }
        let ending = format!(" {name}");
        let compounds: Vec<(&String, &Term)> = ledger
            .terms
            .iter()
            .filter(|(other, other_term)| other.ends_with(&ending) && other_term.mentions > 0)
            .collect();
        if let [(compound, other)] = compounds.as_slice()
            && other.first <= term.first
            && score(compound, other) > 0.8
            && score(name, term) > 0.5
            && !ledger.kinds.iter().any(|kind| kind.sup == *name || kind.sub == **compound)
        {
            aliases.insert(name.clone(), (*compound).clone());
        }
    }
    aliases
}

fn score(name: &str, term: &Term) -> f32 {
    let up_to = |count: u32, most: f32| (count as f32).min(most);
    let property = terms::property(name);
    let person = terms::is_person(name);
    let mut score = 0.0;
    score += up_to(term.lists, 4.0) * 1.0;
    score += up_to(term.each, 2.0) * 0.6;
    score += up_to(term.counted, 2.0) * 0.3;
    score += up_to(term.acts, 3.0) * 0.4;
    score += up_to(term.made, 2.0) * 0.5;
    score += up_to(term.introduced, 2.0) * 0.6;
    score += up_to(term.plural, 2.0) * 0.3;
    score += up_to(term.mentions, 5.0) * 0.2;
    score += up_to(term.actor, 1.0) * 3.0;
    score += up_to(term.wanted, 2.0) * 1.0;
    score += up_to(term.heading, 1.0) * 0.5;
    score += up_to(term.object, 3.0) * 0.2;
    if person {
        score += 0.6;
    }
    score -= up_to(term.records, 2.0) * 2.0;
    score -= property * 1.8;
    if term.aside == term.mentions {
        score -= 0.4;
    }
    if term.listed > 0 && term.listed == term.mentions {
        score -= 0.5;
    }
    score
}

fn threshold(sentences: usize) -> f32 {
    match sentences {
        0..=4 => 0.9,
        5..=10 => 1.2,
        _ => 1.5,
    }
}

/// The chosen names with the sentence of each, in the order of the text.
fn entities(ledger: &Ledger, aliases: &BTreeMap<String, String>, sentences: usize) -> Vec<(String, usize)> {
    let mut scores: BTreeMap<String, (f32, usize)> = BTreeMap::new();
    for (name, term) in &ledger.terms {
        if terms::is_empty(name) {
            continue;
        }
        let known = aliases.get(name).unwrap_or(name);
        let entry = scores.entry(known.clone()).or_insert((0.0, term.first));
        entry.0 += score(name, term);
        entry.1 = entry.1.min(term.first);
    }
    for kind in &ledger.kinds {
        for name in [&kind.sub, &kind.sup] {
            if let Some(entry) = scores.get_mut(name) {
                entry.0 += 0.6;
            }
        }
    }
    let threshold = threshold(sentences);
    let mut chosen: Vec<(String, usize)> = scores
        .into_iter()
        .filter(|(_, (score, _))| *score >= threshold)
        .map(|(name, (_, first))| (name, first))
        .collect();
    chosen.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
    chosen
}

struct Builder {
    index: BTreeMap<String, usize>,
    aliases: BTreeMap<String, String>,
    concepts: Concepts,
    /// The pairs' weights, and the relation with the heaviest evidence.
    weights: BTreeMap<(usize, usize), f32>,
}

impl Builder {
    /// The entity that a name stands for: itself, what it is short for, or its head.
    fn find(&self, name: &str) -> Option<usize> {
        let mut rest = name;
        loop {
            if let Some(at) = self.index.get(rest) {
                return Some(*at);
            }
            if let Some(at) = self.aliases.get(rest).and_then(|name| self.index.get(name)) {
                return Some(*at);
            }
            rest = rest.split_once(' ')?.1;
        }
    }

    fn kinds(&mut self, ledger: &Ledger) {
        for kind in &ledger.kinds {
            if let (Some(&sub), Some(&sup)) = (self.index.get(&kind.sub), self.index.get(&kind.sup))
                && sub != sup
            {
                self.relate(sub, sup, RelationKind::Kind, "is", false, Source::Stated { sentence: kind.sentence });
            }
        }
    }

    fn own(&mut self, own: &Own) {
        let Some(owner) = self.find(&own.owner) else { return };
        let source = Source::Stated { sentence: own.sentence };
        if own.item.phrase.words.is_empty() {
            if own.values.len() > 1 {
                self.attribute(owner, "status", own.values.clone(), source);
            }
            return;
        }
        let name = terms::name(&own.item.phrase);
        let of = own.item.of.first().map(terms::name);
        let counting = matches!(name.as_str(), "number" | "amount" | "total" | "quantity" | "sum" | "percentage");
        if let Some(of) = &of && !counting {
            let transparent = terms::TRANSPARENT.contains(&name.as_str());
            if let Some(part) = self.find(of) {
                if transparent && self.find(&name).is_none() {
                    self.relate(owner, part, RelationKind::Tie, "has", own.item.of[0].plural, source);
                    return;
                }
                if part != owner && terms::property(&name) > 0.5 {
                    self.attribute(part, &terms::full_name(&own.item.phrase), own.values.clone(), source.clone());
                    self.relate(owner, part, RelationKind::Tie, "has", false, source);
                    return;
                }
            }
        }
        if !counting && let Some(part) = self.find(&name) {
            if part != owner {
                let many = own.item.phrase.plural || own.item.phrase.quantity.is_some_and(|quantity| quantity.most != Some(1));
                self.relate(owner, part, RelationKind::Tie, "has", many, source);
            }
            return;
        }
        let bare = terms::full_name(&own.item.phrase);
        let property = terms::property(&bare);
        if own.weak && property < 0.55 || terms::is_person(&bare) && own.weak {
            return;
        }
        if own.item.phrase.words.is_empty() || matches!(bare.as_str(), "time" | "day" | "year" | "name") && own.weak {
            return;
        }
        let full = attribute_name(&own.item, owner_name(&self.concepts, owner), self);
        if !full.is_empty() {
            self.attribute(owner, &full, own.values.clone(), source);
        }
    }

    fn attribute(&mut self, owner: usize, name: &str, values: Vec<String>, source: Source) {
        let attributes = &mut self.concepts.entities[owner].attributes;
        if let Some(known) = attributes.iter_mut().find(|each| each.name == name) {
            if known.values.is_empty() {
                known.values = values;
            }
            return;
        }
        attributes.push(Attribute {
            name: name.to_owned(),
            values,
            source,
        });
    }

    fn links(&mut self, ledger: &Ledger) {
        for link in &ledger.links {
            let (Some(from), Some(to)) = (self.find(&link.from), self.find(&link.to)) else {
                continue;
            };
            if from == to {
                continue;
            }
            let key = (from.min(to), from.max(to));
            let weight = self.weights.entry(key).or_insert(0.0);
            *weight += link.weight;
            if *weight >= 0.6 {
                self.relate(from, to, RelationKind::Tie, &link.verb, link.plural, Source::Stated { sentence: link.sentence });
            }
        }
    }

    fn relate(&mut self, from: usize, to: usize, kind: RelationKind, verb: &str, many: bool, source: Source) {
        let known = self
            .concepts
            .relations
            .iter()
            .any(|each| (each.from, each.to) == (from, to) || (each.from, each.to) == (to, from));
        if !known {
            self.concepts.relations.push(Relation {
                from,
                to,
                kind,
                verb: verb.to_owned(),
                many,
                source,
            });
        }
    }
}

fn owner_name(concepts: &Concepts, at: usize) -> &str {
    &concepts.entities[at].name
}

/// `date of birth`, `number of seats`, `hours spent`, `price per night`.
fn attribute_name(item: &Item, owner: &str, builder: &Builder) -> String {
    let mut name = terms::full_name(&item.phrase);
    for of in &item.of {
        let inner = terms::full_name(of);
        if inner.is_empty() || terms::name(of) == owner {
            continue;
        }
        let counting = matches!(name.as_str(), "number" | "amount" | "quantity" | "percentage");
        if builder.find(&inner).is_some() && !counting {
            continue;
        }
        let inner = if of.plural && counting { of.words.last().map_or(inner.clone(), |word| word.lower.clone()) } else { inner };
        name = format!("{name} of {inner}");
    }
    for (word, inner) in &item.around {
        if let [inner] = inner.as_slice()
            && word == "per"
        {
            name = format!("{name} per {}", terms::name(&inner.phrase));
        }
    }
    if let Some(suffix) = &item.suffix {
        let suffix = match suffix.as_str() {
            "spend" => "spent",
            "pay" => "paid",
            other => return format!("{name} {other}ed").replace("eed", "ed"),
        };
        name = format!("{name} {suffix}");
    }
    name
}
