//! Files: taken up to a size and of certain types, shown by a link that works, and gone with their row.

use super::Cases;
use crate::act::Done;
use crate::client::{Reply, Request};
use crate::oracle::{Refusal, representation, touch};
use crate::session::{ANONYMOUS, Outcome, Session, failed, skip, unreached};
use archwright_evaluate::{RowRef, Value};
use archwright_plan::model::{EntityId, FieldId, ScalarType};
use archwright_plan::{Operation, OperationKind};
use serde_json::json;

pub(super) fn derive(cases: &mut Cases) {
    let plan = cases.plan;
    for operation in &plan.operations {
        let id = &operation.id;
        let (OperationKind::Upload(field) | OperationKind::RemoveFile(field)) = operation.kind
        else {
            continue;
        };
        let span = Some(plan.model.field(field).span);
        if let OperationKind::RemoveFile(_) = operation.kind {
            let reason = "a removed file is not shown any more, and its link finds nothing";
            cases.add(format!("{id}/happy"), reason, span, move |session| {
                removed(session, operation, field)
            });
            continue;
        }
        let reason = "the bytes come back by the link that the row shows, with their type";
        cases.add(format!("{id}/happy"), reason, span, move |session| {
            round_trip(session, operation, field)
        });
        let reason = "a form with one part is as good as the bytes alone";
        cases.add(format!("{id}/form"), reason, span, move |session| {
            form(session, operation, field)
        });
        let (most, types) = limits(plan, field);
        if !types.is_empty() {
            let reason = format!(
                "only {} are taken, by content and not by name",
                types.join(", ")
            );
            cases.add(format!("{id}/wrong-type"), reason, span, move |session| {
                wrong_type(session, operation)
            });
        }
        let reason = format!("more than {most} bytes are refused");
        cases.add(format!("{id}/too-large"), reason, span, move |session| {
            too_large(session, operation, field)
        });
        let reason = "a link that was tampered with finds nothing";
        cases.add(format!("{id}/forged-link"), reason, span, move |session| {
            forged(session, operation, field)
        });
        if operation.entity.is_some_and(|entity| {
            plan.operations
                .iter()
                .any(|one| one.entity == Some(entity) && one.kind == OperationKind::Delete)
        }) {
            let reason = "a file goes with its row";
            cases.add(
                format!("{id}/gone-with-its-row"),
                reason,
                span,
                move |session| gone(session, operation, field),
            );
        }
    }
}

fn limits(plan: &archwright_plan::Plan, field: FieldId) -> (u64, Vec<String>) {
    match plan.model.field(field).scalar() {
        Some(ScalarType::File {
            max_bytes,
            media_types,
        }) => (*max_bytes, media_types.clone()),
        _ => (0, Vec::new()),
    }
}

/// The beginning of a file of the type, by which its content is known.
fn content(media_type: &str) -> Vec<u8> {
    let start: &[u8] = match media_type {
        "image/jpeg" => b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xd9",
        "image/webp" => b"RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00",
        "image/gif" => b"GIF89a\x01\x00\x01\x00\x00\x00\x00;",
        "application/pdf" => b"%PDF-1.4\n%%EOF\n",
        "text/plain" => b"plain text\n",
        _ => b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89",
    };
    start.to_vec()
}

/// One of the types that a pattern such as `image/*` takes.
fn concrete(media_type: &str) -> &str {
    match media_type.strip_suffix("/*") {
        Some("text") => "text/plain",
        Some("application") => "application/pdf",
        Some(_) => "image/png",
        None => media_type,
    }
}

fn sample(session: &Session, field: FieldId) -> (String, Vec<u8>) {
    let (_, types) = limits(session.plan, field);
    let media_type = types.first().map_or("image/png", |known| concrete(known));
    (media_type.to_owned(), content(media_type))
}

fn field_of(operation: &Operation) -> Option<FieldId> {
    match operation.kind {
        OperationKind::Upload(field) | OperationKind::RemoveFile(field) => Some(field),
        _ => None,
    }
}

impl<'p> Session<'p> {
    pub fn upload(
        &mut self,
        actor: usize,
        operation: &'p Operation,
        row: &RowRef,
    ) -> Outcome<Done> {
        let Some(field) = field_of(operation) else {
            return skip("no file");
        };
        let (media_type, bytes) = sample(self, field);
        let request =
            Request::new("PUT", self.path(operation, row)).bytes(media_type.clone(), bytes.clone());
        self.uploaded(actor, operation, row, request, (&media_type, bytes.len()))
    }

