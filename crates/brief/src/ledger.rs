//! What the sentences say, before it is decided what is an entity and what a property.

use crate::chunk::{Phrase, Word};
use crate::items::Item;
use crate::lexicon::{self, Tag};
use crate::quantities::Amount;
use crate::states::States;
use crate::terms;
use std::collections::BTreeMap;

/// Traces of one name over the whole text.
#[derive(Clone, Debug, Default)]
pub struct Term {
    pub mentions: u32,
    /// The first sentence that names it.
    pub first: usize,
    /// Subject of an active verb that is not `be`.
    pub acts: u32,
    /// After `each`, `every`.
    pub each: u32,
    /// After a number or `one or more`.
    pub counted: u32,
    pub plural: u32,
    /// Named as something with a list of properties.
    pub lists: u32,
    /// `a`, `an` or a bare plural in subject place.
    pub introduced: u32,
    /// Made, registered, booked by somebody.
    pub made: u32,
    pub heading: u32,
    /// `As a …`
    pub actor: u32,
    /// The object in a user story.
    pub wanted: u32,
    /// In a list of what another thing has.
    pub listed: u32,
    /// After a preposition only.
    pub aside: u32,
    /// The one that records: the organisation itself.
    pub records: u32,
    /// The object of a verb.
    pub object: u32,
    /// Ties to other names.
    pub links: u32,
    /// Kinds of it, or what it is a kind of.
    pub kinds: u32,
    /// After `the` or `this`.
    pub definite: u32,
    /// Written as a proper name.
    pub proper: u32,
    /// Its first word is an adjective or a participle.
    pub described: bool,
}

/// `owner` has `item`.
#[derive(Clone, Debug)]
pub struct Own {
    pub owner: String,
    pub item: Item,
    pub sentence: usize,
    /// Not from a list of properties: an item that looks like no property is dropped.
    pub weak: bool,
    /// `may have`
    pub optional: bool,
    /// `is identified by`
    pub identifies: bool,
    /// Alone in its list.
    pub alone: bool,
    pub values: Vec<String>,
}

/// Two names that a sentence ties together.
#[derive(Clone, Debug)]
pub struct Link {
    pub from: String,
    pub to: String,
    /// The verb or the preposition.
    pub verb: String,
    pub sentence: usize,
    pub weight: f32,
    /// More than one of `to`.
    pub many: bool,
    /// `can`, `may`
    pub may: bool,
}

#[derive(Clone, Debug)]
pub struct Kind {
    pub sub: String,
    pub sup: String,
    pub sentence: usize,
}

/// A name and those around it, nearest first.
#[derive(Clone, Debug)]
pub struct Near {
    pub name: String,
    pub others: Vec<String>,
    pub sentence: usize,
}

/// Somebody does something to something.
#[derive(Clone, Debug)]
pub struct Act {
    pub actor: String,
    pub verb: String,
    pub object: String,
    /// `only the manager may`
    pub only: bool,
    pub negated: bool,
    /// `my orders`, `their own orders`
    pub own: bool,
    pub sentence: usize,
}

/// The states that a sentence lists for a name.
#[derive(Clone, Debug)]
pub struct Stated {
    pub name: String,
    pub states: States,
    pub sentence: usize,
}

/// How many of one name go with one of another, in words of the text.
#[derive(Clone, Debug)]
pub struct Counted {
    pub from: String,
    pub to: String,
    pub least: u32,
    pub most: Option<u32>,
    pub sentence: usize,
}

#[derive(Clone, Debug, Default)]
pub struct Ledger {
    pub acts: Vec<Act>,
    pub stated: Vec<Stated>,
    pub amounts: Vec<(Amount, usize)>,
    pub counted: Vec<Counted>,
    /// Sentences that are headings.
    pub headings: Vec<usize>,
    /// Names of properties that a sentence calls unique.
    pub unique: Vec<String>,
    pub near: Vec<Near>,
    /// What an act takes, by its verb.
    pub takes: Vec<Own>,
    pub terms: BTreeMap<String, Term>,
    pub owns: Vec<Own>,
    pub links: Vec<Link>,
    pub kinds: Vec<Kind>,
    /// How many sentences are user stories.
    pub stories: usize,
}

impl Ledger {
    pub fn term(&mut self, name: &str, sentence: usize) -> &mut Term {
        self.terms.entry(name.to_owned()).or_insert_with(|| Term {
            first: sentence,
            ..Term::default()
        })
    }

    /// Counts a mention, and gives the phrase's name.
    pub fn mention(&mut self, phrase: &Phrase, sentence: usize) -> Option<String> {
        let name = terms::name(phrase);
        if terms::is_empty(&name) {
            return None;
        }
        let each = matches!(phrase.determiner.as_deref(), Some("each" | "every" | "any"));
        let counted = phrase.quantity.is_some();
        let plural = phrase.plural;
        let described = name.contains(' ')
            && phrase
                .words
                .iter()
                .find(|word| name.starts_with(word.lower.as_str()))
                .is_some_and(|word| matches!(word.tag, Tag::Adjective | Tag::Past | Tag::Gerund));
        let term = self.term(&name, sentence);
        term.described |= described;
        term.definite += u32::from(matches!(
            phrase.determiner.as_deref(),
            Some("the" | "this" | "that")
        ));
        term.proper += u32::from(is_proper(phrase));
        term.mentions += 1;
        term.each += u32::from(each);
        term.counted += u32::from(counted);
        term.plural += u32::from(plural);
        Some(name)
    }

    /// Carries the ties and the kinds over to the names.
    pub fn count(&mut self) {
        for link in &self.links {
            for name in [&link.from, &link.to] {
                if let Some(term) = self.terms.get_mut(name) {
                    term.links += 1;
                }
            }
        }
        for kind in &self.kinds {
            for name in [&kind.sub, &kind.sup] {
                if let Some(term) = self.terms.get_mut(name) {
                    term.kinds += 1;
                }
            }
        }
    }

    pub fn link(&mut self, from: &str, to: &str, link: Link) {
        if from != to || link.verb == "self" {
            self.links.push(Link {
                from: from.to_owned(),
                to: to.to_owned(),
                ..link
            });
        }
    }
}

/// A capital in every word, and one that is no English word or has a capital within.
fn is_proper(phrase: &Phrase) -> bool {
    let capital = |word: &Word| word.text.starts_with(char::is_uppercase);
    let strange = |word: &Word| {
        word.text.chars().skip(1).any(char::is_uppercase)
            && word.text.chars().any(char::is_lowercase)
            || lexicon::entry(&word.lemma).is_none() && word.text.chars().any(char::is_lowercase)
    };
    phrase.determiner.is_none()
        && phrase.words.iter().all(capital)
        && phrase.words.iter().any(strange)
}
