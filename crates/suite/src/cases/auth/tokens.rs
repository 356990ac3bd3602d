//! Access tokens that are not what they should be.

use super::forge::{self, TokenKey};
use super::{bad_token, fresh, operation};
use crate::cases::Cases;
use crate::client::Request;
use crate::session::{Outcome, Session, failed, skip};
use archwright_plan::{CallerClass, OperationKind};

pub(in crate::cases) fn derive(cases: &mut Cases) {
    if cases.plan.model.account.is_none() {
        return;
    }
    for (name, reason) in forge::KINDS {
        cases.add(format!("tokens/{name}"), *reason, None, move |session| {
            forged(session, name)
        });
    }
    for (name, reason) in forge::SIGNED {
        cases.add(format!("tokens/{name}"), *reason, None, move |session| {
            signed(session, name)
        });
    }
    let open = cases.plan.operations.iter().find(|one| {
        let mut guard = one.guard.iter();
        one.kind == OperationKind::List && guard.any(|one| one.caller == CallerClass::Anyone)
    });
    if let Some(open) = open {
        let reason = "a bad token is refused even where none is needed";
        cases.add("tokens/on-open-operations", reason, None, |session| {
            bad_token(session, &open.path, "nonsense")
        });
    }
}

/// What somebody without the key could make.
fn forged(session: &mut Session, kind: &str) -> Outcome<()> {
    let actors: Vec<usize> = (1..session.actors.len())
        .filter(|actor| session.actors[*actor].access.is_some())
        .collect();
    let Some(actor) = actors.first() else {
        return skip("there is no test sign-in");
    };
    let token = session.actors[*actor].access.clone().unwrap_or_default();
    let other = actors
        .iter()
        .rev()
        .find_map(|other| session.actors[*other].access.clone());
    let (_, keys) = session.exchange(Request::new("GET", "/.well-known/jwks.json"))?;
    let me = operation(session, OperationKind::Me)?;
    match forge::token(kind, &token, other.as_deref(), keys.json.as_ref()) {
        Ok(forged) => bad_token(session, &me.path, &forged),
        Err(reason) => skip(reason),
    }
}

/// What the server's own key has signed, and is no good all the same.
fn signed(session: &mut Session, kind: &str) -> Outcome<()> {
    let me = operation(session, OperationKind::Me)?;
    if let ("expired", Some(token)) = (kind, session.secrets.expired_token.clone()) {
        return bad_token(session, &me.path, &token);
    }
    let Some(key) = session.secrets.key.clone() else {
        return skip("the server alone can sign such a token; see --signing-key");
    };
    let actor = fresh(session)?;
    let good = session.actors[actor].access.clone().unwrap_or_default();
    let now = session.now() / 1_000;
    let sign = |kind: &str| forge::signed(kind, &good, &key, now);
    let (same, bad) = match (sign("same"), sign(kind)) {
        (Ok(same), Ok(bad)) => (same, bad),
        (Err(reason), _) | (_, Err(reason)) => return skip(reason),
    };
    // Without this, a wrong key would look like a server that refuses what it should.
    session.actors[actor].access = Some(same);
    let (request, reply) = session.send(actor, Request::new("GET", &me.path))?;
    session.actors[actor].access = Some(good);
    if reply.status != 200 {
        let expected = "200, since the key of --signing-key has signed the server's own claims";
        return failed(&request, expected, &reply.shown(), Vec::new());
    }
    bad_token(session, &me.path, &bad)
}

/// What the suite was told of how the server signs access tokens.
#[derive(Clone, Debug, Default)]
pub struct TokenSecrets {
    pub key: Option<TokenKey>,
    /// One that was good for a test account once.
    pub expired_token: Option<String>,
}
