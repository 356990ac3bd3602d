//! A plan's tables, conditions and queries as SQL text with parameters. Pure: opens no database.
//!
//! No text of a user ever enters the SQL: literals are parameters, names are quoted. Only DDL, which can't bind,
//! inlines the design's own literals, through the dialect's escaper.

mod access;
mod comparison;
mod ddl;
mod dialect;
mod error;
mod policy;
mod printer;
mod projection;
mod relation;
mod setting;
mod types;
mod value;

pub use access::*;
pub use ddl::{
    SEARCH_COLUMN, check_condition, ddl, postgres_search, schema_fingerprint, search_rowid,
    search_table,
};
pub use error::*;
pub use policy::{SecurityNames, row_security, without_row_security};
pub use printer::*;
pub use projection::*;
pub use relation::Source;
pub use setting::{role_statement, settings_statement};
pub use types::*;
