//! The rules that turn clauses into what owns what, and what is tied to what.

mod notes;
mod rules;

use crate::chunk::{Phrase, Unit, places};
use crate::clauses::{Clause, Subject, clauses};
use crate::items::{self, Item, Side};
use crate::ledger::{Ledger, Near, Own, Stated};
use crate::markup::BlockKind;
use crate::sentence::Sentence;
use crate::{quantities, states, story, terms, verbs};
use std::collections::BTreeSet;

/// What the last sentences were about, for pronouns and for lists without an owner.
#[derive(Clone, Debug, Default)]
pub struct Context {
    pub topic: Option<String>,
    pub thing: Option<String>,
    pub person: Option<String>,
    /// Who speaks in a user story.
    pub speaker: Option<String>,
    /// `For each order, …`
    pub scope: Option<String>,
    pub sentence: usize,
    /// The clause says `may have`.
    pub optional: bool,
    /// The clause says `is identified by`.
    pub identifies: bool,
    /// The list at hand has one item.
    pub alone: bool,
}

pub fn read(sentences: &[Sentence]) -> Ledger {
    let mut reader = Reader::default();
    let mut block = None;
    for (index, sentence) in sentences.iter().enumerate() {
        reader.context.sentence = index;
        reader.context.scope = None;
        if block != Some(sentence.block) && sentence.kind != BlockKind::Item {
            reader.context.thing = None;
            reader.context.person = None;
        }
        block = Some(sentence.block);
        reader.sentence(sentence);
    }
    reader.ledger.count();
    reader.ledger
}

#[derive(Default)]
pub struct Reader {
    pub ledger: Ledger,
    pub context: Context,
}

impl Reader {
    fn sentence(&mut self, sentence: &Sentence) {
        let (units, starts) = places(&sentence.tokens);
        self.amounts(sentence);
        if sentence.kind == BlockKind::Heading {
            return self.heading(&units);
        }
        if let Some(story) = story::parts(&units) {
            return self.story(&units, story);
        }
        self.context.speaker = None;
        let body = self.label(&units);
        self.statement(&units[body..]);
        self.states(sentence, &units, &starts);
    }

    fn amounts(&mut self, sentence: &Sentence) {
        for amount in quantities::find(&sentence.tokens) {
            self.ledger.amounts.push((amount, self.context.sentence));
        }
    }

    /// The states listed after `is`, for the subject of the sentence.
    fn states(&mut self, sentence: &Sentence, units: &[Unit], starts: &[usize]) {
        let Some(states) = states::find(&sentence.tokens) else {
            return;
        };
        // `can be modified or cancelled` says what may be done, not what it goes through.
        let may = states.at > 0
            && matches!(
                sentence.tokens[states.at - 1].lower.as_str(),
                "can" | "may" | "could" | "might"
            );
        let deeds = [
            "deleted", "modified", "changed", "edited", "updated", "extended", "renewed",
        ];
        let mut all = states.steps.iter().flatten();
        if may && !states.ordered && all.any(|state| deeds.contains(&state.as_str())) {
            return;
        }
        let phrases = units
            .iter()
            .zip(starts)
            .filter(|(_, start)| **start < states.at);
        let phrases: Vec<&Phrase> = phrases.filter_map(|(unit, _)| phrase_of(unit)).collect();
        let subject = phrases.iter().find_map(|phrase| {
            let item = Item {
                phrase: (*phrase).clone(),
                ..Item::default()
            };
            self.resolve(&item).filter(|name| {
                !terms::is_empty(name) && terms::property(name) < 0.5 && !terms::is_person(name)
            })
        });
        if let Some(name) = subject {
            self.ledger.stated.push(Stated {
                name,
                states,
                sentence: self.context.sentence,
            });
        }
    }

    fn heading(&mut self, units: &[Unit]) {
        self.context.topic = None;
        self.ledger.headings.push(self.context.sentence);
        for unit in units {
            let Unit::Phrase(phrase) = unit else { continue };
            if let Some(name) = self.ledger.mention(phrase, self.context.sentence) {
                self.ledger.term(&name, self.context.sentence).heading += 1;
                self.context.topic.get_or_insert(name);
            }
        }
    }

