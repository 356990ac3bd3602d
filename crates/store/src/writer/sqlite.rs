//! The one connection that writes: jobs come through a channel, and those that wait share a commit.

use crate::Failure;
use crate::connection::Connection;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot};

/// Jobs that may share a commit, and that may wait.
const MOST_TOGETHER: usize = 64;
const MOST_WAITING: usize = 1024;

/// Work for a caller that waits for its answer.
trait Job: Send {
    /// Does the work in a transaction; anew, when an earlier one came to nothing.
    fn run(&mut self, connection: &Connection);
    /// Tells the caller how the work went, and how its commit did.
    fn answer(self: Box<Self>, committed: Result<(), Failure>);
}

struct Given<T, W> {
    work: W,
    result: Option<Result<T, Failure>>,
    caller: oneshot::Sender<Result<T, Failure>>,
}

impl<T: Send, W: FnMut(&Connection) -> Result<T, Failure> + Send> Job for Given<T, W> {
    fn run(&mut self, connection: &Connection) {
        self.result = Some(isolated(connection, &mut self.work));
    }

    fn answer(self: Box<Self>, committed: Result<(), Failure>) {
        let result = match (self.result, committed) {
            (Some(Err(failure)), _) | (_, Err(failure)) => Err(failure),
            (Some(done), Ok(())) => done,
            (None, Ok(())) => Err(Failure::Internal("a job that never ran".to_owned())),
        };
        // A caller that is gone wants no answer.
        let _ = self.caller.send(result);
    }
}

