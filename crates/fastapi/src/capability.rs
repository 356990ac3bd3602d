//! What a FastAPI project can't have yet, beside what a view refuses on its way.

use crate::types;
use archwright_plan::model::{FieldKind, ScalarType, Unknown};
use archwright_plan::{OperationKind, Plan};
use archwright_stack::{Refusals, Unsupported};

pub fn refuse(plan: &Plan, refusals: &mut Refusals) {
    let model = &plan.model;
    types::ids(plan).for_each(|unsupported| refusals.add(unsupported));
    for operation in &model.operations {
        refusals.add(Unsupported::at("named operations", operation.span));
    }
    for entity in &model.entities {
        for field in &entity.fields {
            if let FieldKind::Scalar(ScalarType::File { .. }) = field.kind {
                refusals.add(Unsupported::at("files", field.span));
            }
            if entity.tenant == Some(field.id) {
                refusals.add(Unsupported::at("tenants", field.span));
            }
        }
        for check in entity.checks.iter().filter(|check| !check.own_row) {
            refusals.add(Unsupported::at(
                "checks that look at other rows",
                check.that.span,
            ));
        }
        let machine = entity.state.iter().flat_map(|machine| &machine.moves);
        for one in machine.filter(|one| !one.steps.is_empty()) {
            refusals.add(Unsupported::at("moves with steps", one.span));
        }
    }
    if model.account.is_none() {
        refusals.add(Unsupported::new("a design without accounts"));
    }
    let api = &model.api;
    if !api.errors.is_empty() || !api.statuses.is_empty() || !api.messages.is_empty() {
        refusals.add(Unsupported::new("errors in a shape of the design's own"));
    }
    if api.unknown == Unknown::Ignore {
        refusals.add(Unsupported::new("parameters and keys that are left alone"));
    }
    if !api.origins.is_empty() {
        refusals.add(Unsupported::new("requests from other origins"));
    }
    let stack = &model.stack;
    if stack.cache.name == "redis" {
        let what = "rate limits that copies count together";
        refusals.add(Unsupported {
            what: what.to_owned(),
            span: stack.cache.span,
        });
    }
    if stack.rls {
        refusals.add(Unsupported::new("row-level security"));
    }
    for provider in stack
        .sign_in
        .iter()
        .filter(|choice| choice.name != "password")
    {
        let what = format!("signing in with `{}`", provider.name);
        refusals.add(Unsupported {
            what,
            span: provider.span,
        });
    }
    let mut operations = plan.operations.iter();
    if operations.any(|one| one.until.is_some() && one.kind != OperationKind::Download) {
        refusals.add(Unsupported::new(
            "operations that a later version will not have",
        ));
    }
}
