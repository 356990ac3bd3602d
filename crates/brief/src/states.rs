//! The states that a sentence lists: `is submitted, then reviewed, and either accepted or rejected`.

use crate::lexicon::Tag;
use crate::sentence::Token;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct States {
    /// Steps one after the other, each with its alternatives; one step when the text gives no order.
    pub steps: Vec<Vec<String>>,
    pub ordered: bool,
    /// The token at which the list begins.
    pub at: usize,
}

const ORDER: &[&str] = &[
    "then",
    "finally",
    "later",
    "afterwards",
    "next",
    "subsequently",
    "eventually",
    "first",
];

/// The first list of states in a sentence.
pub fn find(tokens: &[Token]) -> Option<States> {
    (0..tokens.len()).find_map(|at| {
        let token = &tokens[at];
        let start = match token.lower.as_str() {
            "from"
                if at > 0
                    && matches!(
                        tokens[at - 1].lemma.as_str(),
                        "go" | "move" | "pass" | "progress" | "change" | "proceed"
                    ) =>
            {
                at + 1
            }
            _ if token.tag == Tag::Be
                && tokens.get(at + 1).is_none_or(|next| next.tag != Tag::Be) =>
            {
                at + 1
            }
            _ => return None,
        };
        list(tokens, start, token.lower == "from").map(|(steps, ordered)| States {
            steps,
            ordered,
            at,
        })
    })
}

fn list(tokens: &[Token], start: usize, journey: bool) -> Option<(Vec<Vec<String>>, bool)> {
    let mut states: Vec<(String, bool)> = Vec::new();
    let mut ordered = journey;
    let mut alternatives = false;
    let mut at = start;
    let mut or_before = false;
    loop {
        while let Some(token) = tokens.get(at) {
            if ORDER.contains(&token.lower.as_str()) {
                ordered = true;
            } else if !matches!(
                token.lower.as_str(),
                "either"
                    | "also"
                    | "usually"
                    | "it"
                    | "is"
                    | "again"
                    | "initially"
                    | "already"
                    | "a"
                    | "an"
                    | "to"
                    | "they"
                    | "are"
                    | "\""
            ) {
                break;
            }
            at += 1;
        }
        let Some((state, next)) = state(tokens, at) else {
            break;
        };
        states.push((state, or_before));
        at = skip_agent(tokens, next);
        let before = at;
        or_before = false;
        while let Some(token) = tokens.get(at) {
            match token.lower.as_str() {
                "," | "and" | "\"" => {}
                "or" => {
                    or_before = true;
                    alternatives = true;
                }
                "to" if journey => {}
                word if ORDER.contains(&word) => ordered = true,
                _ => break,
            }
            at += 1;
        }
        if at == before {
            break;
        }
    }
    if states.len() < 2 || !(ordered || alternatives) {
        return None;
    }
    let mut steps: Vec<Vec<String>> = Vec::new();
    for (state, or) in states {
        match steps.last_mut() {
            Some(last) if or && ordered => last.push(state),
            _ => steps.push(vec![state]),
        }
    }
    Some((steps, ordered))
}

/// `accepted`, `partially received`, `in progress`, `out for delivery`.
fn state(tokens: &[Token], start: usize) -> Option<(String, usize)> {
    let tag = |at: usize| tokens.get(at).map(|token| token.tag);
    let bare_noun = |at: usize| tag(at) == Some(Tag::Noun) && tag(at + 1) != Some(Tag::Noun);
    let word = |at: usize| tokens[at].lower.clone();
    let off = tokens.get(start + 1).is_some_and(|next| {
        matches!(
            next.lower.as_str(),
            "off" | "out" | "up" | "back" | "down" | "over"
        )
    });
    match tag(start)? {
        // `written off`
        Tag::Past
            if off
                && !matches!(
                    tag(start + 2),
                    Some(Tag::Noun | Tag::Plural | Tag::Determiner)
                ) =>
        {
            Some((format!("{} {}", word(start), word(start + 1)), start + 2))
        }
        Tag::Past | Tag::Adjective | Tag::Gerund
            if !matches!(tag(start + 1), Some(Tag::Noun | Tag::Plural)) =>
        {
            Some((word(start), start + 1))
        }
        Tag::Noun if bare_noun(start) => Some((word(start), start + 1)),
        Tag::Base => Some((word(start), start + 1)),
        Tag::Adverb if tag(start + 1) == Some(Tag::Past) => {
            Some((format!("{} {}", word(start), word(start + 1)), start + 2))
        }
        Tag::Preposition if matches!(word(start).as_str(), "in" | "under" | "on" | "out") => {
            if bare_noun(start + 1) {
                return Some((format!("{} {}", word(start), word(start + 1)), start + 2));
            }
            (tag(start + 1) == Some(Tag::Preposition) && bare_noun(start + 2)).then(|| {
                (
                    format!("{} {} {}", word(start), word(start + 1), word(start + 2)),
                    start + 3,
                )
            })
        }
        _ => None,
    }
}

/// `by the manager`
fn skip_agent(tokens: &[Token], at: usize) -> usize {
    if tokens.get(at).is_none_or(|token| token.lower != "by") {
        return at;
    }
    let mut end = at + 1;
    while tokens.get(end).is_some_and(|token| {
        matches!(
            token.tag,
            Tag::Determiner | Tag::Adjective | Tag::Noun | Tag::Plural
        )
    }) {
        end += 1;
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sentence: &str, expected: &str) {
        let words: Vec<String> = sentence.split(' ').map(str::to_owned).collect();
        let found = find(&crate::tag::tag(&words)).map_or_else(String::new, |states| {
            let steps: Vec<String> = states.steps.iter().map(|step| step.join("|")).collect();
            format!(
                "{}{}",
                steps.join(" > "),
                if states.ordered { "" } else { " ?" }
            )
        });
        assert_eq!(found, expected, "{sentence}");
    }

    #[test]
    fn states_are_listed_in_many_ways() {
        check(
            "An application is submitted , then reviewed , and either accepted or rejected .",
            "submitted > reviewed > accepted|rejected",
        );
        check(
            "An order can be draft , sent , partially received or cancelled .",
            "draft > sent > partially received > cancelled ?",
        );
        check(
            "Orders go from paid to shipped to delivered .",
            "paid > shipped > delivered",
        );
        check(
            "A paper is submitted , then under review , and finally accepted or rejected .",
            "submitted > under review > accepted|rejected",
        );
        check(
            "An invoice is drafted , then sent , and then paid or written off .",
            "drafted > sent > paid|written off",
        );
        check("A book is written by an author .", "");
        check("The codes are short and unique .", "");
    }
}
