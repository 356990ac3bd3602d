//! A sentence as noun phrases, verb groups and the words between them.

use crate::lexicon::Tag;
use crate::sentence::Token;

/// How many of something: `one or more` is 1 to none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity {
    pub least: u32,
    pub most: Option<u32>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    pub lower: String,
    pub lemma: String,
    pub tag: Tag,
    /// As written, for names in capitals.
    pub text: String,
}

/// A noun phrase: determiners apart, modifiers, and the head last. Empty `words` and a pronoun, or a bare quantity.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Phrase {
    pub determiner: Option<String>,
    pub quantity: Option<Quantity>,
    pub words: Vec<Word>,
    pub plural: bool,
    pub pronoun: Option<String>,
    /// The unit before the `'s` that this phrase follows.
    pub possessor: Option<usize>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct VerbGroup {
    pub lemma: String,
    pub particle: Option<String>,
    pub passive: bool,
    /// `can`, `must`, `want`, …
    pub modal: Option<String>,
    pub negated: bool,
    pub gerund: bool,
    /// A participle that stands alone after a noun: `films submitted by`.
    pub reduced: bool,
    /// After `to`.
    pub infinitive: bool,
    /// The last word as written, in lower case: `spent`.
    pub text: String,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Unit {
    Phrase(Phrase),
    Verb(VerbGroup),
    Preposition(String),
    And,
    Or,
    But,
    Comma,
    Colon,
    Dash,
    Open,
    Close,
    Relative(String),
    Subordinator(String),
    /// An adjective that no noun follows.
    Adjective(String),
    Adverb(String),
    /// Introduces examples: `such as`, `for example`, `e.g.`, `like`.
    SuchAs,
    Other(String),
}

impl Phrase {
    /// Whether it stands for more than one.
    pub fn many(&self) -> bool {
        self.quantity
            .map_or(self.plural, |quantity| quantity.most != Some(1))
    }

    pub fn head(&self) -> Option<&Word> {
        self.words.last()
    }
}

pub fn chunk(tokens: &[Token]) -> Vec<Unit> {
    places(tokens).0
}

/// The units, and the token at which each begins.
pub fn places(tokens: &[Token]) -> (Vec<Unit>, Vec<usize>) {
    let mut units = Vec::new();
    let mut starts = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let (unit, next) = unit_at(tokens, at, &units);
        units.push(unit);
        starts.push(at);
        at = next.max(at + 1);
    }
    (link_possessors(units), starts)
}

fn unit_at(tokens: &[Token], at: usize, units: &[Unit]) -> (Unit, usize) {
    let token = &tokens[at];
    if let Some(length) = such_as(&tokens[at..]) {
        return (Unit::SuchAs, at + length);
    }
    if let Some((phrase, next)) = phrase(tokens, at) {
        return (Unit::Phrase(phrase), next);
    }
    if let Some((verb, next)) = verb(tokens, at, units) {
        return (Unit::Verb(verb), next);
    }
    let unit = match token.tag {
        Tag::Preposition | Tag::To => Unit::Preposition(token.lower.clone()),
        Tag::Conjunction => match token.lower.as_str() {
            "or" | "nor" => Unit::Or,
            "but" => Unit::But,
            _ => Unit::And,
        },
        Tag::Relative => Unit::Relative(token.lower.clone()),
        Tag::Subordinator => Unit::Subordinator(token.lower.clone()),
        Tag::Adjective => Unit::Adjective(token.lower.clone()),
        Tag::Adverb => Unit::Adverb(token.lower.clone()),
        Tag::Possessive => Unit::Other("'s".to_owned()),
        Tag::Punctuation => match token.text.as_str() {
            "," => Unit::Comma,
            ":" => Unit::Colon,
            "(" => Unit::Open,
            ")" => Unit::Close,
            "-" | "/" => Unit::Dash,
            other => Unit::Other(other.to_owned()),
        },
        _ => Unit::Other(token.lower.clone()),
    };
    (unit, at + 1)
}

fn such_as(tokens: &[Token]) -> Option<usize> {
    let word = |at: usize| tokens.get(at).map_or("", |token| token.lower.as_str());
    let found = match (word(0), word(1)) {
        ("such", "as") | ("for", "example") | ("for", "instance") => 2,
        ("e.g", ".") => 2,
        ("e.g" | "e.g." | "namely" | "i.e" | "i.e.", _) => 1,
        ("like", _) if tokens[0].tag == Tag::Preposition => 1,
        _ => return None,
    };
    Some(if word(found) == "," { found + 1 } else { found })
}

