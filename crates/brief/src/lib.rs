//! Plain English read as a concept model: entities, attributes, relations, rules, each with where it comes from.
//! Does no IO: callers hand in the text.

mod chunk;
mod clauses;
mod closed;
pub mod concepts;
mod facts;
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

pub use concepts::{Attribute, Concepts, Entity, Relation, RelationKind, Source};
pub use write::{Answer, Choices, Question, Written, design};

/// Reads a brief.
pub fn read(text: &str) -> Concepts {
    let sentences = sentence::sentences(&markup::blocks(text));
    let ledger = facts::read(&sentences);
    let stories = ledger.stories * 2 > sentences.len();
    let text = resolve::Text {
        sentences: sentences.len(),
        story: stories,
    };
    let mut concepts = resolve::resolve(&ledger, text);
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
