//! Expressions as queries of rows: relations followed, missing values and scales made plain, so that a printer for an
//! ORM only prints.
//!
//! Conditions are two-valued here as they are in a design: where a comparison might be neither, the tree says that a
//! missing value counts as false.

mod lower;
mod rows;

pub use lower::{Lowering, lower, lower_condition};

use archwright_plan::ColumnSource;
use archwright_plan::model::{EntityId, FieldId, Function, Literal, RoleId, Type};

/// A row of some query, by its position in [`Lowered::rows`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowId(pub usize);

/// Where a row comes from, and what a person would call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowInfo {
    pub name: String,
    pub source: RowSource,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowSource {
    Entity(EntityId),
    /// The link table of a many-to-many relation, by its canonical field.
    Link(FieldId),
}

/// A tree and the rows that it speaks of. The first one is the row that the expression is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Lowered {
    pub rows: Vec<RowInfo>,
    pub tree: Tree,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    /// Decimals are of the scale of their type.
    Literal(Literal, Type),
    Column {
        row: RowId,
        column: ColumnSource,
    },
    /// A computed field, at the scale that it is declared with.
    Computed {
        row: RowId,
        field: FieldId,
    },
    CallerId,
    SignedIn,
    HasRole(RoleId),
    Now,
    Today,
    /// The input of a move.
    Input {
        name: String,
        ty: Type,
    },
    Not(Box<Tree>),
    And(Vec<Tree>),
    Or(Vec<Tree>),
    Compare {
        operator: Comparison,
        left: Box<Tree>,
        right: Box<Tree>,
        /// One of them may be missing: equality takes that for a value of its own, an order for false.
        missing: bool,
    },
    IsMissing(Box<Tree>),
    OneOf {
        item: Box<Tree>,
        items: Vec<Tree>,
        missing: bool,
    },
    /// A missing truth value counts as false.
    OrFalse(Box<Tree>),
    Arithmetic {
        operator: Arithmetic,
        left: Box<Tree>,
        right: Box<Tree>,
    },
    Negate(Box<Tree>),
    /// Texts, one after the other.
    Joined(Box<Tree>, Box<Tree>),
    If {
        test: Box<Tree>,
        then: Box<Tree>,
        otherwise: Box<Tree>,
    },
    /// The first that is not missing.
    Coalesce(Vec<Tree>),
    /// The same number with other digits after the point; half is rounded away from zero.
    Rescale {
        value: Box<Tree>,
        from: u32,
        to: u32,
    },
    Call {
        function: Function,
        arguments: Vec<Tree>,
        missing: bool,
    },
    Exists {
        query: Query,
        negated: bool,
    },
    Select {
        query: Query,
        selected: Selected,
    },
}

/// Rows that meet all conditions.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    pub rows: Vec<RowId>,
    pub conditions: Vec<Tree>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Selected {
    /// Of the one row there is.
    Value(Box<Tree>),
    Count,
    /// 0 of no rows.
    Sum(Box<Tree>),
    Min(Box<Tree>),
    Max(Box<Tree>),
    /// Half is rounded away from zero.
    Average {
        value: Box<Tree>,
        scale: u32,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    Add,
    Subtract,
    Multiply,
}
