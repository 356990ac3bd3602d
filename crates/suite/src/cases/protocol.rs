//! What holds for every request, whatever it is about.

use super::Cases;
use crate::client::Request;
use crate::oracle::Refusal;
use crate::session::{ANONYMOUS, Outcome, Session, failed, skip};
use archwright_plan::model::Method;
use archwright_plan::{Operation, OperationKind, PathParameterKind};
use serde_json::json;

pub(super) fn derive(cases: &mut Cases) {
    let plan = cases.plan;
    cases.add(
        "protocol/request-id",
        "a request id comes back as it was sent",
        None,
        request_id,
    );
    cases.add(
        "protocol/unknown-path",
        "there is nothing at a path that the plan does not have",
        None,
        |session| {
            let path = format!("{}/there-is-no-such-path", session.plan.model.api.base);
            let (request, reply) = session.send(ANONYMOUS, Request::new("GET", path))?;
            session.expect_refusal(&request, &reply, &[Refusal::new(404, "not-found", "paths")])
        },
    );
    for operation in &plan.operations {
        let id = &operation.id;
        let takes_body = matches!(
            operation.kind,
            OperationKind::Create | OperationKind::Update | OperationKind::SignUp
        );
        if takes_body {
            let reason = "a body that is not JSON can't be understood";
            cases.add(
                format!("{id}/malformed-json"),
                reason,
                None,
                move |session| {
                    body(
                        session,
                        operation,
                        "application/json",
                        b"{\"a\": ",
                        400,
                        "bad-request",
                    )
                },
            );
            let reason = "JSON by another name is read as JSON";
            cases.add(
                format!("{id}/media-type/json"),
                reason,
                None,
                move |session| {
                    let media_type = "application/vnd.example+json";
                    body(
                        session,
                        operation,
                        media_type,
                        b"{\"a\": ",
                        400,
                        "bad-request",
                    )
                },
            );
            let reason = "a body of another media type is refused";
            cases.add(format!("{id}/media-type"), reason, None, move |session| {
                body(
                    session,
                    operation,
                    "text/plain",
                    b"a",
                    415,
                    "unsupported-media-type",
                )
            });
            let reason = "a body beyond the limit is refused";
            cases.add(format!("{id}/too-large"), reason, None, move |session| {
                let limit = session.plan.model.api.body_limit as usize;
                let large = json!({ "a": "x".repeat(limit) }).to_string().into_bytes();
                body(
                    session,
                    operation,
                    "application/json",
                    &large,
                    413,
                    "too-large",
                )
            });
            let reason = "a body is an object";
            cases.add(
                format!("{id}/not-an-object"),
                reason,
                None,
                move |session| not_an_object(session, operation),
            );
        }
        if matches!(
            operation.kind,
            OperationKind::Get | OperationKind::Update | OperationKind::Delete
        ) {
            let reason = "a row that never was is not found";
            cases.add(format!("{id}/no-such-row"), reason, None, move |session| {
                no_such_row(session, operation)
            });
        }
        if operation.kind == OperationKind::List {
            let reason = "`Allow` names the methods that a path knows";
            cases.add(format!("{id}/allow"), reason, None, move |session| {
                allow(session, operation)
            });
        }
    }
}

fn request_id(session: &mut Session) -> Outcome<()> {
    let Some(operation) = session
        .plan
        .operations
        .iter()
        .find(|one| one.kind == OperationKind::List)
    else {
        return skip("there is no list");
    };
    let id = "suite-0123456789";
    let request = Request::new("GET", &operation.path).header("x-request-id", id);
    let (request, reply) = session.send(ANONYMOUS, request)?;
    match reply.header("x-request-id") {
        Some(got) if got == id => Ok(()),
        got => failed(
            &request,
            &format!("X-Request-Id: {id}"),
            got.unwrap_or("none"),
            Vec::new(),
        ),
    }
}

