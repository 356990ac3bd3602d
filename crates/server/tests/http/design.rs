//! A small design that shows what the examples don't.

use crate::common::Running;
use serde_json::json;

/// Anyone reads and writes notes, so that tests need no accounts.
pub const NOTES: &str = "archwright: 1
name: notes
api:
  body: 1KB
  timeout: 1s
  rates: { sign-in: 3/h, read: 1000/h, write: 1000/h }
entities:
  Note:
    versioned: true
    soft-delete: true
    fields:
      title: string(1..120), unique
      size: int, filter, sort = 0
    allow: { read: anyone, write: anyone }
";

/// Makes a note; gives its path.
pub async fn created(server: &Running, title: &str) -> String {
    let reply = server
        .post("/v1/notes", json!({ "title": title }))
        .send()
        .await;
    reply.expect(201).header("location").to_owned()
}
