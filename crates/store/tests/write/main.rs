//! Writes, as scripts: a design, who is there, requests, and the replies that they must get.
#![expect(clippy::unwrap_used, reason = "a failure is the test's failure")]

include!("modules.rs");

const ON: database::Kind = database::Kind::Sqlite;
const SECURED: bool = false;
