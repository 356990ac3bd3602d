//! Builds the concept model on the chosen names: attributes, relations, states, amounts, contradictions.

use crate::concepts::{
    Act, Amount, Attribute, Concepts, Contradiction, Relation, RelationKind, Source, States,
};
use crate::items::Item;
use crate::ledger::{Ledger, Own};
use crate::{terms, verbs};
use std::collections::{BTreeMap, BTreeSet};

pub(super) struct Builder {
    pub(super) index: BTreeMap<String, usize>,
    pub(super) aliases: BTreeMap<String, String>,
    pub(super) concepts: Concepts,
    /// The pairs' weights, and the relation with the heaviest evidence.
    pub(super) weights: BTreeMap<(usize, usize), f32>,
    /// Names of properties that the text calls unique.
    pub(super) unique: BTreeSet<String>,
}

impl Builder {
    /// The entity that a name stands for: itself, what it is short for, or its head.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
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

    pub(super) fn kinds(&mut self, ledger: &Ledger) {
        for kind in &ledger.kinds {
            if let (Some(&sub), Some(&sup)) = (self.index.get(&kind.sub), self.index.get(&kind.sup))
                && sub != sup
            {
                self.relate(
                    sub,
                    sup,
                    RelationKind::Kind,
                    "is",
                    false,
                    Source::Stated {
                        sentence: kind.sentence,
                    },
                );
            }
        }
    }

    pub(super) fn own(&mut self, own: &Own) {
        let Some(owner) = self.find(&own.owner) else {
            return;
        };
        let source = Source::Stated {
            sentence: own.sentence,
        };
        if own.item.phrase.words.is_empty() {
            if own.values.len() > 1 {
                self.attribute(owner, "status", own.values.clone(), source);
            }
            return;
        }
        let name = terms::name(&own.item.phrase);
        let of = own.item.of.first().map(terms::name);
        let counting = matches!(
            name.rsplit(' ').next(),
            Some("number" | "amount" | "total" | "quantity" | "sum" | "percentage")
        );
        if let Some(of) = &of
            && !counting
        {
            let transparent = terms::TRANSPARENT.contains(&name.as_str());
            if let Some(part) = self.find(of) {
                if transparent && self.find(&name).is_none() {
                    self.relate(
                        owner,
                        part,
                        RelationKind::Tie,
                        "has",
                        own.item.of[0].plural,
                        source,
                    );
                    self.maybe(owner, part, own.optional);
                    return;
                }
                if part != owner && terms::property(&name) > 0.5 {
                    self.attribute(
                        part,
                        &terms::full_name(&own.item.phrase),
                        own.values.clone(),
                        source.clone(),
                    );
                    self.relate(owner, part, RelationKind::Tie, "has", false, source);
                    self.maybe(owner, part, own.optional);
                    return;
                }
            }
        }
        if !counting && let Some(part) = self.find(&name) {
            if part != owner {
                let many = own.item.phrase.many();
                // `the recipes of their course` says whose, and not that they alone have it.
                let verb = if own.weak { "of" } else { "has" };
                self.relate(owner, part, RelationKind::Tie, verb, many, source);
                self.maybe(owner, part, own.optional);
            }
            return;
        }
        let bare = terms::full_name(&own.item.phrase);
        let property = terms::property(&bare);
        if own.weak && (property < 0.55 || terms::is_person(&bare)) {
            return;
        }
        if is_moment(&bare)
            && (own.weak || own.item.phrase.plural || own.item.phrase.quantity.is_some())
        {
            return;
        }
        // `a location (latitude and longitude)`
        let parts = own.values.iter().all(|value| terms::property(value) > 0.5);
        if own.values.len() > 1 && parts {
            for value in &own.values {
                self.attribute(owner, value, Vec::new(), source.clone());
            }
            return;
        }
        let full = attribute_name(&own.item, owner_name(&self.concepts, owner), self);
        if !full.is_empty() {
            let values = own
                .values
                .iter()
                .filter(|value| *value != "unique" && *value != "optional");
            self.attribute(owner, &full, values.cloned().collect(), source);
            let unique = self.unique.contains(&name) && !terms::is_vague(&name)
                || own.identifies && own.alone;
            self.detail(owner, &full, own, unique);
        }
    }

    pub(super) fn acts(&mut self, ledger: &Ledger) {
        for act in &ledger.acts {
            if let Some(entity) = self.find(&act.object) {
                self.concepts.acts.push(Act {
                    actor: self.find(&act.actor).map_or_else(
                        || act.actor.clone(),
                        |at| self.concepts.entities[at].name.clone(),
                    ),
                    verb: act.verb.clone(),
                    entity,
                    only: act.only,
                    negated: act.negated,
                    own: act.own,
                    sentence: act.sentence,
                });
            }
        }
    }

