//! Requests that are repeated, and versions.

use crate::script::{NOW, World};

#[tokio::test]
async fn a_repeated_key_has_its_effect_once() {
    let mut world = World::new("bookshop", &["ada:customer", "bob:customer"]).await;
    let create = "ada: POST /v1/orders [key k1] {\"deliver_to\": \"Home\"}";
    let first = world.answer(create).await.unwrap();
    let mut again = world.answer(create).await.unwrap();
    assert!(!first.replayed && again.replayed);
    assert_eq!(first.etag.as_deref(), Some("1"));
    assert!(first.location.as_ref().unwrap().starts_with("/v1/orders/0"));
    again.replayed = false;
    assert_eq!(first, again);
    world
        .run(
            r#"
        ada: POST /v1/orders [key k1] {"deliver_to": "Away"} => 422 key-reused
        bob: POST /v1/orders [key k1] {"deliver_to": "Away"} => 201
        "#,
        )
        .await;
    assert_eq!(world.query("SELECT COUNT(*) FROM orders"), ["2"]);
    world.now = NOW + 24 * 60 * 60 * 1000 - 1;
    assert!(world.answer(create).await.unwrap().replayed);
    world.now += 1;
    assert!(!world.answer(create).await.unwrap().replayed);
    assert_eq!(world.query("SELECT COUNT(*) FROM orders"), ["3"]);
    world.store.purge(world.now).await.unwrap();
    assert_eq!(world.query("SELECT COUNT(*) FROM idempotency_keys"), ["1"]);
}

#[tokio::test]
async fn a_failure_is_not_kept() {
    let mut world = World::new("payments", &["ada:merchant"]).await;
    world
        .run(
            r#"
        ada: POST /v1/payment-intents [key k1] {"reference": "r1", "amount": "x", "currency": "EUR"} => 422 /amount format
        ada: POST /v1/payment-intents [key k1] {"reference": "r1", "amount": "1.00", "currency": "EUR"} => 201 as intent
        ada: POST /v1/payment-intents/$intent/confirm [key k2] => 200 {"status": "processing"}
        ada: POST /v1/payment-intents/$intent/confirm [key k2] => 200 {"status": "processing"}
        ada: POST /v1/payment-intents/$intent/confirm [key k3] => 409 illegal-move
        "#,
        )
        .await;
}

#[tokio::test]
async fn named_posts_take_keys() {
    let mut world = World::new("newsroom", &["ada:writer", "bob:writer"]).await;
    let body = r#"{"article": {"title": "One", "description": "d", "body": "b"}}"#;
    world
        .run(&format!(
            r#"
        ada: POST /api/articles [key k1] {body} => 201 {{"article": {{"slug": "one"}}}}
        ada: POST /api/articles [key k1] {body} => 201 {{"article": {{"slug": "one"}}}}
        ada: POST /api/articles [key k1] {{"article": {{"title": "Two", "description": "d", "body": "b"}}}} => 422 key-reused
        bob: POST /api/articles [key k1] {body} => 201 {{"article": {{"slug": "one-2"}}}}
        "#
        ))
        .await;
    assert_eq!(world.query("SELECT COUNT(*) FROM articles"), ["2"]);
}

#[tokio::test]
async fn versions_count_writes_and_guard_against_lost_updates() {
    let mut world = World::new("bookshop", &["sue:staff"]).await;
    world
        .run(
            r#"
        sue: POST /v1/authors {"name": "A"} => 201 {"version": 1} as author
        sue: PATCH /v1/authors/$author [if-match 2] {"name": "B"} => 412
        sue: PATCH /v1/authors/$author [if-match 1] {"name": "B"} => 200 {"version": 2}
        sue: PATCH /v1/authors/$author [if-match 1] {"name": "C"} => 412
        sue: PATCH /v1/authors/$author [if-match 1] {"name": ""} => 412
        sue: PATCH /v1/authors/$author {"name": "C"} => 200 {"version": 3}
        sue: DELETE /v1/authors/$author [if-match 2] => 412
        sue: DELETE /v1/authors/$author [if-match 3] => 204
        "#,
        )
        .await;
    let reply = world
        .answer("sue: POST /v1/authors {\"name\": \"A\"}")
        .await
        .unwrap();
    assert_eq!(reply.etag.as_deref(), Some("1"));
}

