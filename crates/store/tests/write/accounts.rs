//! Credentials and sessions.

use crate::database::Kind;
use crate::script::{NOW, World, check, outcome};
use archwright_store::{
    ActiveSession, Context, Credentials, Failure, NewSession, Rotation, SignedUp, Verified,
};

const LATER: i64 = NOW + 1_000;
const EXPIRY: i64 = NOW + 10_000;

const SOFT: &str = "
archwright: 1
name: club
roles:
  member: { sign-up: open }
  staff: {}
entities:
  Person:
    account: email
    soft-delete: true
    fields:
      email: email, unique, sensitive
      name: string(1..80)
    allow: { get: owner, delete: owner }
";

fn session(number: u8) -> NewSession {
    NewSession {
        id: session_id(number),
        token_hash: [number; 32],
        expires_at: EXPIRY,
    }
}

fn session_id(number: u8) -> String {
    format!("00000000-0000-7000-9000-{number:012}")
}

fn nobody(now: i64) -> Context {
    Context {
        caller: None,
        now,
        request_id: "request".to_owned(),
    }
}

async fn sign_up(world: &World, body: &str) -> Result<SignedUp, Failure> {
    let (call, _) = world.call(&format!("POST /v1/auth/sign-up {body}"));
    let hash = "hash of ada".to_owned();
    world
        .store
        .sign_up(call, hash, session(1), nobody(NOW))
        .await
}

