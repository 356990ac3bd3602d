//! Replies: what the store answers as a response, and the headers that every response has.

use crate::body::{self, Body};
use crate::cors::{Asked, Cors};
use crate::prepared::Prepared;
use crate::trace::{REQUEST_ID, TRACEPARENT, Trace};
use crate::{conditional, query};
use archwright_store::Reply;
use http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, LINK,
    LOCATION, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const API_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
const TWO_YEARS: HeaderValue = HeaderValue::from_static("max-age=63072000");

/// Room for all that a reply has, so that the map need not grow.
const MOST_HEADERS: usize = 24;

/// What the store or the accounts answered, as a response.
pub(crate) fn response(
    reply: Reply,
    prepared: &Prepared,
    parts: &Parts,
    signed_in: bool,
) -> Response<Body> {
    let is_get = parts.method == Method::GET || parts.method == Method::HEAD;
    let has_it = |tag: &String| conditional::if_none_match(&parts.headers, tag);
    let unchanged = prepared.revalidates && reply.etag.as_ref().is_some_and(has_it);
    let unchanged = unchanged && !expands(parts);
    let mut response = Response::new(body::empty());
    *response.headers_mut() = HeaderMap::with_capacity(MOST_HEADERS);
    *response.status_mut() = match unchanged {
        true => StatusCode::NOT_MODIFIED,
        false => StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
    };
    let headers = response.headers_mut();
    if prepared.is_list {
        headers.extend(link(parts, reply.next.as_deref()).map(|link| (LINK, link)));
    }
    let location = reply.location.and_then(|path| path.try_into().ok());
    headers.extend(location.map(|path: HeaderValue| (LOCATION, path)));
    headers.extend(reply.headers.iter().filter_map(own_header));
    let etag = reply.etag.as_deref().and_then(conditional::etag);
    headers.extend(etag.map(|tag| (ETAG, tag)));
    if reply.replayed {
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
    }
    headers.insert(CACHE_CONTROL, cache(is_get, signed_in));
    if prepared.reads_token {
        headers.append(VARY, HeaderValue::from_name(AUTHORIZATION));
    }
    if let (Some(body), false) = (reply.body, unchanged) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *response.body_mut() = body::whole(body);
    }
    response
}

/// A header that a named operation has. Bytes that a header can't hold are percent-encoded, as in an address.
fn own_header((name, value): &(String, String)) -> Option<(HeaderName, HeaderValue)> {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b' '..=b'~' => text.push(char::from(byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    let name = HeaderName::try_from(name.as_str()).ok()?;
    Some((name, HeaderValue::try_from(text).ok()?))
}

/// Rows that are put into another's representation have versions of their own.
fn expands(parts: &Parts) -> bool {
    let query = parts.uri.query().unwrap_or_default();
    query.split('&').any(|pair| !pair.starts_with("fields=")) && !query.is_empty()
}

/// What an account sees is nobody else's; what anyone may see can be kept, and has to be asked for again.
fn cache(is_get: bool, signed_in: bool) -> HeaderValue {
    HeaderValue::from_static(match (is_get, signed_in) {
        (true, false) => "no-cache",
        (true, true) => "private, no-store",
        (false, _) => "no-store",
    })
}

/// `<…>; rel="first"`, and `rel="next"` unless this is the last page.
fn link(parts: &Parts, next: Option<&str>) -> Option<HeaderValue> {
    let path = parts.uri.path();
    let first = query::first_page(parts.uri.query());
    let mut text = match first.is_empty() {
        true => format!("<{path}>; rel=\"first\""),
        false => format!("<{path}?{first}>; rel=\"first\""),
    };
    if let Some(next) = next {
        text.push_str(&format!(", <{path}?{next}>; rel=\"next\""));
    }
    HeaderValue::try_from(text).ok()
}

/// What goes into every response, whoever made it.
pub(crate) struct Common {
    pub cors: Option<Cors>,
    pub production: bool,
}

impl Common {
    pub(crate) fn write(&self, headers: &mut HeaderMap, trace: &Trace, asked: &Asked) {
        if let Ok(id) = HeaderValue::from_str(&trace.request_id) {
            headers.insert(REQUEST_ID, id);
        }
        if let Some(parent) = &trace.traceparent {
            headers.insert(TRACEPARENT, parent.clone());
        }
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.entry(CONTENT_SECURITY_POLICY).or_insert(API_POLICY);
        if self.production {
            headers.insert(STRICT_TRANSPORT_SECURITY, TWO_YEARS);
        }
        if let Some(cors) = &self.cors {
            cors.write(asked, headers);
        }
    }
}

/// `Deprecation` (RFC 9745) on what a later version of the API will not have.
pub(crate) fn deprecate(prepared: &Prepared, headers: &mut HeaderMap) {
    if let Some(since) = &prepared.deprecation {
        headers.insert(DEPRECATION, since.clone());
    }
}
