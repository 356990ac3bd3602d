//! Bad input: each class for each field is refused with its place, and good values on the edge are taken.

use super::Cases;
use super::ignored::NO_KEY;
use super::invalid::{Bad, of_input, of_move_input};
use crate::client::{Reply, Request};
use crate::make::Want;
use crate::oracle::{Body, Faults, Given, Problem, move_json, step};
use crate::propose::Style;
use crate::session::{ANONYMOUS, Outcome, Session, failed, skip, unreached};
use archwright_evaluate::{RowRef, Value};
use archwright_plan::model::{Entity, EntityId, Origin, ScalarType, Unknown};
use archwright_plan::{Input, InputKind, Operation, OperationKind};
use serde_json::{Value as Json, json};

pub(super) fn derive(cases: &mut Cases) {
    let plan = cases.plan;
    for operation in &plan.operations {
        let Some(entity) = operation.entity else {
            continue;
        };
        match operation.kind {
            OperationKind::Create | OperationKind::SignUp => {
                inputs(cases, operation, &plan.resource(entity).create);
                edges(cases, operation, &plan.resource(entity).create);
                closed(
                    cases,
                    operation,
                    plan.model.entity(entity),
                    &plan.resource(entity).create,
                );
                several(cases, operation, &plan.resource(entity).create);
                if operation.kind == OperationKind::SignUp {
                    passwords(cases, operation);
                }
            }
            OperationKind::Update => {
                inputs(cases, operation, &plan.resource(entity).update);
                closed(
                    cases,
                    operation,
                    plan.model.entity(entity),
                    &plan.resource(entity).update,
                );
                several(cases, operation, &plan.resource(entity).update);
            }
            OperationKind::Move(_) => moves(cases, operation, entity),
            _ => {}
        }
    }
    super::ignored::derive(cases);
}

fn add<'p>(
    cases: &mut Cases<'p>,
    operation: &'p Operation,
    input: &'p Input,
    place: String,
    bad: Bad,
    keys: Vec<Key>,
) {
    let name = format!("{}/invalid/{place}/{}", operation.id, bad.class);
    let reason = format!(
        "{place} is refused when it is {}",
        bad.class.replace('-', " ")
    );
    let span = Some(cases.plan.model.field(input.field).span);
    cases.add(name, reason, span, move |session| {
        refused(session, operation, input, &keys, &bad)
    });
}

/// A step into a body.
#[derive(Clone, Debug)]
enum Key {
    Name(String),
    Index(usize),
}

fn inputs<'p>(cases: &mut Cases<'p>, operation: &'p Operation, inputs: &'p [Input]) {
    let model = &cases.plan.model;
    for input in inputs {
        // Whoever signs up may not name it, whatever its value.
        if operation.kind == OperationKind::SignUp && !input.settable.is_empty() {
            continue;
        }
        for bad in of_input(model, input) {
            let keys = vec![Key::Name(input.json.clone())];
            add(cases, operation, input, input.json.clone(), bad, keys);
        }
        let InputKind::Parts { create, .. } = &input.kind else {
            continue;
        };
        for inner in create {
            for bad in of_input(model, inner) {
                let keys = vec![
                    Key::Name(input.json.clone()),
                    Key::Index(0),
                    Key::Name(inner.json.clone()),
                ];
                let place = format!("{}.{}", input.json, inner.json);
                add(cases, operation, input, place, bad, keys);
            }
        }
    }
}

fn refused<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    input: &'p Input,
    keys: &[Key],
    bad: &Bad,
) -> Outcome<()> {
    let (actor, row, mut body) = base(session, operation, Some(input))?;
    let pointer = put(&mut body, keys, bad.value.clone());
    let request = request(session, operation, row.as_ref(), body);
    let (request, reply) = session.send(actor, request)?;
    expect_faults(session, &request, &reply, &[(pointer, bad.codes)])?;
    match row {
        Some(row) => session.verify(&row),
        None => Ok(()),
    }
}

