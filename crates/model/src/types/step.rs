//! The steps of a transaction and the shapes of replies.

use super::{BindingId, EntityId, FieldId, SignUp, ViewId};
use crate::Expression;
use archwright_diagnostics::Span;

#[derive(Clone, Debug)]
pub struct Step {
    pub kind: StepKind,
    pub condition: Option<Expression>,
    pub otherwise: Otherwise,
    /// The body of the reply with the status of `otherwise`.
    pub refusal: Option<Shape>,
    pub span: Span,
}

/// What happens when a step finds nothing or a guard fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Otherwise {
    /// A problem reply with this status.
    Status(u16),
    /// Bind null and go on (`find` only).
    Null,
}

#[derive(Clone, Debug)]
pub enum StepKind {
    Find {
        bind: BindingId,
        name: String,
        entity: EntityId,
        filter: Option<Expression>,
        lock: bool,
    },
    List {
        bind: BindingId,
        name: String,
        entity: EntityId,
        filter: Option<Expression>,
        sort: Vec<(FieldId, Direction)>,
        limit: Option<Expression>,
        offset: Option<Expression>,
        /// Binds the number of all matching rows.
        count: Option<(BindingId, String)>,
    },
    Guard {
        that: Expression,
    },
    Create {
        bind: BindingId,
        name: String,
        entity: EntityId,
        set: Vec<(FieldId, Expression)>,
        /// Of an account that can sign in.
        sign_up: Option<SignUp>,
    },
    Upsert {
        bind: BindingId,
        name: String,
        entity: EntityId,
        key: Vec<(FieldId, Expression)>,
        set: Vec<(FieldId, Expression)>,
    },
    GetOrCreate {
        bind: BindingId,
        name: String,
        entity: EntityId,
        key: Vec<(FieldId, Expression)>,
        set: Vec<(FieldId, Expression)>,
    },
    /// `row` is a row-typed expression (a binding or `caller`). An absent input keeps the field.
    Update {
        row: Expression,
        set: Vec<(FieldId, Expression)>,
        /// The path of the body's text that becomes the account's password; ends its other sessions.
        password: Option<Vec<String>>,
    },
    Delete {
        row: Expression,
    },
    Link {
        from: Expression,
        relation: FieldId,
        row: Expression,
    },
    Unlink {
        from: Expression,
        relation: FieldId,
        row: Expression,
    },
    Increment {
        row: Expression,
        field: FieldId,
        by: Expression,
    },
    Move {
        row: Expression,
        entity: EntityId,
        name: String,
    },
    /// Binds the account whose unique field has one text of the body, and whose password is another one. The first step
    /// of its operation.
    SignIn {
        bind: BindingId,
        name: String,
        key: FieldId,
        value: Vec<String>,
        password: Vec<String>,
    },
    /// Opens a session of an account, and binds its access token.
    Token {
        bind: BindingId,
        name: String,
        row: Expression,
    },
    Each {
        bind: BindingId,
        name: String,
        list: Expression,
        steps: Vec<Step>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Ascending,
    Descending,
}

#[derive(Clone, Debug)]
pub enum Shape {
    /// A row is shown as its entity's default representation.
    Value(Expression),
    Nothing,
    Object(Vec<(String, Shape)>),
    /// Null where the condition does not hold and there is nothing else.
    If {
        test: Expression,
        then: Box<Shape>,
        otherwise: Option<Box<Shape>>,
    },
    /// Of a key of an object: the key is left out where the value or the row is missing.
    IfPresent(Box<Shape>),
    Show {
        view: ViewId,
        of: Expression,
    },
    Each {
        list: Expression,
        bind: BindingId,
        name: String,
        item: Box<Shape>,
    },
}

impl Shape {
    /// What a key of an object shows where it is there.
    pub fn present(&self) -> &Shape {
        match self {
            Self::IfPresent(inner) => inner,
            shape => shape,
        }
    }
}
