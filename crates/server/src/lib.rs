//! Serves a plan over HTTP: reads requests strictly, lets the store answer, and says no in one form.

#![expect(
    dead_code,
    reason = "the parts that call these are being put in one after another"
)]

mod clock;
mod conditional;
mod json;
mod media;
mod options;
mod passwords;
mod problem;
mod query;
mod routes;
mod secrets;
mod tokens;

pub use options::{
    ClientAddress, Environment, RateLimits, SeedSummary, SeededAccount, ServerOptions,
};
pub use routes::RouteError;
pub use secrets::{Secrets, SecretsError};
