//! Lists of noun phrases, each with what hangs on it: `the number of seats, a status (open or paid) and lines with …`.

use crate::chunk::{Phrase, Unit, Word};
use crate::lexicon::Tag;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Item {
    pub phrase: Phrase,
    /// `name of the owner`.
    pub of: Vec<Phrase>,
    /// Other prepositions with what follows them.
    pub around: Vec<(String, Vec<Item>)>,
    /// In brackets, or after `such as`.
    pub values: Vec<String>,
    /// `hours spent`.
    pub suffix: Option<String>,
    /// `whether they have a licence`.
    pub boolean: bool,
}

/// Which side of a verb a list stands on: a subject list runs up to its verb, an object list stops before a phrase
/// that is the subject of the next verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Subject,
    Object,
}

/// The list that begins at a place, and the place after it.
pub fn list(units: &[Unit], start: usize, side: Side) -> (Vec<Item>, usize) {
    let mut items: Vec<Item> = Vec::new();
    let mut at = start;
    // Where the list stood at its first comma.
    let mut comma = None;
    loop {
        let from = skip_adverbs(units, at);
        let Some((item, next)) = item(units, from, side) else {
            break;
        };
        if side == Side::Object && !items.is_empty() && begins_clause(units, next) {
            // What follows the comma is the subject of that verb: `given to an animal, the date and the fee are noted`.
            if let Some((count, end)) = comma {
                items.truncate(count);
                at = end;
            }
            break;
        }
        let mut item = item;
        let (aside, next) = aside(units, next);
        if aside.iter().any(|word| word == "unique") {
            item.values.push("unique".to_owned());
        }
        items.push(item);
        at = next;
        if comma.is_none() && units.get(at) == Some(&Unit::Comma) {
            comma = Some((items.len(), at));
        }
        let Some(separator) = separator(units, at) else {
            break;
        };
        if !matches!(
            units.get(skip_adverbs(units, separator)),
            Some(Unit::Phrase(_))
        ) && !matches!(units.get(separator), Some(Unit::Subordinator(word)) if word == "whether" && side == Side::Object)
        {
            break;
        }
        at = separator;
    }
    let end = if items.is_empty() {
        start
    } else {
        end_of_list(units, start, at)
    };
    (share_heads(items), end)
}

/// `, which must be unique,` between two items: its adjectives, and the place of the comma after it.
fn aside(units: &[Unit], at: usize) -> (Vec<String>, usize) {
    if units.get(at) != Some(&Unit::Comma) || !matches!(units.get(at + 1), Some(Unit::Relative(_)))
    {
        return (Vec::new(), at);
    }
    let mut words = Vec::new();
    for (end, unit) in units.iter().enumerate().skip(at + 2).take(5) {
        match unit {
            Unit::Adjective(word) => words.push(word.clone()),
            Unit::Verb(_) | Unit::Adverb(_) => {}
            Unit::Comma if end > at + 2 => return (words, end),
            _ => break,
        }
    }
    (Vec::new(), at)
}

/// The list's end is before the separators that led nowhere.
fn end_of_list(units: &[Unit], start: usize, at: usize) -> usize {
    let mut end = at;
    while end > start
        && matches!(
            units[end - 1],
            Unit::Comma | Unit::And | Unit::Or | Unit::Adverb(_)
        )
    {
        end -= 1;
    }
    end
}

fn skip_adverbs(units: &[Unit], mut at: usize) -> usize {
    while matches!(units.get(at), Some(Unit::Adverb(_))) {
        at += 1;
    }
    at
}

/// After commas and conjunctions, if any stand here.
fn separator(units: &[Unit], start: usize) -> Option<usize> {
    let mut at = start;
    while matches!(units.get(at), Some(Unit::Comma | Unit::And | Unit::Or)) {
        at += 1;
    }
    (at > start).then_some(at)
}

/// A finite verb stands here: the phrase before it was its subject.
fn begins_clause(units: &[Unit], at: usize) -> bool {
    matches!(units.get(skip_adverbs(units, at)), Some(Unit::Verb(verb)) if !verb.reduced && !verb.gerund && !verb.infinitive)
}

