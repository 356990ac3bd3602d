//! Documents of the example designs: valid OpenAPI 3.1, complete, and with examples that keep their own schemas.

#![expect(clippy::unwrap_used, reason = "a failure is the test's failure")]

use archwright_openapi::{DocumentOptions, document};
use archwright_plan::{Plan, model, plan};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const META_SCHEMA: &str = include_str!("schemas/openapi-3.1-2022-10-07.json");

fn examples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    paths.sort();
    assert!(paths.len() >= 4, "the examples are missing");
    paths
}

fn read(folder: &Path) -> Plan {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .collect();
    paths.sort();
    let files: Vec<(String, Vec<u8>)> = paths
        .iter()
        .map(|path| (path.display().to_string(), std::fs::read(path).unwrap()))
        .collect();
    plan_of(&files)
}

fn plan_of(files: &[(String, Vec<u8>)]) -> Plan {
    let reading = archwright_design::read(files);
    let (model, diagnostics) = model::lower(&reading.design);
    plan(model.unwrap_or_else(|| panic!("{}: {diagnostics:#?}", files[0].0)))
}

fn check_each(check: impl Fn(&Plan, &Value)) {
    for folder in examples() {
        let plan = read(&folder);
        let printed = document(&plan, &DocumentOptions::default());
        check(&plan, &printed);
    }
}

/// Calls `visit` with the path of each value.
fn walk<'a>(value: &'a Value, path: &str, visit: &mut dyn FnMut(&str, &'a Value)) {
    visit(path, value);
    match value {
        Value::Object(object) => {
            for (key, inner) in object {
                walk(inner, &format!("{path}/{key}"), visit);
            }
        }
        Value::Array(items) => {
            for (index, inner) in items.iter().enumerate() {
                walk(inner, &format!("{path}/{index}"), visit);
            }
        }
        _ => {}
    }
}

/// Every pair of an example and the schema that stands beside it.
fn pairs(document: &Value) -> Vec<(String, Value, Value)> {
    let mut pairs = Vec::new();
    walk(document, "", &mut |path, value| {
        let Some(schema) = value.get("schema") else {
            return;
        };
        if let Some(example) = value.get("example") {
            pairs.push((path.to_owned(), schema.clone(), example.clone()));
        }
        for example in value
            .get("examples")
            .and_then(Value::as_object)
            .into_iter()
            .flat_map(Map::values)
        {
            pairs.push((path.to_owned(), schema.clone(), example["value"].clone()));
        }
    });
    pairs
}

#[test]
fn documents_are_valid_openapi() {
    let meta: Value = serde_json::from_str(META_SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&meta).unwrap();
    check_each(|plan, document| {
        let faults: Vec<String> = validator
            .iter_errors(document)
            .map(|error| format!("{} at {}", error, error.instance_path()))
            .collect();
        assert!(faults.is_empty(), "{}: {faults:#?}", plan.model.name);
    });
}

#[test]
fn examples_keep_their_schemas() {
    check_each(|plan, document| {
        let pairs = pairs(document);
        assert!(pairs.len() > plan.operations.len());
        for (path, schema, example) in pairs {
            let schema = json!({ "components": document["components"], "allOf": [schema] });
            let validator = jsonschema::options()
                .should_validate_formats(true)
                .build(&schema)
                .unwrap();
            let faults: Vec<String> = validator
                .iter_errors(&example)
                .map(|error| format!("{error} at {}", error.instance_path()))
                .collect();
            assert!(
                faults.is_empty(),
                "{} {path}: {faults:#?}\n{example:#}",
                plan.model.name
            );
        }
    });
}

#[test]
fn schemas_compile_and_references_lead_somewhere() {
    check_each(|plan, document| {
        walk(document, "", &mut |path, value| {
            if let Some(Value::String(target)) = value.get("$ref") {
                let found = document.pointer(target.trim_start_matches('#'));
                assert!(found.is_some(), "{} {path}: {target}", plan.model.name);
            }
        });
        let schemas = document["components"]["schemas"].as_object().unwrap();
        for name in schemas.keys() {
            let reference = format!("#/components/schemas/{name}");
            let schema = json!({ "components": document["components"], "$ref": reference });
            jsonschema::validator_for(&schema).unwrap();
        }
    });
}

