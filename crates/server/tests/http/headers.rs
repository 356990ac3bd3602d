//! Headers that every reply has.

use crate::common::{plan, serve, serve_with};
use crate::design::NOTES;
use archwright_server::Environment;

#[tokio::test]
async fn every_reply_has_security_headers_and_says_nothing_about_the_server() {
    let server = serve(plan(NOTES)).await;
    for path in [
        "/v1/notes",
        "/v1/nothing",
        "/",
        "/openapi.json",
        "/healthz",
        "/v1/notes?x=1",
    ] {
        let reply = server.get(path).send().await;
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(reply.header("referrer-policy"), "no-referrer", "{path}");
        let policy = reply.header("content-security-policy");
        assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert_eq!(reply.header("server"), "", "{path}");
        assert_eq!(reply.header("strict-transport-security"), "", "{path}");
        assert!(!reply.header("x-request-id").is_empty(), "{path}");
    }
}

#[tokio::test]
async fn production_asks_for_https_from_then_on() {
    let production = |options: &mut archwright_server::ServerOptions| {
        options.environment = Environment::Production;
    };
    let server = serve_with(plan(NOTES), production).await;
    let reply = server.get("/v1/notes").send().await.expect(200);
    assert_eq!(
        reply.header("strict-transport-security"),
        "max-age=63072000"
    );
}

#[tokio::test]
async fn request_ids_come_back() {
    let server = serve(plan(NOTES)).await;
    let reply = server
        .get("/v1/notes")
        .header("x-request-id", "order-7")
        .send()
        .await;
    assert_eq!(reply.header("x-request-id"), "order-7");
    let reply = server
        .get("/v1/nothing")
        .header("x-request-id", "order-8")
        .send()
        .await;
    assert_eq!(reply.json()["instance"], "order-8");
    let reply = server
        .get("/v1/notes")
        .header("x-request-id", "a b\"c")
        .send()
        .await;
    assert_eq!(reply.header("x-request-id").len(), 36);
}

#[tokio::test]
async fn a_traceparent_is_passed_on() {
    let server = serve(plan(NOTES)).await;
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let reply = server
        .get("/v1/notes")
        .header("traceparent", parent)
        .send()
        .await;
    assert_eq!(reply.header("traceparent"), parent);
    let reply = server
        .get("/v1/notes")
        .header("traceparent", "nonsense")
        .send()
        .await;
    assert_eq!(reply.header("traceparent"), "");
}
