//! The one connection that writes: jobs come through a channel, and those that wait share a commit.

use crate::Failure;
use crate::read::database;
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot};

/// Jobs that may share a commit, and that may wait.
const MOST_TOGETHER: usize = 64;
const MOST_WAITING: usize = 1024;

/// Does a job's work, if a transaction could be begun, and gives what tells its caller how the commit went.
type Job = Box<dyn FnOnce(Result<&Connection, Failure>) -> Answer + Send>;
type Answer = Box<dyn FnOnce(Result<(), Failure>) + Send>;

/// Stops when dropped, after the jobs that it was given.
pub(crate) struct Writer {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub fn start(connection: Connection) -> std::io::Result<Self> {
        let (jobs, waiting) = mpsc::channel(MOST_WAITING);
        let thread = std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || serve(&connection, waiting))?;
        Ok(Self {
            jobs: Some(jobs),
            thread: Some(thread),
        })
    }

    /// Runs the work in a transaction of its own: all of it is kept, or, when it fails, none. The answer comes after the
    /// commit. Work that was given is done even when nobody waits for it any more.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let result = connection.and_then(|connection| isolated(connection, work));
            Box::new(move |committed| {
                // A caller that is gone wants no answer.
                let _ = sender.send(result.and_then(|value| committed.map(|()| value)));
            })
        });
        let gone = || Failure::Unavailable("the database is closing".to_owned());
        let jobs = self.jobs.as_ref().ok_or_else(gone)?;
        jobs.send(job).await.map_err(|_| gone())?;
        receiver.await.map_err(|_| gone())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(connection: &Connection, mut waiting: mpsc::Receiver<Job>) {
    while let Some(first) = waiting.blocking_recv() {
        if let Err(error) = connection.execute_batch("BEGIN IMMEDIATE") {
            first(Err(database(error)))(Ok(()));
            continue;
        }
        let mut answers = vec![first(Ok(connection))];
        while answers.len() < MOST_TOGETHER
            && let Ok(job) = waiting.try_recv()
        {
            answers.push(job(Ok(connection)));
        }
        let committed = connection.execute_batch("COMMIT").map_err(|error| {
            let _ = connection.execute_batch("ROLLBACK");
            error.to_string()
        });
        for answer in answers {
            answer(committed.clone().map_err(Failure::Unavailable));
        }
    }
}

/// In a savepoint, so that other jobs of the same commit don't feel a failure.
fn isolated<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, Failure>,
) -> Result<T, Failure> {
    connection
        .execute_batch("SAVEPOINT job")
        .map_err(database)?;
    let result = catch_unwind(AssertUnwindSafe(|| work(connection)));
    let result = result.unwrap_or_else(|_| Err(Failure::Internal("a write panicked".to_owned())));
    let end = match &result {
        Ok(_) => "RELEASE job",
        Err(_) => "ROLLBACK TO job; RELEASE job",
    };
    connection.execute_batch(end).map_err(database)?;
    result
}
