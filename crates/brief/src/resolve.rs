//! Decides which names are entities, which are properties of one, and which pairs are related.

use crate::concepts::{
    Act, Amount, Attribute, Concepts, Contradiction, Entity, Relation, RelationKind, Source, States,
};
use crate::items::Item;
use crate::ledger::{Ledger, Own, Term};
use crate::{terms, verbs};
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

struct Builder {
    index: BTreeMap<String, usize>,
    aliases: BTreeMap<String, String>,
    concepts: Concepts,
    /// The pairs' weights, and the relation with the heaviest evidence.
    weights: BTreeMap<(usize, usize), f32>,
    /// Names of properties that the text calls unique.
    unique: BTreeSet<String>,
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

    fn own(&mut self, own: &Own) {
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
                    return;
                }
            }
        }
        if !counting && let Some(part) = self.find(&name) {
            if part != owner {
                let many = own.item.phrase.many();
                self.relate(owner, part, RelationKind::Tie, "has", many, source);
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

    fn acts(&mut self, ledger: &Ledger) {
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
    fn merge_account(&mut self) {
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
    fn remove(&mut self, gone: usize, heir: usize) {
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

    fn states(&mut self, ledger: &Ledger) {
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

    fn amounts(&mut self, ledger: &Ledger) {
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
    fn contradictions(&mut self, ledger: &Ledger) {
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

    fn detail(&mut self, owner: usize, name: &str, own: &Own, unique: bool) {
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
            unique: false,
            optional: false,
            boolean: false,
            range: None,
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
            }
        }
    }

    /// `Members lease plots`: where leases are entities, they stand between the two.
    fn reify(&mut self, from: usize, to: usize, verb: &str, sentence: usize) -> bool {
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
            }
        }
        from != between && to != between
    }

    /// An entity that nothing is tied to belongs to what its first sentence is about.
    fn orphans(&mut self, ledger: &Ledger) {
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
    fn relate(
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
