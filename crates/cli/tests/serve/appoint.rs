//! `archwright appoint` beside a running server.

use crate::refused;
use crate::running::{Running, folder};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

const STAFFED: &str = "archwright: 1
name: staffed
roles:
  member: { sign-up: open }
  editor: { granted-by: editor }
entities:
  User:
    account: email
    fields: { email: 'email, unique' }
  Note:
    fields: { title: string(1..120) }
    allow: { read: editor, create: editor }
";

fn appoint(folder: &Path, role: &str, account: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_archwright"));
    command.args(["appoint", "design.yaml", role, account]);
    command.env_remove("ARCHWRIGHT_DATABASE_URL");
    command.current_dir(folder).output().unwrap()
}

#[test]
fn the_first_holder_of_a_role_is_appointed_beside_the_running_server() {
    let folder = folder(STAFFED);
    let place = folder.path();
    let first = appoint(place, "editor", "ada@example.com");
    refused(&first, 2, &["staffed.sqlite", "sign up"]);
    let server = Running::start(place, &["design.yaml", "--quiet"]);
    let early = appoint(place, "editor", "ada@example.com");
    refused(&early, 2, &["nobody signs in with ada@example.com"]);
    let body = r#"{"email": "ada@example.com", "password": "correct horse battery"}"#;
    let reply = server.ask(
        "POST",
        "/v1/auth/sign-up",
        "content-type: application/json",
        body,
    );
    let reply = reply.split("\r\n\r\n").nth(1).unwrap();
    let reply: Value = serde_json::from_str(reply).unwrap();
    let token = reply["access_token"].as_str().unwrap();
    let bearer = format!("authorization: Bearer {token}");
    let status = || server.ask("GET", "/v1/notes", &bearer, "")[9..12].to_owned();
    assert_eq!(status(), "403");
    for said in ["now", "already"] {
        let output = appoint(place, "editor", "ada@example.com");
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text, format!("ada@example.com is editor {said}.\n"));
    }
    assert_eq!(status(), "200");
    let open = appoint(place, "member", "ada@example.com");
    refused(&open, 2, &["no role that is granted", "editor"]);
    server.stop();
}
