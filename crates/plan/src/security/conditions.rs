//! Which parts of a condition a database can judge, and when.

use crate::guards::binary;
use archwright_model::{
    BinaryOperator, Expression, ExpressionKind, FieldId, FieldKind, Literal, Model, Type,
};

pub(super) fn and(left: Expression, right: Expression) -> Expression {
    binary(BinaryOperator::And, left, right)
}

pub(super) struct Conditions<'a> {
    pub model: &'a Model,
}

impl Conditions<'_> {
    /// The conditions that are joined by `&&`. To leave one out allows more, never less.
    pub fn parts(&self, condition: &Expression) -> Vec<Expression> {
        match &condition.kind {
            ExpressionKind::Binary {
                operator: BinaryOperator::And,
                left,
                right,
            } => {
                let mut parts = self.parts(left);
                parts.extend(self.parts(right));
                parts
            }
            _ => vec![condition.clone()],
        }
    }

    /// The request's input and the keys of encrypted fields are not in the database.
    pub fn is_sayable(&self, part: &Expression) -> bool {
        self.every(part, &|part| match &part.kind {
            ExpressionKind::Input { .. } | ExpressionKind::Binding(_) => false,
            ExpressionKind::Binary {
                operator: BinaryOperator::Equal | BinaryOperator::NotEqual,
                left,
                right,
            } => {
                let is_null =
                    |side: &Expression| matches!(side.kind, ExpressionKind::Literal(Literal::Null));
                let is_sealed = |side: &Expression| match side.kind {
                    ExpressionKind::Field { field, .. } => self.model.field(field).sensitive,
                    _ => false,
                };
                (is_null(left) || !is_sealed(right)) && (is_null(right) || !is_sealed(left))
            }
            ExpressionKind::In { item, .. } => match item.kind {
                ExpressionKind::Field { field, .. } => !self.model.field(field).sensitive,
                _ => true,
            },
            _ => true,
        })
    }

    /// Looks at no rows that lead to the row itself: they may not be written yet, or are gone already.
    pub fn without_rows(&self, part: &Expression) -> bool {
        self.every(part, &|part| match &part.kind {
            ExpressionKind::Quantifier { .. }
            | ExpressionKind::Aggregate { .. }
            | ExpressionKind::Filter { .. }
            | ExpressionKind::Map { .. } => false,
            ExpressionKind::In { list, .. } => !matches!(list.ty, Type::Rows(_)),
            // A row of the same entity may be the row itself, as it was.
            ExpressionKind::Field { of, field } => !returns(of, *field),
            _ => true,
        })
    }

    /// Looks at no row but the row itself, whose fields are what the database is asked about, and at what never changes of
    /// others: one request may change several rows, and the server judged them before.
    pub fn of_the_row_alone(&self, part: &Expression) -> bool {
        self.without_rows(part)
            && self.every(part, &|part| match &part.kind {
                ExpressionKind::Field { of, field } => {
                    matches!(of.kind, ExpressionKind::This) || self.stays(*field)
                }
                _ => true,
            })
    }

    fn stays(&self, field: FieldId) -> bool {
        let definition = self.model.field(field);
        let is_tenant = self.model.entity(field.entity).tenant == Some(field);
        definition.immutable || (is_tenant && definition.settable.is_none())
    }

    /// Whether it reads one of these fields of the row itself.
    pub fn reads(&self, part: &Expression, fields: &[FieldId]) -> bool {
        !self.every(part, &|part| match &part.kind {
            ExpressionKind::Field { of, field } => {
                !(matches!(of.kind, ExpressionKind::This) && fields.contains(field))
            }
            _ => true,
        })
    }

    /// Whether a test holds for an expression and all that is inside, computed fields included.
    fn every(&self, part: &Expression, test: &dyn Fn(&Expression) -> bool) -> bool {
        let computed = match &part.kind {
            ExpressionKind::Field { field, .. } => {
                let field = self.model.field(*field);
                let is_scalar = matches!(field.kind, FieldKind::Scalar(_));
                field.computed.as_ref().filter(|_| is_scalar)
            }
            _ => None,
        };
        test(part)
            && computed.is_none_or(|computed| self.every(computed, test))
            && part
                .children()
                .into_iter()
                .all(|child| self.every(child, test))
    }
}

/// Whether a field is of a row of an entity that the way to it has been at before.
fn returns(way: &Expression, field: FieldId) -> bool {
    match &way.kind {
        ExpressionKind::Field { of, field: step } => {
            step.entity == field.entity || returns(of, field)
        }
        _ => false,
    }
}
