//! What projects in any stack are printed from: features, names, rules, and expressions as queries of rows.
//!
//! Nothing here knows a language or a library. A stack's view asks for these, settles names and types of its own, and
//! prints.

mod capability;
pub mod expression;
pub mod feature;
pub mod guard;
pub mod name;

pub use capability::{Refusals, Unsupported};
