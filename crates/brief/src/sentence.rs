//! Sentences and their tokens.

use crate::lexicon::{self, Tag};
use crate::markup::{Block, BlockKind};
use crate::tag;
use std::collections::BTreeSet;

#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// As written.
    pub text: String,
    pub lower: String,
    /// Base form under the tag.
    pub lemma: String,
    pub tag: Tag,
}

#[derive(Clone, Debug)]
pub struct Sentence {
    pub text: String,
    /// The line in the source at which its block begins.
    pub line: usize,
    pub kind: BlockKind,
    /// Sentences of the same block are read together: pronouns look back within it.
    pub block: usize,
    pub tokens: Vec<Token>,
}

/// Longer ones are cut here: no person writes them, and the rules look at all pairs of phrases.
const MAX_TOKENS: usize = 160;

pub fn sentences(blocks: &[Block]) -> Vec<Sentence> {
    let mut sentences = Vec::new();
    for (index, block) in blocks.iter().enumerate() {
        for text in split(&block.text) {
            let mut words = words(text);
            words.truncate(MAX_TOKENS);
            plain(&mut words);
            if words.is_empty() {
                continue;
            }
            sentences.push(Sentence {
                text: text.to_owned(),
                line: block.line,
                kind: block.kind,
                block: index,
                tokens: tag::tag(&words),
            });
        }
    }
    join_compounds(&mut sentences);
    name_software(&mut sentences);
    for sentence in &mut sentences {
        pair_start_and_end(&mut sentence.tokens);
    }
    sentences
}

/// Phrases whose nouns name nothing, with the verb that they stand for; its form is that of the first word.
const IDIOMS: &[(&str, &[&str], &str)] = &[
    ("keep", &["track", "of"], "track"),
    ("keep", &["an", "eye", "on"], "watch"),
    ("take", &["care", "of"], "manage"),
    ("take", &["home"], "take"),
    ("make", &["use", "of"], "use"),
    ("get", &["rid", "of"], "remove"),
    ("get", &["in", "touch", "with"], "contact"),
];

/// Puts plain words in the place of idioms: `keeps track of films` tracks films, and `three films at a time` has no time.
fn plain(words: &mut Vec<String>) {
    let mut at = 0;
    while at < words.len() {
        let lower = words[at].to_lowercase();
        let rest = |tail: &[&str]| {
            let following = words[at + 1..].iter().take(tail.len());
            following
                .map(|word| word.to_lowercase())
                .eq(tail.iter().copied())
        };
        let idiom = IDIOMS.iter().find(|(verb, tail, _)| {
            let ending = form(&lower, verb);
            ending.is_some() && rest(tail)
        });
        if let Some((verb, tail, plain)) = idiom {
            let ending = form(&lower, verb).unwrap_or_default();
            words[at] = inflected(plain, ending);
            words.drain(at + 1..=at + tail.len());
        } else if lower == "at" && rest(&["a", "time"]) && counted(&words[..at]) {
            words.drain(at..at + 3);
        }
        at += 1;
    }
}

/// Which form of a verb a word is: its ending, if it is one.
fn form(word: &str, verb: &str) -> Option<&'static str> {
    let stem = verb.strip_suffix('e').unwrap_or(verb);
    let past = match verb {
        "keep" => "kept",
        "take" => "took",
        "make" => "made",
        _ => "got",
    };
    match word.strip_prefix(stem) {
        _ if word == verb => Some(""),
        _ if word == past => Some("ed"),
        Some("s" | "es") => Some("s"),
        Some("ing" | "ting") => Some("ing"),
        _ => None,
    }
}

fn inflected(verb: &str, ending: &str) -> String {
    match (verb.strip_suffix('e'), ending) {
        (_, "" | "s") => format!("{verb}{ending}"),
        (Some(stem), ending) => format!("{stem}{ending}"),
        (None, ending) => format!("{verb}{ending}"),
    }
}

