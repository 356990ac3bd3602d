//! Problem replies: those that an operation declares, and those that any request can meet.

use crate::object::{object, reference};
use crate::{Context, access, shape};
use archwright_plan::{
    COMMON_ERRORS, ErrorCase, Operation, OperationKind, status_code, status_title,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// `NotFound`
fn component(status: u16) -> String {
    let words = status_title(status).split(' ');
    let capital = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
    words.map(capital).collect()
}

/// The responses that components hold: one for each common error.
pub(crate) fn components(context: Context) -> Map<String, Value> {
    let common = COMMON_ERRORS.iter().map(|(status, when)| {
        let cases = [(status_code(*status).to_owned(), (*when).to_owned())];
        (component(*status), response(context, *status, &cases))
    });
    common.collect()
}

/// All error replies of an operation, by status.
pub(crate) fn responses(context: Context, operation: &Operation) -> Vec<(u16, Value)> {
    let mut by_status: BTreeMap<u16, Vec<(String, String)>> = BTreeMap::new();
    for status in implied(context, operation) {
        by_status.entry(status).or_default();
    }
    for ErrorCase {
        status, code, when, ..
    } in &operation.errors
    {
        let cases = by_status.entry(*status).or_default();
        if !cases.contains(&(code.clone(), when.clone())) {
            cases.push((code.clone(), when.clone()));
        }
    }
    by_status
        .into_iter()
        .map(|(status, cases)| {
            let mut common = COMMON_ERRORS.iter();
            let common = common.find(|(known, _)| *known == status);
            let value = match common {
                Some((_, when)) if says_no_more(&cases, status, when) => {
                    reference("responses", &component(status))
                }
                _ => response(context, status, &cases),
            };
            (status, value)
        })
        .collect()
}

fn says_no_more(cases: &[(String, String)], status: u16, common: &str) -> bool {
    let mut cases = cases.iter();
    cases.all(|(code, when)| code == status_code(status) && when == common)
}

/// Whether a status can be the server's own, beside a reply of the operation: because it follows from what the operation
/// takes, whatever it then does, or because the design moves a mistake there.
pub(crate) fn is_of_server(context: Context, operation: &Operation, status: u16) -> bool {
    let mut cases = operation.errors.iter();
    implied(context, operation).contains(&status)
        || cases.any(|case| case.is_moved && case.status == status)
}

/// A reply of an operation's own, or the error of that status.
pub(crate) fn or_problem(context: Context, status: u16, own: &mut Value) {
    let (media_type, schema) = (media_type(context, status), schema_of(context, status));
    let Some(known) = own["content"].get_mut(media_type) else {
        own["content"][media_type] = json!({
            "schema": schema,
            "example": example(context, status, status_code(status), status_title(status)),
        });
        return;
    };
    let own = known["schema"].take();
    let mut either = match own.get("anyOf") {
        Some(Value::Array(several)) => several.clone(),
        _ => vec![own],
    };
    if !either.contains(&schema) {
        either.push(schema);
    }
    known["schema"] = match &either[..] {
        [only] => only.clone(),
        _ => json!({ "anyOf": either }),
    };
}

/// Statuses that follow from what the operation takes.
fn implied(context: Context, operation: &Operation) -> Vec<u16> {
    let api = &context.plan.model.api;
    let mut statuses = vec![api.status("bad-request", 400), 405, 406, 408, 429, 500, 503];
    if access::reads_token(context, operation) {
        statuses.push(401);
        if !access::open_to_anyone(operation) {
            statuses.push(403);
        }
    }
    if matches!(
        operation.kind,
        OperationKind::SignIn | OperationKind::Refresh
    ) {
        statuses.push(401);
    }
    if !operation.parameters.is_empty() {
        statuses.push(404);
    }
    if crate::operation::has_body(context, operation) {
        statuses.extend([413, 415, api.status("invalid", 422)]);
    }
    if operation.idempotency_key {
        statuses.push(api.status("key-reused", 422));
    }
    if operation.etag && operation.method != archwright_plan::model::Method::Get {
        statuses.push(412);
    }
    statuses
}

fn response(context: Context, status: u16, cases: &[(String, String)]) -> Value {
    let description: Vec<&str> = cases.iter().map(|(_, when)| when.as_str()).collect();
    let description = match description.as_slice() {
        [] => status_title(status).to_owned(),
        [only] => (*only).to_owned(),
        several => several
            .iter()
            .map(|when| format!("- {when}"))
            .collect::<Vec<_>>()
            .join("\n"),
    };
    let mut content = object(json!({ "schema": schema_of(context, status) }));
    match cases {
        [] => content.insert(
            "example".to_owned(),
            example(context, status, "error", status_title(status)),
        ),
        [(code, when)] => {
            content.insert("example".to_owned(), example(context, status, code, when))
        }
        several => {
            let mut examples = Map::new();
            for (code, when) in several {
                let mut name = code.clone();
                while examples.contains_key(&name) {
                    name.push_str("-2");
                }
                let value = example(context, status, code, when);
                examples.insert(name, json!({ "summary": when, "value": value }));
            }
            content.insert("examples".to_owned(), examples.into())
        }
    };
    json!({
        "description": description,
        "headers": headers(status),
        "content": { media_type(context, status): content },
    })
}

/// Errors of a status that has a shape of its own are described in place.
pub(crate) fn schema_of(context: Context, status: u16) -> Value {
    let mut errors = context.plan.model.api.errors.iter();
    match errors.find(|(known, _)| *known == Some(status)) {
        Some((_, shape)) => shape::schema(context, shape, &[]).unwrap_or(json!({})),
        None => reference("schemas", &context.names.problem),
    }
}

fn media_type(context: Context, status: u16) -> &'static str {
    match context.plan.model.api.error_shape(status) {
        Some(_) => "application/json",
        None => "application/problem+json",
    }
}

