//! Signing up and in by operations of a design, and errors in its own words.

use crate::common::{Reply, Running, plan, serve, serve_with};
use archwright_server::RateLimits;
use serde_json::{Value, json};

const DESIGN: &str = r#"
archwright: 1
name: club
api:
  rates: { sign-in: 4/h, write: 1000/h }
  tokens: { access: 1min }
  errors:
    default: { problem: code, fields: by_field }
    404: { gone: detail }
    401: { said: messages }
  messages: { blank: can't be blank, unique: has been taken, unauthorized: Who are you? }
roles: { member: { sign-up: open } }
entities:
  User:
    account: email
    fields:
      email: email, unique
      tags: json?
    allow: { read: owner }
operations:
  join:
    route: POST /join
    by: anyone
    input:
      body: { user: { email: email, password: string }, list: "string(1..5)[]" }
    steps:
      - create: { user: User }
        set: { email: body.user.email }
        password: body.user.password
      - token: { token: user }
    reply: { 201: { token: token } }
  enter:
    route: POST /enter
    by: anyone
    input:
      body: { email: string, password: string }
    steps:
      - sign-in: { user: User }
        key: { email: body.email }
        password: body.password
      - token: { token: user }
    reply: { 200: { token: token } }
  me:
    route: GET /me
    by: signed-in
    reply: { 200: { email: caller.email, token: caller.token } }
  change:
    route: PATCH /me
    by: signed-in
    input: { body: { password?: string, tags?: json } }
    steps:
      - update: caller
        set: { tags: body.tags }
        password: body.password
    reply: { 204: ~ }
  maybe:
    route: GET /maybe
    by: anyone
    reply: { 200: { token: caller.token } }
"#;

const PASSWORD: &str = "correct horse";

async fn join(server: &Running, email: &str, password: &str) -> Reply {
    let body = json!({ "user": { "email": email, "password": password }, "list": [] });
    server.post("/v1/join", body).send().await
}

async fn enter(server: &Running, email: &str, password: &str) -> Reply {
    let body = json!({ "email": email, "password": password });
    server.post("/v1/enter", body).send().await
}

fn token(reply: Reply) -> String {
    reply.json()["token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn accounts_are_made_and_signed_in_to_at_paths_of_the_design() {
    let server = serve(plan(DESIGN)).await;
    let reply = join(&server, "ada@example.com", PASSWORD).await.expect(201);
    assert_eq!(reply.header("cache-control"), "no-store");
    let first = token(reply);
    let second = token(
        enter(&server, "ADA@example.com", PASSWORD)
            .await
            .expect(200),
    );
    assert_ne!(first, second);
    for own in [&first, &second] {
        let reply = server.get("/v1/me").token(own).send().await.expect(200);
        assert_eq!(
            reply.json(),
            json!({ "email": "ada@example.com", "token": own })
        );
        let reply = server.get("/v1/maybe").token(own).send().await.expect(200);
        assert_eq!(reply.json(), json!({ "token": own }));
    }
    let reply = server.get("/v1/maybe").send().await.expect(200);
    assert_eq!(reply.json(), json!({ "token": null }));
    // The account is one like those of the standard sign-up: it signs in there too.
    let body = json!({ "email": "ada@example.com", "password": PASSWORD });
    server
        .post("/v1/auth/sign-in", body)
        .send()
        .await
        .expect(200);
    let out = server.ask("POST", "/v1/auth/sign-out").token(&first).send();
    out.await.expect(204);
    server.get("/v1/me").token(&first).send().await.expect(401);
    server.get("/v1/me").token(&second).send().await.expect(200);
}

#[tokio::test]
async fn too_many_wrong_passwords_close_the_account_for_the_right_one() {
    let server = serve(plan(DESIGN)).await;
    join(&server, "ada@example.com", PASSWORD).await.expect(201);
    join(&server, "bob@example.com", PASSWORD).await.expect(201);
    for _ in 0..6 {
        enter(&server, "ada@example.com", "wrong").await.expect(401);
    }
    let closed = enter(&server, "ada@example.com", PASSWORD)
        .await
        .expect(401);
    let unknown = enter(&server, "nemo@example.com", PASSWORD)
        .await
        .expect(401);
    assert_eq!(closed.body, unknown.body);
    enter(&server, "bob@example.com", PASSWORD)
        .await
        .expect(200);
}

#[tokio::test]
async fn signing_in_is_counted_by_address_whatever_the_token() {
    let planned = |options: &mut archwright_server::ServerOptions| {
        options.rate_limits = RateLimits::Planned;
    };
    let server = serve_with(plan(DESIGN), planned).await;
    let own = token(join(&server, "ada@example.com", PASSWORD).await.expect(201));
    for _ in 0..3 {
        enter(&server, "ada@example.com", PASSWORD)
            .await
            .expect(200);
    }
    let body = json!({ "email": "ada@example.com", "password": PASSWORD });
    let limited = server.post("/v1/enter", body).token(&own).send().await;
    assert_eq!(limited.expect(429).json()["problem"], "rate-limited");
}

#[tokio::test]
async fn a_password_is_counted_like_a_sign_in_in_any_operation() {
    let planned = |options: &mut archwright_server::ServerOptions| {
        options.rate_limits = RateLimits::Planned;
    };
    let server = serve_with(plan(DESIGN), planned).await;
    let own = token(join(&server, "ada@example.com", PASSWORD).await.expect(201));
    let change = |body: Value| {
        let ask = server.ask("PATCH", "/v1/me").token(&own);
        ask.header("content-type", "application/json")
            .body(body.to_string())
            .send()
    };
    for _ in 0..8 {
        change(json!({ "tags": [1] })).await.expect(204);
    }
    for _ in 0..3 {
        change(json!({ "password": PASSWORD })).await.expect(204);
    }
    change(json!({ "password": PASSWORD })).await.expect(429);
    change(json!({ "tags": [2] })).await.expect(204);
}

async fn refused(server: &Running, body: Value, status: u16) -> Value {
    server
        .post("/v1/join", body)
        .send()
        .await
        .expect(status)
        .json()
}

#[tokio::test]
async fn errors_have_the_shape_of_their_status_and_the_words_of_the_design() {
    let server = serve(plan(DESIGN)).await;
    let reply = server.get("/v1/me").send().await.expect(401);
    assert_eq!(reply.header("content-type"), "application/json");
    assert!(reply.header("www-authenticate").starts_with("Bearer"));
    assert_eq!(reply.json(), json!({ "said": ["Who are you?"] }));
    let reply = server.get("/v1/nowhere").send().await.expect(404).json();
    assert!(
        reply["gone"]
            .as_str()
            .unwrap()
            .starts_with("Nothing is served"),
        "{reply}"
    );

    let body = json!({ "user": { "email": "", "password": "short" }, "list": ["long enough", ""] });
    let reply = refused(&server, body, 422).await;
    let list = json!(["It must have at most 5 characters.", "can't be blank"]);
    let password = json!(["It must have at least 8 characters."]);
    let fields = json!({ "email": ["can't be blank"], "list": list, "password": password });
    assert_eq!(reply, json!({ "problem": "invalid", "fields": fields }));
    // What no field is to blame for.
    let reply = refused(&server, json!([]), 422).await;
    assert_eq!(
        reply["fields"]["body"][0],
        "The body must be a JSON object."
    );
    let reply = server
        .ask("POST", "/v1/join")
        .body("{")
        .header("content-type", "application/json");
    let reply = reply.send().await.expect(400).json();
    assert!(reply["fields"]["body"][0].is_string(), "{reply}");

    join(&server, "ada@example.com", PASSWORD).await.expect(201);
    let reply = join(&server, "ada@example.com", PASSWORD)
        .await
        .expect(409)
        .json();
    assert_eq!(
        reply,
        json!({ "problem": "unique", "fields": { "email": ["has been taken"] } })
    );
}
