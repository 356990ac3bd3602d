//! What goes wrong, as a reply.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

#[derive(Debug)]
pub enum Error {
    Unauthorized,
    NotFound,
    Invalid(&'static str),
    Internal(String),
}

impl<E: std::error::Error> From<E> for Error {
    fn from(error: E) -> Self {
        Self::Internal(error.to_string())
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, detail) = match self {
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "signing in is needed"),
            Self::NotFound => (StatusCode::NOT_FOUND, "there is no such thing"),
            Self::Invalid(detail) => (StatusCode::UNPROCESSABLE_ENTITY, detail),
            Self::Internal(reason) => {
                eprintln!("{reason}");
                (StatusCode::INTERNAL_SERVER_ERROR, "something went wrong")
            }
        };
        (
            status,
            Json(json!({ "status": status.as_u16(), "detail": detail })),
        )
            .into_response()
    }
}