fn headers(status: u16) -> Map<String, Value> {
    let mut headers = crate::reply::common_headers();
    let mut add = |name: &str, component: &str| {
        headers.insert(name.to_owned(), reference("headers", component));
    };
    match status {
        401 => add("WWW-Authenticate", "WWW-Authenticate"),
        405 => add("Allow", "Allow"),
        429 | 503 => add("Retry-After", "Retry-After"),
        _ => {}
    }
    headers
}

/// The schema of a problem reply.
pub(crate) fn schema(context: Context) -> Value {
    let mut errors = context.plan.model.api.errors.iter();
    if let Some((_, shape)) = errors.find(|(status, _)| status.is_none()) {
        return shape::schema(context, shape, &[]).unwrap_or(json!({}));
    }
    json!({
        "type": "object",
        "description": "Problem details (RFC 9457).",
        "properties": {
            "type": { "type": "string", "format": "uri-reference", "description": "Names the kind of problem." },
            "title": { "type": "string", "description": "What the kind of problem is called." },
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "detail": { "type": "string", "description": "What is wrong with this request." },
            "instance": { "type": "string", "description": "The request that met the problem." },
            "code": { "type": "string", "description": "Stable, for programs." },
            "errors": {
                "type": "array",
                "description": "One entry for each bad field or parameter.",
                "items": {
                    "type": "object",
                    "properties": {
                        "pointer": { "type": "string", "description": "JSON Pointer (RFC 6901) into the body." },
                        "parameter": { "type": "string", "description": "Name of a parameter or header." },
                        "code": { "type": "string" },
                        "detail": { "type": "string" },
                    },
                    "required": ["code", "detail"],
                    "additionalProperties": false,
                },
            },
        },
        "required": ["type", "title", "status", "code"],
        "additionalProperties": false,
    })
}

fn example(context: Context, status: u16, code: &str, when: &str) -> Value {
    if let Some(shape) = context.plan.model.api.error_shape(status) {
        return shape::example(context, shape);
    }
    let mut problem = object(json!({
        "type": format!("/problems/{code}"),
        "title": status_title(status),
        "status": status,
        "detail": when,
        "instance": "019a7b3c-5e00-7000-8000-00000000abcd",
        "code": code,
    }));
    if code == "invalid" {
        let fault = json!({ "pointer": "/name", "code": "too-long", "detail": "It must have at most 120 characters." });
        problem.insert("errors".to_owned(), json!([fault]));
    }
    if code == "bad-request" {
        let fault = json!({ "parameter": "limit", "code": "too-large", "detail": "The limit must be at most 100." });
        problem.insert("errors".to_owned(), json!([fault]));
    }
    Value::Object(problem)
}
