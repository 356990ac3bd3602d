//! `archwright serve`, and `archwright test` against it, as a person or a program starts them.
#![expect(
    clippy::unwrap_used,
    reason = "a test that can't run its command has failed"
)]

mod appoint;
mod running;
mod suite;

use running::{NOTES, Running, command, example, folder};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Output, Stdio};

#[track_caller]
fn refused(output: &Output, status: i32, parts: &[&str]) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{text}");
    assert!(output.stdout.is_empty());
    for part in parts {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
}

#[test]
fn a_server_says_where_it_is_logs_each_request_and_stops_when_it_is_told() {
    let folder = folder(NOTES);
    let server = Running::start(folder.path(), &["design.yaml"]);
    assert_eq!(server.line["event"], "ready");
    assert_eq!(server.line["design"], "notes");
    assert_eq!(server.line["created"], true);
    assert_eq!(server.line["database"], "sqlite://.archwright/notes.sqlite");
    assert!(
        server
            .get("/v1/notes?title=secret")
            .starts_with("HTTP/1.1 400 ")
    );
    assert!(server.get("/v1/notes").starts_with("HTTP/1.1 200 "));
    let log = server.stop();
    assert!(!log.contains("secret"), "{log}");
    let lines = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let requests: Vec<Value> = lines.filter(|line| line["method"] == "GET").collect();
    let statuses: Vec<&Value> = requests.iter().map(|line| &line["status"]).collect();
    assert_eq!(statuses, [400, 200]);
    assert_eq!(requests[0]["path"], "/v1/notes");
    assert!(requests[0]["ms"].is_number());
    assert!(requests[0]["request_id"].is_string());
    let again = Running::start(folder.path(), &["design.yaml", "--quiet"]);
    assert_eq!(again.line["created"], false);
    again.get("/v1/notes");
    assert_eq!(again.stop(), "");
}

#[test]
fn an_empty_database_is_seeded_once() {
    let folder = tempfile::tempdir().unwrap();
    let design = example("profile");
    let arguments = [design.to_str().unwrap(), "--seed"];
    let server = Running::start(folder.path(), &arguments);
    assert!(server.line["seeded_rows"].as_u64().unwrap() > 5);
    let sign_ins = server.line["sign_ins"].clone();
    assert!(sign_ins[0]["password"].is_string(), "{sign_ins}");
    server.stop();
    let server = Running::start(folder.path(), &arguments);
    assert!(server.line["seeded_rows"].is_null());
    assert_eq!(server.line["sign_ins"], sign_ins);
    server.stop();
}

#[test]
fn people_are_told_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(
        folder.path(),
        &[example("profile").to_str().unwrap(), "--seed"],
    );
    let command = command.args([
        "--port",
        "0",
        "--format",
        "text",
        "--database",
        "sqlite::memory:",
    ]);
    let mut process = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = BufReader::new(process.stdout.take().unwrap());
    let lines = output.lines().map(Result::unwrap);
    let mut text = String::new();
    for line in lines {
        text.push_str(&line);
        text.push('\n');
        if line.starts_with("Ctrl+C") {
            break;
        }
    }
    process.kill().unwrap();
    process.wait().unwrap();
    for part in [
        "profile is ready.",
        "start page  http://127.0.0.1:",
        "/reference\n",
        "temporary, gone when the server stops",
        "made up",
        "sign in as",
    ] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
}

#[test]
fn a_port_in_use_is_named_with_what_to_do() {
    let folder = folder(NOTES);
    let server = Running::start(folder.path(), &["design.yaml"]);
    let port = server.line["port"].to_string();
    let arguments = [
        "design.yaml",
        "--port",
        &port,
        "--database",
        "sqlite::memory:",
    ];
    let output = command(folder.path(), &arguments).output().unwrap();
    server.stop();
    let named = format!("port {port} is in use");
    refused(&output, 2, &[&named, "`--port 0` takes any free one"]);
}

#[test]
fn a_design_with_errors_is_not_served() {
    let folder = folder(&NOTES.replace("string(1..120)", "strng"));
    let output = command(folder.path(), &["design.yaml"]).output().unwrap();
    refused(
        &output,
        1,
        &["AW220", "design.yaml:6:14", "Did you mean `string`?"],
    );
}

