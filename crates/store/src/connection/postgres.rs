//! Statements on PostgreSQL.

mod drive;
mod flight;
mod flow;
pub(crate) mod lines;
mod settings;
mod socket;
mod tls;
mod value;

pub(crate) use settings::{Settings, is_host, user_end};

use super::{Row, STATEMENT_TIME, Value};
use crate::Failure;
use drive::{Stream, Wire};
use foldhash::fast::RandomState;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::ops::ControlFlow;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio_postgres::error::{DbError, Severity, SqlState};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Statement};
pub(crate) use value::Cell as WireCell;
use value::Given;

/// Takes the rows of several statements, each with the number of its own.
type ReadNumbered<'r> = dyn FnMut(usize, &Row<'_>) -> Result<ControlFlow<()>, Failure> + 'r;

/// The schemas that are searched, by name: `"$user"` would change with the role.
const SEARCH_PATH: &str = "SELECT set_config('search_path', string_agg(quote_ident(name), ', '), false) \
                           FROM unnest(current_schemas(false)) name HAVING count(*) > 0;";
const KEPT_STATEMENTS: usize = 512;
/// What is sent before something is read: while the server waits for somebody to read its answers, it takes nothing, and a
/// socket of the machine's own holds some 200 KB each way.
const BYTES_AT_ONCE: usize = 64 * 1024;
/// Of a query, without its values.
const BYTES_OF_A_QUERY: usize = 200;
/// Changes whose answers are small: 30 bytes each.
const MOST_UNDER_WAY: usize = 1_000;

pub(crate) type Error = tokio_postgres::Error;

/// What went wrong since the transaction began, for whoever has to decide whether to run it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    None,
    /// A row that another transaction has written may be in the way, which this one could not see.
    Violation,
    /// Other transactions came between.
    Conflict,
}

pub(crate) struct Connection {
    client: Arc<Client>,
    wire: RefCell<Wire>,
    statements: RefCell<Statements>,
    trouble: Cell<Trouble>,
    /// The server said that it ends the connection.
    is_ended: Cell<bool>,
    /// A statement failed, so that the transaction can only be rolled back.
    is_aborted: Cell<bool>,
    /// Changes whose answers come with that of what follows, by their numbers within the transaction.
    under_way: RefCell<Vec<(usize, Change)>>,
    deferred: Cell<usize>,
    /// The first of them that was refused.
    refused: RefCell<Option<(usize, Error)>>,
}

/// By their texts, which are long.
type Statements = HashMap<String, Statement, RandomState>;
type Change = Pin<Box<dyn Future<Output = Result<u64, Error>> + Send>>;

/// Whether PostgreSQL lets a connection change anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Reader,
    Writer,
}

/// A further connection to the database.
pub(crate) fn connect(settings: &Settings, role: Role) -> Result<Connection, Failure> {
    let (stream, mut wire) = Wire::new(socket::open(settings)?);
    let client = handshake(&settings.config, stream, &mut wire)?;
    let connection = Connection {
        client: Arc::new(client),
        wire: RefCell::new(wire),
        statements: RefCell::default(),
        trouble: Cell::new(Trouble::None),
        is_ended: Cell::new(false),
        is_aborted: Cell::new(false),
        under_way: RefCell::default(),
        deferred: Cell::new(0),
        refused: RefCell::default(),
    };
    connection
        .batch(&session(role))
        .map_err(|error| failure(&error))?;
    Ok(connection)
}

/// What a connection is set to.
fn session(role: Role) -> String {
    let read_only = match role {
        Role::Reader => "SET default_transaction_read_only = on;",
        Role::Writer => "SET default_transaction_isolation = serializable;",
    };
    let limit = STATEMENT_TIME.as_millis();
    format!(
        "SET statement_timeout = {limit}; SET idle_in_transaction_session_timeout = {limit}; \
         SET TIME ZONE 'UTC'; SET client_min_messages = warning; {read_only} {SEARCH_PATH}"
    )
}

fn handshake(config: &Config, stream: Stream, wire: &mut Wire) -> Result<Client, Failure> {
    let connected = wire.wait(config.connect_raw(stream, socket::Ready));
    let (client, driver) = connected.map_err(|error| failure(&error))?;
    wire.drive(driver);
    Ok(client)
}

