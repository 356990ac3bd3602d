//! Types of values: which literal becomes which, what can be put where.

use super::Typed;
use crate::lower::context::Lowering;
use crate::lower::literals;
use crate::lower::typing::Scope;
use crate::{Expression, ExpressionKind, FieldId, FieldKind, Function, Literal, ScalarType, Type};
use archwright_design::ast::Text;
use archwright_diagnostics::Span;

/// What a value has to be for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::lower) enum Absent {
    /// An absent input leaves the field as it is.
    Keeps,
    /// An absent input is an absent value.
    Counts,
}

impl Lowering<'_> {
    /// Turns literals of an expression into literals of the type that it is compared with or put into.
    pub fn adapt(&mut self, expression: &mut Expression, scalar: &ScalarType) -> Option<()> {
        match &mut expression.kind {
            ExpressionKind::Literal(Literal::Text(text)) => {
                let checked = matches!(
                    scalar,
                    ScalarType::Enum { .. }
                        | ScalarType::Date
                        | ScalarType::DateTime
                        | ScalarType::Uuid
                        | ScalarType::Email
                );
                if !checked {
                    return Some(());
                }
                match literals::read(scalar, text) {
                    Ok(literal) => {
                        expression.kind = ExpressionKind::Literal(literal);
                        expression.ty = scalar.value_type();
                        Some(())
                    }
                    Err(why) => {
                        let text = text.clone();
                        self.unfit_literal(scalar, &text, &why, expression.span)
                    }
                }
            }
            ExpressionKind::Literal(Literal::Int(value)) => {
                if let ScalarType::Decimal { scale, .. } = scalar
                    && let Some(units) = value.checked_mul(10_i64.pow(*scale))
                {
                    expression.ty = Type::Decimal { scale: *scale };
                    expression.kind = ExpressionKind::Literal(Literal::Decimal {
                        units,
                        scale: *scale,
                    });
                }
                Some(())
            }
            ExpressionKind::Conditional {
                then, otherwise, ..
            } => {
                self.adapt(then, scalar)?;
                self.adapt(otherwise, scalar)?;
                expression.ty = wider(&then.ty, &otherwise.ty);
                Some(())
            }
            ExpressionKind::Function {
                function: Function::Coalesce,
                arguments,
            } => {
                let mut ty = Type::Null;
                for argument in arguments {
                    self.adapt(argument, scalar)?;
                    ty = wider(&ty, &argument.ty);
                }
                expression.ty = ty;
                Some(())
            }
            ExpressionKind::List(items) => {
                for item in items.iter_mut() {
                    self.adapt(item, scalar)?;
                }
                if let Some(first) = items.first() {
                    expression.ty = Type::List(Box::new(first.ty.clone()));
                }
                Some(())
            }
            _ => Some(()),
        }
    }

    fn unfit_literal(
        &mut self,
        scalar: &ScalarType,
        text: &str,
        why: &str,
        span: Span,
    ) -> Option<()> {
        if let ScalarType::Enum { .. } = scalar {
            let diagnostic = archwright_diagnostics::Diagnostic::new(
                "AW323",
                span,
                format!("`{text}` is none of the values"),
            );
            let diagnostic = match why
                .strip_prefix("did you mean `")
                .and_then(|rest| rest.strip_suffix("`?"))
            {
                Some(meant) => {
                    diagnostic
                        .help(why)
                        .fix(format!("write `{meant}`"), span, format!("'{meant}'"))
                }
                None => diagnostic.help(why),
            };
            self.report(diagnostic);
            return None;
        }
        let message = format!(
            "`{text}` can't be compared with or put into `{}`: {why}",
            scalar.name()
        );
        self.error("AW223", span, message, "write a value of that type");
        None
    }

    /// A value for a field.
    pub fn assigned(
        &mut self,
        text: &Text,
        field: FieldId,
        scope: &Scope,
        absent: Absent,
    ) -> Option<Expression> {
        let typed = self.typed(text, scope)?;
        if self.broken.contains(&field) {
            return None;
        }
        let optional = self.field(field).optional;
        let expression = match self.field(field).kind.clone() {
            FieldKind::Scalar(scalar) => self.fit(typed, &scalar)?,
            FieldKind::ToOne(relation) => self.fit_row(typed.expression, relation.target)?,
            FieldKind::ToMany(_) => return None,
        };
        let kept =
            absent == Absent::Keeps && matches!(expression.kind, ExpressionKind::Input { .. });
        if expression.nullable && !optional && !kept {
            let message = format!(
                "this may be missing, and `{}` is required",
                self.path(field)
            );
            let help = match expression.kind {
                ExpressionKind::Caller => {
                    "let only signed-in callers do this, with `by: signed-in`"
                }
                ExpressionKind::Input { .. } => {
                    "make the input required, or give it or the field a default"
                }
                _ => "use `coalesce(value, instead)`, or make the field optional with `?`",
            };
            self.error("AW322", expression.span, message, help);
            return None;
        }
        Some(expression)
    }

    fn fit_row(&mut self, expression: Expression, target: crate::EntityId) -> Option<Expression> {
        match &expression.ty {
            Type::Null => Some(expression),
            Type::Row(entity) if *entity == target => Some(expression),
            other => {
                let message = format!(
                    "one {} is needed, and this is {}",
                    self.entity(target).name,
                    self.describe(other)
                );
                let help = match (other, &expression.kind) {
                    (Type::Text | Type::Int, ExpressionKind::Input { .. }) => {
                        format!(
                            "give the input the type `{}`: it takes the id",
                            self.entity(target).name
                        )
                    }
                    _ => format!(
                        "use a row that a step found, or an input of type `{}`",
                        self.entity(target).name
                    ),
                };
                self.error("AW322", expression.span, message, help);
                None
            }
        }
    }

    /// Makes a value fit a scalar type, or says why it can't.
    pub fn fit(&mut self, mut typed: Typed, scalar: &ScalarType) -> Option<Expression> {
        self.adapt(&mut typed.expression, scalar)?;
        let expression = typed.expression;
        let fits = match (&expression.ty, scalar) {
            (Type::Null, _) => true,
            (Type::Int, ScalarType::Decimal { .. }) => true,
            (Type::Decimal { scale: from }, ScalarType::Decimal { scale: to, .. }) => from <= to,
            (Type::Text, ScalarType::Enum { values }) => match &typed.scalar {
                Some(ScalarType::Enum { values: from }) => {
                    from.iter().all(|value| values.contains(value))
                }
                _ => only_literals(&expression),
            },
            (Type::Text, ScalarType::Uuid) => {
                typed.scalar == Some(ScalarType::Uuid) || only_literals(&expression)
            }
            (Type::File, _) => false,
            (ty, _) => *ty == scalar.value_type(),
        };
        if fits {
            return Some(expression);
        }
        let needed = match scalar {
            ScalarType::Enum { .. } => "one of the values of the enum".to_owned(),
            ScalarType::Uuid => "a uuid".to_owned(),
            scalar => self.describe(&scalar.value_type()),
        };
        let given = self.describe(&expression.ty);
        let message = format!("{needed} is needed, and this is {given}");
        let help = match (&expression.ty, scalar) {
            (Type::Decimal { scale }, ScalarType::Decimal { .. }) => {
                format!(
                    "declare the field with {scale} digits after the point: `decimal({}, {scale})`",
                    precision_for(*scale)
                )
            }
            (Type::DateTime, ScalarType::Date) => "use `date(…)`, or `today`".to_owned(),
            (Type::Row(_), _) => "name a field of the row".to_owned(),
            (Type::Text, ScalarType::Enum { values }) => {
                format!("use one of {}", values.join(", "))
            }
            _ => "change the expression or the field's type".to_owned(),
        };
        self.error("AW322", expression.span, message, help);
        None
    }
}

