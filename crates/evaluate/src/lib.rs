//! What an expression is worth, found in memory: the documented meaning a second time, independent of the SQL.
//!
//! Two-valued, as `model::Expression` says: a comparison with a missing value is false, `==` and `!=` treat missing as
//! a value of its own, and a condition that is missing does not hold.

mod compare;
mod evaluate;
mod functions;
mod number;
mod value;

pub use compare::{compared, same};
pub use evaluate::{evaluate, field, truth};
pub use number::rescaled;
pub use value::{RowRef, Value};

use archwright_plan::model::{BindingId, FieldId, InputPlace, Model, RoleId};

/// Where rows are looked up.
pub trait World {
    /// What the row holds: the stored value of a scalar, [`Value::Row`] or [`Value::Null`] for a to-one relation,
    /// [`Value::Rows`] for a to-many relation, without deleted ones. Computed fields are never asked for.
    fn field(&self, row: &RowRef, field: FieldId) -> Value;
}

/// What an expression may speak of.
#[derive(Clone, Copy)]
pub struct Environment<'a> {
    pub model: &'a Model,
    pub world: &'a dyn World,
    /// The row that the expression is about.
    pub this: Option<&'a RowRef>,
    /// The row of the account that calls; absent for nobody.
    pub caller: Option<&'a RowRef>,
    /// Roles that the caller was granted, without those that they include.
    pub roles: &'a [RoleId],
    /// Milliseconds since 1970: the instant of the request.
    pub now_ms: i64,
    /// What the request gave, as a [`Value::Object`] for each place; header names are its keys as they are.
    pub inputs: &'a [(InputPlace, Value)],
    pub bindings: &'a [(BindingId, Value)],
}

/// Why there is no value. None of these happens for a checked expression on a world that keeps to its model, numbers
/// beyond 64 bits apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EvaluateError {
    /// A number needs more than 64 bits.
    Overflow,
    /// An operand is of another type than the expression says.
    Mismatch(&'static str),
    /// A row, variable or binding that the environment doesn't have.
    Unbound(&'static str),
}

impl std::fmt::Display for EvaluateError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Overflow => formatter.write_str("a number needs more than 64 bits"),
            Self::Mismatch(what) => write!(formatter, "{what} has an operand of another type"),
            Self::Unbound(what) => write!(formatter, "there is no {what} here"),
        }
    }
}

impl std::error::Error for EvaluateError {}