// ---- noun phrases --------------------------------------------------------------------------------------------------

fn phrase(tokens: &[Token], start: usize) -> Option<(Phrase, usize)> {
    let mut phrase = Phrase::default();
    let mut at = start;
    if let Some((quantity, length)) = quantity(&tokens[at..]) {
        phrase.quantity = Some(quantity);
        at += length;
    }
    if tokens.get(at)?.tag == Tag::Pronoun && at == start {
        phrase.pronoun = Some(tokens[at].lower.clone());
        phrase.plural = matches!(tokens[at].lower.as_str(), "they" | "them" | "we");
        return Some((phrase, at + 1));
    }
    while let Some(token) = tokens.get(at) {
        match token.tag {
            Tag::Determiner => phrase.determiner = Some(token.lower.clone()),
            Tag::Number if phrase.words.is_empty() => {
                if let Some(count) = number(&token.lower) {
                    phrase.quantity = phrase.quantity.or(Some(exactly(count)));
                }
            }
            Tag::Adverb
                if matches!(token.lower.as_str(), "only" | "very" | "exactly") && at > start => {}
            // `one of its members`, `each of the lines`
            Tag::Preposition if token.lower == "of" && at > start && phrase.words.is_empty() => {
                if tokens
                    .get(at + 1)
                    .is_none_or(|next| next.tag != Tag::Determiner)
                {
                    break;
                }
            }
            _ => break,
        }
        at += 1;
    }
    let words_start = at;
    let mut head = None;
    while let Some(token) = tokens.get(at) {
        let next = tokens.get(at + 1).map(|next| next.tag);
        let nominal = |tag: Option<Tag>| matches!(tag, Some(Tag::Noun | Tag::Plural));
        let goes_on =
            |tag: Option<Tag>| matches!(tag, Some(Tag::Noun | Tag::Plural | Tag::Adjective));
        match token.tag {
            Tag::Noun | Tag::Plural => head = Some(at),
            Tag::Adjective if goes_on(next) || joined_adjective(tokens, at) => {}
            Tag::Past | Tag::Gerund
                if (nominal(next) || goes_on(next) && at == words_start)
                    && may_modify(tokens, start, at) => {}
            Tag::Number if head.is_some() && !nominal(next) && token.text.len() <= 2 => {}
            Tag::Number if at > words_start && nominal(next) => {}
            _ => break,
        }
        at += 1;
    }
    let Some(head) = head else {
        // `each`, `both`, `10`: a phrase without a noun.
        let bare = words_start > start && phrase.quantity.is_some()
            || tokens[start].tag == Tag::Number
            || tokens[start].tag == Tag::Determiner
                && words_start == at
                && tokens.get(at).is_none_or(|next| next.tag != Tag::Adjective);
        return (bare && words_start > start).then_some((phrase, words_start));
    };
    for token in &tokens[words_start..=head] {
        phrase.words.push(Word {
            lower: token.lower.clone(),
            lemma: token.lemma.clone(),
            tag: token.tag,
            text: token.text.clone(),
        });
    }
    phrase.plural = tokens[head].tag == Tag::Plural;
    Some((phrase, head + 1))
}

/// `first and last name`: an adjective that shares the noun after the conjunction.
fn joined_adjective(tokens: &[Token], at: usize) -> bool {
    let tag = |index: usize| tokens.get(index).map(|token| token.tag);
    tag(at + 1) == Some(Tag::Adjective) && matches!(tag(at + 2), Some(Tag::Noun | Tag::Plural))
}

/// A participle modifies the noun after it when a determiner, a number, an adjective or a list's comma precedes it.
fn may_modify(tokens: &[Token], start: usize, at: usize) -> bool {
    if at > start {
        return true;
    }
    let Some(before) = at.checked_sub(1).map(|index| &tokens[index]) else {
        return tokens[at].tag == Tag::Past;
    };
    match tokens[at].tag {
        // `there are numbered spaces`
        Tag::Past if before.tag == Tag::Be && at > 1 && tokens[at - 2].lower == "there" => true,
        Tag::Past => !matches!(
            before.tag,
            Tag::Be
                | Tag::Have
                | Tag::Noun
                | Tag::Plural
                | Tag::Pronoun
                | Tag::Modal
                | Tag::Adverb
                | Tag::Relative
        ),
        _ => false,
    }
}

