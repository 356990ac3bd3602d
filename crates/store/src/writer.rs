//! Runs what changes rows, each job in a transaction of its own: all of it is kept, or, when it fails, none. The answer
//! comes after the commit. A job that was given is done even when nobody waits for it any more.

pub(crate) mod postgres;
pub(crate) mod sqlite;

use crate::Failure;
use crate::connection::Connection;

pub(crate) enum Writer {
    Sqlite(sqlite::Writer),
    Postgres(postgres::Writer),
}

impl Writer {
    /// The work may be run more than once, and must change nothing but the database.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnMut(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        match self {
            Self::Sqlite(writer) => writer.run(work).await,
            Self::Postgres(writer) => writer.run(work).await,
        }
    }
}
