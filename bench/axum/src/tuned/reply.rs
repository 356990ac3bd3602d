//! Replies.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderValue, Response, StatusCode};

pub type Reply = Result<Response<Body>, Response<Body>>;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

pub fn json(body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

pub fn created(location: String, body: Vec<u8>) -> Response<Body> {
    let mut response = json(body);
    *response.status_mut() = StatusCode::CREATED;
    response.headers_mut().extend(
        HeaderValue::try_from(location)
            .map(|path| (LOCATION, path))
            .ok(),
    );
    response
}

pub fn problem(status: u16, detail: &str) -> Response<Body> {
    let mut response = json(format!("{{\"status\":{status},\"detail\":{detail:?}}}").into_bytes());
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}

pub fn internal(error: impl std::fmt::Display) -> Response<Body> {
    eprintln!("{error}");
    problem(500, "something went wrong")
}

pub fn not_found() -> Response<Body> {
    problem(404, "there is no such thing")
}

pub fn unauthorized() -> Response<Body> {
    problem(401, "signing in is needed")
}
