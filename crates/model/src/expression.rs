//! Expressions with every name bound and every type known: what compiles to a query, and nothing else.

use crate::{BindingId, EntityId, FieldId, Literal, RoleId};
use archwright_diagnostics::Span;

/// A typed expression. Two-valued: a comparison with a missing value is false (`!=` is true), `==` and `!=` treat
/// missing as a value of its own, and so `a == null` tests for absence; the logic never sees "unknown".
#[derive(Clone, Debug)]
pub struct Expression {
    pub kind: ExpressionKind,
    pub ty: Type,
    /// The value may be missing.
    pub nullable: bool,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    Null,
    Bool,
    /// 64 bits; `int` and `bigint` fields, counts, sizes.
    Int,
    /// A fixed number of digits after the point; sums of products add scales.
    Decimal {
        scale: u32,
    },
    /// All text, slugs, e-mails, enums and uuids.
    Text,
    Date,
    DateTime,
    /// Milliseconds: `duration('7d')`, the difference of two datetimes.
    Duration,
    Json,
    File,
    /// One row of an entity.
    Row(EntityId),
    /// Rows of an entity: a to-many field, or a binding of `list`.
    Rows(EntityId),
    /// Values of an input list, a literal list, or `rows.map(x, …)`.
    List(Box<Type>),
    /// An input object (`body.article`).
    Object,
}

/// A name bound by a macro such as `exists`, unique within one expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VariableId(pub usize);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InputPlace {
    Path,
    Query,
    Header,
    Body,
    /// The body of a move.
    Move,
}

