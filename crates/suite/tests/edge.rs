//! Damaged requests of all kinds, the same ones each time: the answer is a problem with its cause, never a 500.

#![expect(clippy::unwrap_used, reason = "a failure is the test's failure")]

mod common;

use common::{Running, example, postgres_database, serve, serve_on};
use fastrand::Rng;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;

const REQUESTS: usize = 1_500;
/// Tokens are taken anew after so many requests: some of those sign out.
const ROUND: usize = 100;

/// An operation of the served document, with what it takes.
struct Target {
    method: String,
    path: String,
    /// Names in the path, the query and the headers, each with a value that fits.
    path_names: Vec<(String, String)>,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    /// Media type and example.
    bodies: Vec<(String, Vec<u8>)>,
}

/// What requests are made from.
struct Material {
    targets: Vec<Target>,
    tokens: Vec<String>,
    /// Ids, keys and cursors that the server has shown.
    seen: Vec<String>,
}

#[test]
fn damaged_requests_to_the_bookshop_are_refused() {
    check("bookshop", &["customer", "staff", "admin"]);
}

#[test]
fn damaged_requests_to_profiles_are_refused() {
    check("profile", &["member", "admin"]);
}

#[test]
fn damaged_requests_to_payments_are_refused() {
    check("payments", &["merchant", "provider", "admin"]);
}

#[test]
fn damaged_requests_to_the_helpdesk_are_refused() {
    check("helpdesk", &["requester", "agent", "lead"]);
}

fn check(name: &str, roles: &[&str]) {
    let plan = example(name);
    check_on(&serve(plan.clone(), &plan), roles);
    check_on(&serve_on(postgres_database(), plan.clone(), &plan), roles);
}

fn check_on(server: &Running, roles: &[&str]) {
    let (status, document) = get(server, "/openapi.json");
    assert_eq!(status, 200);
    let mut material = Material {
        targets: targets(&document),
        tokens: Vec::new(),
        seen: Vec::new(),
    };
    let mut rng = Rng::with_seed(1);
    let mut counts = BTreeMap::new();
    for number in 0..REQUESTS {
        if number % ROUND == 0 {
            for (index, role) in roles.iter().enumerate() {
                match token(server, role) {
                    Some(token) if index < material.tokens.len() => material.tokens[index] = token,
                    Some(token) => material.tokens.push(token),
                    // A request has given the account another name, or deleted it.
                    None => assert!(number > 0, "nobody has the role {role}"),
                }
            }
        }
        let request = request(&material, &mut rng);
        let shown = String::from_utf8_lossy(&request).into_owned();
        let reply = ask(server, &request);
        let (status, body) = judged(&reply).unwrap_or_else(|wrong| {
            let reply = String::from_utf8_lossy(&reply);
            panic!("request {number}: {wrong}\n{shown}\n\n{reply}")
        });
        *counts.entry(status).or_insert(0) += 1;
        if status < 300 && material.seen.len() < 500 {
            note(&body, &mut material.seen);
        }
    }
    // Much comes through, and is refused for many reasons: otherwise the requests are no good.
    for status in [200, 400, 401, 403, 404, 415, 422] {
        assert!(counts.contains_key(&status), "no {status} in {counts:?}");
    }
}

/// Status and body of a reply that is as every reply has to be.
fn judged(reply: &[u8]) -> Result<(u16, Value), String> {
    let end = reply.windows(4).position(|four| four == b"\r\n\r\n");
    let (head, body) = reply.split_at(end.ok_or("no whole head")? + 4);
    let head = String::from_utf8_lossy(head).to_lowercase();
    let status = head.get(9..12).and_then(|status| status.parse().ok());
    let status: u16 = status.ok_or("no status")?;
    let body = serde_json::from_slice(body).unwrap_or(Value::Null);
    if status >= 500 {
        return Err(format!("status {status}"));
    }
    if status >= 400 {
        let is_problem = head.contains("\r\ncontent-type: application/problem+json");
        if !is_problem || body["status"] != status || !body["code"].is_string() {
            return Err("no problem document".to_owned());
        }
    }
    Ok((status, body))
}

fn ask(server: &Running, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(request).unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).unwrap();
    reply
}

fn get(server: &Running, path: &str) -> (u16, Value) {
    let head = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    judged(&ask(server, head.as_bytes())).unwrap()
}

/// An access token of the seeded account that stands for a role, while it is there.
fn token(server: &Running, role: &str) -> Option<String> {
    let head = format!(
        "POST /dev/sign-in/{role} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
    );
    let (status, body) = judged(&ask(server, head.as_bytes())).unwrap();
    assert!(matches!(status, 200 | 404), "{body}");
    (status == 200).then(|| text(&body["access_token"]))
}

