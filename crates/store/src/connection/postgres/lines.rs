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
use std::future::Future;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// For a connection, be it to be opened.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How often a read is begun anew when its connection turns out to be lost.
const MOST_LOSSES: usize = 3;

pub(crate) struct Lines {
    settings: Arc<Settings>,
    shared: Vec<tokio::sync::Mutex<Option<Arc<Line>>>>,
    next: AtomicUsize,
    /// Those that wait for a transaction, the one that was used last on top.
    idle: Arc<Idle>,
    turns: Arc<Semaphore>,
}

#[derive(Default)]
struct Idle(Mutex<Vec<Arc<Line>>>);

/// A shared line while it is used. A request may go away before its statement is answered: the line is in use until then
/// all the same.
struct Claim {
    line: Arc<Line>,
    is_answered: bool,
}

/// A line of one's own, within a transaction that only reads.
struct Lease {
    idle: Arc<Idle>,
    line: Arc<Line>,
    is_open: AtomicBool,
    is_answered: bool,
    turn: Option<OwnedSemaphorePermit>,
}

impl Lines {
    /// Half of the connections are shared. They are opened when they are needed.
    pub fn new(settings: Arc<Settings>, most: usize) -> Self {
        let half = (most / 2).max(1);
        Self {
            settings,
            shared: (0..half).map(|_| tokio::sync::Mutex::default()).collect(),
            next: AtomicUsize::new(0),
            idle: Arc::default(),
            turns: Arc::new(Semaphore::new(half)),
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
            let claim = self.line().await?;
            let done = claim.line.query(text, values).await;
            losses += 1;
            let is_lost = claim.answered();
            if done.is_err() && is_lost && losses < MOST_LOSSES {
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
            let claim = self.line().await?;
            let done = read(&claim.line, query, bindings, wanted, None).await;
            return Ok((done, claim.answered()));
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
        Ok((done, lease.answered()))
    }

    /// One that all share: the one with the fewest statements under way, so that nobody waits behind a slow one while
    /// others are free.
    async fn line(&self) -> Result<Claim, Failure> {
        let place = &self.shared[self.quietest()];
        let line = in_time(async {
            let mut place = place.lock().await;
            if let Some(line) = place.as_ref().filter(|line| !line.is_lost()) {
                return Ok(line.clone());
            }
            let line = Arc::new(Line::open(&self.settings).await?);
            *place = Some(line.clone());
            Ok(line)
        });
        Ok(Claim {
            line: line.await?,
            is_answered: false,
        })
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

    async fn lease(&self) -> Result<Lease, Failure> {
        let line = in_time(async {
            let turn = self.turns.clone().acquire_owned().await;
            let turn = turn.map_err(|_| busy())?;
            let idle = self.idle.lines().pop().filter(|line| !line.is_lost());
            let line = match idle {
                Some(line) => line,
                None => Arc::new(Line::open(&self.settings).await?),
            };
            Ok((line, turn))
        });
        let (line, turn) = line.await?;
        Ok(Lease {
            idle: self.idle.clone(),
            line,
            is_open: AtomicBool::new(true),
            is_answered: false,
            turn: Some(turn),
        })
    }
}

/// Nobody waits longer for a connection.
async fn in_time<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    timeout(LONGEST_WAIT, work).await.map_err(|_| busy())?
}

fn busy() -> Failure {
    Failure::Unavailable("all connections to the database are in use".to_owned())
}

impl Idle {
    fn lines(&self) -> MutexGuard<'_, Vec<Arc<Line>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// With a lost one those go that waited beside it: they will have gone the same way.
    fn put(&self, line: Arc<Line>) {
        match line.is_lost() {
            true => self.lines().clear(),
            false => self.lines().push(line),
        }
    }
}

impl Claim {
    /// True if the line was lost.
    fn answered(mut self) -> bool {
        self.is_answered = true;
        self.line.is_lost()
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if !self.is_answered {
            let line = self.line.clone();
            afterwards(async move {
                line.relieved("").await;
            });
        }
    }
}

/// What has to be done for a request that went away.
fn afterwards(work: impl Future<Output = ()> + Send + 'static) {
    // Without a runtime nothing goes on at all.
    if let Ok(runtime) = Handle::try_current() {
        runtime.spawn(work);
    }
}

impl Lease {
    /// True if the line was lost.
    fn answered(mut self) -> bool {
        self.is_answered = true;
        self.line.is_lost()
    }

    /// Ends the transaction, once; nobody waits for the answer.
    fn end(&self, text: &str) {
        if self.is_open.swap(false, Ordering::Relaxed) {
            self.line.send(text);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let (idle, line, turn) = (self.idle.clone(), self.line.clone(), self.turn.take());
        if self.is_answered {
            return idle.put(line);
        }
        // The request went away in the middle.
        afterwards(async move {
            if line.relieved("ROLLBACK").await {
                idle.put(line);
            }
            drop(turn);
        });
    }
}

#[cfg(test)]
mod tests;
