//! Writes, as scripts: a design, who is there, requests, and the replies that they must get.
#![expect(clippy::unwrap_used, reason = "a failure is the test's failure")]

mod access;
mod accounts;
mod audit;
mod checks;
mod deletion;
#[path = "../common/design.rs"]
mod design;
mod fields;
mod files;
mod moves;
mod named;
mod odd;
mod relations;
mod repetition;
mod script;
mod together;
