//! `archwright new` as a person runs it.
#![expect(
    clippy::unwrap_used,
    reason = "a test that can't run its command has failed"
)]

use std::path::Path;
use std::process::{Command, Output, Stdio};

fn archwright(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_archwright"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Runs `new` in an empty folder; checks the exit status and that the output has each part.
fn check(arguments: &[&str], status: i32, parts: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let mut all = vec!["new"];
    all.extend(arguments);
    let output = archwright(folder.path(), &all);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(status), "{text}");
    for part in parts {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
}

#[test]
fn a_sentence_becomes_a_sound_design_with_its_brief_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let brief =
        "Members borrow books. A book has a title and an ISBN. Only the librarian can add books.";
    let output = archwright(
        folder.path(),
        &["new", "library", "--brief", brief, "--yes"],
    );
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let kept = std::fs::read_to_string(folder.path().join("library/brief.md")).unwrap();
    assert_eq!(kept, brief);
    let output = archwright(folder.path(), &["check", "library"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let output = archwright(folder.path(), &["fmt", "library", "--check"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}

#[test]
fn a_brief_may_be_a_file_and_names_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("Garden Club.md"),
        "Members lease plots. A plot has a size and a rent.",
    )
    .unwrap();
    let output = archwright(folder.path(), &["new", "Garden Club.md"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(folder.path().join("garden-club/design.yaml").exists());
    let again = archwright(folder.path(), &["new", "Garden Club.md"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(said(&again).contains("is there already"));
}

#[test]
fn answers_are_recorded_and_wrong_ones_are_refused() {
    let brief = "Members book courts. A court has a number. A booking is asked, then confirmed or declined.";
    check(
        &["a", "--brief", brief, "--answer", "moon=full"],
        2,
        &["no question is called `moon`; there are:"],
    );
    check(
        &["a", "--brief", brief, "--answer", "moon"],
        2,
        &["QUESTION=OPTION"],
    );
    check(
        &[
            "a",
            "--brief",
            brief,
            "--answer",
            "booking.approval=at_once",
        ],
        0,
        &["Wrote"],
    );
    check(
        &["a", "--brief", brief, "--answer", "booking.approval=never"],
        2,
        &["`never` is no answer to `booking.approval`; there are: "],
    );
}

#[test]
fn what_is_no_brief_is_refused_with_advice() {
    check(&["--brief", ""], 2, &["the brief is empty", "for example"]);
    check(
        &[
            "--brief",
            "Nous voulons gérer les commandes de nos clients et leurs factures.",
        ],
        2,
        &["only English is understood"],
    );
    check(
        &["--brief", "asdf"],
        2,
        &[
            "nothing was understood",
            "Say in plain English",
            "for example",
        ],
    );
    check(
        &["--brief", "Wir verwalten Kunden, Aufträge und Rechnungen."],
        2,
        &["--llm PROVIDER:MODEL"],
    );
    check(&["none.md"], 2, &["none.md can't be read"]);
    check(&[], 2, &["the brief is empty"]);
    check(
        &["a", "b", "--brief", "Members book courts."],
        2,
        &["one too many"],
    );
}

#[test]
fn markup_and_bad_english_are_read() {
    check(
        &[
            "m",
            "--brief",
            "# Shop\n\n- <b>customer</b> can makes **order**\n- order have `date`",
        ],
        0,
        &["Wrote"],
    );
}
