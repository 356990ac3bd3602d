//! Accounts: credentials and sessions. Hashes and tokens are made by the HTTP layer.

use crate::connection::{Connection, Row, Value, ValueRef, values};
use crate::named::Environment;
use crate::read::stored_value;
use crate::represent::id_value;
use crate::write::{self, Job, note_password, sign_up};
use crate::{Call, Context, Failure, Reply, Shared, Store};
use archwright_plan::model::{Account, FieldId, Model, RoleId};
use archwright_plan::{ColumnSource, lookup_column};

/// What signing in has to know of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    pub account_id: String,
    pub password_hash: String,
    /// Granted roles, without those they include.
    pub roles: Vec<RoleId>,
    /// Wrong passwords since the last right one.
    pub failed_count: u32,
    /// Milliseconds since 1970.
    pub locked_until: Option<i64>,
}

/// A session to be opened. Its id is a version 7 uuid.
#[derive(Clone, Debug)]
pub struct NewSession {
    pub id: String,
    /// SHA-256 of the refresh token.
    pub token_hash: [u8; 32],
    /// No refresh makes a session last longer.
    pub expires_at: i64,
}

/// The hash that a password was found to match, which must still be the account's when something follows from it.
#[derive(Clone, Debug)]
pub struct Verified {
    pub hash: String,
    /// To be stored instead.
    pub new_hash: Option<String>,
}

/// A session that is neither revoked nor expired, of an account that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveSession {
    pub account_id: String,
    pub roles: Vec<RoleId>,
}

/// What became of a refresh token that was presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    Rotated,
    /// The session has another token by now: this one was used before, so somebody copied it. The session is revoked.
    Reused,
    /// There is no such session, or it is revoked or expired.
    Unknown,
}

/// An account that has signed up.
#[derive(Clone, Debug)]
pub struct SignedUp {
    pub account_id: String,
    pub roles: Vec<RoleId>,
    /// 201 with the account's representation, as it sees itself.
    pub reply: Reply,
}

impl Store {
    /// By what the account signs in with; `None` for an account that is not there or is deleted.
    pub fn credentials(&self, sign_in: &str) -> Result<Option<Credentials>, Failure> {
        self.credentials_by(account(&self.shared)?.sign_in, sign_in)
    }

    /// By the value of a unique field of the account; `None` for an account that is not there or is deleted.
    pub fn credentials_by(
        &self,
        unique: FieldId,
        text: &str,
    ) -> Result<Option<Credentials>, Failure> {
        let Some(value) = stored_value(&self.shared.plan, unique, text) else {
            return Ok(None);
        };
        let field = self.shared.plan.model.field(unique);
        let column = lookup_column(field)
            .ok_or_else(|| Failure::Internal("what accounts sign in with is not stored".into()))?;
        let value = match (value, field.sensitive) {
            (Value::Text(text), true) => Value::Blob(self.shared.blind_index(unique, &text)),
            (value, _) => value,
        };
        self.find_credentials(&column, value)
    }

    pub fn credentials_of(&self, account_id: &str) -> Result<Option<Credentials>, Failure> {
        match self.shared.account_id(account_id)? {
            Some(id) => self.find_credentials("id", id),
            None => Ok(None),
        }
    }