/// Whether a number of things was just named.
fn counted(words: &[String]) -> bool {
    words
        .iter()
        .rev()
        .take(4)
        .any(|word| crate::chunk::number(&word.to_lowercase()).is_some_and(|number| number > 1))
}

/// Two nouns that stand together after a determiner or preposition are one name wherever they stand together:
/// `a purchase order` tells that `create purchase orders` holds no verb `orders`.
fn join_compounds(sentences: &mut [Sentence]) {
    let base =
        |token: &Token| lexicon::singular(&token.lower).unwrap_or_else(|| token.lower.clone());
    let mut known = BTreeSet::new();
    for sentence in sentences.iter() {
        for window in sentence.tokens.windows(3) {
            let opens = matches!(
                window[0].tag,
                Tag::Determiner | Tag::Preposition | Tag::Number
            );
            let noun = |token: &Token| matches!(token.tag, Tag::Noun | Tag::Plural);
            if opens && noun(&window[1]) && noun(&window[2]) {
                known.insert((base(&window[1]), base(&window[2])));
            }
        }
    }
    for sentence in sentences {
        for at in 1..sentence.tokens.len() {
            let second = &sentence.tokens[at];
            let verb = matches!(second.tag, Tag::Base | Tag::Present);
            if verb && known.contains(&(base(&sentence.tokens[at - 1]), base(second))) {
                let lemma = base(second);
                let plural = lemma != second.lower;
                let second = &mut sentence.tokens[at];
                second.tag = if plural { Tag::Plural } else { Tag::Noun };
                second.lemma = lemma;
                let first = &mut sentence.tokens[at - 1];
                if !matches!(first.tag, Tag::Noun | Tag::Plural) {
                    first.lemma =
                        lexicon::singular(&first.lower).unwrap_or_else(|| first.lower.clone());
                    first.tag = Tag::Noun;
                }
            }
        }
    }
}

/// An application is software, unless somebody applies for something.
fn name_software(sentences: &mut [Sentence]) {
    let deals = |sentence: &Sentence| {
        let named = |word: &str| {
            sentence
                .tokens
                .iter()
                .any(|token| token.lower.starts_with(word))
        };
        named("application")
            && [
                "submit",
                "approv",
                "reject",
                "review",
                "accept",
                "withdr",
                "candidate",
                "vacanc",
                "job",
            ]
            .iter()
            .any(|word| named(word))
    };
    let applied = |token: &Token| token.lemma == "apply" || token.lemma == "applicant";
    let form = sentences
        .iter()
        .any(|sentence| deals(sentence) || sentence.tokens.iter().any(applied));
    if form {
        return;
    }
    for token in sentences
        .iter_mut()
        .flat_map(|sentence| &mut sentence.tokens)
    {
        if token.lemma == "application" {
            token.lemma = "app".to_owned();
            token.lower = "app".to_owned();
        }
    }
}

/// `start and end time` holds no verb.
fn pair_start_and_end(tokens: &mut [Token]) {
    for at in 0..tokens.len().saturating_sub(2) {
        let pair = matches!(
            tokens[at].lower.as_str(),
            "start" | "begin" | "opening" | "first" | "open"
        ) && matches!(tokens[at + 1].lower.as_str(), "and" | "or")
            && matches!(
                tokens[at + 2].lower.as_str(),
                "end" | "finish" | "closing" | "last" | "close"
            );
        if pair {
            for token in [at, at + 2] {
                tokens[token].tag = Tag::Noun;
                tokens[token].lemma = tokens[token].lower.clone();
            }
        }
    }
}

const ABBREVIATIONS: &[&str] = &[
    "e.g.", "i.e.", "etc.", "mr.", "mrs.", "ms.", "dr.", "no.", "nr.", "approx.", "vs.", "incl.",
    "max.", "min.", "prof.", "st.", "resp.", "fig.", "ca.", "tel.", "a.m.", "p.m.",
];

