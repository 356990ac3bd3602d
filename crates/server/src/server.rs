//! Listens, hands connections to the service, and stops without cutting anybody off.

use crate::files::{Files, Folder, Links};
use crate::limits::{LOOK_EVERY, Limits, Shared};
use crate::linger::Lingering;
use crate::options::{Environment, SeededAccount, Seeding, ServerOptions};
use crate::routes::RouteError;
use crate::service::Service;
use crate::unsupported::REFUSED;
use crate::unsupported::is_postgres;
use crate::{clock, seed};
use archwright_diagnostics::Diagnostic;
use archwright_plan::{OperationKind, Plan};
use archwright_store::{Failure, FileLink, OpenError, Store, StoreOptions};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::MissedTickBehavior;
use uuid::Uuid;

/// More connections than this wait to be accepted.
const MOST_CONNECTIONS: usize = 10_000;
const MOST_HEADERS: usize = 100;
const MOST_HEAD_BYTES: usize = 64 * 1024;
/// For what runs when the server is told to stop.
const STOP_TIME: Duration = Duration::from_secs(20);
const PURGE_EVERY: Duration = Duration::from_secs(60);
/// Bytes that no row names any more are looked for once an hour.
const SWEEP_EVERY: u64 = 60;

/// A backend that listens; it answers once it runs.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    service: Arc<Service>,
    seeding: Seeding,
    accounts: Vec<SeededAccount>,
}

/// Why a server can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("can't listen on {address}: {source}")]
    Address {
        address: SocketAddr,
        source: std::io::Error,
    },
    /// A rule that has no SQL.
    #[error("{}", .0.message)]
    Unsupported(Box<Diagnostic>),
    #[error(transparent)]
    Open(OpenError),
    #[error(
        "the address of Redis is not understood ({0}); write redis://HOST:PORT or rediss://USER:PASSWORD@HOST:PORT"
    )]
    Redis(String),
    #[error(
        "Redis does not let the server in ({0}); look at user, password and database number of its address"
    )]
    RedisRefused(String),
    #[error("the folder of uploaded files can't be made: {0}")]
    Files(std::io::Error),
    #[error("the database can't be filled: {0:?}")]
    Seed(Failure),
    #[error("seeded accounts have passwords that everybody knows, so production takes no seed")]
    SeedInProduction,
    #[error(
        "the database was filled by a seed, and its accounts have passwords that everybody knows; \
         production needs a database of its own"
    )]
    SeededDatabase,
    #[error("the database can't be read: {0:?}")]
    Database(Failure),
    #[error(transparent)]
    Route(#[from] RouteError),
}

impl From<OpenError> for StartError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Unsupported(construct) => {
                let message = format!("the server can't run {} yet", construct.what);
                let diagnostic = Diagnostic::new(REFUSED, construct.span, message);
                let help = "say it in another way, or take it out to serve the rest";
                Self::Unsupported(Box::new(diagnostic.help(help)))
            }
            other => Self::Open(other),
        }
    }
}

impl Server {
    /// Takes the port, opens the database, and fills it where it is empty and rows are given.
    pub async fn bind(plan: Plan, mut options: ServerOptions) -> Result<Self, StartError> {
        if options.seed.is_some() && options.environment == Environment::Production {
            return Err(StartError::SeedInProduction);
        }
        let failed = |source| StartError::Address {
            address: options.address,
            source,
        };
        let listener = TcpListener::bind(options.address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let plan = Arc::new(plan);
        let links = has_files(&plan).then(|| Links::new(&options.secrets, &plan));
        let no_link: FileLink = Arc::new(|_, _| String::new());
        let store = StoreOptions {
            url: options.database_url.clone(),
            readers: readers(&options.database_url),
            patience: DATABASE_PATIENCE,
            progress: Arc::new(|what| tracing::warn!("{what}")),
            secrets: options.secrets.fields(),
            file_link: links.as_ref().map_or(no_link, Links::maker),
        };
        let store = Arc::new(Store::open(plan.clone(), store)?);
        let files = match links {
            Some(links) => Some(files(&store, &options.data_dir, links).await?),
            None => None,
        };
        if options.environment == Environment::Production
            && store.has_seeded_accounts().map_err(StartError::Database)?
        {
            return Err(StartError::SeededDatabase);
        }
        let (seeding, accounts) = match options.seed.take() {
            Some(seed) => seed::fill(&store, seed, clock::now())
                .await
                .map_err(StartError::Seed)?,
            None => (Seeding::NotAsked, Vec::new()),
        };
        let limits = limits(&plan, &options).await?;
        let service = Service::new(plan, store, files, limits, accounts.clone(), &options)?;
        Ok(Self {
            listener,
            address,
            service: Arc::new(service),
            seeding,
            accounts,
        })
    }

    /// Where it listens; with the port that was taken where 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether the database was empty, so that the schema was made.
    pub fn made_schema(&self) -> bool {
        self.service.store.made_schema()
    }

    /// What became of the rows that were given.
    pub fn seeding(&self) -> Seeding {
        self.seeding
    }

    /// Seeded accounts that can sign in.
    pub fn accounts(&self) -> &[SeededAccount] {
        &self.accounts
    }

    /// Answers until `shutdown` comes, finishes what runs, and closes the database.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let Self {
            listener, service, ..
        } = self;
        let connections = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        let graceful = GracefulShutdown::new();
        let purge = tokio::spawn(purge(service.clone()));
        let look = tokio::spawn(look(service.clone()));
        tokio::pin!(shutdown);
        loop {
            let (stream, peer, permit) = tokio::select! {
                accepted = accept(&listener, &connections) => accepted,
                () = &mut shutdown => break,
            };
            let service = service.clone();
            let connection = connection(stream, peer, service);
            let connection = graceful.watch(connection);
            tokio::spawn(async move {
                // A connection that breaks is the client's affair.
                let _ = connection.await;
                drop(permit);
            });
        }
        drop(listener);
        service.stop();
        purge.abort();
        look.abort();
        if tokio::time::timeout(STOP_TIME, graceful.shutdown())
            .await
            .is_err()
        {
            tracing::warn!("stopped with requests that took too long");
        }
    }
}