#[test]
fn every_operation_is_described_once_with_an_example_of_its_request_and_reply() {
    check_each(|plan, document| {
        let mut ids = BTreeSet::new();
        for operation in &plan.operations {
            let method = operation.method.name().to_lowercase();
            let printed = &document["paths"][&operation.path][&method];
            let place = format!("{} {}", plan.model.name, operation.id);
            assert!(
                ids.insert(printed["operationId"].as_str().unwrap()),
                "{place}"
            );
            assert!(
                printed["responses"]
                    .get(operation.status.to_string())
                    .is_some(),
                "{place}"
            );
            for parameter in &operation.parameters {
                let found = printed["parameters"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|known| known["name"] == parameter.name.as_str() && known["in"] == "path");
                assert!(found, "{place}: {}", parameter.name);
            }
            let mut contents = vec![&printed["requestBody"]["content"]];
            contents.extend(
                printed["responses"]
                    .as_object()
                    .unwrap()
                    .values()
                    .map(|reply| &reply["content"]),
            );
            for (name, content) in contents
                .iter()
                .filter_map(|content| content.as_object())
                .flatten()
            {
                let has_example =
                    content.get("example").is_some() || content.get("examples").is_some();
                assert!(!name.ends_with("json") || has_example, "{place}: {name}");
            }
        }
        let described: usize = document["paths"]
            .as_object()
            .unwrap()
            .values()
            .map(|item| item.as_object().unwrap().len())
            .sum();
        assert_eq!(described, plan.operations.len());
    });
}

#[test]
fn the_same_plan_gives_the_same_bytes() {
    check_each(|plan, document| {
        let again = archwright_openapi::document(plan, &DocumentOptions::default());
        assert_eq!(document.to_string(), again.to_string());
    });
}

#[test]
fn the_server_is_the_one_that_was_asked_for() {
    let plan = read(&examples()[0]);
    let options = DocumentOptions {
        server_url: Some("https://api.example.com".to_owned()),
    };
    assert_eq!(
        document(&plan, &options)["servers"][0]["url"],
        "https://api.example.com"
    );
}

#[test]
fn bodies_refuse_what_the_design_refuses() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/bookshop");
    let document = document(&read(&folder), &DocumentOptions::default());
    let schema =
        json!({ "components": document["components"], "$ref": "#/components/schemas/BookCreate" });
    let validator = jsonschema::validator_for(&schema).unwrap();
    let good = document["paths"]["/v1/books"]["post"]["requestBody"]["content"]["application/json"]
        ["example"]
        .clone();
    assert!(validator.is_valid(&good));
    for (key, value) in [
        ("isbn", json!("1234567890123")),
        ("title", json!("")),
        ("language", json!("xx")),
        ("pages", json!(0)),
        ("price", json!("0.00")),
        ("price", json!(12.5)),
        ("price", json!("12.5")),
        ("stock", json!(-1)),
        ("published_on", json!(1)),
        ("unheard_of", json!(true)),
        ("available", json!(3)),
    ] {
        let mut bad = good.clone();
        bad[key] = value;
        assert!(!validator.is_valid(&bad), "{key}: {}", bad[key]);
    }
    for key in ["isbn", "title", "price", "category_slug"] {
        let mut bad = good.clone();
        bad.as_object_mut().unwrap().shift_remove(key).unwrap();
        assert!(!validator.is_valid(&bad), "without {key}");
    }
}

