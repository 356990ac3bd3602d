//! Fuzzing: seeds from the examples and the tests, a dictionary of their words, a bounded run of each target.

use crate::command::{install, root, run};
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const TARGETS: [&str; 4] = ["read", "format", "check", "expression"];

/// What stands before an expression in a design.
const BEFORE_EXPRESSIONS: [&str; 8] = [
    " when ",
    "when: ",
    "after: ",
    "that: ",
    ":= ",
    "where: ",
    "guard: ",
    "computed: ",
];

/// Runs the targets (all, or the one that is named), each for so many seconds.
pub fn fuzz(seconds: u32, only: Option<&str>) -> Result<()> {
    install("cargo-fuzz")?;
    let folder = root().join("fuzz");
    let dictionary = seed(&folder)?;
    for target in TARGETS {
        if only.is_some_and(|only| only != target) {
            continue;
        }
        // Nothing here is unsafe, so that no sanitizer is needed; only the coverage has to be unlocked on stable Rust.
        let limits = [
            format!("-max_total_time={seconds}"),
            format!("-dict={}", dictionary.display()),
            "-timeout=30".to_owned(),
            "-max_len=20000".to_owned(),
            "-report_slow_units=30".to_owned(),
            "-verbosity=0".to_owned(),
        ];
        let mut arguments = vec!["fuzz", "run", "--sanitizer", "none", target, "--"];
        arguments.extend(limits.iter().map(String::as_str));
        run("cargo", &arguments, &[("RUSTC_BOOTSTRAP", "1")])?;
    }
    Ok(())
}

/// Fills the corpus of each target, and returns the path of the dictionary.
fn seed(folder: &Path) -> Result<PathBuf> {
    let designs = designs()?;
    let mut expressions = BTreeSet::new();
    let mut words = BTreeSet::new();
    for text in &designs {
        words.extend(
            text.split(|letter: char| !letter.is_alphanumeric() && !"-_".contains(letter))
                .filter(|word| (2..=20).contains(&word.len()) && word.is_ascii()),
        );
        for line in text.lines() {
            let behind = BEFORE_EXPRESSIONS
                .iter()
                .filter_map(|mark| line.split_once(mark));
            expressions.extend(behind.map(|(_, rest)| rest.trim().trim_matches('"')));
        }
    }
    for target in TARGETS {
        let corpus = folder.join("corpus").join(target);
        fs::create_dir_all(&corpus)?;
        let seeds: Vec<&str> = if target == "expression" {
            expressions.iter().copied().collect()
        } else {
            designs.iter().map(String::as_str).collect()
        };
        for (index, text) in seeds.iter().enumerate() {
            fs::write(corpus.join(format!("seed-{index}")), text)?;
        }
    }
    let dictionary = folder.join("corpus/words");
    let lines: Vec<String> = words.iter().map(|word| format!("\"{word}\"\n")).collect();
    fs::write(&dictionary, lines.concat())?;
    Ok(dictionary)
}

/// The files of each folder of designs alone and as one input, as `properties::check` takes them apart.
fn designs() -> Result<Vec<String>> {
    let root = root();
    let mut texts = Vec::new();
    for folder in folders(&root)? {
        let mut whole = String::new();
        for path in yaml_files(&folder)? {
            let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            whole.push_str(&format!("# file: {name}\n{text}"));
            texts.push(text);
        }
        if folder.starts_with(root.join("examples")) {
            texts.push(whole);
        }
    }
    let language = fs::read_to_string(root.join("docs/language.md"))?;
    texts.extend(language.split("```").skip(1).step_by(2).map(str::to_owned));
    Ok(texts)
}

fn folders(root: &Path) -> Result<Vec<PathBuf>> {
    let mut folders: Vec<PathBuf> = fs::read_dir(root.join("examples"))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders.push(root.join("crates/design/tests/designs"));
    folders.push(root.join("crates/design/tests/diagnostics"));
    folders.push(root.join("crates/model/tests/diagnostics"));
    Ok(folders)
}

fn yaml_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .collect();
    files.sort();
    Ok(files)
}
