//! Requests that are refused before an operation sees them.

use crate::common::{Reply, Running, plan, serve};
use crate::design::{NOTES, created};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[track_caller]
fn check(reply: Reply, status: u16, code: &str) -> Reply {
    let reply = reply.expect(status);
    assert_eq!(reply.header("content-type"), "application/problem+json");
    assert_eq!(reply.header("cache-control"), "no-store");
    let body = reply.json();
    assert_eq!(body["code"], code, "{body}");
    assert_eq!(body["status"], status, "{body}");
    assert_eq!(body["type"], format!("/problems/{code}"));
    assert_eq!(body["instance"], reply.header("x-request-id"));
    reply
}

async fn notes() -> Running {
    serve(plan(NOTES)).await
}

#[tokio::test]
async fn unknown_paths_are_not_found() {
    let server = notes().await;
    for path in [
        "/nothing",
        "/v1/notes/",
        "/v1",
        "//v1/notes",
        "/v1/Notes",
        "/v1/notes/1/2",
        "/v2/notes",
    ] {
        check(server.get(path).send().await, 404, "not-found");
    }
}

#[tokio::test]
async fn unknown_methods_are_told_the_known_ones() {
    let server = notes().await;
    let reply = check(
        server.ask("PUT", "/v1/notes").send().await,
        405,
        "method-not-allowed",
    );
    assert_eq!(reply.header("allow"), "GET, HEAD, OPTIONS, POST");
    let id = "/v1/notes/019a7b3c-5e00-7000-8000-00000000abcd";
    let reply = check(
        server.ask("POST", id).send().await,
        405,
        "method-not-allowed",
    );
    assert_eq!(reply.header("allow"), "DELETE, GET, HEAD, OPTIONS, PATCH");
    check(
        server.ask("BREW", "/v1/notes").send().await,
        405,
        "method-not-allowed",
    );
    check(
        server.ask("POST", "/healthz").send().await,
        405,
        "method-not-allowed",
    );
}

