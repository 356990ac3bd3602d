//! What both servers have in common: their arguments, the claims of access tokens, cursors.

pub mod arguments;
pub mod cells;
pub mod cursor;
pub mod json;
pub mod shapes;

use serde::Deserialize;

/// What is read of an access token; the library checks issuer, audience and expiry.
#[derive(Clone, Debug, Deserialize)]
pub struct Claims {
    /// The account.
    pub sub: String,
    /// The session, which must not be revoked.
    pub sid: String,
    pub exp: i64,
}

pub const AUDIENCE: &str = "urn:archwright:bookshop";

pub fn validation() -> jsonwebtoken::Validation {
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::EdDSA);
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[AUDIENCE]);
    validation
}

/// Milliseconds since 1970.
pub fn now() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

pub const LARGEST_PAGE: u32 = 100;
pub const PAGE: u32 = 20;