    fn uploaded(
        &mut self,
        actor: usize,
        operation: &'p Operation,
        row: &RowRef,
        request: Request,
        (media_type, size): (&str, usize),
    ) -> Outcome<Done> {
        let refusal = self.judge(actor).admit_to(operation, row);
        let (request, reply) = self.send(actor, request)?;
        if let Some(refusal) = refusal {
            self.expect_refusal(&request, &reply, std::slice::from_ref(&refusal))?;
            return Ok(finished(row, request, reply, vec![refusal]));
        }
        let Some(field) = field_of(operation) else {
            return skip("no file");
        };
        // The name is the client's; without one the server makes one up.
        let shown = reply
            .json
            .as_ref()
            .map(|json| json[&self.plan.model.field(field).name].clone());
        let shown = shown.unwrap_or_default();
        let stored =
            json!({ "url": shown["url"], "name": shown["name"], "type": media_type, "size": size });
        let now = self.now();
        self.world.set(row, field, Value::File(stored.to_string()));
        touch(&mut self.world, row, now);
        let expected = representation(&self.judge(actor), row);
        self.expect(&request, &reply, operation.status, Some(&expected))?;
        crate::oracle::adopt(
            &mut self.world,
            row,
            &reply.json.clone().unwrap_or_default(),
        );
        Ok(finished(row, request, reply, Vec::new()))
    }

    pub fn remove_file(
        &mut self,
        actor: usize,
        operation: &'p Operation,
        row: &RowRef,
    ) -> Outcome<Done> {
        let refusal = self.judge(actor).admit_to(operation, row);
        let request = Request::new("DELETE", self.path(operation, row));
        let (request, reply) = self.send(actor, request)?;
        if let Some(refusal) = refusal {
            self.expect_refusal(&request, &reply, std::slice::from_ref(&refusal))?;
            return Ok(finished(row, request, reply, vec![refusal]));
        }
        self.expect(&request, &reply, 204, None)?;
        if let Some(field) = field_of(operation) {
            let had = !self.world.value(row, field).is_null();
            self.world.set(row, field, Value::Null);
            let now = self.now();
            if had {
                touch(&mut self.world, row, now);
            }
        }
        Ok(finished(row, request, reply, Vec::new()))
    }
}

fn finished(row: &RowRef, request: Request, reply: Reply, refusals: Vec<Refusal>) -> Done {
    Done {
        row: Some(row.clone()),
        request,
        reply,
        refusals,
    }
}

/// A row and somebody who may put a file to it.
fn place<'p>(session: &mut Session<'p>, operation: &'p Operation) -> Outcome<(usize, RowRef)> {
    let entity = operation.entity.unwrap_or(EntityId(0));
    let may = |session: &Session<'p>, row: &RowRef| uploader(session, operation, row).is_some();
    let row = session.seek(entity, &may)?;
    match uploader(session, operation, &row) {
        Some(actor) => Ok((actor, row)),
        None => unreached("nobody may put a file there"),
    }
}

fn uploader(session: &Session, operation: &Operation, row: &RowRef) -> Option<usize> {
    let made = session.world.get(row).is_some_and(|row| row.made) || session.is_actor(row);
    let mut actors = 0..session.actors.len();
    let field = field_of(operation)?;
    actors.find(|actor| {
        let judge = session.judge(*actor);
        made && judge.admit_to(operation, row).is_none()
            && judge.sees_field(row, field)
            && judge.may_read(row)
    })
}

/// The link that the row shows.
fn link(session: &Session, row: &RowRef, field: FieldId) -> Option<String> {
    let Value::File(text) = session.world.value(row, field) else {
        return None;
    };
    let shown: serde_json::Value = serde_json::from_str(&text).ok()?;
    let url = shown["url"].as_str()?;
    // A link may name the host too; what counts is the path.
    let path = match url.split_once("://") {
        Some((_, rest)) => rest.find('/').map(|start| &rest[start..])?,
        None => url,
    };
    Some(path.to_owned())
}

fn round_trip<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    field: FieldId,
) -> Outcome<()> {
    let (actor, row) = place(session, operation)?;
    session.upload(actor, operation, &row)?;
    downloaded(session, actor, &row, field)
}

fn downloaded(session: &mut Session, actor: usize, row: &RowRef, field: FieldId) -> Outcome<()> {
    if let Some(get) = session.operation(row.entity, OperationKind::Get) {
        let done = session.get(actor, get, row)?;
        let shown = done.reply.json.unwrap_or_default();
        let key = &session.plan.model.field(field).name;
        session
            .world
            .set(row, field, Value::File(shown[key].to_string()));
    }
    let Some(path) = link(session, row, field) else {
        return skip("the row shows no link");
    };
    let (media_type, bytes) = sample(session, field);
    let (request, reply) = session.send(ANONYMOUS, Request::new("GET", path))?;
    let got = reply
        .header("content-type")
        .map(|value| value.split(';').next().unwrap_or(value).to_owned());
    if reply.status != 200 || reply.bytes != bytes || got.as_deref() != Some(&media_type) {
        let got = format!(
            "{} with {} bytes of {}",
            reply.status,
            reply.bytes.len(),
            got.unwrap_or_default()
        );
        return failed(
            &request,
            &format!("200 with the {} bytes of {media_type}", bytes.len()),
            &got,
            Vec::new(),
        );
    }
    Ok(())
}

