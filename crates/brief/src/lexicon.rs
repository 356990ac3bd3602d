//! What a word may be, out of context: its parts of speech with weights, its base form, its field.

use crate::closed;

/// Part of speech. Nouns and verbs keep the forms that rules need apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tag {
    Determiner,
    Number,
    Pronoun,
    /// The `'s` after a noun.
    Possessive,
    Noun,
    Plural,
    Adjective,
    Adverb,
    /// Infinitive, imperative, or present after a plural.
    Base,
    /// Third person singular.
    Present,
    /// Past tense or past participle.
    Past,
    Gerund,
    Modal,
    Be,
    Have,
    Preposition,
    To,
    Conjunction,
    /// `who`, `which`, `whose`, `that` after a noun.
    Relative,
    Subordinator,
    Punctuation,
}

pub const TAGS: usize = 21;

/// One reading of a word.
#[derive(Clone, Debug, PartialEq)]
pub struct Sense {
    pub tag: Tag,
    pub lemma: String,
    pub weight: f32,
}

/// How often a base form is each part of speech, and the field of its commonest noun sense.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    pub noun: Option<u8>,
    pub verb: Option<u8>,
    pub adjective: Option<u8>,
    pub adverb: Option<u8>,
    /// A letter per field of meaning; see `data/README.md`.
    pub field: Option<u8>,
}

static LEXICON: &str = include_str!("../data/lexicon.txt");
static IRREGULAR: &str = include_str!("../data/irregular.txt");

/// The line of a sorted text that starts with `key` and a space.
fn find<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let bytes = text.as_bytes();
    let (mut low, mut high) = (0, text.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = bytes[..middle]
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |at| at + 1);
        let end = bytes[start..]
            .iter()
            .position(|&byte| byte == b'\n')
            .map_or(text.len(), |at| start + at);
        let line = &text[start..end];
        let word = line.split(' ').next().unwrap_or_default();
        match word.cmp(key) {
            std::cmp::Ordering::Equal => return Some(line),
            std::cmp::Ordering::Less => low = end + 1,
            std::cmp::Ordering::Greater => high = start,
        }
    }
    None
}

/// What the lexicon says about a base form.
pub fn entry(word: &str) -> Option<Entry> {
    let line = find(LEXICON, word)?;
    let codes = line.split(' ').nth(1)?.as_bytes();
    let count = |at: usize| {
        codes
            .get(at)
            .filter(|code| code.is_ascii_digit())
            .map(|code| code - b'0')
    };
    Some(Entry {
        noun: count(0),
        verb: count(1),
        adjective: count(2),
        adverb: count(3),
        field: codes.get(4).copied().filter(|&code| code != b'.'),
    })
}

/// Whether the lexicon knows the word in some form.
pub fn is_known(word: &str) -> bool {
    let base = |word: &str| {
        entry(word).is_some()
            || closed::MODERN_NOUNS.contains(&word)
            || closed::MODERN_VERBS.contains(&word)
    };
    base(word)
        || singular(word).is_some_and(|single| base(&single))
        || irregular(word, "v").is_some()
        || ["ed", "ing", "ly"]
            .iter()
            .any(|ending| stems(word, ending).iter().any(|stem| base(stem)))
        || third_person_stems(word).iter().any(|stem| base(stem))
}

fn noun(word: &str) -> Option<u8> {
    entry(word)
        .and_then(|entry| entry.noun)
        .or_else(|| closed::MODERN_NOUNS.contains(&word).then_some(3))
}

fn verb(word: &str) -> Option<u8> {
    entry(word)
        .and_then(|entry| entry.verb)
        .or_else(|| closed::MODERN_VERBS.contains(&word).then_some(3))
}

/// The base of an irregular form. The file is sorted by form, then by kind.
fn irregular(word: &str, kind: &str) -> Option<String> {
    let line = find(IRREGULAR, word)?;
    let at = line.as_ptr() as usize - IRREGULAR.as_ptr() as usize;
    let before = IRREGULAR[..at].trim_end().rsplit('\n').next();
    let after = IRREGULAR[at + line.len()..].trim_start().split('\n').next();
    [Some(line), before, after]
        .into_iter()
        .flatten()
        .find_map(|line| {
            let mut parts = line.split(' ');
            (parts.next() == Some(word) && parts.next() == Some(kind))
                .then(|| parts.next().map(str::to_owned))
                .flatten()
        })
}

