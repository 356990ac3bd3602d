//! Runs the operations that change rows.

use crate::{Call, Context, Failure, Reply, Store};
use archwright_plan::SeedRow;
use std::collections::BTreeMap;

impl Store {
    /// Answers an operation of kind Create, Update, Delete, Move, Link, Unlink, RemoveFile or SetRoles, in one
    /// transaction, with its idempotency record and its audit entries.
    pub async fn write(&self, call: Call, context: Context) -> Result<Reply, Failure> {
        let _ = (call, context);
        Err(Failure::Internal("not there yet".to_owned()))
    }

    /// What is wrong with the body of a call, as far as that shows without looking at rows; for replies that name
    /// every bad field before anything costly is done.
    pub fn check_body(&self, call: &Call, context: &Context) -> Result<(), Failure> {
        let _ = (call, context);
        Err(Failure::Internal("not there yet".to_owned()))
    }

    /// Whether no table of the design has a row.
    pub fn is_empty(&self) -> Result<bool, Failure> {
        Err(Failure::Internal("not there yet".to_owned()))
    }

    /// Puts rows into an empty database, all or none. `hashes` has the argon2 hash of each password that the rows
    /// have. `progress` is told how many rows are in.
    pub async fn seed(
        &self,
        rows: Vec<SeedRow>,
        hashes: BTreeMap<String, String>,
        now: i64,
        progress: impl Fn(usize) + Send + 'static,
    ) -> Result<(), Failure> {
        let _ = (rows, hashes, now, progress);
        Err(Failure::Internal("not there yet".to_owned()))
    }

    /// Deletes idempotency records and sessions that have expired.
    pub async fn purge(&self, now: i64) -> Result<(), Failure> {
        let _ = now;
        Err(Failure::Internal("not there yet".to_owned()))
    }
}
