//! Plausible rows for a plan that respect every constraint: the same options give the same rows.

mod accounts;
mod designed;
mod generate;
mod judge;
mod order;
mod random;
mod repair;
mod text;
pub mod values;
mod words;
mod world;

pub use accounts::{PASSWORD, SignIn, known_sign_ins, sign_ins};
pub use random::Rng;
pub use text::slug_of;

use archwright_plan::{Plan, SeedRow};

/// What the rows depend on, beside the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeedOptions {
    /// Another seed gives other rows.
    pub seed: u64,
    /// The rows were made in the days before this instant (milliseconds since 1970).
    pub now_ms: i64,
    /// Multiplies all numbers of rows; 0 counts as 1.
    pub scale: u32,
}

/// Why there are no rows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SeedError {
    /// No order of creation exists.
    #[error("rows of {} need each other before they exist; make one of the relations optional", .entities.join(", "))]
    Circle { entities: Vec<String> },
    /// A row under `seed` names a row that there is none of.
    #[error("the seed of {entity} refers to `{name}` by {field}, and there is no such row")]
    Unknown {
        entity: String,
        field: String,
        name: String,
    },
    /// A row under `seed` breaks a rule of the design.
    #[error("row {number} of the seed of {entity} can't be made: {reason}")]
    Designed {
        entity: String,
        number: usize,
        reason: String,
    },
}

/// Rows for an empty database, each required reference pointing backwards. An entity gets fewer rows than wished when
/// no more are found that keep its rules (one settings row for each account, say).
pub fn rows(plan: &Plan, options: &SeedOptions) -> Result<Vec<SeedRow>, SeedError> {
    let order = order::entities(&plan.model)?;
    let mut generator = generate::Generator::new(plan, *options);
    for entity in &order {
        generator.fill(*entity)?;
    }
    generator.finish()?;
    Ok(generator.world.into_rows())
}

#[cfg(test)]
mod tests;