/// At full stops, question and exclamation marks and semicolons that end a clause.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    for (at, mark) in text.char_indices() {
        match mark {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '.' | '!' | '?' | ';' => {
                let next = bytes.get(at + 1).copied().unwrap_or(b' ');
                if next != b' ' && !(next == b'"' && mark != ';') {
                    continue;
                }
                let after = text[at + 1..].trim_start_matches([' ', '"']).chars().next();
                let word = text[start..=at].rsplit(' ').next().unwrap_or_default();
                let word = word.trim_start_matches('(').to_lowercase();
                let abbreviation = mark == '.' && ABBREVIATIONS.contains(&word.as_str());
                let goes_on =
                    mark == '.' && after.is_some_and(|next| next.is_lowercase() && word.len() < 5);
                let closed = depth == 0 || mark != ';';
                if closed && (!abbreviation || word == "etc.") && !goes_on {
                    parts.push(text[start..=at].trim());
                    start = at + 1;
                    depth = 0;
                }
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts.retain(|part| part.chars().any(char::is_alphanumeric));
    parts
}

/// Words, numbers and marks. Hyphens and inner full stops stay within a word, `'s` stands alone.
fn words(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut words = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let first = chars[at];
        if first.is_whitespace() {
            at += 1;
            continue;
        }
        if !first.is_alphanumeric() {
            words.push(first.to_string());
            at += 1;
            continue;
        }
        let start = at;
        while at < chars.len() && (chars[at].is_alphanumeric() || joins(&chars, at)) {
            at += 1;
        }
        split_word(&chars[start..at].iter().collect::<String>(), &mut words);
    }
    words
}

/// Whether a mark belongs to the word around it: `e-mail`, `don't`, `3.5`, `and/or`, `e.g.`, `a@b.c`.
fn joins(chars: &[char], at: usize) -> bool {
    let before = at.checked_sub(1).map(|index| chars[index]);
    let after = chars.get(at + 1).copied();
    let (Some(before), Some(after)) = (before, after) else {
        return false;
    };
    match chars[at] {
        '-' | '\'' | '_' | '@' => before.is_alphanumeric() && after.is_alphanumeric(),
        '.' | ',' => {
            before.is_ascii_digit() && after.is_ascii_digit()
                || chars[at] == '.' && after.is_lowercase() && before.is_alphabetic()
        }
        ':' => before.is_ascii_digit() && after.is_ascii_digit(),
        _ => false,
    }
}

fn split_word(word: &str, words: &mut Vec<String>) {
    let lower = word.to_lowercase();
    for ending in ["'s", "'ll", "'d", "'re", "'ve", "'m"] {
        if lower.ends_with(ending) && word.len() > ending.len() {
            let at = word.len() - ending.len();
            if let (Some(stem), Some(rest)) = (word.get(..at), word.get(at..)) {
                if !matches!(
                    stem.to_lowercase().as_str(),
                    "it" | "that" | "there" | "what" | "he" | "she" | "let"
                ) {
                    words.push(stem.to_owned());
                    words.push(rest.to_owned());
                    return;
                }
                words.push(stem.to_owned());
                words.push("is".to_owned());
                return;
            }
        }
    }
    words.push(word.to_owned());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_at_full_stops_but_not_within_abbreviations_or_numbers() {
        assert_eq!(
            split(
                "Prices, e.g. 3.50, vary. Orders (made online; by anyone) count; others don't. Ok?"
            ),
            [
                "Prices, e.g. 3.50, vary.",
                "Orders (made online; by anyone) count;",
                "others don't.",
                "Ok?"
            ]
        );
    }

    #[test]
    fn words_keep_their_hyphens_and_lose_their_owners() {
        assert_eq!(
            words("The owner's e-mail (2,000 a year)."),
            [
                "The", "owner", "'s", "e-mail", "(", "2,000", "a", "year", ")", "."
            ]
        );
    }
}
