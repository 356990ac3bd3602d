//! Plain English read as a concept model: entities, attributes, relations, rules, each with where it comes from.
//! Does no IO: callers hand in the text.

mod chunk;
mod clauses;
mod closed;
pub mod concepts;
mod facts;
mod honest;
mod items;
mod ledger;
mod lexicon;
mod markup;
mod quantities;
mod resolve;
mod sentence;
mod states;
mod story;
mod tag;
mod terms;
mod verbs;
mod write;

pub use archwright_patterns::Node;
pub use concepts::{Attribute, Concepts, Entity, Relation, RelationKind, Source};
pub use honest::{ADVICE, Unreadable};
pub use write::{Answer, Choices, Proposed, Question, Written, design, proposed};

/// Sentences that are read; a longer text is cut, and [`Concepts::cut`] says so.
const MOST_SENTENCES: usize = 3_000;

/// Bytes that are looked at.
const MOST_BYTES: usize = 600_000;

/// Reads a brief.
pub fn read(text: &str) -> Concepts {
    let (sentences, cut) = sentences(text);
    understand(sentences, cut)
}

/// Reads a brief, or says why it can't be read.
pub fn try_read(text: &str) -> Result<Concepts, Unreadable> {
    let (sentences, cut) = sentences(text);
    if sentences.is_empty() {
        return Err(Unreadable::Empty);
    }
    if honest::is_foreign(&sentences) {
        return Err(Unreadable::Foreign);
    }
    let gibberish = honest::is_gibberish(&sentences);
    let concepts = understand(sentences, cut);
    if (gibberish || concepts.entities.is_empty()) && !write::has_pattern(&concepts) {
        return Err(Unreadable::Nothing);
    }
    Ok(concepts)
}

fn sentences(text: &str) -> (Vec<sentence::Sentence>, bool) {
    let mut end = text.len().min(MOST_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut sentences = sentence::sentences(&markup::blocks(&text[..end]));
    let cut = end < text.len() || sentences.len() > MOST_SENTENCES;
    sentences.truncate(MOST_SENTENCES);
    (sentences, cut)
}

fn understand(sentences: Vec<sentence::Sentence>, cut: bool) -> Concepts {
    let ledger = facts::read(&sentences);
    let text = resolve::Text {
        sentences: sentences.len(),
        story: ledger.stories * 2 > sentences.len(),
    };
    let mut concepts = resolve::resolve(&ledger, text);
    concepts.cut = cut;
    concepts.sentences = sentences
        .into_iter()
        .map(|sentence| concepts::Sentence {
            text: sentence.text,
            line: sentence.line,
        })
        .collect();
    concepts
}

/// Each sentence as its units, for the authors of rules.
pub fn explain(text: &str) -> String {
    sentence::sentences(&markup::blocks(text))
        .iter()
        .map(|sentence| {
            let tagged: Vec<String> = sentence
                .tokens
                .iter()
                .map(|token| format!("{}/{:?}", token.text, token.tag))
                .collect();
            let clauses: Vec<String> = clauses::clauses(&chunk::chunk(&sentence.tokens))
                .iter()
                .map(clauses::Clause::summary)
                .collect();
            format!("{}\n    {}\n", tagged.join(" "), clauses.join("\n    "))
        })
        .collect()
}

/// The singular of a noun in lower case, if it is a plural.
pub fn singular(word: &str) -> Option<String> {
    lexicon::singular(word)
}
