//! Signing up, in and out, passwords and refresh tokens.

mod forge;
pub(super) mod tokens;

pub use forge::TokenKey;

use super::Cases;
use crate::act::tokens;
use crate::client::{Reply, Request};
use crate::oracle::{Refusal, representation};
use crate::session::{ANONYMOUS, Outcome, Session, failed, skip};
use archwright_plan::{Operation, OperationKind};
use serde_json::{Value as Json, json};

pub(super) fn derive(cases: &mut Cases) {
    let plan = cases.plan;
    if plan.model.account.is_none() {
        return;
    }
    if plan
        .operations
        .iter()
        .any(|one| one.kind == OperationKind::SignUp)
    {
        cases.add(
            "auth.sign-up/happy",
            "whoever signs up has an account, a role and tokens",
            None,
            |session| {
                let actor = session.newcomer(None)?;
                session.me(actor)
            },
        );
    }
    cases.add(
        "auth.sign-in/happy",
        "the right password gets tokens and the account",
        None,
        signs_in,
    );
    cases.add(
        "auth.sign-in/wrong-password",
        "a wrong password is refused, and it is not said whether the name is known",
        None,
        wrong_password,
    );
    for class in ["missing", "type"] {
        cases.add(
            format!("auth.sign-in/invalid/password/{class}"),
            "a sign-in without a password is refused",
            None,
            move |session| bad_sign_in(session, class),
        );
    }
    cases.add(
        "auth.refresh/happy",
        "a refresh token gets new tokens",
        None,
        |session| {
            let actor = fresh(session)?;
            refreshed(session, actor).map(drop)
        },
    );
    cases.add(
        "auth.refresh/reused",
        "a refresh token is good once; whoever uses it again ends the session",
        None,
        reused,
    );
    cases.add(
        "auth.refresh/unknown",
        "a made-up refresh token is refused",
        None,
        |session| {
            let body = json!({ "refresh_token": "bm8tc3VjaC10b2tlbi1uby1zdWNoLXRva2Vu" });
            refuse(session, OperationKind::Refresh, body)
        },
    );
    cases.add(
        "auth.sign-out/happy",
        "after a sign-out neither token is good",
        None,
        signed_out,
    );
    cases.add(
        "auth.password/happy",
        "a new password takes the place of the old one, and ends other sessions",
        None,
        password,
    );
    cases.add(
        "auth.password/wrong",
        "a password is not changed without the old one",
        None,
        wrong_change,
    );
    cases.add(
        "auth.password/short",
        "a new password keeps to the length",
        None,
        short_password,
    );
}

fn operation<'p>(session: &Session<'p>, kind: OperationKind) -> Outcome<&'p Operation> {
    match session.operation_of(kind) {
        Some(operation) => Ok(operation),
        None => skip("the design has no such operation"),
    }
}

/// An account of its own, so that no test sign-in is lost: one that signs up, or a test sign-in with a second session.
fn fresh(session: &mut Session) -> Outcome<usize> {
    if session.operation_of(OperationKind::SignUp).is_some() {
        return session.prepare(|session| session.newcomer(None));
    }
    let Some(actor) =
        (1..session.actors.len()).find(|actor| session.actors[*actor].access.is_some())
    else {
        return skip("there is no test sign-in");
    };
    let twin = session.actors[actor].clone();
    session.actors.push(twin);
    let twin = session.actors.len() - 1;
    match session.sign_in(twin) {
        Ok(()) => Ok(twin),
        Err(status) => skip(format!("a second sign-in got {status}")),
    }
}

fn sign_in_body(session: &Session, name: &str, password: &str) -> Json {
    let account = session.plan.model.account.as_ref();
    let field = account.map_or("email", |account| {
        session.plan.model.field(account.sign_in).name.as_str()
    });
    json!({ field: name, "password": password })
}

fn signs_in(session: &mut Session) -> Outcome<()> {
    let actor = fresh(session)?;
    let sign_in = operation(session, OperationKind::SignIn)?;
    let known = session.actors[actor].clone();
    let body = sign_in_body(session, &known.sign_in, &known.password);
    let (request, reply) =
        session.send(ANONYMOUS, Request::new("POST", &sign_in.path).json(body))?;
    let Some(row) = known.who.account else {
        return skip("no account");
    };
    let account = representation(&session.judge(actor), &row);
    session.expect(&request, &reply, 200, Some(&tokens(session.plan, account)))?;
    let json = reply.json.unwrap_or_default();
    session.actors[actor].access = json["access_token"].as_str().map(str::to_owned);
    session.me(actor)
}

