//! `As a member, I want to …, so that …`

use crate::chunk::{Phrase, Unit};
use std::ops::Range;

#[derive(Clone, Debug)]
pub struct Story {
    pub actor: Phrase,
    /// From `I want` to before `so that`.
    pub wish: Range<usize>,
}

pub fn parts(units: &[Unit]) -> Option<Story> {
    let at = units.iter().take(6).position(
        |unit| matches!(unit, Unit::Preposition(word) | Unit::Subordinator(word) if word == "as"),
    )?;
    let Unit::Phrase(actor) = units.get(at + 1)? else {
        return None;
    };
    if actor.words.is_empty() {
        return None;
    }
    let speaker = |unit: &Unit| matches!(unit, Unit::Phrase(phrase) if matches!(phrase.pronoun.as_deref(), Some("i" | "we")));
    let start = units.iter().take(14).position(speaker)?;
    let purpose = |unit: &Unit| matches!(unit, Unit::Subordinator(word) | Unit::Adverb(word) if matches!(word.as_str(), "so" | "because" | "thus" | "hence"));
    let end = units[start..]
        .iter()
        .position(purpose)
        .map_or(units.len(), |length| start + length);
    Some(Story {
        actor: actor.clone(),
        wish: start..end,
    })
}