    fn story(&mut self, units: &[Unit], story: story::Story) {
        let sentence = self.context.sentence;
        self.ledger.stories += 1;
        let speaker = terms::name(&story.actor);
        if !speaker.is_empty() {
            let term = self.ledger.term(&speaker, sentence);
            term.actor += 1;
            term.mentions += 1;
            self.context.speaker = Some(speaker.clone());
            self.context.person = Some(speaker.clone());
            self.context.topic = Some(speaker);
        }
        self.statement(&units[story.wish]);
    }

    /// `Order: number, date` gives an order its properties; `Orders: a clerk …` names the topic. Gives the place after
    /// the label.
    fn label(&mut self, units: &[Unit]) -> usize {
        let Some(colon) = units.iter().take(6).position(|unit| *unit == Unit::Colon) else {
            return 0;
        };
        let labels: Vec<&Phrase> = units[..colon]
            .iter()
            .filter_map(|unit| match unit {
                Unit::Phrase(phrase) => Some(phrase),
                _ => None,
            })
            .collect();
        let plain = units[..colon].iter().all(|unit| {
            matches!(
                unit,
                Unit::Phrase(_)
                    | Unit::Open
                    | Unit::Close
                    | Unit::And
                    | Unit::Comma
                    | Unit::Other(_)
            )
        });
        if !plain || labels.is_empty() {
            return 0;
        }
        let sentence = self.context.sentence;
        let Some(name) = labels
            .iter()
            .find_map(|phrase| self.ledger.mention(phrase, sentence))
        else {
            return colon + 1;
        };
        self.ledger.term(&name, sentence).heading += 1;
        self.context.topic = Some(name.clone());
        let rest = &units[colon + 1..];
        let (items, _) = items::list(rest, 0, Side::Object);
        let verbless = !rest
            .iter()
            .any(|unit| matches!(unit, Unit::Verb(verb) if !verb.reduced && !verb.gerund));
        if verbless && !items.is_empty() {
            for phrase in rest.iter().filter_map(phrase_of) {
                self.ledger.mention(phrase, sentence);
            }
            self.own_all(&name, &items, false);
            self.context.topic = Some(name);
            return units.len();
        }
        self.remember(&name);
        colon + 1
    }

    fn statement(&mut self, units: &[Unit]) {
        self.count(units);
        self.scope(units);
        let clauses = clauses(units);
        let topic = self.context.topic.clone();
        if clauses.is_empty() {
            self.fragment(units);
        }
        for clause in &clauses {
            self.clause(clause);
        }
        self.causes(&clauses);
        self.near(units, topic);
        self.genitives(units);
        self.possessors(units);
    }

    /// Counts all phrases, and those that only follow prepositions.
    fn count(&mut self, units: &[Unit]) {
        let sentence = self.context.sentence;
        let values = listed_values(units);
        for (at, unit) in units.iter().enumerate() {
            let Unit::Phrase(phrase) = unit else { continue };
            if values.contains(&at) {
                continue;
            }
            let Some(name) = self.ledger.mention(phrase, sentence) else {
                continue;
            };
            if at > 0 && matches!(&units[at - 1], Unit::Preposition(_)) {
                self.ledger.term(&name, sentence).aside += 1;
            }
        }
    }

    /// `For each order`, `Of every student`, `Whenever a treatment is given`.
    fn scope(&mut self, units: &[Unit]) {
        let start = match (units.first(), units.get(1)) {
            (Some(Unit::Preposition(word)), Some(Unit::Phrase(_)))
                if matches!(
                    word.as_str(),
                    "for"
                        | "of"
                        | "with"
                        | "per"
                        | "on"
                        | "in"
                        | "at"
                        | "within"
                        | "from"
                        | "about"
                        | "during"
                        | "to"
                ) =>
            {
                1
            }
            (Some(Unit::Subordinator(word)), Some(Unit::Phrase(_)))
                if matches!(word.as_str(), "whenever" | "when" | "each" | "once") =>
            {
                1
            }
            _ => return,
        };
        let Some((item, _)) = items::item(units, start, Side::Subject) else {
            return;
        };
        let determiner = item.phrase.determiner.as_deref();
        let each = matches!(
            determiner,
            Some("each" | "every" | "any" | "all" | "a" | "an")
        ) || item.phrase.plural
            || start == 1
                && matches!(&units[0], Unit::Preposition(word) if word == "for" || word == "of");
        if !each {
            return;
        }
        if let Some(name) = self.resolve(&item)
            && !terms::is_empty(&name)
            && terms::property(&name) < 0.5
        {
            let term = self.ledger.term(&name, self.context.sentence);
            term.each += u32::from(matches!(determiner, Some("each" | "every")));
            self.context.scope = Some(name);
        }
    }

