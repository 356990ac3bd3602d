//! A connection to the database, as the store uses one. Values have the form in which SQLite stores them, whatever the
//! database: decimals without their point, milliseconds since 1970, 0 and 1, text for days, ids and documents.

pub(crate) mod postgres;
pub(crate) mod sqlite;
mod time;

pub(crate) use rusqlite::types::{Value, ValueRef};
pub(crate) use time::{CallTime, STATEMENT_TIME};

use crate::Failure;
use archwright_plan::model::FieldId;
use rusqlite::types::FromSql;
use std::ops::ControlFlow;
use tokio_postgres::error::SqlState;

pub(crate) enum Connection {
    Sqlite(rusqlite::Connection),
    Postgres(postgres::Connection),
}

/// A row of an answer.
pub(crate) enum Row<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r [postgres::WireCell<'r>]),
}

/// Why the database did not run a statement.
#[derive(Debug)]
pub(crate) enum Error {
    Sqlite(rusqlite::Error),
    Postgres(postgres::Error),
    /// A value that the column of a field can't hold.
    OutOfRange(FieldId),
    /// A number beyond all columns for numbers.
    TooLarge(FieldId),
    /// A text of more bytes than an index can hold.
    TooLong(FieldId, usize),
    /// It did not run: the call has had its time.
    Late(Failure),
}

/// The values of a statement's parameters.
macro_rules! values {
    ($($value:expr),* $(,)?) => { [$($crate::connection::Value::from($value)),*] };
}
pub(crate) use values;

impl Connection {
    /// Calls `read` with each row, until it has enough. The statement is kept prepared.
    pub fn each(
        &self,
        text: &str,
        values: &[Value],
        mut read: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>, Failure>,
    ) -> Result<(), Failure> {
        self.in_time()?;
        match self {
            Self::Sqlite(connection) => sqlite::each(connection, text, values, &mut read),
            Self::Postgres(connection) => connection.each(text, values, &mut read),
        }
    }