    /// `A driver creates an account with an e-mail address and a password`: the driver is who signs in.
    pub(super) fn merge_account(&mut self) {
        let Some(account) = self
            .concepts
            .entities
            .iter()
            .position(|entity| entity.name == "account")
        else {
            return;
        };
        let signs_in = |name: &str| {
            ["email", "e-mail", "password", "username"]
                .iter()
                .any(|word| name.starts_with(word))
        };
        if !self.concepts.entities[account]
            .attributes
            .iter()
            .any(|each| signs_in(&each.name))
        {
            return;
        }
        let owner = self
            .concepts
            .acts
            .iter()
            .find(|act| {
                act.entity == account
                    && matches!(
                        act.verb.as_str(),
                        "create" | "register" | "open" | "make" | "set" | "have"
                    )
            })
            .and_then(|act| self.index.get(&act.actor).copied());
        let Some(owner) = owner else { return };
        let attributes = std::mem::take(&mut self.concepts.entities[account].attributes);
        for attribute in attributes {
            if !self.concepts.entities[owner]
                .attributes
                .iter()
                .any(|each| each.name == attribute.name)
            {
                self.concepts.entities[owner].attributes.push(attribute);
            }
        }
        self.remove(account, owner);
    }

    /// Takes an entity out; what was tied to it is tied to another.
    pub(super) fn remove(&mut self, gone: usize, heir: usize) {
        let moved = |at: usize| if at == gone { heir } else { at };
        let closed = |at: usize| if at > gone { at - 1 } else { at };
        self.concepts.entities.remove(gone);
        for relation in &mut self.concepts.relations {
            relation.from = closed(moved(relation.from));
            relation.to = closed(moved(relation.to));
        }
        self.concepts.relations.retain(|each| each.from != each.to);
        for act in &mut self.concepts.acts {
            act.entity = closed(moved(act.entity));
        }
        self.index.retain(|_, at| *at != gone);
        for at in self.index.values_mut() {
            *at = closed(*at);
        }
    }

    pub(super) fn states(&mut self, ledger: &Ledger) {
        for stated in &ledger.stated {
            let Some(at) = self.find(&stated.name) else {
                continue;
            };
            let entity = &mut self.concepts.entities[at];
            if entity.states.is_none() {
                entity.states = Some(States {
                    steps: stated.states.steps.clone(),
                    ordered: stated.states.ordered,
                    sentence: stated.sentence,
                });
            }
        }
    }

    pub(super) fn amounts(&mut self, ledger: &Ledger) {
        for (amount, sentence) in &ledger.amounts {
            if let Some(at) = self.find(&amount.words.join(" ")) {
                self.concepts.entities[at].amounts.push(Amount {
                    count: amount.count,
                    per: amount.per.clone(),
                    sentence: *sentence,
                });
            }
        }
    }

    /// Two sentences that give the same pair numbers which can't both hold.
    pub(super) fn contradictions(&mut self, ledger: &Ledger) {
        for (at, first) in ledger.counted.iter().enumerate() {
            for second in &ledger.counted[at + 1..] {
                let same = self.find(&first.from).is_some()
                    && self.find(&first.from) == self.find(&second.from)
                    && self.find(&first.to).is_some()
                    && self.find(&first.to) == self.find(&second.to);
                let apart = first.most.is_some_and(|most| second.least > most)
                    || second.most.is_some_and(|most| first.least > most)
                    || first.most.is_some() && second.most.is_some() && first.most != second.most;
                if !same || !apart || first.sentence == second.sentence {
                    continue;
                }
                let found = Contradiction {
                    about: format!("how many of {} go with one {}", first.to, first.from),
                    first: first.sentence,
                    second: second.sentence,
                };
                if !self.concepts.contradictions.contains(&found) {
                    self.concepts.contradictions.push(found);
                }
            }
        }
    }

    pub(super) fn detail(&mut self, owner: usize, name: &str, own: &Own, unique: bool) {
        let attribute = self.concepts.entities[owner]
            .attributes
            .iter_mut()
            .find(|each| each.name == name);
        if let Some(attribute) = attribute {
            attribute.unique |= unique;
            attribute.optional |= own.optional
                || own
                    .item
                    .phrase
                    .words
                    .iter()
                    .any(|word| word.lower == "optional");
            attribute.boolean |= own.item.boolean;
            attribute.range = attribute.range.or_else(|| range(&own.item));
        }
    }

