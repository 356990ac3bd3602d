//! Parts of speech in context: the best path through the readings of all words of a sentence.

use crate::lexicon::{Sense, TAGS, Tag, senses};
use crate::sentence::Token;

use Tag::{
    Adjective as J, Adverb as R, Base as B, Be as A, Conjunction as C, Determiner as D,
    Gerund as G, Have as H, Modal as M, Noun as N, Number as Q, Past as E, Plural as P,
    Possessive as X, Preposition as I, Present as Z, Pronoun as O, Punctuation as Y, Relative as W,
    Subordinator as S, To as T,
};

/// How well the second tag follows the first; what is not listed weighs nothing.
const FOLLOWS: &[(Tag, &[(Tag, f32)])] = &[
    (
        D,
        &[
            (N, 2.0),
            (P, 1.5),
            (J, 1.5),
            (R, -0.5),
            (B, -6.0),
            (Z, -6.0),
            (E, -0.5),
            (G, -0.8),
            (I, -4.0),
            (M, -5.0),
            (A, -3.0),
            (D, -1.0),
            (Q, 0.5),
            (T, -3.0),
            (Y, -2.0),
            (C, -2.0),
            (O, -2.0),
            (H, -4.0),
        ],
    ),
    (
        Q,
        &[
            (N, 0.8),
            (P, 2.0),
            (J, 0.5),
            (B, -3.0),
            (Z, -4.0),
            (E, -1.0),
            (Q, 0.5),
            (I, 0.3),
        ],
    ),
    (
        X,
        &[
            (N, 2.0),
            (P, 1.5),
            (J, 1.5),
            (B, -6.0),
            (Z, -6.0),
            (E, -1.0),
            (I, -4.0),
        ],
    ),
    (
        J,
        &[
            (N, 1.6),
            (P, 1.6),
            (J, 0.0),
            (B, -3.5),
            (Z, -3.5),
            (E, -1.0),
            (G, -0.5),
            (D, -2.0),
            (I, 0.3),
            (T, 0.5),
            (M, -2.0),
        ],
    ),
    (
        N,
        &[
            (Z, 1.4),
            (B, -3.0),
            (N, 0.2),
            (P, 0.2),
            (E, 0.6),
            (M, 2.0),
            (I, 1.0),
            (G, -0.6),
            (J, -1.6),
            (D, -1.5),
            (O, -1.0),
            (X, 3.0),
            (A, 1.5),
            (H, 1.5),
            (C, 0.5),
            (Y, 0.5),
            (W, 0.5),
            (T, 0.3),
        ],
    ),
    (
        P,
        &[
            (B, 1.5),
            (Z, -5.0),
            (E, 0.3),
            (P, -2.5),
            (N, -2.5),
            (M, 2.0),
            (I, 1.0),
            (G, -0.3),
            (J, -1.2),
            (D, -1.2),
            (A, 1.5),
            (H, 1.5),
            (C, 0.5),
            (Y, 0.5),
            (W, 0.5),
            (X, 1.0),
            (T, 0.3),
        ],
    ),
    (
        M,
        &[
            (B, 3.0),
            (R, 0.8),
            (N, -4.0),
            (P, -4.0),
            (J, -3.0),
            (Z, -5.0),
            (E, -4.0),
            (G, -4.0),
            (A, 2.0),
            (H, 2.0),
            (D, -1.0),
            (I, -2.0),
        ],
    ),
    (
        T,
        &[
            (B, 2.8),
            (N, -0.6),
            (P, 0.2),
            (D, 1.0),
            (Z, -4.0),
            (E, -2.5),
            (J, -0.3),
            (G, -1.0),
            (A, 2.0),
            (H, 1.0),
        ],
    ),
    (
        I,
        &[
            (N, 1.0),
            (P, 1.0),
            (D, 1.5),
            (J, 0.7),
            (G, 0.6),
            (B, -4.5),
            (Z, -4.5),
            (E, -1.6),
            (Q, 1.0),
            (M, -4.0),
            (A, -3.0),
        ],
    ),
    (
        O,
        &[
            (B, 1.5),
            (Z, 1.5),
            (M, 2.0),
            (E, 1.0),
            (N, -2.5),
            (P, -2.0),
            (A, 2.0),
            (H, 2.0),
            (J, -1.5),
            (G, -1.5),
        ],
    ),
    (
        A,
        &[
            (E, 2.0),
            (J, 1.0),
            (G, 1.0),
            (N, -1.2),
            (P, -1.0),
            (D, 1.0),
            (B, -5.0),
            (Z, -5.0),
            (I, 0.5),
            (R, 0.8),
            (T, 0.5),
            (A, 1.0),
            (Q, 0.3),
        ],
    ),
    (
        H,
        &[
            (E, 0.3),
            (D, 1.5),
            (N, 0.2),
            (P, 0.8),
            (J, 0.6),
            (B, -4.0),
            (Z, -5.0),
            (T, 0.5),
            (A, 1.0),
            (G, -1.5),
            (Q, 0.8),
        ],
    ),
    (
        R,
        &[
            (E, 0.6),
            (B, 0.2),
            (J, 0.7),
            (N, -1.5),
            (P, -1.0),
            (Z, 0.3),
            (M, 0.5),
            (D, 0.2),
            (A, 0.4),
        ],
    ),
    (
        E,
        &[
            (D, 0.5),
            (I, 1.2),
            (N, -0.3),
            (P, 0.0),
            (T, 0.6),
            (B, -3.5),
            (Z, -4.0),
            (E, -2.0),
            (G, -1.0),
            (Y, 0.4),
            (C, 0.3),
        ],
    ),
    (
        B,
        &[
            (D, 1.3),
            (N, 0.3),
            (P, 0.8),
            (J, 0.5),
            (I, 0.4),
            (B, -4.0),
            (Z, -5.0),
            (O, 0.6),
            (T, 0.6),
            (M, -4.0),
            (E, -0.5),
            (A, -2.0),
            (H, -2.0),
            (Y, -0.6),
            (G, 0.0),
        ],
    ),
    (
        Z,
        &[
            (D, 1.3),
            (N, 0.3),
            (P, 0.8),
            (J, 0.5),
            (I, 0.4),
            (B, -4.0),
            (Z, -5.0),
            (O, 0.6),
            (T, 0.6),
            (M, -4.0),
            (A, -2.0),
            (H, -2.0),
            (E, -0.5),
        ],
    ),
    (
        G,
        &[
            (D, 0.8),
            (N, 0.3),
            (P, 0.4),
            (J, 0.2),
            (I, 0.3),
            (B, -4.0),
            (Z, -3.0),
            (T, 0.3),
        ],
    ),
    (
        W,
        &[
            (Z, 1.0),
            (B, 1.0),
            (M, 1.0),
            (E, 0.6),
            (A, 1.2),
            (H, 1.2),
            (D, 0.6),
            (N, -0.4),
            (P, 0.2),
            (O, 0.8),
        ],
    ),
    (
        S,
        &[
            (D, 0.8),
            (N, 0.2),
            (P, 0.5),
            (O, 1.0),
            (B, -1.5),
            (Z, -2.5),
            (G, 0.3),
            (J, 0.2),
            (E, 0.2),
        ],
    ),
    (
        C,
        &[
            (D, 0.5),
            (N, 0.3),
            (P, 0.4),
            (J, 0.2),
            (M, 0.0),
            (Z, 0.0),
            (B, 0.0),
            (E, 0.0),
        ],
    ),
    (
        Y,
        &[
            (D, 0.4),
            (N, 0.3),
            (P, 0.3),
            (B, -0.4),
            (Z, -0.6),
            (E, -0.2),
            (C, 0.5),
            (S, 0.3),
            (W, 0.3),
        ],
    ),
];

