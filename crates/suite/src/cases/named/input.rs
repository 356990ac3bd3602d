//! Bad input of named operations: refused with its place, before any step.

use super::{Cases, inputs, place_name, succeeds};
use crate::call::call_request;
use crate::cases::input::expect_faults;
use crate::cases::invalid::{Bad, of_named_input};
use crate::client::{Payload, Request};
use crate::oracle::Refusal;
use crate::seek::Wanted;
use crate::session::{Outcome, Session};
use crate::wire::encode;
use archwright_plan::Operation;
use archwright_plan::model::{InputField, InputKind, InputPlace, Operation as Definition, Unknown};
use serde_json::{Value as Json, json};

pub(super) fn derive<'p>(
    cases: &mut Cases<'p>,
    operation: &'p Operation,
    definition: &'p Definition,
) {
    let model = &cases.plan.model;
    for (place, path, field) in inputs(definition) {
        let at = place_name(place, &path);
        for bad in of_named_input(model, field) {
            if !is_asked(place, field, &bad) {
                continue;
            }
            let path = path.clone();
            cases.add(
                format!("{}/invalid/{at}/{}", operation.id, bad.class),
                format!("{at} is refused when it is {}", bad.class.replace('-', " ")),
                Some(field.span),
                move |session| spoilt(session, operation, place, &path, &bad),
            );
        }
        if place == InputPlace::Query && !matches!(field.kind, InputKind::List(_)) {
            cases.add(
                format!("{}/invalid/{at}/twice", operation.id),
                format!("{at} is given once"),
                Some(field.span),
                move |session| twice(session, operation, &field.name),
            );
        }
    }
    let mut objects: Vec<Vec<String>> = Vec::new();
    if !definition.body_input.is_empty() {
        objects.push(Vec::new());
    }
    for (place, path, field) in inputs(definition) {
        if let (InputPlace::Body, InputKind::Object(_)) = (place, &field.kind) {
            objects.push(path);
        }
    }
    for path in objects {
        let around: Vec<String> = path.iter().map(|name| format!("{name}.")).collect();
        let name = format!(
            "{}/closed/body.{}no_such_key",
            operation.id,
            around.concat()
        );
        let bad = Bad {
            class: "unknown",
            value: Some(json!(1)),
            codes: &["unknown"],
        };
        let path = [path, vec!["no_such_key".to_owned()]].concat();
        if operation.unknown == Unknown::Refuse {
            cases.add(
                name,
                "a key that is none is refused",
                None,
                move |session| spoilt(session, operation, InputPlace::Body, &path, &bad),
            );
        }
    }
    if operation.unknown == Unknown::Ignore {
        return;
    }
    cases.add(
        format!("{}/closed/query.no_such_parameter", operation.id),
        "a parameter that is none is refused",
        None,
        move |session| {
            let (actor, request) = sound(session, operation, &[])?;
            let request = with_query(request, "no_such_parameter", "1");
            bad_request(session, actor, request, "no_such_parameter")
        },
    );
}

/// What can be said in the place: outside of bodies, all is text.
fn is_asked(place: InputPlace, field: &InputField, bad: &Bad) -> bool {
    let Some(value) = &bad.value else {
        return place != InputPlace::Path;
    };
    let is_text = match &field.kind {
        InputKind::Scalar(scalar) => {
            use archwright_plan::model::ScalarType::{BigInt, Bool, Decimal, Int};
            !matches!(scalar, Int | BigInt | Bool | Decimal { .. })
        }
        _ => true,
    };
    let is_said = match place {
        InputPlace::Body => return true,
        InputPlace::Path => value != &json!(""),
        InputPlace::Header => value
            .as_str()
            .is_none_or(|text| text.is_ascii() && !text.is_empty()),
        _ => true,
    };
    let is_scalar = !value.is_null() && !value.is_object() && !value.is_array();
    is_said && is_scalar && !(is_text && bad.class == "type")
}

/// A caller and a request that would succeed, with the input in it.
fn sound<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    given: &[(InputPlace, Vec<String>)],
) -> Outcome<(usize, Request)> {
    let given = given
        .iter()
        .map(|(place, path)| (*place, path.clone(), true));
    let wanted = Wanted {
        given: given.collect(),
        ..Wanted::default()
    };
    let (actor, inputs) = session.seek_call(operation, &wanted, &succeeds)?;
    let definition = session.definition(operation);
    let request = definition.map(|one| call_request(&session.world, operation, one, &inputs));
    Ok((actor, request.unwrap_or_default()))
}

