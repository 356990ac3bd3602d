//! The design resolved: names bound, types known, relations paired, rules type-checked. Immutable; the only thing
//! that later stages accept.

pub mod calendar;
mod check;
mod duration;
mod expression;
mod lower;
pub mod naming;
mod types;

pub use check::check;
pub use duration::{duration_from_text, duration_to_text};
pub use expression::*;
pub use lower::lower;
pub use types::*;