#[test]
fn operations_about_accounts_and_errors_of_their_own_shape_are_described() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/conduit");
    let document = document(&read(&folder), &DocumentOptions::default());
    let at = |pointer: &str| document.pointer(pointer).cloned().unwrap_or_default();
    let body = "requestBody/content/application~1json/schema/properties/user/properties";
    // Signing in needs no token and looks at none.
    assert_eq!(at("/paths/~1api~1users~1login/post/security"), json!([]));
    assert_ne!(at("/paths/~1api~1user/put/security"), json!([]));
    let password = at(&format!("/paths/~1api~1users/post/{body}/password"));
    assert_eq!(password["format"], "password");
    assert_eq!(password["writeOnly"], true);
    assert_eq!(
        (&password["minLength"], &password["maxLength"]),
        (&json!(8), &json!(256))
    );
    // Left out, null and empty.
    let update = format!("/paths/~1api~1user/put/{body}");
    assert_eq!(at(&format!("{update}/username"))["type"], "string");
    let bio = at(&format!("{update}/bio"));
    assert_eq!(bio["anyOf"][1], json!({ "enum": ["", null] }));
    let required = update.replace("/properties/user/properties", "/properties/user/required");
    assert!(at(&required).as_array().is_none_or(Vec::is_empty));
    // Errors: of a status, of all others, of an operation, of a step.
    let schema = |responses: &str| at(&format!("{responses}/content/application~1json/schema"));
    let missing = schema("/components/responses/Unauthorized");
    assert_eq!(
        missing["properties"]["errors"]["properties"]["token"]["type"],
        "array"
    );
    assert!(schema("/components/responses/BadRequest")["$ref"].is_string());
    let all: Vec<Value> = at("/components/schemas")
        .as_object()
        .unwrap()
        .values()
        .cloned()
        .collect();
    let by_field = all
        .iter()
        .find_map(|one| one.pointer("/properties/errors/additionalProperties/items/type"));
    assert_eq!(by_field, Some(&json!("string")));
    let login = schema("/paths/~1api~1users~1login/post/responses/401");
    assert!(login["properties"]["errors"]["properties"]["credentials"].is_object());
    // Of two steps, and of an address that no row can have.
    let gone = schema("/paths/~1api~1articles~1{slug}~1comments~1{id}/delete/responses/404");
    assert_eq!(gone["anyOf"].as_array().map(Vec::len), Some(3));
}

#[test]
fn what_is_refused_before_an_operation_has_its_say_is_documented_beside_its_own_body() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/conduit");
    let document = document(&read(&folder), &DocumentOptions::default());
    let paths = &document["paths"];
    let refused = &paths["/api/articles/{slug}"]["get"]["responses"]["404"];
    let bodies = &refused["content"]["application/json"]["schema"]["anyOf"];
    assert_eq!(bodies.as_array().map(Vec::len), Some(2), "{refused}");
    let parameters = paths["/api/articles"]["get"]["parameters"].as_array();
    let tag = parameters.unwrap().iter().find(|one| one["name"] == "tag");
    let other = &tag.unwrap()["schema"]["anyOf"][1];
    assert_eq!(other, &json!({ "enum": [""] }));
}

