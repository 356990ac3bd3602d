//! Cross-origin requests: refused by browsers unless the design names the origin.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
    VARY,
};
use http::{HeaderMap, HeaderValue, Method};

/// Credentials travel in `Authorization`, which scripts set themselves: cookies are never allowed.
const REQUEST_HEADERS: &str = "authorization, content-type, idempotency-key, if-match, if-none-match, traceparent, x-request-id";
const EXPOSED_HEADERS: &str = "deprecation, etag, idempotency-replayed, link, location, ratelimit, \
                               ratelimit-policy, retry-after, www-authenticate, x-request-id";
const KEPT_SECONDS: &str = "600";

pub(crate) struct Cors {
    origins: Vec<HeaderValue>,
    request_headers: HeaderValue,
    exposed: HeaderValue,
}

impl Cors {
    /// `None` where the design names no origin: then nothing is said, and browsers refuse. `own_headers` are those that
    /// operations of the design declare, `shown` those that their replies have.
    pub(crate) fn new(
        origins: &[String],
        own_headers: &[String],
        shown: &[String],
    ) -> Option<Self> {
        let origins: Vec<HeaderValue> = origins
            .iter()
            .filter_map(|origin| HeaderValue::from_str(origin).ok())
            .collect();
        let with = |ours: &'static str, more: &[String]| {
            let all = [&[ours.to_owned()], more].concat().join(", ");
            HeaderValue::try_from(all).unwrap_or(HeaderValue::from_static(ours))
        };
        let request_headers = with(REQUEST_HEADERS, own_headers);
        let exposed = with(EXPOSED_HEADERS, shown);
        (!origins.is_empty()).then_some(Self {
            origins,
            request_headers,
            exposed,
        })
    }

    /// Adds what a browser has to be told in every reply.
    pub(crate) fn write(&self, request: &Asked, headers: &mut HeaderMap) {
        headers.append(VARY, HeaderValue::from_static("Origin"));
        let Some(origin) = self.allowed(request) else {
            return;
        };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        if request.preflight {
            if let Some(methods) = headers.get(http::header::ALLOW).cloned() {
                headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
            }
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, self.request_headers.clone());
            headers.insert(
                ACCESS_CONTROL_MAX_AGE,
                HeaderValue::from_static(KEPT_SECONDS),
            );
        } else {
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, self.exposed.clone());
        }
    }

    fn allowed(&self, request: &Asked) -> Option<&HeaderValue> {
        let asked = request.origin.as_ref()?;
        self.origins.iter().find(|origin| *origin == asked)
    }
}

/// What of a request matters to CORS.
pub(crate) struct Asked {
    origin: Option<HeaderValue>,
    preflight: bool,
}

impl Asked {
    pub(crate) fn of(method: &Method, headers: &HeaderMap) -> Self {
        Self {
            origin: headers.get(ORIGIN).cloned(),
            preflight: *method == Method::OPTIONS
                && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD),
        }
    }
}