#[derive(Clone, Debug)]
pub enum ExpressionKind {
    Literal(Literal),
    /// The row that the rule, check, computed field or filter is about. Written `self`, or implied by a bare field
    /// name.
    This,
    /// The signed-in account's row; null for nobody.
    Caller,
    /// The access token that the request came with; null for nobody. Written `caller.token`, in replies only.
    CallerToken,
    /// True when somebody is signed in. Written `signed_in`.
    SignedIn,
    /// `'staff' in caller.roles`, roles that include it too.
    HasRole(RoleId),
    /// The caller's tenant row; null for nobody. Written `caller.TENANT_FIELD`, so usually a `Field`; implied ones
    /// use this.
    CallerTenant,
    /// The instant of the request.
    Now,
    /// The UTC date of the request.
    Today,
    /// A row bound by a macro.
    Variable(VariableId),
    /// A row, rows or value bound by a step or by `each` of a shape.
    Binding(BindingId),
    /// `path.slug`, `query.limit`, `body.article.title`; the path has at least one name, except `Header` names,
    /// which are whole.
    Input {
        place: InputPlace,
        path: Vec<String>,
    },
    /// Whether an input was given, be it null. Written `has(body.title)`.
    Given {
        place: InputPlace,
        path: Vec<String>,
    },
    /// A scalar field of a row: its value. A to-one field: the row (its id in comparisons). A to-many field: rows.
    Field {
        of: Box<Expression>,
        field: FieldId,
    },
    /// The id of a row, written `.id`.
    Id(Box<Expression>),
    /// A part of an entry of an error's list. Written `f.code`, in shapes of errors only.
    Part {
        of: Box<Expression>,
        name: String,
    },
    Not(Box<Expression>),
    Negate(Box<Expression>),
    Binary {
        operator: BinaryOperator,
        left: Box<Expression>,
        right: Box<Expression>,
    },
    /// `item in [a, b]` or `item in body.tags`; and `row in rows` (membership in a to-many relation).
    In {
        item: Box<Expression>,
        list: Box<Expression>,
    },
    List(Vec<Expression>),
    Conditional {
        test: Box<Expression>,
        then: Box<Expression>,
        otherwise: Box<Expression>,
    },
    /// `rows.exists(x, condition)`, `rows.all(x, condition)`.
    Quantifier {
        quantifier: Quantifier,
        over: Box<Expression>,
        variable: VariableId,
        condition: Box<Expression>,
    },
    /// `size(rows)`, `rows.size()`, `rows.count(x, condition)`, `rows.sum(x, value)`, `min`, `max`, `avg`. `over` may be
    /// wrapped in `filter(x, condition)`: then `condition` is set. The sum of no rows is 0; `min`, `max`, `avg` of none
    /// are missing. `avg` has scale 2 beyond its argument's.
    Aggregate {
        aggregate: Aggregate,
        over: Box<Expression>,
        variable: VariableId,
        condition: Option<Box<Expression>>,
        /// Absent for counts.
        value: Option<Box<Expression>>,
    },
    /// The rows for which a condition holds. Not written: the plan narrows relations with it.
    Filter {
        over: Box<Expression>,
        variable: VariableId,
        condition: Box<Expression>,
    },
    /// `rows.map(x, value)`: a flat list, in replies only.
    Map {
        over: Box<Expression>,
        variable: VariableId,
        value: Box<Expression>,
    },
    Function {
        function: Function,
        arguments: Vec<Expression>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOperator {
    And,
    Or,
    /// Operands of one type; rows are compared by id. Decimals may differ in scale, and an `Int` beside a decimal counts as one of
    /// scale 0, here and in arithmetic.
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// Numbers, datetime + duration, text + text (concatenation).
    Add,
    /// Numbers, datetime - duration, datetime - datetime.
    Subtract,
    Multiply,
    /// Integers only, toward zero; by zero is missing.
    Divide,
    Remainder,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantifier {
    Exists,
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    Count,
    Sum,
    Min,
    Max,
    Avg,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// `size(text)` or `text.size()`, in characters; of a list of an input, its items.
    Size,
    /// `text.lower()`, ASCII.
    Lower,
    /// `text.upper()`, ASCII.
    Upper,
    /// `text.trim()`
    Trim,
    StartsWith,
    EndsWith,
    Contains,
    /// `duration('90min')`; units ms, s, min (or m), h, d. The argument is folded into an `Int` literal of milliseconds.
    Duration,
    /// `date(datetime)`, in UTC.
    Date,
    /// `coalesce(a, b, …)`
    Coalesce,
    /// `abs(number)`
    Abs,
    /// `string(number)`: the text that JSON has for a whole number, or the one that a decimal is shown as.
    String,
}

impl Expression {
    /// Calls `visit` on this expression and then on everything inside it.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Expression)) {
        visit(self);
        for child in self.children() {
            child.walk(visit);
        }
    }

    /// The direct parts of this expression.
    pub fn children(&self) -> Vec<&Expression> {
        match &self.kind {
            ExpressionKind::Field { of, .. }
            | ExpressionKind::Part { of, .. }
            | ExpressionKind::Id(of) => vec![of],
            ExpressionKind::Not(inner) | ExpressionKind::Negate(inner) => vec![inner],
            ExpressionKind::Binary { left, right, .. } => vec![left, right],
            ExpressionKind::In { item, list } => vec![item, list],
            ExpressionKind::List(items) => items.iter().collect(),
            ExpressionKind::Conditional {
                test,
                then,
                otherwise,
            } => vec![test, then, otherwise],
            ExpressionKind::Quantifier {
                over, condition, ..
            }
            | ExpressionKind::Filter {
                over, condition, ..
            } => vec![over, condition],
            ExpressionKind::Aggregate {
                over,
                condition,
                value,
                ..
            } => {
                let mut children: Vec<&Expression> = vec![over];
                children.extend(condition.as_deref());
                children.extend(value.as_deref());
                children
            }
            ExpressionKind::Map { over, value, .. } => vec![over, value],
            ExpressionKind::Function { arguments, .. } => arguments.iter().collect(),
            ExpressionKind::Literal(_)
            | ExpressionKind::This
            | ExpressionKind::Caller
            | ExpressionKind::CallerToken
            | ExpressionKind::SignedIn
            | ExpressionKind::HasRole(_)
            | ExpressionKind::CallerTenant
            | ExpressionKind::Now
            | ExpressionKind::Today
            | ExpressionKind::Variable(_)
            | ExpressionKind::Binding(_)
            | ExpressionKind::Given { .. }
            | ExpressionKind::Input { .. } => Vec::new(),
        }
    }

    /// The same, to be changed.
    pub fn children_mut(&mut self) -> Vec<&mut Expression> {
        match &mut self.kind {
            ExpressionKind::Field { of, .. }
            | ExpressionKind::Part { of, .. }
            | ExpressionKind::Id(of) => vec![of],
            ExpressionKind::Not(inner) | ExpressionKind::Negate(inner) => vec![inner],
            ExpressionKind::Binary { left, right, .. } => vec![left, right],
            ExpressionKind::In { item, list } => vec![item, list],
            ExpressionKind::List(items) => items.iter_mut().collect(),
            ExpressionKind::Conditional {
                test,
                then,
                otherwise,
            } => vec![test, then, otherwise],
            ExpressionKind::Quantifier {
                over, condition, ..
            }
            | ExpressionKind::Filter {
                over, condition, ..
            } => vec![over, condition],
            ExpressionKind::Aggregate {
                over,
                condition,
                value,
                ..
            } => {
                let mut children: Vec<&mut Expression> = vec![over];
                children.extend(condition.as_deref_mut());
                children.extend(value.as_deref_mut());
                children
            }
            ExpressionKind::Map { over, value, .. } => vec![over, value],
            ExpressionKind::Function { arguments, .. } => arguments.iter_mut().collect(),
            ExpressionKind::Literal(_)
            | ExpressionKind::This
            | ExpressionKind::Caller
            | ExpressionKind::CallerToken
            | ExpressionKind::SignedIn
            | ExpressionKind::HasRole(_)
            | ExpressionKind::CallerTenant
            | ExpressionKind::Now
            | ExpressionKind::Today
            | ExpressionKind::Variable(_)
            | ExpressionKind::Binding(_)
            | ExpressionKind::Given { .. }
            | ExpressionKind::Input { .. } => Vec::new(),
        }
    }

    /// True if its value depends on who calls.
    pub fn depends_on_caller(&self) -> bool {
        let mut depends = false;
        self.walk(&mut |part| {
            depends |= matches!(
                part.kind,
                ExpressionKind::Caller
                    | ExpressionKind::CallerToken
                    | ExpressionKind::SignedIn
                    | ExpressionKind::HasRole(_)
                    | ExpressionKind::CallerTenant
            );
        });
        depends
    }
}