#[test]
fn what_the_server_can_not_run_is_named() {
    let stack = "stack: { database: postgres, cache: redis, sign-in: [password, google] }";
    let folder = folder(&format!("{NOTES}{stack}\n"));
    let output = command(folder.path(), &["design.yaml"]).output().unwrap();
    refused(
        &output,
        1,
        &["error[AW600]", "PostgreSQL", "`google`", "warning[AW601]"],
    );
    assert!(!folder.path().join(".archwright").exists());
}

#[test]
fn a_design_with_redis_is_served_in_production_with_one_alone() {
    let folder = folder(&format!("{NOTES}stack: {{ cache: redis }}\n"));
    let arguments = ["design.yaml", "--port", "0", "--env", "production"];
    let run = |redis: &[&str]| {
        let mut command = command(folder.path(), &arguments);
        command.args(redis).output().unwrap()
    };
    refused(&run(&[]), 1, &["error[AW600]", "ARCHWRIGHT_REDIS_URL"]);
    // The next thing that is missing.
    let with = run(&["--redis", "redis://localhost"]);
    refused(&with, 2, &["ARCHWRIGHT_SIGNING_KEYS"]);
}

#[test]
fn a_database_of_another_design_is_left_as_it_is() {
    let folder = folder(NOTES);
    Running::start(folder.path(), &["design.yaml"]).stop();
    let changed = NOTES.replace("title: string(1..120)", "headline: string(1..120)");
    std::fs::write(folder.path().join("design.yaml"), changed).unwrap();
    let output = command(folder.path(), &["design.yaml", "--port", "0"])
        .output()
        .unwrap();
    refused(
        &output,
        2,
        &[
            "notes.headline",
            "notes.title",
            "left as it is",
            ".archwright/notes.sqlite",
            "--reset",
        ],
    );
    let production = [
        "design.yaml",
        "--port",
        "0",
        "--env",
        "production",
        "--reset",
    ];
    let output = command(folder.path(), &production).output().unwrap();
    refused(&output, 2, &["--reset", "development"]);
    let server = Running::start(folder.path(), &["design.yaml", "--reset", "--quiet"]);
    assert_eq!(server.line["created"], true);
    let port = server.line["port"].to_string();
    let beside = ["design.yaml", "--reset", "--port", &port];
    let output = command(folder.path(), &beside).output().unwrap();
    refused(&output, 2, &["in use"]);
    assert!(server.get("/v1/notes").starts_with("HTTP/1.1 200 "));
    server.stop();
}

#[test]
fn what_no_row_was_made_up_of_is_named() {
    let design = NOTES.replace(
        "    allow:",
        "    checks: { never: \"title == 'a' && title == 'b'\" }\n    allow:",
    );
    let folder = folder(&design);
    let server = Running::start(folder.path(), &["design.yaml", "--seed", "--quiet"]);
    assert_eq!(server.line["unseeded"], serde_json::json!(["Note"]));
    server.stop();
}

#[test]
fn production_wants_secrets_and_takes_no_seed() {
    let folder = folder(NOTES);
    let arguments = ["design.yaml", "--port", "0", "--env", "production"];
    let output = command(folder.path(), &arguments).output().unwrap();
    refused(
        &output,
        2,
        &["ARCHWRIGHT_SIGNING_KEYS", "openssl rand -base64 32"],
    );
    let output = command(folder.path(), &arguments)
        .arg("--seed")
        .output()
        .unwrap();
    refused(&output, 2, &["--seed", "development"]);
}

#[test]
fn arguments_that_make_no_sense_are_explained() {
    let folder = folder(NOTES);
    let check = |arguments: &[&str], part: &str| {
        let mut all = vec!["design.yaml"];
        all.extend(arguments);
        refused(&command(folder.path(), &all).output().unwrap(), 2, &[part]);
    };
    check(
        &["--rate-limits", "x0"],
        "write `planned`, `off`, or a factor such as `x10`",
    );
    check(
        &["--database", "mysql://x"],
        "write sqlite://PATH, sqlite::memory: or postgres://",
    );
    check(
        &[
            "--database",
            "sqlite:///no/such/folder/x.sqlite",
            "--port",
            "0",
        ],
        "/no/such/folder/x.sqlite",
    );
    check(&["--host", "foo"], "127.0.0.1 for this machine alone");
    check(
        &["--public-url", "api.example.com"],
        "https://api.example.com",
    );
}