    fn find_credentials(&self, column: &str, value: Value) -> Result<Option<Credentials>, Failure> {
        let text = format!(
            "SELECT a.\"id\", c.\"password_hash\", c.\"roles\", c.\"failed_count\", c.\"locked_until\" \
             FROM {} JOIN \"auth_credentials\" c ON c.\"account_id\" = a.\"id\" WHERE a.{} = ?1{}",
            self.shared.accounts()?,
            self.shared.dialect.identifier(column),
            self.shared.account_is_active()?,
        );
        let model = &self.shared.plan.model;
        let read = |row: &Row<'_>| {
            Ok(Credentials {
                account_id: id_text(row, 0)?,
                password_hash: row.get(1)?,
                roles: roles(model, &row.get::<String>(2)?),
                failed_count: row.get(3)?,
                locked_until: row.get(4)?,
            })
        };
        self.readers
            .with(|connection| connection.first(&text, std::slice::from_ref(&value), read))
    }

    /// Makes the account (operation SignUp; the body without `password`), its credentials and its first session.
    pub async fn sign_up(
        &self,
        call: Call,
        password_hash: String,
        session: NewSession,
        context: Context,
    ) -> Result<SignedUp, Failure> {
        let shared = self.shared.clone();
        self.writer
            .run(move |connection| {
                let signed_up = sign_up(connection, &shared, &call, &password_hash, &context)?;
                let id = &signed_up.account_id;
                insert_session(connection, &shared, id, &session, context.now)?;
                Ok(signed_up)
            })
            .await
    }

    /// Gives an account a role, whoever grants it; false where it has the role already. For operators: nobody is asked
    /// whether they may.
    pub async fn appoint(
        &self,
        account_id: String,
        role: RoleId,
        context: Context,
    ) -> Result<bool, Failure> {
        let entity = account(&self.shared)?.entity;
        let shared = self.shared.clone();
        self.writer
            .run(move |connection| {
                let id = shared.account_id(&account_id)?.ok_or(Failure::NotFound)?;
                write::appoint(connection, &shared, (entity, &id), role, &context)
            })
            .await
    }

    /// Counts a wrong password, and closes the account for as many milliseconds as `lock` says for the new count; not
    /// while it is closed already.
    pub async fn sign_in_failed(
        &self,
        account_id: String,
        lock: fn(u32) -> i64,
        now: i64,
    ) -> Result<(), Failure> {
        let shared = self.shared.clone();
        self.writer
            .run(move |connection| {
                let id = shared.account_id(&account_id)?;
                let found = "SELECT \"failed_count\" FROM \"auth_credentials\" WHERE \"account_id\" = ?1 \
                             AND COALESCE(\"locked_until\", ?2) <= ?2";
                let count: Option<u32> =
                    connection.first(found, &values![id.clone(), now], |row| row.get(0))?;
                let Some(count) = count.map(|count| count.saturating_add(1)) else {
                    return Ok(());
                };
                let locked_until = Some(lock(count)).filter(|lock| *lock > 0).map(|lock| now + lock);
                let update = "UPDATE \"auth_credentials\" SET \"failed_count\" = ?2, \"locked_until\" = ?3 \
                              WHERE \"account_id\" = ?1";
                connection.execute(update, &values![id, count, locked_until]).map(drop)
            })
            .await
    }

    /// Opens a session, and forgets wrong passwords. `verified` is absent where development opens one without a
    /// password. Refused (401) when the account is gone, or has another password by now.
    pub async fn open_session(
        &self,
        account_id: String,
        session: NewSession,
        verified: Option<Verified>,
        now: i64,
    ) -> Result<(), Failure> {
        let shared = self.shared.clone();
        self.writer
            .run(move |connection| {
                if let Some(verified) = &verified {
                    confirm(connection, &shared, &account_id, verified)?;
                }
                insert_session(connection, &shared, &account_id, &session, now)
            })
            .await
    }

    /// For each request with an access token: who it is, with the roles of this instant.
    pub async fn active_session(
        &self,
        session_id: &str,
        now: i64,
    ) -> Result<Option<ActiveSession>, Failure> {
        let Some(lines) = &self.lines else {
            return self.session(session_id, now);
        };
        let text = self.shared.session_text()?;
        let values = values![session_id.to_owned(), now];
        let read = |row: &Row<'_>| session_in(&self.shared.plan.model, row);
        let found = lines.all(text, &values, read).await?;
        Ok(found.into_iter().next())
    }

    /// The same on the thread that it is called on.
    pub fn session(&self, session_id: &str, now: i64) -> Result<Option<ActiveSession>, Failure> {
        let text = self.shared.session_text()?;
        let values = values![session_id.to_owned(), now];
        let read = |row: &Row<'_>| session_in(&self.shared.plan.model, row);
        self.readers
            .with(|connection| connection.first(text, &values, read))
    }

    /// Exchanges a session's refresh token for the next one. `presented` is the hash of a token that was issued for
    /// this session, at some time.
    pub async fn rotate_session(
        &self,
        session_id: String,
        presented: [u8; 32],
        next: [u8; 32],
        now: i64,
    ) -> Result<Rotation, Failure> {
        let shared = self.shared.clone();
        self.writer
            .run(move |connection| {
                let live = shared.live_session("s.\"token_hash\"")?;
                let text = format!("{live} AND s.\"expires_at\" > ?2");
                let values = values![session_id.clone(), now];
                let current: Option<[u8; 32]> =
                    connection.first(&text, &values, |row| row.get(0))?;
                let Some(current) = current else {
                    return Ok(Rotation::Unknown);
                };
                if current != presented {
                    revoke(connection, &session_id, now)?;
                    return Ok(Rotation::Reused);
                }
                let update = "UPDATE \"auth_sessions\" SET \"token_hash\" = ?2 WHERE \"id\" = ?1";
                connection.execute(update, &values![session_id.clone(), next.to_vec()])?;
                Ok(Rotation::Rotated)
            })
            .await
    }

    pub async fn end_session(&self, session_id: String, now: i64) -> Result<(), Failure> {
        self.writer
            .run(move |connection| revoke(connection, &session_id, now))
            .await
    }

    /// Sets the caller's password, and ends all of their sessions but this one. Refused (401) when the account is gone,
    /// or has another password by now. `operation` is the one that is audited.
    pub async fn change_password(
        &self,
        operation: usize,
        verified: Verified,
        context: Context,
    ) -> Result<(), Failure> {
        let caller = context.caller.clone().ok_or(Failure::Unauthorized)?;
        let shared = self.shared.clone();
        self.writer
            .run(move |connection| {
                confirm(connection, &shared, &caller.account_id, &verified)?;
                note_password(connection, &shared, operation, &context)?;
                let id = shared.account_id(&caller.account_id)?;
                end_other_sessions(connection, &id.unwrap_or(Value::Null), &context)
            })
            .await
    }
}

