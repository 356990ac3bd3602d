//! A generated project as files, and what becomes of each when it is generated again. Pure: texts in, decisions out.
//!
//! What a person edited is never overwritten. The records in [`FOLDER`] tell which files are ours and what we wrote
//! into them last; against that base an edited file is merged with its new text, or reported where it can't be.

mod decide;
mod file;
mod hash;
mod manifest;
mod merge;
mod outcome;
mod records;
mod state;

pub use decide::{Decided, Provenance, decide, paths};
pub use file::{Change, Content, File, Kind, Refused, check_path};
pub use hash::Hash;
pub use manifest::{Design, Entry, Manifest, Unreadable};
pub use merge::{Lines, Merge, merge};
pub use outcome::{Action, Conflict, Kept, Outcome, Why};
pub use records::{BASES, CONFLICTS, FOLDER, LOCK, MANIFEST, STAGED, beside};
pub use state::{Found, OnDisk, State};
