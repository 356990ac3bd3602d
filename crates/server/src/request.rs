//! Reads a request into a call of the store, strictly.

use crate::json;
use crate::media;
use crate::prepared::Prepared;
use crate::problem::Problem;
use crate::routes::Route;
use crate::{conditional, query};
use archwright_plan::limits::IDEMPOTENCY_KEY_BYTES;
use archwright_plan::model::Unknown;
use archwright_plan::{Operation, RequestBody};
use archwright_store::{Call, Failure, Fault, IdempotencyKey, Proofs};
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_ENCODING, HeaderName};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use sha2::{Digest, Sha256};
use std::time::Duration;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");
const JSON: &str = "application/json";
const MERGE_PATCH: &str = "application/merge-patch+json";

/// How much of a body is taken, and how long it may take to come.
#[derive(Clone, Copy)]
pub(crate) struct BodyLimits {
    pub bytes: u64,
    pub time: Duration,
}

/// The call without its body.
pub(crate) fn call(
    parts: &Parts,
    route: &Route,
    raw_path: &[&str],
    operation: &Operation,
    prepared: &Prepared,
) -> Result<Call, Problem> {
    Ok(Call {
        operation: route.operation,
        path: path(route, raw_path, operation)?,
        query: query_of(parts, prepared, operation)?,
        headers: own_headers(&parts.headers, prepared)?,
        body: None,
        if_match: match operation.etag {
            true => conditional::if_match(&parts.headers)
                .map_err(|detail| Problem::parameter("If-Match", detail))?,
            false => None,
        },
        idempotency: None,
        proofs: Proofs::default(),
    })
}

fn path(route: &Route, raw: &[&str], operation: &Operation) -> Result<Vec<String>, Problem> {
    let places = route.parameters.iter().zip(&operation.parameters);
    places
        .map(|(place, parameter)| {
            let text = raw.get(*place).and_then(|text| query::decode(text));
            let wrong = "The value is not percent-encoded UTF-8.";
            text.ok_or_else(|| Problem::parameter(&parameter.name, wrong))
        })
        .collect()
}

fn query_of(
    parts: &Parts,
    prepared: &Prepared,
    operation: &Operation,
) -> Result<Vec<(String, String)>, Problem> {
    let parameters = query::parameters(parts.uri.query())?;
    if prepared.takes_query || parameters.is_empty() {
        return Ok(parameters);
    }
    if operation.unknown == Unknown::Ignore {
        return Ok(Vec::new());
    }
    let unknown = parameters.into_iter().map(|(name, _)| Fault {
        code: "unknown",
        message: format!("The operation takes no parameter {name:?}."),
        at: name,
    });
    Err(Failure::BadRequest(unknown.collect()).into())
}

fn own_headers(headers: &HeaderMap, prepared: &Prepared) -> Result<Vec<(String, String)>, Problem> {
    let mut own = Vec::new();
    for name in &prepared.headers {
        for value in headers.get_all(name) {
            let Ok(text) = value.to_str() else {
                return Err(Problem::parameter(name.as_str(), "It must be ASCII text."));
            };
            own.push((name.as_str().to_owned(), text.to_owned()));
        }
    }
    Ok(own)
}

/// 406 when the client takes no JSON.
pub(crate) fn check_accepts_json(headers: &HeaderMap) -> Result<(), Problem> {
    if !headers.contains_key(ACCEPT) || media::accepts_json(headers) {
        return Ok(());
    }
    let detail = "The reply is `application/json`, and `Accept` leaves it out.";
    Err(Problem::new(406, "not-acceptable", detail))
}

/// Reads the body of a JSON operation into the call, with the idempotency key where the operation takes one.
pub(crate) async fn read_body(
    call: &mut Call,
    parts: &Parts,
    body: Incoming,
    operation: &Operation,
    rule: RequestBody,
    limits: BodyLimits,
) -> Result<(), Problem> {
    let key = match operation.idempotency_key {
        true => idempotency_key(&parts.headers)?,
        false => None,
    };
    let bytes = match rule {
        RequestBody::None | RequestBody::File => Bytes::new(),
        RequestBody::Empty | RequestBody::Json | RequestBody::MergePatch => {
            let is_empty = body.is_end_stream();
            check_media_type(&parts.headers, rule, is_empty)?;
            collect(body, limits).await?
        }
    };
    call.idempotency = key.map(|key| IdempotencyKey {
        key,
        fingerprint: fingerprint(parts, &bytes),
    });
    if !bytes.is_empty() {
        let value = json::parse(&bytes);
        let value = value.map_err(|reason| {
            Problem::bad_request(format!("The body is not JSON that can be read: {reason}."))
        })?;
        call.body = Some(value);
    }
    Ok(())
}

/// All of the body, or 413 or 408.
async fn collect(body: Incoming, limits: BodyLimits) -> Result<Bytes, Problem> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    if body.size_hint().lower() > limits.bytes {
        return Err(Problem::too_large(limits.bytes));
    }
    let most = usize::try_from(limits.bytes).unwrap_or(usize::MAX);
    let collected = Limited::new(body, most).collect();
    match tokio::time::timeout(limits.time, collected).await {
        Err(_) => Err(Problem::timeout()),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Problem::too_large(limits.bytes)),
        Ok(Err(_)) => Err(Problem::bad_request("The body ended before it was whole.")),
    }
}

