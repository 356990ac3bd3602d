//! The JSON Schema: the committed copy is current, sound designs validate, broken ones don't.
#![expect(
    clippy::unwrap_used,
    reason = "a schema that isn't valid fails the test"
)]

mod common;

use archwright_design::json_schema;
use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value, json};
use std::path::Path;

#[test]
fn the_committed_schema_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schema/archwright.schema.json");
    let current = format!("{:#}\n", json_schema());
    if std::env::var_os("ARCHWRIGHT_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &current).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == current,
        "run `archwright schema > schema/archwright.schema.json`"
    );
}

#[test]
fn the_schema_is_one() {
    assert!(jsonschema::meta::is_valid(&json_schema()));
}

#[test]
fn sound_designs_validate() {
    let validator = jsonschema::validator_for(&json_schema()).unwrap();
    for (name, text) in common::designs() {
        let problems: Vec<String> = validator
            .iter_errors(&value(&text))
            .map(|error| format!("{} at {}", error, error.instance_path()))
            .collect();
        assert!(problems.is_empty(), "{name}: {problems:#?}");
    }
}

#[track_caller]
fn check_refused(body: &str) {
    let validator = jsonschema::validator_for(&json_schema()).unwrap();
    let text = format!("archwright: 1\nname: shop\n{body}\n");
    assert!(!validator.is_valid(&value(&text)), "{text}");
}

#[test]
fn broken_designs_do_not_validate() {
    check_refused("entites: {}");
    check_refused("roles: { customer: { sign-up: opne } }");
    check_refused("roles: { 'a b': {} }");
    check_refused("entities: { order: { fields: {} } }");
    check_refused("entities: { Order: {} }");
    check_refused("entities: { Order: { fields: { a: '' } } }");
    check_refused("entities: { Order: { fields: { a: int search } } }");
    check_refused("entities: { Order: { fields: { a: { type: int, nope: 1 } } } }");
    check_refused("entities: { Order: { fields: {}, soft-delete: 'yes' } }");
    check_refused("entities: { Order: { fields: {}, allow: { destroy: staff } } }");
    check_refused("entities: { Order: { fields: {}, unique: [a, b] } }");
    check_refused("entities: { Order: { fields: {}, workload: { list: 400 } } }");
    check_refused("entities: { Order: { fields: {}, moves: { go: { from: a, to: b } } } }");
    check_refused("api: { body: 5 }");
    check_refused("api: { tokens: { access: 15 minutes } }");
    check_refused("operations: { a: { route: GET x, by: anyone } }");
    check_refused("operations: { a: { route: GET /x, by: anyone, steps: [ { fnd: { a: B } } ] } }");
    check_refused(
        "operations: { a: { route: GET /x, by: anyone, steps: [ { find: { a: B }, guard: x } ] } }",
    );
    check_refused("operations: { a: { route: GET /x, by: anyone, reply: { ok: x } } }");
    check_refused("operations: { a: { route: GET /x, by: anyone, reply: { 200: [x] } } }");
}

/// YAML as other readers see it (core schema).
fn value(text: &str) -> Value {
    let mut events = Parser::new_from_str(text).map(|event| event.unwrap().0);
    loop {
        match events.next().unwrap() {
            Event::StreamStart | Event::DocumentStart(_) => {}
            event => return node(event, &mut events),
        }
    }
}

fn node<'i>(event: Event<'i>, events: &mut impl Iterator<Item = Event<'i>>) -> Value {
    match event {
        Event::Scalar(text, ScalarStyle::Plain, ..) => plain(&text),
        Event::Scalar(text, ..) => json!(text),
        Event::SequenceStart(..) => {
            let mut items = Vec::new();
            loop {
                match events.next().unwrap() {
                    Event::SequenceEnd => return Value::Array(items),
                    event => items.push(node(event, events)),
                }
            }
        }
        _ => {
            let mut entries = Map::new();
            loop {
                match events.next().unwrap() {
                    Event::Scalar(key, ..) => {
                        let next = events.next().unwrap();
                        entries.insert(key.into_owned(), node(next, events));
                    }
                    _ => return Value::Object(entries),
                }
            }
        }
    }
}

fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" => Value::Null,
        "true" => json!(true),
        "false" => json!(false),
        _ => text
            .parse::<i64>()
            .map(Value::from)
            .or_else(|_| text.parse::<f64>().map(Value::from))
            .unwrap_or_else(|_| json!(text)),
    }
}
