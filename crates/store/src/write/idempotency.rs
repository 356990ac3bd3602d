//! Replies kept under the key that a client chose, so that a repeated request has its effect once.
//!
//! Kept in the transaction of the effect, for a day. A call that fails has no effect, so nothing is kept, and its
//! repetition is judged anew: what stood in its way may be gone. Bodies, and headers that the design gives, are sealed:
//! they show what is sensitive.

use super::job::Job;
use crate::connection::values;
use crate::{Failure, IdempotencyKey, Reply};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value as Json, json};

const KEPT_MILLISECONDS: i64 = 24 * 60 * 60 * 1000;

/// The reply to the first request with the key.
pub(crate) fn recorded(job: &Job<'_>, key: &IdempotencyKey) -> Result<Option<Reply>, Failure> {
    let text = "SELECT \"fingerprint\", \"status\", \"headers\", \"body\" FROM \"idempotency_keys\" \
                WHERE \"key\" = ?1 AND \"caller\" = ?2 AND \"expires_at\" > ?3";
    let values = values![key.key.clone(), caller(job).to_owned(), job.context.now];
    let found = job.connection.first(text, &values, |row| {
        let fingerprint: Vec<u8> = row.get(0)?;
        let headers: String = row.get(2)?;
        let sealed: Option<Vec<u8>> = row.get(3)?;
        let reply = Reply {
            status: row.get(1)?,
            replayed: true,
            ..Reply::default()
        };
        Ok((fingerprint, headers, sealed, reply))
    });
    let Some((fingerprint, headers, sealed, mut reply)) = found? else {
        return Ok(None);
    };
    if fingerprint != key.fingerprint {
        return Err(Failure::KeyReused);
    }
    let open = |sealed: &[u8], column| {
        let opened = job.shared.secrets.open(sealed, &place(job, key, column));
        opened.ok_or_else(|| Failure::Internal("a kept reply can't be decrypted".to_owned()))
    };
    let unreadable = |error: serde_json::Error| Failure::Internal(error.to_string());
    reply.body = sealed.map(|body| open(&body, "body")).transpose()?;
    let headers: Json = serde_json::from_str(&headers).map_err(unreadable)?;
    let header = |name: &str| headers[name].as_str().map(str::to_owned);
    reply.location = header("location");
    reply.etag = header("etag");
    if let Some(own) = header("own") {
        let own = BASE64.decode(own);
        let own = own.map_err(|error| Failure::Internal(error.to_string()))?;
        let own = serde_json::from_slice(&open(&own, "headers")?);
        reply.headers = own.map_err(unreadable)?;
    }
    Ok(Some(reply))
}

pub(crate) fn record(job: &Job<'_>, key: &IdempotencyKey, reply: &Reply) -> Result<(), Failure> {
    let seal = |opened: &[u8], column| {
        let sealed = job.shared.secrets.seal(opened, &place(job, key, column));
        sealed.ok_or_else(|| Failure::Internal("a reply can't be encrypted".to_owned()))
    };
    let own = match reply.headers.as_slice() {
        [] => None,
        own => Some(BASE64.encode(seal(json!(own).to_string().as_bytes(), "headers")?)),
    };
    let headers = json!({ "location": reply.location, "etag": reply.etag, "own": own });
    // An expired record of the same key is still there when nobody has purged it.
    let text = "INSERT INTO \"idempotency_keys\" \
                (\"key\", \"caller\", \"fingerprint\", \"status\", \"headers\", \"body\", \"created_at\", \"expires_at\") \
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
                ON CONFLICT (\"key\", \"caller\") DO UPDATE SET \"fingerprint\" = excluded.\"fingerprint\", \
                \"status\" = excluded.\"status\", \"headers\" = excluded.\"headers\", \"body\" = excluded.\"body\", \
                \"created_at\" = excluded.\"created_at\", \"expires_at\" = excluded.\"expires_at\"";
    let now = job.context.now;
    let body = reply.body.as_ref().map(|body| seal(body, "body"));
    let body = body.transpose()?;
    let values = values![
        key.key.clone(),
        caller(job).to_owned(),
        key.fingerprint.to_vec(),
        reply.status,
        headers.to_string(),
        body,
        now,
        now + KEPT_MILLISECONDS,
    ];
    job.enter(text, values.to_vec())
}

/// What a ciphertext is bound to.
fn place(job: &Job<'_>, key: &IdempotencyKey, column: &str) -> String {
    format!("idempotency_keys.{column}.{}.{}", caller(job), key.key)
}

/// Each caller has keys of its own; those who are not signed in share theirs.
fn caller<'a>(job: &Job<'a>) -> &'a str {
    let caller = job.context.caller.as_ref();
    caller.map_or("", |caller| &caller.account_id)
}
