//! Plausible rows for a plan that respect every constraint: the same options give the same rows.

mod calendar;
mod pattern;
mod random;
mod text;
pub mod values;
mod words;

pub use random::Rng;
pub use text::slug_of;
