//! Signing up, in and out, and what is done with tokens that are not good.

use crate::common::{Ask, Reply, Running, example, serve};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse battery";

fn member(name: &str) -> Value {
    json!({
        "email": format!("{name}@example.com"), "username": name, "given_name": "A", "family_name": "B",
        "password": PASSWORD,
    })
}

async fn sign_up(server: &Running, name: &str) -> Reply {
    let reply = server.post("/v1/auth/sign-up", member(name)).send().await;
    reply.expect(201)
}

async fn sign_in(server: &Running, name: &str, password: &str) -> Reply {
    let body = json!({ "email": format!("{name}@example.com"), "password": password });
    server.post("/v1/auth/sign-in", body).send().await
}

async fn refresh(server: &Running, token: &Value) -> Reply {
    let body = json!({ "refresh_token": token });
    server.post("/v1/auth/refresh", body).send().await
}

fn text<'v>(body: &'v Value, key: &str) -> &'v str {
    body[key].as_str().unwrap()
}

async fn me(server: &Running, token: &str) -> Reply {
    server.get("/v1/auth/me").token(token).send().await
}

fn check_no_store(reply: &Reply) {
    assert!(reply.header("cache-control").contains("no-store"));
}

#[tokio::test]
async fn signing_up_opens_a_session_that_refreshes_until_a_token_is_used_twice() {
    let server = serve(example("profile")).await;
    let reply = sign_up(&server, "ada").await;
    check_no_store(&reply);
    let session = reply.json();
    let id = text(&session["account"], "id");
    assert_eq!(reply.header("location"), format!("/v1/users/{id}"));
    assert_eq!(session["token_type"], "Bearer");
    assert_eq!(session["account"]["roles"], json!(["member"]));
    assert!(!String::from_utf8_lossy(&reply.body).contains(PASSWORD));
    let first = text(&session, "access_token");
    let shown = me(&server, first).await.expect(200).json();
    assert_eq!(shown, session["account"]);

    let reply = refresh(&server, &session["refresh_token"])
        .await
        .expect(200);
    check_no_store(&reply);
    let next = reply.json();
    assert_eq!(next["account"], session["account"]);
    assert_ne!(next["refresh_token"], session["refresh_token"]);
    // Both are of one session.
    me(&server, first).await.expect(200);
    me(&server, text(&next, "access_token")).await.expect(200);
    let third = refresh(&server, &next["refresh_token"]).await.expect(200);
    let third = third.json();

    let reused = refresh(&server, &session["refresh_token"]).await;
    assert_eq!(reused.expect(401).json()["code"], "unauthorized");
    for token in [&session, &next, &third] {
        me(&server, text(token, "access_token")).await.expect(401);
    }
    refresh(&server, &third["refresh_token"]).await.expect(401);
}