/// `whether they have a driving licence`, `whether it is correct`.
fn whether(units: &[Unit], start: usize) -> Option<(Item, usize)> {
    if !matches!(&units[start], Unit::Subordinator(word) if word == "whether" || word == "if") {
        return None;
    }
    let verb =
        (start + 1..units.len().min(start + 5)).find(|at| matches!(units[*at], Unit::Verb(_)))?;
    let word = |lower: &str, tag| Word {
        lower: lower.to_owned(),
        lemma: lower.to_owned(),
        tag,
        text: lower.to_owned(),
    };
    let mut item = Item {
        boolean: true,
        ..Item::default()
    };
    let Unit::Verb(group) = &units[verb] else {
        return None;
    };
    let (phrase, next) = match units.get(verb + 1) {
        Some(Unit::Phrase(phrase)) if !phrase.words.is_empty() => (phrase.clone(), verb + 2),
        Some(Unit::Adjective(adjective)) => (
            Phrase {
                words: vec![word("is", Tag::Adverb), word(adjective, Tag::Noun)],
                ..Phrase::default()
            },
            verb + 2,
        ),
        _ => (
            Phrase {
                words: vec![word("is", Tag::Adverb), word(&group.text, Tag::Noun)],
                ..Phrase::default()
            },
            verb + 1,
        ),
    };
    item.phrase = phrase;
    Some((item, next))
}

pub fn item(units: &[Unit], start: usize, side: Side) -> Option<(Item, usize)> {
    if let Some(found) = units.get(start).and_then(|_| whether(units, start)) {
        return Some(found);
    }
    let Unit::Phrase(phrase) = units.get(start)? else {
        return None;
    };
    let mut item = Item {
        phrase: phrase.clone(),
        ..Item::default()
    };
    let mut at = start + 1;
    // The owner before `'s` is noted on the phrase after it.
    while matches!(units.get(at), Some(Unit::Other(mark)) if mark == "'s") {
        let Some(Unit::Phrase(owned)) = units.get(at + 1) else {
            break;
        };
        item.phrase = owned.clone();
        at += 2;
    }
    loop {
        match units.get(at) {
            Some(Unit::Open) => {
                let (values, next) = bracket(units, at);
                item.values.extend(values);
                at = next;
            }
            Some(Unit::SuchAs) => {
                let (values, next) = examples(units, at + 1);
                item.values.extend(values);
                at = next;
            }
            Some(Unit::Comma) if matches!(units.get(at + 1), Some(Unit::SuchAs)) => {
                let (values, next) = examples(units, at + 2);
                item.values.extend(values);
                at = next;
                // `…, such as A and B, …`
                if matches!(units.get(at), Some(Unit::Comma)) && side == Side::Subject {
                    at += 1;
                }
            }
            Some(Unit::Comma) if each_with(units, at) => {
                let (items, next) = list(units, at + 3, Side::Object);
                item.around.push(("with".to_owned(), items));
                at = next;
            }
            Some(Unit::Verb(verb)) if verb.reduced => {
                let closes = matches!(
                    units.get(at + 1),
                    None | Some(
                        Unit::Comma
                            | Unit::And
                            | Unit::Or
                            | Unit::Close
                            | Unit::Other(_)
                            | Unit::Verb(_)
                    )
                );
                if closes {
                    item.suffix = Some(verb.text.clone());
                } else if side == Side::Object
                    || !matches!(units.get(at + 1), Some(Unit::Preposition(_)))
                {
                    break;
                }
                at += 1;
            }
            // `the fee to be paid`
            Some(Unit::Verb(verb)) if verb.infinitive && verb.passive => at += 1,
            Some(Unit::Preposition(word)) => match after_preposition(units, at, word, side) {
                Some((After::Of(phrase), next)) => {
                    item.of.push(phrase);
                    at = next;
                }
                Some((After::Around(items), next)) => {
                    item.around.push((word.clone(), items));
                    at = next;
                }
                None => break,
            },
            _ => break,
        }
    }
    Some((item, at))
}

/// `, each with`
fn each_with(units: &[Unit], at: usize) -> bool {
    matches!(units.get(at + 1), Some(Unit::Phrase(phrase)) if phrase.words.is_empty() && phrase.determiner.as_deref() == Some("each"))
        && matches!(units.get(at + 2), Some(Unit::Preposition(word)) if word == "with")
}

enum After {
    Of(Phrase),
    Around(Vec<Item>),
}

fn after_preposition(units: &[Unit], at: usize, word: &str, side: Side) -> Option<(After, usize)> {
    let Some(Unit::Phrase(phrase)) = units.get(at + 1) else {
        return None;
    };
    if word == "of" {
        return Some((After::Of(phrase.clone()), at + 2));
    }
    if word == "between" {
        // `between 1 and 5`: a range, not two things.
        let (items, next) = list(units, at + 1, Side::Object);
        return Some((After::Around(items), next));
    }
    if word == "with" && side == Side::Object {
        let (items, next) = list(units, at + 1, Side::Object);
        return Some((After::Around(items), next));
    }
    let (inner, next) = single(units, at + 1)?;
    Some((After::Around(vec![inner]), next))
}

