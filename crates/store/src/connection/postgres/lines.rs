//! Connections that reads wait for without a thread. A statement of its own goes to one that all requests share, so
//! that statements of many requests travel together; statements that see one state go to one that is theirs alone.

mod line;
mod read;

pub(crate) use read::Wanted;

use super::{Settings, visit};
use crate::Failure;
use crate::connection::Value;
use crate::represent::{Bindings, Query, Rows};
use line::Line;
use read::read;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How often a read is begun anew when its connection turns out to be lost.
const MOST_LOSSES: usize = 3;

pub(crate) struct Lines {
    settings: Arc<Settings>,
    shared: Vec<tokio::sync::Mutex<Option<Arc<Line>>>>,
    next: AtomicUsize,
    /// Those that wait for a transaction, the one that was used last on top.
    idle: Mutex<Vec<Arc<Line>>>,
    turns: Semaphore,
}

/// A line of one's own, within a transaction that only reads.
struct Lease<'l> {
    lines: &'l Lines,
    line: Arc<Line>,
    is_open: AtomicBool,
    _turn: SemaphorePermit<'l>,
}

impl Lines {
    /// Half of the connections are shared. They are opened when they are needed.
    pub fn new(settings: Arc<Settings>, most: usize) -> Self {
        let half = (most / 2).max(1);
        Self {
            settings,
            shared: (0..half).map(|_| tokio::sync::Mutex::default()).collect(),
            next: AtomicUsize::new(0),
            idle: Mutex::default(),
            turns: Semaphore::new(half),
        }
    }

    /// The rows of a query with its children, as the caller may see them.
    pub async fn rows(
        &self,
        query: &Query,
        bindings: &Bindings<'_>,
        wanted: Wanted<'_>,
    ) -> Result<Rows, Failure> {
        let mut losses = 0;
        loop {
            let (done, is_lost) = self.once(query, bindings, wanted).await?;
            losses += 1;
            if done.is_ok() || !is_lost || losses == MOST_LOSSES {
                return done;
            }
        }
    }

    /// All rows of one statement.
    pub async fn all<T>(
        &self,
        text: &str,
        values: &[Value],
        read: impl Fn(&crate::connection::Row<'_>) -> Result<T, Failure>,
    ) -> Result<Vec<T>, Failure> {
        let mut losses = 0;
        loop {
            let line = self.line().await?;
            let done = line.query(text, values).await;
            losses += 1;
            if done.is_err() && line.is_lost() && losses < MOST_LOSSES {
                continue;
            }
            let mut all = Vec::new();
            visit(&done?, &mut |row| {
                all.push(read(row)?);
                Ok(ControlFlow::Continue(()))
            })?;
            return Ok(all);
        }
    }

    async fn once(
        &self,
        query: &Query,
        bindings: &Bindings<'_>,
        wanted: Wanted<'_>,
    ) -> Result<(Result<Rows, Failure>, bool), Failure> {
        let shared = bindings.shared;
        if query.children.is_empty() && shared.security.is_none() {
            let line = self.line().await?;
            let done = read(&line, query, bindings, wanted, None).await;
            return Ok((done, line.is_lost()));
        }
        let lease = self.lease().await?;
        let done = async {
            lease
                .line
                .send("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY");
            if let Some(announcement) = shared.announcement(bindings.context, bindings.classes) {
                let (text, values) = announcement?;
                lease.line.tell(text, &values).await?;
            }
            read(&lease.line, query, bindings, wanted, Some(&lease)).await
        };
        let done = done.await;
        lease.end("COMMIT");
        Ok((done, lease.line.is_lost()))
    }

    /// One that all share: the one with the fewest statements under way, so that nobody waits behind a slow one while
    /// others are free.
    async fn line(&self) -> Result<Arc<Line>, Failure> {
        let mut place = self.shared[self.quietest()].lock().await;
        if let Some(line) = place.as_ref().filter(|line| !line.is_lost()) {
            return Ok(line.clone());
        }
        let line = Arc::new(Line::open(&self.settings).await?);
        *place = Some(line.clone());
        Ok(line)
    }

    fn quietest(&self) -> usize {
        let start = self.next.fetch_add(1, Ordering::Relaxed);
        let count = self.shared.len();
        let places = (0..count).map(|step| (start + step) % count);
        // Who uses a line holds it. One that is being opened is busy.
        let users = |place: &usize| match self.shared[*place].try_lock() {
            Ok(line) => line.as_ref().map_or(0, |line| Arc::strong_count(line) - 1),
            Err(_) => usize::MAX,
        };
        places.min_by_key(users).unwrap_or(0)
    }

    async fn lease(&self) -> Result<Lease<'_>, Failure> {
        let busy = || Failure::Unavailable("all connections to the database are in use".to_owned());
        let turn = timeout(LONGEST_WAIT, self.turns.acquire()).await;
        let turn = turn.map_err(|_| busy())?.map_err(|_| busy())?;
        let idle = self.idle().pop().filter(|line| !line.is_lost());
        let line = match idle {
            Some(line) => line,
            None => Arc::new(Line::open(&self.settings).await?),
        };
        Ok(Lease {
            lines: self,
            line,
            is_open: AtomicBool::new(true),
            _turn: turn,
        })
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Arc<Line>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease<'_> {
    /// Ends the transaction, once; nobody waits for the answer.
    fn end(&self, text: &str) {
        if self.is_open.swap(false, Ordering::Relaxed) {
            self.line.send(text);
        }
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        // The request may have gone away in the middle.
        self.end("ROLLBACK");
        let mut idle = self.lines.idle();
        match self.line.is_lost() {
            true => idle.clear(),
            false => idle.push(self.line.clone()),
        }
    }
}