/// Stops when dropped, after the jobs that it was given.
pub(crate) struct Writer {
    jobs: Option<mpsc::Sender<Box<dyn Job>>>,
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

    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnMut(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let (caller, receiver) = oneshot::channel();
        let job = Box::new(Given {
            work,
            result: None,
            caller,
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

fn serve(connection: &Connection, mut waiting: mpsc::Receiver<Box<dyn Job>>) {
    // Done once, in a transaction that came to nothing.
    let mut again: VecDeque<Box<dyn Job>> = VecDeque::new();
    while let Some(first) = again.pop_front().or_else(|| waiting.blocking_recv()) {
        if let Err(failure) = connection.control("BEGIN IMMEDIATE") {
            first.answer(Err(failure));
            continue;
        }
        let mut done = Vec::new();
        let mut next = Some(first);
        while let Some(mut job) = next {
            job.run(connection);
            if connection.is_ended() {
                // A write that takes too long, or a full disk, ends the whole transaction. Whose work that was hears so;
                // what came before is gone with it, and is done again.
                job.answer(Ok(()));
                for job in done.drain(..).rev() {
                    again.push_front(job);
                }
                break;
            }
            done.push(job);
            next = match done.len() < MOST_TOGETHER {
                true => again.pop_front().or_else(|| waiting.try_recv().ok()),
                false => None,
            };
        }
        if !done.is_empty() {
            commit(connection, done);
        }
    }
}

fn commit(connection: &Connection, jobs: Vec<Box<dyn Job>>) {
    let committed = connection.control("COMMIT").map_err(|failure| {
        let _ = connection.batch("ROLLBACK");
        match failure {
            Failure::Unavailable(reason) | Failure::Internal(reason) => reason,
            other => format!("{other:?}"),
        }
    });
    for job in jobs {
        job.answer(committed.clone().map_err(Failure::Unavailable));
    }
}

/// In a savepoint, so that other jobs of the same commit don't feel a failure.
fn isolated<T>(
    connection: &Connection,
    work: &mut impl FnMut(&Connection) -> Result<T, Failure>,
) -> Result<T, Failure> {
    connection.control("SAVEPOINT job")?;
    let result = catch_unwind(AssertUnwindSafe(|| work(connection)));
    let result = result.unwrap_or_else(|_| Err(Failure::Internal("a write panicked".to_owned())));
    if connection.is_ended() {
        let undone = || Failure::Unavailable("the database has undone the write".to_owned());
        return result.and_then(|_| Err(undone()));
    }
    match &result {
        Ok(_) => connection.control("RELEASE job")?,
        Err(_) => connection.batch("ROLLBACK TO job; RELEASE job")?,
    }
    result
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failure is the test's failure")]
mod tests {
    use super::*;
    use crate::connection::{sqlite, values};

    fn writer(folder: &std::path::Path) -> (Writer, Connection) {
        let path = folder.join("database.sqlite");
        let connect = |role| Connection::Sqlite(sqlite::connect(&path, role).unwrap());
        let connection = connect(sqlite::Role::Writer);
        connection
            .batch("CREATE TABLE rows (number INTEGER PRIMARY KEY)")
            .unwrap();
        let reader = connect(sqlite::Role::Reader);
        (Writer::start(connection).unwrap(), reader)
    }

    fn insert(connection: &Connection, number: i64) -> Result<(), Failure> {
        connection
            .execute("INSERT INTO rows VALUES (?1)", &values![number])
            .map(drop)
    }

    fn numbers(reader: &Connection) -> Vec<i64> {
        let text = "SELECT number FROM rows ORDER BY 1";
        reader.all(text, &[], |row| row.get(0)).unwrap()
    }

    #[tokio::test]
    async fn a_job_that_fails_or_panics_leaves_nothing_and_others_their_rows() {
        let folder = tempfile::tempdir().unwrap();
        let (writer, reader) = writer(folder.path());
        let fails = writer.run(|connection| {
            insert(connection, 2)?;
            Err::<(), _>(Failure::NotFound)
        });
        let panics = writer.run(|connection| -> Result<(), Failure> {
            insert(connection, 3)?;
            panic!("on purpose")
        });
        let (first, failed, panicked, last) = tokio::join!(
            writer.run(|connection| insert(connection, 1)),
            fails,
            panics,
            writer.run(|connection| insert(connection, 4)),
        );
        assert!(first.is_ok() && last.is_ok());
        assert!(matches!(failed, Err(Failure::NotFound)));
        assert!(matches!(panicked, Err(Failure::Internal(_))));
        assert_eq!(numbers(&reader), [1, 4]);
    }

    #[tokio::test]
    async fn an_answer_comes_after_the_commit() {
        let folder = tempfile::tempdir().unwrap();
        let (writer, reader) = writer(folder.path());
        for number in 0..20 {
            writer
                .run(move |connection| insert(connection, number))
                .await
                .unwrap();
            assert_eq!(numbers(&reader).len() as i64, number + 1);
        }
    }

    #[tokio::test]
    async fn a_transaction_that_the_database_ended_is_nobodys_success() {
        let folder = tempfile::tempdir().unwrap();
        let (writer, reader) = writer(folder.path());
        let (first, ends, after) = tokio::join!(
            writer.run(|connection| insert(connection, 1)),
            writer.run(|connection| {
                // What a full disk does.
                connection.batch("ROLLBACK")?;
                Err::<(), _>(Failure::Internal("ended".to_owned()))
            }),
            writer.run(|connection| insert(connection, 3)),
        );
        assert!(ends.is_err());
        let told: Vec<i64> = [(1, first), (3, after)]
            .into_iter()
            .filter_map(|(number, result)| result.is_ok().then_some(number))
            .collect();
        assert_eq!(numbers(&reader), told);
    }

    #[tokio::test]
    async fn a_write_that_takes_too_long_is_refused_and_others_of_its_commit_are_done_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("database.sqlite");
        let mut connection = sqlite::connect(&path, sqlite::Role::Writer).unwrap();
        sqlite::limit(&mut connection, std::time::Duration::ZERO).unwrap();
        let connection = Connection::Sqlite(connection);
        let make = "CREATE TABLE rows (number INTEGER PRIMARY KEY)";
        connection.batch(make).unwrap();
        let reader = Connection::Sqlite(sqlite::connect(&path, sqlite::Role::Reader).unwrap());
        let writer = Writer::start(connection).unwrap();
        // The first job waits until all are there, so that they share a commit.
        let (open, gate) = std::sync::mpsc::channel::<()>();
        let mut runs = 0;
        let slow = |connection: &Connection| {
            let text = "INSERT INTO rows WITH RECURSIVE counted(n) AS \
                        (SELECT 10 UNION ALL SELECT n + 1 FROM counted WHERE n < 1000000) SELECT n FROM counted";
            let done = connection.undone_on_failure(|| connection.execute(text, &[]))?;
            done.map(drop)
        };
        let (first, slow, last, ()) = tokio::join!(
            writer.run(move |connection| {
                runs += 1;
                if runs == 1 {
                    gate.recv().unwrap();
                }
                insert(connection, 1).map(|()| runs)
            }),
            writer.run(slow),
            writer.run(|connection| insert(connection, 3)),
            async { open.send(()).unwrap() },
        );
        assert_eq!(first.unwrap(), 2);
        assert!(matches!(slow, Err(Failure::Unavailable(_))), "{slow:?}");
        assert!(last.is_ok());
        assert_eq!(numbers(&reader), [1, 3]);
    }

    #[test]
    fn jobs_that_wait_are_done_when_the_writer_stops() {
        let folder = tempfile::tempdir().unwrap();
        let (writer, reader) = writer(folder.path());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut given = Vec::new();
            for number in 0..10 {
                let mut job = Box::pin(writer.run(move |connection| insert(connection, number)));
                // Polled once, the job is in the channel; then nobody waits for it any more.
                let given_away = std::future::poll_fn(|context| {
                    std::task::Poll::Ready(job.as_mut().poll(context).is_pending())
                });
                given.push(given_away.await);
            }
        });
        drop(writer);
        assert_eq!(numbers(&reader), (0..10).collect::<Vec<i64>>());
    }
}
