//! Whether all servers answer alike, so that nobody measures a refusal.

use super::http::{self, Reply};
use super::kinds::Kind;
use super::process::Running;
use anyhow::{Result, bail};
use serde_json::Value;

const ORDER: &str = r#"{"deliver_to":"12 Station Road, Ghent","lines":[{"book_isbn":"9780000000007","quantity":2},{"book_isbn":"9780000000004","quantity":3},{"book_isbn":"9780000000021"}]}"#;

pub fn same_bodies(kind: &Kind, token: Option<&str>, servers: &[Running]) -> Result<()> {
    for path in kind.samples {
        let mut first: Option<String> = None;
        for server in servers {
            let reply = match kind.name {
                "insert" => http::post(server.port, path, token, ORDER)?,
                _ => http::get(server.port, path, token)?,
            };
            let shown = shown(kind, &reply)?;
            match &first {
                None => first = Some(shown),
                Some(first) if *first != shown => {
                    bail!("{path} of {}:\n{shown}\nand not\n{first}", server.name)
                }
                Some(_) => {}
            }
        }
    }
    Ok(())
}

/// Every byte; of a new row without what is each server's own.
fn shown(kind: &Kind, reply: &Reply) -> Result<String> {
    let expected = if kind.name == "insert" { 201 } else { 200 };
    if reply.status != expected {
        bail!("{}: {} {}", kind.name, reply.status, reply.body);
    }
    if kind.name != "insert" {
        return Ok(reply.body.clone());
    }
    let mut row = reply.json()?;
    mask(&mut row);
    Ok(row.to_string())
}

fn mask(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(mask),
        Value::Object(members) => {
            for (name, value) in members {
                match (name.as_str(), value) {
                    ("id" | "created_at" | "updated_at", value) if value.is_string() => {
                        *value = Value::from("-")
                    }
                    (_, value) => mask(value),
                }
            }
        }
        _ => {}
    }
}