fn wrong_password(session: &mut Session) -> Outcome<()> {
    let actor = fresh(session)?;
    let sign_in = operation(session, OperationKind::SignIn)?;
    let known = session.actors[actor].clone();
    let body = sign_in_body(session, &known.sign_in, "not the password at all");
    let (request, wrong) =
        session.send(ANONYMOUS, Request::new("POST", &sign_in.path).json(body))?;
    let refusal = [Refusal::new(401, "unauthorized", "passwords")];
    session.expect_refusal(&request, &wrong, &refusal)?;
    let stranger = match known.sign_in.contains('@') {
        true => "nobody.at.all@example.com",
        false => "nobody-at-all",
    };
    let body = sign_in_body(session, stranger, "not the password at all");
    let (request, unknown) =
        session.send(ANONYMOUS, Request::new("POST", &sign_in.path).json(body))?;
    session.expect_refusal(&request, &unknown, &refusal)?;
    let said = |reply: &Reply| {
        reply
            .json
            .as_ref()
            .map(|json| (json["code"].clone(), json["detail"].clone()))
    };
    match said(&wrong) == said(&unknown) {
        true => Ok(()),
        false => failed(
            &request,
            &wrong.shown(),
            &unknown.shown(),
            vec!["the reply tells whether the name is known".to_owned()],
        ),
    }
}

fn bad_sign_in(session: &mut Session, class: &str) -> Outcome<()> {
    let sign_in = operation(session, OperationKind::SignIn)?;
    let mut body = sign_in_body(session, "nobody@example.com", "");
    let codes: &[&str] = match class {
        "missing" => {
            body.as_object_mut()
                .map(|members| members.shift_remove("password"));
            &["required"]
        }
        _ => {
            body["password"] = json!(12);
            &["type"]
        }
    };
    let (request, reply) =
        session.send(ANONYMOUS, Request::new("POST", &sign_in.path).json(body))?;
    super::input::expect_faults(
        session,
        &request,
        &reply,
        &[("/password".to_owned(), codes)],
    )
}

fn refreshed(session: &mut Session, actor: usize) -> Outcome<String> {
    let refresh = operation(session, OperationKind::Refresh)?;
    let Some(old) = session.actors[actor].refresh.clone() else {
        return skip("there is no refresh token");
    };
    let body = json!({ "refresh_token": old });
    let (request, reply) =
        session.send(ANONYMOUS, Request::new("POST", &refresh.path).json(body))?;
    let Some(row) = session.actors[actor].who.account.clone() else {
        return skip("no account");
    };
    let account = representation(&session.judge(actor), &row);
    session.expect(&request, &reply, 200, Some(&tokens(session.plan, account)))?;
    let json = reply.json.unwrap_or_default();
    let token = |name: &str| json[name].as_str().map(str::to_owned);
    if token("refresh_token").as_ref() == Some(&old) {
        return failed(
            &request,
            "another refresh token",
            "the same one",
            Vec::new(),
        );
    }
    session.actors[actor].access = token("access_token");
    session.actors[actor].refresh = token("refresh_token");
    session.me(actor)?;
    Ok(old)
}

/// A POST without a token that has to be refused as not signed in.
fn refuse(session: &mut Session, kind: OperationKind, body: Json) -> Outcome<()> {
    let operation = operation(session, kind)?;
    let (request, reply) =
        session.send(ANONYMOUS, Request::new("POST", &operation.path).json(body))?;
    session.expect_refusal(
        &request,
        &reply,
        &[Refusal::new(401, "unauthorized", "tokens")],
    )
}

fn reused(session: &mut Session) -> Outcome<()> {
    let actor = fresh(session)?;
    let old = refreshed(session, actor)?;
    let current = session.actors[actor].refresh.clone();
    refuse(
        session,
        OperationKind::Refresh,
        json!({ "refresh_token": old }),
    )?;
    // Somebody has a stolen token: the whole session ends.
    refuse(
        session,
        OperationKind::Refresh,
        json!({ "refresh_token": current }),
    )?;
    let me = operation(session, OperationKind::Me)?;
    let token = session.actors[actor].access.clone().unwrap_or_default();
    bad_token(session, &me.path, &token)
}