impl Connection {
    /// Whether it can't be used any more.
    pub fn is_lost(&self) -> bool {
        self.client.is_closed() || self.is_ended.get()
    }

    /// Why it can't.
    pub fn lost_reason(&self) -> String {
        let reason = self.wire.borrow().reason.clone();
        reason.unwrap_or_else(|| "the connection was closed".to_owned())
    }

    /// Begins a transaction with the statement that follows.
    pub fn begin(&self) {
        self.trouble.set(Trouble::None);
        self.is_aborted.set(false);
        self.under_way.borrow_mut().clear();
        self.deferred.set(0);
        self.refused.take();
        self.queue("BEGIN");
    }

    /// Waits for work, and for the changes that were sent before it.
    fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        let mut wire = self.wire.borrow_mut();
        wire.wait(poll_fn(|context| {
            let done = work.as_mut().poll(context);
            // Nothing that comes after their answers is read as long as nobody takes those.
            self.poll_under_way(context);
            done
        }))
    }

    /// Whether none is under way any more.
    fn poll_under_way(&self, context: &mut Context<'_>) -> bool {
        let mut under_way = self.under_way.borrow_mut();
        under_way.retain_mut(|(number, change)| match change.as_mut().poll(context) {
            Poll::Ready(done) => {
                self.answered(*number, done);
                false
            }
            Poll::Pending => true,
        });
        under_way.is_empty()
    }

    fn answered(&self, number: usize, done: Result<u64, Error>) {
        if let Err(error) = done.inspect_err(|error| self.note(error)) {
            self.refused.borrow_mut().get_or_insert((number, error));
        }
    }

    /// Sends a change with what follows, and gives its number within the transaction. Where it is refused, what follows
    /// fails too: why, says [`Self::refusal`].
    pub fn defer(&self, text: &str, values: Vec<Value>) -> Result<usize, Error> {
        let statement = self.prepared(text)?;
        if self.under_way.borrow().len() >= MOST_UNDER_WAY {
            self.wait_for_under_way();
        }
        let client = self.client.clone();
        let mut change: Change = Box::pin(async move {
            let values: Vec<Given<'_>> = values.iter().map(Given).collect();
            let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
            client.execute(&statement, &values).await
        });
        let number = self.deferred.get();
        self.deferred.set(number + 1);
        let sent = self.wire.borrow_mut().queue(change.as_mut());
        match sent {
            Poll::Ready(done) => self.answered(number, done),
            Poll::Pending => self.under_way.borrow_mut().push((number, change)),
        }
        Ok(number)
    }

    /// The first deferred change of the transaction that was refused, once all are answered.
    pub fn refusal(&self) -> Option<(usize, Error)> {
        if !self.under_way.borrow().is_empty() {
            self.wait_for_under_way();
        }
        self.refused.take()
    }

    fn wait_for_under_way(&self) {
        let answered = |context: &mut Context<'_>| match self.poll_under_way(context) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        };
        self.wire.borrow_mut().wait(poll_fn(answered));
    }

    pub fn trouble(&self) -> Trouble {
        self.trouble.get()
    }

    /// After what failed was undone.
    pub fn forget_failure(&self) {
        self.is_aborted.set(false);
    }

    pub fn is_aborted(&self) -> bool {
        self.is_aborted.get()
    }

    pub fn batch(&self, text: &str) -> Result<(), Error> {
        let done = self.wait(self.client.batch_execute(text));
        done.inspect_err(|error| self.note(error))
    }

    /// Sends statements whose outcome does not matter.
    pub fn send(&self, text: &str) {
        self.wire.borrow_mut().send(self.client.batch_execute(text));
    }

    /// The same for what something else follows, with which it is sent.
    pub fn queue(&self, text: &str) {
        let mut wire = self.wire.borrow_mut();
        let _ = wire.queue(self.client.batch_execute(text));
    }

    /// Sends a statement with values, whose outcome shows in what follows and is sent with it.
    pub fn tell(&self, text: &str, values: &[Value]) -> Result<(), Error> {
        let statement = self.prepared(text)?;
        let values: Vec<Given<'_>> = values.iter().map(Given).collect();
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        let mut wire = self.wire.borrow_mut();
        let _ = wire.queue(self.client.query(&statement, &values));
        Ok(())
    }

    pub fn each(
        &self,
        text: &str,
        values: &[Value],
        read: &mut dyn FnMut(&Row<'_>) -> Result<ControlFlow<()>, Failure>,
    ) -> Result<(), Failure> {
        let rows = self.query(text, values).map_err(|error| failure(&error))?;
        visit(&rows, read)
    }

    /// The rows of several queries that travel together; `read` is told which one each is of.
    pub fn together(
        &self,
        mut asked: &[(&str, Vec<Value>)],
        read: &mut ReadNumbered<'_>,
    ) -> Result<(), Failure> {
        let mut done = 0;
        while !asked.is_empty() {
            let (portion, rest) = asked.split_at(portion(asked));
            self.portion(portion, &mut |index, row| read(done + index, row))?;
            done += portion.len();
            asked = rest;
        }
        Ok(())
    }

    fn portion(
        &self,
        asked: &[(&str, Vec<Value>)],
        read: &mut ReadNumbered<'_>,
    ) -> Result<(), Failure> {
        let mut queries = Vec::with_capacity(asked.len());
        for (text, values) in asked {
            let statement = self.prepared(text).map_err(|error| failure(&error))?;
            queries.push(Box::pin(async move {
                let values: Vec<Given<'_>> = values.iter().map(Given).collect();
                let values: Vec<&(dyn ToSql + Sync)> =
                    values.iter().map(|value| value as _).collect();
                self.client.query(&statement, &values).await
            }));
        }
        let answers = self.wait(flight::all(queries, || {}));
        for (index, rows) in answers.into_iter().enumerate() {
            let rows = rows.inspect_err(|error| self.note(error));
            let rows = rows.map_err(|error| failure(&error))?;
            visit(&rows, &mut |row| read(index, row))?;
        }
        Ok(())
    }

    /// Rows of three texts; what is missing is empty.
    pub fn texts(&self, text: &str) -> Result<Vec<(String, String, String)>, Error> {
        let rows = self.query(text, &[])?;
        let text = |row: &tokio_postgres::Row, column: usize| {
            let text: Option<String> = row.try_get(column)?;
            Ok(text.unwrap_or_default())
        };
        let rows = rows.iter();
        rows.map(|row| Ok((text(row, 0)?, text(row, 1)?, text(row, 2)?)))
            .collect()
    }

    fn query(&self, text: &str, values: &[Value]) -> Result<Vec<tokio_postgres::Row>, Error> {
        let statement = self.prepared(text)?;
        let values: Vec<Given<'_>> = values.iter().map(Given).collect();
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        let done = self.wait(self.client.query(&statement, &values));
        done.inspect_err(|error| self.note(error))
    }

    pub fn change(&self, text: &str, values: &[Value]) -> Result<usize, Error> {
        let statement = self.prepared(text)?;
        let values: Vec<Given<'_>> = values.iter().map(Given).collect();
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        let done = self.wait(self.client.execute(&statement, &values));
        let changed = done.inspect_err(|error| self.note(error))?;
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }

    /// A change whose refusal does not end the transaction.
    pub fn attempt(&self, text: &str, values: &[Value]) -> Result<Result<usize, Error>, Failure> {
        let failed = |error| failure(&error);
        self.batch("SAVEPOINT attempt").map_err(failed)?;
        let done = self.change(text, values);
        let end = match &done {
            Ok(_) => "RELEASE attempt",
            Err(_) => "ROLLBACK TO attempt; RELEASE attempt",
        };
        self.batch(end).map_err(failed)?;
        self.is_aborted.set(false);
        Ok(done)
    }

    /// Prepared at most once, as long as not too many others are.
    fn prepared(&self, text: &str) -> Result<Statement, Error> {
        if let Some(known) = self.statements.borrow().get(text) {
            return Ok(known.clone());
        }
        let prepared = self.prepare(text)?;
        let mut statements = self.statements.borrow_mut();
        if statements.len() >= KEPT_STATEMENTS {
            statements.clear();
        }
        statements.insert(text.to_owned(), prepared.clone());
        Ok(prepared)
    }

    fn prepare(&self, text: &str) -> Result<Statement, Error> {
        let prepared = self.wait(self.client.prepare(&numbered(text)));
        prepared.inspect_err(|error| self.note(error))
    }

    /// Whether the server takes a statement.
    pub fn check(&self, text: &str) -> Result<(), Error> {
        self.prepare(text).map(drop)
    }

    fn note(&self, error: &Error) {
        self.is_aborted.set(true);
        if ends_connection(error) {
            self.is_ended.set(true);
        }
        let trouble = match error.code() {
            Some(&SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED) => {
                Trouble::Conflict
            }
            Some(&SqlState::UNIQUE_VIOLATION | &SqlState::FOREIGN_KEY_VIOLATION)
                if self.trouble.get() == Trouble::None =>
            {
                Trouble::Violation
            }
            _ => return,
        };
        self.trouble.set(trouble);
    }
}

