//! What can honestly be said about a text before anything is made of it.

use crate::closed;
use crate::lexicon;
use crate::sentence::Sentence;

/// Why no design can be made of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// No words.
    Empty,
    /// Hardly any word is English.
    Foreign,
    /// English, but nothing in it that a backend could hold.
    Nothing,
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Empty => "the brief is empty",
            Self::Foreign => "this doesn't read like English, and only English is understood",
            Self::Nothing => {
                "nothing was understood in the brief: it names nothing that a backend could hold"
            }
        })
    }
}

impl std::error::Error for Unreadable {}

/// How to do better.
pub const ADVICE: &str = "Say in plain English what there is and who does what with it, for example:\n  \
    Members borrow books. A book has a title, an author and an ISBN. A loan lasts three weeks.\n  \
    Only the librarian can add books.";

/// Whether no word of a text is known: typed at random, or names alone.
pub fn is_gibberish(sentences: &[Sentence]) -> bool {
    !sentences
        .iter()
        .flat_map(|sentence| &sentence.tokens)
        .filter(|token| token.lower.chars().any(char::is_alphabetic))
        .any(|token| closed::tags(&token.lower).is_some() || lexicon::is_known(&token.lower))
}

/// Whether the words are no English: few belong to its closed classes, and few are in the lexicon.
pub fn is_foreign(sentences: &[Sentence]) -> bool {
    let mut all = 0;
    let mut known = 0;
    let mut closed_class = 0;
    for token in sentences
        .iter()
        .flat_map(|sentence| &sentence.tokens)
        .take(5_000)
    {
        if !token.lower.chars().all(char::is_alphabetic) || token.lower.chars().count() < 2 {
            continue;
        }
        all += 1;
        let closed = closed::tags(&token.lower).is_some();
        closed_class += u32::from(closed);
        known += u32::from(closed || lexicon::is_known(&token.lower));
    }
    if all < 3 {
        let letters: usize = sentences
            .iter()
            .map(|sentence| {
                sentence
                    .text
                    .chars()
                    .filter(|each| each.is_alphabetic())
                    .count()
            })
            .sum();
        let ascii: usize = sentences
            .iter()
            .map(|sentence| {
                sentence
                    .text
                    .chars()
                    .filter(char::is_ascii_alphabetic)
                    .count()
            })
            .sum();
        return letters > 0 && ascii * 2 < letters;
    }
    let share = |count: u32| f64::from(count) / f64::from(all);
    share(known) < 0.5 || share(known) < 0.72 && share(closed_class) < 0.2 && all > 6
}
