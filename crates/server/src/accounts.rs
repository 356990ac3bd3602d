//! Sign-up, sign-in, sessions: who an account is, and the tokens that prove it.

mod body;
mod outcome;
mod refresh;

use crate::passwords::{self, Turn, Verdict};
use crate::problem::{Challenge, Problem};
use crate::tokens::{Subject, Tokens};
use archwright_plan::model::RoleId;
use archwright_plan::{OperationKind, Plan};
use archwright_store::{
    ActiveSession, Call, Caller, Context, Credentials, Failure, NewSession, NewSessions, Passwords,
    Reply, Rotation, Store, Verified,
};
use body::Body;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use outcome::{Outcome, lock_millis, outcome};
use refresh::RefreshTokens;
use std::sync::Arc;
use std::time::Duration;

/// Longer than it takes to count a wrong password, unless the database is busy.
const COUNTING: Duration = Duration::from_millis(30);

pub(crate) struct Accounts {
    inner: Arc<Inner>,
}

struct Inner {
    plan: Arc<Plan>,
    store: Arc<Store>,
    tokens: Arc<Tokens>,
    refresh: RefreshTokens,
    /// Position of the operation that shows the own account.
    me: Option<usize>,
}

impl Accounts {
    pub(crate) fn new(
        plan: Arc<Plan>,
        store: Arc<Store>,
        tokens: Arc<Tokens>,
        secrets: &crate::Secrets,
    ) -> Self {
        let me = |operation: &archwright_plan::Operation| operation.kind == OperationKind::Me;
        let inner = Inner {
            me: plan.operations.iter().position(me),
            refresh: RefreshTokens::new(secrets),
            plan,
            store,
            tokens,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Answers SignUp, SignIn, Refresh, SignOut and ChangePassword. What was begun is finished when the client goes
    /// away, so that nobody guesses a password without being counted.
    pub(crate) async fn answer(&self, call: Call, context: Context) -> Result<Reply, Problem> {
        let inner = self.inner.clone();
        let answered = tokio::spawn(async move { inner.answer(call, context).await });
        answered
            .await
            .map_err(|error| Problem::internal(error.to_string()))?
    }

    /// Whose token `Authorization` holds: nobody's without the header, a refusal when it is not good or not the only
    /// one.
    pub(crate) async fn caller(
        &self,
        headers: &HeaderMap,
        now: i64,
    ) -> Result<Option<Caller>, Problem> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let Some(value) = values.next() else {
            return Ok(None);
        };
        if values.next().is_some() {
            return Err(self.inner.invalid_token());
        }
        let token = self.inner.token_in(value);
        let subject = token.and_then(|token| self.inner.tokens.verify(token, now));
        match subject {
            Some(subject) => self.inner.live(subject, now).await.map(Some),
            None => Err(self.inner.invalid_token()),
        }
    }

    /// The token that a request came with.
    pub(crate) fn token(&self, headers: &HeaderMap) -> Option<String> {
        let token = self.inner.token_in(headers.get(AUTHORIZATION)?)?;
        Some(token.to_owned())
    }

    /// Hashes the passwords of a call of a named operation that are new, and judges the one that somebody signs in with,
    /// before any transaction. What was begun is finished when the client goes away.
    pub(crate) async fn prove(
        &self,
        call: Call,
        passwords: Passwords,
        now: i64,
    ) -> Result<Call, Problem> {
        let inner = self.inner.clone();
        let proven = tokio::spawn(async move { inner.prove(call, passwords, now).await });
        proven
            .await
            .map_err(|error| Problem::internal(error.to_string()))?
    }

    /// Opens a session without a password, for the links of development.
    pub(crate) async fn sign_in_as(&self, sign_in: &str, now: i64) -> Result<Reply, Problem> {
        let found = self.inner.store.credentials(sign_in)?;
        let found = found.ok_or_else(|| Problem::not_found("There is no such account."))?;
        self.inner.open(found, None, now).await
    }
}

impl Inner {
    /// What stands after the scheme.
    fn token_in<'h>(&self, header: &'h HeaderValue) -> Option<&'h str> {
        let (scheme, token) = header.to_str().ok()?.trim().split_once(' ')?;
        let mut schemes = self.plan.model.api.schemes.iter();
        let known = schemes.any(|known| scheme.eq_ignore_ascii_case(known));
        known.then_some(token.trim())
    }

    async fn prove(
        self: Arc<Self>,
        mut call: Call,
        passwords: Passwords,
        now: i64,
    ) -> Result<Call, Problem> {
        if let Some(attempt) = passwords.sign_in {
            let found = |store: &Store| store.credentials_by(attempt.field, &attempt.name);
            let verified = self.verified(found, attempt.password, now).await?;
            call.proofs.signed_in =
                verified.map(|(account, verified)| (account.account_id, verified));
        }
        for (path, password) in passwords.new {
            let hash = passwords::hash(password).await?;
            call.proofs.hashes.push((path, hash));
        }
        let sessions: NewSessions = Arc::new(move |account_id| self.token_session(account_id, now));
        call.proofs.sessions = Some(sessions);
        Ok(call)
    }

    /// A session that lasts as long as its one access token: nobody gets to know its refresh token.
    fn token_session(&self, account_id: &str, now: i64) -> Result<(NewSession, String), Failure> {
        let internal = |what: &str| Failure::Internal(what.to_owned());
        let made = self.new_session(now);
        let (mut session, _) = made.map_err(|_| internal("a session can't be made"))?;
        session.expires_at = now.saturating_add(self.tokens.lifetime_seconds.saturating_mul(1000));
        let subject = Subject {
            account_id: account_id.to_owned(),
            session_id: session.id.clone(),
        };
        let token = self.tokens.issue(&subject, now);
        let token = token.ok_or_else(|| internal("no key to sign tokens with"))?;
        Ok((session, token))
    }

    async fn answer(&self, call: Call, context: Context) -> Result<Reply, Problem> {
        match self.plan.operations[call.operation].kind {
            OperationKind::SignUp => self.sign_up(call, context).await,
            OperationKind::SignIn => self.sign_in(call, context.now).await,
            OperationKind::Refresh => self.refresh(call, context.now).await,
            OperationKind::SignOut => self.sign_out(context).await,
            OperationKind::ChangePassword => self.change_password(call, context).await,
            _ => Err(Problem::internal("the operation is not one of accounts")),
        }
    }

    // ---- sessions ----------------------------------------------------------------------------------------------

    async fn live(&self, subject: Subject, now: i64) -> Result<Caller, Problem> {
        let session = self.store.active_session(&subject.session_id, now).await?;
        let session = session.filter(|session| session.account_id == subject.account_id);
        let session = session.ok_or_else(|| self.invalid_token())?;
        Ok(caller(
            session.account_id,
            session.roles,
            subject.session_id,
        ))
    }

    fn invalid_token(&self) -> Problem {
        let schemes = &self.plan.model.api.schemes;
        let detail = "The access token is not valid; refresh it, or sign in again.";
        Problem::unauthorized(Challenge::Invalid { schemes }, detail)
    }

    fn expires_at(&self, now: i64) -> i64 {
        let seconds = i64::try_from(self.plan.model.api.refresh_seconds).unwrap_or(i64::MAX);
        now.saturating_add(seconds.saturating_mul(1000))
    }

    fn new_session(&self, now: i64) -> Result<(NewSession, String), Problem> {
        let id = uuid::Uuid::now_v7();
        let token = self.refresh.issue(id)?;
        let session = NewSession {
            id: id.to_string(),
            token_hash: refresh::hash(&token),
            expires_at: self.expires_at(now),
        };
        Ok((session, token))
    }

    async fn open(
        &self,
        account: Credentials,
        verified: Option<Verified>,
        now: i64,
    ) -> Result<Reply, Problem> {
        let (session, refresh_token) = self.new_session(now)?;
        let caller = caller(
            account.account_id.clone(),
            account.roles,
            session.id.clone(),
        );
        let opened = self
            .store
            .open_session(account.account_id, session, verified, now);
        match opened.await {
            Err(Failure::Unauthorized) => Err(wrong_credentials()),
            Err(failure) => Err(failure.into()),
            Ok(()) => {
                let subject = subject(&caller);
                let account = self.own_account(caller, now).await?;
                self.tokens_reply(200, &subject, &refresh_token, account, now)
            }
        }
    }

    /// The account as it sees itself.
    async fn own_account(&self, caller: Caller, now: i64) -> Result<Reply, Problem> {
        let operation = self
            .me
            .ok_or_else(|| Problem::internal("there is no own account"))?;
        let call = Call {
            operation,
            ..Call::default()
        };
        let context = Context {
            caller: Some(caller),
            now,
            request_id: String::new(),
        };
        Ok(self.store.answer(&call, &context).await?)
    }

    /// Tokens and the account.
    fn tokens_reply(
        &self,
        status: u16,
        subject: &Subject,
        refresh_token: &str,
        account: Reply,
        now: i64,
    ) -> Result<Reply, Problem> {
        let token = self.tokens.issue(subject, now);
        let token = token.ok_or_else(|| Problem::internal("no key to sign tokens with"))?;
        let head = serde_json::json!({
            "access_token": token,
            "token_type": self.plan.model.api.scheme(),
            "expires_in": self.tokens.lifetime_seconds,
            "refresh_token": refresh_token,
        });
        let mut body = head.to_string().into_bytes();
        // The account's own JSON takes the place of the closing brace.
        body.pop();
        body.extend_from_slice(b",\"account\":");
        body.extend_from_slice(account.body.as_deref().unwrap_or(b"null"));
        body.push(b'}');
        Ok(Reply {
            status,
            body: Some(body),
            location: account.location,
            ..Reply::default()
        })
    }

    // ---- operations --------------------------------------------------------------------------------------------

    async fn sign_up(&self, mut call: Call, context: Context) -> Result<Reply, Problem> {
        let mut body = Body::take_new_password(&mut call, "password", self.password_min());
        match self.store.check_body(&call, &context) {
            Ok(()) => {}
            Err(Failure::Invalid(faults)) => body.faults.extend(faults),
            Err(failure) => return Err(failure.into()),
        }
        let [password] = body.texts()?;
        let hash = passwords::hash(password).await?;
        let now = context.now;
        let (session, refresh_token) = self.new_session(now)?;
        let session_id = session.id.clone();
        let signed_up = self.store.sign_up(call, hash, session, context).await?;
        let subject = Subject {
            account_id: signed_up.account_id,
            session_id,
        };
        self.tokens_reply(201, &subject, &refresh_token, signed_up.reply, now)
    }

    fn password_min(&self) -> usize {
        let account = self.plan.model.account.as_ref();
        account.map_or(0, |account| account.password_min as usize)
    }

    fn sign_in_name(&self) -> &str {
        let account = self.plan.model.account.as_ref();
        account.map_or("", |account| &self.plan.model.field(account.sign_in).name)
    }

    async fn sign_in(&self, call: Call, now: i64) -> Result<Reply, Problem> {
        let names = [self.sign_in_name(), "password"];
        let body = Body::take(call.body, &names, self.plan.model.api.unknown);
        let [name, password] = body.texts()?;
        let found = |store: &Store| store.credentials(&name);
        let verified = self.verified(found, password, now).await?;
        let (account, verified) = verified.ok_or_else(wrong_credentials)?;
        self.open(account, Some(verified), now).await
    }

    /// The account that is found, if the password is its own and it is open.
    async fn verified(
        &self,
        find: impl FnOnce(&Store) -> Result<Option<Credentials>, Failure>,
        password: String,
        now: i64,
    ) -> Result<Option<(Credentials, Verified)>, Problem> {
        let turn = passwords::turn().await?;
        let found = find(&self.store)?;
        let judged = self.judge(turn, password.clone(), found.as_ref(), now);
        let (Some((turn, verdict)), Some(account)) = (judged.await?, found) else {
            return Ok(None);
        };
        let new_hash = match verdict {
            Verdict::Outdated => Some(passwords::hash_in(&turn, password).await?),
            _ => None,
        };
        let verified = Verified {
            hash: account.password_hash.clone(),
            new_hash,
        };
        Ok(Some((account, verified)))
    }

    /// What the password is, and the turn to go on with; nothing for those who are refused.
    async fn judge(
        &self,
        turn: Turn,
        password: String,
        account: Option<&Credentials>,
        now: i64,
    ) -> Result<Option<(Turn, Verdict)>, Problem> {
        let hash = account.map(|account| account.password_hash.clone());
        let verdict = passwords::verify(&turn, password, hash).await?;
        let locked_until = account.and_then(|account| account.locked_until);
        match outcome(verdict, locked_until, now) {
            Outcome::Admitted => Ok(Some((turn, verdict))),
            Outcome::Refused { is_counted } => {
                let counted = account.filter(|_| is_counted);
                self.refuse(turn, counted, now).await?;
                Ok(None)
            }
        }
    }

    /// Takes as long for everybody who is refused, whether there is an account to count for or not.
    async fn refuse(
        &self,
        turn: Turn,
        counted: Option<&Credentials>,
        now: i64,
    ) -> Result<(), Failure> {
        // It begins here, not where it is waited for.
        let waited = tokio::time::sleep(COUNTING);
        let counted = match counted.map(|account| account.account_id.clone()) {
            Some(id) => self.store.sign_in_failed(id, lock_millis, now).await,
            None => Ok(()),
        };
        // Others have their turn meanwhile.
        drop(turn);
        waited.await;
        counted
    }

    async fn refresh(&self, call: Call, now: i64) -> Result<Reply, Problem> {
        let [token] =
            Body::take(call.body, &["refresh_token"], self.plan.model.api.unknown).texts()?;
        let refused = || {
            let detail = "The refresh token is not valid any more; sign in again.";
            Problem::new(401, "unauthorized", detail)
        };
        let session_id = self.refresh.session(&token).ok_or_else(refused)?;
        let next = self.refresh.issue(session_id)?;
        let session_id = session_id.to_string();
        // Whatever can fail comes first: the token that was presented is of no use afterwards.
        let session = self.store.active_session(&session_id, now).await?;
        let ActiveSession { account_id, roles } = session.ok_or_else(refused)?;
        let caller = caller(account_id, roles, session_id.clone());
        let subject = subject(&caller);
        let account = self.own_account(caller, now).await?;
        let reply = self.tokens_reply(200, &subject, &next, account, now)?;
        let (presented, next) = (refresh::hash(&token), refresh::hash(&next));
        let rotated = self.store.rotate_session(session_id, presented, next, now);
        match rotated.await? {
            Rotation::Rotated => Ok(reply),
            Rotation::Reused => {
                let Subject {
                    account_id,
                    session_id,
                } = subject;
                let what = "a refresh token was used twice; its session has ended";
                tracing::warn!(account_id, session_id, what);
                Err(refused())
            }
            Rotation::Unknown => Err(refused()),
        }
    }

    async fn sign_out(&self, context: Context) -> Result<Reply, Problem> {
        let caller = context.caller.ok_or(Failure::Unauthorized)?;
        self.store
            .end_session(caller.session_id, context.now)
            .await?;
        Ok(done())
    }

    async fn change_password(&self, call: Call, context: Context) -> Result<Reply, Problem> {
        let caller = context.caller.as_ref().ok_or(Failure::Unauthorized)?;
        let (old, new) = ("current_password", "new_password");
        let mut body = Body::take(call.body, &[old, new], self.plan.model.api.unknown);
        body.check_new_password(new, self.password_min());
        let [current, new] = body.texts()?;
        let turn = passwords::turn().await?;
        let account = self.store.credentials_of(&caller.account_id)?;
        let account = account.ok_or(Failure::Unauthorized)?;
        let judged = self.judge(turn, current, Some(&account), context.now);
        let Some((turn, _)) = judged.await? else {
            let detail = "The current password is wrong, or there were too many wrong ones: wait a few minutes.";
            return Err(Problem::new(403, "forbidden", detail));
        };
        let verified = Verified {
            hash: account.password_hash,
            new_hash: Some(passwords::hash_in(&turn, new).await?),
        };
        self.store
            .change_password(call.operation, verified, context)
            .await?;
        Ok(done())
    }
}

fn subject(caller: &Caller) -> Subject {
    Subject {
        account_id: caller.account_id.clone(),
        session_id: caller.session_id.clone(),
    }
}

fn caller(account_id: String, roles: Vec<RoleId>, session_id: String) -> Caller {
    Caller {
        account_id,
        roles,
        session_id,
    }
}

fn done() -> Reply {
    Reply {
        status: 204,
        ..Reply::default()
    }
}

/// The same for an account that is not there, a wrong password and a closed account.
fn wrong_credentials() -> Problem {
    let detail = "There is no account with this name and password, or there were too many wrong ones: wait a few \
                  minutes.";
    Problem::new(401, "unauthorized", detail)
}
