//! What a statement is made of.

use archwright_plan::model::{BindingId, FieldId, InputPlace, Literal};

/// The database that the text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

/// SQL text with `?1`, `?2`, … (SQLite) or `$1`, `$2`, … (PostgreSQL), and what to bind, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statement {
    pub text: String,
    pub parameters: Vec<Parameter>,
}

/// What a parameter stands for; the back end has its value when the statement runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Parameter {
    Literal(Literal),
    /// The caller's account id, or null.
    CallerId,
    /// The access token that the request came with, or null.
    CallerToken,
    /// 1 when somebody is signed in.
    SignedIn,
    /// 1 when the caller has the role or one that includes it.
    HasRole(archwright_plan::model::RoleId),
    /// Milliseconds since 1970.
    Now,
    Today,
    /// The id of the row that a statement is about.
    RowId,
    Input {
        place: InputPlace,
        path: Vec<String>,
    },
    /// 1 when the input was given.
    Given {
        place: InputPlace,
        path: Vec<String>,
    },
    Binding(BindingId),
    /// The keyed hash of the parameter's text, as the field's blind index stores it.
    Blind {
        field: FieldId,
        of: Box<Parameter>,
    },
    /// The parameter's text, if it is a uuid as ids are written; otherwise null.
    Uuid(Box<Parameter>),
    /// The n-th value that the statement's user supplies (a column to set, a filter's value, a cursor's part).
    Value(usize),
}