/// At the beginning of a sentence.
const STARTS: &[(Tag, f32)] = &[
    (D, 1.0),
    (P, 0.8),
    (N, 0.3),
    (B, 0.0),
    (Z, -4.0),
    (E, -1.5),
    (J, 0.2),
    (M, -2.0),
    (A, -1.0),
];

/// At its end.
const ENDS: &[(Tag, f32)] = &[
    (D, -5.0),
    (B, -0.8),
    (Z, -1.0),
    (J, -0.4),
    (M, -3.0),
    (N, 0.3),
    (P, 0.3),
    (X, -3.0),
];

fn weight(table: &[(Tag, f32)], tag: Tag) -> f32 {
    table
        .iter()
        .find(|(each, _)| *each == tag)
        .map_or(0.0, |(_, weight)| *weight)
}

fn transitions() -> [[f32; TAGS]; TAGS] {
    let mut matrix = [[0.0; TAGS]; TAGS];
    for (first, row) in FOLLOWS {
        for (second, weight) in *row {
            matrix[*first as usize][*second as usize] = *weight;
        }
    }
    matrix
}

/// Tags the words of a sentence.
pub fn tag(words: &[String]) -> Vec<Token> {
    let lower: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    let options: Vec<Vec<Sense>> = words
        .iter()
        .zip(&lower)
        .enumerate()
        .map(|(at, (word, lower))| options(word, lower, at))
        .collect();
    let mut best = best_path(&options);
    mend(&lower, &options, &mut best);
    words
        .iter()
        .zip(lower)
        .zip(options.iter().zip(best))
        .map(|((text, lower), (senses, chosen))| Token {
            text: text.clone(),
            lower,
            lemma: senses[chosen].lemma.clone(),
            tag: senses[chosen].tag,
        })
        .collect()
}

