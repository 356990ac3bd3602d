//! Finds the patterns that a text speaks of.

use crate::pattern::{Pattern, library, pattern};
use crate::stem::stem;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// A pattern that a text speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    pub id: &'static str,
    pub score: u32,
    /// The words of the text that speak for it, in their order.
    pub evidence: Vec<String>,
}

/// Weights that together let a pattern be chosen.
const THRESHOLD: u32 = 5;

/// Words that a phrase may skip.
const SKIPPED: &[&str] = &[
    "a", "an", "the", "their", "his", "her", "its", "my", "our", "your", "of", "to", "each",
    "other", "own", "this", "that", "these", "those", "some", "any",
];

struct Hit {
    pattern: &'static Pattern,
    trigger: usize,
    at: Range<usize>,
}

/// The patterns that a text speaks of, best first. Takes the words of the text in their order, in whatever form. Of
/// two triggers at one place the longer counts: a gift card is no card to pay with.
pub fn matching(lemmas: &[&str]) -> Vec<Match> {
    let (words, stems) = heard(lemmas);
    let mut found: BTreeMap<&str, (BTreeSet<usize>, Match)> = BTreeMap::new();
    for hit in visible(hits(&stems)) {
        let id = hit.pattern.id;
        let none = || {
            (
                BTreeSet::new(),
                Match {
                    id,
                    score: 0,
                    evidence: Vec::new(),
                },
            )
        };
        let (counted, own) = found.entry(id).or_insert_with(none);
        if counted.insert(hit.trigger) {
            own.score += hit.pattern.triggers[hit.trigger].weight;
            own.evidence.push(words[hit.at].join(" "));
        }
    }
    let mut matches: Vec<Match> = found
        .into_values()
        .map(|(_, own)| own)
        .filter(|own| own.score >= THRESHOLD)
        .collect();
    matches.sort_by_key(|own| (Reverse(own.score), own.id));
    let covers = |own: &Match, id: &str| {
        pattern(own.id).is_some_and(|pattern| pattern.covers.iter().any(|covered| covered == id))
    };
    let covered = |id: &str| matches.iter().any(|own| covers(own, id));
    let ids: Vec<&str> = matches.iter().map(|own| own.id).collect();
    let gone: Vec<&str> = ids.into_iter().filter(|id| covered(id)).collect();
    matches.retain(|own| !gone.contains(&own.id));
    matches
}

/// A question of a pattern that a text answers by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// `course.homework`
    pub question: String,
    pub choice: String,
    /// The words of the text that answer it.
    pub evidence: String,
}

/// The questions of these patterns that the words of a text answer: who speaks of homework, wants homework. Where words
/// speak for several choices, the question stays open.
pub fn settled(patterns: &[&str], lemmas: &[&str]) -> Vec<Settled> {
    let (words, stems) = heard(lemmas);
    let mut settled = Vec::new();
    for pattern in patterns.iter().filter_map(|id| pattern(id)) {
        for question in &pattern.questions {
            let mut said = question.choices.iter().filter_map(|choice| {
                let at = choice
                    .said
                    .iter()
                    .find_map(|said| place(&stems, &said.words))?;
                Some((choice, words[at].join(" ")))
            });
            if let (Some((choice, evidence)), None) = (said.next(), said.next()) {
                settled.push(Settled {
                    question: format!("{}.{}", pattern.id, question.id),
                    choice: choice.id.clone(),
                    evidence,
                });
            }
        }
    }
    settled
}

/// What a text calls entities of these patterns: entity and word. A text with several words for one means several
/// things, and none of them alone.
pub fn called(patterns: &[&str], lemmas: &[&str]) -> Vec<(String, String)> {
    let (words, stems) = heard(lemmas);
    let mut found = Vec::new();
    let called = patterns.iter().filter_map(|id| pattern(id));
    for (entity, names) in called.flat_map(|pattern| &pattern.called) {
        let mut said = names.iter().filter_map(|name| place(&stems, &name.words));
        if let (Some(at), None) = (said.next(), said.next()) {
            found.push((entity.clone(), words[at].join(" ")));
        }
    }
    found
}

fn place(stems: &[String], words: &[String]) -> Option<Range<usize>> {
    let mut windows = stems.windows(words.len().max(1));
    let start = windows.position(|window| window == words)?;
    Some(start..start + words.len())
}

/// The words that count, and their stems.
fn heard<'a>(lemmas: &[&'a str]) -> (Vec<&'a str>, Vec<String>) {
    lemmas
        .iter()
        .filter(|word| !SKIPPED.contains(&word.to_lowercase().as_str()))
        .map(|word| (*word, stem(word)))
        .unzip()
}

/// Every place where a trigger stands, in the order of the text.
fn hits(stems: &[String]) -> Vec<Hit> {
    let mut by_first: BTreeMap<&str, Vec<(&'static Pattern, usize)>> = BTreeMap::new();
    for pattern in library() {
        for (index, trigger) in pattern.triggers.iter().enumerate() {
            by_first
                .entry(&trigger.words[0])
                .or_default()
                .push((pattern, index));
        }
    }
    let mut hits = Vec::new();
    for (start, first) in stems.iter().enumerate() {
        for &(pattern, trigger) in by_first.get(first.as_str()).into_iter().flatten() {
            let words = &pattern.triggers[trigger].words;
            if stems[start..].starts_with(words) {
                let at = start..start + words.len();
                hits.push(Hit {
                    pattern,
                    trigger,
                    at,
                });
            }
        }
    }
    hits
}

/// Without the hits that lie in a longer one.
fn visible(hits: Vec<Hit>) -> Vec<Hit> {
    let mut longest: BTreeMap<usize, usize> = BTreeMap::new();
    for hit in &hits {
        for word in hit.at.clone() {
            let known = longest.entry(word).or_default();
            *known = hit.at.len().max(*known);
        }
    }
    let longest_over = |hit: &Hit| {
        hit.at
            .clone()
            .filter_map(|word| longest.get(&word))
            .min()
            .copied()
    };
    hits.into_iter()
        .filter(|hit| longest_over(hit) <= Some(hit.at.len()))
        .collect()
}
