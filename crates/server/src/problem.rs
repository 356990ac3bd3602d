//! Problem replies (RFC 9457), and the only place where failures become statuses.

use crate::body::{self, Body};
use archwright_plan::limits::FAULTS;
use archwright_plan::model::Api;
use archwright_plan::{status_code, status_title};
use archwright_store::{Failure, Fault};
use http::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE,
};
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// A refusal that is ready to be told. `log` is for the log alone.
#[derive(Debug)]
pub(crate) struct Problem {
    pub status: u16,
    pub code: Cow<'static, str>,
    pub detail: Box<str>,
    pub errors: Vec<Entry>,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub log: Option<Box<str>>,
    own_body: Option<Box<OwnBody>>,
    /// A step says the status, whatever the code has elsewhere.
    is_chosen: bool,
}

/// What the operation itself has for a status. Behind a pointer: problems are the errors of many small functions.
#[derive(Debug)]
struct OwnBody(Vec<u8>);

/// One bad field or parameter.
#[derive(Debug)]
pub(crate) struct Entry {
    pub place: Place,
    pub code: &'static str,
    pub detail: String,
}

#[derive(Debug)]
pub(crate) enum Place {
    /// JSON Pointer into the body.
    Pointer(String),
    /// Of path, query or header.
    Parameter(String),
}

impl Problem {
    pub(crate) fn new(
        status: u16,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            detail: detail.into().into(),
            errors: Vec::new(),
            headers: Vec::new(),
            log: None,
            own_body: None,
            is_chosen: false,
        }
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(400, "bad-request", detail)
    }

    /// A parameter or header that makes no sense.
    pub(crate) fn parameter(name: &str, detail: impl Into<String>) -> Self {
        Failure::BadRequest(vec![Fault {
            at: name.to_owned(),
            code: "format",
            message: detail.into(),
        }])
        .into()
    }

    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(404, "not-found", detail)
    }

    pub(crate) fn method_not_allowed(allow: HeaderValue) -> Self {
        let detail = "The path does not know this method; `Allow` lists those that it knows.";
        Self::new(405, "method-not-allowed", detail).with(ALLOW, allow)
    }

    pub(crate) fn too_large(limit: u64) -> Self {
        let detail = format!("The body may have at most {limit} bytes.");
        Self::new(413, "too-large", detail).with(CONNECTION, HeaderValue::from_static("close"))
    }

    pub(crate) fn unsupported_media_type(detail: impl Into<String>) -> Self {
        Self::new(415, "unsupported-media-type", detail)
    }

    /// The body did not come in time; the rest of it may still be under way, so the connection ends.
    pub(crate) fn timeout() -> Self {
        let detail = "The request did not arrive in time.";
        Self::new(408, "timeout", detail).with(CONNECTION, HeaderValue::from_static("close"))
    }

    pub(crate) fn unavailable(detail: impl Into<String>, retry_seconds: u64) -> Self {
        Self::new(503, "unavailable", detail).with(RETRY_AFTER, retry_seconds.into())
    }

    pub(crate) fn internal(log: impl Into<String>) -> Self {
        let detail = "The server failed; the request id finds the reason in its log.";
        let mut problem = Self::new(500, "internal", detail);
        problem.log = Some(log.into().into());
        problem
    }

    /// 401 with what to send instead. `invalid` where credentials were sent and are not good.
    pub(crate) fn unauthorized(challenge: Challenge<'_>, detail: impl Into<String>) -> Self {
        let (schemes, parameter) = match challenge {
            Challenge::Missing { schemes, realm } => (schemes, format!("realm=\"{realm}\"")),
            Challenge::Invalid { schemes } => (schemes, "error=\"invalid_token\"".to_owned()),
        };
        let each = schemes.iter().map(|scheme| format!("{scheme} {parameter}"));
        let value = each.collect::<Vec<_>>().join(", ");
        let value =
            HeaderValue::from_str(&value).unwrap_or_else(|_| HeaderValue::from_static("Bearer"));
        Self::new(401, "unauthorized", detail).with(WWW_AUTHENTICATE, value)
    }

    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The reply; `shaped` is its body where the design gives errors a shape of their own.
    pub(crate) fn into_response(
        mut self,
        request_id: &str,
        shaped: Option<Value>,
    ) -> Response<Body> {
        if let Some(reason) = &self.log {
            tracing::error!(request_id, status = self.status, reason, "request failed");
        }
        let (body, media_type) = match (self.own_body.take(), shaped) {
            (Some(own), _) if own.0.is_empty() => return self.without_body(),
            (Some(own), _) => (own.0, "application/json"),
            (None, Some(body)) => (body.to_string().into_bytes(), "application/json"),
            (None, None) => {
                let body = Value::Object(self.body(request_id));
                (body.to_string().into_bytes(), "application/problem+json")
            }
        };
        let mut response = Response::new(body::whole(body));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.extend(self.headers);
        response
    }

    /// The operation has nothing to say with this status.
    fn without_body(self) -> Response<Body> {
        let mut response = Response::new(body::empty());
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.extend(self.headers);
        response
    }

    /// Says it with the status and in the words that the design has for its codes.
    pub(crate) fn told_by(mut self, api: &Api) -> Self {
        if !self.is_chosen {
            self.status = api.status(&self.code, self.status);
        }
        for entry in &mut self.errors {
            if let Some(text) = api.message(entry.code) {
                entry.detail = text.to_owned();
            }
        }
        if let Some(text) = api.message(&self.code) {
            self.detail = text.into();
        }
        self
    }

    fn body(&self, request_id: &str) -> Map<String, Value> {
        let mut body = Map::new();
        body.insert("type".to_owned(), format!("/problems/{}", self.code).into());
        body.insert("title".to_owned(), status_title(self.status).into());
        body.insert("status".to_owned(), self.status.into());
        body.insert("detail".to_owned(), (*self.detail).into());
        body.insert("instance".to_owned(), request_id.into());
        body.insert("code".to_owned(), self.code.as_ref().into());
        if !self.errors.is_empty() {
            let errors = self.errors.iter().map(Entry::json).collect();
            body.insert("errors".to_owned(), Value::Array(errors));
        }
        body
    }
}