/// Ids, keys and cursors of what was shown.
fn note(body: &Value, seen: &mut Vec<String>) {
    match body {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if text.len() < 300 => seen.push(text.clone()),
                    Value::Number(number) if name == "id" => seen.push(number.to_string()),
                    value => note(value, seen),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| note(item, seen)),
        _ => {}
    }
}

// ---- what the document offers --------------------------------------------------------------------------------------

fn targets(document: &Value) -> Vec<Target> {
    let mut targets = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in ["get", "post", "put", "patch", "delete"] {
            let Some(operation) = item.get(method) else {
                continue;
            };
            let own = operation["parameters"].as_array();
            let parameters = own.into_iter().flatten().map(|one| resolved(document, one));
            let parameters: Vec<&Value> = parameters.collect();
            let of = |place: &str| {
                let here = parameters.iter().filter(|one| one["in"] == place);
                here.map(|one| (text(&one["name"]), text(&one["example"])))
                    .collect()
            };
            let content = operation["requestBody"]["content"].as_object();
            targets.push(Target {
                method: method.to_uppercase(),
                path: path.clone(),
                path_names: of("path"),
                query: of("query"),
                headers: of("header"),
                bodies: content.into_iter().flat_map(bodies).collect(),
            });
        }
    }
    targets
}

fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => document.pointer(&reference[1..]).unwrap(),
        None => value,
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

fn bodies(content: &Map<String, Value>) -> Vec<(String, Vec<u8>)> {
    let body = |(media_type, body): (&String, &Value)| match &media_type[..] {
        "multipart/form-data" => {
            let media_type = "multipart/form-data; boundary=edge".to_owned();
            (media_type, multipart(b"\x89PNG\r\n\x1a\n0000"))
        }
        _ => {
            let example = match &body["example"] {
                Value::Null => body["examples"]
                    .as_object()
                    .and_then(|all| all.values().next()),
                example => Some(example),
            };
            let bytes = example.map_or(b"\x89PNG\r\n\x1a\n0000".to_vec(), |example| {
                example
                    .get("value")
                    .unwrap_or(example)
                    .to_string()
                    .into_bytes()
            });
            (media_type.clone(), bytes)
        }
    };
    content.iter().map(body).collect()
}

fn multipart(bytes: &[u8]) -> Vec<u8> {
    let head = "--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\
                content-type: image/png\r\n\r\n";
    [head.as_bytes(), bytes, b"\r\n--edge--\r\n"].concat()
}

// ---- damage --------------------------------------------------------------------------------------------------------

fn request(material: &Material, rng: &mut Rng) -> Vec<u8> {
    let target = rng.choice(&material.targets).unwrap();
    let mut path = target.path.clone();
    for (name, fitting) in &target.path_names {
        let value = value(material, fitting, rng);
        path = path.replace(&format!("{{{name}}}"), &encoded(&value, rng));
    }
    let mut query = Vec::new();
    for (name, fitting) in &target.query {
        if rng.u8(..) < 40 {
            let name = match rng.u8(..8) {
                0 => damaged(name.as_bytes(), rng),
                _ => name.clone().into_bytes(),
            };
            let value = value(material, fitting, rng);
            query.push(format!("{}={}", encoded(&name, rng), encoded(&value, rng)));
        }
    }
    let mark = if query.is_empty() { "" } else { "?" };
    let mut head = format!(
        "{} {path}{mark}{} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n",
        target.method,
        query.join("&")
    )
    .into_bytes();
    let mut header = |name: &str, value: &[u8]| {
        // What HTTP itself forbids is refused before any of our code.
        let value = value.iter().filter(|byte| **byte >= b' ' && **byte != 0x7f);
        head.extend(format!("{name}: ").bytes().chain(value.copied()));
        head.extend(b"\r\n");
    };
    if let Some(token) = rng.choice(&material.tokens).filter(|_| rng.u8(..6) > 0) {
        let scheme = *rng
            .choice(&[
                "Bearer ", "Bearer ", "Bearer ", "Bearer ", "bearer ", "Basic ", "Bearer",
            ])
            .unwrap();
        let token = match rng.u8(..6) {
            0 => damaged(token.as_bytes(), rng),
            _ => token.clone().into_bytes(),
        };
        header("authorization", &[scheme.as_bytes(), &token].concat());
    }
    for (name, fitting) in &target.headers {
        if rng.u8(..3) == 0 {
            header(name, &value(material, fitting, rng));
        }
    }
    for name in [
        "accept",
        "content-encoding",
        "range",
        "traceparent",
        "if-none-match",
        "cookie",
        "origin",
    ] {
        if rng.u8(..24) == 0 {
            header(name, &value(material, "application/json", rng));
        }
    }
    let mut body = Vec::new();
    if let Some((media_type, example)) = rng.choice(&target.bodies).filter(|_| rng.u8(..12) > 0) {
        let media_type = match rng.u8(..10) {
            0 => damaged(media_type.as_bytes(), rng),
            _ => media_type.clone().into_bytes(),
        };
        header("content-type", &media_type);
        body = match serde_json::from_slice(example) {
            Ok(json) if rng.bool() => changed(&json, rng).to_string().into_bytes(),
            _ if rng.u8(..3) == 0 => damaged(example, rng),
            _ => example.clone(),
        };
    }
    header("content-length", body.len().to_string().as_bytes());
    head.extend(b"\r\n");
    head.extend(body);
    head
}