fn signed_out(session: &mut Session) -> Outcome<()> {
    let actor = fresh(session)?;
    let sign_out = operation(session, OperationKind::SignOut)?;
    let (request, reply) = session.send(actor, Request::new("POST", &sign_out.path))?;
    session.expect(&request, &reply, 204, None)?;
    let known = session.actors[actor].clone();
    refuse(
        session,
        OperationKind::Refresh,
        json!({ "refresh_token": known.refresh }),
    )?;
    let me = operation(session, OperationKind::Me)?;
    bad_token(session, &me.path, &known.access.unwrap_or_default())
}

fn password(session: &mut Session) -> Outcome<()> {
    if session.operation_of(OperationKind::SignUp).is_none() {
        return skip("nobody can sign up, and the test sign-ins keep their passwords");
    }
    let actor = fresh(session)?;
    let known = session.actors[actor].clone();
    session.actors.push(known.clone());
    let twin = session.actors.len() - 1;
    if let Err(status) = session.sign_in(twin) {
        return skip(format!("a second sign-in got {status}"));
    }
    let change = operation(session, OperationKind::ChangePassword)?;
    let new = session.new_password();
    let body = json!({ "current_password": known.password, "new_password": new });
    let (request, reply) = session.send(actor, Request::new("PUT", &change.path).json(body))?;
    session.expect(&request, &reply, 204, None)?;
    let other = session.actors[twin].clone();
    session.actors.truncate(twin);
    session.me(actor)?;
    let me = operation(session, OperationKind::Me)?;
    bad_token(session, &me.path, &other.access.unwrap_or_default())?;
    refuse(
        session,
        OperationKind::Refresh,
        json!({ "refresh_token": other.refresh }),
    )?;
    let body = sign_in_body(session, &known.sign_in, &known.password);
    refuse(session, OperationKind::SignIn, body)?;
    session.actors[actor].password = new;
    match session.sign_in(actor) {
        Ok(()) => session.me(actor),
        Err(status) => failed(
            &request,
            "a sign-in with the new password",
            &status,
            Vec::new(),
        ),
    }
}

fn change<'p>(
    session: &mut Session<'p>,
    old: Option<&str>,
    new: &str,
) -> Outcome<(Request, Reply)> {
    let actor = fresh(session)?;
    let change = operation(session, OperationKind::ChangePassword)?;
    let current = old.map_or_else(|| session.actors[actor].password.clone(), str::to_owned);
    let body = json!({ "current_password": current, "new_password": new });
    session.send(actor, Request::new("PUT", &change.path).json(body))
}

fn wrong_change(session: &mut Session) -> Outcome<()> {
    let new = session.new_password();
    let (request, reply) = change(session, Some("not the password at all"), &new)?;
    match reply.status {
        401 | 403 | 422 => Ok(()),
        _ => failed(&request, "a refusal", &reply.shown(), Vec::new()),
    }
}

fn short_password(session: &mut Session) -> Outcome<()> {
    let (request, reply) = change(session, None, "short")?;
    super::input::expect_faults(
        session,
        &request,
        &reply,
        &[("/new_password".to_owned(), &["too-short"])],
    )
}

/// Without a token.
pub(super) fn anonymous<'p>(session: &mut Session<'p>, operation: &'p Operation) -> Outcome<()> {
    let mut request = Request::new(operation.method.name(), &operation.path);
    if operation.kind == OperationKind::ChangePassword {
        request = request.json(json!({ "current_password": "a password of somebody", "new_password": "another password of somebody" }));
    }
    let (request, reply) = session.send(ANONYMOUS, request)?;
    session.expect_refusal(
        &request,
        &reply,
        &[Refusal::new(
            401,
            "unauthorized",
            format!("the guard of {}", operation.id),
        )],
    )
}

/// A token that has to be refused.
fn bad_token(session: &mut Session, path: &str, token: &str) -> Outcome<()> {
    let scheme = session.plan.model.api.scheme();
    let request = Request::new("GET", path).header("authorization", format!("{scheme} {token}"));
    let (request, reply) = session.exchange(request)?;
    session.expect_refusal(
        &request,
        &reply,
        &[Refusal::new(401, "unauthorized", "tokens")],
    )
}