fn exactly(count: u32) -> Quantity {
    Quantity {
        least: count,
        most: Some(count),
    }
}

pub fn number(word: &str) -> Option<u32> {
    Some(match word {
        "zero" => 0,
        "one" => 1,
        "two" => 2,
        "three" => 3,
        "four" => 4,
        "five" => 5,
        "six" => 6,
        "seven" => 7,
        "eight" => 8,
        "nine" => 9,
        "ten" => 10,
        "eleven" => 11,
        "twelve" | "dozen" => 12,
        "fifteen" => 15,
        "twenty" => 20,
        "thirty" => 30,
        "forty" => 40,
        "fifty" => 50,
        "hundred" => 100,
        "thousand" => 1000,
        other => return other.replace(',', "").parse().ok(),
    })
}

/// `at least two`, `up to 5`, `one or more`, `any number of`, `several`; the number itself is left to the caller where
/// it stands alone.
fn quantity(tokens: &[Token]) -> Option<(Quantity, usize)> {
    let word = |at: usize| tokens.get(at).map_or("", |token| token.lower.as_str());
    let count = |at: usize| number(word(at));
    let range = |least, most| Quantity { least, most };
    let found = match (word(0), word(1), word(2), word(3)) {
        ("at", "least", _, _) => (range(count(2)?, None), 3),
        ("at", "most", _, _) => (range(0, Some(count(2)?)), 3),
        ("up", "to", "a", "maximum") if word(4) == "of" => (range(0, Some(count(5)?)), 6),
        ("up", "to", _, _) => (range(0, Some(count(2)?)), 3),
        ("no", "more", "than", _) => (range(0, Some(count(3)?)), 4),
        ("a", "maximum", "of", _) => (range(0, Some(count(3)?)), 4),
        ("a", "minimum", "of", _) => (range(count(3)?, None), 4),
        ("exactly" | "precisely" | "only" | "just", _, _, _) => (exactly(count(1)?), 2),
        ("zero", "or", "more" | "many" | "several", _) => (range(0, None), 3),
        ("zero", "or", "one", _) => (range(0, Some(1)), 3),
        ("one" | "1", "or", "more" | "many" | "several" | "multiple", _) => (range(1, None), 3),
        ("one" | "1", "to", "many" | "n", _) => (range(1, None), 3),
        (_, "or", "more", _) => (range(count(0)?, None), 3),
        ("over" | "nearly" | "almost", "a", _, _) => (exactly(count(2)?), 3),
        ("over" | "nearly" | "almost", _, _, _) => (exactly(count(1)?), 2),
        ("more", "than", _, _) => (range(count(2)?.saturating_add(1), None), 3),
        ("any", "number", "of", _) => (range(0, None), 3),
        ("a", "single", _, _) => (exactly(1), 2),
        ("between", _, "and", _) => (range(count(1)?, Some(count(3)?)), 4),
        ("several" | "multiple" | "many" | "various" | "numerous", _, _, _) => (range(0, None), 1),
        ("about" | "around" | "approximately" | "roughly", _, _, _) => (exactly(count(1)?), 2),
        _ => return None,
    };
    // What they count has to follow: `between 1 and 5` alone is a range of values.
    let next = tokens.get(found.1)?;
    matches!(
        next.tag,
        Tag::Noun | Tag::Plural | Tag::Adjective | Tag::Past | Tag::Gerund | Tag::Number
    )
    .then_some(found)
    .or_else(|| (next.lower == "of" && found.1 == 1).then_some(found))
}

/// Notes on each phrase after `'s` whose it is.
fn link_possessors(mut units: Vec<Unit>) -> Vec<Unit> {
    for at in 2..units.len() {
        let marked = matches!(&units[at - 1], Unit::Other(mark) if mark == "'s");
        if marked
            && matches!(units[at - 2], Unit::Phrase(_))
            && let Unit::Phrase(phrase) = &mut units[at]
        {
            phrase.possessor = Some(at - 2);
        }
    }
    units
}

// ---- verb groups ---------------------------------------------------------------------------------------------------

/// Verbs that lend their subject to the infinitive after them.
const CATENATIVE: &[&str] = &[
    "want",
    "need",
    "wish",
    "like",
    "have",
    "try",
    "allow",
    "plan",
    "choose",
    "decide",
    "able",
    "require",
    "ought",
    "expect",
    "permit",
    "get",
    "suppose",
    "entitle",
    "authorize",
    "authorise",
    "intend",
    "aim",
    "love",
];

