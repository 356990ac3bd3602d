//! What one request may ask for: the same numbers for whoever checks, documents or tests it.

/// Values behind one `in` filter.
pub const LISTED_VALUES: usize = 50;
/// Characters of `?q=`.
pub const SEARCH_CHARACTERS: usize = 200;
/// Paths in `?expand=`.
pub const EXPANDED_PATHS: usize = 10;
/// Relations on one path in `?expand=`, where that makes not too many paths.
pub const EXPANDED_DEPTH: usize = 3;
/// Rows that `?expand=` puts into one reply, with their parts.
pub const EXPANDED_ROWS: usize = 10_000;
/// Rows and values of the lists in the reply of a named operation; and rows that the `each` steps of one call go through.
pub const LISTED_ROWS: usize = 10_000;
/// Items of a list of values, and of links or parts, in the body of an operation on a resource.
pub const BODY_ITEMS: usize = 100;
/// Items of a list in the input of a named operation.
pub const INPUT_ITEMS: usize = 1_000;
/// Faults that a problem document lists.
pub const FAULTS: usize = 100;
/// Bytes of an `Idempotency-Key`.
pub const IDEMPOTENCY_KEY_BYTES: usize = 255;
/// Levels of objects and lists in a body.
pub const BODY_NESTING: usize = 64;
/// Bytes of all texts of a row that are searched: PostgreSQL holds a megabyte of words with their positions.
pub const SEARCHED_BYTES: usize = 500_000;
/// Characters of a password.
pub const PASSWORD_CHARACTERS: usize = archwright_model::PASSWORD_CHARACTERS as usize;
