//! What is served beside the design's operations.

use crate::common::{example, plan, seed, serve, serve_seeded, serve_with};
use crate::design::NOTES;
use archwright_server::{Environment, Server, StartError};
use serde_json::json;
use std::io::Read;

#[tokio::test]
async fn health_and_readiness_are_told() {
    let server = serve(plan(NOTES)).await;
    let reply = server.get("/healthz").send().await.expect(200);
    assert_eq!(reply.json(), json!({ "status": "ok" }));
    let reply = server.get("/readyz").send().await.expect(200);
    assert_eq!(reply.json(), json!({ "status": "ready" }));
}

#[tokio::test]
async fn requests_are_counted_by_operation_and_status() {
    let server = serve(plan(NOTES)).await;
    server.get("/v1/notes").send().await.expect(200);
    server.get("/v1/notes").send().await.expect(200);
    server.get("/v1/notes?x=1").send().await.expect(400);
    server.get("/made/up/by/a/client").send().await.expect(404);
    let reply = server.get("/metrics").send().await.expect(200);
    assert!(
        reply
            .header("content-type")
            .starts_with("application/openmetrics-text")
    );
    let text = String::from_utf8(reply.body.to_vec()).unwrap();
    for line in [
        "http_requests_total{operation=\"notes.list\",status=\"200\"} 2",
        "http_requests_total{operation=\"notes.list\",status=\"400\"} 1",
        "http_requests_total{operation=\"none\",status=\"404\"} 1",
        "http_request_duration_seconds_count{operation=\"notes.list\"} 3",
        "http_requests_in_flight 1",
        "build_info{version=\"0.1.0\",design=\"notes\"} 1",
    ] {
        assert!(
            text.lines().any(|known| known == line),
            "no {line} in\n{text}"
        );
    }
    assert!(!text.contains("made/up"), "{text}");
}

#[tokio::test]
async fn the_document_is_the_one_of_the_plan() {
    let server = serve_with(plan(NOTES), |options| {
        options.public_url = Some("https://notes.example".to_owned());
    });
    let server = server.await;
    let reply = server.get("/openapi.json").send().await.expect(200);
    let document = reply.json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"][0]["url"], "https://notes.example");
    assert!(document["paths"]["/v1/notes"]["get"].is_object());
    let tag = reply.header("etag").to_owned();
    let again = server
        .get("/openapi.json")
        .header("if-none-match", &tag)
        .send()
        .await
        .expect(304);
    assert!(again.body.is_empty());
}

#[tokio::test]
async fn the_start_page_loads_nothing_that_is_not_served() {
    let server = serve(example("bookshop")).await;
    let reply = server.get("/").send().await.expect(200);
    assert!(reply.header("content-type").starts_with("text/html"));
    let page = String::from_utf8(reply.body.to_vec()).unwrap();
    let named = page
        .split(['"', '\''])
        .filter(|part| part.starts_with("/_page/"));
    let named: Vec<&str> = named.collect();
    assert!(named.len() > 2, "{named:?}");
    for path in named {
        server.get(path).send().await.expect(200);
    }
}

#[tokio::test]
async fn compressed_parts_are_plain_for_those_who_ask_for_plain() {
    let server = serve(plan(NOTES)).await;
    let page = server.get("/reference").send().await.expect(200);
    let page = String::from_utf8(page.body.to_vec()).unwrap();
    let script = page
        .split('"')
        .find(|part| part.contains("/scalar-"))
        .unwrap();
    let packed = server
        .get(script)
        .header("accept-encoding", "gzip, br")
        .send()
        .await
        .expect(200);
    assert_eq!(packed.header("content-encoding"), "gzip");
    assert_eq!(packed.header("vary"), "accept-encoding");
    let plain = server.get(script).send().await.expect(200);
    assert_eq!(plain.header("content-encoding"), "");
    assert!(plain.body.len() > 2 * packed.body.len());
    assert!(std::str::from_utf8(&plain.body).is_ok());
}

