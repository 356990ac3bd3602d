//! Statements on SQLite.

use super::{Error, Row, Value};
use crate::Failure;
use rusqlite::{CachedStatement, Connection, ErrorCode, OpenFlags, ffi};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Reader,
    Writer,
}

/// A further connection to the database.
pub(crate) fn connect(path: &Path, role: Role) -> rusqlite::Result<Connection> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if role == Role::Writer {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    // Writes have a statement for each table and each set of columns.
    connection.set_prepared_statement_cache_capacity(match role {
        Role::Reader => 128,
        Role::Writer => 512,
    });
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; \
         PRAGMA cache_size = -2000; PRAGMA mmap_size = 67108864; PRAGMA temp_store = MEMORY; \
         PRAGMA trusted_schema = OFF;",
    )?;
    if role == Role::Reader {
        connection.execute_batch("PRAGMA query_only = ON;")?;
    }
    Ok(connection)
}

fn bound<'c>(
    connection: &'c Connection,
    text: &str,
    values: &[Value],
) -> rusqlite::Result<CachedStatement<'c>> {
    let mut statement = connection.prepare_cached(text)?;
    for (index, value) in values.iter().enumerate() {
        statement.raw_bind_parameter(index + 1, value)?;
    }
    Ok(statement)
}

pub(super) fn each(
    connection: &Connection,
    text: &str,
    values: &[Value],
    read: &mut dyn FnMut(&Row<'_>) -> Result<ControlFlow<()>, Failure>,
) -> Result<(), Failure> {
    let failed = |error| Failure::from(Error::Sqlite(error));
    let mut statement = bound(connection, text, values).map_err(failed)?;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(failed)? {
        if read(&Row::Sqlite(row))?.is_break() {
            break;
        }
    }
    Ok(())
}

pub(super) fn change(
    connection: &Connection,
    text: &str,
    values: &[Value],
) -> rusqlite::Result<usize> {
    bound(connection, text, values)?.raw_execute()
}

pub(super) fn is_foreign_key(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    code == Some(ffi::SQLITE_CONSTRAINT_FOREIGNKEY)
}

/// A busy database may be free soon; everything else is our own fault.
pub(super) fn failure(error: &rusqlite::Error) -> Failure {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::DiskFull) => {
            Failure::Unavailable(error.to_string())
        }
        _ => Failure::Internal(error.to_string()),
    }
}