/// The digits in all of a field for values with so many behind the point.
pub(super) fn precision_for(scale: u32) -> u32 {
    if scale <= 5 { 15 } else { 18 }
}

fn only_literals(expression: &Expression) -> bool {
    match &expression.kind {
        ExpressionKind::Literal(_) => true,
        ExpressionKind::Conditional {
            then, otherwise, ..
        } => only_literals(then) && only_literals(otherwise),
        ExpressionKind::Function {
            function: Function::Coalesce,
            arguments,
        } => arguments.iter().all(only_literals),
        // An enum of the same values inside a choice was adapted with its literals; other text was not.
        _ => false,
    }
}

/// The type that holds values of both; the first when there is none.
pub(super) fn wider(left: &Type, right: &Type) -> Type {
    match (left, right) {
        (Type::Null, other) | (other, Type::Null) => other.clone(),
        (Type::Int, Type::Decimal { scale }) | (Type::Decimal { scale }, Type::Int) => {
            Type::Decimal { scale: *scale }
        }
        (Type::Decimal { scale: left }, Type::Decimal { scale: right }) => Type::Decimal {
            scale: *left.max(right),
        },
        (left, _) => left.clone(),
    }
}

/// Whether one expression may hold values of both.
pub(super) fn compatible(left: &Type, right: &Type) -> bool {
    let numbers = |ty: &Type| matches!(ty, Type::Int | Type::Decimal { .. });
    left == right
        || *left == Type::Null
        || *right == Type::Null
        || (numbers(left) && numbers(right))
}