impl Entry {
    fn json(&self) -> Value {
        let (key, place) = match &self.place {
            Place::Pointer(pointer) => ("pointer", pointer),
            Place::Parameter(name) => ("parameter", name),
        };
        json!({ key: place, "code": self.code, "detail": self.detail })
    }

    fn pointer(fault: Fault) -> Self {
        Self {
            place: Place::Pointer(fault.at),
            code: fault.code,
            detail: fault.message,
        }
    }

    /// A fault of a 400 is in a parameter, unless its place is a pointer.
    fn parameter(fault: Fault) -> Self {
        let place = match fault.at.starts_with('/') {
            true => Place::Pointer(fault.at),
            false => Place::Parameter(fault.at),
        };
        Self {
            place,
            code: fault.code,
            detail: fault.message,
        }
    }
}

/// What a 401 says about how to sign in.
#[derive(Clone, Copy)]
pub(crate) enum Challenge<'a> {
    Missing {
        schemes: &'a [String],
        realm: &'a str,
    },
    Invalid {
        schemes: &'a [String],
    },
}

/// Every failure of the store, as what the client is told. A 401 lacks its challenge: see [`Problem::challenged`].
impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::BadRequest(faults) => {
                let detail = summary(&faults, "The request can't be understood.");
                let mut problem = Self::bad_request(detail);
                // What is wrong with the request as a whole stands in the detail alone.
                let faults = faults.into_iter().filter(|fault| !fault.at.is_empty());
                problem.errors = listed(faults, Entry::parameter);
                problem
            }
            Failure::Unauthorized => Self::new(401, "unauthorized", "Sign in to do this."),
            Failure::Forbidden { detail, fields } => {
                let mut problem = Self::new(403, "forbidden", detail);
                problem.errors = named(fields, "forbidden", "It may not be set by this caller.");
                problem
            }
            Failure::NotFound => Self::not_found("There is no such row."),
            Failure::Conflict {
                code,
                detail,
                fields,
            } => {
                let mut problem = Self::new(409, code, detail.clone());
                problem.errors = named(fields, code, &detail);
                problem
            }
            Failure::PreconditionFailed => {
                let detail = "`If-Match` names another version than the row has now.";
                Self::new(412, "precondition-failed", detail)
            }
            Failure::Invalid(faults) => {
                let detail = summary(&faults, "The body is not what it should be.");
                let mut problem = Self::new(422, "invalid", detail);
                problem.errors = listed(faults, Entry::pointer);
                problem
            }
            Failure::KeyReused => {
                let detail = "The idempotency key was used for another request.";
                Self::new(422, "key-reused", detail)
            }
            Failure::Status {
                status,
                detail,
                body,
            } => {
                let mut problem = Self::new(status, status_code(status), detail);
                problem.own_body = body.map(|body| Box::new(OwnBody(body)));
                problem.is_chosen = true;
                problem
            }
            Failure::Unavailable(reason) => {
                let mut problem = Self::unavailable("The database is busy; try again soon.", 1);
                problem.log = Some(reason.into());
                problem
            }
            Failure::Internal(reason) => Self::internal(reason),
        }
    }
}