    /// The first row.
    pub fn first<T>(
        &self,
        text: &str,
        values: &[Value],
        mut read: impl FnMut(&Row<'_>) -> Result<T, Failure>,
    ) -> Result<Option<T>, Failure> {
        let mut first = None;
        self.each(text, values, |row| {
            first = Some(read(row)?);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(first)
    }

    /// The rows of several queries, all asked for before the first is answered; `read` is told which one each is of.
    pub fn together(
        &self,
        asked: &[(&str, Vec<Value>)],
        mut read: impl FnMut(usize, &Row<'_>) -> Result<ControlFlow<()>, Failure>,
    ) -> Result<(), Failure> {
        self.in_time()?;
        match self {
            Self::Sqlite(connection) => {
                for (index, (text, values)) in asked.iter().enumerate() {
                    time::check()?;
                    sqlite::each(connection, text, values, &mut |row| read(index, row))?;
                }
                Ok(())
            }
            Self::Postgres(connection) => connection.together(asked, &mut read),
        }
    }

    /// The first row of each of several queries, asked for together.
    pub fn firsts<T>(
        &self,
        asked: &[(&str, Vec<Value>)],
        read: impl Fn(&Row<'_>) -> Result<T, Failure>,
    ) -> Result<Vec<Option<T>>, Failure> {
        let mut firsts: Vec<Option<T>> = asked.iter().map(|_| None).collect();
        self.together(asked, |index, row| {
            firsts[index] = Some(read(row)?);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(firsts)
    }

    pub fn all<T>(
        &self,
        text: &str,
        values: &[Value],
        mut read: impl FnMut(&Row<'_>) -> Result<T, Failure>,
    ) -> Result<Vec<T>, Failure> {
        let mut all = Vec::new();
        self.each(text, values, |row| {
            all.push(read(row)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(all)
    }

    /// Refuses statements of a call that has had its time, and tells a server how much is left.
    fn in_time(&self) -> Result<(), Failure> {
        time::check()?;
        if let (Self::Postgres(connection), Some(left)) = (self, time::to_tell()) {
            let left = left.as_millis();
            connection.send(&format!("SET LOCAL statement_timeout = {left}"));
        }
        Ok(())
    }

    /// The number of rows that a statement changes, or why the database refuses it.
    pub fn change(&self, text: &str, values: &[Value]) -> Result<usize, Error> {
        self.in_time().map_err(Error::Late)?;
        match self {
            Self::Sqlite(connection) => {
                sqlite::change(connection, text, values).map_err(Error::Sqlite)
            }
            Self::Postgres(connection) => connection.change(text, values).map_err(Error::Postgres),
        }
    }

    /// A change that nobody waits for on PostgreSQL: it gets a number there, by which [`Self::refusal`] tells later that
    /// it was refused.
    pub fn defer(&self, text: &str, values: Vec<Value>) -> Result<Option<usize>, Error> {
        match self {
            Self::Sqlite(_) => self.change(text, &values).map(|_| None),
            Self::Postgres(connection) => {
                self.in_time().map_err(Error::Late)?;
                let number = connection.defer(text, values);
                number.map(Some).map_err(Error::Postgres)
            }
        }
    }

    /// The first change of the transaction that nobody has waited for and that was refused.
    pub fn refusal(&self) -> Option<(usize, Error)> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(connection) => {
                let refusal = connection.refusal();
                refusal.map(|(number, error)| (number, Error::Postgres(error)))
            }
        }
    }

    /// The number of rows that a statement changes, where a refusal is our own fault.
    pub fn execute(&self, text: &str, values: &[Value]) -> Result<usize, Failure> {
        self.change(text, values).map_err(Failure::from)
    }

    /// Whether the database takes a statement, or why not.
    pub fn check(&self, text: &str) -> Result<(), Failure> {
        match self {
            Self::Sqlite(connection) => connection
                .prepare(text)
                .map(drop)
                .map_err(|error| Error::Sqlite(error).into()),
            Self::Postgres(connection) => connection
                .check(text)
                .map_err(|error| Error::Postgres(error).into()),
        }
    }

    /// Statements without parameters and without rows.
    pub fn batch(&self, text: &str) -> Result<(), Failure> {
        match self {
            Self::Sqlite(connection) => {
                sqlite::batch(connection, text).map_err(|error| Error::Sqlite(error).into())
            }
            Self::Postgres(connection) => connection
                .batch(text)
                .map_err(|error| Error::Postgres(error).into()),
        }
    }

    /// A statement that begins or ends a transaction or a part of one, again and again.
    pub fn control(&self, text: &str) -> Result<(), Failure> {
        match self {
            Self::Sqlite(connection) => sqlite::change(connection, text, &[])
                .map(drop)
                .map_err(|error| Error::Sqlite(error).into()),
            Self::Postgres(_) => self.batch(text),
        }
    }

    /// Whether it can't be used any more.
    pub fn is_lost(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            Self::Postgres(connection) => connection.is_lost(),
        }
    }

    /// Whether SQLite has ended the transaction by itself, with all that it had done: a write took too long, or the disk
    /// is full.
    pub fn is_ended(&self) -> bool {
        match self {
            Self::Sqlite(connection) => connection.is_autocommit(),
            Self::Postgres(_) => false,
        }
    }

    /// All that the work reads is of one state of the database.
    pub fn snapshot<T>(&self, work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
        match self {
            Self::Sqlite(_) => {
                self.control("BEGIN")?;
                let done = work();
                self.control("COMMIT")?;
                done
            }
            Self::Postgres(connection) => {
                connection.queue("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY");
                let done = work();
                connection.send("COMMIT");
                done
            }
        }
    }

    /// A statement of PostgreSQL's whose answer nobody waits for.
    pub fn tell(&self, text: &str, values: &[Value]) -> Result<(), Failure> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(connection) => connection
                .tell(text, values)
                .map_err(|error| Error::Postgres(error).into()),
        }
    }

    /// The same without parameters.
    pub fn forget(&self, text: &str) {
        if let Self::Postgres(connection) = self {
            connection.send(text);
        }
    }

    /// What the work changes is undone when it fails, and the transaction goes on.
    pub fn undone_on_failure<T>(
        &self,
        work: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<Result<T, Failure>, Failure> {
        self.batch("SAVEPOINT part")?;
        match work() {
            Ok(value) => {
                self.batch("RELEASE part")?;
                Ok(Ok(value))
            }
            Err(failure) if self.is_ended() => Err(failure),
            Err(failure) => {
                self.batch("ROLLBACK TO part; RELEASE part")?;
                if let Self::Postgres(connection) = self {
                    connection.forget_failure();
                }
                Ok(Err(failure))
            }
        }
    }

    /// A change whose refusal does not end the transaction.
    pub fn attempt(&self, text: &str, values: &[Value]) -> Result<Result<usize, Error>, Failure> {
        match self {
            // A statement that fails changes nothing.
            Self::Sqlite(_) => Ok(self.change(text, values)),
            Self::Postgres(connection) => {
                self.in_time()?;
                let done = connection.attempt(text, values)?;
                Ok(done.map_err(Error::Postgres))
            }
        }
    }
}

impl Row<'_> {
    pub fn width(&self) -> usize {
        match self {
            Self::Sqlite(row) => row.as_ref().column_count(),
            Self::Postgres(cells) => cells.len(),
        }
    }

    pub fn value(&self, column: usize) -> Result<ValueRef<'_>, Failure> {
        match self {
            Self::Sqlite(row) => row
                .get_ref(column)
                .map_err(|error| Error::Sqlite(error).into()),
            Self::Postgres(cells) => cells
                .get(column)
                .map(postgres::WireCell::value)
                .ok_or_else(|| Failure::Internal(format!("there is no column {column}"))),
        }
    }

    pub fn get<T: FromSql>(&self, column: usize) -> Result<T, Failure> {
        T::column_result(self.value(column)?)
            .map_err(|error| Failure::Internal(format!("column {column}: {error}")))
    }
}

impl Error {
    /// A policy of the database's own refuses the row that a statement leaves.
    pub fn is_policy(&self) -> bool {
        match self {
            Self::Postgres(error) => error.as_db_error().is_some_and(|told| {
                *told.code() == SqlState::INSUFFICIENT_PRIVILEGE
                    && told.routine() == Some("ExecWithCheckOptions")
            }),
            Self::Sqlite(_)
            | Self::OutOfRange(_)
            | Self::TooLarge(_)
            | Self::TooLong(..)
            | Self::Late(_) => false,
        }
    }

    /// A row is still referred to.
    pub fn is_foreign_key(&self) -> bool {
        match self {
            Self::Sqlite(error) => sqlite::is_foreign_key(error),
            Self::Postgres(error) => error.code() == Some(&SqlState::FOREIGN_KEY_VIOLATION),
            Self::OutOfRange(_) | Self::TooLarge(_) | Self::TooLong(..) | Self::Late(_) => false,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Sqlite(error) => sqlite::failure(&error),
            Error::Postgres(error) => postgres::failure(&error),
            Error::Late(failure) => failure,
            Error::OutOfRange(field) | Error::TooLarge(field) | Error::TooLong(field, _) => {
                Failure::Internal(format!("a value that {field:?} can't hold"))
            }
        }
    }
}
