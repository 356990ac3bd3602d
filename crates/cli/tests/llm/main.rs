//! `archwright new --llm`: what a language model answers is checked, marked, or not taken.
#![expect(
    clippy::unwrap_used,
    reason = "a test that can't run its command has failed"
)]

mod stub;

use serde_json::{Value as Json, json};
use std::process::{Command, Stdio};
use stub::{Reply, Stub, anthropic, openai};

const KEY: &str = "sk-of-the-test";

const BRIEF: &str = "Members lease plots. A plot has a number, a size and a rent. A lease has a start date and an \
end date. A member has a name and a phone number. The manager of the garden adds plots. Only the manager can end a \
lease. We have about 400 plots.";

/// A run of `new`: its exit status, what it said, and the design that it wrote.
struct Run {
    status: Option<i32>,
    said: String,
    design: String,
}

fn run(model: &str, stub: &Stub, brief: &str, more: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_archwright"))
        .args(["new", "garden", "--yes", "--brief", brief, "--llm", model])
        .args(more)
        .current_dir(folder.path())
        .env("OPENAI_API_KEY", KEY)
        .env("OPENAI_BASE_URL", format!("{}/v1", stub.url))
        .env("ANTHROPIC_API_KEY", KEY)
        .env("ANTHROPIC_BASE_URL", &stub.url)
        .env("OLLAMA_BASE_URL", format!("{}/v1", stub.url))
        .env_remove("OLLAMA_API_KEY")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let design = std::fs::read_to_string(folder.path().join("garden/design.yaml"));
    let run = Run {
        status: output.status.code(),
        said,
        design: design.unwrap_or_default(),
    };
    assert!(!run.said.contains(KEY) && !run.design.contains(KEY));
    run
}

/// A design of the language in the form of JSON.
fn good() -> Json {
    json!({
        "archwright": 1,
        "name": "garden",
        "roles": { "member": { "sign-up": "open" }, "manager": { "granted-by": "manager" } },
        "entities": {
            "Member": {
                "account": "email",
                "fields": { "email": "email, unique", "name": "string(1..200), search", "nickname": "string(1..40)?" },
                "allow": { "read": ["owner", "manager"], "update": "owner" },
            },
            "Plot": {
                "fields": { "number": "string(1..60)", "rent": "money, min 1" },
                "allow": { "read": "signed-in", "write": "manager" },
            },
            "Shed": {
                "fields": { "label": "string(1..40), unique" },
                "allow": { "read": "signed-in" },
            },
        },
    })
}

/// It has a type that there is none of.
fn wrong() -> Json {
    let mut design = good();
    design["entities"]["Plot"]["fields"]["rent"] = "mony".into();
    design
}

/// The design that is written without a model.
fn plain() -> String {
    let folder = tempfile::tempdir().unwrap();
    let status = Command::new(env!("CARGO_BIN_EXE_archwright"))
        .args(["new", "garden", "--yes", "--brief", BRIEF])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    std::fs::read_to_string(folder.path().join("garden/design.yaml")).unwrap()
}

/// Whatever the model does, the design is there as without it, and the reason is told.
#[track_caller]
fn no_help(model: &str, replies: Vec<Reply>, requests: usize, reason: &str) {
    let stub = Stub::start(replies);
    let run = run(model, &stub, BRIEF, &["--llm-timeout", "1"]);
    assert_eq!(run.status, Some(0), "{}", run.said);
    assert!(run.said.contains(reason), "no {reason:?} in\n{}", run.said);
    assert_eq!(run.design, plain());
    assert_eq!(stub.asked().len(), requests);
}

#[test]
fn what_a_model_adds_changes_and_leaves_out_is_marked_and_the_rest_keeps_its_origin() {
    let stub = Stub::start(vec![openai(&good().to_string())]);
    let run = run("openai:gpt-test", &stub, BRIEF, &[]);
    assert_eq!(run.status, Some(0), "{}", run.said);
    for part in [
        "`proposed` is what the language model openai:gpt-test added or changed.",
        "  # proposed\n  Shed:",
        "nickname: string(1..40)?  # proposed\n",
        "rent: money, min 1  # proposed instead of money, min 0 (stated [2])",
        "number: string(1..60)  # stated [2]",
        "#   Plot.size",
        "#   Lease\n",
    ] {
        assert!(run.design.contains(part), "no {part:?} in\n{}", run.design);
    }
    assert!(run.said.contains("marked `proposed`"), "{}", run.said);
}