fn options(word: &str, lower: &str, at: usize) -> Vec<Sense> {
    if !word.starts_with(|first: char| first.is_alphanumeric() || first == '\'') || word == "'" {
        if word == "&" {
            return senses("and", false);
        }
        return vec![Sense {
            tag: if word == "'" {
                Tag::Possessive
            } else {
                Tag::Punctuation
            },
            lemma: word.to_owned(),
            weight: if word == "'" { 0.0 } else { 1.0 },
        }];
    }
    // An acronym is a noun, and its `S` no plural.
    let acronym = word.len() > 1 && word.len() < 7 && word.chars().all(char::is_uppercase);
    if acronym && at > 0 {
        return vec![Sense {
            tag: Tag::Noun,
            lemma: lower.to_owned(),
            weight: 1.0,
        }];
    }
    let capital = at > 0 && word.starts_with(char::is_uppercase);
    senses(lower, capital)
}

/// Mends what two tags side by side can't tell: three or four can.
fn mend(lower: &[String], options: &[Vec<Sense>], path: &mut [usize]) {
    let sense = |at: usize, tag: Tag| {
        let senses = options.get(at)?;
        senses.iter().position(|sense| sense.tag == tag)
    };
    for at in 0..path.len() {
        let tag = |at: usize| Some(options.get(at)?[*path.get(at)?].tag);
        let before = |back: usize| tag(at.checked_sub(back)?);
        let stops = matches!(tag(at + 1), None | Some(C | Y));
        // `issue a fine to cars`: nothing follows that could be fine.
        let alone = stops || matches!(tag(at + 1), Some(I | T | A | M | H | W));
        if tag(at) == Some(J) && before(1) == Some(D) && alone {
            if let Some(noun) = sense(at, N) {
                path[at] = noun;
            }
        // `the number of brood frames and a note`
        } else if tag(at) == Some(Z) && before(1) == Some(N) && before(2) == Some(I) && stops {
            if let Some(plural) = sense(at, P) {
                path[at] = plural;
            }
        // `court fees and travel costs have`
        } else if tag(at) == Some(B)
            && before(1) == Some(C)
            && tag(at + 1) == Some(P)
            && matches!(tag(at + 2), Some(H | A | M))
            && let Some(noun) = sense(at, N)
        {
            path[at] = noun;
        // `and uploads proof of residence`
        } else if tag(at) == Some(B)
            && before(1) == Some(P)
            && before(2) == Some(C)
            && lower.get(at + 1).is_some_and(|word| word == "of")
            && let (Some(noun), Some(verb)) = (sense(at, N), sense(at - 1, Z))
        {
            path[at] = noun;
            path[at - 1] = verb;
        }
    }
}

