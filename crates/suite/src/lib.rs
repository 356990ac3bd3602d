//! Derives from a plan what any implementation of it has to pass, and asks a server that is known only by its URL.

mod accounts;
mod act;
mod actors;
mod call;
mod cases;
mod client;
mod clock;
mod hints;
mod make;
mod oracle;
mod propose;
mod report;
mod run;
mod seek;
mod session;
mod spare;
mod survey;
mod trial;
mod watch;
mod wire;
mod world;

pub use actors::SignIn;
pub use cases::{Case, TokenKey, TokenSecrets, derive};
pub use client::Stop;
pub use report::{Places, json, junit, text};
pub use run::{Options, Progress, Report, Result, Verdict, default_sign_ins, is_wanted, run};
pub use session::Failure;
