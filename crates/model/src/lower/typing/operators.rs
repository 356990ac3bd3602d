//! Operators: which types they take and give.

use super::values::{compatible, precision_for, wider};
use super::{Typed, Typer, expression, plain};
use crate::lower::context::unknown;
use crate::{BinaryOperator, Expression, ExpressionKind, Literal, Type};
use archwright_diagnostics::Span;
use archwright_expression::ast::{Kind, Node, Operator};

/// Most digits after the point that a product may have.
const SCALE: u32 = 18;

impl Typer<'_, '_, '_> {
    pub(super) fn binary(
        &mut self,
        operator: Operator,
        left: &Node,
        right: &Node,
        span: Span,
    ) -> Option<Typed> {
        let known = match operator {
            Operator::And => BinaryOperator::And,
            Operator::Or => BinaryOperator::Or,
            Operator::In => return self.contained(left, right, span),
            Operator::Equal => BinaryOperator::Equal,
            Operator::NotEqual => BinaryOperator::NotEqual,
            Operator::Less => BinaryOperator::Less,
            Operator::LessOrEqual => BinaryOperator::LessOrEqual,
            Operator::Greater => BinaryOperator::Greater,
            Operator::GreaterOrEqual => BinaryOperator::GreaterOrEqual,
            Operator::Add => BinaryOperator::Add,
            Operator::Subtract => BinaryOperator::Subtract,
            Operator::Multiply => BinaryOperator::Multiply,
            Operator::Divide => BinaryOperator::Divide,
            Operator::Remainder => BinaryOperator::Remainder,
        };
        match known {
            BinaryOperator::And | BinaryOperator::Or => {
                // Both sides are checked, so that all that is wrong is said at once.
                let first = self.boolean(left);
                let holds = known == BinaryOperator::And;
                let second = self.knowing(left, holds, |typer| typer.boolean(right));
                let (left, right) = (first, second);
                Some(join(known, left?, right?, Type::Bool, false, span))
            }
            BinaryOperator::Add
            | BinaryOperator::Subtract
            | BinaryOperator::Multiply
            | BinaryOperator::Divide
            | BinaryOperator::Remainder => {
                let (left, right) = (self.node(left), self.node(right));
                self.arithmetic(known, left?.expression, right?.expression, span)
            }
            _ => {
                let same = self.text.value.get(left.range.clone())
                    == self.text.value.get(right.range.clone());
                if same && matches!(left.kind, Kind::Identifier(_) | Kind::Select { .. }) {
                    let help =
                        "write `self.` before the field of the row, if a binding has the same name";
                    return self.fail(
                        "AW322",
                        span,
                        "both sides of this comparison are the same",
                        help,
                    );
                }
                let (left, right) = (self.node(left), self.node(right));
                self.comparison(known, left?, right?, span)
            }
        }
    }

    /// Runs `inside` with what a condition says about missing values when it holds, or when it doesn't.
    fn knowing<T>(
        &mut self,
        condition: &Node,
        holds: bool,
        inside: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let before = self.present.len();
        known_present(&self.text.value, condition, holds, &mut self.present);
        let result = inside(self);
        self.present.truncate(before);
        result
    }

    // ---- comparison ----

    fn comparison(
        &mut self,
        operator: BinaryOperator,
        mut left: Typed,
        mut right: Typed,
        span: Span,
    ) -> Option<Typed> {
        if let Some(scalar) = right.scalar.clone() {
            self.lowering.adapt(&mut left.expression, &scalar)?;
        }
        if let Some(scalar) = left.scalar.clone() {
            self.lowering.adapt(&mut right.expression, &scalar)?;
        }
        let equality = matches!(operator, BinaryOperator::Equal | BinaryOperator::NotEqual);
        let (left, right) = (left.expression, right.expression);
        let comparable = match (&left.ty, &right.ty) {
            (Type::Null, other) | (other, Type::Null) => {
                equality && !matches!(other, Type::Rows(_))
            }
            (Type::Int | Type::Decimal { .. }, Type::Int | Type::Decimal { .. }) => true,
            (Type::Text, Type::Text)
            | (Type::Date, Type::Date)
            | (Type::DateTime, Type::DateTime)
            | (Type::Duration, Type::Duration) => true,
            (Type::Bool, Type::Bool) => equality,
            (Type::Row(left), Type::Row(right)) => equality && left == right,
            _ => false,
        };
        if comparable {
            return Some(join(operator, left, right, Type::Bool, false, span));
        }
        let (first, second) = (
            self.lowering.describe(&left.ty),
            self.lowering.describe(&right.ty),
        );
        let message = if left.ty == right.ty && !equality {
            format!("one can't say which is less: {first}")
        } else {
            format!("these can't be compared: {first} and {second}")
        };
        let help = comparison_help(&left, &right, equality);
        self.fail("AW322", span, message, help)
    }

    // ---- membership ----

    fn contained(&mut self, left: &Node, right: &Node, span: Span) -> Option<Typed> {
        if let Kind::Select { of, field, .. } = &right.kind
            && field == "roles"
            && self.is_caller(of)
        {
            return self.has_role(left, of, span);
        }
        let (left, right) = (self.node(left), self.node(right));
        let (mut left, mut right) = (left?, right?);
        if let Some(scalar) = left.scalar.clone() {
            self.lowering.adapt(&mut right.expression, &scalar)?;
        }
        if let (Some(scalar), Type::List(_)) = (right.scalar.clone(), &right.expression.ty) {
            self.lowering.adapt(&mut left.expression, &scalar)?;
        }
        let (item, list) = (left.expression, right.expression);
        let fits = match (&item.ty, &list.ty) {
            (Type::Row(row), Type::Rows(rows)) => row == rows,
            (Type::Rows(_) | Type::Null, _) => false,
            (item, Type::List(of)) => compatible(item, of),
            _ => false,
        };
        if fits {
            let kind = ExpressionKind::In {
                item: Box::new(item),
                list: Box::new(list),
            };
            return Some(plain(expression(kind, Type::Bool, false, span)));
        }
        let (first, second) = (
            self.lowering.describe(&item.ty),
            self.lowering.describe(&list.ty),
        );
        let help = match &list.ty {
            Type::Text => "to look inside a text, use `text.contains('…')`",
            Type::Rows(_) => "use `rows.exists(x, x.field == …)`",
            _ => "put a list on the right: `status in ['draft', 'open']`",
        };
        self.fail(
            "AW322",
            span,
            format!("`in` does not fit {first} and {second}"),
            help,
        )
    }

    fn has_role(&mut self, left: &Node, caller: &Node, span: Span) -> Option<Typed> {
        let Kind::String(name) = &left.kind else {
            let at = self.span(&left.range);
            return self.fail(
                "AW327",
                at,
                "the role has to be written out",
                "write `'staff' in caller.roles`",
            );
        };
        self.node(caller)?;
        if let Some(role) = self.lowering.role_names.get(&name[..]) {
            return Some(plain(expression(
                ExpressionKind::HasRole(*role),
                Type::Bool,
                false,
                span,
            )));
        }
        let at = self.span(&left.range);
        let mut diagnostic = unknown(
            "AW270",
            at,
            "role",
            name,
            self.lowering.role_names.keys().copied(),
        );
        if let Some(fix) = &mut diagnostic.fix {
            fix.replacement = format!("'{}'", fix.replacement);
        }
        self.lowering.report(diagnostic);
        None
    }

    // ---- arithmetic ----

    fn arithmetic(
        &mut self,
        operator: BinaryOperator,
        left: Expression,
        right: Expression,
        span: Span,
    ) -> Option<Typed> {
        let mut nullable = left.nullable || right.nullable;
        let ty = match (operator, &left.ty, &right.ty) {
            (BinaryOperator::Add, Type::Text, Type::Text) => Some(Type::Text),
            (BinaryOperator::Add, Type::DateTime, Type::Duration) => Some(Type::DateTime),
            (BinaryOperator::Add, Type::Duration, Type::DateTime) => {
                return Some(join(operator, right, left, Type::DateTime, nullable, span));
            }
            (BinaryOperator::Subtract, Type::DateTime, Type::Duration) => Some(Type::DateTime),
            (BinaryOperator::Subtract, Type::DateTime, Type::DateTime) => Some(Type::Duration),
            (BinaryOperator::Divide | BinaryOperator::Remainder, Type::Int, Type::Int) => {
                let safe = matches!(right.kind, ExpressionKind::Literal(Literal::Int(value)) if value != 0);
                nullable |= !safe;
                Some(Type::Int)
            }
            (_, Type::Int, Type::Int) => Some(Type::Int),
            (BinaryOperator::Add | BinaryOperator::Subtract, left, right)
                if numeric(left) && numeric(right) =>
            {
                Some(wider(left, right))
            }
            (BinaryOperator::Multiply, left, right) if numeric(left) && numeric(right) => {
                Some(Type::Decimal {
                    scale: scale(left) + scale(right),
                })
            }
            _ => None,
        };
        match ty {
            Some(Type::Decimal { scale }) if scale > SCALE => {
                let message = format!("the product would have {scale} digits after the point");
                self.fail("AW322", span, message, format!("keep it to {SCALE}"))
            }
            Some(ty) => Some(join(operator, left, right, ty, nullable, span)),
            None => self.no_arithmetic(operator, &left, &right, span),
        }
    }

    fn no_arithmetic(
        &mut self,
        operator: BinaryOperator,
        left: &Expression,
        right: &Expression,
        span: Span,
    ) -> Option<Typed> {
        let decimal = |side: &Expression| matches!(side.ty, Type::Decimal { .. });
        let divides = matches!(operator, BinaryOperator::Divide | BinaryOperator::Remainder);
        if divides && numeric(&left.ty) && numeric(&right.ty) {
            let part = if decimal(left) { left } else { right };
            let message = format!(
                "only whole numbers are divided, and this is {}",
                self.lowering.describe(&part.ty)
            );
            let help = division_help(operator, left, right);
            return self.fail("AW322", part.span, message, help);
        }
        let (first, second) = (
            self.lowering.describe(&left.ty),
            self.lowering.describe(&right.ty),
        );
        let help = match operator {
            BinaryOperator::Add | BinaryOperator::Subtract
                if left.ty == Type::Date || right.ty == Type::Date =>
            {
                "dates are only compared: calculate with an instant, and take its date, `date(now - duration('7d')) > due_on`"
            }
            BinaryOperator::Add if left.ty == Type::Text || right.ty == Type::Text => {
                "join texts with texts only"
            }
            BinaryOperator::Add | BinaryOperator::Subtract if left.ty == Type::DateTime => {
                "write the span as `duration('7d')`"
            }
            _ => "calculate with numbers",
        };
        self.fail(
            "AW322",
            span,
            format!("one can't calculate with {first} and {second}"),
            help,
        )
    }

    // ---- choice and lists ----

    pub(super) fn conditional(
        &mut self,
        test: &Node,
        then: &Node,
        otherwise: &Node,
        span: Span,
    ) -> Option<Typed> {
        let condition = self.boolean(test);
        let then = self.knowing(test, true, |typer| typer.node(then));
        let otherwise = self.knowing(test, false, |typer| typer.node(otherwise));
        let (test, mut then, mut otherwise) = (condition?, then?, otherwise?);
        if let Some(scalar) = then.scalar.clone() {
            self.lowering.adapt(&mut otherwise.expression, &scalar)?;
        }
        if let Some(scalar) = otherwise.scalar.clone() {
            self.lowering.adapt(&mut then.expression, &scalar)?;
        }
        let scalar = then.scalar.or(otherwise.scalar);
        let (then, otherwise) = (then.expression, otherwise.expression);
        if !compatible(&then.ty, &otherwise.ty) {
            let (first, second) = (
                self.lowering.describe(&then.ty),
                self.lowering.describe(&otherwise.ty),
            );
            let message = format!("the two values differ in kind: {first} and {second}");
            return self.fail("AW322", span, message, "give both the same type");
        }
        let (ty, nullable) = (
            wider(&then.ty, &otherwise.ty),
            then.nullable || otherwise.nullable,
        );
        let kind = ExpressionKind::Conditional {
            test: Box::new(test),
            then: Box::new(then),
            otherwise: Box::new(otherwise),
        };
        Some(Typed {
            expression: expression(kind, ty, nullable, span),
            scalar,
        })
    }

    pub(super) fn list(&mut self, nodes: &[Node], span: Span) -> Option<Typed> {
        let items: Vec<Option<Typed>> = nodes.iter().map(|node| self.node(node)).collect();
        let items: Vec<Expression> = items
            .into_iter()
            .map(|item| item.map(|item| item.expression))
            .collect::<Option<_>>()?;
        let mut ty = Type::Null;
        for item in &items {
            if !compatible(&ty, &item.ty)
                || matches!(item.ty, Type::Rows(_) | Type::List(_) | Type::Null)
            {
                let message = format!(
                    "a list holds values of one kind, and this is {}",
                    self.lowering.describe(&item.ty)
                );
                return self.fail("AW322", item.span, message, "give all items the same type");
            }
            ty = wider(&ty, &item.ty);
        }
        if items.is_empty() {
            return self.fail(
                "AW322",
                span,
                "an empty list holds nothing",
                "put values in it",
            );
        }
        let nullable = items.iter().any(|item| item.nullable);
        let list = expression(
            ExpressionKind::List(items),
            Type::List(Box::new(ty)),
            nullable,
            span,
        );
        Some(plain(list))
    }
}

