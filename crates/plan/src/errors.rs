//! Which errors an operation answers with, and when.

use crate::{CallerClass, ErrorCase, Operation, OperationKind, RequestBody};
use archwright_model::{EntityId, Method, Model, Otherwise, Step, StepKind};
use std::collections::BTreeSet;

/// Replies that any request can meet, and when.
pub const COMMON_ERRORS: [(u16, &str); 15] = [
    (
        400,
        "A parameter, a header or the JSON can't be understood.",
    ),
    (401, "Nobody is signed in, or the token is not valid."),
    (403, "The caller may not do this."),
    (
        404,
        "There is no such path or row, or the caller may not know of it.",
    ),
    (
        405,
        "The path doesn't know this method; `Allow` lists those that it knows.",
    ),
    (406, "`Accept` leaves no media type to answer with."),
    (408, "The request did not arrive in time."),
    (409, "The request is at odds with what is stored."),
    (
        412,
        "`If-Match` names another version than the row has now.",
    ),
    (413, "The body is larger than the limit."),
    (415, "The body is not of a type that is accepted here."),
    (
        422,
        "Fields of the body are missing or wrong; every one is listed.",
    ),
    (
        429,
        "Too many requests; `Retry-After` says when to come back.",
    ),
    (
        500,
        "The server failed; the request id finds the reason in its log.",
    ),
    (503, "The server is busy or stopping; try again soon."),
];

/// The stable code of a status, and what it is called.
const NAMES: [(u16, &str, &str); 19] = [
    (400, "bad-request", "Bad request"),
    (401, "unauthorized", "Unauthorized"),
    (402, "payment-required", "Payment required"),
    (403, "forbidden", "Forbidden"),
    (404, "not-found", "Not found"),
    (405, "method-not-allowed", "Method not allowed"),
    (406, "not-acceptable", "Not acceptable"),
    (408, "timeout", "Request timeout"),
    (409, "conflict", "Conflict"),
    (410, "gone", "Gone"),
    (412, "precondition-failed", "Precondition failed"),
    (413, "too-large", "Content too large"),
    (415, "unsupported-media-type", "Unsupported media type"),
    (416, "range-not-satisfiable", "Range not satisfiable"),
    (422, "invalid", "Unprocessable content"),
    (423, "locked", "Locked"),
    (429, "rate-limited", "Too many requests"),
    (500, "internal", "Internal server error"),
    (503, "unavailable", "Service unavailable"),
];

fn name(status: u16) -> (&'static str, &'static str) {
    let known = NAMES.iter().find(|(known, ..)| *known == status);
    match (known, status) {
        (Some((_, code, title)), _) => (code, title),
        (None, 500..) => ("internal", "Internal server error"),
        (None, _) => ("refused", "The request is refused"),
    }
}

/// `not-found`: the code of a status for which there is no narrower one.
pub fn status_code(status: u16) -> &'static str {
    name(status).0
}

/// `Not found`
pub fn status_title(status: u16) -> &'static str {
    name(status).1
}

fn common(status: u16) -> (u16, &'static str, &'static str) {
    let known = COMMON_ERRORS.iter().find(|(known, _)| *known == status);
    (
        status,
        status_code(status),
        known.map_or("", |(_, when)| when),
    )
}

/// The error replies of an operation, but those that any request can get.
pub fn errors(model: &Model, operation: &Operation) -> Vec<ErrorCase> {
    use OperationKind as Kind;
    let kind = &operation.kind;
    let mut cases = Vec::new();
    let mut add = |(status, code, when): (u16, &str, &str)| {
        cases.push(ErrorCase {
            status,
            is_moved: false,
            code: code.into(),
            when: when.into(),
        });
    };
    match operation.shapes_reply {
        true => add((
            400,
            "bad-request",
            "A parameter, a header or the JSON can't be understood, or `expand` asks for too many rows.",
        )),
        false => add(common(400)),
    }
    // A token that is not valid is refused even where none is needed.
    if model.account.is_some() && *kind != Kind::Download {
        add(common(401));
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
        add(common(403));
    }
    let has_row = !operation.parameters.is_empty();
    if has_row {
        add(common(404));
    }
    if *kind == Kind::Download {
        add((
            416,
            "range-not-satisfiable",
            "The range lies behind the end of the file.",
        ));
    }
    let writes = operation.method != Method::Get;
    if writes {
        conflicts(model, operation, &mut add);
    }
    if operation.etag && writes {
        add(common(412));
    }
    if operation.body(model) != RequestBody::None {
        add(common(413));
        add(common(415));
        add(common(422));
    }
    if operation.idempotency_key {
        add((
            422,
            "key-reused",
            "The idempotency key was used for another request.",
        ));
    }
    add(common(429));
    for case in &mut cases {
        let usual = case.status;
        case.status = model.api.status(&case.code, usual);
        case.is_moved = case.status != usual;
    }
    chosen(model, operation, &mut cases);
    cases
}

