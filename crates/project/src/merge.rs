//! Three texts into one: what we wrote, what the team made of it, and what we would write now.

use diffy::{ConflictStyle, MergeOptions};
use std::borrow::Cow;

/// Shown at the markers of a conflict.
const TEAM: &str = "the project";
const BASE: &str = "what both began with";
const DESIGN: &str = "the design";

/// The shortest markers, as git's.
const MARKER: usize = 7;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merge {
    /// Has all changes of both.
    Clean(String),
    /// Both changed the same lines in two ways.
    Conflict {
        /// With both in between markers.
        marked: String,
        /// Where, in the team's text.
        lines: Vec<Lines>,
    },
}

/// From the first to the last, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lines {
    pub from: usize,
    pub to: usize,
}

pub fn merge(base: &str, team: &str, design: &str) -> Merge {
    // Markers stand on lines of their own only where every line has an end.
    let [whole_base, whole_team, whole_design] = [base, team, design].map(with_end);
    let length = marker_length([base, team, design]);
    let mut options = MergeOptions::new();
    options
        .set_conflict_style(ConflictStyle::Diff3)
        .set_conflict_marker_length(length);
    match options.merge(&whole_base, &whole_team, &whole_design) {
        Ok(mut text) => {
            let teams = has_end(team) != has_end(base);
            let ends = has_end(if teams { team } else { design });
            if !ends && text.ends_with('\n') {
                text.pop();
            }
            Merge::Clean(text)
        }
        Err(text) => {
            let last = team.lines().count();
            let (marked, lines) = read_markers(&text, length, last);
            Merge::Conflict { marked, lines }
        }
    }
}

fn has_end(text: &str) -> bool {
    text.is_empty() || text.ends_with('\n')
}

fn with_end(text: &str) -> Cow<'_, str> {
    match has_end(text) {
        true => text.into(),
        false => format!("{text}\n").into(),
    }
}

/// Longer than anything that looks like a marker in a text, so that markers are told from text.
fn marker_length(texts: [&str; 3]) -> usize {
    let run = |line: &str| {
        let first = line.bytes().next().filter(|byte| b"<|=>".contains(byte));
        first.map_or(0, |first| {
            line.bytes().take_while(|byte| *byte == first).count()
        })
    };
    let longest = texts.iter().flat_map(|text| text.lines()).map(run).max();
    longest.map_or(MARKER, |longest| MARKER.max(longest + 1))
}

/// Names the sides at the markers, and finds the places in the team's text.
fn read_markers(text: &str, length: usize, last: usize) -> (String, Vec<Lines>) {
    let [ours, ancestor, middle, theirs] = ["<", "|", "=", ">"].map(|sign| sign.repeat(length));
    let (mut marked, mut lines) = (String::new(), Vec::new());
    let (mut side, mut count, mut from) = (Side::Both, 0, 0);
    for line in text.split_inclusive('\n') {
        if line.starts_with(&ours) {
            (side, from) = (Side::Team, count + 1);
            marked.push_str(&format!("{ours} {TEAM}\n"));
        } else if line.starts_with(&ancestor) {
            side = Side::Other;
            let (from, to) = (from.min(last.max(1)), count.max(from.min(last.max(1))));
            lines.push(Lines { from, to });
            marked.push_str(&format!("{ancestor} {BASE}\n"));
        } else if line.starts_with(&middle) {
            marked.push_str(line);
        } else if line.starts_with(&theirs) {
            side = Side::Both;
            marked.push_str(&format!("{theirs} {DESIGN}\n"));
        } else {
            count += usize::from(side != Side::Other);
            marked.push_str(line);
        }
    }
    (marked, lines)
}

/// Which texts a line belongs to.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Both,
    Team,
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts are words, a line each.
    #[track_caller]
    fn check(base: &str, team: &str, design: &str, expected: Result<&str, &[(usize, usize)]>) {
        let text = |words: &str| {
            words
                .split_whitespace()
                .map(|word| format!("{word}\n"))
                .collect::<String>()
        };
        let merged = merge(&text(base), &text(team), &text(design));
        match (merged, expected) {
            (Merge::Clean(merged), Ok(expected)) => assert_eq!(merged, text(expected)),
            (Merge::Conflict { lines, .. }, Err(expected)) => {
                let lines: Vec<(usize, usize)> = lines.iter().map(|at| (at.from, at.to)).collect();
                assert_eq!(lines, expected);
            }
            (merged, _) => panic!("{merged:?}"),
        }
    }

    #[test]
    fn changes_in_different_lines_are_both_kept() {
        check("a b c d e", "a B c d e", "a b c d E", Ok("a B c d E"));
        check(
            "a b c",
            "a b c team",
            "design a b c",
            Ok("design a b c team"),
        );
        check("a b c d e", "a c d e", "a b c d", Ok("a c d"));
        check("a b c", "a X c", "a X c", Ok("a X c"));
    }

    #[test]
    fn changes_in_the_same_lines_are_told_with_their_place() {
        check("a b c", "a team c", "a design c", Err(&[(2, 2)]));
        check("a b c", "a team more c", "a design c", Err(&[(2, 3)]));
        check(
            "a b c d e",
            "1 b c d 5",
            "6 b c d 7",
            Err(&[(1, 1), (5, 5)]),
        );
    }

    #[test]
    fn what_one_side_takes_away_and_the_other_changes_is_a_conflict() {
        check("a b c", "a c", "a B c", Err(&[(2, 2)]));
        check("a b c", "a B c", "a c", Err(&[(2, 2)]));
        check("a b", "", "a B", Err(&[(1, 1)]));
    }

    #[test]
    fn additions_at_one_place_are_a_conflict() {
        check("a b", "a team b", "a design b", Err(&[(2, 2)]));
    }

    #[test]
    fn the_marked_text_has_both_sides_and_names_them() {
        let Merge::Conflict { marked, .. } = merge("a\nb\nc\n", "a\nt\nc\n", "a\nd\nc\n") else {
            panic!("it is a conflict");
        };
        let expected = "a\n<<<<<<< the project\nt\n||||||| what both began with\nb\n=======\nd\n>>>>>>> the design\nc\n";
        assert_eq!(marked, expected);
    }

    #[test]
    fn text_that_looks_like_a_marker_is_text() {
        let head = "=======\nTitle\n=======\n";
        let text = |word: &str| format!("{head}{word}\n>>>>>>>>> quoted\n");
        let Merge::Conflict { marked, lines } = merge(&text("a"), &text("b"), &text("c")) else {
            panic!("it is a conflict");
        };
        assert_eq!(lines, [Lines { from: 4, to: 4 }]);
        assert!(marked.contains("\n<<<<<<<<<< the project\nb\n"), "{marked}");
    }

    #[test]
    fn a_last_line_without_an_end_is_merged_and_marked_whole() {
        assert_eq!(
            merge("a\nb", "x\na\nb", "a\nb"),
            Merge::Clean("x\na\nb".to_owned())
        );
        assert_eq!(
            merge("a\nb\n", "a\nb", "x\na\nb\n"),
            Merge::Clean("x\na\nb".to_owned()),
            "the team took the last end away"
        );
        let Merge::Conflict { marked, .. } = merge("a\nb", "a\nt", "a\nd") else {
            panic!("it is a conflict");
        };
        assert!(
            marked.contains("\nt\n|||||||") && marked.contains("\nd\n>>>>>>>"),
            "{marked}"
        );
    }
}
