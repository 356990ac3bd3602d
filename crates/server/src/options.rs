//! What a server is started with.

use crate::Secrets;
use archwright_plan::SeedRow;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

pub struct ServerOptions {
    /// Where to listen; port 0 takes any free one.
    pub address: SocketAddr,
    pub environment: Environment,
    /// Uploaded files and, in development, generated secrets live below it.
    pub data_dir: PathBuf,
    /// `sqlite://PATH`, `sqlite::memory:` or `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.
    pub database_url: String,
    /// Used where the design has Redis.
    pub redis: Option<Redis>,
    pub rate_limits: RateLimits,
    pub client_address: ClientAddress,
    /// Where clients reach the server, without a trailing slash; absent: where they found the document.
    pub public_url: Option<String>,
    /// The `iss` of access tokens; absent: a URN made of the design's name.
    pub issuer: Option<String>,
    /// Put in where the database is empty; development offers to sign in as each account.
    pub seed: Option<Seed>,
    pub secrets: Secrets,
}

/// What copies of a server count together in.
#[derive(Clone)]
pub struct Redis {
    /// `redis://USER:PASSWORD@HOST:PORT`, or `rediss://` with TLS.
    pub url: String,
    /// One that takes longer to answer is away.
    pub patience: Duration,
}

impl Redis {
    /// It answers in a fraction of a millisecond, and no request shall wait for it for long.
    pub const PATIENCE: Duration = Duration::from_millis(250);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    /// Generated secrets, sign-in links for seeded accounts.
    Development,
    /// Secrets from the environment only, HSTS.
    Production,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateLimits {
    /// As the design says.
    Planned,
    /// None, for load tests and the black-box suite.
    Off,
    /// The design's counts times this.
    Scaled(u32),
}

/// Whose address anonymous requests are counted under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAddress {
    /// The other end of the connection.
    Peer,
    /// The last entry of `X-Forwarded-For`, for a server that only one trusted proxy can reach.
    Forwarded,
}

/// Rows for an empty database.
pub struct Seed {
    pub rows: Vec<SeedRow>,
    /// Accounts among the rows that stand for each role.
    pub accounts: Vec<SeededAccount>,
    /// Told how many rows are in.
    pub progress: Box<dyn Fn(usize) + Send>,
}

/// What became of the wish to seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seeding {
    NotAsked,
    /// The database was empty, and has this many rows now.
    Filled(usize),
    /// Nothing was put in: the database has rows already.
    NotEmpty,
}

/// An account that stands for a role.
#[derive(Clone, Debug)]
pub struct SeededAccount {
    pub role: String,
    /// The value of the account's sign-in field.
    pub sign_in: String,
    pub password: String,
}