#[test]
fn openai_gets_the_brief_the_language_the_schema_and_the_first_design() {
    let stub = Stub::start(vec![openai(&good().to_string())]);
    run("openai:gpt-test", &stub, BRIEF, &[]);
    let asked = stub.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].path, "/v1/chat/completions");
    assert_eq!(
        asked[0].header("authorization"),
        Some(format!("Bearer {KEY}").as_str())
    );
    let body = &asked[0].body;
    assert_eq!(body["model"], "gpt-test");
    assert_eq!(body["response_format"]["type"], "json_schema");
    let schema = &body["response_format"]["json_schema"]["schema"];
    assert!(schema["properties"]["entities"].is_object());
    let system = body["messages"][0]["content"].as_str().unwrap();
    assert!(system.contains("# The design language"));
    let user = body["messages"][1]["content"].as_str().unwrap();
    assert!(user.contains("Members lease plots.") && user.contains("\nentities:\n"));
}

#[test]
fn anthropic_is_made_to_hand_in_a_design() {
    let stub = Stub::start(vec![anthropic(&good())]);
    let run = run("anthropic:claude-test", &stub, BRIEF, &[]);
    assert!(run.design.contains("  # proposed\n  Shed:"), "{}", run.said);
    let asked = &stub.asked()[0];
    assert_eq!(asked.path, "/v1/messages");
    assert_eq!(asked.header("x-api-key"), Some(KEY));
    assert!(asked.header("anthropic-version").is_some());
    assert_eq!(asked.body["tool_choice"]["name"], "design");
    assert_eq!(asked.body["tools"][0]["input_schema"]["type"], "object");
    assert!(asked.body["max_tokens"].as_u64().unwrap() > 4_000);
}

#[test]
fn ollama_needs_no_key() {
    let stub = Stub::start(vec![openai(&format!("```json\n{}\n```", good()))]);
    let run = run("ollama:llama:8b", &stub, BRIEF, &[]);
    assert!(run.design.contains("  # proposed\n  Shed:"), "{}", run.said);
    let asked = &stub.asked()[0];
    assert_eq!(asked.body["model"], "llama:8b");
    assert_eq!(asked.header("authorization"), None);
}

#[test]
fn mistakes_go_back_until_the_design_is_sound() {
    let stub = Stub::start(vec![
        openai("{\"entities\": {\"Plot\": "),
        openai(&wrong().to_string()),
        openai(&good().to_string()),
    ]);
    let run = run("openai:gpt-test", &stub, BRIEF, &[]);
    assert!(run.design.contains("  # proposed\n  Shed:"), "{}", run.said);
    let asked = stub.asked();
    assert_eq!(asked.len(), 3);
    let message = |request: usize, at: usize| {
        let message = &asked[request].body["messages"][at];
        (
            message["role"].as_str().unwrap().to_owned(),
            message["content"].as_str().unwrap().to_owned(),
        )
    };
    let (role, text) = message(1, 3);
    assert!(
        role == "user" && text.contains("Your answer is no JSON"),
        "{text}"
    );
    let (role, text) = message(2, 4);
    assert!(role == "assistant" && text.contains("mony"), "{text}");
    let (role, text) = message(2, 5);
    assert!(
        role == "user" && text.contains("mony") && text.contains("AW"),
        "{text}"
    );
}

#[test]
fn mistakes_go_back_three_times_at_most() {
    let again = openai(&wrong().to_string());
    no_help(
        "openai:m",
        vec![again],
        4,
        "still has mistakes after 3 corrections",
    );
    no_help("anthropic:m", vec![anthropic(&wrong())], 4, "mony");
    no_help(
        "openai:m",
        vec![openai("{}")],
        4,
        "The design has no `entities`",
    );
    no_help("openai:m", vec![openai("{\"a\": ")], 4, "no JSON");
}