/// Viterbi: the heaviest path, earlier readings first among equals.
fn best_path(options: &[Vec<Sense>]) -> Vec<usize> {
    let matrix = transitions();
    let mut scores: Vec<Vec<f32>> = Vec::with_capacity(options.len());
    let mut back: Vec<Vec<usize>> = Vec::with_capacity(options.len());
    for (at, senses) in options.iter().enumerate() {
        let mut row = Vec::with_capacity(senses.len());
        let mut from = Vec::with_capacity(senses.len());
        for sense in senses {
            let (previous, base) = match at {
                0 => (0, weight(STARTS, sense.tag)),
                _ => heaviest(&scores[at - 1], &options[at - 1], &matrix, sense.tag),
            };
            row.push(base + sense.weight);
            from.push(previous);
        }
        scores.push(row);
        back.push(from);
    }
    let Some(last) = scores.last() else {
        return Vec::new();
    };
    let ends: Vec<f32> = last
        .iter()
        .zip(&options[options.len() - 1])
        .map(|(score, sense)| score + weight(ENDS, sense.tag))
        .collect();
    let mut path = vec![first_greatest(&ends)];
    for at in (1..options.len()).rev() {
        let current = path[path.len() - 1];
        path.push(back[at][current]);
    }
    path.reverse();
    path
}

fn heaviest(
    scores: &[f32],
    senses: &[Sense],
    matrix: &[[f32; TAGS]; TAGS],
    tag: Tag,
) -> (usize, f32) {
    let sums: Vec<f32> = scores
        .iter()
        .zip(senses)
        .map(|(score, sense)| score + matrix[sense.tag as usize][tag as usize])
        .collect();
    let at = first_greatest(&sums);
    (at, sums[at])
}

fn first_greatest(values: &[f32]) -> usize {
    let mut best = 0;
    for (at, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = at;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sentence: &str, expected: &str) {
        let words: Vec<String> = sentence.split(' ').map(str::to_owned).collect();
        let letter = |tag: Tag| match tag {
            D => 'D',
            Q => 'Q',
            X => 'X',
            J => 'J',
            N => 'N',
            P => 'P',
            M => 'M',
            T => 'T',
            I => 'I',
            O => 'O',
            A => 'A',
            H => 'H',
            R => 'R',
            E => 'E',
            B => 'B',
            Z => 'Z',
            G => 'G',
            W => 'W',
            S => 'S',
            C => 'C',
            Y => 'Y',
        };
        let found: String = tag(&words).iter().map(|token| letter(token.tag)).collect();
        assert_eq!(found, expected, "{sentence}");
    }

    #[test]
    fn context_tells_nouns_from_verbs() {
        check("Customers order books", "PBP");
        check("The order has a date", "DNHDN");
        check("Each student enrols in a course", "DNZIDN");
        check("A book may be borrowed by members", "DNMAEIP");
        check("I want to book a table", "OBTBDN");
        check("The system records the name of every guest", "DNZDNIDN");
        check("Drivers report damage", "PBN");
        check("an offer which expires after ten days", "DNWZIQP");
        check("fees and travel costs have a date", "PCNPHDN");
        check("Wardens issue a fine to cars", "PBDNTP");
        check("the number of brood frames and a note", "DNINPCDN");
        check(
            "A resident applies and uploads proof of residence",
            "DNZCZNIN",
        );
    }
}