    pub(super) fn attribute(
        &mut self,
        owner: usize,
        name: &str,
        values: Vec<String>,
        source: Source,
    ) {
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
            unique: false,
            optional: false,
            boolean: false,
            range: None,
            source,
        });
    }

    pub(super) fn links(&mut self, ledger: &Ledger) {
        for link in &ledger.links {
            let (Some(from), Some(to)) = (self.find(&link.from), self.find(&link.to)) else {
                continue;
            };
            if from == to {
                continue;
            }
            // Staff who look after rows are not part of them.
            if self.concepts.entities[from].person
                && verbs::administers(&link.verb)
                && !self.concepts.story
            {
                continue;
            }
            if self.reify(from, to, &link.verb, link.sentence) {
                continue;
            }
            let key = (from.min(to), from.max(to));
            let weight = self.weights.entry(key).or_insert(0.0);
            *weight += link.weight;
            if *weight >= 0.6 {
                self.relate(
                    from,
                    to,
                    RelationKind::Tie,
                    &link.verb,
                    link.many,
                    Source::Stated {
                        sentence: link.sentence,
                    },
                );
                self.maybe(from, to, link.may);
            }
        }
    }

    /// A relation is one that may be missing only while nothing says more.
    fn maybe(&mut self, from: usize, to: usize, may: bool) {
        let mut relations = self.concepts.relations.iter_mut();
        if let Some(known) = relations.find(|each| each.between(from, to)) {
            known.may &= may;
        }
    }

    /// `Members lease plots`: where leases are entities, they stand between the two.
    pub(super) fn reify(&mut self, from: usize, to: usize, verb: &str, sentence: usize) -> bool {
        let between = self
            .concepts
            .entities
            .iter()
            .position(|entity| !entity.person && verbs::is_noun_of(&entity.name, verb));
        let Some(between) = between else { return false };
        let source = Source::Implied {
            sentence,
            rule: "the noun of the verb",
        };
        for end in [from, to] {
            if end != between {
                self.relate(between, end, RelationKind::Tie, verb, false, source.clone());
                self.maybe(between, end, false);
            }
        }
        from != between && to != between
    }

    /// An entity that nothing is tied to belongs to what its first sentence is about.
    pub(super) fn orphans(&mut self, ledger: &Ledger) {
        for at in 0..self.concepts.entities.len() {
            let tied = self
                .concepts
                .relations
                .iter()
                .any(|each| each.from == at || each.to == at);
            if tied {
                continue;
            }
            let near = ledger
                .near
                .iter()
                .filter(|near| self.find(&near.name) == Some(at))
                .find_map(|near| {
                    near.others
                        .iter()
                        .filter_map(|other| self.find(other))
                        .find(|other| *other != at)
                        .map(|other| (other, near.sentence))
                });
            if let Some((other, sentence)) = near {
                self.relate(
                    at,
                    other,
                    RelationKind::Tie,
                    "with",
                    false,
                    Source::Implied {
                        sentence,
                        rule: "named in the same sentence",
                    },
                );
            }
        }
    }

    /// Notes a relation, or what a further sentence says about a known one.
    pub(super) fn relate(
        &mut self,
        from: usize,
        to: usize,
        kind: RelationKind,
        verb: &str,
        many: bool,
        source: Source,
    ) {
        let known = self
            .concepts
            .relations
            .iter_mut()
            .find(|each| each.between(from, to));
        match known {
            Some(known) if known.from == from => known.many |= many,
            Some(known) => known.back |= many,
            None => self.concepts.relations.push(Relation {
                from,
                to,
                kind,
                verb: verb.to_owned(),
                many,
                back: false,
                may: true,
                source,
            }),
        }
    }
}

/// Units of time, which say when rather than what is stored.
fn is_moment(name: &str) -> bool {
    matches!(
        name,
        "hour"
            | "minute"
            | "second"
            | "day"
            | "week"
            | "month"
            | "year"
            | "morning"
            | "evening"
            | "place"
            | "same time"
            | "name"
            | "number"
            | "moment"
            | "half"
            | "quarter"
    )
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
        let counting = matches!(
            name.rsplit(' ').next(),
            Some("number" | "amount" | "quantity" | "percentage")
        );
        if builder.find(&inner).is_some() && !counting {
            continue;
        }
        let inner = if of.plural && counting {
            of.words
                .last()
                .map_or(inner.clone(), |word| word.lower.clone())
        } else {
            inner
        };
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
        name = format!("{name} {suffix}");
    }
    name
}

/// `between 1 and 5`, `from 1 to 10`
fn range(item: &Item) -> Option<(i64, i64)> {
    let numbers: Vec<i64> = item
        .around
        .iter()
        .filter(|(word, _)| matches!(word.as_str(), "between" | "from" | "to"))
        .flat_map(|(_, items)| items)
        .filter(|item| item.phrase.words.is_empty())
        .filter_map(|item| item.phrase.quantity?.most.map(i64::from))
        .collect();
    match numbers.as_slice() {
        [least, most] if least < most => Some((*least, *most)),
        _ => None,
    }
}
