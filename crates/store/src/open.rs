//! Opens a database: makes the schema in an empty one, refuses one that was made for another design.

mod postgres;
mod security;
mod sqlite;

use crate::connection::postgres::lines::Lines;
use crate::connection::postgres::{is_host, user_end};
use crate::named::Programs;
use crate::pool::Pool;
use crate::represent::Compiled;
use crate::security::Security;
use crate::write::Writes;
use crate::writer::Writer;
use crate::{Context, Failure, Shared, Store};
use archwright_plan::Plan;
use archwright_sql::{Dialect, SecurityNames, Unsupported, schema_fingerprint};
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Makes the link under which a stored file (by its id) can be downloaded by this caller.
pub type FileLink = Arc<dyn Fn(&str, &Context) -> String + Send + Sync>;

/// The keys for sensitive fields. The plaintext is the value's text: what stands in JSON, without quotes. A place is
/// `TABLE.COLUMN.ID`, so that a ciphertext moved elsewhere doesn't open; a column is `TABLE.COLUMN`.
pub trait Secrets: Send + Sync {
    /// The ciphertext, or `None` when the system has no randomness to give.
    fn seal(&self, plaintext: &[u8], place: &str) -> Option<Vec<u8>>;
    /// The plaintext, or `None` when the key is not known or the ciphertext was tampered with.
    fn open(&self, sealed: &[u8], place: &str) -> Option<Vec<u8>>;
    /// The keyed hash that a field's blind index holds for a stored value: its text, or its digits.
    fn blind_index(&self, column: &str, value: &str) -> Vec<u8>;
}

#[derive(Clone)]
pub struct StoreOptions {
    /// `sqlite://PATH`, `sqlite::memory:` for a database that is gone when the store is, or
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.
    pub url: String,
    /// Connections that only read; at least one. PostgreSQL gets as many others that write.
    pub readers: usize,
    /// How long the start waits for PostgreSQL.
    pub patience: Duration,
    /// Told what the start waits for.
    pub progress: Arc<dyn Fn(&str) + Send + Sync>,
    pub secrets: Arc<dyn Secrets>,
    pub file_link: FileLink,
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(
        "the database URL {:?} is not understood; write sqlite://PATH, sqlite::memory: or \
         postgres://USER@HOST:PORT/DATABASE",
        shown_url(.0)
    )]
    Url(String),
    #[error("the connection to the database can't be encrypted as its URL says: {0}")]
    Encryption(String),
    #[error("the database {path} can't be opened: {reason}")]
    Unreachable { path: String, reason: String },
    #[error("the design can't be stored in this database: {0}")]
    Unsupported(#[from] Unsupported),
    #[error("the database doesn't take a statement of the design: {reason}, in\n{statement}")]
    Refused { reason: String, statement: String },
    #[error("the schema can't be created: {reason}, in\n{statement}")]
    Create { reason: String, statement: String },
    #[error(
        "the database was made for another design, and is left as it is. It differs here:\n- {}\n\
         Serve it with the design that it was made for, or name an empty database.",
        .0.join("\n- ")
    )]
    Differs(Vec<String>),
}

/// What opening a database gives.
struct Opened {
    dialect: Dialect,
    readers: Pool,
    lines: Option<Lines>,
    writer: Writer,
    made_schema: bool,
    /// Without what only the database knows: see [`Store::place`].
    place: String,
    /// Where the database judges rows too.
    security: Option<SecurityNames>,
    /// Deleted when the store is dropped.
    temporary: Option<tempfile::TempDir>,
}

/// A database URL without its password, wherever that may stand in it.
pub fn shown_url(url: &str) -> String {
    let plain = match user_end(url) {
        Some(at) => &url[..at + url[at..].find('?').unwrap_or(url.len() - at)],
        None => url.split('?').next().unwrap_or_default(),
    };
    match plain.split_once("://") {
        Some((scheme, rest)) => match rest.rsplit_once('@') {
            Some((user, host)) => {
                let user = user.split(':').next().unwrap_or_default();
                format!("{scheme}://{user}@{host}")
            }
            // The start of a password with a slash and a question mark looks like a host.
            None if url.contains('@') && !is_host(rest.split('/').next().unwrap_or_default()) => {
                let host = rest.split(':').next().unwrap_or_default();
                format!("{scheme}://{host}…")
            }
            None => plain.to_owned(),
        },
        None if plain.contains('@') => {
            let scheme = plain.split(':').next().unwrap_or_default();
            format!("{scheme}:…")
        }
        None => plain.to_owned(),
    }
}

