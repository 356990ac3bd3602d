//! How many there will be: `about two million orders a year`, `50,000 readings a day`, `100,000 users`.

use crate::chunk::number;
use crate::lexicon::Tag;
use crate::sentence::Token;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    /// The name of what is counted, in singular; the words before its head may be more than the name.
    pub words: Vec<String>,
    pub count: u64,
    /// `day`, `year`, …
    pub per: Option<String>,
}

pub fn find(tokens: &[Token]) -> Vec<Amount> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match amount(tokens, at) {
            Some((amount, next)) => {
                found.push(amount);
                at = next;
            }
            None => at += 1,
        }
    }
    found
}

fn amount(tokens: &[Token], start: usize) -> Option<(Amount, usize)> {
    let (count, mut at) = count(tokens, start)?;
    let mut words = Vec::new();
    while let Some(token) = tokens.get(at) {
        match token.tag {
            Tag::Noun | Tag::Adjective | Tag::Past => words.push(token.lower.clone()),
            Tag::Plural => {
                words.push(token.lemma.clone());
                at += 1;
                break;
            }
            _ if token.lower == "of" && words.is_empty() => {}
            _ => return None,
        }
        at += 1;
    }
    if words.is_empty() {
        return None;
    }
    let per = per(tokens, at);
    // Below, a number is a rule of the business rather than a load.
    (count >= 100 || per.is_some() && count >= 10).then_some((Amount { words, count, per }, at))
}

fn count(tokens: &[Token], start: usize) -> Option<(u64, usize)> {
    let word = |at: usize| tokens.get(at).map_or("", |token| token.lower.as_str());
    let multiplier = |word: &str| match word {
        "hundred" | "hundreds" => Some(100),
        "thousand" | "thousands" => Some(1_000),
        "million" | "millions" => Some(1_000_000),
        "billion" | "billions" => Some(1_000_000_000_u64),
        _ => None,
    };
    let (mut count, mut at) = match word(start) {
        "half" if word(start + 1) == "a" && word(start + 2) == "million" => {
            return Some((500_000, start + 3));
        }
        "a" => (1, start + 1),
        first => match first.strip_suffix(['k', 'm']) {
            Some(digits)
                if !digits.is_empty() && digits.chars().all(|each| each.is_ascii_digit()) =>
            {
                let factor = if first.ends_with('k') {
                    1_000
                } else {
                    1_000_000
                };
                return Some((digits.parse::<u64>().ok()?.checked_mul(factor)?, start + 1));
            }
            _ => match multiplier(first) {
                Some(factor) => (factor, start + 1),
                None => (u64::from(number(first)?), start + 1),
            },
        },
    };
    let mut scaled = word(start) != "a" && multiplier(word(start)).is_none();
    while let Some(factor) = multiplier(word(at)) {
        count = count.checked_mul(factor)?;
        at += 1;
        scaled = true;
    }
    (scaled || count > 1).then_some((count, at))
}

/// `a year`, `per day`, `every month`, within a few words.
fn per(tokens: &[Token], at: usize) -> Option<String> {
    let end = tokens.len().min(at + 4);
    (at..end).find_map(|at| {
        let lower = tokens[at].lower.as_str();
        if matches!(lower, "daily") {
            return Some("day".to_owned());
        }
        let unit = tokens.get(at + 1)?.lower.as_str();
        let joins = matches!(lower, "a" | "an" | "per" | "each" | "every");
        (joins
            && matches!(
                unit,
                "second" | "minute" | "hour" | "day" | "night" | "week" | "month" | "year"
            ))
        .then(|| {
            if unit == "night" {
                "day".to_owned()
            } else {
                unit.to_owned()
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sentence: &str, expected: &str) {
        let words: Vec<String> = sentence.split(' ').map(str::to_owned).collect();
        let found: Vec<String> = find(&crate::tag::tag(&words))
            .into_iter()
            .map(|amount| {
                format!(
                    "{} {}{}",
                    amount.count,
                    amount.words.join(" "),
                    amount.per.map_or_else(String::new, |per| format!("/{per}"))
                )
            })
            .collect();
        assert_eq!(found.join(", "), expected, "{sentence}");
    }

    #[test]
    fn amounts_have_words_digits_and_rates() {
        check(
            "There are about two million orders a year .",
            "2000000 order/year",
        );
        check(
            "We expect 100,000 users , half a million listings and around 300 orders a day .",
            "100000 user, 500000 listing, 300 order/day",
        );
        check(
            "It handles 50,000 stock movements per day .",
            "50000 stock movement/day",
        );
        check("A member has up to 5 books .", "");
    }
}
