//! Who may call an operation, as a sentence and as security requirements.

use crate::Context;
use crate::object::listed;
use archwright_plan::{Alternative, CallerClass, Operation, OperationKind};
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

/// `Allowed for the owner or staff.`
pub(crate) fn sentence(context: Context, operation: &Operation) -> Option<String> {
    if !operation.reads_token(&context.plan.model) || operation.guard.is_empty() {
        return None;
    }
    let who = alternatives(context, &operation.guard);
    match operation.kind {
        OperationKind::List if who == "anyone" => Some("Anyone sees all of them.".to_owned()),
        OperationKind::List => Some(format!("Shows rows to {who}.")),
        _ => Some(format!("Allowed for {who}.")),
    }
}

/// `anyone`, `the owner or staff`.
pub(crate) fn alternatives(context: Context, alternatives: &[Alternative]) -> String {
    let mut names: Vec<String> = Vec::new();
    for alternative in alternatives {
        let name = name(context, alternative);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    listed(&names, "or")
}

fn name(context: Context, alternative: &Alternative) -> String {
    let conditional = alternative.when.is_some() || alternative.after.is_some();
    let condition = if conditional {
        ", under a condition"
    } else {
        ""
    };
    match (alternative.owner, alternative.caller) {
        (true, _) => "the owner".to_owned(),
        (false, CallerClass::Anyone) => format!("anyone{condition}"),
        (false, CallerClass::SignedIn) => format!("whoever is signed in{condition}"),
        (false, CallerClass::Role(role)) => {
            format!(
                "the role `{}`{condition}",
                context.plan.model.role(role).name
            )
        }
    }
}
