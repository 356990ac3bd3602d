//! Rate limits, and limits on the size and time of requests.

use crate::common::{Running, example, plan, seed, serve, serve_with};
use crate::design::NOTES;
use archwright_server::{ClientAddress, RateLimits, ServerOptions};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Two reads in an hour.
async fn limited(change: impl FnOnce(&mut ServerOptions)) -> Running {
    let design = NOTES.replace("read: 1000/h", "read: 2/h");
    let planned = |options: &mut ServerOptions| {
        options.rate_limits = RateLimits::Planned;
        change(options);
    };
    serve_with(plan(&design), planned).await
}

#[tokio::test]
async fn too_many_requests_are_told_when_to_come_back() {
    let server = limited(|_| {}).await;
    let reply = server.get("/v1/notes").send().await.expect(200);
    assert_eq!(reply.header("ratelimit"), "\"read\";r=1;t=1800");
    assert_eq!(reply.header("ratelimit-policy"), "\"read\";q=2;w=3600");
    server.get("/v1/notes").send().await.expect(200);
    let reply = server.get("/v1/notes").send().await.expect(429);
    assert_eq!(reply.json()["code"], "rate-limited");
    let wait: u64 = reply.header("retry-after").parse().unwrap();
    assert!((1..=1_800).contains(&wait), "{wait}");
    assert_eq!(reply.header("ratelimit"), "\"read\";r=0;t=3600");
    // Another class has an allowance of its own.
    server
        .post("/v1/notes", json!({ "title": "a" }))
        .send()
        .await
        .expect(201);
}

#[tokio::test]
async fn limits_can_be_scaled() {
    let server = limited(|options| options.rate_limits = RateLimits::Scaled(2)).await;
    for _ in 0..4 {
        server.get("/v1/notes").send().await.expect(200);
    }
    server.get("/v1/notes").send().await.expect(429);
}

#[tokio::test]
async fn behind_a_proxy_clients_are_told_apart_by_the_address_that_it_adds() {
    let ask =
        |server: &Running, from: &str| server.get("/v1/notes").header("x-forwarded-for", from);
    let server = limited(|options| options.client_address = ClientAddress::Forwarded).await;
    for _ in 0..2 {
        ask(&server, "203.0.113.9, 192.0.2.1")
            .send()
            .await
            .expect(200);
    }
    // What a client writes itself stands before it, and counts for nothing.
    ask(&server, "198.51.100.1, 192.0.2.1")
        .send()
        .await
        .expect(429);
    ask(&server, "192.0.2.2").send().await.expect(200);
    let server = limited(|_| {}).await;
    for from in ["192.0.2.1", "192.0.2.2"] {
        ask(&server, from).send().await.expect(200);
    }
    ask(&server, "192.0.2.3").send().await.expect(429);
}

#[tokio::test]
async fn large_bodies_are_refused() {
    let server = serve(plan(NOTES)).await;
    let fits = json!({ "title": "x".repeat(120) });
    server.post("/v1/notes", fits).send().await.expect(201);
    let large = json!({ "title": "x".repeat(2_000) });
    let reply = server.post("/v1/notes", large).send().await.expect(413);
    assert_eq!(reply.json()["code"], "too-large");
}

/// Sends bytes, and reads until the server closes the connection.
async fn converse(server: &Running, bytes: &str) -> String {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A reset after the answer is an end, too.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

const POST: &str = "POST /v1/notes HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";

#[tokio::test]
async fn a_stream_without_length_is_cut_at_the_limit() {
    let server = serve(plan(NOTES)).await;
    let chunk = format!("{:x}\r\n{}\r\n", 2_000, "x".repeat(2_000));
    let answer = converse(
        &server,
        &format!("{POST}transfer-encoding: chunked\r\n\r\n{chunk}"),
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn a_body_that_does_not_come_ends_the_request() {
    let server = serve(plan(NOTES)).await;
    let answer = converse(&server, &format!("{POST}content-length: 10\r\n\r\n{{")).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("\"code\":\"timeout\""), "{answer}");
    server.get("/v1/notes").send().await.expect(200);
}

#[tokio::test]
async fn a_head_that_does_not_come_ends_the_connection() {
    let server = serve(plan(NOTES)).await;
    let answer = converse(&server, "GET /v1/notes HTTP/1.1\r\nhost: x\r\nx-slow: ").await;
    assert!(!answer.contains("200 OK"), "{answer}");
    server.get("/v1/notes").send().await.expect(200);
}

#[tokio::test]
async fn heads_that_are_too_large_are_refused() {
    let server = serve(plan(NOTES)).await;
    let header = format!("x-long: {}\r\n", "y".repeat(80_000));
    let answer = converse(
        &server,
        &format!("GET /v1/notes HTTP/1.1\r\nhost: x\r\n{header}\r\n"),
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    let many: String = (0..200)
        .map(|number| format!("x-{number}: y\r\n"))
        .collect();
    let answer = converse(
        &server,
        &format!("GET /v1/notes HTTP/1.1\r\nhost: x\r\n{many}\r\n"),
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test]
async fn accounts_are_counted_wherever_they_call_from() {
    let mut plan = example("bookshop");
    // So slow that nothing comes back while the test runs.
    for (_, rate) in &mut plan.model.api.rates {
        (rate.count, rate.per_seconds) = (2, 86_400);
    }
    let seed = seed(&plan);
    let server = serve_with(plan, |options| {
        options.rate_limits = RateLimits::Planned;
        options.seed = Some(seed);
    });
    let server = server.await;
    let (staff, admin) = (server.token("staff").await, server.token("admin").await);
    let read = |token: &str| server.get("/v1/books").token(token).send();
    for token in [&staff, &staff, &admin] {
        read(token).await.expect(200);
    }
    read(&staff).await.expect(429);
    read(&admin).await.expect(200);
    server.get("/v1/books").send().await.expect(200);
}
