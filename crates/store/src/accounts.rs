//! Accounts: credentials and sessions. Hashes and tokens are made by the HTTP layer.

use crate::{Call, Context, Failure, Reply, Store};
use archwright_plan::model::RoleId;

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
    pub expires_at: i64,
}

/// A session that is neither revoked nor expired, of an account that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveSession {
    pub account_id: String,
    pub roles: Vec<RoleId>,
}

/// What became of a refresh token that was presented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotation {
    Rotated {
        session_id: String,
        account_id: String,
        roles: Vec<RoleId>,
    },
    /// The token had been rotated before: somebody stole it. The session is revoked.
    Reused {
        session_id: String,
        account_id: String,
    },
    /// No session has it, or the session is revoked or expired.
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
        let _ = sign_in;
        Err(Failure::Internal("not there yet".to_owned()))
    }

    pub fn credentials_of(&self, account_id: &str) -> Result<Option<Credentials>, Failure> {
        let _ = account_id;
        Err(Failure::Internal("not there yet".to_owned()))
    }

    /// Makes the account (operation SignUp; the body without `password`), its credentials and its first session.
    pub async fn sign_up(
        &self,
        call: Call,
        password_hash: String,
        session: NewSession,
        context: Context,
    ) -> Result<SignedUp, Failure> {
        let _ = (call, password_hash, session, context);
        Err(Failure::Internal("not there yet".to_owned()))
    }

    /// Counts a wrong password; `locked_until` closes the account for a while.
    pub async fn sign_in_failed(
        &self,
        account_id: String,
        locked_until: Option<i64>,
    ) -> Result<(), Failure> {
        let _ = (account_id, locked_until);
        Err(Failure::Internal("not there yet".to_owned()))
    }

    /// Opens a session after a right password, and forgets wrong ones.
    pub async fn open_session(
        &self,
        account_id: String,
        session: NewSession,
        now: i64,
    ) -> Result<(), Failure> {
        let _ = (account_id, session, now);
        Err(Failure::Internal("not there yet".to_owned()))
    }

    /// For each request with an access token: who it is, with the roles of this instant.
    pub fn session(&self, session_id: &str, now: i64) -> Result<Option<ActiveSession>, Failure> {
        let _ = (session_id, now);
        Err(Failure::Internal("not there yet".to_owned()))
    }

    /// Exchanges a refresh token for the next one.
    pub async fn rotate_session(
        &self,
        presented: [u8; 32],
        next: [u8; 32],
        expires_at: i64,
        now: i64,
    ) -> Result<Rotation, Failure> {
        let _ = (presented, next, expires_at, now);
        Err(Failure::Internal("not there yet".to_owned()))
    }

    pub async fn end_session(&self, session_id: String, now: i64) -> Result<(), Failure> {
        let _ = (session_id, now);
        Err(Failure::Internal("not there yet".to_owned()))
    }

    /// Sets the password, and ends the account's sessions but this one.
    pub async fn change_password(
        &self,
        account_id: String,
        password_hash: String,
        keep_session: String,
        now: i64,
    ) -> Result<(), Failure> {
        let _ = (account_id, password_hash, keep_session, now);
        Err(Failure::Internal("not there yet".to_owned()))
    }
}
