//! Who calls.

use crate::error::Error;
use archwright_bench_axum::{Claims, validation};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use jsonwebtoken::{DecodingKey, Validation};
use std::sync::Arc;
use uuid::Uuid;

#[derive(Clone)]
pub struct Tokens(Arc<(DecodingKey, Validation)>);

pub struct Subject {
    pub account: Uuid,
    pub session: Uuid,
}

#[derive(Clone, Debug)]
pub struct Caller {
    pub account: Uuid,
    pub roles: Vec<String>,
}

impl Tokens {
    pub fn new(key: DecodingKey) -> Self {
        Self(Arc::new((key, validation())))
    }

    pub fn subject(&self, headers: &HeaderMap) -> Result<Subject, Error> {
        let header = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let token = header
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or(Error::Unauthorized)?;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.0.0, &self.0.1)
            .map_err(|_| Error::Unauthorized)?
            .claims;
        let id = |text: &str| Uuid::parse_str(text).map_err(|_| Error::Unauthorized);
        Ok(Subject {
            account: id(&claims.sub)?,
            session: id(&claims.sid)?,
        })
    }
}

impl Caller {
    pub fn is_staff(&self) -> bool {
        self.roles
            .iter()
            .any(|role| role == "staff" || role == "admin")
    }
}
