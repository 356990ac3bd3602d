//! The design resolved: names bound, types known, relations paired, rules type-checked. Immutable; the only thing
//! that later stages accept.

pub mod calendar;
mod check;
mod duration;
mod expression;
mod forms;
mod lower;
pub mod naming;
mod types;

pub use check::check;
pub use duration::{duration_from_text, duration_in_words, duration_to_text};
pub use expression::*;
pub use forms::{PHONE_PATTERN, SLUG_PATTERN};
pub use lower::lower;
pub use types::*;
