//! Runs a plan's operations on SQLite: one writer that groups commits, a pool of readers, every rule inside the SQL.

mod api;
mod encryption;
mod open;
mod pool;
mod read;
#[cfg_attr(
    not(test),
    expect(
        dead_code,
        unused_imports,
        reason = "the part that writes answer with has no caller before there are writes"
    )
)]
mod represent;

pub use api::*;
pub use encryption::{Keys, KeysError};
pub use open::{FileLink, OpenError, Secrets, StoreOptions};

use archwright_plan::Plan;
use archwright_plan::model::FieldId;
use std::sync::Arc;

/// A database that holds a plan's rows. Cheap to share, safe from many threads.
pub struct Store {
    pub(crate) shared: Arc<Shared>,
    pub(crate) readers: pool::Pool,
    /// Declared after the connections, which must be closed before a temporary database is deleted.
    _location: open::Location,
}

/// What readers and the writer have in common.
pub(crate) struct Shared {
    pub plan: Arc<Plan>,
    pub compiled: represent::Compiled,
    pub secrets: Arc<dyn Secrets>,
    pub file_link: FileLink,
    /// For further connections of [`open::connect`].
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "the writer will open its connection with it")
    )]
    pub path: std::path::PathBuf,
}

impl Shared {
    /// What the blind index of a field holds for a stored value.
    fn blind_index(&self, field: FieldId, value: &str) -> Vec<u8> {
        self.secrets
            .blind_index(&represent::column_place(&self.plan, field), value)
    }
}

impl Store {
    pub fn plan(&self) -> &Plan {
        &self.shared.plan
    }
}

#[cfg(test)]
extern crate self as archwright_store;

#[cfg(test)]
#[path = "../tests/common/mod.rs"]
#[expect(clippy::unwrap_used, reason = "a failure is the test's failure")]
#[allow(dead_code, reason = "each test uses a part of it")]
mod common;