fn spoilt<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    place: InputPlace,
    path: &[String],
    bad: &Bad,
) -> Outcome<()> {
    let known: Vec<(InputPlace, Vec<String>)> = match bad.class {
        "unknown" => vec![(place, path[..path.len() - 1].to_vec())],
        _ => vec![(place, path.to_vec())],
    };
    let (actor, mut request) = sound(session, operation, &known)?;
    let name = path.last().map_or("", String::as_str);
    let text = match &bad.value {
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    match place {
        InputPlace::Body => {
            if let Payload::Json(body) = &mut request.body {
                put(body, path, bad.value.clone());
            }
            let pointer: String = path.iter().map(|name| format!("/{name}")).collect();
            let (request, reply) = session.send(actor, request)?;
            expect_faults(session, &request, &reply, &[(pointer, bad.codes)])
        }
        InputPlace::Path => {
            let template: Vec<&str> = operation.path.split('/').collect();
            let at = template
                .iter()
                .position(|part| *part == format!("{{{name}}}"));
            let (before, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
            let mut parts: Vec<String> = before.split('/').map(str::to_owned).collect();
            if let Some(part) = at.and_then(|at| parts.get_mut(at)) {
                *part = encode(&text);
            }
            request.path = match query {
                "" => parts.join("/"),
                query => format!("{}?{query}", parts.join("/")),
            };
            let (request, reply) = session.send(actor, request)?;
            let refusal = Refusal::new(404, "not-found", "an address that no row can have");
            session.expect_refusal(&request, &reply, &[refusal])
        }
        InputPlace::Header => {
            request
                .headers
                .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            if bad.value.is_some() {
                request = request.header(&name.to_lowercase(), text);
            }
            bad_request(session, actor, request, name)
        }
        InputPlace::Query | InputPlace::Move => {
            let request = without_query(request, name);
            let request = match bad.value {
                Some(_) => with_query(request, name, &text),
                None => request,
            };
            bad_request(session, actor, request, name)
        }
    }
}

fn twice<'p>(session: &mut Session<'p>, operation: &'p Operation, name: &str) -> Outcome<()> {
    let given = [(InputPlace::Query, vec![name.to_owned()])];
    let (actor, mut request) = sound(session, operation, &given)?;
    let (_, query) = request.path.split_once('?').unwrap_or_default();
    let own = query
        .split('&')
        .find(|pair| pair.split('=').next() == Some(name));
    let own = own.unwrap_or_default().to_owned();
    request.path = format!("{}&{own}", request.path);
    bad_request(session, actor, request, name)
}

fn bad_request(session: &mut Session, actor: usize, request: Request, name: &str) -> Outcome<()> {
    let (request, reply) = session.send(actor, request)?;
    let refusal = Refusal::new(400, "bad-request", "parameters").at(name.to_owned());
    session.expect_refusal(&request, &reply, &[refusal])
}

pub(in crate::cases) fn with_query(mut request: Request, name: &str, text: &str) -> Request {
    let sign = if request.path.contains('?') { '&' } else { '?' };
    request.path = format!("{}{sign}{}={}", request.path, encode(name), encode(text));
    request
}

fn without_query(mut request: Request, name: &str) -> Request {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let others: Vec<&str> = query
        .split('&')
        .filter(|pair| !pair.is_empty() && pair.split('=').next() != Some(name))
        .collect();
    request.path = match others.is_empty() {
        true => path.to_owned(),
        false => format!("{path}?{}", others.join("&")),
    };
    request
}

/// Puts a value into a body, or takes one out.
fn put(body: &mut Json, path: &[String], value: Option<Json>) {
    let Some((last, around)) = path.split_last() else {
        return;
    };
    let mut at = body;
    for name in around {
        at = &mut at[name];
    }
    match (value, at.as_object_mut()) {
        (Some(value), Some(members)) => drop(members.insert(last.clone(), value)),
        (None, Some(members)) => drop(members.shift_remove(last)),
        (_, None) => {}
    }
}
