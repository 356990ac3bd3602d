//! Runs a plan's operations on SQLite: one writer that groups commits, a pool of readers, every rule inside the SQL.

mod api;

pub use api::*;