/// The singular of a plural noun, if the word can be one.
pub fn singular(word: &str) -> Option<String> {
    if word.len() < 3 || closed::NEVER_PLURAL.contains(&word) {
        return None;
    }
    match word {
        "people" => return Some("person".to_owned()),
        "data" | "media" | "metadata" => return None,
        _ => {}
    }
    if let Some(base) = irregular(word, "n") {
        return Some(base);
    }
    let stem = word.strip_suffix('s')?;
    if stem.ends_with('s') || stem.ends_with('u') || stem.ends_with("ou") {
        return None;
    }
    let mut candidates = vec![stem.to_owned()];
    if let Some(base) = stem.strip_suffix("ie") {
        candidates.insert(0, format!("{base}y"));
    }
    if let Some(base) = stem.strip_suffix('e') {
        candidates.push(base.to_owned());
    }
    if let Some(found) = candidates.iter().find(|base| noun(base).is_some()) {
        return Some(found.clone());
    }
    if entry(word).is_some_and(|entry| entry.noun.is_some()) {
        return None;
    }
    if stem.ends_with("sse")
        || stem.ends_with("xe")
        || stem.ends_with("che")
        || stem.ends_with("she")
    {
        return candidates.pop();
    }
    candidates.into_iter().next()
}

/// Base forms that a verb form with one of these endings may have.
fn stems(word: &str, ending: &str) -> Vec<String> {
    let Some(stem) = word.strip_suffix(ending) else {
        return Vec::new();
    };
    if stem.len() < 2 {
        return Vec::new();
    }
    let mut stems = vec![format!("{stem}e"), stem.to_owned()];
    if ending == "ed" && stem.ends_with('i') {
        stems.insert(0, format!("{}y", &stem[..stem.len() - 1]));
    }
    let bytes = stem.as_bytes();
    if bytes.len() > 2 && bytes[bytes.len() - 1] == bytes[bytes.len() - 2] && stem.is_ascii() {
        stems.insert(0, stem[..stem.len() - 1].to_owned());
    }
    stems
}

/// The best known verb among candidates.
fn known_verb(candidates: Vec<String>) -> Option<(String, u8)> {
    candidates
        .into_iter()
        .filter_map(|base| verb(&base).map(|count| (base, count)))
        .max_by_key(|(_, count)| *count)
}

fn push(senses: &mut Vec<Sense>, tag: Tag, lemma: String, count: u8) {
    if senses.iter().any(|sense| sense.tag == tag) {
        return;
    }
    senses.push(Sense {
        tag,
        lemma,
        weight: f32::from(count) * 0.45,
    });
}

/// Every reading of a word in lower case; never empty.
pub fn senses(word: &str, capital: bool) -> Vec<Sense> {
    if let Some(tags) = closed::tags(word) {
        return tags
            .iter()
            .map(|&(tag, weight)| Sense {
                tag,
                lemma: closed::lemma(word).to_owned(),
                weight,
            })
            .collect();
    }
    if word.starts_with(|first: char| first.is_ascii_digit()) {
        return vec![Sense {
            tag: Tag::Number,
            lemma: word.to_owned(),
            weight: 1.0,
        }];
    }
    let mut senses = Vec::new();
    let found = entry(word).unwrap_or_default();
    if let Some(count) = found.noun.or_else(|| noun(word)) {
        push(&mut senses, Tag::Noun, word.to_owned(), count);
    }
    if let Some(count) = found.adjective {
        push(&mut senses, Tag::Adjective, word.to_owned(), count);
    }
    if let Some(count) = found.adverb {
        push(&mut senses, Tag::Adverb, word.to_owned(), count);
    }
    verb_senses(word, found, &mut senses);
    if let Some(base) = singular(word) {
        let count = noun(&base).unwrap_or(1);
        if noun(&base).is_some() || senses.is_empty() {
            // `fees` in the lexicon as a noun of its own would hide the plural.
            senses.retain(|sense| sense.tag != Tag::Noun || noun(&base).is_none());
            push(&mut senses, Tag::Plural, base, count);
        }
    }
    if senses.is_empty() {
        senses = guess(word);
    }
    if capital
        && !senses
            .iter()
            .any(|sense| sense.tag == Tag::Noun || sense.tag == Tag::Plural)
    {
        push(&mut senses, Tag::Noun, word.to_owned(), 1);
    }
    senses
}

