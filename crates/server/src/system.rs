//! What every backend serves beside the design's operations: health, figures, the document, the pages.

use crate::body::{self, Body};
use crate::fixed::Fixed;
use crate::limits::Shared;
use crate::options::{Environment, SeededAccount, ServerOptions};
use crate::problem::Problem;
use crate::query;
use crate::routes::System;
use crate::service::Service;
use crate::tokens::Tokens;
use archwright_openapi::DocumentOptions;
use archwright_page::PageOptions;
use archwright_plan::{COMMON_ERRORS, Plan, status_code, status_title};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Response};
use serde_json::json;
use std::collections::BTreeMap;

type Paths = Vec<(String, Method, System)>;

/// Paths beside those of the plan, and the replies that never change.
pub(crate) fn paths(
    plan: &Plan,
    options: &ServerOptions,
    tokens: &Tokens,
    accounts: &[SeededAccount],
) -> (Paths, Vec<Fixed>) {
    let get = |path: &str, system| (path.to_owned(), Method::GET, system);
    let mut paths = vec![
        get("/healthz", System::Health),
        get("/readyz", System::Ready),
        get("/metrics", System::Metrics),
        get("/problems/{code}", System::Problem),
    ];
    if !accounts.is_empty() {
        let path = "/dev/sign-in/{role}".to_owned();
        paths.push((path, Method::POST, System::DevelopmentSignIn));
    }
    let mut fixed = Vec::new();
    let mut add = |path: &str, reply| {
        paths.push(get(path, System::Fixed(fixed.len())));
        fixed.push(reply);
    };
    add("/openapi.json", document(plan, options));
    if plan.model.account.is_some() {
        let keys = tokens.jwks().to_string().into_bytes();
        let media_type = "application/jwk-set+json";
        let keys = Fixed::json(keys, media_type, "public, max-age=300");
        add("/.well-known/jwks.json", keys);
    }
    for page in archwright_page::pages(plan, &page_options(options, accounts)) {
        let path = page.path.clone();
        add(&path, Fixed::page(page));
    }
    (paths, fixed)
}

fn document(plan: &Plan, options: &ServerOptions) -> Fixed {
    let options = DocumentOptions {
        server_url: options.public_url.clone(),
    };
    let document = archwright_openapi::document(plan, &options).to_string();
    Fixed::json(document.into_bytes(), "application/json", "no-cache")
}

fn page_options(options: &ServerOptions, accounts: &[SeededAccount]) -> PageOptions {
    PageOptions {
        development: options.environment == Environment::Development,
        seeded_roles: accounts
            .iter()
            .map(|account| (account.role.clone(), account.sign_in.clone()))
            .collect(),
    }
}

/// A small reply that nobody may keep.
pub(crate) fn json(text: impl Into<Bytes>) -> Response<Body> {
    plain(text, "application/json")
}

fn plain(text: impl Into<Bytes>, media_type: &'static str) -> Response<Body> {
    let mut response = Response::new(body::whole(text));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Whether the server can take requests now.
pub(crate) fn ready(service: &Service) -> Result<Response<Body>, Problem> {
    if service.is_stopping() {
        return Err(Problem::unavailable("The server is stopping.", 5));
    }
    service.store.ping()?;
    let shared = Shared::of(service.limits.as_ref());
    Ok(json(match shared.map(Shared::is_up) {
        None => r#"{"status":"ready"}"#,
        Some(true) => r#"{"status":"ready","redis":"up"}"#,
        // Not a reason to send nothing more: each copy counts for itself.
        Some(false) => r#"{"status":"ready","redis":"away"}"#,
    }))
}

pub(crate) fn metrics(service: &Service) -> Result<Response<Body>, Problem> {
    let text = service.metrics.text();
    let text = text.map_err(|error| Problem::internal(error.to_string()))?;
    let media_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(plain(text, media_type))
}

/// What the `type` of each problem reply leads to.
pub(crate) struct Problems(BTreeMap<String, Vec<u8>>);

impl Problems {
    pub(crate) fn new(plan: &Plan) -> Self {
        let mut known: BTreeMap<&str, (u16, Vec<&str>)> = BTreeMap::new();
        let common = COMMON_ERRORS.iter();
        let common = common.map(|(status, when)| {
            let code = status_code(*status);
            (plan.model.api.status(code, *status), code, *when)
        });
        let planned = plan
            .operations
            .iter()
            .flat_map(|operation| &operation.errors);
        let planned = planned.map(|case| (case.status, case.code.as_str(), case.when.as_str()));
        for (status, code, when) in common.chain(planned) {
            let (_, cases) = known.entry(code).or_insert((status, Vec::new()));
            if !cases.contains(&when) {
                cases.push(when);
            }
        }
        let page = |(code, (status, when)): (&str, (u16, Vec<&str>))| {
            let title = status_title(status);
            let body = json!({ "code": code, "title": title, "status": status, "when": when });
            (code.to_owned(), body.to_string().into_bytes())
        };
        Self(known.into_iter().map(page).collect())
    }

    pub(crate) fn response(&self, raw: &[&str]) -> Result<Response<Body>, Problem> {
        let code = raw.first().and_then(|code| query::decode(code));
        match code.and_then(|code| self.0.get(&code)) {
            Some(body) => Ok(json(body.clone())),
            None => Err(Problem::not_found("There is no problem with this code.")),
        }
    }
}
