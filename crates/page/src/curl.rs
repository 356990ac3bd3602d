//! Requests for the terminal that work as they stand.

use crate::PageOptions;
use archwright_plan::model::Method;
use archwright_plan::{Answer, Caller, CallerClass, Operation, OperationKind, Plan};
use serde::Serialize;

/// Takes the access token out of the reply of a sign-in, with what each system has.
const PICK_TOKEN: &str = r#"sed 's/.*"access_token": *"\([^"]*\)".*/\1/'"#;

/// Paths are empty where the design has no such operation.
#[derive(Serialize)]
pub(crate) struct Curl {
    pub sign_up: String,
    pub sign_up_body: String,
    pub sign_in: String,
    pub sign_in_body: String,
    pub pick_token: &'static str,
    pub me: String,
    /// Something to read, with its query.
    pub read: String,
    pub read_path: String,
    pub read_summary: String,
    pub read_needs_token: bool,
    /// A seeded role that may read it; empty outside development.
    pub role: String,
}

pub(crate) fn curl(plan: &Plan, options: &PageOptions) -> Curl {
    let path_of = |kind: OperationKind| {
        let mut operations = plan.operations.iter();
        operations
            .find(|operation| operation.kind == kind)
            .map(|operation| operation.path.clone())
            .unwrap_or_default()
    };
    let read = something_to_read(plan);
    let path = read.map(|read| read.path.clone()).unwrap_or_default();
    Curl {
        sign_up: path_of(OperationKind::SignUp),
        sign_up_body: body(&sign_up_keys(plan)),
        sign_in: path_of(OperationKind::SignIn),
        sign_in_body: body(&sign_in_keys(plan)),
        pick_token: PICK_TOKEN,
        me: path_of(OperationKind::Me),
        read: match read {
            Some(read) if read.kind == OperationKind::List => format!("{path}?limit=2"),
            _ => path.clone(),
        },
        read_path: path,
        read_summary: read
            .map(|read| read.summary.to_lowercase())
            .unwrap_or_default(),
        read_needs_token: read.is_some_and(|read| !is_open(read)),
        role: read
            .map(|read| role(plan, options, read))
            .unwrap_or_default(),
    }
}

/// Best a list that is open to anyone, else a list, else what can be read without knowing an id; of several the one that
/// is expected to be called most.
fn something_to_read(plan: &Plan) -> Option<&Operation> {
    let reads: Vec<&Operation> = plan
        .operations
        .iter()
        .filter(|operation| operation.method == Method::Get && operation.parameters.is_empty())
        .collect();
    let rank = |operation: &&Operation| {
        let is_list = operation.kind == OperationKind::List;
        let rate = operation.workload.map_or(0, |rate| {
            rate.count.saturating_mul(86_400) / rate.per_seconds.max(1)
        });
        (is_list && is_open(operation), is_list, rate)
    };
    // The first of those that rank alike.
    reads.into_iter().rev().max_by_key(rank)
}

fn is_open(operation: &Operation) -> bool {
    let mut guard = operation.guard.iter();
    guard.any(|alternative| alternative.caller == CallerClass::Anyone)
}

/// The first seeded role that may call the operation.
fn role(plan: &Plan, options: &PageOptions, operation: &Operation) -> String {
    let allowed = |name: &str| {
        let rows = plan
            .matrix
            .iter()
            .filter(|row| row.operation == operation.id);
        rows.flat_map(|row| &row.cells)
            .any(|cell| match cell.caller {
                Caller::SignedIn {
                    role: Some(role), ..
                } => plan.model.role(role).name == name && cell.answer != Answer::No,
                _ => false,
            })
    };
    let mut roles = options.seeded_roles.iter().map(|(role, _)| role);
    let role = roles.clone().find(|role| allowed(role)).or(roles.next());
    role.cloned().unwrap_or_default()
}

fn sign_in_keys(plan: &Plan) -> Vec<&str> {
    let account = plan.model.account.as_ref();
    account
        .map(|account| vec![plan.model.field(account.sign_in).name.as_str(), "password"])
        .unwrap_or_default()
}

fn sign_up_keys(plan: &Plan) -> Vec<&str> {
    let Some(account) = &plan.model.account else {
        return Vec::new();
    };
    let inputs = plan.resource(account.entity).create.iter();
    let required = inputs.filter(|input| input.required);
    required
        .map(|input| input.json.as_str())
        .chain(["password"])
        .collect()
}

/// A JSON object with a gap to fill in for each key.
fn body(keys: &[&str]) -> String {
    let pairs: Vec<String> = keys.iter().map(|key| format!("\"{key}\": \"…\"")).collect();
    format!("{{{}}}", pairs.join(", "))
}
