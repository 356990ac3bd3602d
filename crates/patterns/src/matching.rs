//! Finds the patterns that a text speaks of.

use crate::pattern::{Pattern, library};
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
    let (words, stems): (Vec<&str>, Vec<String>) = lemmas
        .iter()
        .filter(|word| !SKIPPED.contains(&word.to_lowercase().as_str()))
        .map(|word| (*word, stem(word)))
        .unzip();
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
    matches
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