#[tokio::test]
async fn a_location_is_a_path_of_unreserved_characters() {
    let world = World::new("payments", &["ben:bookkeeper"]).await;
    let create = r#"ben: POST /v1/ledger-accounts {"code": "bank:eur", "name": "B", "kind": "asset", "currency": "EUR"}"#;
    let reply = world.answer(create).await.unwrap();
    assert_eq!(
        reply.location.as_deref(),
        Some("/v1/ledger-accounts/bank%3Aeur")
    );
}

#[tokio::test]
async fn all_that_has_expired_is_purged_however_much() {
    let world = World::new("bookshop", &["ada:customer"]).await;
    let create = "ada: POST /v1/orders [key k1] {\"deliver_to\": \"Home\"}";
    world.answer(create).await.unwrap();
    world.database.execute(
        "INSERT INTO idempotency_keys (key, caller, fingerprint, status, headers, created_at, expires_at) \
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500) \
         SELECT 'o' || i, caller, fingerprint, status, headers, created_at, expires_at \
         FROM n, idempotency_keys WHERE key = 'k1'",
    );
    assert_eq!(
        world.query("SELECT COUNT(*) FROM idempotency_keys"),
        ["2501"]
    );
    world.store.purge(NOW).await.unwrap();
    assert_eq!(
        world.query("SELECT COUNT(*) FROM idempotency_keys"),
        ["2501"]
    );
    world
        .store
        .purge(NOW + 24 * 60 * 60 * 1000)
        .await
        .unwrap();
    assert_eq!(world.query("SELECT COUNT(*) FROM idempotency_keys"), ["0"]);
}

const HEADERS: &str = r#"
archwright: 1
name: headers
roles: { member: { sign-up: open } }
entities:
  User:
    account: email
    fields: { email: "email, unique", phone: "string(1..20)?" }
    allow: { read: signed-in }
  Tag:
    id: int
    fields: { name: string(1..40) }
    allow: { read: anyone }
operations:
  call:
    route: POST /call
    by: signed-in
    input: { body: { phone: string(1..20) } }
    steps: [{ update: caller, set: { phone: body.phone } }]
    reply: { 200: { headers: { X-Phone: caller.phone, X-Again: "'yes'" }, body: { done: "true" } } }
  tell:
    route: POST /tell
    by: signed-in
    steps: [{ create: { tag: Tag }, set: { name: "'a'" } }]
    reply: { 200: { headers: { X-Token: caller.token }, body: { done: "true" } } }
  show:
    route: POST /show
    by: signed-in
    steps: [{ create: { tag: Tag }, set: { name: "'a'" } }]
    reply: { 200: { user: { if: "true", then: { token: caller.token } } } }
"#;

#[tokio::test]
async fn headers_of_a_kept_reply_cannot_be_read_in_the_database() {
    let world = World::new(HEADERS, &["ada:member"]).await;
    let call = "ada: POST /v1/call [key k1] {\"phone\": \"4111-1111\"}";
    let first = world.answer(call).await.unwrap();
    let phone = ("X-Phone".to_owned(), "4111-1111".to_owned());
    assert!(first.headers.contains(&phone), "{:?}", first.headers);
    let kept = world.query("SELECT headers FROM idempotency_keys");
    assert!(!kept[0].contains("4111"), "{kept:?}");
    let again = world.answer(call).await.unwrap();
    assert!(again.replayed);
    assert_eq!(again.headers, first.headers);
}

#[tokio::test]
async fn a_reply_with_the_callers_token_is_not_kept() {
    let world = World::new(HEADERS, &["ada:member"]).await;
    for path in ["tell", "show"] {
        let (call, operation) = world.call(&format!("POST /v1/{path} [key k1] "));
        assert!(call.idempotency.is_some() && !operation.idempotency_key);
        let call = format!("ada: POST /v1/{path} [key k1] ");
        assert!(!world.answer(&call).await.unwrap().replayed);
        assert!(!world.answer(&call).await.unwrap().replayed);
    }
    assert!(world.query("SELECT headers FROM idempotency_keys").is_empty());
    assert_eq!(world.query("SELECT COUNT(*) FROM tags"), ["4"]);
}
