//! Jobs run at once on several connections, in serializable transactions; one that others came between runs again.

use crate::Failure;
use crate::connection::Connection;
use crate::connection::postgres::{self, Trouble};
use crate::pool::Pool;
use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// How often a job runs at most: it may lose to others again and again.
const MOST_RUNS: u32 = 20;
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

pub(crate) struct Writer {
    connections: Arc<Pool>,
    /// One for each connection, so that jobs wait without a thread.
    turns: Arc<Semaphore>,
}

/// What became of a run.
enum Outcome<T> {
    Done(Result<T, Failure>),
    /// Nothing was kept, and the next run may end otherwise.
    Again(Failure),
    /// As before, when it was the first run: a row that was in the way may be visible to the next.
    AgainOnce(Failure),
}

impl Writer {
    pub fn new(connections: Pool, most: usize) -> Self {
        Self {
            connections: Arc::new(connections),
            turns: Arc::new(Semaphore::new(most.max(1))),
        }
    }

    pub async fn run<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let gone = |_| Failure::Unavailable("the database is closing".to_owned());
        let turn = self.turns.clone().acquire_owned().await.map_err(gone)?;
        let connections = self.connections.clone();
        let job = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            repeated(&connections, &mut work)
        });
        job.await
            .map_err(|error| Failure::Internal(error.to_string()))?
    }
}

fn repeated<T>(
    connections: &Pool,
    work: &mut dyn FnMut(&Connection) -> Result<T, Failure>,
) -> Result<T, Failure> {
    for number in 1.. {
        let (outcome, _) = connections.once(|connection| run(connection, work))?;
        match outcome {
            Outcome::Done(result) => return result,
            Outcome::AgainOnce(_) if number == 1 => {}
            Outcome::Again(_) if number < MOST_RUNS => pause(number),
            Outcome::Again(failure) | Outcome::AgainOnce(failure) => return Err(failure),
        }
    }
    Err(Failure::Internal("a job that never ran".to_owned()))
}

/// Longer each time, and not as long as those that it lost to.
fn pause(number: u32) {
    let longest = Duration::from_millis(1 << number.min(10)).min(LONGEST_PAUSE);
    let part = RandomState::new().hash_one(number) % 1_000;
    std::thread::sleep(longest.mul_f64(part as f64 / 1_000.0));
}

fn run<T>(
    connection: &Connection,
    work: &mut dyn FnMut(&Connection) -> Result<T, Failure>,
) -> Outcome<T> {
    let Connection::Postgres(own) = connection else {
        let wrong = "a job for PostgreSQL on another database";
        return Outcome::Done(Err(Failure::Internal(wrong.to_owned())));
    };
    own.begin();
    let result = catch_unwind(AssertUnwindSafe(|| work(connection)));
    let result = result.unwrap_or_else(|_| Err(Failure::Internal("a write panicked".to_owned())));
    let failure = match result {
        Ok(value) if own.refusal().is_none() && !own.is_aborted() => return committed(own, value),
        // The server would answer a commit as if it were one.
        Ok(_) => Failure::Internal("a failed statement was passed over".to_owned()),
        Err(failure) => failure,
    };
    if own.is_lost() {
        return Outcome::Again(Failure::Unavailable(own.lost_reason()));
    }
    own.send("ROLLBACK");
    match own.trouble() {
        Trouble::None => Outcome::Done(Err(failure)),
        Trouble::Violation => Outcome::AgainOnce(failure),
        Trouble::Conflict => {
            let busy = "other writes came between, again and again";
            Outcome::Again(Failure::Unavailable(busy.to_owned()))
        }
    }
}

fn committed<T>(connection: &postgres::Connection, value: T) -> Outcome<T> {
    let Err(error) = connection.batch("COMMIT") else {
        return Outcome::Done(Ok(value));
    };
    let is_refused = error
        .code()
        .is_some_and(|code| !code.code().starts_with("57"));
    match (is_refused, connection.trouble()) {
        (true, Trouble::Conflict) => Outcome::Again(postgres::failure(&error)),
        (true, Trouble::Violation) => Outcome::AgainOnce(postgres::failure(&error)),
        (true, Trouble::None) => Outcome::Done(Err(postgres::failure(&error))),
        // The commit may have happened: to do it again could do it twice.
        (false, _) => Outcome::Done(Err(Failure::Unavailable(format!(
            "the database went away while it kept a write, which may be there or not: {}",
            postgres::reason(&error)
        )))),
    }
}