/// The paths that are there if a condition holds, or doesn't: `x.y` for `x.y != null`, and `x` too.
pub(in crate::lower) fn known_present(
    text: &str,
    condition: &Node,
    holds: bool,
    present: &mut Vec<String>,
) {
    match &condition.kind {
        Kind::Not(inner) => known_present(text, inner, !holds, present),
        Kind::Binary {
            operator,
            left,
            right,
        } => match operator {
            Operator::And if holds => {
                known_present(text, left, holds, present);
                known_present(text, right, holds, present);
            }
            Operator::Or if !holds => {
                known_present(text, left, holds, present);
                known_present(text, right, holds, present);
            }
            Operator::NotEqual | Operator::Equal
                if right.kind == Kind::Null && holds == (*operator == Operator::NotEqual) =>
            {
                let mut path = &**left;
                loop {
                    present.extend(text.get(path.range.clone()).map(str::to_owned));
                    match &path.kind {
                        Kind::Select { of, .. } => path = of,
                        _ => break,
                    }
                }
            }
            _ => {}
        },
        _ => {}
    }
}

fn join(
    operator: BinaryOperator,
    left: Expression,
    right: Expression,
    ty: Type,
    nullable: bool,
    span: Span,
) -> Typed {
    let kind = ExpressionKind::Binary {
        operator,
        left: Box::new(left),
        right: Box::new(right),
    };
    plain(expression(kind, ty, nullable, span))
}

