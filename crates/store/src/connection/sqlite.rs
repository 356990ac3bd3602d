//! Statements on SQLite.

use super::{Error, Row, Value, time};
use crate::Failure;
use rusqlite::{CachedStatement, Connection, ErrorCode, OpenFlags, ffi};
use std::cell::Cell;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

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

/// Instructions of SQLite's machine between two looks at the clock: a point read has some dozens, a second some
/// hundred millions.
const INSTRUCTIONS: std::ffi::c_int = 100_000;

thread_local! {
    /// When the statement that this thread runs was first found to take long.
    static BEGUN: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Ends statements that take longer, or for which a call has no time. Short ones never look at the clock.
pub(crate) fn limit(connection: &mut Connection, most: Duration) -> rusqlite::Result<()> {
    connection.progress_handler(
        INSTRUCTIONS,
        Some(move || match BEGUN.get() {
            Some(begun) => begun.elapsed() >= most || time::is_over(),
            None => {
                BEGUN.set(Some(Instant::now()));
                time::is_over()
            }
        }),
    )
}

/// Statements without parameters and without rows.
pub(super) fn batch(connection: &Connection, text: &str) -> rusqlite::Result<()> {
    BEGUN.set(None);
    connection.execute_batch(text)
}

fn bound<'c>(
    connection: &'c Connection,
    text: &str,
    values: &[Value],
) -> rusqlite::Result<CachedStatement<'c>> {
    BEGUN.set(None);
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

/// A busy database may be free soon, and what takes too long may be asked again for less; everything else is our own
/// fault.
pub(super) fn failure(error: &rusqlite::Error) -> Failure {
    match error.sqlite_error_code() {
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DiskFull
            | ErrorCode::OperationInterrupted,
        ) => Failure::Unavailable(error.to_string()),
        _ => Failure::Internal(error.to_string()),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failure is the test's failure")]
mod tests {
    use super::*;
    use crate::connection::{self, CallTime};

    const LONG: &str = "WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < ?1) \
                        SELECT count(*) FROM counted";

    fn counted(connection: &connection::Connection, to: i64) -> Result<Option<i64>, Failure> {
        connection.first(LONG, &[Value::Integer(to)], |row| row.get(0))
    }

    #[test]
    fn a_statement_that_takes_too_long_is_ended_and_the_next_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let mut connection = connect(&folder.path().join("database.sqlite"), Role::Writer).unwrap();
        limit(&mut connection, Duration::ZERO).unwrap();
        let connection = connection::Connection::Sqlite(connection);
        let ended = counted(&connection, 1_000_000);
        assert!(matches!(ended, Err(Failure::Unavailable(_))), "{ended:?}");
        assert_eq!(counted(&connection, 100).unwrap(), Some(100));
        connection
            .batch("CREATE TABLE rows (number INTEGER)")
            .unwrap();
        // Of a write, too.
        let text = format!("INSERT INTO rows {LONG}");
        let ended = connection.execute(&text, &[Value::Integer(1_000_000)]);
        assert!(matches!(ended, Err(Failure::Unavailable(_))), "{ended:?}");
        assert_eq!(counted(&connection, 100).unwrap(), Some(100));
    }

    #[test]
    fn a_call_that_has_had_its_time_runs_no_further_statement() {
        let folder = tempfile::tempdir().unwrap();
        let connection = connect(&folder.path().join("database.sqlite"), Role::Writer).unwrap();
        let connection = connection::Connection::Sqlite(connection);
        let late = CallTime::of(Duration::ZERO).run(|| {
            let read = counted(&connection, 1).map(drop);
            let asked = (LONG, vec![Value::Integer(1)]);
            let together = connection.firsts(&[asked.clone(), asked], |_| Ok(()));
            let written = connection.execute("CREATE TABLE rows (number INTEGER)", &[]);
            [read, together.map(drop), written.map(drop)]
        });
        for late in late {
            assert!(matches!(late, Err(Failure::Unavailable(_))), "{late:?}");
        }
        let in_time = CallTime::of(Duration::MAX).run(|| counted(&connection, 1));
        assert_eq!(in_time.unwrap(), Some(1));
    }

    #[test]
    fn a_statement_within_its_time_is_not_ended() {
        let folder = tempfile::tempdir().unwrap();
        let mut connection = connect(&folder.path().join("database.sqlite"), Role::Writer).unwrap();
        limit(&mut connection, Duration::MAX).unwrap();
        let connection = connection::Connection::Sqlite(connection);
        assert_eq!(counted(&connection, 1_000_000).unwrap(), Some(1_000_000));
    }
}
