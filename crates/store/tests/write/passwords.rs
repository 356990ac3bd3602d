//! Steps about accounts: passwords, signing in, tokens. Hashes and tokens are the HTTP layer's; here they are made up.

use crate::script::{NOW, World};
use archwright_store::{Call, Caller, Context, Failure, NewSession, Proofs, Reply, Verified};
use serde_json::Value;
use std::sync::Arc;

const DESIGN: &str = r#"
archwright: 1
name: club
roles: { member: { sign-up: open }, staff: { granted-by: staff } }
entities:
  User:
    account: email
    fields:
      email: email, unique
      handle: string(1..20), unique
      motto: string(1..40)?, blank-as-null
    allow: { read: owner, update: owner }
operations:
  join:
    route: POST /join
    by: anyone
    input:
      body: { user: { email: email, handle: string(1..20), password: string(4..300) } }
    steps:
      - create: { user: User }
        set: { email: body.user.email, handle: body.user.handle }
        password: body.user.password
      - token: { token: user }
    reply: { 201: { handle: user.handle, token: token } }
  hire:
    route: POST /hire
    by: staff
    input:
      body: { email: email, handle: string(1..20), password: string }
    steps:
      - create: { user: User }
        set: { email: body.email, handle: body.handle }
        password: body.password
        role: staff
    reply: { 201: { handle: user.handle } }
  enter:
    route: POST /enter
    by: anyone
    input:
      body: { handle: string, password: string }
    steps:
      - sign-in: { user: User }
        key: { handle: body.handle }
        password: body.password
        else: { 403: { said: "'no'" } }
      - guard: user.handle != 'banned'
      - token: { token: user }
    reply: { 200: { handle: user.handle, token: token } }
  change:
    route: PUT /me
    by: signed-in
    input:
      body:
        handle?: string(1..20)
        motto: string(1..40)?, blank-as-null
        password?: string
    steps:
      - update: caller
        set: { handle: body.handle, motto: body.motto }
        password: body.password
    reply: { 200: { handle: caller.handle, motto: caller.motto, token: caller.token } }
"#;

fn session_id(number: u32) -> String {
    format!("00000000-0000-7000-8000-{number:012}")
}

/// Makes session and token `number`.
fn sessions(number: u32) -> Proofs {
    Proofs {
        sessions: Some(Arc::new(move |account| {
            let session = NewSession {
                id: session_id(number),
                token_hash: [7; 32],
                expires_at: NOW + 60_000,
            };
            Ok((session, format!("token of {account}")))
        })),
        ..Proofs::default()
    }
}

fn hashed(path: &[&str], proofs: Proofs) -> Proofs {
    let path = path.iter().map(|part| (*part).to_owned()).collect();
    Proofs {
        hashes: vec![(path, "new hash".to_owned())],
        ..proofs
    }
}

async fn world() -> World {
    World::new(DESIGN, &["ada:member", "eve:staff"]).await
}

async fn ask(world: &World, who: &Context, request: &str, proofs: Proofs) -> Result<Value, Failure> {
    let (call, _) = world.call(request);
    let call = Call { proofs, ..call };
    let reply: Reply = world.store.write(call, who.clone()).await?;
    Ok(serde_json::from_slice(&reply.body.unwrap()).unwrap())
}

const JOIN: &str = r#"POST /v1/join {"user": {"email": "bob@example.com", "handle": "bob", "password": "12345678"}}"#;