#[tokio::test]
async fn a_bad_sign_up_is_told_everything_at_once() {
    let server = serve(example("profile")).await;
    let body = json!({
        "email": "no address", "username": "ada", "given_name": "A", "password": "short",
        "trusted": true, "roles": ["admin"], "id": "x", "nonsense": 1,
    });
    let reply = server.post("/v1/auth/sign-up", body).send().await;
    let body = json!({
        "email": "no address", "username": "ada", "given_name": "A", "password": "short",
        "roles": ["admin"], "id": "x", "nonsense": 1,
    });
    assert_eq!(reply.expect(403).json()["errors"][0]["pointer"], "/trusted");
    let reply = server
        .post("/v1/auth/sign-up", body)
        .send()
        .await
        .expect(422);
    check_no_store(&reply);
    let told = reply.json();
    let errors = told["errors"].as_array().unwrap().iter();
    let mut faults: Vec<String> = errors
        .map(|error| format!("{} {}", text(error, "pointer"), text(error, "code")))
        .collect();
    faults.sort();
    let expected = [
        "/email format",
        "/family_name required",
        "/id read-only",
        "/nonsense unknown",
        "/password too-short",
        "/roles read-only",
    ];
    assert_eq!(faults, expected);
    sign_up(&server, "ada").await;
    let again = server.post("/v1/auth/sign-up", member("ada")).send().await;
    assert_eq!(again.expect(409).json()["code"], "unique");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_account_are_told_apart_by_nothing() {
    let server = serve(example("profile")).await;
    sign_up(&server, "ada").await;
    let without_id = |reply: &Reply| {
        let mut body = reply.json();
        body["instance"] = Value::Null;
        body
    };
    let wrong = sign_in(&server, "ada", "wrong").await.expect(401);
    let unknown = sign_in(&server, "bob", PASSWORD).await.expect(401);
    assert_eq!(without_id(&wrong), without_id(&unknown));
    let names = |reply: &Reply| {
        let mut names: Vec<String> = reply.headers.keys().map(ToString::to_string).collect();
        names.sort();
        names
    };
    assert_eq!(names(&wrong), names(&unknown));
    assert!(!wrong.header("www-authenticate").is_empty());
    let right = sign_in(&server, "ADA", PASSWORD).await.expect(200);
    check_no_store(&right);
    me(&server, text(&right.json(), "access_token"))
        .await
        .expect(200);
}

#[tokio::test]
async fn an_account_closes_after_wrong_passwords_and_says_nothing_of_it() {
    let server = serve(example("profile")).await;
    sign_up(&server, "ada").await;
    for _ in 0..6 {
        sign_in(&server, "ada", "wrong").await.expect(401);
    }
    let closed = sign_in(&server, "ada", PASSWORD).await.expect(401).json();
    let unknown = sign_in(&server, "bob", PASSWORD).await.expect(401).json();
    assert_eq!(closed["detail"], unknown["detail"]);
}

#[tokio::test]
async fn signing_out_ends_the_session_at_once() {
    let server = serve(example("profile")).await;
    let session = sign_up(&server, "ada").await.json();
    let other = sign_in(&server, "ada", PASSWORD).await.json();
    let token = text(&session, "access_token");
    let out = server.ask("POST", "/v1/auth/sign-out").token(token);
    check_no_store(&out.send().await.expect(204));
    me(&server, token).await.expect(401);
    refresh(&server, &session["refresh_token"])
        .await
        .expect(401);
    me(&server, text(&other, "access_token")).await.expect(200);
    server
        .ask("POST", "/v1/auth/sign-out")
        .send()
        .await
        .expect(401);
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let server = serve(example("profile")).await;
    let here = sign_up(&server, "ada").await.json();
    let there = sign_in(&server, "ada", PASSWORD).await.json();
    let token = text(&here, "access_token");
    let change = |current: &str, new: &str| {
        let body = json!({ "current_password": current, "new_password": new });
        server
            .ask("PUT", "/v1/auth/password")
            .token(token)
            .json(body)
    };
    change("wrong", "another long password")
        .send()
        .await
        .expect(403);
    let short = change(PASSWORD, "short").send().await.expect(422);
    assert_eq!(short.json()["errors"][0]["pointer"], "/new_password");
    change(PASSWORD, "another long password")
        .send()
        .await
        .expect(204);
    me(&server, token).await.expect(200);
    me(&server, text(&there, "access_token")).await.expect(401);
    refresh(&server, &there["refresh_token"]).await.expect(401);
    sign_in(&server, "ada", PASSWORD).await.expect(401);
    sign_in(&server, "ada", "another long password")
        .await
        .expect(200);
}

#[tokio::test]
async fn a_deleted_account_has_no_tokens_any_more() {
    let server = serve(example("profile")).await;
    let session = sign_up(&server, "ada").await.json();
    let token = text(&session, "access_token");
    let path = format!("/v1/users/{}", text(&session["account"], "id"));
    server
        .ask("DELETE", &path)
        .token(token)
        .send()
        .await
        .expect(204);
    me(&server, token).await.expect(401);
    refresh(&server, &session["refresh_token"])
        .await
        .expect(401);
    sign_in(&server, "ada", PASSWORD).await.expect(401);
}

#[tokio::test]
async fn tokens_that_are_not_good_are_refused_everywhere() {
    let server = serve(example("profile")).await;
    let session = sign_up(&server, "ada").await.json();
    let good = text(&session, "access_token");
    let parts: Vec<&str> = good.split('.').collect();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let mut other = claims.clone();
    other["sub"] = json!("00000000-0000-7000-8000-000000000000");
    let unsigned = encode(&json!({ "alg": "none", "typ": "at+jwt" }));
    let hashed = encode(&json!({ "alg": "HS256", "typ": "at+jwt" }));
    let refresh_token = text(&session, "refresh_token");
    let bad = [
        format!("Bearer {}.{}.{}", parts[0], encode(&other), parts[2]),
        format!("Bearer {}.{}.", parts[0], parts[1]),
        format!("Bearer {unsigned}.{}.", parts[1]),
        format!("Bearer {unsigned}.{}", parts[1]),
        format!("Bearer {hashed}.{}.{}", parts[1], parts[2]),
        format!("Bearer {}x", good),
        format!("Bearer {refresh_token}"),
        format!("Basic {good}"),
        good.to_owned(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        String::new(),
    ];
    let asks: [fn(&Running) -> Ask; 3] = [
        |server| server.get("/v1/auth/me"),
        |server| server.get("/v1/users"),
        |server| server.ask("DELETE", "/v1/users/00000000-0000-7000-8000-000000000000"),
    ];
    for value in &bad {
        for ask in asks {
            let reply = ask(&server).header("authorization", value).send().await;
            assert_eq!(reply.status, 401, "{value}");
            let challenge = reply.header("www-authenticate");
            assert_eq!(challenge, "Bearer error=\"invalid_token\"", "{value}");
            assert_eq!(reply.header("content-type"), "application/problem+json");
        }
    }
    let twice = server.get("/v1/auth/me").token(good).token("x");
    twice.send().await.expect(401);
    let lower = server
        .get("/v1/auth/me")
        .header("authorization", &format!("bearer {good}"));
    lower.send().await.expect(200);
}

#[tokio::test]
async fn a_token_of_another_server_is_nobody_here() {
    let (here, there) = (
        serve(example("profile")).await,
        serve(example("profile")).await,
    );
    let session = sign_up(&there, "ada").await.json();
    sign_up(&here, "ada").await;
    me(&here, text(&session, "access_token")).await.expect(401);
    refresh(&here, &session["refresh_token"]).await.expect(401);
}

#[tokio::test]
async fn public_keys_are_served_and_private_ones_are_not() {
    let server = serve(example("profile")).await;
    let session = sign_up(&server, "ada").await.json();
    let keys = server
        .get("/.well-known/jwks.json")
        .send()
        .await
        .expect(200)
        .json();
    let header = text(&session, "access_token").split('.').next().unwrap();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    assert_eq!(keys["keys"][0]["kid"], header["kid"]);
    assert_eq!(keys["keys"][0].get("d"), None);
}