impl Shared {
    /// `users a`
    fn accounts(&self) -> Result<String, Failure> {
        let table = self.plan.table(account(self)?.entity);
        Ok(format!("{} a", self.dialect.identifier(&table.name)))
    }

    /// Leaves out deleted accounts.
    fn account_is_active(&self) -> Result<String, Failure> {
        let table = self.plan.table(account(self)?.entity);
        Ok(match table.column_from(ColumnSource::DeletedAt) {
            Some(column) => format!(" AND a.{} IS NULL", self.dialect.identifier(&column.name)),
            None => String::new(),
        })
    }

    /// A session `?1` that is not revoked, of an account that is there.
    fn live_session(&self, columns: &str) -> Result<String, Failure> {
        Ok(format!(
            "SELECT {columns} FROM \"auth_sessions\" s \
             JOIN \"auth_credentials\" c ON c.\"account_id\" = s.\"account_id\" \
             JOIN {} ON a.\"id\" = s.\"account_id\"{} \
             WHERE s.\"id\" = ?1 AND s.\"revoked_at\" IS NULL",
            self.accounts()?,
            self.account_is_active()?,
        ))
    }

    /// Printed once: each request with a token asks it.
    fn session_text(&self) -> Result<&str, Failure> {
        if let Some(text) = self.session_text.get() {
            return Ok(text);
        }
        let live = self.live_session("s.\"account_id\", c.\"roles\"")?;
        let text = format!("{live} AND s.\"expires_at\" > ?2");
        Ok(self.session_text.get_or_init(|| text))
    }

    fn account_id(&self, text: &str) -> Result<Option<Value>, Failure> {
        Ok(id_value(&self.plan, account(self)?.entity, text))
    }
}

fn session_in(model: &Model, row: &Row<'_>) -> Result<ActiveSession, Failure> {
    Ok(ActiveSession {
        account_id: id_text(row, 0)?,
        roles: roles(model, &row.get::<String>(1)?),
    })
}

fn account(shared: &Shared) -> Result<&Account, Failure> {
    let account = shared.plan.model.account.as_ref();
    account.ok_or_else(|| Failure::Internal("the design has no accounts".to_owned()))
}

