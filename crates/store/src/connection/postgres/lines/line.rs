//! A connection that a task of the runtime drives.

use super::super::flow::Flow;
use super::super::socket::{self, CONNECT_TIME, Ready, SILENCE};
use super::super::value::Given;
use super::super::{
    Error, KEPT_STATEMENTS, Role, Settings, Statements, ends_connection, failure, numbered, session,
};
use crate::Failure;
use crate::connection::Value;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;
use tokio::time::timeout;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, Statement};

/// So long a statement goes on for nobody before it is ended.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) struct Line {
    settings: Arc<Settings>,
    client: Client,
    statements: Mutex<Statements>,
    /// The server said that it ends the connection, or says nothing any more.
    is_ended: AtomicBool,
}

impl Line {
    /// One more, for reads alone.
    pub async fn open(settings: &Arc<Settings>) -> Result<Self, Failure> {
        let line = Self {
            settings: settings.clone(),
            client: connect(settings).await?,
            statements: Mutex::default(),
            is_ended: AtomicBool::new(false),
        };
        let session = session(Role::Reader);
        let set = timeout(CONNECT_TIME, line.client.batch_execute(&session)).await;
        let set = set.map_err(|_| silent())?;
        set.map_err(|error| failure(&error))?;
        Ok(line)
    }

    pub fn is_lost(&self) -> bool {
        self.client.is_closed() || self.is_ended.load(Ordering::Relaxed)
    }

    pub async fn query(&self, text: &str, values: &[Value]) -> Result<Vec<Row>, Failure> {
        let statement = self.prepared(text).await?;
        let values: Vec<Given<'_>> = values.iter().map(Given).collect();
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        self.answered(self.client.query(&statement, &values)).await
    }

    /// Sends a statement with values, whose outcome shows in what follows.
    pub async fn tell(&self, text: &str, values: &[Value]) -> Result<(), Failure> {
        let statement = self.prepared(text).await?;
        let values: Vec<Given<'_>> = values.iter().map(Given).collect();
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        polled(self.client.query(&statement, &values));
        Ok(())
    }

    /// Waits for statements that nobody else waits for any more, and for these behind them. Where that takes long they
    /// are ended, and the connection with them: what others have on it they ask for again elsewhere. True if it goes on.
    pub async fn relieved(&self, text: &str) -> bool {
        if let Ok(Ok(())) = timeout(PATIENCE, self.client.batch_execute(text)).await {
            return true;
        }
        self.is_ended.store(true, Ordering::Relaxed);
        let token = self.client.cancel_token();
        let cancelled = async {
            let flow = reached(&self.settings).await?;
            let cancelled = token.cancel_query_raw(flow, Ready).await;
            cancelled.map_err(|error| failure(&error))
        };
        // If it fails, the server ends the statement in its own time.
        let _ = timeout(CONNECT_TIME, cancelled).await;
        false
    }

    /// Sends statements whose outcome does not matter.
    pub fn send(&self, text: &str) {
        polled(self.client.batch_execute(text));
    }

    /// Prepared at most once, as long as not too many others are.
    pub async fn prepared(&self, text: &str) -> Result<Statement, Failure> {
        if let Some(known) = self.statements().get(text) {
            return Ok(known.clone());
        }
        let prepared = self.answered(self.client.prepare(&numbered(text))).await?;
        let mut statements = self.statements();
        if statements.len() >= KEPT_STATEMENTS {
            statements.clear();
        }
        statements.insert(text.to_owned(), prepared.clone());
        Ok(prepared)
    }

    /// Forgets statements now, so that this many can be prepared without another one being forgotten.
    pub fn make_room(&self, count: usize) {
        let mut statements = self.statements();
        if statements.len() + count > KEPT_STATEMENTS {
            statements.clear();
        }
    }

    fn statements(&self) -> MutexGuard<'_, Statements> {
        self.statements
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// What the server says; a connection on which it says nothing is lost.
    async fn answered<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Failure> {
        match timeout(SILENCE, work).await {
            Ok(done) => done.map_err(|error| {
                if ends_connection(&error) {
                    self.is_ended.store(true, Ordering::Relaxed);
                }
                failure(&error)
            }),
            Err(_) => {
                self.is_ended.store(true, Ordering::Relaxed);
                Err(silent())
            }
        }
    }
}

/// Gives work to the connection, and does not wait for it.
fn polled(work: impl Future) {
    let _ = pin!(work).poll(&mut Context::from_waker(Waker::noop()));
}

fn silent() -> Failure {
    Failure::Unavailable("the database does not answer".to_owned())
}

/// The way to the server is made on a thread that may wait, as for all connections.
async fn reached(settings: &Arc<Settings>) -> Result<Flow, Failure> {
    let settings = settings.clone();
    let opened = tokio::task::spawn_blocking(move || socket::open(&settings)).await;
    let opened = opened.map_err(|error| Failure::Unavailable(error.to_string()))??;
    Flow::new(opened).map_err(|error| Failure::Unavailable(error.to_string()))
}

async fn connect(settings: &Arc<Settings>) -> Result<Client, Failure> {
    let flow = reached(settings).await?;
    let connected = timeout(CONNECT_TIME, settings.config.connect_raw(flow, Ready)).await;
    let connected = connected.map_err(|_| silent())?;
    let (client, driver) = connected.map_err(|error| failure(&error))?;
    // Why it ended, the next statement learns.
    tokio::spawn(async move {
        let _ = driver.await;
    });
    Ok(client)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failure is the test's failure")]
mod tests {
    use super::*;

    async fn text(line: &Line, query: &str) -> Result<String, Failure> {
        let rows = line.query(query, &[]).await?;
        Ok(rows[0].get(0))
    }

    #[tokio::test]
    async fn statements_have_an_end_and_change_nothing() {
        let url = std::env::var("ARCHWRIGHT_TEST_POSTGRES").expect(
            "ARCHWRIGHT_TEST_POSTGRES names a PostgreSQL server; `cargo xtask test` starts one",
        );
        let settings = Arc::new(Settings::parse(&url).unwrap());
        let line = Line::open(&settings).await.unwrap();
        for setting in ["statement_timeout", "idle_in_transaction_session_timeout"] {
            let shown = text(&line, &format!("SHOW {setting}")).await.unwrap();
            assert_eq!(shown, "30s", "{setting}");
        }
        let read_only = text(&line, "SHOW default_transaction_read_only").await;
        assert_eq!(read_only.unwrap(), "on");
        // What the server does at the end of the time, sooner.
        line.client
            .batch_execute("SET statement_timeout = 20")
            .await
            .unwrap();
        match text(&line, "SELECT pg_sleep(60)::text").await {
            Err(Failure::Unavailable(why)) => assert!(why.contains("57014"), "{why}"),
            other => panic!("{other:?}"),
        }
        // The connection goes on.
        assert!(!line.is_lost());
        assert_eq!(text(&line, "SELECT 'on'").await.unwrap(), "on");
    }
}
