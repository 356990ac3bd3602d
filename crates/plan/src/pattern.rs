//! Texts that match a regular expression, by a walk through its syntax tree.

use regex_syntax::hir::{Class, Hir, HirKind};

/// More than this is never generated for one repetition.
const REPEATS: u32 = 24;
/// Texts that grow beyond this are given up.
const LENGTH: usize = 4096;

/// Texts that are tried before it is given up.
const TRIES: u32 = 240;

/// Chooses a number below the one that it gets, which is at least 1: what makes one text differ from the next.
pub type Choice<'c> = &'c mut dyn FnMut(usize) -> usize;

/// A text that matches, within the lengths (in characters) if one is found in a few tries.
pub fn matching(pattern: &str, min: u32, max: u32, choose: Choice) -> Option<String> {
    let regex = regex::Regex::new(pattern).ok()?;
    let tree = regex_syntax::parse(pattern).ok()?;
    (0..TRIES).find_map(|attempt| {
        let mut text = String::new();
        // Later attempts repeat more, so that a least length is reached, and then less.
        let eager = match attempt % 3 {
            0 => 3,
            1 => min.min(REPEATS),
            _ => 0,
        };
        write(&tree, eager, choose, &mut text);
        let text = fit(text, min, max, &regex);
        let length = text.chars().count() as u32;
        ((min..=max).contains(&length) && regex.is_match(&text)).then_some(text)
    })
}

/// A pattern that is not anchored leaves room for what is missing.
fn fit(mut text: String, min: u32, max: u32, regex: &regex::Regex) -> String {
    while (text.chars().count() as u32) < min && text.len() < LENGTH {
        let before = text.len();
        for filler in ['0', 'a', 'x', 'A', ' '] {
            text.push(filler);
            if regex.is_match(&text) {
                break;
            }
            text.pop();
        }
        if text.len() == before {
            return text;
        }
    }
    while text.chars().count() as u32 > max {
        let shorter = &text[..text.len() - text.chars().next_back().map_or(0, char::len_utf8)];
        if !regex.is_match(shorter) {
            return text;
        }
        text = shorter.to_owned();
    }
    text
}

fn write(tree: &Hir, eager: u32, choose: Choice, out: &mut String) {
    if out.len() > LENGTH {
        return;
    }
    match tree.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(class) => out.extend(one_of(class, choose)),
        HirKind::Repetition(repetition) => {
            let most = repetition
                .max
                .unwrap_or(repetition.min.saturating_add(eager.max(1)))
                .min(repetition.min.saturating_add(eager));
            let least = repetition.min.min(LENGTH as u32);
            let times = match most.saturating_sub(least) {
                0 => least,
                room => least + choose(room as usize + 1) as u32,
            };
            for _ in 0..times {
                if out.len() > LENGTH {
                    return;
                }
                write(&repetition.sub, eager, choose, out);
            }
        }
        HirKind::Capture(capture) => write(&capture.sub, eager, choose, out),
        HirKind::Concat(parts) => parts
            .iter()
            .for_each(|part| write(part, eager, choose, out)),
        HirKind::Alternation(parts) => write(&parts[choose(parts.len())], eager, choose, out),
    }
}

/// A character of a class; letters and digits are preferred to signs, and ASCII to the rest.
fn one_of(class: &Class, choose: Choice) -> Option<char> {
    let ranges: Vec<(u32, u32)> = match class {
        Class::Unicode(class) => class
            .iter()
            .map(|range| (u32::from(range.start()), u32::from(range.end())))
            .collect(),
        Class::Bytes(class) => class
            .iter()
            .map(|range| (u32::from(range.start()), u32::from(range.end().min(127))))
            .collect(),
    };
    let within = |low: char, high: char| -> Vec<(u32, u32)> {
        ranges
            .iter()
            .map(|(start, end)| (*start.max(&(low as u32)), *end.min(&(high as u32))))
            .filter(|(start, end)| start <= end)
            .collect()
    };
    let mut preferred: Vec<(u32, u32)> = [('0', '9'), ('a', 'z'), ('A', 'Z')]
        .into_iter()
        .flat_map(|(low, high)| within(low, high))
        .collect();
    if preferred.is_empty() {
        preferred = within(' ', '~');
    }
    if preferred.is_empty() {
        preferred = ranges;
    }
    if preferred.is_empty() {
        return None;
    }
    let (start, end) = preferred[choose(preferred.len())];
    let offset = match end - start {
        0 => 0,
        room => choose(room as usize + 1) as u32,
    };
    char::from_u32(start + offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A different number each time, and the same ones in each run.
    fn numbers() -> impl FnMut(usize) -> usize {
        let mut state: u64 = 3;
        move |limit| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as usize % limit
        }
    }

    fn check(pattern: &str, min: u32, max: u32) {
        let regex = regex::Regex::new(pattern).expect("the test's own pattern");
        let mut choose = numbers();
        for _ in 0..50 {
            let text = matching(pattern, min, max, &mut choose).expect(pattern);
            let length = text.chars().count() as u32;
            assert!(regex.is_match(&text), "{pattern}: {text}");
            assert!((min..=max).contains(&length), "{pattern}: {text}");
        }
    }

    #[test]
    fn patterns_are_matched_within_their_lengths() {
        check("^97[89][0-9]{10}$", 13, 13);
        check("^[A-Z]{2}$", 2, 2);
        check("^[a-z]{2}(-[A-Z]{2})?$", 2, 5);
        check("^[A-Z0-9][A-Z0-9 -]*$", 2, 12);
        check("^[a-z0-9]+(:[a-z0-9]+)*$", 3, 20);
        check("^(GB|IE)-\\d{3}$", 1, 20);
        check("[0-9]", 10, 12);
        check("^(a|bb)$", 2, 2);
        check("^(EUR|USD)$", 0, 3);
        check("^[^@]+@[^@]+$", 0, 50);
        check("\\d{2}-\\w+", 8, 20);
        check("^[0-9]{4}( [0-9]{4}){3}$", 1, 40);
        check("^[^\\s]+$", 30, 40);
        check("^\\p{Greek}+$", 2, 6);
    }

    #[test]
    fn what_can_not_be_matched_is_absent() {
        let mut choose = numbers();
        assert_eq!(matching("^abc$", 4, 9, &mut choose), None);
        assert_eq!(matching("(", 0, 9, &mut choose), None);
    }
}
