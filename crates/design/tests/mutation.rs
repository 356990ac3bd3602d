//! Thousands of damaged designs: the reader and the formatter answer each, and the formatter never changes a meaning.

#[path = "common/clock.rs"]
mod clock;
mod common;
#[path = "common/meaning.rs"]
mod meaning;

use archwright_design::{format, read};
use std::time::Duration;

/// A small generator, so that every run sees the same damage.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    fn pick<'a>(&mut self, items: &[&'a str]) -> &'a str {
        items[self.below(items.len())]
    }
}

const TOKENS: &[&str] = &[
    ":",
    ": ",
    "\n",
    "\n\n",
    "  ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "'",
    "\"",
    "#",
    " # x",
    "|",
    ">",
    "&a",
    "*a",
    "!",
    "!x",
    "?",
    "? ",
    "---\n",
    "...\n",
    "%",
    "@",
    "=",
    ":=",
    "==",
    "(",
    ")",
    "\t",
    "\r\n",
    "\u{0}",
    "é",
    "\u{feff}",
    "\u{2028}",
    "~",
    "null",
    "true",
    "12",
    "<<: ",
    "when ",
    "unique within ",
    "string(1..",
    "\\",
    "\\\"",
    "''",
    "entities:",
    "fields:",
    "each: ",
    "find: ",
    "do:",
    "reply: ",
    "200: ",
];

/// A few changes of bytes, tokens or lines.
fn damage(source: &str, random: &mut Random) -> Vec<u8> {
    let mut bytes = source.as_bytes().to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        let end = (at + random.below(40)).min(bytes.len());
        match random.below(7) {
            0 => bytes[at] = random.next() as u8,
            1 => drop(bytes.drain(at..end)),
            2 | 3 => drop(bytes.splice(at..at, random.pick(TOKENS).bytes())),
            4 => {
                let piece = bytes[at..end].to_vec();
                let to = random.below(bytes.len());
                drop(bytes.splice(to..to, piece));
            }
            5 => bytes.truncate(at.max(20)),
            _ => {
                let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
                let (one, other) = (random.below(lines.len()), random.below(lines.len()));
                lines.swap(one, other);
                bytes = lines.join(&b'\n');
            }
        }
        if bytes.is_empty() {
            bytes.push(b'a');
        }
    }
    bytes
}

/// Every place lies in its file, on character boundaries.
fn check_places(bytes: &[u8]) {
    let reading = read(&[("a.yaml".to_owned(), bytes.to_vec())]);
    for diagnostic in &reading.diagnostics {
        let spans = diagnostic
            .span
            .iter()
            .chain(diagnostic.others.iter().map(|other| &other.span));
        for span in spans.chain(diagnostic.fix.iter().map(|fix| &fix.span)) {
            let text = &reading.sources.get(span.file).text;
            assert!(
                text.get(span.start as usize..span.end as usize).is_some(),
                "{diagnostic:?} in {text:?}"
            );
        }
    }
}

fn check_format(bytes: &[u8]) {
    let Ok(source) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(once) = format(source) else { return };
    assert_eq!(
        meaning::meaning(source),
        meaning::meaning(&once),
        "formatted from\n{source}\nto\n{once}"
    );
    assert_eq!(
        format(&once).as_deref(),
        Ok(once.as_str()),
        "formatted twice from\n{source}"
    );
}

#[test]
fn damaged_designs_are_answered() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let designs = common::designs();
    for _ in 0..800 {
        let (_, source) = &designs[random.below(designs.len())];
        let bytes = damage(source, &mut random);
        check_places(&bytes);
        check_format(&bytes);
    }
}

#[test]
fn noise_is_answered() {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    for _ in 0..2_000 {
        let mut text = String::from("archwright: 1\n");
        for _ in 0..random.below(60) {
            text.push_str(random.pick(TOKENS));
            text.push_str(random.pick(&["a", "b:", " ", "\n  ", "\n", "x y"]));
        }
        check_places(text.as_bytes());
        check_format(text.as_bytes());
    }
}

/// An eighth of the largest file that is read: whatever grows faster than the file takes minutes here.
#[test]
fn hostile_files_are_answered_in_time() {
    let many = 1 << 17;
    let mut cases: Vec<String> = [
        "[", "{", "- ", "? ", "a: ", "[a: ", "{a: [", "'", "\"", "#", "\t", "\n", "a", "a,", "&a ",
        "*a ", "!a ", "%", "|\n", "a\n", ": ", "é", "\u{0}", "''", "\\",
    ]
    .iter()
    .map(|piece| piece.repeat(many / piece.len()))
    .collect();
    for piece in [
        "a: 'b' c\n",
        "a: b: c\n",
        "a\n",
        "a: [\n",
        "a: {b: c\n",
        "a: [b]\n  \n",
        "- a: [b, {c: d}]\n",
        "# c\n",
        "a: # c\n",
        "a: |\n  b\n",
        "? a\n",
    ] {
        cases.push(piece.repeat(many / piece.len()));
    }
    cases.push(format!(
        "entities: {{ A: {{ fields: {{ {} }} }} }}",
        "a: b, ".repeat(many / 8)
    ));
    cases.push(format!("name: {}", "a,".repeat(many / 3)));
    cases.push(format!(
        "entities:\n  A:\n    fields:\n      a: int, {}",
        "unique, ".repeat(many / 9)
    ));
    cases.push(format!(
        "entities:\n  A:\n    fields:\n      a: >\n{}",
        "        int, unique,\n".repeat(many / 24)
    ));
    for (index, case) in cases.iter().enumerate() {
        let start = clock::used();
        let reading = read(&[("a.yaml".to_owned(), case.as_bytes().to_vec())]);
        assert!(!reading.diagnostics.is_empty());
        let taken = clock::used() - start;
        assert!(
            taken < Duration::from_secs(5),
            "case {index} ({:?}…) took {taken:?}",
            &case.chars().take(20).collect::<String>()
        );
    }
}