/// Puts a value into the body, or takes one out, and gives its place.
fn put(body: &mut Json, keys: &[Key], value: Option<Json>) -> String {
    let mut pointer = String::new();
    let mut place = body;
    for (index, key) in keys.iter().enumerate() {
        let is_last = index + 1 == keys.len();
        match key {
            Key::Index(at) => {
                pointer.push_str(&format!("/{at}"));
                place = &mut place[*at];
            }
            Key::Name(name) => {
                pointer.push_str(&format!("/{name}"));
                if is_last {
                    match (&value, place.as_object_mut()) {
                        (Some(value), Some(members)) => {
                            drop(members.insert(name.clone(), value.clone()))
                        }
                        (None, Some(members)) => drop(members.shift_remove(name)),
                        (_, None) => {}
                    }
                    break;
                }
                place = &mut place[name];
            }
        }
    }
    pointer
}

/// A caller and a body that would be accepted, with the input in it.
fn base<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    input: Option<&'p Input>,
) -> Outcome<(usize, Option<RowRef>, Json)> {
    let entity = operation.entity.unwrap_or(EntityId(0));
    match operation.kind {
        OperationKind::Update => {
            let (actor, row) = writable(session, operation, input)?;
            let inputs = match input {
                Some(input) => std::slice::from_ref(input),
                None => &session.plan.resource(entity).update[..],
            };
            for _ in 0..20 {
                let body = session.propose(inputs, actor, &Body::default(), Style::Whole);
                let has_parts = |body: &Body| input.is_none_or(|input| has_parts(input, body));
                if let Some(body) = body.filter(has_parts) {
                    let json = body.json(&session.world, &session.plan.resource(entity).update);
                    return Ok((actor, Some(row), json));
                }
            }
            unreached("no body is found to spoil")
        }
        OperationKind::SignUp => {
            let inputs = &session.plan.resource(entity).create;
            for _ in 0..20 {
                if let Some(body) =
                    session.propose(inputs, ANONYMOUS, &Body::default(), Style::Whole)
                {
                    let mut json = body.json(&session.world, inputs);
                    json["password"] = session.new_password().into();
                    return Ok((ANONYMOUS, None, json));
                }
            }
            unreached("no body is found to spoil")
        }
        _ => {
            let (actor, body) = creatable(session, operation, input)?;
            let json = body.json(&session.world, &session.plan.resource(entity).create);
            Ok((actor, None, json))
        }
    }
}

fn has_parts(input: &Input, body: &Body) -> bool {
    match (&input.kind, body.get(input.field)) {
        (InputKind::Parts { .. }, Some(Given::Parts(parts))) => !parts.is_empty(),
        (InputKind::Parts { .. }, _) => false,
        _ => true,
    }
}

/// Somebody who may change a row, this field among others.
pub(super) fn writable<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    input: Option<&'p Input>,
) -> Outcome<(usize, RowRef)> {
    let entity = operation.entity.unwrap_or(EntityId(0));
    let writer = |session: &Session<'p>, row: &RowRef| {
        let mut actors = 0..session.actors.len();
        actors.find(|actor| {
            let judge = session.judge(*actor);
            judge.admit_to(operation, row).is_none()
                && input.is_none_or(|input| {
                    input.settable.is_empty() || judge.passes(&input.settable, row)
                })
        })
    };
    let row = session.seek(entity, &|session, row| {
        session.world.get(row).is_some_and(|row| row.made) && writer(session, row).is_some()
    });
    let row = match row {
        Ok(row) => row,
        Err(_) => session.seek(entity, &|session, row| writer(session, row).is_some())?,
    };
    match writer(session, &row) {
        Some(actor) => Ok((actor, row)),
        None => unreached("nobody may change such a row"),
    }
}

