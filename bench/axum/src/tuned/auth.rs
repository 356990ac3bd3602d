//! Who calls. A token's signature is checked once; its expiry and its session each time.

use crate::reply::unauthorized;
use archwright_bench_axum::{Claims, now, validation};
use axum::body::Body;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Response};
use jsonwebtoken::{DecodingKey, Validation};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

const MOST_KNOWN: usize = 4096;

#[derive(Clone)]
pub struct Tokens(Arc<Inner>);

struct Inner {
    key: DecodingKey,
    validation: Validation,
    known: Mutex<HashMap<[u8; 32], Arc<Subject>>>,
}

pub struct Subject {
    pub account: Uuid,
    pub account_text: String,
    pub session: Uuid,
    pub session_text: String,
    expires: i64,
    /// What it was last seen to be: a guess that each request confirms.
    pub staff: AtomicBool,
}

impl Subject {
    pub fn is_staff(&self) -> bool {
        self.staff.load(Ordering::Relaxed)
    }
}

impl Tokens {
    pub fn new(key: DecodingKey) -> Self {
        Self(Arc::new(Inner {
            key,
            validation: validation(),
            known: Mutex::default(),
        }))
    }

    pub fn subject(&self, headers: &HeaderMap) -> Result<Arc<Subject>, Response<Body>> {
        let header = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let token = header
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or_else(unauthorized)?;
        let hash: [u8; 32] = Sha256::digest(token).into();
        let known = self
            .0
            .known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&hash)
            .cloned();
        if let Some(subject) = known {
            return if subject.expires > now() / 1000 {
                Ok(subject)
            } else {
                Err(unauthorized())
            };
        }
        let decoded = jsonwebtoken::decode::<Claims>(token, &self.0.key, &self.0.validation);
        let claims = decoded.map_err(|_| unauthorized())?.claims;
        let id = |text: &str| Uuid::parse_str(text).map_err(|_| unauthorized());
        let subject = Arc::new(Subject {
            account: id(&claims.sub)?,
            account_text: claims.sub,
            session: id(&claims.sid)?,
            session_text: claims.sid,
            expires: claims.exp,
            staff: AtomicBool::new(false),
        });
        let mut known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        known.insert(hash, subject.clone());
        Ok(subject)
    }
}
