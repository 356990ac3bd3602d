//! The same writes, on PostgreSQL under row-level security: it refuses nothing that the design allows.
#![expect(clippy::unwrap_used, reason = "a failure is the test's failure")]

include!("modules.rs");

const ON: database::Kind = database::Kind::Postgres;
const SECURED: bool = true;
