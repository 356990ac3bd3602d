//! What calls of named operations make of accounts: tokens that work, passwords that are the new ones, sessions that
//! end.

use crate::client::Request;
use crate::oracle::{Judge, Performed, Refusal, SignedIn, Told, Who, adopt, name, representation};
use crate::session::{Actor, Outcome, Session, failed};
use archwright_evaluate::{RowRef, Value};
use archwright_plan::OperationKind;
use serde_json::json;

/// Callers for named operations; accounts beyond them only sign in.
const MOST_CREW: usize = 12;

impl Session<'_> {
    /// What an account signs in with.
    pub fn sign_in_name(&self, account: &RowRef) -> String {
        let field = self.plan.model.account.as_ref().map(|one| one.sign_in);
        match field.map(|field| self.world.value(account, field)) {
            Some(Value::Text(text)) => text,
            _ => String::new(),
        }
    }

    /// Actors go by what their accounts are now.
    pub fn follow_accounts(&mut self) {
        for actor in 0..self.actors.len() {
            let Some(account) = self.actors[actor].who.account.clone() else {
                continue;
            };
            match self.world.is_there(&account) {
                true => self.actors[actor].sign_in = self.sign_in_name(&account),
                false => {
                    let gone = &mut self.actors[actor];
                    gone.access = None;
                    gone.who = Who::default();
                    gone.name = "gone".to_owned();
                }
            }
        }
    }

    pub fn count_sign_in(&mut self, done: &Performed) {
        if let Some((account, outcome)) = &done.signed_in
            && let Some(row) = self.world.get_mut(account)
        {
            row.wrong = match outcome {
                SignedIn::Right => 0,
                SignedIn::Wrong => row.wrong + 1,
            };
        }
    }

    /// Uses the tokens that a reply gave, and the passwords that its call set.
    pub fn prove_tokens(
        &mut self,
        actor: usize,
        request: &Request,
        tokens: Vec<(Told, String)>,
        done: &mut Performed,
    ) -> Outcome<()> {
        self.follow_accounts();
        for account in done.passwords.clone() {
            self.prove_password(actor, request, &account)?;
        }
        for (told, token) in tokens {
            match told {
                Told::Token(account) => {
                    let named = self.prove_token(&account, token)?;
                    done.rename(&account, &named);
                }
                _ if self.actors[actor].access.as_ref() == Some(&token) => {}
                _ => return failed(request, "the token of the request", "another", Vec::new()),
            }
        }
        Ok(())
    }

    /// Reads the account by its token, which then is that of a new actor.
    fn prove_token(&mut self, account: &RowRef, token: String) -> Outcome<RowRef> {
        let Some(me) = self.operation_of(OperationKind::Me) else {
            return Ok(account.clone());
        };
        let roles = self.world.get(account).and_then(|row| row.roles.clone());
        let who = Who {
            account: Some(self.world.named(account).clone()),
            roles: roles.unwrap_or_default(),
        };
        let shown = representation(&Judge::new(&self.world, &who, self.now()), account);
        let request = self.with_token(Request::new("GET", &me.path), &token);
        let (request, reply) = self.exchange(request)?;
        self.expect(&request, &reply, me.status, Some(&shown))?;
        let json = reply.json.unwrap_or_default();
        let named = name(&mut self.world, account, &json);
        adopt(&mut self.world, &named, &json);
        let mut actors = self.actors.iter();
        let is_known = actors.any(|actor| actor.who.account.as_ref() == Some(&named));
        let password = self.world.get(&named).and_then(|row| row.password.clone());
        match password {
            Some(password) if !is_known && self.crew.len() < MOST_CREW => {
                self.crew.push(self.actors.len());
                self.actors.push(Actor {
                    name: format!("newcomer-{}", self.actors.len()),
                    who: Who {
                        account: Some(named.clone()),
                        ..who
                    },
                    sign_in: self.sign_in_name(&named),
                    password,
                    access: Some(token),
                    refresh: None,
                });
            }
            _ => self.sessions.push((named.clone(), token)),
        }
        Ok(named)
    }

    /// Signs in with a new password; other sessions than that of the call have ended with the old one.
    fn prove_password(&mut self, actor: usize, request: &Request, account: &RowRef) -> Outcome<()> {
        let account = self.world.named(account).clone();
        let row = self.world.get(&account).cloned().unwrap_or_default();
        let password = row.password.unwrap_or_default();
        for other in 0..self.actors.len() {
            if self.actors[other].who.account.as_ref() == Some(&account) {
                self.actors[other].password = password.clone();
                if other != actor
                    && let Err(status) = self.sign_in(other)
                {
                    let expected = "a sign-in with the new password";
                    return failed(request, expected, &status, Vec::new());
                }
            }
        }
        let of_account = |(known, _): &mut (RowRef, String)| *known == account;
        let ended: Vec<(RowRef, String)> = self.sessions.extract_if(.., of_account).collect();
        if self.preparing > 0 {
            return Ok(());
        }
        if let (Some((_, token)), Some(me)) = (ended.last(), self.operation_of(OperationKind::Me)) {
            let request = self.with_token(Request::new("GET", &me.path), token);
            let (request, reply) = self.exchange(request)?;
            let rule = "a new password ends the other sessions";
            let refusal = Refusal::new(401, "unauthorized", rule);
            self.expect_refusal(&request, &reply, &[refusal])?;
        }
        let Some(sign_in) = self.operation_of(OperationKind::SignIn) else {
            return Ok(());
        };
        let field = self.plan.model.account.as_ref().map(|one| one.sign_in);
        let field = field.map_or("", |field| &self.plan.model.field(field).name);
        let body = json!({ field: self.sign_in_name(&account), "password": password });
        let (request, reply) = self.exchange(Request::new("POST", &sign_in.path).json(body))?;
        self.expect(&request, &reply, sign_in.status, None)?;
        let json = reply.json.unwrap_or_default();
        let token = json["access_token"].as_str().map(str::to_owned);
        self.sessions.extend(token.map(|token| (account, token)));
        Ok(())
    }

    fn with_token(&self, request: Request, token: &str) -> Request {
        let scheme = self.plan.model.api.scheme();
        request.header("authorization", format!("{scheme} {token}"))
    }
}
