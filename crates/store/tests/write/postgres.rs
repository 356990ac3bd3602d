//! The same writes, on PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a failure is the test's failure")]

include!("modules.rs");

const ON: database::Kind = database::Kind::Postgres;
const SECURED: bool = false;