fn numeric(ty: &Type) -> bool {
    matches!(ty, Type::Int | Type::Decimal { .. })
}

fn scale(ty: &Type) -> u32 {
    match ty {
        Type::Decimal { scale } => *scale,
        _ => 0,
    }
}

/// A quotient has no end of digits. A product with the inverse has, where that has; and a comparison can be multiplied.
fn division_help(operator: BinaryOperator, left: &Expression, right: &Expression) -> String {
    let by = match right.kind {
        ExpressionKind::Literal(Literal::Int(by)) => inverse(by),
        _ => None,
    };
    let Some((units, digits)) = by.filter(|_| operator == BinaryOperator::Divide) else {
        return "a quotient has no end of digits: compare products, `price > limit * nights`"
            .to_owned();
    };
    let scale = scale(&left.ty) + digits;
    format!(
        "multiply by the inverse, `* 0.{units:0>width$}`; a field for the product is `decimal({}, {scale})`",
        precision_for(scale),
        width = digits as usize
    )
}

/// The digits of `1 / by` behind the point, where they end soon: 0.125 is 125 with 3 digits.
fn inverse(by: i64) -> Option<(i64, u32)> {
    let digits = (1..=6).find(|digits| by > 1 && 10_i64.pow(*digits) % by == 0)?;
    Some((10_i64.pow(digits) / by, digits))
}

fn comparison_help(left: &Expression, right: &Expression, equality: bool) -> &'static str {
    match (&left.ty, &right.ty) {
        (Type::Row(_), Type::Text | Type::Int) | (Type::Text | Type::Int, Type::Row(_)) => {
            "compare the row's id: `customer.id`"
        }
        (Type::Rows(_), _) | (_, Type::Rows(_)) => {
            "ask about the rows: `.exists(x, …)`, `.size()`, `x in rows`"
        }
        (Type::DateTime, Type::Date) | (Type::Date, Type::DateTime) => {
            "take the date of the instant: `date(created_at)`"
        }
        (Type::DateTime, Type::Duration) | (Type::Duration, Type::DateTime) => {
            "add the duration to `now`"
        }
        (Type::List(_), _) | (_, Type::List(_)) => "use `in`",
        (Type::Null, _) | (_, Type::Null) if !equality => "use `== null` or `!= null`",
        (Type::Json | Type::File | Type::Object, _) => "only `== null` and `!= null` fit here",
        _ => "compare values of the same type",
    }
}
