//! What somebody who writes a client has to know first: tokens, lists, writes, errors.

use archwright_plan::model::{Method, duration_in_words};
use archwright_plan::{FilterOperator, Operation, OperationKind, Plan};
use serde::Serialize;

/// Code stands between backticks.
#[derive(Serialize)]
pub(crate) struct Convention {
    pub about: &'static str,
    pub text: String,
}

pub(crate) fn conventions(plan: &Plan) -> Vec<Convention> {
    let about = |about, text: Option<String>| text.map(|text| Convention { about, text });
    [
        about("Token", token(plan)),
        about("Lists", lists(plan)),
        about("Writes", writes(plan)),
        about("Errors", Some(errors(plan))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn token(plan: &Plan) -> Option<String> {
    plan.model.account.as_ref()?;
    let api = &plan.model.api;
    Some(format!(
        "`Authorization: {} …`, good for {}",
        api.scheme(),
        duration_in_words(api.access_seconds)
    ))
}

/// Examples from the list that offers most.
fn lists(plan: &Plan) -> Option<String> {
    let lists = plan
        .operations
        .iter()
        .filter_map(|operation| operation.list.as_ref());
    let list = lists.max_by_key(|list| list.filters.len() + list.sorts.len())?;
    let mut parts = vec![
        format!("`?limit=` up to {}", list.page_max),
        "`?cursor=`".to_owned(),
    ];
    if let Some(sort) = list.sorts.first() {
        parts.push(format!("`?sort=-{}`", sort.name));
    }
    let compares = |operators: &[FilterOperator]| operators.contains(&FilterOperator::Less);
    let filters = &list.filters;
    let compared = filters.iter().find(|filter| compares(&filter.operators));
    match (compared, filters.first()) {
        (Some(filter), _) => parts.push(format!("`?{}.lt=`", filter.name)),
        (None, Some(filter)) => parts.push(format!("`?{}=`", filter.name)),
        (None, None) => {}
    }
    Some(parts.join(", "))
}

fn writes(plan: &Plan) -> Option<String> {
    let any = |wanted: fn(&Operation) -> bool| plan.operations.iter().any(wanted);
    let mut parts = Vec::new();
    if any(|operation| operation.kind == OperationKind::Update) {
        parts.push("`PATCH` is a merge patch");
    }
    if any(|operation| operation.etag && operation.method != Method::Get) {
        parts.push("`If-Match` against lost updates");
    }
    if any(|operation| operation.idempotency_key) {
        parts.push("`Idempotency-Key` to repeat safely");
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn errors(plan: &Plan) -> String {
    match plan.model.api.errors.is_empty() {
        false => "in the design’s own shape".to_owned(),
        true => "`application/problem+json`, every bad field at once".to_owned(),
    }
}