impl Store {
    /// Opens the database, and makes the schema when it is empty.
    pub fn open(plan: Arc<Plan>, options: StoreOptions) -> Result<Self, OpenError> {
        let opened = match options.url.split_once(':') {
            Some(("postgres" | "postgresql", _)) => postgres::open(&plan, &options)?,
            _ => sqlite::open(&plan, &options)?,
        };
        let dialect = opened.dialect;
        let security = opened.security.as_ref();
        let security = security.map(|names| Security::new(&plan, names));
        let shared = Shared {
            dialect,
            compiled: Compiled::new(&plan, dialect)?,
            writes: Writes::new(&plan, dialect)?,
            programs: Programs::new(&plan, dialect)?,
            plan,
            secrets: options.secrets,
            file_link: options.file_link,
            security: security.transpose()?,
            session_text: OnceLock::new(),
        };
        check(&shared, &opened.readers)?;
        Ok(Self {
            shared: Arc::new(shared),
            readers: opened.readers,
            lines: opened.lines,
            writer: opened.writer,
            made_schema: opened.made_schema,
            place: opened.place,
            temporary: opened.temporary,
        })
    }
}

/// Shows the database what operations run, so that what it doesn't take stops the start and not a request.
fn check(shared: &Shared, readers: &Pool) -> Result<(), OpenError> {
    let mut texts: BTreeSet<String> = shared.compiled.texts().into_iter().collect();
    let statements = shared.programs.statements().into_iter();
    let statements = statements.chain(shared.writes.statements());
    texts.extend(statements.map(|statement| statement.text.clone()));
    for text in texts {
        let checked = readers.with(|connection| connection.check(&text));
        checked.map_err(|failure| OpenError::Refused {
            reason: match failure {
                Failure::Internal(reason) | Failure::Unavailable(reason) => reason,
                other => format!("{other:?}"),
            },
            statement: text,
        })?;
    }
    Ok(())
}

/// What is written down of a schema when it is made, by name.
fn records(plan: &Plan, statements: &[String]) -> Result<[(&'static str, String); 3], OpenError> {
    Ok([
        ("design", plan.model.name.clone()),
        ("fingerprint", schema_fingerprint(plan)?),
        ("schema", statements.join(";\n\n")),
    ])
}

const RECORD: &str = "INSERT INTO \"schema_info\" (\"name\", \"value\") VALUES (?1, ?2)";

#[cfg(test)]
mod tests {
    use super::shown_url;

    #[test]
    fn a_password_is_shown_nowhere() {
        for (url, shown) in [
            ("postgres://ann:s3cret@db/shop", "postgres://ann@db/shop"),
            (
                "postgres://ann@db/shop?password=s3cret",
                "postgres://ann@db/shop",
            ),
            (
                "postgres://db/shop?user=ann&password=s3@cret",
                "postgres://db/shop",
            ),
            ("postgres://ann:s3?cret@db/shop", "postgres://ann@db/shop"),
            ("postgres://ann:s3/c?ret@db/shop", "postgres://ann…"),
            (
                "postgres://db:5432/shop?keepalives_idle=5&user=ann&password=s3x@cret:nn",
                "postgres://db:5432/shop",
            ),
            (
                "postgres://db/shop?pasword=s3x@cret:nn",
                "postgres://db/shop",
            ),
            ("postgres://db?usr=ann&password=s3@cret", "postgres://db"),
            ("postgres://db:5432?pasword=s3@cret", "postgres://db:5432"),
            (
                "postgres://ann:s3@cret@db/shop?sslmode=require",
                "postgres://ann@db/shop",
            ),
            ("postgres:ann:s3cret@db", "postgres:…"),
            ("sqlite://data/shop.sqlite", "sqlite://data/shop.sqlite"),
            ("sqlite::memory:", "sqlite::memory:"),
        ] {
            assert_eq!(shown_url(url), shown);
        }
    }
}
