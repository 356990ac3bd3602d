//! What the HTTP layer asks of the store, and what it gets.

use crate::{NewSession, Verified};
use archwright_plan::model::{FieldId, RoleId};
use std::sync::Arc;

/// Who calls, when, and under which request id.
#[derive(Clone, Debug)]
pub struct Context {
    pub caller: Option<Caller>,
    /// Milliseconds since 1970, UTC; the `now` of every expression in the request.
    pub now: i64,
    pub request_id: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Canonical text of the account's id (uuid, or decimal digits for integer ids).
    pub account_id: String,
    /// Granted roles, without those they include.
    pub roles: Vec<RoleId>,
    /// The session that the access token belongs to.
    pub session_id: String,
}

/// A call of a plan's operation, not yet validated. `operation` indexes `Plan::operations`.
#[derive(Clone, Debug, Default)]
pub struct Call {
    pub operation: usize,
    /// Path parameters in the order of `Operation::parameters`, percent-decoded.
    pub path: Vec<String>,
    /// Query parameters in order, decoded.
    pub query: Vec<(String, String)>,
    /// Header names in lower case; only those that a named operation declares.
    pub headers: Vec<(String, String)>,
    /// The parsed JSON body; `None` when there was none.
    pub body: Option<serde_json::Value>,
    /// `If-Match` without quotes: a version.
    pub if_match: Option<i64>,
    pub idempotency: Option<IdempotencyKey>,
    pub proofs: Proofs,
}

/// Makes a session of an account, and its access token.
pub type NewSessions = Arc<dyn Fn(&str) -> Result<(NewSession, String), Failure> + Send + Sync>;

/// What the steps of a named operation need of passwords and tokens, which the HTTP layer makes and judges.
#[derive(Clone, Default)]
pub struct Proofs {
    /// Hashes of new passwords, by their paths in the body.
    pub hashes: Vec<(Vec<String>, String)>,
    /// The account that a `sign-in` step binds, when its password was right.
    pub signed_in: Option<(String, Verified)>,
    /// The access token that the request came with.
    pub token: Option<String>,
    pub sessions: Option<NewSessions>,
}

/// Says nothing of what is in it.
impl std::fmt::Debug for Proofs {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Proofs")
    }
}

/// The passwords that a call of a named operation holds.
#[derive(Default)]
pub struct Passwords {
    /// Those that become an account's, by their paths in the body.
    pub new: Vec<(Vec<String>, String)>,
    /// The one that somebody signs in with.
    pub sign_in: Option<SignInAttempt>,
}

impl Passwords {
    pub fn are_given(&self) -> bool {
        !self.new.is_empty() || self.sign_in.is_some()
    }
}

/// The unique field that names an account, its value, and the password.
pub struct SignInAttempt {
    pub field: FieldId,
    pub name: String,
    pub password: String,
}

#[derive(Clone, Debug)]
pub struct IdempotencyKey {
    pub key: String,
    /// Hash of method, path and body: the same key with another request is refused (422).
    pub fingerprint: [u8; 32],
}

/// A reply that is ready to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    /// JSON; absent for 204.
    pub body: Option<Vec<u8>>,
    /// Path of a created row.
    pub location: Option<String>,
    /// Those that a named operation has for its reply.
    pub headers: Vec<(String, String)>,
    /// Without quotes.
    pub etag: Option<String>,
    /// Of lists: query strings (without `?`) for `Link` next and first.
    pub next: Option<String>,
    /// The reply was recorded under the same idempotency key before.
    pub replayed: bool,
    /// Stored file ids whose bytes are no longer referred to, and can be deleted from disk after the commit.
    pub dropped_files: Vec<String>,
}

/// Why a call is refused. The HTTP layer turns it into a problem reply; no variant carries anything internal but
/// `Internal`, which is logged and never shown.
#[derive(Debug)]
pub enum Failure {
    /// 400: a query parameter, path parameter, cursor or header that can't be understood.
    BadRequest(Vec<Fault>),
    /// 401: nobody is signed in and signing in might help.
    Unauthorized,
    /// 403
    Forbidden { detail: String, fields: Vec<String> },
    /// 404: no such row, or one that the caller may not know of.
    NotFound,
    /// 409: uniqueness, a row in use, an illegal move, a link that exists.
    Conflict {
        code: &'static str,
        detail: String,
        fields: Vec<String>,
    },
    /// 412: `If-Match` named another version.
    PreconditionFailed,
    /// 422: the body, every bad field.
    Invalid(Vec<Fault>),
    /// 422: the idempotency key was used for another request.
    KeyReused,
    /// A named operation's own status, and the body that it has for it.
    Status {
        status: u16,
        detail: String,
        body: Option<Vec<u8>>,
    },
    /// 503: the database is busy or gone.
    Unavailable(String),
    /// 500: our own bug, or a broken database.
    Internal(String),
}

impl Failure {
    /// Of those that a step or a rule of an operation ends it with.
    pub(crate) fn status(&self) -> Option<u16> {
        Some(match self {
            Self::Unauthorized => 401,
            Self::Forbidden { .. } => 403,
            Self::NotFound => 404,
            Self::Conflict { .. } => 409,
            Self::Invalid(_) => 422,
            Self::Status { status, .. } => *status,
            _ => return None,
        })
    }
}

/// One bad field or parameter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// JSON Pointer into the body (`/lines/0/quantity`), or the name of the parameter.
    pub at: String,
    /// `required`, `blank`, `type`, `too-short`, `too-long`, `too-small`, `too-large`, `pattern`, `format`, `one-of`, `unknown`,
    /// `read-only`, `not-found`, `duplicate`, `check`, `too-many`.
    pub code: &'static str,
    /// A whole sentence for a person.
    pub message: String,
}