fn verb_senses(word: &str, found: Entry, senses: &mut Vec<Sense>) {
    if let Some(count) = found.verb.or_else(|| verb(word)) {
        push(senses, Tag::Base, word.to_owned(), count);
    }
    if let Some((base, count)) = known_verb(third_person_stems(word)) {
        push(senses, Tag::Present, base, count);
    }
    let past = irregular(word, "v")
        .filter(|_| !word.ends_with("ing") && !word.ends_with('s'))
        .map(|base| {
            let count = verb(&base).unwrap_or(3);
            (base, count)
        })
        .or_else(|| known_verb(stems(word, "ed")));
    if let Some((base, count)) = past {
        push(senses, Tag::Past, base, count.max(2));
    }
    if let Some((base, count)) = known_verb(stems(word, "ing")) {
        push(senses, Tag::Gerund, base, count.max(1));
    }
    // Forms that are the same in the past.
    if closed::SAME_PAST.contains(&word) {
        push(senses, Tag::Past, word.to_owned(), 3);
    }
}

fn third_person_stems(word: &str) -> Vec<String> {
    let Some(stem) = word.strip_suffix('s') else {
        return Vec::new();
    };
    if stem.ends_with('s') || stem.len() < 2 {
        return Vec::new();
    }
    let mut stems = vec![stem.to_owned()];
    if let Some(base) = stem.strip_suffix("ie") {
        stems.push(format!("{base}y"));
    }
    if let Some(base) = stem.strip_suffix('e') {
        stems.push(base.to_owned());
    }
    stems
}

/// By its ending, when the lexicon doesn't know the word.
fn guess(word: &str) -> Vec<Sense> {
    if let Some((_, last)) = word.rsplit_once('-')
        && last.len() > 1
    {
        if closed::tags(last).is_some() {
            // `pick-up`, `check-in`, `best-before`.
            return vec![Sense {
                tag: Tag::Noun,
                lemma: word.to_owned(),
                weight: 1.0,
            }];
        }
        return senses(last, false)
            .into_iter()
            .map(|sense| match sense.tag {
                Tag::Noun | Tag::Plural => Sense {
                    lemma: format!("{}{}", &word[..word.len() - last.len()], sense.lemma),
                    ..sense
                },
                Tag::Past | Tag::Gerund => Sense {
                    tag: Tag::Adjective,
                    lemma: word.to_owned(),
                    ..sense
                },
                _ => Sense {
                    lemma: word.to_owned(),
                    ..sense
                },
            })
            .collect();
    }
    let sense = |tag, lemma: &str| Sense {
        tag,
        lemma: lemma.to_owned(),
        weight: 1.0,
    };
    if word.ends_with("ly") {
        return vec![sense(Tag::Adverb, word)];
    }
    if word.ends_with("able")
        || word.ends_with("ous")
        || word.ends_with("ful")
        || word.ends_with("ive")
    {
        return vec![sense(Tag::Adjective, word), sense(Tag::Noun, word)];
    }
    if let Some(stem) = word.strip_suffix("ed").filter(|stem| stem.len() > 2) {
        return vec![sense(Tag::Past, stem), sense(Tag::Adjective, word)];
    }
    if let Some(stem) = word.strip_suffix("ing").filter(|stem| stem.len() > 2) {
        return vec![sense(Tag::Gerund, stem), sense(Tag::Noun, word)];
    }
    if let Some(base) = singular(word) {
        return vec![sense(Tag::Plural, &base)];
    }
    vec![sense(Tag::Noun, word)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plurals_find_their_singular() {
        for (plural, expected) in [
            ("owners", "owner"),
            ("addresses", "address"),
            ("categories", "category"),
            ("children", "child"),
            ("people", "person"),
            ("invoices", "invoice"),
            ("buses", "bus"),
            ("waitlists", "waitlist"),
        ] {
            assert_eq!(singular(plural).as_deref(), Some(expected), "{plural}");
        }
        for word in ["address", "status", "bus", "class", "analysis"] {
            assert_eq!(singular(word), None, "{word}");
        }
    }

    #[test]
    fn a_word_may_be_several_parts_of_speech() {
        let tags = |word| {
            senses(word, false)
                .into_iter()
                .map(|sense| sense.tag)
                .collect::<Vec<_>>()
        };
        assert!(tags("books").contains(&Tag::Plural) && tags("books").contains(&Tag::Present));
        assert!(tags("booking").contains(&Tag::Noun) && tags("booking").contains(&Tag::Gerund));
        assert!(tags("written").contains(&Tag::Past));
        assert_eq!(tags("must"), [Tag::Modal]);
    }
}
