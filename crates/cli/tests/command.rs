//! The command as a person runs it: arguments in, exit status and output out.
#![expect(
    clippy::unwrap_used,
    reason = "a test that can't run its command has failed"
)]

use std::path::PathBuf;
use std::process::{Command, Output};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn archwright(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_archwright"))
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap()
}

/// Runs the command on a design of this text; checks the exit status, and that the output has each part.
fn check(design: &str, arguments: &[&str], status: i32, parts: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("design.yaml");
    std::fs::write(&path, design).unwrap();
    let mut all = arguments.to_vec();
    all.insert(1, path.to_str().unwrap());
    let output = archwright(&all);
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(output.status.code(), Some(status), "{text}");
    for part in parts {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
}

const SOUND: &str = "archwright: 1
name: notes
entities:
  Note:
    fields:
      title: string(1..120)
    allow: { read: anyone }
";

#[test]
fn a_sound_design_exits_with_zero() {
    check(
        SOUND,
        &["check"],
        0,
        &["notes is sound: 1 entity, 0 roles, 1 file."],
    );
}

#[test]
fn a_misspelt_type_exits_with_one_and_says_what_was_meant() {
    let design = SOUND.replace("string(1..120)", "strng(1..120)");
    check(
        &design,
        &["check"],
        1,
        &["AW220", "design.yaml:6:14", "Did you mean `string`?"],
    );
    check(
        &design,
        &["check", "--format", "json"],
        1,
        &["\"code\": \"AW220\"", "\"line\": 6"],
    );
    check(
        &design,
        &["check", "--format", "sarif"],
        1,
        &["\"ruleId\": \"AW220\"", "\"version\": \"2.1.0\""],
    );
    check(
        &design,
        &["check", "--format", "github"],
        1,
        &["::error file=", "line=6"],
    );
    check(&design, &["plan"], 1, &["AW220"]);
}

#[test]
fn what_waits_for_a_part_that_cannot_be_read_is_said() {
    let unknown = SOUND.replace("anyone", "stranger");
    let waits = "Other checks wait for the names that may stand there.";
    check(
        &format!("{unknown}roles: [\n"),
        &["check"],
        1,
        &["AW002", waits],
    );
    let output = archwright(&["check", "examples/profile"]);
    assert!(!String::from_utf8_lossy(&output.stdout).contains(waits));
}

#[test]
fn a_missing_path_exits_with_two() {
    let output = archwright(&["check", "no/such/path"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("can't read no/such/path"));
}

#[test]
fn a_file_that_is_no_text_is_reported_with_a_diagnostic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("design.yaml");
    std::fs::write(&path, [0xff, 0xfe, 0x00, 0x41]).unwrap();
    let output = archwright(&["check", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("error[AW"),
        "{output:?}"
    );
}

#[test]
fn five_megabytes_of_garbage_are_reported_with_a_diagnostic() {
    check(
        &"{[\"&a *a : ".repeat(500_000),
        &["check"],
        1,
        &["error[AW"],
    );
}

#[test]
fn every_code_has_a_page_that_explain_prints() {
    let list = archwright(&["explain"]);
    let list = String::from_utf8(list.stdout).unwrap();
    assert!(list.lines().count() > 50, "{list}");
    for line in list.lines() {
        let code = &line[..5];
        let page = archwright(&["explain", code]);
        assert!(
            String::from_utf8(page.stdout)
                .unwrap()
                .starts_with(&format!("# {code}")),
            "{code}"
        );
    }
    assert_eq!(archwright(&["explain", "AW999999"]).status.code(), Some(2));
    let page = archwright(&["explain", "AW323"]).stdout;
    for short in ["323", "aw323"] {
        assert_eq!(archwright(&["explain", short]).stdout, page, "{short}");
    }
}

#[test]
fn fmt_rewrites_once_and_check_tells() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("design.yaml");
    std::fs::write(
        &path,
        SOUND.replace(
            "allow: { read: anyone }",
            "allow:   {read:   anyone}  # all",
        ),
    )
    .unwrap();
    let path = path.to_str().unwrap();
    assert_eq!(archwright(&["fmt", path, "--check"]).status.code(), Some(1));
    assert_eq!(archwright(&["fmt", path]).status.code(), Some(0));
    assert_eq!(archwright(&["fmt", path, "--check"]).status.code(), Some(0));
    assert!(std::fs::read_to_string(path).unwrap().contains("# all"));
}

#[cfg(unix)]
#[test]
fn fmt_formats_what_a_link_leads_to() {
    let folder = tempfile::tempdir().unwrap();
    let (target, link) = (
        folder.path().join("target.yaml"),
        folder.path().join("link.yaml"),
    );
    let crowded = SOUND.replace("allow: { read: anyone }", "allow:   {read:   anyone}");
    std::fs::write(&target, &crowded).unwrap();
    std::os::unix::fs::symlink("target.yaml", &link).unwrap();
    let output = archwright(&["fmt", link.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0));
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_ne!(std::fs::read_to_string(&target).unwrap(), crowded);
}

#[test]
fn examples_are_sound_and_their_plans_are_the_same_each_time() {
    for example in std::fs::read_dir(root().join("examples")).unwrap() {
        let path = example.unwrap().path();
        let path = path.to_str().unwrap();
        let check = archwright(&["check", path]);
        assert_eq!(
            check.status.code(),
            Some(0),
            "{}",
            String::from_utf8_lossy(&check.stdout)
        );
        let format = archwright(&["fmt", path, "--check"]);
        assert_eq!(format.status.code(), Some(0), "{path} is not formatted");
        let first = archwright(&["plan", path, "--format", "json"]);
        let second = archwright(&["plan", path, "--format", "json"]);
        assert_eq!(first.status.code(), Some(0));
        assert_eq!(first.stdout, second.stdout);
        let plan: serde_json::Value = serde_json::from_slice(&first.stdout).unwrap();
        assert!(plan["operations"].as_array().unwrap().len() > 5, "{path}");
        let document = archwright(&["openapi", path, "--server", "https://api.example.com"]);
        let document: serde_json::Value = serde_json::from_slice(&document.stdout).unwrap();
        assert_eq!(document["servers"][0]["url"], "https://api.example.com");
        for operation in plan["operations"].as_array().unwrap() {
            let (route, method) = (
                operation["path"].as_str().unwrap(),
                operation["method"].as_str().unwrap(),
            );
            assert!(
                document["paths"][route][method.to_lowercase()].is_object(),
                "{method} {route}"
            );
        }
    }
}