fn form<'p>(session: &mut Session<'p>, operation: &'p Operation, field: FieldId) -> Outcome<()> {
    let (actor, row) = place(session, operation)?;
    let (media_type, bytes) = sample(session, field);
    let mut body = format!(
        "--archwright\r\nContent-Disposition: form-data; name=\"file\"; filename=\"sample\"\r\nContent-Type: {media_type}\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(&bytes);
    body.extend_from_slice(b"\r\n--archwright--\r\n");
    let request = Request::new("PUT", session.path(operation, &row))
        .bytes("multipart/form-data; boundary=archwright", body);
    session.uploaded(actor, operation, &row, request, (&media_type, bytes.len()))?;
    downloaded(session, actor, &row, field)
}

fn refused(
    session: &mut Session,
    actor: usize,
    row: &RowRef,
    request: Request,
    wanted: (u16, &'static str),
) -> Outcome<()> {
    let (request, reply) = session.send(actor, request)?;
    let refusal = Refusal::new(wanted.0, wanted.1, "the limits of the file");
    session.expect_refusal(&request, &reply, &[refusal])?;
    session.verify(row)
}

fn wrong_type<'p>(session: &mut Session<'p>, operation: &'p Operation) -> Outcome<()> {
    let (actor, row) = place(session, operation)?;
    let (media_type, _) = sample(
        session,
        field_of(operation).unwrap_or(FieldId {
            entity: row.entity,
            index: 0,
        }),
    );
    // Called what is taken, and being something else.
    let request = Request::new("PUT", session.path(operation, &row)).bytes(
        media_type,
        b"<html><script>alert(1)</script></html>".to_vec(),
    );
    refused(
        session,
        actor,
        &row,
        request,
        (415, "unsupported-media-type"),
    )
}

fn too_large<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    field: FieldId,
) -> Outcome<()> {
    let (actor, row) = place(session, operation)?;
    let (media_type, mut bytes) = sample(session, field);
    let (most, _) = limits(session.plan, field);
    bytes.resize(most as usize + 1, 0);
    let request = Request::new("PUT", session.path(operation, &row))
        .bytes(media_type, bytes)
        .header("expect", "100-continue");
    refused(session, actor, &row, request, (413, "too-large"))
}

fn forged<'p>(session: &mut Session<'p>, operation: &'p Operation, field: FieldId) -> Outcome<()> {
    let (actor, row) = place(session, operation)?;
    session.upload(actor, operation, &row)?;
    let Some(path) = link(session, &row, field) else {
        return skip("the row shows no link");
    };
    let middle = path
        .rfind('/')
        .map_or(path.len() / 2, |slash| slash + (path.len() - slash) / 2);
    let forged: String = path
        .char_indices()
        .map(|(at, character)| match (at == middle, character) {
            (true, 'A') => 'B',
            (true, _) => 'A',
            (false, character) => character,
        })
        .collect();
    let (request, reply) = session.send(ANONYMOUS, Request::new("GET", forged))?;
    match reply.status {
        403 | 404 => Ok(()),
        _ => failed(
            &request,
            "404, since the link is forged",
            &reply.shown(),
            Vec::new(),
        ),
    }
}

fn removed<'p>(session: &mut Session<'p>, operation: &'p Operation, field: FieldId) -> Outcome<()> {
    let entity = operation.entity.unwrap_or(EntityId(0));
    let Some(upload) = session.operation(entity, OperationKind::Upload(field)) else {
        return skip("nothing uploads the file");
    };
    let (actor, row) = place(session, upload)?;
    session.upload(actor, upload, &row)?;
    let path = link(session, &row, field);
    session.remove_file(actor, operation, &row)?;
    session.verify(&row)?;
    dead(session, path)
}

fn dead(session: &mut Session, path: Option<String>) -> Outcome<()> {
    let Some(path) = path else {
        return skip("the row shows no link");
    };
    let (request, reply) = session.send(ANONYMOUS, Request::new("GET", path))?;
    match reply.status {
        404 | 410 => Ok(()),
        _ => failed(
            &request,
            "404, since the file is gone",
            &reply.shown(),
            Vec::new(),
        ),
    }
}

fn gone<'p>(session: &mut Session<'p>, operation: &'p Operation, field: FieldId) -> Outcome<()> {
    let entity = operation.entity.unwrap_or(EntityId(0));
    let Some(delete) = session.operation(entity, OperationKind::Delete) else {
        return skip("such a row is never deleted");
    };
    let may = |session: &Session<'p>, row: &RowRef| {
        uploader(session, operation, row).is_some()
            && super::happy::deleter(session, delete, row).is_some()
    };
    let row = session.seek(entity, &may)?;
    let (Some(actor), Some(deleter)) = (
        uploader(session, operation, &row),
        super::happy::deleter(session, delete, &row),
    ) else {
        return unreached("nobody may do both");
    };
    session.upload(actor, operation, &row)?;
    let path = link(session, &row, field);
    session.delete(deleter, delete, &row)?;
    dead(session, path)
}