async fn club() -> (World, String) {
    let world = World::new(SOFT, &[]).await;
    let ada = sign_up(&world, r#"{"email": "Ada@Example.com", "name": "Ada"}"#).await;
    (world, ada.unwrap().account_id)
}

fn active(world: &World, number: u8, now: i64) -> Option<ActiveSession> {
    world.store.session(&session_id(number), now).unwrap()
}

fn credentials(world: &World, sign_in: &str) -> Option<Credentials> {
    world.store.credentials(sign_in).unwrap()
}

fn verified(new_hash: Option<&str>) -> Verified {
    Verified {
        hash: "hash of ada".to_owned(),
        new_hash: new_hash.map(str::to_owned),
    }
}

#[tokio::test]
async fn signing_up_makes_account_credentials_and_session_at_once() {
    let world = World::new(SOFT, &[]).await;
    let signed_up = sign_up(&world, r#"{"email": "Ada@Example.com", "name": "Ada"}"#).await;
    let SignedUp {
        account_id,
        roles,
        reply,
    } = signed_up.unwrap();
    let shown: serde_json::Value = serde_json::from_slice(&reply.body.unwrap()).unwrap();
    assert_eq!(shown["id"], account_id.as_str());
    assert_eq!(shown["email"], "ada@example.com");
    assert_eq!(shown["roles"], serde_json::json!(["member"]));
    assert_eq!(reply.location, Some(format!("/v1/people/{account_id}")));
    let session = ActiveSession {
        account_id: account_id.clone(),
        roles: roles.clone(),
    };
    assert_eq!(active(&world, 1, NOW), Some(session));
    let found = credentials(&world, "ADA@example.com").unwrap();
    let expected = Credentials {
        account_id,
        password_hash: "hash of ada".to_owned(),
        roles,
        failed_count: 0,
        locked_until: None,
    };
    assert_eq!(found, expected);
    assert_eq!(credentials(&world, "bob@example.com"), None);
}

#[tokio::test]
async fn a_refused_sign_up_leaves_nothing() {
    let (world, _) = club().await;
    let again = sign_up(&world, r#"{"email": "ada@example.com", "name": "Ada"}"#).await;
    assert_eq!(outcome(&again.unwrap_err()), "409 unique email");
    let bad = sign_up(
        &world,
        r#"{"email": "x", "name": "", "roles": ["staff"], "password": "p"}"#,
    );
    let expected = "422 /email format, /name blank, /password unknown, /roles read-only";
    let found = outcome(&bad.await.unwrap_err());
    let mut faults: Vec<&str> = found.trim_start_matches("422 ").split(", ").collect();
    faults.sort_unstable();
    assert_eq!(format!("422 {}", faults.join(", ")), expected);
    for table in ["people", "auth_credentials", "auth_sessions"] {
        let count = world.query(&format!("SELECT COUNT(*) FROM {table}"));
        assert_eq!(count, ["1"], "{table}");
    }
}

#[tokio::test]
async fn a_session_ends_when_it_expires_or_is_revoked() {
    let (world, _) = club().await;
    assert!(active(&world, 1, EXPIRY - 1).is_some());
    assert!(active(&world, 1, EXPIRY).is_none());
    assert!(active(&world, 2, NOW).is_none());
    world.store.end_session(session_id(1), LATER).await.unwrap();
    assert!(active(&world, 1, LATER).is_none());
}

#[tokio::test]
async fn a_refresh_token_works_once_and_its_reuse_ends_the_session() {
    let (world, _) = club().await;
    let rotate = |presented: u8, next: u8, now: i64| {
        world
            .store
            .rotate_session(session_id(1), [presented; 32], [next; 32], now)
    };
    for (presented, next) in [(1, 2), (2, 3)] {
        let rotated = rotate(presented, next, LATER).await.unwrap();
        assert_eq!(rotated, Rotation::Rotated);
    }
    assert!(active(&world, 1, LATER).is_some());
    // An earlier one, not only the one before.
    let reused = rotate(1, 4, LATER).await.unwrap();
    assert_eq!(reused, Rotation::Reused);
    assert!(active(&world, 1, LATER).is_none());
    assert_eq!(rotate(3, 5, LATER).await.unwrap(), Rotation::Unknown);
    assert_eq!(rotate(1, 5, LATER).await.unwrap(), Rotation::Unknown);
}

#[tokio::test]
async fn of_two_refreshes_at_once_one_wins() {
    let (world, _) = club().await;
    let rotate = |next: u8| {
        world
            .store
            .rotate_session(session_id(1), [1; 32], [next; 32], LATER)
    };
    let (first, second) = tokio::join!(rotate(2), rotate(3));
    let outcomes = [first.unwrap(), second.unwrap()];
    let won = |rotation: &&Rotation| **rotation == Rotation::Rotated;
    assert_eq!(outcomes.iter().filter(won).count(), 1, "{outcomes:?}");
}

#[tokio::test]
async fn no_refresh_makes_a_session_last_longer() {
    let (world, _) = club().await;
    let rotate = |presented: u8, now: i64| {
        world
            .store
            .rotate_session(session_id(1), [presented; 32], [presented + 1; 32], now)
    };
    let rotated = rotate(1, EXPIRY - 1).await.unwrap();
    assert_eq!(rotated, Rotation::Rotated);
    assert!(active(&world, 1, EXPIRY).is_none());
    assert_eq!(rotate(2, EXPIRY).await.unwrap(), Rotation::Unknown);
}

#[tokio::test]
async fn wrong_passwords_are_counted_until_a_right_one() {
    let (world, account_id) = club().await;
    let lock = |count: u32| if count > 1 { 100 } else { 0 };
    let failed = |now: i64| world.store.sign_in_failed(account_id.clone(), lock, now);
    let state = || {
        let found = credentials(&world, "ada@example.com").unwrap();
        (found.failed_count, found.locked_until)
    };
    failed(NOW).await.unwrap();
    assert_eq!(state(), (1, None));
    failed(NOW).await.unwrap();
    assert_eq!(state(), (2, Some(NOW + 100)));
    // While it is closed nothing is counted.
    failed(NOW + 99).await.unwrap();
    assert_eq!(state(), (2, Some(NOW + 100)));
    failed(NOW + 100).await.unwrap();
    assert_eq!(state(), (3, Some(NOW + 200)));
    let opened =
        world
            .store
            .open_session(account_id.clone(), session(2), Some(verified(None)), LATER);
    opened.await.unwrap();
    assert_eq!(state(), (0, None));
}

#[tokio::test]
async fn a_session_needs_the_password_that_is_stored_now() {
    let (world, account_id) = club().await;
    let open = |number: u8, verified: Verified| {
        world
            .store
            .open_session(account_id.clone(), session(number), Some(verified), LATER)
    };
    open(2, verified(Some("hashed anew"))).await.unwrap();
    let found = credentials(&world, "ada@example.com").unwrap();
    assert_eq!(found.password_hash, "hashed anew");
    let refused = open(3, verified(None)).await.unwrap_err();
    assert!(matches!(refused, Failure::Unauthorized), "{refused:?}");
    assert!(active(&world, 2, LATER).is_some());
    assert!(active(&world, 3, LATER).is_none());
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let (world, account_id) = club().await;
    let bob = world.call(r#"POST /v1/auth/sign-up {"email": "bob@example.com", "name": "Bob"}"#);
    let bob = world
        .store
        .sign_up(bob.0, "hash of bob".to_owned(), session(9), nobody(NOW))
        .await;
    bob.unwrap();
    for number in [2, 3] {
        let opened = world
            .store
            .open_session(account_id.clone(), session(number), None, NOW);
        opened.await.unwrap();
    }
    let mut context = nobody(LATER);
    context.caller = Some(archwright_store::Caller {
        account_id: account_id.clone(),
        roles: Vec::new(),
        session_id: session_id(2),
    });
    let operations = &world.store.plan().operations;
    let operation = operations.iter().position(|one| one.id == "auth.password");
    let change = || {
        let new = verified(Some("new hash"));
        world
            .store
            .change_password(operation.unwrap(), new, context.clone())
    };
    change().await.unwrap();
    let alive: Vec<bool> = [1, 2, 3, 9]
        .into_iter()
        .map(|number| active(&world, number, LATER).is_some())
        .collect();
    assert_eq!(alive, [false, true, false, true]);
    assert!(matches!(change().await, Err(Failure::Unauthorized)));
    let audited = |column: &str| {
        world.query(&format!("SELECT {column} FROM audit_entries ORDER BY id DESC LIMIT 1"))
    };
    assert_eq!(audited("operation || ' ' || row_id"), [format!("auth.password {account_id}")]);
    assert_eq!(audited("changes"), [r#"{"password":{"secret":true}}"#]);
}

#[tokio::test]
async fn a_deleted_account_is_nobody() {
    let (world, account_id) = club().await;
    let (call, _) = world.call(&format!("DELETE /v1/people/{account_id}"));
    let mut context = nobody(LATER);
    context.caller = Some(archwright_store::Caller {
        account_id: account_id.clone(),
        roles: Vec::new(),
        session_id: session_id(1),
    });
    world.store.write(call, context).await.unwrap();
    assert_eq!(world.query("SELECT COUNT(*) FROM people"), ["1"]);
    assert_eq!(active(&world, 1, LATER), None);
    assert_eq!(credentials(&world, "ada@example.com"), None);
    assert_eq!(world.store.credentials_of(&account_id).unwrap(), None);
    let rotated = world
        .store
        .rotate_session(session_id(1), [1; 32], [2; 32], LATER)
        .await;
    assert_eq!(rotated.unwrap(), Rotation::Unknown);
    let opened = world
        .store
        .open_session(account_id, session(2), None, LATER)
        .await;
    assert!(matches!(opened, Err(Failure::Unauthorized)));
}

#[tokio::test]
async fn roles_are_those_of_this_instant() {
    let (world, _) = club().await;
    let roles = |names: &str| {
        let update = format!("UPDATE auth_credentials SET roles = '{names}'");
        world.database.execute(&update);
        let found = active(&world, 1, NOW).unwrap().roles;
        found.iter().map(|role| role.0).collect::<Vec<_>>()
    };
    assert_eq!(roles("[\"member\"]"), [0]);
    assert_eq!(roles("[\"member\",\"staff\"]"), [0, 1]);
    assert_eq!(roles("[\"gone\",\"staff\"]"), [1]);
    assert_eq!(roles("[]"), [0_usize; 0]);
}

#[tokio::test]
async fn kept_replies_show_nothing_of_what_is_sensitive() {
    let design = "
archwright: 1
name: cards
roles:
  member: { sign-up: open }
entities:
  Person:
    account: email
    fields: { email: \"email, unique\" }
    allow: { get: owner }
  Card:
    fields:
      owner: Person, owner
      number: string(1..40), sensitive
    allow: { create: member, get: owner }
";
    let world = check(
        design,
        &["ada:member", "bob:member"],
        r#"
        ada: POST /v1/cards [key one] {"number": "4111-1111"} => 201 {"number": "4111-1111"}
        ada: POST /v1/cards [key one] {"number": "4111-1111"} => 201 {"number": "4111-1111"}
        ada: POST /v1/cards [key one] {"number": "4222-2222"} => 422 key-reused
        bob: POST /v1/cards [key one] {"number": "4111-1111"} => 201 {"number": "4111-1111"}
        "#,
    )
    .await;
    assert_eq!(world.query("SELECT COUNT(*) FROM cards"), ["2"]);
    let shown = match crate::ON {
        Kind::Sqlite => "SELECT instr(body, CAST('4111' AS BLOB)) FROM idempotency_keys",
        Kind::Postgres => "SELECT position('4111'::bytea in body) FROM idempotency_keys",
    };
    assert_eq!(world.query(shown), ["0", "0"]);
    // A reply that is put in another caller's place is of no use there.
    let swap = "UPDATE idempotency_keys SET body = (SELECT body FROM idempotency_keys ORDER BY caller LIMIT 1)";
    world.database.execute(swap);
    let again = r#"bob: POST /v1/cards [key one] {"number": "4111-1111"}"#;
    let refused = world.answer(again).await.unwrap_err();
    assert!(matches!(refused, Failure::Internal(_)), "{refused:?}");
}

#[tokio::test]
async fn who_signs_up_names_a_tenant_that_they_cannot_read_yet() {
    let design = "
archwright: 1
name: desk
roles: { member: { sign-up: open } }
entities:
  Firm:
    tenant: true
    fields: { name: \"string(1..20), unique\" }
    allow: { get: signed-in }
  Person:
    account: email
    fields:
      firm: Firm, tenant, immutable
      email: email, unique
    allow: { get: owner }
";
    let world = World::new(design, &["ada@acme:member"]).await;
    let body = world.filled(r#"{"email": "new@example.com", "firm_id": "$acme"}"#);
    let new = sign_up(&world, &body).await.unwrap();
    let account: serde_json::Value = serde_json::from_slice(&new.reply.body.unwrap()).unwrap();
    assert_eq!(account["firm_id"], world.filled("$acme"));
    let body =
        r#"{"email": "other@example.com", "firm_id": "00000000-0000-7000-8000-000000000999"}"#;
    let failure = sign_up(&world, body).await.unwrap_err();
    assert_eq!(outcome(&failure), "422 /firm_id not-found");
    assert_eq!(
        outcome(&sign_up(&world, "{}").await.unwrap_err()),
        "422 /firm_id required, /email required"
    );
}
