//! Prints a plan as an OpenAPI 3.1 document: what the server accepts and answers, no more and no less.

mod access;
mod component;
mod decimal;
mod error;
mod example;
mod input;
mod names;
mod object;
mod operation;
mod parameter;
mod plausible;
mod reply;
mod scalar;
mod shape;

use archwright_plan::{Plan, words};
use names::Names;
use object::object;
use serde_json::{Map, Value, json};

#[derive(Clone, Debug, Default)]
pub struct DocumentOptions {
    /// Where the API answers, without a trailing slash; absent: where the document came from.
    pub server_url: Option<String>,
}

/// What every part of the document is printed from.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub plan: &'a Plan,
    pub names: &'a Names,
}

/// The document. The same plan gives the same bytes.
pub fn document(plan: &Plan, options: &DocumentOptions) -> Value {
    let names = Names::new(plan);
    let context = Context {
        plan,
        names: &names,
    };
    let server = options.server_url.as_deref().unwrap_or("/");
    let mut document = object(json!({
        "openapi": "3.1.0",
        "info": info(plan),
        "servers": [{ "url": server }],
        "tags": operation::tags(context),
        "paths": operation::paths(context),
        "components": component::components(context),
    }));
    if document["tags"].as_array().is_some_and(Vec::is_empty) {
        document.shift_remove("tags");
    }
    component::prune(&mut document);
    Value::Object(document)
}

fn info(plan: &Plan) -> Map<String, Value> {
    let model = &plan.model;
    let mut info = object(json!({
        "title": words(&model.name),
        "version": model.api.version.to_string(),
    }));
    if !model.about.is_empty() {
        info.insert("summary".to_owned(), first_line(&model.about).into());
    }
    info.insert("description".to_owned(), conventions(plan).into());
    info
}

fn first_line(text: &str) -> &str {
    text.trim().lines().next().unwrap_or_default()
}

fn conventions(plan: &Plan) -> String {
    let api = &plan.model.api;
    let mut paragraphs = Vec::new();
    if !plan.model.about.is_empty() {
        paragraphs.push(plan.model.about.trim().to_owned());
    }
    paragraphs.push(format!(
        "Lists answer `data` and `page`; `page.next` is the `cursor` of the next page. A page has {} rows unless \
         `limit` says otherwise, and at most {}.",
        api.page_default, api.page_max
    ));
    paragraphs.push(
        "Changes are JSON Merge Patches. A reply's `ETag`, sent back as `If-Match`, guards against lost updates; \
         an `Idempotency-Key` makes it safe to send a request again."
            .to_owned(),
    );
    paragraphs
        .push("Texts hold any characters but NUL, unless a pattern says otherwise.".to_owned());
    if api.errors.is_empty() {
        paragraphs.push(
            "Errors are problem details (RFC 9457). `code` is stable, and `errors` has one entry for each bad field \
             or parameter."
                .to_owned(),
        );
    }
    paragraphs.join("\n\n")
}
