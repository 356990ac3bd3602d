//! A generated project as files, and what becomes of each when it is generated again. Pure: texts in, decisions out.

mod merge;

pub use merge::{Lines, Merge, merge};