/// One that fits, one that was seen, or nonsense.
fn value(material: &Material, fitting: &str, rng: &mut Rng) -> Vec<u8> {
    match rng.u8(..8) {
        0..3 => rng
            .choice(&material.seen)
            .map_or(fitting, |seen| seen)
            .as_bytes()
            .to_vec(),
        3..5 => fitting.as_bytes().to_vec(),
        5 => damaged(
            rng.choice(&material.seen)
                .map_or(fitting, |seen| seen)
                .as_bytes(),
            rng,
        ),
        6 => damaged(fitting.as_bytes(), rng),
        _ => nonsense(rng),
    }
}

fn nonsense(rng: &mut Rng) -> Vec<u8> {
    const TEXTS: &[&str] = &[
        "",
        " ",
        "0",
        "-1",
        "null",
        "true",
        "[]",
        "{}",
        "\"",
        "'",
        "%",
        "*",
        "..",
        "../../etc/passwd",
        "\0",
        "\u{feff}",
        "\u{1f600}",
        "1e400",
        "NaN",
        "9223372036854775808",
        "99999999999999999999999999",
        "2026-02-30",
        "0000-00-00T00:00:00Z",
        "9999-12-31T23:59:60.999999999+24:00",
        "00000000-0000-0000-0000-000000000000",
        "' OR 1=1 --",
        "$1",
        "?",
        "a,b,,c",
        "-",
        "--",
        "+00:00",
        "\"1\", W/\"2\"",
        "bytes=0-,5-1",
        ",",
        ";q=",
        "=",
        "&",
    ];
    match rng.u8(..6) {
        0 => (0..rng.usize(..64)).map(|_| rng.u8(..)).collect(),
        1 => vec![rng.u8(..); rng.usize(..1_000)],
        _ => rng
            .choice(TEXTS)
            .map_or(Vec::new(), |text| text.as_bytes().to_vec()),
    }
}

fn damaged(bytes: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..rng.usize(1..4) {
        let at = rng.usize(..=bytes.len());
        match rng.u8(..5) {
            0 => bytes.truncate(at),
            1 if at < bytes.len() => bytes[at] = rng.u8(..),
            2 if at < bytes.len() => {
                bytes.remove(at);
            }
            3 => {
                let tail = bytes.split_off(at);
                bytes.extend(nonsense(rng));
                bytes.extend(tail);
            }
            _ => bytes.extend_from_within(..at),
        }
    }
    bytes
}

/// With one part replaced, left out, doubled in depth, or added.
fn changed(json: &Value, rng: &mut Rng) -> Value {
    match json {
        Value::Object(members) if !members.is_empty() && rng.u8(..4) > 0 => {
            let mut members = members.clone();
            let names: Vec<String> = members.keys().cloned().collect();
            let name = rng.choice(&names).unwrap();
            match rng.u8(..6) {
                0 => {
                    members.shift_remove(name);
                }
                1 => {
                    members.insert(
                        String::from_utf8_lossy(&nonsense(rng)).into_owned(),
                        json.clone(),
                    );
                }
                _ => {
                    let inner = changed(&members[name], rng);
                    members.insert(name.clone(), inner);
                }
            }
            Value::Object(members)
        }
        Value::Array(items) if !items.is_empty() && rng.u8(..4) > 0 => {
            let mut items = items.clone();
            let at = rng.usize(..items.len());
            items[at] = changed(&items[at], rng);
            Value::Array(items)
        }
        _ => match rng.u8(..10) {
            0 => Value::Null,
            1 => json!(true),
            2 => json!(rng.i64(..)),
            3 => json!(rng.f64() * 1e300),
            4 => json!([json, json]),
            5 => json!({ "a": json }),
            6 => (0..rng.usize(1..80)).fold(json.clone(), |inner, _| json!([inner])),
            _ => String::from_utf8_lossy(&nonsense(rng)).into_owned().into(),
        },
    }
}

/// For a URL; now and then wrongly.
fn encoded(bytes: &[u8], rng: &mut Rng) -> String {
    let text = percent_encode(bytes, NON_ALPHANUMERIC).to_string();
    match rng.u8(..20) {
        0 => text.replacen('%', "%zz", 1),
        _ => text,
    }
}