/// A small compressed body could unpack to more than the limit.
pub(crate) fn check_not_encoded(headers: &HeaderMap) -> Result<(), Problem> {
    let encoded = headers
        .get(CONTENT_ENCODING)
        .is_some_and(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"));
    match encoded {
        true => {
            let detail = "Bodies must come without a `Content-Encoding`.";
            Err(Problem::unsupported_media_type(detail))
        }
        false => Ok(()),
    }
}

fn check_media_type(headers: &HeaderMap, rule: RequestBody, is_empty: bool) -> Result<(), Problem> {
    check_not_encoded(headers)?;
    let wanted: &[&str] = match rule {
        RequestBody::MergePatch => &[MERGE_PATCH, JSON],
        _ => &[JSON],
    };
    let refused = |said: &str| {
        let detail = format!("The body must be `{}`; {said}.", wanted.join("` or `"));
        let problem = Problem::unsupported_media_type(detail);
        match rule {
            RequestBody::MergePatch => {
                problem.with(ACCEPT_PATCH, HeaderValue::from_static(MERGE_PATCH))
            }
            _ => problem,
        }
    };
    let fits = |essence: &str| wanted.contains(&essence) || media::is_json(essence);
    match media::content_type(headers) {
        Err(()) => Err(refused("`Content-Type` can't be read")),
        Ok(None) if is_empty => Ok(()),
        Ok(None) => Err(refused("the request has no `Content-Type`")),
        Ok(Some(given)) if !fits(&given.essence) => {
            Err(refused(&format!("the request says `{}`", given.essence)))
        }
        Ok(Some(given)) if !given.is_utf8() => Err(refused("its charset must be UTF-8")),
        Ok(Some(_)) => Ok(()),
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let bytes = value.as_bytes();
    let sound = (1..=IDEMPOTENCY_KEY_BYTES).contains(&bytes.len())
        && bytes.iter().all(u8::is_ascii_graphic);
    match value.to_str() {
        Ok(key) if sound && values.next().is_none() => Ok(Some(key.to_owned())),
        _ => {
            let detail = format!(
                "It must have 1 to {IDEMPOTENCY_KEY_BYTES} visible ASCII characters, without spaces."
            );
            Err(Problem::parameter("Idempotency-Key", detail))
        }
    }
}

/// Tells one request from another that comes with the same idempotency key.
fn fingerprint(parts: &Parts, body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(parts.method.as_str());
    hash.update([0]);
    hash.update(parts.uri.path());
    hash.update([0]);
    hash.update(parts.uri.query().unwrap_or_default());
    hash.update([0]);
    hash.update(body);
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::CONTENT_TYPE;

    #[track_caller]
    fn check(rule: RequestBody, content_type: Option<&'static str>, is_empty: bool, sound: bool) {
        let mut headers = HeaderMap::new();
        if let Some(value) = content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(value));
        }
        let checked = check_media_type(&headers, rule, is_empty);
        assert_eq!(checked.is_ok(), sound, "{rule:?} {content_type:?}");
        if let Err(problem) = checked {
            assert_eq!(problem.status, 415);
        }
    }

    #[test]
    fn bodies_must_be_json() {
        check(RequestBody::Json, Some("application/json"), false, true);
        check(
            RequestBody::Json,
            Some("Application/JSON; charset=UTF-8"),
            false,
            true,
        );
        check(
            RequestBody::Json,
            Some("application/json; charset=latin1"),
            false,
            false,
        );
        check(
            RequestBody::Json,
            Some("application/vnd.github+json; charset=utf-8"),
            false,
            true,
        );
        check(RequestBody::Json, Some("text/plain"), false, false);
        check(
            RequestBody::Json,
            Some("application/x-www-form-urlencoded"),
            true,
            false,
        );
        check(RequestBody::Json, Some(MERGE_PATCH), false, false);
        check(RequestBody::Json, None, false, false);
        check(RequestBody::Json, None, true, true);
        check(RequestBody::MergePatch, Some(MERGE_PATCH), false, true);
        check(RequestBody::MergePatch, Some(JSON), false, true);
        check(
            RequestBody::MergePatch,
            Some("application/json-patch+json"),
            false,
            false,
        );
    }

    #[test]
    fn compressed_bodies_are_refused() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert!(check_media_type(&headers, RequestBody::Json, false).is_err());
    }

    #[track_caller]
    fn check_key(value: &str, sound: bool) {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_bytes(value.as_bytes());
        headers.extend(value.ok().map(|value| (IDEMPOTENCY_KEY, value)));
        assert_eq!(idempotency_key(&headers).is_ok(), sound, "{headers:?}");
    }

    #[test]
    fn idempotency_keys_are_visible_ascii() {
        check_key("a-1!~", true);
        check_key(&"k".repeat(255), true);
        check_key(&"k".repeat(256), false);
        check_key("", false);
        check_key("a b", false);
        check_key("é", false);
    }
}
