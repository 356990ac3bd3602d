//! Connections that only read, handed out one at a time.

use crate::Failure;
use crate::connection::Connection;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// The connection that was used last is handed out first: its caches are warm.
pub(crate) struct Pool {
    idle: Mutex<Vec<Connection>>,
    returned: Condvar,
}

impl Pool {
    pub fn new(connections: Vec<Connection>) -> Self {
        Self {
            idle: Mutex::new(connections),
            returned: Condvar::new(),
        }
    }

    /// Runs `work` with a connection; waits for one when all are in use.
    pub fn with<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let lease = self.lease()?;
        match &lease.connection {
            Some(connection) => work(connection),
            None => Err(Failure::Internal("a lease without a connection".to_owned())),
        }
    }

    fn lease(&self) -> Result<Lease<'_>, Failure> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .returned
            .wait_timeout_while(idle, LONGEST_WAIT, |idle| idle.is_empty());
        let (mut idle, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let connection = idle
            .pop()
            .ok_or_else(|| Failure::Unavailable("all readers are busy".to_owned()))?;
        Ok(Lease {
            pool: self,
            connection: Some(connection),
        })
    }
}

/// Gives the connection back, also when the work panics.
struct Lease<'p> {
    pool: &'p Pool,
    connection: Option<Connection>,
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.pool
                .idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(connection);
            self.pool.returned.notify_one();
        }
    }
}
