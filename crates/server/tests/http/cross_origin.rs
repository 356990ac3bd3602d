//! CORS: closed, unless the design names origins.

use crate::common::{Running, example, plan, serve};
use crate::design::NOTES;

const DASHBOARD: &str = "https://dashboard.example.com";

async fn preflight(server: &Running, path: &str, origin: &str) -> crate::common::Reply {
    let ask = server.ask("OPTIONS", path).header("origin", origin);
    let ask = ask.header("access-control-request-method", "POST");
    ask.header("access-control-request-headers", "authorization")
        .send()
        .await
}

#[tokio::test]
async fn an_origin_of_the_design_may_call_and_read_replies() {
    let server = serve(example("payments")).await;
    let reply = preflight(&server, "/v1/payment-intents", DASHBOARD)
        .await
        .expect(204);
    assert_eq!(reply.header("access-control-allow-origin"), DASHBOARD);
    assert!(
        reply
            .header("access-control-allow-methods")
            .contains("POST")
    );
    assert!(
        reply
            .header("access-control-allow-headers")
            .contains("authorization")
    );
    assert!(
        reply
            .header("access-control-allow-headers")
            .contains("idempotency-key")
    );
    assert_eq!(reply.header("access-control-max-age"), "600");
    let reply = server
        .get("/v1/payment-intents")
        .header("origin", DASHBOARD)
        .send()
        .await;
    assert_eq!(reply.header("access-control-allow-origin"), DASHBOARD);
    assert!(
        reply
            .header("access-control-expose-headers")
            .contains("etag")
    );
    assert_eq!(reply.header("access-control-allow-credentials"), "");
}

#[tokio::test]
async fn other_origins_are_told_nothing() {
    let server = serve(example("payments")).await;
    for origin in [
        "https://evil.example",
        "https://dashboard.example.com.evil.example",
        "null",
    ] {
        let reply = preflight(&server, "/v1/payment-intents", origin)
            .await
            .expect(204);
        assert_eq!(reply.header("access-control-allow-origin"), "", "{origin}");
        assert!(reply.header("vary").to_lowercase().contains("origin"));
    }
}

#[tokio::test]
async fn a_design_without_origins_is_closed() {
    let server = serve(plan(NOTES)).await;
    let reply = preflight(&server, "/v1/notes", DASHBOARD).await.expect(204);
    assert_eq!(reply.header("access-control-allow-origin"), "");
    assert_eq!(reply.header("allow"), "GET, HEAD, OPTIONS, POST");
}
