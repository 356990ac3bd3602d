//! Who may call an operation, as a sentence and as security requirements.

use crate::Context;
use crate::object::listed;
use archwright_plan::model::EntityId;
use archwright_plan::{Alternative, CallerClass, Condition, Operation, OperationKind, words};
use serde_json::{Value, json};

/// The names of the security schemes, in the order of the API's authorization schemes.
pub(crate) fn schemes(context: Context) -> Vec<String> {
    let schemes = context.plan.model.api.schemes.iter().enumerate();
    let name = |(index, scheme): (usize, &String)| match index {
        0 => "bearer".to_owned(),
        _ => format!("as-{}", scheme.to_ascii_lowercase()),
    };
    schemes.map(name).collect()
}

/// Security requirements: none, optional, or a token.
pub(crate) fn security(context: Context, operation: &Operation) -> Value {
    if !reads_token(context, operation) {
        return json!([]);
    }
    let nobody = open_to_anyone(operation).then(|| json!({}));
    let token = |name: String| json!({ name: [] });
    let tokens = schemes(context).into_iter().map(token);
    nobody.into_iter().chain(tokens).collect()
}

/// True where a token is read when there is one.
pub(crate) fn reads_token(context: Context, operation: &Operation) -> bool {
    context.plan.model.account.is_some() && operation.reads_token(&context.plan.model)
}

pub(crate) fn open_to_anyone(operation: &Operation) -> bool {
    let anyone = |alternative: &Alternative| alternative.caller == CallerClass::Anyone;
    operation.guard.iter().any(anyone)
}

/// `Allowed for the owner when `status == 'draft'`, or for the role `staff`.`
pub(crate) fn sentence(context: Context, operation: &Operation) -> Option<String> {
    if !operation.reads_token(&context.plan.model) || operation.guard.is_empty() {
        return None;
    }
    let who =
        |preposition: &str| alternatives(context, operation.entity, &operation.guard, preposition);
    let sentence = match operation.kind {
        OperationKind::List if who("to") == "to anyone" => {
            return Some("Anyone sees all of them.".to_owned());
        }
        OperationKind::List => format!("Shows rows {}.", who("to")),
        _ => format!("Allowed {}.", who("for")),
    };
    Some(match confined_to(context, operation) {
        Some(tenant) => format!("{sentence} Only in the caller's own {tenant}."),
        None => sentence,
    })
}

/// What the rows of the operation are kept to, where whoever calls is kept to their tenant.
fn confined_to(context: Context, operation: &Operation) -> Option<String> {
    let tenant = context.plan.model.tenant?;
    let mut guard = operation.guard.iter();
    let confined = guard.all(|one| context.plan.condition(operation.entity, one).confined);
    confined.then(|| words(&context.plan.model.entity(tenant).singular).to_lowercase())
}

/// `for anyone`, `for the owner or the role `staff``; behind a condition the preposition comes again.
pub(crate) fn alternatives(
    context: Context,
    entity: Option<EntityId>,
    alternatives: &[Alternative],
    preposition: &str,
) -> String {
    let mut names: Vec<(String, Vec<String>)> = Vec::new();
    for alternative in alternatives {
        let name = name(context, alternative);
        let conditions = conditions(&context.plan.condition(entity, alternative));
        match names.iter_mut().find(|(known, _)| *known == name) {
            None => names.push((name, conditions.into_iter().collect())),
            // Whoever may always needs no condition.
            Some((_, known)) if known.is_empty() => {}
            Some((_, known)) => match conditions {
                Some(condition) if known.contains(&condition) => {}
                Some(condition) => known.push(condition),
                None => known.clear(),
            },
        }
    }
    let conditional = names.iter().any(|(_, conditions)| !conditions.is_empty());
    let names: Vec<String> = names
        .into_iter()
        .map(|(name, conditions)| format!("{name}{}", conditions.join(", or")))
        .collect();
    match conditional {
        true => format!(
            "{preposition} {}",
            names.join(&format!(", or {preposition} "))
        ),
        false => format!("{preposition} {}", listed(&names, "or")),
    }
}

/// ` when `…`` and what holds afterwards.
fn conditions(condition: &Condition) -> Option<String> {
    match (&condition.when, &condition.after) {
        (None, None) => None,
        (Some(when), None) => Some(format!(" when `{when}`")),
        (None, Some(after)) => Some(format!(" when it leaves `{after}`")),
        (Some(when), Some(after)) => Some(format!(" when `{when}` and it leaves `{after}`")),
    }
}

fn name(context: Context, alternative: &Alternative) -> String {
    match (alternative.owner, alternative.caller) {
        (true, _) => "the owner".to_owned(),
        (false, CallerClass::Anyone) => "anyone".to_owned(),
        (false, CallerClass::SignedIn) => "whoever is signed in".to_owned(),
        (false, CallerClass::Role(role)) => {
            format!("the role `{}`", context.plan.model.role(role).name)
        }
    }
}