#[tokio::test]
async fn a_client_that_takes_no_json_is_refused() {
    let server = notes().await;
    let reply = server
        .get("/v1/notes")
        .header("accept", "text/html, image/*")
        .send()
        .await;
    check(reply, 406, "not-acceptable");
    let accepted = [
        "*/*",
        "application/json",
        "text/html, application/*;q=0.1",
        "nonsense",
    ];
    for accept in accepted {
        server
            .get("/v1/notes")
            .header("accept", accept)
            .send()
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn bodies_of_other_types_are_refused() {
    let server = notes().await;
    let post = |media_type: &str| {
        let ask = server
            .ask("POST", "/v1/notes")
            .header("content-type", media_type);
        ask.body(r#"{"title":"a"}"#)
    };
    for media_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/merge-patch+json",
        "x",
    ] {
        check(post(media_type).send().await, 415, "unsupported-media-type");
    }
    let bare = server.ask("POST", "/v1/notes").body(r#"{"title":"a"}"#);
    check(bare.send().await, 415, "unsupported-media-type");
    let packed = post("application/json").header("content-encoding", "gzip");
    check(packed.send().await, 415, "unsupported-media-type");
    post("application/json; charset=utf-8")
        .send()
        .await
        .expect(201);
}

#[tokio::test]
async fn patches_are_merge_patches() {
    let server = notes().await;
    let path = created(&server, "a").await;
    let wrong = server
        .ask("PATCH", &path)
        .header("content-type", "application/json-patch+json");
    let reply = check(wrong.body("[]").send().await, 415, "unsupported-media-type");
    assert_eq!(reply.header("accept-patch"), "application/merge-patch+json");
    server
        .ask("PATCH", &path)
        .patch(json!({ "size": 1 }))
        .send()
        .await
        .expect(200);
    server
        .ask("PATCH", &path)
        .json(json!({ "size": 2 }))
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn bodies_that_are_no_json_are_refused_with_their_place() {
    let server = notes().await;
    let post = |body: &str| {
        let ask = server
            .ask("POST", "/v1/notes")
            .header("content-type", "application/json");
        ask.body(body.to_owned())
    };
    for (body, because) in [
        (r#"{"title": "a",}"#, "line 1 column 15"),
        (r#"{"title": "a", "title": "b"}"#, "twice"),
        (r#"{"title": "a"} x"#, "trailing characters"),
        ("{'title': 'a'}", "line 1 column 2"),
    ] {
        let reply = check(post(body).send().await, 400, "bad-request");
        let detail = reply.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(because), "{detail}");
    }
    check(post(&"[".repeat(200)).send().await, 400, "bad-request");
    check(post("").send().await, 422, "invalid");
}

#[tokio::test]
async fn parameters_are_read_strictly() {
    let server = notes().await;
    for (path, parameter) in [
        ("/v1/notes?colour=red", "colour"),
        ("/v1/notes?limit=many", "limit"),
        ("/v1/notes?size=%ff", "size"),
        ("/v1/notes/%ff", "id"),
        ("/v1/notes/7", "id"),
    ] {
        let reply = check(server.get(path).send().await, 400, "bad-request");
        assert_eq!(reply.json()["errors"][0]["parameter"], parameter, "{path}");
    }
    let reply = server
        .post("/v1/notes?dry=1", json!({ "title": "a" }))
        .send()
        .await;
    assert_eq!(
        check(reply, 400, "bad-request").json()["errors"][0]["parameter"],
        "dry"
    );
}

#[tokio::test]
async fn headers_that_make_no_sense_are_named() {
    let server = notes().await;
    let post = server.post("/v1/notes", json!({ "title": "a" }));
    let reply = check(
        post.header("idempotency-key", "a b").send().await,
        400,
        "bad-request",
    );
    assert_eq!(reply.json()["errors"][0]["parameter"], "Idempotency-Key");
    let path = created(&server, "a").await;
    let delete = server.ask("DELETE", &path).header("if-match", "1");
    let reply = check(delete.send().await, 400, "bad-request");
    assert_eq!(reply.json()["errors"][0]["parameter"], "If-Match");
}

#[tokio::test]
async fn errors_take_the_shape_that_the_design_gives_them() {
    let design = NOTES.replace(
        "api:\n",
        "api:\n  errors: { errors: { body: messages }, code: code }\n",
    );
    let server = serve(plan(&design)).await;
    let reply = server.get("/v1/nothing").send().await.expect(404);
    assert_eq!(reply.header("content-type"), "application/json");
    let body = reply.json();
    let message = body["errors"]["body"][0].as_str().unwrap();
    assert!(
        message.starts_with("Nothing is served under this path."),
        "{body}"
    );
    assert_eq!(body["code"], "not-found");
    let reply = server.get("/v1/notes?colour=red").send().await.expect(400);
    let expected = json!([
        "colour: There is no parameter \"colour\". There are limit, cursor, sort, expand, fields, title, size and \
         created_at."
    ]);
    assert_eq!(reply.json()["errors"]["body"], expected);
}

/// What is still sent must not reset the connection before the client has read why.
#[tokio::test]
async fn a_body_that_is_refused_unread_does_not_cost_the_reply() {
    let server = notes().await;
    let body = vec![b' '; 8 * 1024 * 1024];
    for (head, status) in [
        (
            "POST /v1/notes HTTP/1.1\r\ncontent-type: application/json",
            413,
        ),
        ("POST /v1/notes HTTP/1.1\r\ncontent-type: text/plain", 415),
        (
            "POST /nothing HTTP/1.1\r\ncontent-type: application/json",
            404,
        ),
    ] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let head = format!(
            "{head}\r\nhost: x\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&body).await.unwrap();
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).await.unwrap();
        let reply = String::from_utf8_lossy(&reply);
        assert!(reply.starts_with(&format!("HTTP/1.1 {status} ")), "{reply}");
        assert!(reply.ends_with('}'), "{reply}");
    }
}