const PARTICLES: &[&str] = &["up", "out", "off", "down", "away", "back", "over"];

fn verb(tokens: &[Token], start: usize, units: &[Unit]) -> Option<(VerbGroup, usize)> {
    let mut group = VerbGroup::default();
    let mut at = start;
    let mut helper = false;
    let mut be = false;
    let mut found = false;
    while let Some(token) = tokens.get(at) {
        match token.tag {
            Tag::Modal => {
                group.modal.get_or_insert(token.lower.clone());
                group.negated |= token.lower.ends_with("n't") || token.lower == "cannot";
                helper = true;
            }
            Tag::Be => {
                group.negated |= token.lower.ends_with("n't");
                helper = true;
                be = true;
                group.lemma = "be".to_owned();
                found = true;
            }
            Tag::Have => {
                helper = true;
                group.negated |= token.lower.ends_with("n't");
                group.lemma = "have".to_owned();
                found = true;
            }
            Tag::Adverb if helper => {
                group.negated |= matches!(token.lower.as_str(), "not" | "never" | "n't")
            }
            Tag::To if at == start && infinitive(tokens, at) => group.infinitive = true,
            Tag::Adjective
                if be
                    && CATENATIVE.contains(&token.lower.as_str())
                    && infinitive(tokens, at + 1) =>
            {
                group.modal.get_or_insert("can".to_owned());
                at += 1;
            }
            Tag::Base | Tag::Present | Tag::Past | Tag::Gerund => {
                if found && group.lemma != "be" && group.lemma != "have" {
                    break;
                }
                if group.lemma == "have" && token.tag != Tag::Past {
                    break;
                }
                found = true;
                group.passive = token.tag == Tag::Past && be;
                group.gerund = token.tag == Tag::Gerund && !be;
                group.reduced = token.tag == Tag::Past && !helper && reduced(tokens, at, units);
                group.lemma = token.lemma.clone();
                group.text = token.lower.clone();
                if infinitive(tokens, at + 1) && CATENATIVE.contains(&token.lemma.as_str()) {
                    group.modal.get_or_insert(token.lemma.clone());
                    at += 2;
                    helper = true;
                    be = false;
                    group.lemma = "be".to_owned();
                    continue;
                }
                at += 1;
                break;
            }
            _ => break,
        }
        if token.tag == Tag::Have && infinitive(tokens, at + 1) {
            group.modal.get_or_insert("must".to_owned());
            at += 1;
        }
        at += 1;
    }
    if !found {
        return None;
    }
    // Adverbs that were taken before finding out that no verb follows them go back.
    while at > start + 1 && tokens[at - 1].tag == Tag::Adverb {
        at -= 1;
    }
    // `takes place`, `takes part`: the noun is part of the verb.
    if group.lemma == "take"
        && let Some(noun) = tokens.get(at)
        && matches!(noun.lower.as_str(), "place" | "part" | "care")
    {
        group.particle = Some(noun.lower.clone());
        at += 1;
    }
    if let Some(particle) = tokens.get(at)
        && PARTICLES.contains(&particle.lower.as_str())
        && !matches!(group.lemma.as_str(), "be" | "have")
        && !tokens.get(at + 1).is_some_and(|next| {
            next.lower == "to"
                && particle.lower == "up"
                && tokens
                    .get(at + 2)
                    .is_some_and(|word| word.tag == Tag::Number)
        })
    {
        group.particle = Some(particle.lower.clone());
        at += 1;
    }
    Some((group, at))
}

/// Whether `to` and a verb stand here.
fn infinitive(tokens: &[Token], at: usize) -> bool {
    let is = |index: usize, tags: &[Tag]| {
        tokens
            .get(index)
            .is_some_and(|token| tags.contains(&token.tag))
    };
    is(at, &[Tag::To])
        && (is(at + 1, &[Tag::Base, Tag::Be, Tag::Have])
            || is(at + 1, &[Tag::Adverb]) && is(at + 2, &[Tag::Base, Tag::Be, Tag::Have]))
}

/// A participle right after a noun phrase, with `by` or another preposition or nothing after it.
fn reduced(tokens: &[Token], at: usize, units: &[Unit]) -> bool {
    let after = tokens.get(at + 1).map(|token| token.tag);
    matches!(units.last(), Some(Unit::Phrase(phrase)) if phrase.pronoun.is_none())
        && !matches!(
            after,
            Some(Tag::Determiner | Tag::Pronoun | Tag::Number | Tag::Noun | Tag::Plural)
        )
}