/// Somebody who may call the operation on some row, and its path.
fn place<'p>(session: &mut Session<'p>, operation: &'p Operation) -> Outcome<(usize, String)> {
    if operation.kind != OperationKind::Update {
        let mut actors = 0..session.actors.len();
        return match actors.find(|actor| session.judge(*actor).admit(operation).is_none()) {
            Some(actor) => Ok((actor, operation.path.clone())),
            None => skip("no test sign-in may do this"),
        };
    }
    let entity = operation
        .entity
        .unwrap_or(archwright_plan::model::EntityId(0));
    let writer = |session: &Session<'p>, row: &archwright_evaluate::RowRef| {
        let mut actors = 0..session.actors.len();
        actors.find(|actor| session.judge(*actor).admit_to(operation, row).is_none())
    };
    let row = session.seek(entity, &|session, row| writer(session, row).is_some())?;
    match writer(session, &row) {
        Some(actor) => Ok((actor, session.path(operation, &row))),
        None => skip("no test sign-in may do this"),
    }
}

fn body<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    media_type: &str,
    bytes: &[u8],
    status: u16,
    code: &'static str,
) -> Outcome<()> {
    let (actor, path) = place(session, operation)?;
    let mut request = Request::new(operation.method.name(), path).bytes(media_type, bytes.to_vec());
    if bytes.len() > 1_000 {
        // A server may refuse by the length alone, and read nothing.
        request = request.header("expect", "100-continue");
    }
    let (request, reply) = session.send(actor, request)?;
    session.expect_refusal(&request, &reply, &[Refusal::new(status, code, "bodies")])
}

fn not_an_object<'p>(session: &mut Session<'p>, operation: &'p Operation) -> Outcome<()> {
    let (actor, path) = place(session, operation)?;
    let request = Request::new(operation.method.name(), path).json(json!([1, 2]));
    let (request, reply) = session.send(actor, request)?;
    let refusals = [
        Refusal::new(422, "invalid", "bodies"),
        Refusal::new(400, "bad-request", "bodies"),
    ];
    session.expect_refusal(&request, &reply, &refusals)
}

fn no_such_row<'p>(session: &mut Session<'p>, operation: &'p Operation) -> Outcome<()> {
    let Some(parameter) = operation.parameters.first() else {
        return skip("the operation is on no row");
    };
    let entity = match parameter.kind {
        PathParameterKind::Id(entity) => entity,
        PathParameterKind::Key(field) => field.entity,
        _ => return skip("the operation is on no row"),
    };
    let nobody = match super::invalid::nobody(&session.plan.model, entity) {
        serde_json::Value::String(text) => crate::wire::encode(&text),
        other => other.to_string(),
    };
    let path = operation
        .path
        .replace(&format!("{{{}}}", parameter.name), &nobody);
    let mut actors = 0..session.actors.len();
    let Some(actor) = actors.find(|actor| session.judge(*actor).admit(operation).is_none()) else {
        return skip("no test sign-in may do this");
    };
    let mut request = Request::new(operation.method.name(), path);
    if operation.method == Method::Patch {
        request = request.json(json!({}));
    }
    let (request, reply) = session.send(actor, request)?;
    session.expect_refusal(&request, &reply, &[Refusal::new(404, "not-found", "rows")])
}

fn allow<'p>(session: &mut Session<'p>, operation: &'p Operation) -> Outcome<()> {
    let (request, reply) = session.send(ANONYMOUS, Request::new("DELETE", &operation.path))?;
    session.expect_refusal(
        &request,
        &reply,
        &[Refusal::new(405, "method-not-allowed", "methods")],
    )?;
    let allow = reply.header("allow").unwrap_or_default();
    let known = session
        .plan
        .operations
        .iter()
        .filter(|one| one.path == operation.path);
    let missing: Vec<&str> = known
        .map(|one| one.method.name())
        .filter(|method| !allow.split(',').any(|one| one.trim() == *method))
        .collect();
    match missing.is_empty() {
        true => Ok(()),
        false => failed(
            &request,
            &format!("Allow with {}", missing.join(", ")),
            allow,
            Vec::new(),
        ),
    }
}