/// Sees to it that the account's password is the verified one, and stores the new hash.
fn confirm(
    connection: &Connection,
    shared: &Shared,
    account_id: &str,
    verified: &Verified,
) -> Result<(), Failure> {
    let update = "UPDATE \"auth_credentials\" SET \"failed_count\" = 0, \"locked_until\" = NULL, \
                  \"password_hash\" = COALESCE(?3, \"password_hash\") \
                  WHERE \"account_id\" = ?1 AND \"password_hash\" = ?2";
    let id = shared.account_id(account_id)?;
    let values = values![id, verified.hash.clone(), verified.new_hash.clone()];
    match connection.execute(update, &values)? {
        0 => Err(Failure::Unauthorized),
        _ => Ok(()),
    }
}

/// Ends all sessions of an account but the one of the call.
pub(crate) fn end_other_sessions(
    connection: &Connection,
    account: &Value,
    context: &Context,
) -> Result<(), Failure> {
    let update = "UPDATE \"auth_sessions\" SET \"revoked_at\" = ?3 \
                  WHERE \"account_id\" = ?1 AND \"id\" <> ?2 AND \"revoked_at\" IS NULL";
    let own = context.caller.as_ref();
    let own = own.map_or(String::new(), |caller| caller.session_id.clone());
    let values = values![account.clone(), own, context.now];
    connection.execute(update, &values).map(drop)
}

/// The id of an account whose password was found right, in the transaction of the steps; `None` when it is gone, or has
/// another password by now.
pub(crate) fn sign_in(
    job: &Job<'_>,
    account_id: &str,
    verified: &Verified,
) -> Result<Option<Value>, Failure> {
    match confirm(job.connection, job.shared, account_id, verified) {
        Ok(()) => job.shared.account_id(account_id),
        Err(Failure::Unauthorized) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Opens a session of an account, and gives its access token.
pub(crate) fn open(
    job: &Job<'_>,
    environment: &Environment,
    account: &Value,
) -> Result<String, Failure> {
    let sessions = environment.proofs.sessions.as_ref();
    let sessions =
        sessions.ok_or_else(|| Failure::Internal("nobody makes access tokens".to_owned()))?;
    let id = write::id_text(account);
    let (session, token) = sessions(&id)?;
    insert_session(job.connection, job.shared, &id, &session, job.context.now)?;
    Ok(token)
}

fn insert_session(
    connection: &Connection,
    shared: &Shared,
    account_id: &str,
    session: &NewSession,
    now: i64,
) -> Result<(), Failure> {
    let insert = format!(
        "INSERT INTO \"auth_sessions\" (\"id\", \"account_id\", \"token_hash\", \"created_at\", \"expires_at\") \
         SELECT ?1, a.\"id\", ?3, ?4, ?5 FROM {} WHERE a.\"id\" = ?2{}",
        shared.accounts()?,
        shared.account_is_active()?,
    );
    let id = shared.account_id(account_id)?;
    let values = values![
        session.id.clone(),
        id,
        session.token_hash.to_vec(),
        now,
        session.expires_at
    ];
    match connection.execute(&insert, &values)? {
        0 => Err(Failure::Unauthorized),
        _ => Ok(()),
    }
}

fn revoke(connection: &Connection, session_id: &str, now: i64) -> Result<(), Failure> {
    let update = "UPDATE \"auth_sessions\" SET \"revoked_at\" = ?2 WHERE \"id\" = ?1 AND \"revoked_at\" IS NULL";
    connection
        .execute(update, &values![session_id.to_owned(), now])
        .map(drop)
}

/// Roles that the design knows; a name that it dropped grants nothing.
fn roles(model: &Model, names: &str) -> Vec<RoleId> {
    let names: Vec<String> = serde_json::from_str(names).unwrap_or_default();
    let known = names
        .iter()
        .filter_map(|name| model.roles.iter().position(|role| role.name == *name));
    known.map(RoleId).collect()
}

fn id_text(row: &Row<'_>, column: usize) -> Result<String, Failure> {
    Ok(match row.value(column)? {
        ValueRef::Integer(id) => id.to_string(),
        _ => row.get(column)?,
    })
}