#[tokio::test]
async fn passwords_are_found_once_the_input_is_sound() {
    let world = world().await;
    let nobody = world.context("nobody");
    let passwords = |request: &str| world.store.passwords(&world.call(request).0, &nobody);
    let found = passwords(JOIN).unwrap();
    assert_eq!(found.new, [(vec!["user".to_owned(), "password".to_owned()], "12345678".to_owned())]);
    assert!(found.sign_in.is_none());
    // As long as the account asks, and no longer than hashing bears.
    for wrong in ["", "1234567", &"x".repeat(257)] {
        let request = JOIN.replace("12345678", wrong);
        let failure = passwords(&request).err().unwrap();
        let code = match wrong.len() {
            0 => "blank",
            7 => "too-short",
            _ => "too-long",
        };
        assert!(matches!(&failure, Failure::Invalid(faults) if faults[0].code == code), "{failure:?}");
    }
    let found = passwords(r#"POST /v1/enter {"handle": "ada", "password": "x"}"#).unwrap();
    let attempt = found.sign_in.unwrap();
    assert_eq!((attempt.name.as_str(), attempt.password.as_str()), ("ada", "x"));
    let account = world.store.credentials_by(attempt.field, &attempt.name).unwrap();
    assert_eq!(account.unwrap().password_hash, "hash");
    assert!(passwords(r#"PUT /v1/me {}"#).unwrap().new.is_empty());
}

#[tokio::test]
async fn a_new_account_has_its_password_its_role_and_a_session() {
    let world = world().await;
    let nobody = world.context("nobody");
    let proofs = hashed(&["user", "password"], sessions(5));
    let reply = ask(&world, &nobody, JOIN, proofs).await.unwrap();
    let bob = world.query("SELECT id FROM users WHERE handle = 'bob'")[0].clone();
    assert_eq!(reply["token"], format!("token of {bob}"));
    let credentials = |handle: &str| {
        let text = "SELECT password_hash || ' ' || roles FROM auth_credentials JOIN users ON account_id = id WHERE handle";
        world.query(&format!("{text} = '{handle}'"))
    };
    assert_eq!(credentials("bob"), [r#"new hash ["member"]"#]);
    let session = world.store.session(&session_id(5), NOW).unwrap().unwrap();
    assert_eq!(session.account_id, bob);
    assert!(world.store.session(&session_id(5), NOW + 60_000).unwrap().is_none());

    let hire = r#"POST /v1/hire {"email": "cy@example.com", "handle": "cy", "password": "12345678"}"#;
    ask(&world, &world.context("eve"), hire, hashed(&["password"], Proofs::default())).await.unwrap();
    assert_eq!(credentials("cy"), [r#"new hash ["staff"]"#]);
    // Without a hash there is no account, and no row of one.
    let hire = hire.replace("cy", "dan");
    let failure = ask(&world, &world.context("eve"), &hire, Proofs::default()).await.unwrap_err();
    assert!(matches!(failure, Failure::Internal(_)), "{failure:?}");
    assert!(world.query("SELECT 1 FROM users WHERE handle = 'dan'").is_empty());
}

#[tokio::test]
async fn signing_in_binds_the_account_that_was_proven() {
    let world = world().await;
    let nobody = world.context("nobody");
    let enter = r#"POST /v1/enter {"handle": "ada", "password": "x"}"#;
    let ada = world.context("ada").caller.unwrap().account_id;
    let proven = |hash: &str, new_hash: Option<&str>| {
        let verified = Verified {
            hash: hash.to_owned(),
            new_hash: new_hash.map(str::to_owned),
        };
        Proofs {
            signed_in: Some((ada.clone(), verified)),
            ..sessions(6)
        }
    };
    world.store.sign_in_failed(ada.clone(), |_| 0, NOW).await.unwrap();
    let reply = ask(&world, &nobody, enter, proven("hash", Some("better hash"))).await.unwrap();
    assert_eq!(reply["handle"], "ada");
    assert!(world.store.session(&session_id(6), NOW).unwrap().is_some());
    let stored = "SELECT password_hash || failed_count FROM auth_credentials JOIN users ON account_id = id WHERE handle = 'ada'";
    assert_eq!(world.query(stored), ["better hash0"]);
    // A password that was changed in between proves nothing, and neither does none.
    for proofs in [proven("hash", None), sessions(6)] {
        let failure = ask(&world, &nobody, enter, proofs).await.unwrap_err();
        let said = br#"{"said":"no"}"#.to_vec();
        assert!(
            matches!(&failure, Failure::Status { status: 403, body: Some(body), .. } if *body == said),
            "{failure:?}"
        );
    }
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions_of_its_account() {
    let world = world().await;
    let ada = world.context("ada");
    let caller = ada.caller.clone().unwrap();
    for number in [1, 2] {
        let (session, _) = sessions(number).sessions.unwrap()(&caller.account_id).unwrap();
        let opened = world.store.open_session(caller.account_id.clone(), session, None, NOW);
        opened.await.unwrap();
    }
    let own = Context {
        caller: Some(Caller {
            session_id: session_id(1),
            ..caller
        }),
        ..ada
    };
    let token = Proofs {
        token: Some("mine".to_owned()),
        ..Proofs::default()
    };
    let reply = ask(&world, &own, r#"PUT /v1/me {"handle": "ada2"}"#, token.clone()).await.unwrap();
    assert_eq!((&reply["handle"], &reply["token"]), (&"ada2".into(), &"mine".into()));
    let hash = "SELECT password_hash FROM auth_credentials JOIN users ON account_id = id WHERE handle = 'ada2'";
    assert_eq!(world.query(hash), ["hash"]);
    assert!(world.store.session(&session_id(2), NOW).unwrap().is_some());

    let change = r#"PUT /v1/me {"password": "87654321"}"#;
    ask(&world, &own, change, hashed(&["password"], token)).await.unwrap();
    assert_eq!(world.query(hash), ["new hash"]);
    let alive = [1, 2].map(|number| world.store.session(&session_id(number), NOW).unwrap().is_some());
    assert_eq!(alive, [true, false]);
    let audited = "SELECT changes FROM audit_entries ORDER BY id DESC LIMIT 1";
    assert_eq!(world.query(audited), [r#"{"password":{"secret":true}}"#]);
}

#[tokio::test]
async fn absent_null_and_empty_are_told_apart() {
    let mut world = world().await;
    world
        .run(
            r#"
            ada: PUT /v1/me {"motto": "Onward"} => 200 {"handle": "ada", "motto": "Onward"}
            ada: PUT /v1/me {} => 200 {"motto": "Onward"}
            ada: PUT /v1/me {"motto": ""} => 200 {"motto": null}
            ada: PUT /v1/me {"motto": "Onward"} => 200
            ada: PUT /v1/me {"motto": null} => 200 {"motto": null}
            ada: PUT /v1/me {"handle": null, "password": null} => 422 /handle type, /password type
            ada: PUT /v1/me {"handle": ""} => 422 /handle blank
            ada: PATCH /v1/users/$ada {"motto": "Home"} => 200 {"motto": "Home"}
            ada: PATCH /v1/users/$ada {"motto": ""} => 200 {"motto": null}
            ada: PATCH /v1/users/$ada {"handle": "", "email": ""} => 422 /email blank, /handle blank
            "#,
        )
        .await;
}