/// Somebody who may create a row, and a body that is accepted with the input in it.
pub(super) fn creatable<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    input: Option<&'p Input>,
) -> Outcome<(usize, Body)> {
    let entity = operation.entity.unwrap_or(EntityId(0));
    if session.is_one_to_one(entity) {
        session.widen(entity)?;
    }
    let full = |session: &Session<'p>, row: &RowRef| match input {
        Some(input) if matches!(input.kind, InputKind::Parts { .. }) => {
            !session.world.many(row, input.field).is_empty()
        }
        _ => true,
    };
    for actor in session.callers(operation) {
        let judge = session.judge(actor);
        let may_set = input.is_none_or(|input| {
            input.settable.is_empty() || input.settable.iter().any(|one| judge.is_of(one.caller))
        });
        let want = Want {
            tenant: session.tenant_of(actor),
            ..Want::default()
        };
        let found = |session: &mut Session<'p>| {
            session.afresh(|session| session.find_body(actor, operation, &want, &full))
        };
        if may_set && let Some(body) = session.prepare(found)? {
            return Ok((actor, body));
        }
    }
    unreached(format!("no body is found for {} to spoil", operation.id))
}

fn request(session: &Session, operation: &Operation, row: Option<&RowRef>, body: Json) -> Request {
    match row {
        Some(row) => Request::new(operation.method.name(), session.path(operation, row)).json(body),
        None => Request::new(operation.method.name(), &operation.path).json(body),
    }
}

