//! Parameters and keys that nobody declared, where the design leaves them alone: nothing comes of them.

use super::Cases;
use super::input::{creatable, writable};
use super::lists::lister;
use super::named::{succeeds, with_query};
use crate::client::{Payload, Request};
use crate::oracle::Body;
use crate::seek::Wanted;
use crate::session::{Outcome, Session, failed};
use archwright_plan::model::Unknown;
use archwright_plan::{Operation, OperationKind};
use serde_json::json;

/// Of no operation.
pub(super) const NO_PARAMETER: &str = "no_such_parameter=1";
pub(super) const NO_KEY: &str = "no_such_key";

type Ask<'p> = fn(&mut Session<'p>, &'p Operation) -> Outcome<()>;

pub(super) fn derive<'p>(cases: &mut Cases<'p>) {
    let plan = cases.plan;
    let operations = plan.operations.iter();
    for operation in operations.filter(|one| one.unknown == Unknown::Ignore) {
        let asked = match operation.kind {
            OperationKind::List => list as Ask<'p>,
            OperationKind::Create => create as Ask<'p>,
            OperationKind::Update => update as Ask<'p>,
            OperationKind::Named(_) => named as Ask<'p>,
            _ => continue,
        };
        cases.add(
            format!("{}/ignored", operation.id),
            "parameters and keys that nobody declared are left alone",
            None,
            move |session| asked(session, operation),
        );
    }
}

fn list<'p>(session: &mut Session<'p>, operation: &'p Operation) -> Outcome<()> {
    let actor = lister(session, operation)?;
    let (plain, without) = session.send(actor, Request::new("GET", &operation.path))?;
    session.expect(&plain, &without, 200, None)?;
    let path = format!("{}?{NO_PARAMETER}", operation.path);
    let (request, reply) = session.send(actor, Request::new("GET", path))?;
    match reply.status == 200 && reply.json == without.json {
        true => Ok(()),
        false => failed(
            &request,
            "the same as without the parameter",
            &reply.shown(),
            Vec::new(),
        ),
    }
}

fn create<'p>(session: &mut Session<'p>, operation: &'p Operation) -> Outcome<()> {
    let (actor, body) = creatable(session, operation, None)?;
    let done = session.create_changed(actor, operation, &body, &with_more)?;
    done.row.map_or(Ok(()), |row| session.verify(&row))
}

fn update<'p>(session: &mut Session<'p>, operation: &'p Operation) -> Outcome<()> {
    let (actor, row) = writable(session, operation, None)?;
    session.update_changed(actor, operation, &row, &Body::default(), &with_more)?;
    session.verify(&row)
}

fn named<'p>(session: &mut Session<'p>, operation: &'p Operation) -> Outcome<()> {
    let (actor, inputs) = session.seek_call(operation, &Wanted::default(), &succeeds)?;
    let called = session.call_changed(actor, operation, &inputs, &with_more);
    called.map(drop)
}

fn with_more(request: Request) -> Request {
    let (name, value) = NO_PARAMETER.split_once('=').unwrap_or((NO_PARAMETER, ""));
    let mut request = with_query(request, name, value);
    if let Payload::Json(body) = &mut request.body {
        body[NO_KEY] = json!(1);
    }
    request
}
