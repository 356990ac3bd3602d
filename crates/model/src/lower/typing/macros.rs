//! The macros over rows: `exists`, `all`, `count`, `sum` and their like, `filter` before them, and `map`.

use super::{Typed, Typer, Variable, expression, plain};
use crate::{
    Aggregate, BinaryOperator, EntityId, Expression, ExpressionKind, Quantifier, ScalarType, Type,
    VariableId,
};
use archwright_diagnostics::Span;
use archwright_expression::ast::{Kind, Node};

/// Rows that a macro runs over, perhaps narrowed by `filter`.
pub(super) struct Rows {
    pub over: Expression,
    pub entity: EntityId,
    pub variable: VariableId,
    pub condition: Option<Expression>,
}

impl Typer<'_, '_, '_> {
    /// A macro over rows names each of them first; `inside` shows what is said about it.
    fn wrong_macro<T>(&mut self, of: &Node, name: &str, inside: &str, span: Span) -> Option<T> {
        let rows = self.text.value.get(of.range.clone()).unwrap_or("rows");
        let message = format!("`{name}` takes a name for each row, and then what it asks about it");
        let help = format!("write `{rows}.{name}({inside})`");
        self.fail("AW325", span, message, help)
    }

    pub(super) fn fresh(&mut self) -> VariableId {
        self.next_variable += 1;
        VariableId(self.next_variable - 1)
    }

    fn rows(&mut self, of: &Node) -> Option<Rows> {
        if let Kind::Call {
            of: Some(inner),
            name,
            arguments,
            ..
        } = &of.kind
            && name == "filter"
        {
            let mut rows = self.rows(inner)?;
            let [variable, condition] = &arguments[..] else {
                let span = self.span(&of.range);
                return self.wrong_macro(inner, "filter", "x, x.field == …", span);
            };
            let condition =
                self.with_variable(variable, &rows, |typer| typer.boolean(condition))?;
            let span = condition.span;
            rows.condition = Some(match rows.condition {
                Some(first) => both(BinaryOperator::And, first, condition, span),
                None => condition,
            });
            return Some(rows);
        }
        let over = self.node(of)?.expression;
        match over.ty {
            Type::Rows(entity) => Some(Rows {
                over,
                entity,
                variable: self.fresh(),
                condition: None,
            }),
            ref other => {
                let message = format!(
                    "this runs over the rows of a relation, and this is {}",
                    self.lowering.describe(other)
                );
                self.fail(
                    "AW325",
                    over.span,
                    message,
                    "use it on a relation to many rows",
                )
            }
        }
    }

    fn with_variable<T>(
        &mut self,
        name: &Node,
        rows: &Rows,
        inside: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let Kind::Identifier(name) = &name.kind else {
            let span = self.span(&name.range);
            return self.fail(
                "AW325",
                span,
                "the first argument names the row",
                "write `rows.exists(x, x.field == …)`",
            );
        };
        self.variables.push(Variable {
            name: name.clone(),
            id: rows.variable,
            entity: rows.entity,
        });
        let result = inside(self);
        self.variables.pop();
        result
    }

    pub(super) fn quantifier(
        &mut self,
        of: &Node,
        quantifier: Quantifier,
        arguments: &[Node],
        span: Span,
    ) -> Option<Typed> {
        let [variable, condition] = arguments else {
            let name = match quantifier {
                Quantifier::All => "all",
                Quantifier::Exists => "exists",
            };
            return self.wrong_macro(of, name, "x, x.field == …", span);
        };
        let rows = self.rows(of)?;
        let condition = self.with_variable(variable, &rows, |typer| typer.boolean(condition))?;
        let at = condition.span;
        let condition = match (rows.condition, quantifier) {
            (None, _) => condition,
            (Some(filter), Quantifier::Exists) => both(BinaryOperator::And, filter, condition, at),
            (Some(filter), Quantifier::All) => {
                let outside =
                    expression(ExpressionKind::Not(Box::new(filter)), Type::Bool, false, at);
                both(BinaryOperator::Or, outside, condition, at)
            }
        };
        let kind = ExpressionKind::Quantifier {
            quantifier,
            over: Box::new(rows.over),
            variable: rows.variable,
            condition: Box::new(condition),
        };
        Some(plain(expression(kind, Type::Bool, false, span)))
    }

    pub(super) fn map(
        &mut self,
        of: &Node,
        arguments: &[Node],
        name_span: Span,
        span: Span,
    ) -> Option<Typed> {
        if !self.scope.maps {
            let help = "ask about the rows with `exists`, `all`, `sum` or `count`";
            return self.fail(
                "AW326",
                name_span,
                "`map` makes a list, and only replies can hold one",
                help,
            );
        }
        let [variable, value] = arguments else {
            return self.wrong_macro(of, "map", "x, x.name", span);
        };
        let rows = self.rows(of)?;
        if rows.condition.is_some() {
            return self.fail(
                "AW326",
                name_span,
                "`map` does not go with `filter`",
                "use a `list` step with a `where`",
            );
        }
        let value = self.with_variable(variable, &rows, |typer| typer.node(value))?;
        let item = value.expression;
        if matches!(item.ty, Type::Rows(_) | Type::List(_)) {
            let message = format!(
                "a list is flat, and this is {}",
                self.lowering.describe(&item.ty)
            );
            return self.fail("AW325", item.span, message, "map to one value of each row");
        }
        let ty = Type::List(Box::new(item.ty.clone()));
        let kind = ExpressionKind::Map {
            over: Box::new(rows.over),
            variable: rows.variable,
            value: Box::new(item),
        };
        Some(Typed {
            expression: expression(kind, ty, false, span),
            scalar: value.scalar,
        })
    }

    pub(super) fn aggregate(
        &mut self,
        of: &Node,
        aggregate: Aggregate,
        arguments: &[Node],
        name_span: Span,
        span: Span,
    ) -> Option<Typed> {
        let mut rows = self.rows(of)?;
        if aggregate == Aggregate::Count {
            match arguments {
                [] => {}
                [variable, condition] => {
                    let condition =
                        self.with_variable(variable, &rows, |typer| typer.boolean(condition))?;
                    let at = condition.span;
                    rows.condition = Some(match rows.condition.take() {
                        Some(first) => both(BinaryOperator::And, first, condition, at),
                        None => condition,
                    });
                }
                _ => return self.wrong_macro(of, "count", "x, x.field == …", span),
            }
            return Some(counted(rows, span));
        }
        let [variable, value] = arguments else {
            let name = match aggregate {
                Aggregate::Min => "min",
                Aggregate::Max => "max",
                Aggregate::Avg => "avg",
                Aggregate::Sum | Aggregate::Count => "sum",
            };
            return self.wrong_macro(of, name, "x, x.price", span);
        };
        let value = self.with_variable(variable, &rows, |typer| typer.node(value))?;
        self.reduced(rows, aggregate, value, name_span, span)
    }

    fn reduced(
        &mut self,
        rows: Rows,
        aggregate: Aggregate,
        value: Typed,
        name_span: Span,
        span: Span,
    ) -> Option<Typed> {
        let ordered = matches!(aggregate, Aggregate::Min | Aggregate::Max);
        let ty = match (&value.expression.ty, aggregate) {
            (Type::Int, Aggregate::Avg) => Type::Decimal { scale: 2 },
            (Type::Decimal { scale }, Aggregate::Avg) => Type::Decimal { scale: scale + 2 },
            (Type::Int | Type::Decimal { .. }, _) => value.expression.ty.clone(),
            (Type::Date | Type::DateTime | Type::Text, _) if ordered => value.expression.ty.clone(),
            (other, _) => {
                let message = format!(
                    "this needs numbers, and this is {}",
                    self.lowering.describe(other)
                );
                return self.fail(
                    "AW325",
                    name_span,
                    message,
                    "name a number of the row: `rows.sum(x, x.price)`",
                );
            }
        };
        let scalar = value
            .scalar
            .filter(|scalar| ordered && !matches!(scalar, ScalarType::Enum { .. }));
        let kind = ExpressionKind::Aggregate {
            aggregate,
            over: Box::new(rows.over),
            variable: rows.variable,
            condition: rows.condition.map(Box::new),
            value: Some(Box::new(value.expression)),
        };
        Some(Typed {
            expression: expression(kind, ty, aggregate != Aggregate::Sum, span),
            scalar,
        })
    }
}

pub(super) fn counted(rows: Rows, span: Span) -> Typed {
    let kind = ExpressionKind::Aggregate {
        aggregate: Aggregate::Count,
        over: Box::new(rows.over),
        variable: rows.variable,
        condition: rows.condition.map(Box::new),
        value: None,
    };
    plain(expression(kind, Type::Int, false, span))
}

fn both(operator: BinaryOperator, left: Expression, right: Expression, span: Span) -> Expression {
    let kind = ExpressionKind::Binary {
        operator,
        left: Box::new(left),
        right: Box::new(right),
    };
    expression(kind, Type::Bool, false, span)
}