#[tokio::test]
async fn the_document_and_the_pages_are_compressed_for_those_who_take_it_and_replies_of_the_api_are_not()
 {
    let server = serve(plan(NOTES)).await;
    for path in ["/openapi.json", "/", "/_page/page.css"] {
        let plain = server.get(path).send().await.expect(200);
        let packed = server.get(path).header("accept-encoding", "br, gzip");
        let packed = packed.send().await.expect(200);
        for reply in [&plain, &packed] {
            assert_eq!(reply.header("vary"), "accept-encoding", "{path}");
        }
        assert_eq!(plain.header("content-encoding"), "", "{path}");
        assert_eq!(packed.header("content-encoding"), "gzip", "{path}");
        assert_ne!(plain.header("etag"), packed.header("etag"), "{path}");
        assert!(plain.body.len() > packed.body.len(), "{path}");
        let mut read = Vec::new();
        let mut decoder = flate2::read::GzDecoder::new(&packed.body[..]);
        decoder.read_to_end(&mut read).unwrap();
        assert_eq!(read, plain.body, "{path}");
        let same = server.get(path).header("accept-encoding", "gzip");
        let same = same.header("if-none-match", packed.header("etag"));
        same.send().await.expect(304);
    }
    let list = server.get("/v1/notes").header("accept-encoding", "gzip");
    let list = list.send().await.expect(200);
    assert_eq!(list.header("content-encoding"), "");
}

#[tokio::test]
async fn each_type_of_problem_leads_to_what_it_means() {
    let server = serve(plan(NOTES)).await;
    let reply = server.get("/v1/nothing").send().await.expect(404);
    let path = reply.json()["type"].as_str().unwrap().to_owned();
    let page = server.get(&path).send().await.expect(200).json();
    assert_eq!(page["code"], "not-found");
    assert_eq!(page["status"], 404);
    assert!(page["when"][0].is_string());
    server.get("/problems/made-up").send().await.expect(404);
}

#[tokio::test]
async fn development_signs_in_as_each_seeded_role() {
    let server = serve_seeded(example("bookshop")).await;
    for role in ["customer", "staff", "admin"] {
        let token = server.token(role).await;
        let me = server
            .get("/v1/auth/me")
            .token(&token)
            .send()
            .await
            .expect(200)
            .json();
        assert_eq!(me["roles"], json!([role]));
    }
    server
        .ask("POST", "/dev/sign-in/owner")
        .send()
        .await
        .expect(404);
    server.get("/dev/sign-in/staff").send().await.expect(405);
    let rebound = server
        .ask("POST", "/dev/sign-in/staff")
        .header("host", "evil.example");
    rebound.send().await.expect(403);
}

#[tokio::test]
async fn without_seeded_accounts_nobody_is_signed_in_for_development() {
    let server = serve(example("bookshop")).await;
    server
        .ask("POST", "/dev/sign-in/staff")
        .send()
        .await
        .expect(404);
}

#[tokio::test]
async fn production_takes_no_seed() {
    let folder = tempfile::tempdir().unwrap();
    let plan = example("bookshop");
    let mut options = crate::common::options(&folder);
    options.environment = Environment::Production;
    options.seed = Some(seed(&plan));
    let refused = Server::bind(plan, options).await.err().unwrap();
    assert!(matches!(refused, StartError::SeedInProduction));
}

#[tokio::test]
async fn production_takes_no_database_with_seeded_accounts() {
    let folder = tempfile::tempdir().unwrap();
    let start = |environment, filled: bool| {
        let plan = example("profile");
        let mut options = crate::common::options(&folder);
        let path = folder.path().join("database.sqlite");
        options.database_url = format!("sqlite://{}", path.display());
        options.environment = environment;
        options.seed = filled.then(|| seed(&plan));
        Server::bind(plan, options)
    };
    start(Environment::Production, false).await.unwrap();
    start(Environment::Development, true).await.unwrap();
    let refused = start(Environment::Production, false).await.err().unwrap();
    assert!(matches!(refused, StartError::SeededDatabase), "{refused}");
}

#[tokio::test]
async fn public_keys_are_served_where_somebody_signs_in() {
    let server = serve(example("bookshop")).await;
    let keys = server
        .get("/.well-known/jwks.json")
        .send()
        .await
        .expect(200);
    assert_eq!(keys.header("content-type"), "application/jwk-set+json");
    assert!(keys.json()["keys"][0]["kid"].is_string());
    let server = serve(plan(NOTES)).await;
    server
        .get("/.well-known/jwks.json")
        .send()
        .await
        .expect(404);
}
