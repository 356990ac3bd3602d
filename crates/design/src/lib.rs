//! The design language's surface: YAML text in, a syntax tree with places out, and back to text.
//! Opens no file: callers hand in paths and bytes.

pub mod ast;
mod format;
mod keys;
mod lower;
mod quantity;
mod read;
mod schema;
mod split;
mod yaml;

pub use format::format;
pub use keys::{LIST_PARAMETERS, RESERVED_FIELDS, RESERVED_OF_ACCOUNTS, TIMESTAMPS};
pub use lower::MAX_NAME;
pub use quantity::{count, duration, rate, size};
pub use read::{Reading, read};
pub use schema::json_schema;
pub use split::cut_by_comma;