    fn fragment(&mut self, units: &[Unit]) {
        let Some(start) = units
            .iter()
            .position(|unit| matches!(unit, Unit::Phrase(_)))
        else {
            return;
        };
        let (items, _) = items::list(units, start, Side::Object);
        for item in &items {
            self.inside(item);
        }
        if let Some(scope) = self.context.scope.clone() {
            self.own_all(&scope, &items, true);
        }
    }

    /// Who stands near whom, for names that nothing else ties to anything.
    fn near(&mut self, units: &[Unit], topic: Option<String>) {
        let names: Vec<String> = units
            .iter()
            .filter_map(phrase_of)
            .map(terms::name)
            .filter(|name| !terms::is_empty(name))
            .collect();
        for (at, name) in names.iter().enumerate() {
            let mut others: Vec<(usize, String)> = names
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != at)
                .map(|(other, name)| (other.abs_diff(at), name.clone()))
                .collect();
            others.sort();
            self.ledger.near.push(Near {
                name: name.clone(),
                others: others
                    .into_iter()
                    .map(|(_, name)| name)
                    .chain(topic.clone())
                    .collect(),
                sentence: self.context.sentence,
            });
        }
    }

    /// `When an inverter fails, the system raises an alert`: what happens, and what is made then. `To book a table, a
    /// guest gives a date`: what is done, and what it takes.
    fn causes(&mut self, clauses: &[Clause]) {
        for cause in clauses {
            let purpose = cause.verb.infinitive && cause.at <= 1;
            let when = cause.subordinate.as_deref().is_some_and(|word| {
                matches!(
                    word,
                    "when" | "whenever" | "if" | "once" | "after" | "before" | "as"
                )
            });
            for made in clauses.iter().filter(|clause| {
                clause.at > cause.at && clause.subordinate.is_none() && !clause.relative
            }) {
                if purpose {
                    for item in &made.objects {
                        self.own_by_verb(&cause.verb.lemma, item);
                    }
                }
                if !when || !verbs::makes(&made.verb) {
                    continue;
                }
                let results: Vec<String> = if made.verb.passive {
                    self.subjects(made)
                } else {
                    made.objects
                        .iter()
                        .filter_map(|item| self.resolve(item))
                        .collect()
                };
                let involved: Vec<String> = self
                    .subjects(cause)
                    .into_iter()
                    .chain(cause.objects.iter().filter_map(|item| self.resolve(item)))
                    .collect();
                for result in &results {
                    for other in involved.iter().filter(|other| !terms::is_person(other)) {
                        self.tie_names(result, other, "when", 0.7, None);
                    }
                }
            }
        }
    }

    fn own_by_verb(&mut self, verb: &str, item: &Item) {
        self.ledger.takes.push(Own {
            owner: verb.to_owned(),
            item: item.clone(),
            sentence: self.context.sentence,
            weak: true,
            optional: false,
            identifies: false,
            alone: false,
            values: item.values.clone(),
        });
    }

    /// `the name of the owner`
    fn genitives(&mut self, units: &[Unit]) {
        for at in 0..units.len().saturating_sub(2) {
            let (Unit::Phrase(first), Unit::Preposition(word), Unit::Phrase(second)) =
                (&units[at], &units[at + 1], &units[at + 2])
            else {
                continue;
            };
            let counts = first.head().is_some_and(|head| {
                matches!(
                    head.lemma.as_str(),
                    "number" | "amount" | "list" | "kind" | "type" | "part" | "end" | "sum"
                )
            });
            if word != "of" || second.words.is_empty() || first.words.is_empty() || counts {
                continue;
            }
            let owner = terms::name(second);
            let item = Item {
                phrase: first.clone(),
                ..Item::default()
            };
            self.own(&owner, &item, true);
        }
    }

    /// `the owner's name`, `its name` outside a list.
    fn possessors(&mut self, units: &[Unit]) {
        for unit in units {
            let Unit::Phrase(phrase) = unit else { continue };
            let item = Item {
                phrase: phrase.clone(),
                ..Item::default()
            };
            if let Some(Unit::Phrase(owner)) =
                phrase.possessor.map(|at| &units[at.min(units.len() - 1)])
            {
                let owner = terms::name(owner);
                self.own(&owner, &item, true);
            } else if let Some(owner) = self.possessive(phrase) {
                self.own(&owner, &item, true);
            }
        }
    }

    /// Whom `its`, `their`, `my` stand for.
    pub fn possessive(&self, phrase: &Phrase) -> Option<String> {
        match phrase.determiner.as_deref()? {
            "my" | "our" | "your" => self.context.speaker.clone(),
            "its" => self
                .context
                .scope
                .clone()
                .or_else(|| self.context.thing.clone())
                .or_else(|| self.context.topic.clone()),
            "his" | "her" | "his/her" => self
                .context
                .scope
                .clone()
                .or_else(|| self.context.person.clone())
                .or_else(|| self.context.topic.clone()),
            "their" => self
                .context
                .scope
                .clone()
                .or_else(|| self.context.topic.clone())
                .or_else(|| self.context.person.clone()),
            _ => None,
        }
    }

    /// The name that an item stands for, pronouns resolved.
    pub fn resolve(&self, item: &Item) -> Option<String> {
        resolve(&self.context, item)
    }

    /// The names of those who do what the clause says; nothing for the system and for `we`.
    fn subjects(&self, clause: &Clause) -> Vec<String> {
        match &clause.subject {
            Subject::Items(items) => items
                .iter()
                .filter_map(|item| self.resolve(item))
                .filter(|name| !terms::is_empty(name))
                .collect(),
            _ => Vec::new(),
        }
    }
}

