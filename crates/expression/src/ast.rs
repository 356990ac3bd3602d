//! The part of CEL that a design may use, as a tree. Offsets are bytes in the expression's text.

use std::ops::Range;

/// A node with the range of text that it was read from.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub kind: Kind,
    pub range: Range<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Null,
    Bool(bool),
    Int(i64),
    /// A decimal literal as it was written (`12.50`), so that no digit is lost.
    Decimal(String),
    String(String),
    Identifier(String),
    /// `of.field`; `field_range` covers the name alone.
    Select {
        of: Box<Node>,
        field: String,
        field_range: Range<usize>,
    },
    Not(Box<Node>),
    Negate(Box<Node>),
    Binary {
        operator: Operator,
        left: Box<Node>,
        right: Box<Node>,
    },
    Conditional {
        test: Box<Node>,
        then: Box<Node>,
        otherwise: Box<Node>,
    },
    List(Vec<Node>),
    /// `name(arguments)`, or `of.name(arguments)`. `exists`, `all`, `filter`, `map`, `sum`, `count`, `min`, `max`,
    /// `avg` stay calls here: their first argument is the name that they bind.
    Call {
        of: Option<Box<Node>>,
        name: String,
        name_range: Range<usize>,
        arguments: Vec<Node>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    And,
    Or,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// Why a text is no expression, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    pub message: String,
    pub range: Range<usize>,
    pub help: Option<String>,
}
