//! Replies kept under the key that a client chose, so that a repeated request has its effect once.
//!
//! Kept in the transaction of the effect, for a day. A call that fails has no effect, so nothing is kept, and its
//! repetition is judged anew: what stood in its way may be gone. Bodies are sealed: they show what is sensitive.

use super::job::Job;
use crate::connection::values;
use crate::{Failure, IdempotencyKey, Reply};
use serde_json::{Map, Value as Json, json};

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
    let open = |sealed: Vec<u8>| {
        let body = job.shared.secrets.open(&sealed, &place(job, key));
        body.ok_or_else(|| Failure::Internal("a kept reply can't be decrypted".to_owned()))
    };
    reply.body = sealed.map(open).transpose()?;
    let headers: Json =
        serde_json::from_str(&headers).map_err(|error| Failure::Internal(error.to_string()))?;
    let header = |name: &str| headers[name].as_str().map(str::to_owned);
    reply.location = header("location");
    reply.etag = header("etag");
    let own = headers["own"].as_object().into_iter().flatten();
    reply.headers = own
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect();
    Ok(Some(reply))
}

pub(crate) fn record(job: &Job<'_>, key: &IdempotencyKey, reply: &Reply) -> Result<(), Failure> {
    let own = reply.headers.iter();
    let own: Map<String, Json> = own
        .map(|(name, value)| (name.clone(), value.as_str().into()))
        .collect();
    let headers = json!({ "location": reply.location, "etag": reply.etag, "own": own });
    // An expired record of the same key is still there when nobody has purged it.
    let text = "INSERT INTO \"idempotency_keys\" \
                (\"key\", \"caller\", \"fingerprint\", \"status\", \"headers\", \"body\", \"created_at\", \"expires_at\") \
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
                ON CONFLICT (\"key\", \"caller\") DO UPDATE SET \"fingerprint\" = excluded.\"fingerprint\", \
                \"status\" = excluded.\"status\", \"headers\" = excluded.\"headers\", \"body\" = excluded.\"body\", \
                \"created_at\" = excluded.\"created_at\", \"expires_at\" = excluded.\"expires_at\"";
    let now = job.context.now;
    let seal = |body: &Vec<u8>| {
        let sealed = job.shared.secrets.seal(body, &place(job, key));
        sealed.ok_or_else(|| Failure::Internal("a reply can't be encrypted".to_owned()))
    };
    let body = reply.body.as_ref().map(seal).transpose()?;
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

/// What the ciphertext of a body is bound to.
fn place(job: &Job<'_>, key: &IdempotencyKey) -> String {
    format!("idempotency_keys.body.{}.{}", caller(job), key.key)
}

/// Each caller has keys of its own; those who are not signed in share theirs.
fn caller<'a>(job: &Job<'a>) -> &'a str {
    let caller = job.context.caller.as_ref();
    caller.map_or("", |caller| &caller.account_id)
}
