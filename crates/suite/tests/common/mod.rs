//! Servers of the examples, in this process, and the suite against them.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![expect(clippy::unwrap_used, reason = "a failure is the test's failure")]

use archwright_plan::Plan;
use archwright_seed::{SeedOptions, rows, sign_ins};
use archwright_server::{
    ClientAddress, Environment, RateLimits, Redis, Secrets, Seed, SeededAccount, Server,
    ServerOptions,
};
use archwright_suite::{Options, Report, TokenKey, TokenSecrets, Verdict, default_sign_ins, run};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// 2026-10-25T10:00:00.000Z: the seeded rows are so old that what they set expired.
const NOW: i64 = 1_792_922_400_000;

/// The plan of a design in `examples`, or in the `designs` of these tests.
pub fn example(name: &str) -> Plan {
    archwright_plan::plan(example_model(name))
}

/// The same with row-level security in the database.
pub fn example_with_rls(name: &str) -> Plan {
    let mut model = example_model(name);
    model.stack.rls = true;
    archwright_plan::plan(model)
}

fn example_model(name: &str) -> archwright_plan::model::Model {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["../../examples", "tests/designs"].map(|folder| crates.join(folder).join(name));
    let folder = folders.iter().find(|folder| folder.exists()).unwrap();
    let mut files: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .map(|path| {
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                std::fs::read(&path).unwrap(),
            )
        })
        .collect();
    files.sort();
    let (model, diagnostics) = archwright_model::check(&archwright_design::read(&files));
    model.unwrap_or_else(|| panic!("{diagnostics:#?}"))
}

/// A seeded server that runs until it is dropped.
pub struct Running {
    pub address: SocketAddr,
    /// What signs its access tokens.
    key: TokenKey,
    stop: Option<oneshot::Sender<()>>,
    runtime: Option<Runtime>,
    _folder: Arc<tempfile::TempDir>,
}

/// Serves a plan with the rows that a plan makes; the two differ where the plan is a mutant.
pub fn serve(plan: Plan, seeded: &Plan) -> Running {
    serve_on("sqlite::memory:".to_owned(), plan, seeded)
}

/// An empty database in the PostgreSQL server of the test run, which goes with that server.
pub fn postgres_database() -> String {
    let server = std::env::var("ARCHWRIGHT_TEST_POSTGRES").expect(
        "ARCHWRIGHT_TEST_POSTGRES names a PostgreSQL server; `cargo xtask test` starts one",
    );
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("suite_{}_{number}", std::process::id());
    let mut client = postgres::Client::connect(&server, postgres::NoTls).unwrap();
    client
        .batch_execute(&format!("CREATE DATABASE {name}"))
        .unwrap();
    let (start, _) = server.rsplit_once('/').unwrap();
    format!("{start}/{name}")
}

pub fn serve_on(database_url: String, plan: Plan, seeded: &Plan) -> Running {
    let place = Place {
        folder: Arc::new(tempfile::tempdir().unwrap()),
        database_url,
        redis: None,
        rate_limits: RateLimits::Off,
    };
    serve_at(&place, plan, seeded)
}

/// What copies of a server share.
pub struct Place {
    /// Secrets and files.
    pub folder: Arc<tempfile::TempDir>,
    pub database_url: String,
    pub redis: Option<Redis>,
    pub rate_limits: RateLimits,
}

pub fn serve_at(place: &Place, plan: Plan, seeded: &Plan) -> Running {
    let folder = place.folder.clone();
    let secrets = Secrets::load(Environment::Development, folder.path()).unwrap();
    let rows = rows(
        seeded,
        &SeedOptions {
            seed: 1,
            now_ms: NOW,
            scale: 1,
        },
    )
    .unwrap();
    let accounts = sign_ins(&rows, seeded)
        .into_iter()
        .map(|one| SeededAccount {
            role: one.role_name,
            sign_in: one.sign_in,
            password: one.password,
        });
    let options = ServerOptions {
        address: "127.0.0.1:0".parse().unwrap(),
        environment: Environment::Development,
        data_dir: folder.path().to_owned(),
        database_url: place.database_url.clone(),
        redis: place.redis.clone(),
        rate_limits: place.rate_limits,
        client_address: ClientAddress::Peer,
        public_url: None,
        issuer: None,
        seed: Some(Seed {
            accounts: accounts.collect(),
            rows,
            progress: Box::new(|_| {}),
        }),
        secrets,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let server = runtime
        .block_on(Server::bind(plan, options))
        .unwrap_or_else(|error| panic!("{error}"));
    let address = server.address();
    let (stop, stopped) = oneshot::channel();
    runtime.spawn(server.run(async move {
        // The sender may be dropped with the test.
        let _ = stopped.await;
    }));
    Running {
        address,
        key: signing_key(folder.path()),
        stop: Some(stop),
        runtime: Some(runtime),
        _folder: folder,
    }
}

/// From the file in which development keeps its secrets.
fn signing_key(folder: &Path) -> TokenKey {
    let kept = std::fs::read_to_string(folder.join("development.secrets")).unwrap();
    let mut pairs = kept.lines().filter_map(|line| line.split_once('='));
    let key = pairs.find(|(name, _)| *name == "ARCHWRIGHT_SIGNING_KEYS");
    TokenKey::new(key.unwrap().1)
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Runs the cases of a plan against a server; `only` as on the command line.
pub fn suite(plan: &Plan, server: &Running, only: Option<&str>) -> Report {
    suite_at(plan, server, server.address, only)
}

/// Asks the server by another address.
pub fn suite_at(plan: &Plan, server: &Running, at: SocketAddr, only: Option<&str>) -> Report {
    suite_over(plan, server, &[at], only)
}

/// Another one, to see that what the suite finds hangs on no luck: `ARCHWRIGHT_SUITE_SEED=1`.
fn seed() -> u64 {
    let given = std::env::var("ARCHWRIGHT_SUITE_SEED").ok();
    given.map_or(7, |seed| seed.parse().unwrap())
}

/// Asks copies of the server in turn.
pub fn suite_over(
    plan: &Plan,
    server: &Running,
    copies: &[SocketAddr],
    only: Option<&str>,
) -> Report {
    let options = Options {
        urls: copies.iter().map(|at| format!("http://{at}")).collect(),
        sign_ins: default_sign_ins(plan),
        secrets: TokenSecrets {
            key: Some(server.key.clone()),
            expired_token: None,
        },
        only: only.map(str::to_owned),
        seed: seed(),
        ..Options::default()
    };
    run(plan, &options, |_| {}).unwrap()
}

pub fn failed(report: &Report) -> Vec<&str> {
    let failed = report
        .results
        .iter()
        .filter(|result| matches!(result.verdict, Verdict::Failed(_)));
    failed.map(|result| result.name.as_str()).collect()
}

/// Names and reasons.
pub fn skipped(report: &Report) -> Vec<(&str, &str)> {
    let results = report.results.iter();
    let skipped = results.filter_map(|result| match &result.verdict {
        Verdict::Skipped(reason) | Verdict::Unreached(reason) => {
            Some((result.name.as_str(), reason.as_str()))
        }
        _ => None,
    });
    skipped.collect()
}
