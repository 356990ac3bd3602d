//! Serves a plan over HTTP: reads requests strictly, lets the store answer, and says no in one form.

mod accounts;
mod appoint;
mod body;
mod clock;
mod conditional;
mod cors;
mod error_shape;
mod exchange;
mod files;
mod fixed;
mod json;
mod limits;
mod linger;
mod log;
mod media;
mod metrics;
mod options;
mod passwords;
mod prepared;
mod problem;
mod query;
mod reply;
mod request;
mod routes;
mod secrets;
mod seed;
mod server;
mod service;
mod system;
mod tokens;
mod trace;
mod unsupported;

pub use appoint::{Appointed, appoint};
pub use archwright_store::{OpenError, shown_url};
pub use log::{Verbosity, start_log};
pub use options::{
    ClientAddress, Environment, RateLimits, Redis, Seed, SeededAccount, Seeding, ServerOptions,
};
pub use routes::RouteError;
pub use secrets::{Secrets, SecretsError};
pub use server::{Server, StartError};
pub use unsupported::{Asked, is_postgres, unsupported};
