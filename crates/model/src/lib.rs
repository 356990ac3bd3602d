//! The design resolved: names bound, types known, relations paired, rules type-checked. Immutable; the only thing
//! that later stages accept.

mod check;
mod expression;
mod lower;
mod types;

pub use check::check;
pub use expression::*;
pub use lower::lower;
pub use types::*;