#[test]
fn a_refusal_ends_the_matter() {
    let refusal = json!({ "message": { "content": null, "refusal": "I would rather not." } });
    let refusal = Reply::Json(200, json!({ "choices": [refusal] }));
    no_help("openai:m", vec![refusal], 1, "I would rather not.");
    let refusal = openai("I can't help with that.");
    no_help("ollama:m", vec![refusal], 1, "I can't help with that.");
    let text = json!({ "type": "text", "text": "No, sorry." });
    let refusal = json!({ "content": [text], "stop_reason": "refusal" });
    no_help(
        "anthropic:m",
        vec![Reply::Json(200, refusal)],
        1,
        "No, sorry.",
    );
}

#[test]
fn a_provider_that_fails_is_named_with_what_it_said() {
    let error = json!({ "error": { "message": "Incorrect API key provided" } });
    let refused = Reply::Json(401, error);
    no_help(
        "openai:m",
        vec![refused],
        1,
        "answered 401: Incorrect API key",
    );
    let broken = Reply::Text(502, "<html>Bad gateway</html>");
    no_help(
        "anthropic:m",
        vec![broken],
        1,
        "answered 502: <html>Bad gateway",
    );
    let strange = Reply::Text(200, "welcome");
    no_help("openai:m", vec![strange], 1, "a form that is not its own");
    no_help("openai:m", vec![Reply::Close], 1, "can't be reached");
    no_help("ollama:m", vec![Reply::Silence], 1, "timeout");
}

#[test]
fn a_server_that_knows_no_schemas_is_asked_without_one() {
    let error = json!({ "error": { "message": "response_format.type is not supported" } });
    let stub = Stub::start(vec![Reply::Json(400, error), openai(&good().to_string())]);
    let run = run("openai:m", &stub, BRIEF, &[]);
    assert!(run.design.contains("  # proposed\n  Shed:"), "{}", run.said);
    assert_eq!(
        stub.asked()[1].body["response_format"]["type"],
        "json_object"
    );
}

#[test]
fn a_brief_in_another_language_is_a_matter_for_the_model() {
    let brief = "Wir brauchen eine Verwaltung für Kleingärten: Mitglieder pachten Parzellen und zahlen jährlich.";
    let stub = Stub::start(vec![openai(&good().to_string())]);
    let read = run("openai:m", &stub, brief, &[]);
    assert_eq!(read.status, Some(0), "{}", read.said);
    assert!(
        read.design.contains("  # proposed\n  Plot:"),
        "{}",
        read.design
    );
    let stub = Stub::start(vec![Reply::Close]);
    let unread = run("openai:m", &stub, brief, &[]);
    assert_eq!(unread.status, Some(2), "{}", unread.said);
    assert_eq!(unread.design, "");
}

#[test]
fn text_of_a_model_never_leaves_its_place_in_the_design() {
    let mut design = good();
    design["about"] = "A garden\nroles: { admin: {} } # ok".into();
    design["entities"]["Shed"]["about"] = "x\n  Evil:\n    fields: {}".into();
    let stub = Stub::start(vec![openai(&design.to_string())]);
    let run = run("openai:m", &stub, BRIEF, &[]);
    assert_eq!(run.status, Some(0), "{}", run.said);
    assert!(!run.design.contains("\n  Evil:"), "{}", run.design);
}

#[test]
fn a_missing_key_or_a_strange_name_is_said_before_anything_is_done() {
    for (model, reason) in [
        ("openai:m", "set OPENAI_API_KEY in the environment"),
        ("oracle:m", "there are openai, anthropic, ollama"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_archwright"))
            .args(["new", "garden", "--yes", "--brief", BRIEF, "--llm", model])
            .current_dir(folder.path())
            .env_remove("OPENAI_API_KEY")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains(reason));
        assert!(!folder.path().join("garden").exists());
    }
}
