//! The server over real TCP: requests in, replies out.
#![expect(clippy::unwrap_used, reason = "a failure is the test's failure")]

mod accounts;
mod common;
mod conduit;
mod contract;
mod cross_origin;
#[path = "../../../store/tests/common/database.rs"]
#[allow(dead_code, reason = "its tests are those of the store")]
mod database;
mod design;
mod files;
mod headers;
mod lifecycle;
mod limits;
mod own_accounts;
mod redis;
mod refusals;
mod replies;
mod shared;
mod system;
mod tenants;
mod unsupported;
