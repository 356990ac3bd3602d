//! `archwright build` as a person runs it, with the stacks that the command has.
#![expect(
    clippy::unwrap_used,
    reason = "a test that can't run its command has failed"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn archwright(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_archwright"))
        .args(arguments)
        .current_dir(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .output()
        .unwrap()
}

fn build(stack: &str, out: &Path, more: &[&str]) -> Output {
    let mut arguments = vec!["build", "examples/bookshop", "--stack", stack];
    arguments.extend(["--out", out.to_str().unwrap()]);
    arguments.extend(more);
    archwright(&arguments)
}

#[track_caller]
fn check(output: &Output, status: i32, parts: &[&str]) {
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    let said = String::from_utf8_lossy(&said);
    assert_eq!(output.status.code(), Some(status), "{said}");
    for part in parts {
        assert!(said.contains(part), "no {part:?} in\n{said}");
    }
}

/// The names that an unknown stack is answered with.
fn stacks() -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let output = build("cobol", folder.path(), &[]);
    check(&output, 2, &["error: there is no stack `cobol`"]);
    let said = String::from_utf8(output.stderr).unwrap();
    let names = said.trim().rsplit_once("there is ").map(|(_, names)| names);
    let names = names.filter(|names| !names.starts_with("no stack"));
    names
        .into_iter()
        .flat_map(|names| names.split(", "))
        .map(str::to_owned)
        .collect()
}

fn tree(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut tree, mut open) = (BTreeMap::new(), vec![root.to_owned()]);
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let place = entry.unwrap().path();
            match place.is_dir() {
                true => open.push(place),
                false => {
                    let bytes = std::fs::read(&place).unwrap();
                    tree.insert(place.strip_prefix(root).unwrap().to_owned(), bytes);
                }
            }
        }
    }
    tree
}

#[test]
fn a_stack_that_is_not_there_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    check(
        &build("cobol", &out, &[]),
        2,
        &["there is no stack `cobol`"],
    );
    check(
        &build("cobol", &out, &["--check"]),
        2,
        &["there is no stack `cobol`"],
    );
    assert!(!out.exists());
}

#[test]
fn help_has_examples_and_says_what_the_exit_status_means() {
    let output = archwright(&["build", "--help"]);
    check(
        &output,
        0,
        &[
            "Examples:",
            "--check",
            "Exit status:",
            "0 when the project is what",
        ],
    );
    check(
        &archwright(&["build", "examples/bookshop"]),
        2,
        &["--stack <NAME>", "--out <DIR>"],
    );
}

/// Each of them, without this test knowing their names.
#[test]
fn every_stack_builds_the_bookshop_to_the_same_bytes_and_checks_it() {
    for stack in stacks() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        check(
            &build(&stack, one.path(), &["--check"]),
            1,
            &["does not match bookshop"],
        );
        assert_eq!(tree(one.path()).len(), 0, "--check writes nothing");
        check(
            &build(&stack, one.path(), &[]),
            0,
            &["new       README.md", "bookshop in "],
        );
        check(
            &build(&stack, one.path(), &["--check"]),
            0,
            &["matches bookshop"],
        );
        let first = tree(one.path());
        check(
            &build(&stack, one.path(), &["--format", "json"]),
            0,
            &["\"matches\": true"],
        );
        assert_eq!(tree(one.path()), first, "a second build writes nothing");
        check(&build(&stack, two.path(), &[]), 0, &[]);
        assert_eq!(tree(two.path()), first);
        std::fs::write(one.path().join("README.md"), "ours\n").unwrap();
        check(&build(&stack, one.path(), &[]), 0, &["1 kept"]);
        assert_eq!(
            std::fs::read_to_string(one.path().join("README.md")).unwrap(),
            "ours\n"
        );
    }
}