/// How many of these queries are sent before any of them is answered: as many as a socket holds while the server, with
/// its own full of answers, takes none.
fn portion(asked: &[(&str, Vec<Value>)]) -> usize {
    let mut bytes = 0;
    let fits = |(_, values): &&(&str, Vec<Value>)| {
        let values = values.iter().map(|value| match value {
            Value::Text(text) => text.len(),
            Value::Blob(blob) => blob.len(),
            Value::Null | Value::Integer(_) | Value::Real(_) => 0,
        });
        bytes += BYTES_OF_A_QUERY + values.sum::<usize>();
        bytes <= BYTES_AT_ONCE
    };
    asked.iter().take_while(fits).count().max(1)
}

fn ends_connection(error: &Error) -> bool {
    let severity = error.as_db_error().and_then(DbError::parsed_severity);
    matches!(severity, Some(Severity::Fatal | Severity::Panic))
}

/// Calls `read` with each row, until it has enough.
pub(crate) fn visit(
    rows: &[tokio_postgres::Row],
    read: &mut dyn FnMut(&Row<'_>) -> Result<ControlFlow<()>, Failure>,
) -> Result<(), Failure> {
    for row in rows {
        let cells = (0..row.len()).map(|column| row.try_get(column));
        let cells = cells.collect::<Result<Vec<_>, _>>();
        let cells = cells.map_err(|error| Failure::Internal(reason(&error)))?;
        if read(&Row::Postgres(&cells))?.is_break() {
            break;
        }
    }
    Ok(())
}

/// Statements written by hand have `?1`, `?2`, … for both databases.
fn numbered(text: &str) -> String {
    let mut numbered = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let is_place = letter == '?' && letters.peek().is_some_and(char::is_ascii_digit);
        numbered.push(if is_place { '$' } else { letter });
    }
    numbered
}

/// The error with what the server said.
pub(crate) fn reason(error: &Error) -> String {
    use std::error::Error as _;
    match (error.as_db_error(), error.source()) {
        (Some(told), _) => format!("{} ({})", told.message(), told.code().code()),
        (None, Some(source)) => format!("{error}: {source}"),
        (None, None) => error.to_string(),
    }
}

/// A database that is away, busy or full may be back soon; everything else is our own fault.
pub(crate) fn failure(error: &Error) -> Failure {
    let code = error.code().map(SqlState::code);
    let passing = match code {
        None => error.is_closed() || is_of_wire(error),
        // Connections, resources, the operator, and transactions that came between.
        Some(code) => {
            ["08", "53", "57", "40"]
                .iter()
                .any(|class| code.starts_with(class))
                || code == "55P03"
        }
    };
    match passing {
        true => Failure::Unavailable(reason(error)),
        false => Failure::Internal(reason(error)),
    }
}

fn is_of_wire(error: &Error) -> bool {
    use std::error::Error as _;
    error
        .source()
        .is_some_and(|source| source.is::<std::io::Error>())
}

#[cfg(test)]
mod tests;
