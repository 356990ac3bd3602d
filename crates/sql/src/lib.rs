//! A plan's tables, conditions and queries as SQL text with parameters. Pure: opens no database.
//!
//! No text of a user ever enters the SQL: literals are parameters, names are quoted.

mod types;

pub use types::*;
