//! `archwright test` against a server that it knows by its URL.

use crate::running::{NOTES, Running, folder};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output};

/// What the server takes and this design does not.
fn stricter() -> String {
    NOTES.replace("1..120", "1..60")
}

fn test(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_archwright"));
    command.arg("test").args(arguments).current_dir(folder);
    command.env_remove("ARCHWRIGHT_SIGNING_KEYS");
    command.output().unwrap()
}

/// Standard output of a run that ended so, with nothing said beside it but how far it was.
#[track_caller]
fn printed(output: &Output, status: i32) -> &str {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{said}");
    let mut others = said.lines().filter(|line| !line.contains(":"));
    assert_eq!(others.next(), None, "{said}");
    std::str::from_utf8(&output.stdout).unwrap()
}

#[test]
fn a_server_that_keeps_the_design_passes_and_another_fails_with_the_place_of_the_rule() {
    let folder = folder(NOTES);
    std::fs::write(folder.path().join("stricter.yaml"), stricter()).unwrap();
    let server = Running::start(folder.path(), &["design.yaml", "--rate-limits", "off"]);
    let url = server.line["url"].as_str().unwrap();

    let output = test(folder.path(), &["design.yaml", "--url", url, "--seed", "7"]);
    let text = printed(&output, 0);
    assert!(text.contains(" 0 failed, "), "{text}");
    assert!(text.ends_with("\nseed 7\n"), "{text}");

    let output = test(folder.path(), &["stricter.yaml", "--url", url]);
    let text = printed(&output, 1);
    for part in [
        "FAILED notes.create/invalid/title/too-long",
        "rule      stricter.yaml:6:7",
        "expected  422 that names /title",
        "got       201 ",
    ] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }

    let arguments = [
        "stricter.yaml",
        "--url",
        url,
        "--format",
        "json",
        "--only",
        "*/too-long",
    ];
    let output = test(folder.path(), &arguments);
    let report: Value = serde_json::from_str(printed(&output, 1)).unwrap();
    let cases = report["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 2, "{report:#}");
    for case in cases {
        assert_eq!(case["verdict"], "failed", "{case:#}");
        assert_eq!(case["place"], "stricter.yaml:6:7", "{case:#}");
    }

    let output = test(
        folder.path(),
        &["stricter.yaml", "--url", url, "--format", "junit"],
    );
    let report = printed(&output, 1);
    assert!(report.starts_with("<?xml"), "{report}");
    assert!(report.contains(" failures=\"2\""), "{report}");
    server.stop();
}

#[test]
fn what_can_not_be_run_is_said() {
    let folder = folder(NOTES);
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = {
        let port = nobody.local_addr().unwrap().port();
        drop(nobody);
        format!("http://127.0.0.1:{port}")
    };
    let refused = |arguments: &[&str], parts: &[&str]| {
        let output = test(folder.path(), &[&["design.yaml"], arguments].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(output.stdout.is_empty());
        for part in parts {
            assert!(said.contains(part), "no {part:?} in\n{said}");
        }
    };
    refused(&["--url", &nobody], &["can't reach", &nobody]);
    refused(&["--url", "localhost:8080"], &["must begin with http://"]);
    refused(&["--url", &nobody, "--only", "nothing"], &["--list"]);
    refused(
        &["--url", &nobody, "--sign-in", "boss=ann:secret"],
        &["no role \"boss\"", "the design has no roles"],
    );
    refused(
        &["--url", &nobody, "--sign-in", "boss"],
        &["ROLE=NAME:PASSWORD"],
    );
    refused(&[], &["--url"]);
}

#[test]
fn the_cases_are_listed_without_a_server() {
    let folder = folder(NOTES);
    let output = test(
        folder.path(),
        &["design.yaml", "--list", "--only", "too-long"],
    );
    let text = printed(&output, 0);
    assert!(
        text.starts_with("notes.create/invalid/title/too-long\n    title is refused"),
        "{text}"
    );
}

#[test]
fn a_design_with_errors_is_not_tested() {
    let folder = folder(&NOTES.replace("string(", "strong("));
    let output = test(
        folder.path(),
        &["design.yaml", "--url", "http://127.0.0.1:1"],
    );
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("Did you mean `string`"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_run_that_is_stopped_reports_what_it_has() {
    let folder = folder(NOTES);
    let server = Running::start(folder.path(), &["design.yaml", "--rate-limits", "off"]);
    let url = server.line["url"].as_str().unwrap();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_url = format!("http://{}", silent.local_addr().unwrap());

    // Its second request goes to a server that takes it and never answers, until the run has been asked to stop.
    let mut run = Command::new(env!("CARGO_BIN_EXE_archwright"))
        .args(["test", "design.yaml", "--url", url, "--url", &silent_url])
        .current_dir(folder.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let (asked, _) = silent.accept().unwrap();
    let pid = run.id().to_string();
    let killed = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
    assert!(killed.success());
    let mut said = BufReader::new(run.stderr.take().unwrap()).lines();
    assert!(said.any(|line| line.unwrap().starts_with("stopping")));
    drop(asked);
    drop(silent);
    let output = run.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(2), "{text}");
    for part in [" passed, 0 failed, ", "\nSTOPPED: ", "\nseed "] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
    server.stop();
}
