//! Traffic while things break: what was acknowledged stays, nothing is seen half done, the server recovers by itself.

mod backend;
mod disk;
mod traffic;

use crate::command::cargo;
use crate::postgres;
use anyhow::{Context, Result, bail, ensure};
use backend::Backend;
use disk::SmallDisk;
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
}

const ON_SQLITE: [Fault; 3] = [Fault::Kill, Fault::Stop, Fault::Full];
const ON_POSTGRES: [Fault; 5] = [
    Fault::Kill,
    Fault::Stop,
    Fault::Cut,
    Fault::Crash,
    Fault::Away,
];

/// So many runs in a row on each database; the first that fails ends it.
pub fn faults(runs: u32) -> Result<()> {
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
            let backend = Backend::start(None, disk.folder.clone())?;
            run(backend, &ON_SQLITE, None, Some(&disk))
        }
        Err(error) => {
            eprintln!("No disk is filled: {error:#}");
            let folder = Folder::new()?;
            let backend = Backend::start(None, folder.0.clone())?;
            run(backend, &[Fault::Kill, Fault::Stop], None, None)
        }
    }
}

fn on_postgres() -> Result<String> {
    let mut database = postgres::start()?;
    let folder = Folder::new()?;
    let backend = Backend::start(Some(database.url.clone()), folder.0.clone())?;
    run(backend, &ON_POSTGRES, Some(&mut database), None)
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

fn run(
    mut backend: Backend,
    kinds: &[Fault],
    mut database: Option<&mut postgres::Server>,
    disk: Option<&SmallDisk>,
) -> Result<String> {
    let traffic = Traffic::start(&backend.url)?;
    let mut faults = kinds.repeat(ROUNDS);
    fastrand::shuffle(&mut faults);
    for (index, fault) in faults.iter().enumerate() {
        let before = || format!("of {faults:?}, {index} were done");
        let more = fastrand::usize(BETWEEN);
        traffic.progress(more, PATIENCE).with_context(before)?;
        eprint!("{fault:?} ");
        match (fault, &mut database, disk) {
            (Fault::Kill, ..) => backend.kill()?,
            (Fault::Stop, ..) => backend.stop()?,
            (Fault::Cut, Some(database), _) => database.cut()?,
            (Fault::Crash, Some(database), _) => {
                database.crash()?;
                database.launch()?;
            }
            (Fault::Away, Some(database), _) => {
                database.crash()?;
                traffic.refusals(REFUSALS, PATIENCE).with_context(before)?;
                database.launch()?;
            }
            (Fault::Full, _, Some(disk)) => {
                let filler = disk.fill()?;
                traffic.refusals(REFUSALS, PATIENCE).with_context(before)?;
                drop(filler);
            }
            (fault, ..) => bail!("{fault:?} has nothing to break"),
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
