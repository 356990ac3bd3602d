//! A call, read as far as that goes without rows.

use super::body::{Mode, Reader};
use super::given::Given;
use super::input::Inputs;
use crate::connection::Value;
use crate::read::{address, shaping};
use crate::represent::{Shaping, admit};
use crate::{Call, Failure, Fault, Shared};
use archwright_plan::model::{EntityId, RoleId};
use archwright_plan::{Operation, OperationKind};
use archwright_sql::Classes;

/// What a call asks for.
pub(crate) struct Request {
    pub operation: usize,
    pub entity: EntityId,
    pub shaping: Shaping,
    /// What names the row that it is about.
    pub row: Option<Value>,
    /// What names the row to link or unlink.
    pub other: Option<Value>,
    pub body: Body,
    /// What is wrong with the body so far.
    pub faults: Vec<Fault>,
}

pub(crate) enum Body {
    None,
    Row(Given),
    Move(Inputs),
    Roles(Vec<RoleId>),
}

/// Refuses whoever can't be allowed and what can't be understood; faults of the body are left for later, when it is
/// known whether the caller may know of the row.
pub(crate) fn read(shared: &Shared, call: &Call, classes: &Classes) -> Result<Request, Failure> {
    let plan = &shared.plan;
    let operation = plan.operations.get(call.operation);
    let operation =
        operation.ok_or_else(|| Failure::Internal("there is no such operation".to_owned()))?;
    let entity = operation.entity;
    let entity =
        entity.ok_or_else(|| Failure::Internal(format!("{} is no write", operation.id)))?;
    admit(operation, classes)?;
    let mut bad = Vec::new();
    let shaping = shaping(plan, entity, operation, &call.query, &mut bad);
    let mut addressed = |place| address(plan, operation, &call.path, place, &mut bad);
    let (row, other) = (addressed(0), addressed(1));
    if !bad.is_empty() {
        return Err(Failure::BadRequest(bad));
    }
    let mut reader = Reader::new(plan, &shared.writes.patterns, classes, operation.unknown);
    let body = body(&mut reader, operation, entity, call);
    if let Some(refusal) = reader.refusal() {
        return Err(refusal);
    }
    Ok(Request {
        operation: call.operation,
        entity,
        shaping,
        row,
        other,
        body,
        faults: reader.faults,
    })
}

fn body(reader: &mut Reader<'_>, operation: &Operation, entity: EntityId, call: &Call) -> Body {
    let body = call.body.as_ref();
    match operation.kind {
        OperationKind::Create | OperationKind::SignUp => {
            Body::Row(reader.row(entity, body, Mode::Create))
        }
        OperationKind::Update => Body::Row(reader.row(entity, body, Mode::Update)),
        OperationKind::Move(index) => {
            let machine = reader.plan.model.entity(entity).state.as_ref();
            let one = machine.and_then(|machine| machine.moves.get(index));
            Body::Move(one.map_or_else(Inputs::default, |one| reader.inputs(&one.input, body)))
        }
        OperationKind::SetRoles => Body::Roles(reader.roles(body)),
        _ => Body::None,
    }
}
