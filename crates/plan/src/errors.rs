//! Which errors an operation answers with, and when.

use crate::{CallerClass, ErrorCase, Operation, OperationKind};
use archwright_model::{Method, Model, Otherwise, Step, StepKind};
use std::collections::BTreeSet;

/// The error replies of an operation, but those that any request can get.
pub fn errors(model: &Model, operation: &Operation) -> Vec<ErrorCase> {
    use OperationKind as Kind;
    let kind = &operation.kind;
    let mut cases = Vec::new();
    let mut add = |status: u16, code: &str, when: &str| {
        cases.push(ErrorCase {
            status,
            code: code.into(),
            when: when.into(),
        });
    };
    let unclear = match operation.shapes_reply {
        true => {
            "A parameter, a header or the JSON can't be understood, or `expand` asks for too many rows."
        }
        false => "A parameter, a header or the JSON can't be understood.",
    };
    add(400, "bad-request", unclear);
    // A token that is not valid is refused even where none is needed.
    if model.account.is_some() && *kind != Kind::Download {
        add(
            401,
            "unauthorized",
            "Nobody is signed in, or the token is not valid.",
        );
    }
    let unconditional = operation
        .guard
        .iter()
        .any(|alternative| alternative.caller == CallerClass::Anyone && alternative.when.is_none());
    let restricted = matches!(kind, Kind::Create | Kind::Update | Kind::SignUp)
        && operation.entity.is_some_and(|entity| {
            let mut fields = model.entity(entity).fields.iter();
            fields.any(|field| field.settable.is_some())
        });
    if (!unconditional && !matches!(kind, Kind::Me | Kind::SignOut)) || restricted {
        add(403, "forbidden", "The caller may not do this.");
    }
    let has_row = !operation.parameters.is_empty();
    if has_row {
        add(
            404,
            "not-found",
            "There is no such row, or the caller may not know of it.",
        );
    }
    if *kind == Kind::Download {
        add(
            416,
            "range-not-satisfiable",
            "The range lies behind the end of the file.",
        );
    }
    let writes = operation.method != Method::Get;
    if writes {
        conflicts(model, kind, &mut add);
    }
    if operation.etag && writes {
        add(
            412,
            "precondition-failed",
            "`If-Match` names another version.",
        );
    }
    let takes_body = !matches!(operation.method, Method::Get | Method::Delete)
        && !matches!(kind, Kind::Link(_) | Kind::SignOut);
    if takes_body {
        add(413, "too-large", "The body is larger than the limit.");
        add(
            415,
            "unsupported-media-type",
            "The body is not of a type that is accepted here.",
        );
        add(
            422,
            "invalid",
            "Fields of the body are missing or wrong; every one is listed.",
        );
    }
    if operation.idempotency_key {
        add(
            422,
            "key-reused",
            "The idempotency key was used for another request.",
        );
    }
    add(429, "rate-limited", "Too many requests.");
    chosen(model, operation, &mut cases);
    cases
}

/// The statuses that the steps of a named operation or a move answer with, where nothing else does.
fn chosen(model: &Model, operation: &Operation, cases: &mut Vec<ErrorCase>) {
    let steps = match &operation.kind {
        OperationKind::Named(index) => &model.operations[*index].steps[..],
        OperationKind::Move(index) => {
            let machine = operation
                .entity
                .and_then(|entity| model.entity(entity).state.as_ref());
            machine.map_or(&[][..], |machine| &machine.moves[*index].steps)
        }
        _ => return,
    };
    let mut statuses = BTreeSet::new();
    statuses_of(model, steps, &mut statuses);
    for status in statuses {
        if cases.iter().all(|case| case.status != status) {
            cases.push(ErrorCase {
                status,
                code: status_code(status).to_owned(),
                when: "The request can't be met as things are.".to_owned(),
            });
        }
    }
}

fn statuses_of(model: &Model, steps: &[Step], statuses: &mut BTreeSet<u16>) {
    for step in steps {
        match (&step.kind, step.otherwise) {
            (StepKind::Each { steps, .. }, _) => statuses_of(model, steps, statuses),
            (StepKind::List { .. }, _) | (_, Otherwise::Null) => {}
            (_, Otherwise::Status(status)) => drop(statuses.insert(status)),
        }
        if let StepKind::Move { entity, name, .. } = &step.kind {
            // Who may not make the move, and a row that it does not find.
            statuses.extend([403, 404, 409]);
            let machine = model.entity(*entity).state.iter();
            let mut moves = machine.flat_map(|machine| &machine.moves);
            if let Some(made) = moves.find(|made| made.name == *name) {
                statuses_of(model, &made.steps, statuses);
            }
        }
    }
}

/// The stable code of a status that a step chose.
pub fn status_code(status: u16) -> &'static str {
    match status {
        400 => "bad-request",
        401 => "unauthorized",
        402 => "payment-required",
        403 => "forbidden",
        404 => "not-found",
        409 => "conflict",
        410 => "gone",
        412 => "precondition-failed",
        422 => "invalid",
        423 => "locked",
        429 => "rate-limited",
        503 => "unavailable",
        500.. => "internal",
        _ => "refused",
    }
}

fn conflicts(model: &Model, kind: &OperationKind, add: &mut impl FnMut(u16, &str, &str)) {
    use OperationKind as Kind;
    if matches!(
        kind,
        Kind::Create | Kind::Update | Kind::SignUp | Kind::Move(_) | Kind::Named(_)
    ) {
        add(
            409,
            "unique",
            "Another row has the same value in a unique field.",
        );
    }
    if matches!(kind, Kind::Delete | Kind::Update) {
        add(409, "in-use", "Other rows refer to it.");
    }
    let has_checks = model
        .entities
        .iter()
        .any(|entity| !entity.checks.is_empty());
    // Where there is a body, it is to be mended: 422.
    let without_body = matches!(
        kind,
        Kind::Delete | Kind::Link(_) | Kind::Unlink(_) | Kind::RemoveFile(_)
    );
    if has_checks && without_body {
        add(
            409,
            "check",
            "A check of the design would not hold any more.",
        );
    }
    if matches!(kind, Kind::Move(_)) {
        add(
            409,
            "illegal-move",
            "The row's state does not allow this move.",
        );
        add(
            409,
            "condition-unmet",
            "The condition of the move does not hold.",
        );
    }
}