/// The places of what a property's values are: `a level (beginner or advanced)`, `a cuisine such as Thai`.
fn listed_values(units: &[Unit]) -> BTreeSet<usize> {
    let mut values = BTreeSet::new();
    let (mut depth, mut examples) = (0_usize, false);
    for (at, unit) in units.iter().enumerate() {
        match unit {
            Unit::Open => depth += 1,
            Unit::Close => depth = depth.saturating_sub(1),
            Unit::SuchAs => examples = true,
            Unit::Phrase(_) if depth > 0 || examples => {
                values.insert(at);
            }
            Unit::Comma | Unit::And | Unit::Or | Unit::Phrase(_) | Unit::Adjective(_) => {}
            _ => examples = false,
        }
    }
    values
}

fn phrase_of(unit: &Unit) -> Option<&Phrase> {
    match unit {
        Unit::Phrase(phrase) => Some(phrase),
        _ => None,
    }
}

/// The name that an item stands for, pronouns resolved.
fn resolve(context: &Context, item: &Item) -> Option<String> {
    if let Some(pronoun) = &item.phrase.pronoun {
        return match pronoun.as_str() {
            "i" | "me" => context.speaker.clone(),
            "it" => context
                .scope
                .clone()
                .or_else(|| context.thing.clone())
                .or_else(|| context.topic.clone()),
            "he" | "she" | "he/she" | "him" | "her" | "s/he" => context.person.clone(),
            "they" | "them" => context.topic.clone().or_else(|| context.person.clone()),
            _ => None,
        };
    }
    // `a list of lines`, `one of its members`: what follows `of` is meant.
    let name = terms::name(&item.phrase);
    if (item.phrase.words.is_empty() || terms::TRANSPARENT.contains(&name.as_str()))
        && let Some(of) = item.of.first()
    {
        let inner = terms::name(of);
        if !inner.is_empty() && of.plural {
            return Some(inner);
        }
    }
    if item.phrase.words.is_empty() {
        return context.topic.clone();
    }
    (!name.is_empty()).then_some(name)
}