/// The statuses that the steps of a named operation or a move answer with, where nothing else does.
fn chosen(model: &Model, operation: &Operation, cases: &mut Vec<ErrorCase>) {
    let mut statuses = BTreeSet::new();
    statuses_of(
        model,
        steps_of(model, operation),
        &mut BTreeSet::new(),
        &mut statuses,
    );
    for status in statuses {
        if cases.iter().all(|case| case.status != status) {
            cases.push(ErrorCase {
                status,
                is_moved: false,
                code: status_code(status).to_owned(),
                when: "The request can't be met as things are.".to_owned(),
            });
        }
    }
}

/// The steps of a named operation or a move.
fn steps_of<'m>(model: &'m Model, operation: &Operation) -> &'m [Step] {
    match &operation.kind {
        OperationKind::Named(index) => &model.operations[*index].steps,
        OperationKind::Move(index) => {
            let machine = operation
                .entity
                .and_then(|entity| model.entity(entity).state.as_ref());
            machine.map_or(&[], |machine| &machine.moves[*index].steps)
        }
        _ => &[],
    }
}

/// `made` are the moves whose steps were looked at.
fn statuses_of<'m>(
    model: &'m Model,
    steps: &'m [Step],
    made: &mut BTreeSet<(EntityId, &'m str)>,
    statuses: &mut BTreeSet<u16>,
) {
    for step in steps {
        match (&step.kind, step.otherwise) {
            (StepKind::Each { steps, .. }, _) => statuses_of(model, steps, made, statuses),
            (StepKind::List { .. }, _) | (_, Otherwise::Null) => {}
            (_, Otherwise::Status(status)) => drop(statuses.insert(status)),
        }
        if let StepKind::Move { entity, name, .. } = &step.kind {
            // Who may not make the move, and a row that it does not find.
            statuses.extend([403, 404, 409]);
            let machine = model.entity(*entity).state.iter();
            let mut moves = machine.flat_map(|machine| &machine.moves);
            if made.insert((*entity, name))
                && let Some(found) = moves.find(|found| found.name == *name)
            {
                statuses_of(model, &found.steps, made, statuses);
            }
        }
    }
}

/// Entities of which rows are given values.
#[derive(Default)]
struct Written {
    entities: BTreeSet<EntityId>,
    /// Entities of which moves are made; any of theirs.
    moved: BTreeSet<EntityId>,
}

impl Written {
    fn by_steps(&mut self, model: &Model, steps: &[Step]) {
        for step in steps {
            match &step.kind {
                StepKind::Create { entity, .. }
                | StepKind::Upsert { entity, .. }
                | StepKind::GetOrCreate { entity, .. } => drop(self.entities.insert(*entity)),
                StepKind::Update { set, .. } => {
                    let entities = set.iter().map(|(field, _)| field.entity);
                    self.entities.extend(entities);
                }
                StepKind::Increment { field, .. } => drop(self.entities.insert(field.entity)),
                StepKind::Move { entity, .. } => self.by_moves(model, *entity),
                StepKind::Each { steps, .. } => self.by_steps(model, steps),
                _ => {}
            }
        }
    }

    fn by_moves(&mut self, model: &Model, entity: EntityId) {
        self.entities.insert(entity);
        if self.moved.insert(entity) {
            let machine = model.entity(entity).state.iter();
            let moves = machine.flat_map(|machine| &machine.moves);
            moves.for_each(|one| self.by_steps(model, &one.steps));
        }
    }
}

/// Whether a row, or a part of it, has a value that no other row may have.
fn has_keys(model: &Model, entity: EntityId) -> bool {
    let mut entities = model.entities.iter();
    !model.entity(entity).unique.is_empty()
        || entities.any(|part| {
            part.part_of.is_some_and(|of| of.whole == entity) && has_keys(model, part.id)
        })
}

fn conflicts(model: &Model, operation: &Operation, add: &mut impl FnMut((u16, &str, &str))) {
    use OperationKind as Kind;
    let kind = &operation.kind;
    let mut sets = Written::default();
    match kind {
        Kind::Create | Kind::Update | Kind::SignUp => sets.entities.extend(operation.entity),
        Kind::Move(_) => operation
            .entity
            .into_iter()
            .for_each(|one| sets.by_moves(model, one)),
        Kind::Named(index) => sets.by_steps(model, &model.operations[*index].steps),
        _ => {}
    }
    let sets = sets.entities;
    if sets.iter().any(|entity| has_keys(model, *entity)) {
        add((
            409,
            "unique",
            "Another row has the same value in a unique field.",
        ));
    }
    if matches!(kind, Kind::Delete | Kind::Update) {
        add((409, "in-use", "Other rows refer to it."));
    }
    let has_checks = model
        .entities
        .iter()
        .any(|entity| !entity.checks.is_empty());
    // Where the request carries input, that is to be mended: 422; what steps work out is not.
    let mut written = Written::default();
    written.by_steps(model, steps_of(model, operation));
    if !written.entities.is_empty() || has_checks && !operation.body(model).carries_input() {
        add((
            409,
            "check",
            "A check of the design would not hold any more.",
        ));
    }
    if matches!(kind, Kind::Move(_)) {
        add((
            409,
            "illegal-move",
            "The row's state does not allow this move.",
        ));
        add((
            409,
            "condition-unmet",
            "The condition of the move does not hold.",
        ));
    }
}
