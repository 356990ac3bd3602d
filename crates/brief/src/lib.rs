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
mod resolve;
mod sentence;
mod story;
mod tag;
mod terms;
mod verbs;

pub use concepts::{Attribute, Concepts, Entity, Relation, RelationKind, Source};

/// Reads a brief.
pub fn read(text: &str) -> Concepts {
    let sentences = sentence::sentences(&markup::blocks(text));
    let ledger = facts::read(&sentences);
    let stories = ledger.stories * 2 > sentences.len();
    let text = resolve::Text {
        sentences: sentences.len(),
        story: stories,
    };
    resolve::resolve(&ledger, text)
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

/// What is known of each name, for the authors of rules.
pub fn explain_terms(text: &str) -> String {
    let sentences = sentence::sentences(&markup::blocks(text));
    let ledger = facts::read(&sentences);
    ledger
        .terms
        .iter()
        .filter(|(name, _)| !terms::is_empty(name))
        .map(|(name, term)| {
            let t = term;
            let kind = ledger.kinds.iter().any(|kind| kind.sub == *name || kind.sup == *name);
            let links = ledger.links.iter().filter(|link| link.from == *name || link.to == *name).count();
            let owned = ledger.owns.iter().filter(|own| own.owner == *name).count();
            format!(
                "{name}\t{} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {}\n",
                t.mentions, t.acts, t.each, t.counted, t.plural, t.lists, t.introduced, t.made, t.heading, t.actor, t.wanted, t.listed, t.aside, t.records, t.object,
                u8::from(t.described), terms::property(name), u8::from(terms::is_person(name)), u8::from(kind), links, owned
            )
        })
        .collect()
}
