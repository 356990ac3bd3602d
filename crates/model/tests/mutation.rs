//! Thousands of damaged designs: lowering answers each with a model or with errors, in bounded time.

#[path = "../../design/tests/common/clock.rs"]
mod clock;

use archwright_diagnostics::{CODES, has_errors};
use std::path::Path;
use std::time::Duration;

/// xorshift64: the same damage in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit.max(1)
    }
}

fn designs() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = Vec::new();
    for folder in [
        "../../examples/bookshop",
        "../../examples/helpdesk",
        "../../examples/newsroom",
        "../../examples/payments",
        "../../examples/profile",
        "tests/diagnostics",
    ] {
        let mut paths: Vec<_> = std::fs::read_dir(root.join(folder))
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        paths.sort();
        let yaml = paths.iter().filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        });
        let files: Vec<String> = yaml
            .filter_map(|path| std::fs::read_to_string(path).ok())
            .collect();
        if folder.starts_with("tests") {
            texts.extend(files.iter().map(|text| without_carets(text)));
        } else {
            texts.push(files.join("\n# next\n"));
        }
    }
    texts
}

fn without_carets(text: &str) -> String {
    text.lines()
        .filter(|line| !line.trim_start().starts_with('^'))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Swaps words, which keeps the YAML sound and so gets deep into lowering, or damages characters.
fn damage(text: &str, random: &mut Random) -> String {
    let mut words: Vec<&str> = text
        .split_inclusive([' ', '\n', ',', '.', '(', ')', '[', ']'])
        .collect();
    for _ in 0..=random.below(6) {
        let (one, other) = (random.below(words.len()), random.below(words.len()));
        match random.below(5) {
            0 | 1 => words.swap(one, other),
            2 => words[one] = words[other],
            3 => drop(words.splice(one..one, [words[other]])),
            _ => words[one] = "",
        }
    }
    words.concat()
}

#[test]
fn damaged_designs_are_answered() {
    let designs = designs();
    assert!(designs.len() > 8);
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut slowest = Duration::ZERO;
    let mut sound = 0;
    for round in 0..800 {
        let text = damage(&designs[round % designs.len()], &mut random);
        let reading = archwright_design::read(&[("design.yaml".to_owned(), text.into_bytes())]);
        let start = clock::used();
        let (model, diagnostics) = archwright_model::lower(&reading.design);
        slowest = slowest.max(clock::used() - start);
        assert_eq!(model.is_none(), has_errors(&diagnostics));
        sound += usize::from(model.is_some());
        for diagnostic in &diagnostics {
            assert!(
                CODES.iter().any(|known| known.code == diagnostic.code),
                "{} has no page",
                diagnostic.code
            );
            let places = diagnostic
                .span
                .into_iter()
                .chain(diagnostic.others.iter().map(|other| other.span));
            for span in places {
                let text = &reading.sources.get(span.file).text;
                assert!(
                    text.get(span.start as usize..span.end as usize).is_some(),
                    "{diagnostic:?}"
                );
            }
        }
    }
    assert!(sound > 5, "only {sound} damaged designs were sound");
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
}

#[test]
fn a_design_cut_short_anywhere_is_answered() {
    for text in designs() {
        for end in (0..text.len())
            .step_by(97)
            .filter(|end| text.is_char_boundary(*end))
        {
            let reading = archwright_design::read(&[(
                "design.yaml".to_owned(),
                text.as_bytes()[..end].to_vec(),
            )]);
            let (model, diagnostics) = archwright_model::lower(&reading.design);
            assert_eq!(model.is_none(), has_errors(&diagnostics));
        }
    }
}

#[test]
fn the_deepest_expressions_are_checked_on_a_small_stack() {
    let small = std::thread::Builder::new().stack_size(1 << 20).spawn(|| {
        let mut sound = 0;
        for behind in ["+1", "+1+1+1", "*1*1*1*1*1*1"] {
            for depth in [2, 8, 16, 31] {
                let sum = (0..depth).fold("1".to_owned(), |text, _| format!("({text}){behind}"));
                let text = format!(
                    "archwright: 1\nname: deep\nentities:\n  A:\n    fields:\n      a: int := {sum}\n    checks: {{ deep: \"{sum} > 0\" }}\n    allow: {{ read: anyone }}\n"
                );
                let reading = archwright_design::read(&[("design.yaml".to_owned(), text.into_bytes())]);
                sound += usize::from(archwright_model::check(&reading).0.is_some());
            }
        }
        sound
    });
    assert!(small.is_ok_and(|small| small.join().is_ok_and(|sound| sound >= 6)));
}
