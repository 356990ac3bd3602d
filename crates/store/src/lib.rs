//! Runs a plan's operations on SQLite or PostgreSQL: a pool of readers, a writer that groups commits or several that
//! try again, every rule inside the SQL.

mod accounts;
mod api;
mod connection;
mod encryption;
mod files;
mod named;
mod open;
mod pool;
mod read;
mod represent;
mod security;
mod unknown;
mod write;
mod writer;

pub use accounts::*;
pub use api::*;
pub use encryption::{Keys, KeysError};
pub use files::StoredFile;
pub use open::{FileLink, OpenError, Secrets, StoreOptions, shown_url};
pub use unknown::unknown;

use archwright_plan::Plan;
use archwright_plan::model::FieldId;
use archwright_sql::Dialect;
use connection::values;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use uuid::Uuid;

/// A database that holds a plan's rows. Cheap to share, safe from many threads.
pub struct Store {
    pub(crate) shared: Arc<Shared>,
    pub(crate) readers: pool::Pool,
    /// Absent on SQLite, whose readers are waited for by nobody.
    pub(crate) lines: Option<connection::postgres::lines::Lines>,
    pub(crate) writer: writer::Writer,
    made_schema: bool,
    place: String,
    /// Declared after the connections, which must be closed before a temporary database is deleted.
    temporary: Option<tempfile::TempDir>,
}

/// What readers and the writer have in common.
pub(crate) struct Shared {
    pub plan: Arc<Plan>,
    pub dialect: Dialect,
    pub compiled: represent::Compiled,
    pub writes: write::Writes,
    pub programs: named::Programs,
    pub secrets: Arc<dyn Secrets>,
    pub file_link: FileLink,
    /// Where the database judges rows too.
    pub security: Option<security::Security>,
    /// What finds the session of a token.
    pub session_text: OnceLock<String>,
}

impl Shared {
    /// What the blind index of a field holds for a stored value.
    fn blind_index(&self, field: FieldId, value: &str) -> Vec<u8> {
        self.secrets
            .blind_index(&represent::column_place(&self.plan, field), value)
    }
}

impl Store {
    pub fn plan(&self) -> &Plan {
        &self.shared.plan
    }

    /// Whether the database was empty, so that the schema was made.
    pub fn made_schema(&self) -> bool {
        self.made_schema
    }

    /// The folder of a database that is gone when the store is dropped.
    pub fn temporary(&self) -> Option<&Path> {
        self.temporary.as_ref().map(tempfile::TempDir::path)
    }

    /// Where the database lives, which tells it from its copies: they have its identity.
    pub fn place(&self) -> Result<String, Failure> {
        if self.shared.dialect == Dialect::Sqlite {
            return Ok(self.place.clone());
        }
        let text = "SELECT oid::bigint FROM pg_database WHERE datname = current_database()";
        let oid = self
            .readers
            .with(|connection| connection.first(text, &[], |row| row.get::<i64>(0)))?;
        Ok(format!(
            "{}, number {}",
            self.place,
            oid.unwrap_or_default()
        ))
    }

    /// What tells this database from every other one but its copies: `new`, where it has no identity yet.
    pub async fn identity(&self, new: Uuid) -> Result<Uuid, Failure> {
        self.writer
            .run(move |connection| {
                let name = "identity".to_owned();
                let insert = "INSERT INTO \"schema_info\" (\"name\", \"value\") VALUES (?1, ?2) \
                              ON CONFLICT (\"name\") DO NOTHING";
                connection.execute(insert, &values![name.clone(), new.to_string()])?;
                let find = "SELECT \"value\" FROM \"schema_info\" WHERE \"name\" = ?1";
                let found: Option<String> =
                    connection.first(find, &values![name], |row| row.get(0))?;
                let found = found.and_then(|text| Uuid::try_parse(&text).ok());
                found.ok_or_else(|| Failure::Internal("the database has no identity".to_owned()))
            })
            .await
    }

    /// Whether the database answers.
    pub fn ping(&self) -> Result<(), Failure> {
        self.readers
            .with(|connection| connection.first("SELECT 1", &[], |_| Ok(())).map(drop))
    }

    /// Whether the caller may try an operation at all, before its body is read: `Ok`, or 401 or 403.
    pub fn admit(&self, operation: usize, context: &Context) -> Result<(), Failure> {
        let plan = &self.shared.plan;
        let operation = plan.operations.get(operation);
        let operation =
            operation.ok_or_else(|| Failure::Internal("there is no such operation".to_owned()))?;
        represent::admit(operation, &represent::classes(plan, context))
    }
}

#[cfg(test)]
extern crate self as archwright_store;

#[cfg(test)]
#[path = "../tests/common/mod.rs"]
#[expect(clippy::unwrap_used, reason = "a failure is the test's failure")]
#[allow(dead_code, reason = "each test uses a part of it")]
mod common;