#[test]
fn errors_of_the_server_stand_beside_replies_of_an_operation_of_the_same_status() {
    const DESIGN: &str = "
archwright: 1
name: notes
roles:
  member: { sign-up: open }
  staff: { granted-by: staff }
entities:
  User:
    account: email
    fields: { email: 'email, unique' }
  Note:
    fields: { text: string(1..20), size: 'int, max 9' }
    allow: { read: anyone, write: staff }
operations:
  peek:
    route: POST /peek
    by: staff
    input: { body: { text: string(1..20) } }
    steps:
      - create: { note: Note }
        set: { text: body.text, size: 1 }
      - increment: { note.size: 9 }
    reply:
      200: { text: note.text }
      403: { oops: \"'three'\" }
      409: { oops: \"'conflict'\" }
      422: { oops: \"'wrong'\" }
";
    let plan = plan_of(&[("notes.yaml".to_owned(), DESIGN.as_bytes().to_vec())]);
    let document = document(&plan, &DocumentOptions::default());
    let responses = &document["paths"]["/v1/peek"]["post"]["responses"];
    let types = |status: &str| {
        let content = responses[status]["content"].as_object().unwrap();
        content.keys().cloned().collect::<Vec<_>>()
    };
    let both = ["application/json", "application/problem+json"];
    assert_eq!(types("403"), both);
    assert_eq!(types("422"), both);
    // Only its steps end so.
    assert_eq!(types("409"), ["application/json"]);
    let peek = plan.operations.iter().find(|one| one.path == "/v1/peek");
    let conflicts = peek.unwrap().errors.iter().filter(|one| one.status == 409);
    let codes: Vec<&str> = conflicts.map(|one| &one.code[..]).collect();
    assert_eq!(codes, ["check"]);
}

#[test]
fn mistakes_that_a_design_moves_stand_beside_replies_of_the_same_status() {
    const DESIGN: &str = "
archwright: 1
name: shelves
api: { statuses: { unique: 422 } }
entities:
  Shelf:
    fields: { name: 'string(1..20), unique', open: bool }
    allow: { read: anyone, write: anyone }
operations:
  rename:
    route: PUT /rename/{name}/{to}
    by: anyone
    input: { path: { to: string(1..20) } }
    steps:
      - find: { shelf: Shelf }
        where: name == path.name
      - guard: shelf.open
        else: 422
      - update: shelf
        set: { name: path.to }
    reply:
      200: { name: shelf.name }
      409: { own: \"'at odds'\" }
      422: { own: \"'closed'\" }
";
    let plan = plan_of(&[("shelves.yaml".to_owned(), DESIGN.as_bytes().to_vec())]);
    let document = document(&plan, &DocumentOptions::default());
    let responses = &document["paths"]["/v1/rename/{name}/{to}"]["put"]["responses"];
    let types = |status: &str| {
        let content = responses[status]["content"].as_object().unwrap();
        content.keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(
        types("422"),
        ["application/json", "application/problem+json"]
    );
    assert_eq!(types("409"), ["application/json"]);
}

#[test]
fn settings_of_other_contracts_are_described() {
    let described = |name: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
        document(&read(&folder.join(name)), &DocumentOptions::default())
    };
    let github = described("github-issues");
    let labels = &github["paths"]["/repos/{owner}/{repo}/labels"];
    let create = &labels["post"];
    let body = &create["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(body.get("additionalProperties"), None, "{body}");
    assert_eq!(
        create["responses"]["201"]["headers"]["Location"],
        json!({ "schema": { "type": "string" }, "required": true })
    );
    let link = &labels["get"]["responses"]["200"]["headers"]["Link"];
    assert_eq!(*link, json!({ "schema": { "type": "string" } }));
    assert_eq!(
        create["security"],
        json!([{ "bearer": [] }, { "as-token": [] }])
    );
    let schemes = &github["components"]["securitySchemes"];
    assert_eq!(schemes["bearer"]["type"], "http");
    assert_eq!(schemes["as-token"]["name"], "Authorization");

    let matrix = described("matrix");
    let name = &matrix["paths"]["/_matrix/client/v3/profile/{userId}/displayname"]["put"];
    let statuses = &name["responses"];
    assert!(statuses.get("400").is_some() && statuses.get("422").is_none());
    let profile = &matrix["paths"]["/_matrix/client/v3/profile/{userId}"]["get"];
    let shown = &profile["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(shown["properties"]["displayname"]["type"], "string");
    assert_eq!(shown.get("required"), None);
}

#[test]
fn conditions_are_said_as_the_design_has_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/bookshop");
    let document = document(&read(&folder), &DocumentOptions::default());
    let described = |method: &str, path: &str| {
        let description = &document["paths"][path][method]["description"];
        description.as_str().unwrap_or_default().to_owned()
    };
    let delete = described("delete", "/v1/orders/{id}");
    let owner = "Allowed for the owner when `status == 'draft'`.";
    assert!(delete.contains(owner), "{delete}");
    let place = described("post", "/v1/orders/{id}/place");
    assert!(place.contains("to `placed`, when `"), "{place}");
    let cancel = described("post", "/v1/orders/{id}/cancel");
    let either = "Allowed for the owner when `status != 'paid'`, or for the role `staff`.";
    assert!(cancel.contains(either), "{cancel}");
}

#[test]
fn clients_are_told_nothing_that_is_for_whoever_designs() {
    check_each(|plan, document| {
        let text = document.to_string();
        for advice in ["under a condition", "No index serves it", "add `filter`"] {
            assert!(!text.contains(advice), "{}: {advice}", plan.model.name);
        }
        if let Some(tenant) = plan.model.tenant {
            let own = format!(
                "Only in the caller's own {}.",
                plan.model.entity(tenant).singular
            );
            assert!(text.contains(&own), "{}", plan.model.name);
        }
    });
}
