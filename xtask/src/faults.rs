//! Traffic while things break: what was acknowledged stays, nothing is seen half done, the server recovers by itself.

mod backend;
mod disk;
mod redis;
mod traffic;

use crate::command::cargo;
use crate::{postgres, tools};
use anyhow::{Context, Result, ensure};
use backend::{Backend, Servers};
use disk::SmallDisk;
use redis::Redis;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use traffic::Traffic;

/// Each fault comes so many times in a run, in an order of chance.
const ROUNDS: usize = 2;
/// Payments between two faults, at least and at most.
const BETWEEN: std::ops::Range<usize> = 20..150;
/// Refusals to be seen while a database is away.
const REFUSALS: usize = 5;
/// No progress for so long is a hang.
const PATIENCE: Duration = Duration::from_secs(60);
/// Payments before memory is measured, and until it is measured again.
const WARM: usize = 500;
const MEASURED: usize = 2_000;
/// What memory may grow by in between, in kilobytes.
const GROWTH: u64 = 16 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// The server is killed, and started again.
    Kill,
    /// The server is told to stop, and started again.
    Stop,
    /// All connections to PostgreSQL are cut.
    Cut,
    /// PostgreSQL crashes, and starts again.
    Crash,
    /// PostgreSQL is away until requests were refused.
    Away,
    /// The disk is full until requests were refused.
    Full,
    /// Redis is away for some payments, and comes back without memory.
    Forget,
}

const ON_SQLITE: [Fault; 3] = [Fault::Kill, Fault::Stop, Fault::Full];
const ON_POSTGRES: [Fault; 6] = [
    Fault::Kill,
    Fault::Stop,
    Fault::Cut,
    Fault::Crash,
    Fault::Away,
    Fault::Forget,
];

/// So many runs in a row on each database; the first that fails ends it.
pub fn faults(runs: u32) -> Result<()> {
    tools::need("redis-server", "redis-server")?;
    cargo(&["build", "--package", "archwright"])?;
    for run in 1..=runs {
        for (name, test) in [
            ("SQLite", on_sqlite as fn() -> Result<String>),
            ("PostgreSQL", on_postgres),
        ] {
            let began = Instant::now();
            let done = test().with_context(|| format!("run {run} of {runs} on {name}"))?;
            eprintln!(
                "faults, run {run} of {runs} on {name}: {done}, {:.0} s",
                began.elapsed().as_secs_f64()
            );
        }
    }
    Ok(())
}

fn on_sqlite() -> Result<String> {
    match SmallDisk::new() {
        Ok(disk) => {
            let backend = Backend::start(Servers::default(), disk.folder.clone())?;
            run(
                backend,
                &ON_SQLITE,
                Breakable {
                    disk: Some(&disk),
                    ..Breakable::default()
                },
            )
        }
        Err(error) => {
            eprintln!("No disk is filled: {error:#}");
            let folder = Folder::new()?;
            let backend = Backend::start(Servers::default(), folder.0.clone())?;
            run(backend, &[Fault::Kill, Fault::Stop], Breakable::default())
        }
    }
}

fn on_postgres() -> Result<String> {
    let mut database = postgres::start()?;
    let folder = Folder::new()?;
    let mut redis = Redis::start(&folder.0)?;
    let servers = Servers {
        database: Some(database.url.clone()),
        redis: Some(redis.url()),
    };
    let backend = Backend::start(servers, folder.0.clone())?;
    let breakable = Breakable {
        database: Some(&mut database),
        redis: Some(&mut redis),
        disk: None,
    };
    run(backend, &ON_POSTGRES, breakable)
}

/// What the server stands on.
#[derive(Default)]
struct Breakable<'s> {
    database: Option<&'s mut postgres::Server>,
    redis: Option<&'s mut Redis>,
    disk: Option<&'s SmallDisk>,
}

/// Deleted when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self> {
        let name = format!("archwright-faults-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn run(mut backend: Backend, kinds: &[Fault], mut on: Breakable) -> Result<String> {
    let traffic = Traffic::start(&backend.url)?;
    let mut faults = kinds.repeat(ROUNDS);
    fastrand::shuffle(&mut faults);
    for (index, fault) in faults.iter().enumerate() {
        let before = || format!("of {faults:?}, {index} were done");
        let more = fastrand::usize(BETWEEN);
        traffic.progress(more, PATIENCE).with_context(before)?;
        eprint!("{fault:?} ");
        let nothing = || format!("{fault:?} has nothing to break");
        match fault {
            Fault::Kill => backend.kill()?,
            Fault::Stop => backend.stop()?,
            Fault::Cut => on.database.as_mut().with_context(nothing)?.cut()?,
            Fault::Crash | Fault::Away => {
                let database = on.database.as_mut().with_context(nothing)?;
                database.crash()?;
                if *fault == Fault::Away {
                    traffic.refusals(REFUSALS, PATIENCE).with_context(before)?;
                }
                database.launch()?;
            }
            Fault::Full => {
                let filler = on.disk.with_context(nothing)?.fill()?;
                traffic.refusals(REFUSALS, PATIENCE).with_context(before)?;
                drop(filler);
            }
            Fault::Forget => {
                let redis = on.redis.as_mut().with_context(nothing)?;
                redis.stop()?;
                traffic.told("away", PATIENCE).with_context(before)?;
                traffic.progress(more, PATIENCE).with_context(before)?;
                redis.start_again()?;
                traffic.told("up", PATIENCE).with_context(before)?;
            }
        }
        traffic.sound().with_context(before)?;
        backend.running()?;
    }
    eprintln!();
    traffic.progress(WARM, PATIENCE)?;
    let warm = backend.memory()?;
    traffic.progress(MEASURED, PATIENCE)?;
    let end = backend.memory()?;
    let told = traffic.finish(PATIENCE)?;
    ensure!(
        end <= warm + GROWTH,
        "memory grew from {warm} to {end} kB over {MEASURED} payments"
    );
    Ok(format!(
        "{} faults, {told}, {} MB of memory",
        faults.len(),
        end / 1024
    ))
}