impl Problem {
    /// Gives a 401 the challenge that it must have.
    pub(crate) fn challenged(self, schemes: &[String], realm: &str) -> Self {
        let lacks = !self
            .headers
            .iter()
            .any(|(name, _)| *name == WWW_AUTHENTICATE);
        if self.status != 401 || !lacks {
            return self;
        }
        let Self {
            detail,
            errors,
            own_body,
            ..
        } = self;
        let mut problem = Self::unauthorized(Challenge::Missing { schemes, realm }, detail);
        problem.errors = errors;
        problem.own_body = own_body;
        problem
    }
}

/// A body can have more faults than anybody reads.
fn listed(faults: impl IntoIterator<Item = Fault>, entry: impl Fn(Fault) -> Entry) -> Vec<Entry> {
    faults.into_iter().take(FAULTS).map(entry).collect()
}

fn summary(faults: &[Fault], otherwise: &str) -> String {
    match faults {
        [] => otherwise.to_owned(),
        [Fault { at, message, .. }] if at.is_empty() => message.clone(),
        [Fault { at, message, .. }] => format!("{}: {message}", at.trim_start_matches('/')),
        several if several.len() > FAULTS => {
            format!("More than {FAULTS} values are not what they should be.")
        }
        several => format!("{} values are not what they should be.", several.len()),
    }
}

/// Names of fields as entries; nested ones come as pointers already.
fn named(fields: Vec<String>, code: &'static str, detail: &str) -> Vec<Entry> {
    let pointer = |field: String| match field.starts_with('/') {
        true => field,
        false => format!("/{}", field.replace('~', "~0").replace('/', "~1")),
    };
    fields
        .into_iter()
        .map(|field| Entry {
            place: Place::Pointer(pointer(field)),
            code,
            detail: detail.to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(at: &str) -> Fault {
        Fault {
            at: at.to_owned(),
            code: "required",
            message: "It is required.".to_owned(),
        }
    }

    #[track_caller]
    fn check(failure: Failure, status: u16, code: &str) -> Problem {
        let problem = Problem::from(failure);
        assert_eq!((problem.status, problem.code.as_ref()), (status, code));
        problem
    }

    #[test]
    fn each_failure_has_its_status_and_code() {
        check(
            Failure::BadRequest(vec![fault("limit")]),
            400,
            "bad-request",
        );
        check(Failure::Unauthorized, 401, "unauthorized");
        check(
            Failure::Forbidden {
                detail: String::new(),
                fields: vec!["price".to_owned()],
            },
            403,
            "forbidden",
        );
        check(Failure::NotFound, 404, "not-found");
        check(
            Failure::Conflict {
                code: "unique",
                detail: String::new(),
                fields: Vec::new(),
            },
            409,
            "unique",
        );
        check(Failure::PreconditionFailed, 412, "precondition-failed");
        check(Failure::Invalid(vec![fault("/name")]), 422, "invalid");
        check(Failure::KeyReused, 422, "key-reused");
        check(
            Failure::Status {
                status: 410,
                detail: String::new(),
                body: None,
            },
            410,
            "gone",
        );
        check(Failure::Unavailable(String::new()), 503, "unavailable");
        check(Failure::Internal(String::new()), 500, "internal");
    }

    #[test]
    fn what_failed_inside_is_not_told() {
        let problem = Problem::from(Failure::Internal("no such table: books".to_owned()));
        let told = Value::Object(problem.body("id")).to_string();
        assert!(!told.contains("books"), "{told}");
        let problem = Problem::from(Failure::Unavailable("disk I/O error".to_owned()));
        let told = Value::Object(problem.body("id")).to_string();
        assert!(!told.contains("disk"), "{told}");
    }

    #[test]
    fn faults_are_listed_with_their_places() {
        let problem = Problem::from(Failure::Invalid(vec![fault("/name"), fault("")]));
        let body = problem.body("id");
        let expected = json!([
            { "pointer": "/name", "code": "required", "detail": "It is required." },
            { "pointer": "", "code": "required", "detail": "It is required." },
        ]);
        assert_eq!(body["errors"], expected);
        let problem = Problem::from(Failure::BadRequest(vec![fault("sort")]));
        let expected =
            json!([{ "parameter": "sort", "code": "required", "detail": "It is required." }]);
        assert_eq!(problem.body("id")["errors"], expected);
    }

    #[test]
    fn every_401_has_a_challenge() {
        let schemes = ["Token".to_owned(), "Bearer".to_owned()];
        let problem = Problem::from(Failure::Unauthorized).challenged(&schemes, "shop");
        let (name, value) = &problem.headers[0];
        assert_eq!(*name, WWW_AUTHENTICATE);
        assert_eq!(value, "Token realm=\"shop\", Bearer realm=\"shop\"");
    }
}
