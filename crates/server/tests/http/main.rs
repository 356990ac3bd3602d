//! The server over real TCP: requests in, replies out.
#![expect(clippy::unwrap_used, reason = "a failure is the test's failure")]

mod accounts;
mod common;
mod cross_origin;
mod design;
mod files;
mod headers;
mod lifecycle;
mod limits;
mod refusals;
mod replies;
mod system;
mod tenants;
mod unsupported;
