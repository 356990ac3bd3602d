//! Choices that are no property of one table or operation.

use crate::{Decision, Operation, OperationKind, guards};
use archwright_model::{Entity, EntityId, Model, Operation as Named, ScalarType};

pub fn decisions(model: &Model, operations: &[Operation]) -> Vec<Decision> {
    let mut decisions = Vec::new();
    let mut decide = |subject: &str, choice: &str, reason: &str| {
        decisions.push(Decision {
            subject: subject.into(),
            choice: choice.into(),
            reason: reason.into(),
        });
    };
    general(model, &mut decide);
    for entity in &model.entities {
        of_entity(model, entity, operations, &mut decide);
    }
    decisions
}

type Decide<'a> = dyn FnMut(&str, &str, &str) + 'a;

fn general(model: &Model, decide: &mut Decide) {
    decide(
        "access",
        "Denied unless the design grants it.",
        "A forgotten rule closes a door instead of opening one.",
    );
    decide(
        "paging",
        "Keyset cursors, newest first.",
        "Pages neither skip nor repeat rows while others are written.",
    );
    let errors = match model.api.errors.is_empty() {
        true => "Problem details (RFC 9457), every bad field at once.",
        false => "The shapes of the design, every bad field at once.",
    };
    decide("errors", errors, "A client mends a form in one go.");
    if has(model, |scalar| matches!(scalar, ScalarType::Decimal { .. })) {
        decide(
            "decimals",
            "Exact numbers, strings on the wire.",
            "JSON numbers are binary fractions in most clients.",
        );
    }
    if model.account.is_some() {
        let reason = "A stolen access token soon expires, and a stolen refresh token is noticed when it is used twice.";
        decide(
            "sign-in",
            "Short-lived signed tokens, rotating refresh tokens, argon2id passwords.",
            reason,
        );
    }
    if model.operations.iter().any(Named::handles_secrets) {
        decide(
            "passwords in operations",
            "Hashed and compared before the transaction; their sessions last as long as the access token.",
            "Hashing is slow on purpose and must not hold up other writers; a client that gets one token has nothing to refresh it with.",
        );
    }
    if let Some(tenant) = model.tenant {
        let choice = tenancy(model, tenant);
        decide(
            "tenancy",
            &choice,
            "One condition in the query cannot be forgotten by an operation.",
        );
    }
    if has(model, |scalar| matches!(scalar, ScalarType::File { .. })) {
        let reason =
            "A database is a dear place for bytes, and a link that expires needs no session.";
        decide(
            "files",
            "Bytes on disk under names of our own, signed links that expire.",
            reason,
        );
    }
}

/// Whose rows are confined, and whose are not.
fn tenancy(model: &Model, tenant: EntityId) -> String {
    let shared = model.entities.iter();
    let shared: Vec<String> = shared
        .filter(|entity| entity.part_of.is_none() && guards::tenancy(model, entity.id).is_none())
        .map(|entity| format!("`{}`", entity.name))
        .collect();
    let confined = format!(
        "Rows are confined to the caller's {} in every query",
        model.entity(tenant).name
    );
    match &shared[..] {
        [] => format!("{confined}."),
        _ => format!(
            "{confined}, but those of {}: they have no tenant.",
            shared.join(", ")
        ),
    }
}

fn has(model: &Model, test: impl Fn(&ScalarType) -> bool) -> bool {
    model
        .entities
        .iter()
        .flat_map(|entity| &entity.fields)
        .filter_map(|field| field.scalar())
        .any(test)
}

fn of_entity(model: &Model, entity: &Entity, operations: &[Operation], decide: &mut Decide) {
    let subject = format!("entity {}", entity.name);
    if let Some(part) = entity.part_of {
        let choice = format!(
            "Written and read with its {}.",
            model.entity(part.whole).name
        );
        decide(
            &subject,
            &choice,
            "It is composed: it has no operations and no rules of its own.",
        );
        return;
    }
    if entity.soft_delete {
        decide(
            &subject,
            "Deleting marks the row.",
            "The design asks for soft deletion; unique values are freed.",
        );
    }
    if let Some(state) = &entity.state {
        let choice = format!(
            "`{}` changes only by its {} moves.",
            model.field(state.field).name,
            state.moves.len()
        );
        decide(
            &subject,
            &choice,
            "A request that sets a state directly could skip a guard.",
        );
    }
    if let Some(owner) = entity
        .owner
        .filter(|owner| model.field(*owner).settable.is_none())
    {
        let choice = format!("`{}` is always the caller.", model.field(owner).name);
        decide(
            &subject,
            &choice,
            "A request could otherwise create rows in another's name.",
        );
    }
    let missing: Vec<&str> = [
        (OperationKind::List, "list"),
        (OperationKind::Get, "get"),
        (OperationKind::Create, "create"),
        (OperationKind::Update, "update"),
        (OperationKind::Delete, "delete"),
    ]
    .into_iter()
    .filter(|(kind, _)| {
        !operations
            .iter()
            .any(|known| known.entity == Some(entity.id) && known.kind == *kind)
    })
    .map(|(_, name)| name)
    .collect();
    if !missing.is_empty() {
        let choice = format!("Not offered: {}.", missing.join(", "));
        decide(
            &subject,
            &choice,
            "Nobody is allowed to, so there is nothing to serve.",
        );
    }
}
