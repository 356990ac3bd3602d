//! Connections, handed out one at a time, and no more than so many.

use crate::Failure;
use crate::connection::{CallTime, Connection};
use archwright_sql::Dialect;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How often work that only reads is begun anew when its connection turns out to be lost.
const MOST_LOSSES: usize = 3;

type Open = Box<dyn Fn() -> Result<Connection, Failure> + Send + Sync>;

/// The connection that was used last is handed out first: its caches are warm.
pub(crate) struct Pool {
    state: Mutex<State>,
    returned: Condvar,
    most: usize,
    open: Open,
    dialect: Dialect,
}

#[derive(Default)]
struct State {
    idle: Vec<Connection>,
    /// Idle ones and those that are handed out.
    open: usize,
}

impl Pool {
    /// Connections are opened when they are needed, with `open`.
    pub fn new(dialect: Dialect, most: usize, open: Open) -> Self {
        Self {
            dialect,
            state: Mutex::default(),
            returned: Condvar::new(),
            most: most.max(1),
            open,
        }
    }

    /// As [`Self::with`], for work that may take long: the other tasks of the thread go on elsewhere.
    pub fn long<T>(
        &self,
        work: impl FnMut(&Connection) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        elsewhere(|| self.with(work))
    }

    /// Runs work that only reads with a connection; waits for one when all are in use.
    pub fn with<T>(
        &self,
        mut work: impl FnMut(&Connection) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let (mut losses, mut time) = (0, CallTime::new());
        loop {
            let (done, is_lost) = self.once(|connection| time.run(|| work(connection)))?;
            losses += 1;
            if done.is_ok() || !is_lost || losses == MOST_LOSSES {
                return done;
            }
        }
    }

    /// Runs the work, and says whether its connection was lost.
    pub fn once<T>(&self, work: impl FnOnce(&Connection) -> T) -> Result<(T, bool), Failure> {
        waiting(self.dialect, || {
            let mut lease = self.lease()?;
            let Some(connection) = lease.connection.take() else {
                return Err(Failure::Internal("a lease without a connection".to_owned()));
            };
            let done = work(&connection);
            let is_lost = connection.is_lost();
            lease.connection = Some(connection);
            Ok((done, is_lost))
        })
    }

    fn lease(&self) -> Result<Lease<'_>, Failure> {
        let is_full = |state: &mut State| state.idle.is_empty() && state.open >= self.most;
        let mut state = self.state();
        if is_full(&mut state) {
            drop(state);
            state = elsewhere(|| {
                let returned = &self.returned;
                let waited = returned.wait_timeout_while(self.state(), LONGEST_WAIT, is_full);
                waited.unwrap_or_else(PoisonError::into_inner).0
            });
        }
        let connection = state.idle.pop();
        if connection.is_none() && state.open >= self.most {
            let busy = "all connections to the database are in use";
            return Err(Failure::Unavailable(busy.to_owned()));
        }
        state.open += usize::from(connection.is_none());
        drop(state);
        let mut lease = Lease {
            pool: self,
            connection,
        };
        if lease.connection.is_none() {
            lease.connection = Some((self.open)()?);
        }
        Ok(lease)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Work that waits for a server lets the other tasks of its thread go on elsewhere.
fn waiting<T>(dialect: Dialect, work: impl FnOnce() -> T) -> T {
    match dialect {
        Dialect::Postgres => elsewhere(work),
        Dialect::Sqlite => work(),
    }
}

/// Does work while the other tasks of the thread go on elsewhere.
fn elsewhere<T>(work: impl FnOnce() -> T) -> T {
    use tokio::runtime::{Handle, RuntimeFlavor};
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

/// Gives the connection back. One that is lost, or whose work panicked, is closed; with a lost one those that wait
/// behind it, since they will have gone the same way.
struct Lease<'p> {
    pool: &'p Pool,
    connection: Option<Connection>,
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.state();
        match self.connection.take() {
            Some(connection) if !connection.is_lost() => state.idle.push(connection),
            Some(_) => {
                state.open -= 1 + state.idle.len();
                state.idle.clear();
            }
            None => state.open -= 1,
        }
        drop(state);
        self.pool.returned.notify_one();
    }
}