fn has_files(plan: &Plan) -> bool {
    let mut kinds = plan.operations.iter().map(|operation| &operation.kind);
    kinds.any(|kind| *kind == OperationKind::Download)
}

/// Together with the other copies where the design has Redis and its address is known.
async fn limits(plan: &Plan, options: &ServerOptions) -> Result<Option<Limits>, StartError> {
    let model = &plan.model;
    let redis = options.redis.as_ref();
    let redis = redis.filter(|_| model.stack.cache.name == "redis");
    let shared = redis.map(|redis| Shared::new(redis, &model.name));
    let shared = shared.transpose().map_err(StartError::Redis)?;
    let limits = Limits::new(&model.api.rates, options.rate_limits, shared);
    if let Some(shared) = Shared::of(limits.as_ref()) {
        shared.start().await.map_err(StartError::RedisRefused)?;
    }
    Ok(limits)
}

/// How long the start waits for a database server.
pub(crate) const DATABASE_PATIENCE: Duration = Duration::from_secs(60);

/// On SQLite, one connection that reads for each core: reads don't leave the thread that they came on. Those to a
/// server wait for it, so that more of them are of use.
fn readers(database_url: &str) -> usize {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    match is_postgres(database_url) {
        true => (cores * 4).clamp(8, 32),
        false => cores,
    }
}

async fn accept(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> (TcpStream, IpAddr, Option<OwnedSemaphorePermit>) {
    // The semaphore is never closed.
    let permit = connections.clone().acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer.ip(), permit),
            Err(error) => {
                tracing::warn!(%error, "can't accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

fn connection(
    stream: TcpStream,
    peer: IpAddr,
    service: Arc<Service>,
) -> impl hyper_util::server::graceful::GracefulConnection<Error = hyper::Error> {
    // Replies are written whole: nothing is gained by waiting for more.
    let _ = stream.set_nodelay(true);
    let head_time = service.request_time();
    let stream = Lingering::new(stream, service.clone());
    let answer = service_fn(move |request| {
        let service = service.clone();
        async move { Ok::<_, Infallible>(service.answer(request, peer).await) }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_time)
        .max_headers(MOST_HEADERS)
        .max_header_size(MOST_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), answer)
}

/// Each database has a folder of its own: what one has no record of may be another's, even that of a copy. That of a
/// temporary database goes with it.
async fn files(store: &Store, data_dir: &Path, links: Links) -> Result<Files, StartError> {
    let folder = match store.temporary() {
        Some(folder) => Folder::alone(folder.join("files")),
        None => {
            let name = store.identity(Uuid::now_v7()).await;
            let name = name.map_err(StartError::Database)?;
            let place = store.place().map_err(StartError::Database)?;
            let all = data_dir.join("files");
            Folder::of(all, &name.to_string(), &place).map_err(StartError::Files)?
        }
    };
    let patience = Duration::from_secs(store.plan().model.api.timeout_seconds);
    Files::new(folder, links, patience).map_err(StartError::Files)
}

/// Sees Redis go and come back.
async fn look(service: Arc<Service>) {
    let Some(shared) = Shared::of(service.limits.as_ref()) else {
        return;
    };
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        shared.look().await;
    }
}

/// Forgets what has expired.
async fn purge(service: Arc<Service>) {
    let mut ticks = tokio::time::interval(PURGE_EVERY);
    for count in 0_u64.. {
        ticks.tick().await;
        if count % SWEEP_EVERY == 0 {
            service.sweep();
        }
        if let Some(limits) = &service.limits {
            limits.purge();
        }
        if let Err(error) = service.store.purge(clock::now()).await {
            tracing::warn!(?error, "can't delete what has expired");
        }
    }
}