/// One phrase with `of` behind it only: what stands after a preposition inside a list.
fn single(units: &[Unit], start: usize) -> Option<(Item, usize)> {
    let Some(Unit::Phrase(phrase)) = units.get(start) else {
        return None;
    };
    let mut item = Item {
        phrase: phrase.clone(),
        ..Item::default()
    };
    let mut at = start + 1;
    while matches!(units.get(at), Some(Unit::Preposition(word)) if word == "of")
        && let Some(Unit::Phrase(owner)) = units.get(at + 1)
    {
        item.of.push(owner.clone());
        at += 2;
    }
    if matches!(units.get(at), Some(Unit::Open)) {
        let (values, next) = bracket(units, at);
        item.values = values;
        at = next;
    }
    Some((item, at))
}

/// What stands in brackets, cut at commas and conjunctions.
fn bracket(units: &[Unit], open: usize) -> (Vec<String>, usize) {
    let close = units[open..]
        .iter()
        .position(|unit| *unit == Unit::Close)
        .map_or(units.len(), |length| open + length);
    (
        values(&units[open + 1..close]),
        (close + 1).min(units.len()),
    )
}

/// `economy, family or luxury`, up to where the list ends.
fn examples(units: &[Unit], start: usize) -> (Vec<String>, usize) {
    let mut at = start;
    let mut last = start;
    while let Some(unit) = units.get(at) {
        match unit {
            Unit::Phrase(_) | Unit::Adjective(_) => {
                last = at + 1;
                // `such as a dog, which …`
                if matches!(units.get(at + 1), Some(Unit::Comma))
                    && !matches!(
                        units.get(at + 2),
                        Some(Unit::Phrase(_) | Unit::Adjective(_) | Unit::And | Unit::Or)
                    )
                {
                    break;
                }
            }
            Unit::Comma | Unit::And | Unit::Or => {}
            Unit::Other(mark) if mark == "\"" => {}
            _ => break,
        }
        at += 1;
    }
    (values(&units[start..last]), last)
}

pub fn values(units: &[Unit]) -> Vec<String> {
    units
        .split(|unit| matches!(unit, Unit::Comma | Unit::And | Unit::Or | Unit::Dash))
        .map(|part| part.iter().filter_map(text).collect::<Vec<_>>().join(" "))
        .filter(|value| !value.is_empty())
        .collect()
}

fn text(unit: &Unit) -> Option<String> {
    match unit {
        Unit::Phrase(phrase) if !phrase.words.is_empty() => Some(
            phrase
                .words
                .iter()
                .map(|word| word.lower.as_str())
                .collect::<Vec<_>>()
                .join(" "),
        ),
        Unit::Adjective(word) => Some(word.clone()),
        Unit::Verb(verb) => Some(verb.text.clone()),
        Unit::Preposition(word) => Some(word.clone()),
        _ => None,
    }
}

/// `start and end time` is a start time and an end time.
fn share_heads(mut items: Vec<Item>) -> Vec<Item> {
    for at in 1..items.len() {
        let (before, after) = items.split_at_mut(at);
        let of = &after[0].of;
        let (first, second) = (&mut before[at - 1], &after[0].phrase);
        let alike = second.determiner.is_none() || second.determiner == first.phrase.determiner;
        let bare = alike && first.phrase.words.len() == 1 && second.words.len() == 2;
        if bare && shares(&first.phrase.words[0].lemma, &second.words[0].lemma) {
            let head = second.words[1].clone();
            first.phrase.plural = second.plural;
            first.phrase.words.push(head);
            first.of.clone_from(of);
        }
    }
    items
}

/// Words that come in pairs before a common noun.
const PAIRS: &[&[&str]] = &[
    &["start", "end", "begin", "beginning", "finish"],
    &["arrival", "departure"],
    &["minimum", "maximum", "least", "most"],
    &["opening", "closing", "expiry"],
    &[
        "pick-up",
        "return",
        "drop-off",
        "delivery",
        "pickup",
        "collection",
    ],
    &["first", "last", "middle", "family"],
    &["check-in", "check-out"],
    &["billing", "shipping", "home", "work", "postal"],
    &["purchase", "sale", "rental"],
];

fn shares(first: &str, second: &str) -> bool {
    PAIRS
        .iter()
        .any(|pair| pair.contains(&first) && pair.contains(&second))
}