/// A reply that names each of the places, with one of the codes.
pub(super) fn expect_faults(
    session: &Session,
    request: &Request,
    reply: &Reply,
    faults: &[(String, &[&'static str])],
) -> Outcome<()> {
    let errors = reply
        .json
        .as_ref()
        .and_then(|json| json.get("errors"))
        .and_then(Json::as_array);
    let named = |pointer: &str, codes: &[&str]| {
        errors.into_iter().flatten().any(|error| {
            let place = error["pointer"].as_str().unwrap_or_default();
            let fits = place == pointer
                || place
                    .strip_prefix(pointer)
                    .is_some_and(|rest| rest.starts_with('/'));
            fits && codes.contains(&error["code"].as_str().unwrap_or_default())
        })
    };
    let mut differences = Vec::new();
    let all = match shaped_faults(session, reply, faults) {
        Some(shaped) => {
            differences = shaped;
            differences.is_empty()
        }
        None => faults.iter().all(|(pointer, codes)| named(pointer, codes)),
    };
    let status = session.plan.model.api.status("invalid", 422);
    if reply.status == status && all {
        return Ok(());
    }
    let expected: Vec<String> = faults
        .iter()
        .map(|(pointer, codes)| format!("{pointer} ({})", codes.join(" or ")))
        .collect();
    failed(
        request,
        &format!("{status} that names {}", expected.join(", ")),
        &reply.shown(),
        differences,
    )
}

/// What differs from a body in the design's own shape, whichever of its codes each fault has.
fn shaped_faults(
    session: &Session,
    reply: &Reply,
    faults: &[(String, &[&'static str])],
) -> Option<Vec<String>> {
    let most = faults.iter().map(|(_, codes)| codes.len()).max()?;
    let mut least: Option<Vec<String>> = None;
    // The first item of a list may be to blame, and not the whole of it.
    for (choice, item) in (0..most).flat_map(|choice| [(choice, ""), (choice, "/0")]) {
        let known = faults.iter().map(|(pointer, codes)| {
            let code = codes.get(choice).or(codes.first());
            (format!("{pointer}{item}"), code.copied())
        });
        let problem = Problem {
            status: session.plan.model.api.status("invalid", 422),
            code: "invalid",
            faults: Faults::Known(known.collect()),
        };
        let differences = problem.differences(&session.world, reply.json.as_ref())?;
        let is_less = |known: &Vec<String>| differences.len() < known.len();
        if least.as_ref().is_none_or(is_less) {
            least = Some(differences);
        }
    }
    least
}

/// Keys that no request may set.
fn closed<'p>(
    cases: &mut Cases<'p>,
    operation: &'p Operation,
    entity: &'p Entity,
    inputs: &'p [Input],
) {
    let mut names: Vec<(String, Option<archwright_diagnostics::Span>, Json)> = vec![
        (NO_KEY.to_owned(), None, json!(1)),
        (
            "id".to_owned(),
            None,
            json!("00000000-0000-7000-8000-00000000dead"),
        ),
    ];
    let model = &cases.plan.model;
    for field in entity
        .fields
        .iter()
        .filter(|field| field.to_many().is_none())
    {
        let json = model.json_name(field.id);
        if inputs.iter().any(|input| input.json == json)
            || field
                .scalar()
                .is_some_and(|scalar| matches!(scalar, ScalarType::File { .. }))
        {
            continue;
        }
        let span = (field.origin == Origin::Declared).then_some(field.span);
        names.push((json, span, sample(field.scalar())));
    }
    for (key, span, value) in names {
        if key == NO_KEY && operation.unknown == Unknown::Ignore {
            continue;
        }
        let reason = format!("{key} is never taken from a request of {}", operation.id);
        cases.add(
            format!("{}/closed/{key}", operation.id),
            reason,
            span,
            move |session| {
                let (actor, row, mut body) = base(session, operation, None)?;
                body[&key] = value.clone();
                let request = request(session, operation, row.as_ref(), body);
                let (request, reply) = session.send(actor, request)?;
                let codes: &[&str] = &["unknown", "read-only"];
                expect_faults(session, &request, &reply, &[(format!("/{key}"), codes)])?;
                match row {
                    Some(row) => session.verify(&row),
                    None => Ok(()),
                }
            },
        );
    }
}

fn sample(scalar: Option<&ScalarType>) -> Json {
    match scalar {
        Some(ScalarType::Int | ScalarType::BigInt) => json!(1),
        Some(ScalarType::Decimal { scale, .. }) => {
            json!(archwright_plan::decimal(10_i128.pow(*scale), *scale))
        }
        Some(ScalarType::Bool) => json!(true),
        Some(ScalarType::Date) => json!("2026-01-01"),
        Some(ScalarType::DateTime) => json!("2026-01-01T00:00:00.000Z"),
        Some(ScalarType::Enum { values }) => json!(values.last()),
        Some(ScalarType::Json) => json!({}),
        _ => json!("00000000-0000-7000-8000-00000000dead"),
    }
}

/// Everything that is wrong is told at once.
fn several<'p>(cases: &mut Cases<'p>, operation: &'p Operation, inputs: &'p [Input]) {
    let model = &cases.plan.model;
    let bads: Vec<(&'p Input, Bad)> = inputs
        .iter()
        .filter(|input| input.settable.is_empty())
        .filter_map(|input| {
            let mut bads = of_input(model, input).into_iter();
            Some((input, bads.find(|bad| bad.class == "type")?))
        })
        .collect();
    if bads.is_empty() {
        return;
    }
    let reason = "every bad field is named in one reply";
    cases.add(
        format!("{}/invalid/several", operation.id),
        reason,
        None,
        move |session| {
            let (actor, row, mut body) = base(session, operation, None)?;
            body[NO_KEY] = json!(1);
            let mut faults: Vec<(String, &[&str])> = match operation.unknown {
                Unknown::Refuse => vec![(format!("/{NO_KEY}"), &["unknown"])],
                Unknown::Ignore => Vec::new(),
            };
            for (input, bad) in &bads {
                let keys = [Key::Name(input.json.clone())];
                faults.push((put(&mut body, &keys, bad.value.clone()), bad.codes));
            }
            let request = request(session, operation, row.as_ref(), body);
            let (request, reply) = session.send(actor, request)?;
            expect_faults(session, &request, &reply, &faults)
        },
    );
}

fn passwords<'p>(cases: &mut Cases<'p>, operation: &'p Operation) {
    let min = cases
        .plan
        .model
        .account
        .as_ref()
        .map_or(8, |account| account.password_min) as usize;
    let bads: [(&str, Option<Json>, &[&str]); 4] = [
        ("missing", None, &["required"]),
        ("type", Some(json!(12_345_678)), &["type"]),
        (
            "too-short",
            Some(json!("x".repeat(min - 1))),
            &["too-short"],
        ),
        ("too-long", Some(json!("x".repeat(300))), &["too-long"]),
    ];
    for (class, value, codes) in bads {
        let reason = format!(
            "a password is refused when it is {}",
            class.replace('-', " ")
        );
        cases.add(
            format!("{}/invalid/password/{class}", operation.id),
            reason,
            None,
            move |session| {
                let (actor, _, mut body) = base(session, operation, None)?;
                let pointer = put(
                    &mut body,
                    &[Key::Name("password".to_owned())],
                    value.clone(),
                );
                let (request, reply) =
                    session.send(actor, Request::new("POST", &operation.path).json(body))?;
                expect_faults(session, &request, &reply, &[(pointer, codes)])
            },
        );
    }
}

fn moves<'p>(cases: &mut Cases<'p>, operation: &'p Operation, entity: EntityId) {
    let OperationKind::Move(index) = operation.kind else {
        return;
    };
    let model = &cases.plan.model;
    let Some(machine) = &model.entity(entity).state else {
        return;
    };
    for field in &machine.moves[index].input {
        for bad in of_move_input(model, field) {
            let name = format!("{}/invalid/{}/{}", operation.id, field.name, bad.class);
            let reason = format!(
                "{} is refused when it is {}",
                field.name,
                bad.class.replace('-', " ")
            );
            cases.add(name, reason, Some(field.span), move |session| {
                let (actor, row) = movable(session, operation)?;
                let given = session.sound_input(actor, operation, &row)?;
                let Some(step) = step(&session.world, operation) else {
                    return skip("no move");
                };
                let mut body = move_json(&session.world, &step.input, &given);
                let pointer = put(
                    &mut body,
                    &[Key::Name(field.name.clone())],
                    bad.value.clone(),
                );
                let request = request(session, operation, Some(&row), body);
                let (request, reply) = session.send(actor, request)?;
                expect_faults(session, &request, &reply, &[(pointer, bad.codes)])?;
                session.verify(&row)
            });
        }
    }
}

/// A row on which the move would go through, and who may make it.
pub(super) fn movable<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
) -> Outcome<(usize, RowRef)> {
    let Some(step) = step(&session.world, operation) else {
        return skip("no move");
    };
    for state in &step.from {
        let row = session.obtain_for(operation, state)?;
        if let Some((actor, _)) = session.mover(&row, operation) {
            return Ok((actor, row));
        }
        if let Some(when) = &step.when {
            let holds = |session: &Session<'p>, row: &RowRef| session.judge(0).holds(when, row);
            session.settle(&row, &holds)?;
        }
        if let Some((actor, _)) = session.mover(&row, operation) {
            return Ok((actor, row));
        }
    }
    unreached(format!("no caller can make {}", operation.id))
}

/// The least and the greatest value that is still good.
fn edges<'p>(cases: &mut Cases<'p>, operation: &'p Operation, inputs: &'p [Input]) {
    if operation.kind != OperationKind::Create {
        return;
    }
    for input in inputs
        .iter()
        .filter(|input| matches!(input.kind, InputKind::Scalar))
    {
        let field = cases.plan.model.field(input.field);
        for (edge, value) in edge_values(field, &cases.plan.model) {
            let reason = format!("{} may be as {edge} as this", input.json);
            cases.add(
                format!("{}/edge/{}/{edge}", operation.id, input.json),
                reason,
                Some(field.span),
                move |session| {
                    let mut want = Want::default();
                    want.fixed.set(input.field, Given::Value(value.clone()));
                    let found = session.find_caller_and_body(operation, &want, &|_, _| true);
                    let (actor, body) = found?;
                    session.create_and_verify(actor, operation, &body)
                },
            );
        }
    }
}

fn edge_values(
    field: &archwright_plan::model::Field,
    model: &archwright_plan::model::Model,
) -> Vec<(&'static str, Value)> {
    let mut values = Vec::new();
    match field.scalar() {
        Some(ScalarType::String { min, max }) if field.pattern.is_none() => {
            values.push(("short", Value::Text("s".repeat((*min).max(1) as usize))));
            values.push(("long", Value::Text("l".repeat(*max as usize))));
        }
        Some(ScalarType::Text { max, .. }) => {
            values.push(("long", Value::Text("l".repeat(*max as usize))))
        }
        _ => {}
    }
    let bound =
        |literal: &archwright_plan::model::Literal| crate::world::literal(literal, model, field.id);
    values.extend(field.min.as_ref().map(|min| ("small", bound(min))));
    values.extend(field.max.as_ref().map(|max| ("large", bound(max))));
    values
}
