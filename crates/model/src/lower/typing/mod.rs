//! The type checker of expressions: CEL's tree in, a typed expression with every name bound out.

mod calls;
mod functions;
mod macros;
mod operators;
mod scope;
mod values;

pub(super) use operators::known_present;
pub(super) use scope::{Binding, Bindings, Scope};
pub(super) use values::Absent;

use super::context::Lowering;
use crate::{EntityId, Expression, ExpressionKind, Literal, ScalarType, Type, VariableId};
use archwright_design::ast::Text;
use archwright_diagnostics::{Diagnostic, Span};
use archwright_expression::ast::{Kind, Node};
use std::ops::Range;

/// An expression, and the scalar type of the field or input that it takes its value from.
#[derive(Clone)]
pub(super) struct Typed {
    pub expression: Expression,
    pub scalar: Option<ScalarType>,
}

/// A name that a macro binds.
#[derive(Clone)]
struct Variable {
    name: String,
    id: VariableId,
    entity: EntityId,
}

/// Checks one expression. Every method returns nothing after it has reported why.
struct Typer<'l, 'a, 's> {
    lowering: &'l mut Lowering<'a>,
    scope: &'s Scope,
    text: &'s Text,
    variables: Vec<Variable>,
    next_variable: usize,
    /// Paths that the conditions around say are there.
    present: Vec<String>,
}

impl Lowering<'_> {
    /// Any expression with nothing encrypted in it but tests for equality.
    pub fn typed(&mut self, text: &Text, scope: &Scope) -> Option<Typed> {
        let typed = self.read(text, scope)?;
        self.refuse_sensitive(&typed.expression, false)
            .then_some(typed)
    }

    /// What a reply shows: as any other expression, or a field as it is, encrypted or not.
    pub fn shown(&mut self, text: &Text, scope: &Scope) -> Option<Expression> {
        let expression = self.read(text, scope)?.expression;
        let is_field = matches!(expression.kind, ExpressionKind::Field { .. });
        self.refuse_sensitive(&expression, is_field)
            .then_some(expression)
    }

    fn read(&mut self, text: &Text, scope: &Scope) -> Option<Typed> {
        let tree = match archwright_expression::parse(&text.value) {
            Ok(tree) => tree,
            Err(errors) => {
                for error in errors {
                    let diagnostic =
                        Diagnostic::new("AW320", text.place(error.range), error.message);
                    self.report(match error.help {
                        Some(help) => diagnostic.help(help),
                        None => diagnostic,
                    });
                }
                return None;
            }
        };
        Typer {
            lowering: self,
            scope,
            text,
            variables: Vec::new(),
            next_variable: 0,
            present: scope.present.clone(),
        }
        .node(&tree)
    }

    /// A condition of a query: true or false.
    pub fn condition(&mut self, text: &Text, scope: &Scope) -> Option<Expression> {
        let typed = self.typed(text, scope)?;
        if typed.expression.ty != Type::Bool {
            let message = format!(
                "a condition has to be true or false, and this is {}",
                self.describe(&typed.expression.ty)
            );
            let help = match typed.expression.ty {
                Type::Row(_) | Type::Text => {
                    "compare it: `x == y`, or `x != null` for whether it is there"
                }
                Type::Rows(_) => "ask with `.exists(x, …)` or `.size() > 0`",
                _ => "compare it with something",
            };
            self.error("AW322", typed.expression.span, message, help);
            return None;
        }
        Some(typed.expression)
    }

    /// Encrypted values can only be compared for equality, with what the request or the design says, or shown as they
    /// are; reports any other use.
    fn refuse_sensitive(&mut self, expression: &Expression, is_fit: bool) -> bool {
        if self.is_sensitive(expression)
            && let ExpressionKind::Field { field, .. } = &expression.kind
            && !is_fit
        {
            let message = format!(
                "`{}` is sensitive, so queries see only whether it equals something",
                self.field(*field).name
            );
            self.error(
                "AW326",
                expression.span,
                message,
                "compare it with `==` or `!=`, or drop `sensitive`",
            );
            return false;
        }
        if self.compares_stored(expression) {
            return false;
        }
        let compares = is_comparison(expression);
        let nothing =
            |side: &&Expression| matches!(side.kind, ExpressionKind::Literal(Literal::Null));
        let sides = expression.children();
        if compares && !sides.iter().any(nothing) && !sides.iter().all(|side| self.has_hash(side)) {
            return false;
        }
        sides
            .into_iter()
            .all(|child| self.refuse_sensitive(child, compares))
    }

    fn is_sensitive(&self, expression: &Expression) -> bool {
        match expression.kind {
            ExpressionKind::Field { field, .. } => self.field(field).sensitive,
            _ => false,
        }
    }

    /// Reports a comparison of what is encrypted with what is stored: no query can make a hash of that.
    fn compares_stored(&mut self, expression: &Expression) -> bool {
        let sides = expression.children();
        let (true, [one, other]) = (is_comparison(expression), &sides[..]) else {
            return false;
        };
        let (encrypted, other) = match (self.is_sensitive(one), self.is_sensitive(other)) {
            (true, _) => (one, other),
            (false, true) => (other, one),
            (false, false) => return false,
        };
        if matches!(
            other.kind,
            ExpressionKind::Literal(_) | ExpressionKind::Input { .. } | ExpressionKind::Binding(_)
        ) {
            return false;
        }
        let ExpressionKind::Field { field, .. } = encrypted.kind else {
            return false;
        };
        let message = format!(
            "`{}` is sensitive, so it can't be compared with what is stored",
            self.field(field).name
        );
        let help = "compare it with a value or an input, or drop `sensitive`";
        self.error("AW326", other.span, message, help);
        true
    }

    /// What is encrypted is compared by the hash that is kept where it is looked up; reports a lack of it.
    fn has_hash(&mut self, side: &Expression) -> bool {
        let ExpressionKind::Field { field, .. } = side.kind else {
            return true;
        };
        let keys = &self.entity(field.entity).unique;
        let kept = self.field(field).filter || keys.iter().any(|key| key.fields.contains(&field));
        if kept || !self.field(field).sensitive {
            return true;
        }
        let message = format!(
            "`{}` is sensitive, and without an index it can't be compared",
            self.field(field).name
        );
        let help = "add `filter` or `unique` to the field, or drop `sensitive`";
        self.error("AW326", side.span, message, help);
        false
    }

    /// What is shown is made of nothing that is write-only, but for whether it equals something; reports any other use.
    pub fn refuse_write_only(&mut self, expression: &Expression) -> bool {
        if let ExpressionKind::Field { field, .. } = &expression.kind
            && self.field(*field).write_only
        {
            let message = format!("`{}` is write-only: it is never shown", self.path(*field));
            let help = "remove it from what is shown, or drop `write-only`";
            self.error("AW326", expression.span, message, help);
            return false;
        }
        is_comparison(expression)
            || expression
                .children()
                .into_iter()
                .all(|child| self.refuse_write_only(child))
    }

    pub fn describe(&self, ty: &Type) -> String {
        match ty {
            Type::Null => "nothing".to_owned(),
            Type::Bool => "true or false".to_owned(),
            Type::Int => "a whole number".to_owned(),
            Type::Decimal { scale } => {
                format!("a decimal number with {scale} digits after the point")
            }
            Type::Text => "text".to_owned(),
            Type::Date => "a date".to_owned(),
            Type::DateTime => "an instant".to_owned(),
            Type::Duration => "a duration".to_owned(),
            Type::Json => "JSON".to_owned(),
            Type::File => "a file".to_owned(),
            Type::Row(entity) => format!("one {}", self.entity(*entity).name),
            Type::Rows(entity) => format!("many {}", self.entity(*entity).plural),
            Type::List(item) => format!("a list of {}", self.describe(item)),
            Type::Object => "an object".to_owned(),
        }
    }
}

/// `==` or `!=`, which tell nothing of a value but whether it is the other.
fn is_comparison(expression: &Expression) -> bool {
    use crate::BinaryOperator::{Equal, NotEqual};
    matches!(
        expression.kind,
        ExpressionKind::Binary {
            operator: Equal | NotEqual,
            ..
        }
    )
}

pub(super) fn expression(kind: ExpressionKind, ty: Type, nullable: bool, span: Span) -> Expression {
    Expression {
        kind,
        ty,
        nullable,
        span,
    }
}

/// A value of no field. Texts beside a date or an instant are read as one, as they are beside a field.
fn plain(expression: Expression) -> Typed {
    let scalar = match expression.ty {
        Type::Date => Some(ScalarType::Date),
        Type::DateTime => Some(ScalarType::DateTime),
        _ => None,
    };
    Typed { expression, scalar }
}

impl Typer<'_, '_, '_> {
    fn span(&self, range: &Range<usize>) -> Span {
        self.text.place(range.clone())
    }

    fn fail<T>(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Option<T> {
        self.lowering.error(code, span, message, help);
        None
    }

    fn node(&mut self, node: &Node) -> Option<Typed> {
        let mut typed = self.bound(node)?;
        if matches!(node.kind, Kind::Identifier(_) | Kind::Select { .. })
            && self
                .present
                .iter()
                .any(|path| *path == self.text.value[node.range.clone()])
        {
            typed.expression.nullable = false;
        }
        Some(typed)
    }

    fn bound(&mut self, node: &Node) -> Option<Typed> {
        let span = self.span(&node.range);
        let literal = |literal, ty| {
            Some(plain(expression(
                ExpressionKind::Literal(literal),
                ty,
                false,
                span,
            )))
        };
        match &node.kind {
            Kind::Null => Some(plain(expression(
                ExpressionKind::Literal(Literal::Null),
                Type::Null,
                true,
                span,
            ))),
            Kind::Bool(value) => literal(Literal::Bool(*value), Type::Bool),
            Kind::Int(value) => literal(Literal::Int(*value), Type::Int),
            Kind::String(value) => literal(Literal::Text(value.clone()), Type::Text),
            Kind::Decimal(written) => match super::literals::digits(written) {
                Some((units, scale)) => {
                    literal(Literal::Decimal { units, scale }, Type::Decimal { scale })
                }
                None => self.fail(
                    "AW223",
                    span,
                    "a number has at most 18 digits",
                    "write fewer digits",
                ),
            },
            Kind::Identifier(name) => self.name(name, span),
            Kind::Select {
                of,
                field,
                field_range,
            } => self.select(node, of, field, self.span(field_range)),
            Kind::Not(inner) => self.not(inner, span),
            Kind::Negate(inner) => self.negate(inner, span),
            Kind::Binary {
                operator,
                left,
                right,
            } => self.binary(*operator, left, right, span),
            Kind::Conditional {
                test,
                then,
                otherwise,
            } => self.conditional(test, then, otherwise, span),
            Kind::List(items) => self.list(items, span),
            Kind::Call {
                of,
                name,
                name_range,
                arguments,
            } => {
                let name_span = self.span(name_range);
                match of {
                    Some(of) => self.method(of, name, name_span, arguments, span),
                    None => self.function(name, name_span, arguments, span),
                }
            }
        }
    }

    /// A condition inside an expression.
    fn boolean(&mut self, node: &Node) -> Option<Expression> {
        let typed = self.node(node)?;
        if typed.expression.ty == Type::Bool {
            return Some(typed.expression);
        }
        let message = format!(
            "this has to be true or false, and is {}",
            self.lowering.describe(&typed.expression.ty)
        );
        let help = match typed.expression.ty {
            Type::Rows(_) => "ask with `.exists(x, …)` or `.size() > 0`",
            _ => "compare it: `x == y`, or `x != null` for whether it is there",
        };
        self.fail("AW322", typed.expression.span, message, help)
    }

    fn not(&mut self, inner: &Node, span: Span) -> Option<Typed> {
        let inner = self.boolean(inner)?;
        Some(plain(expression(
            ExpressionKind::Not(Box::new(inner)),
            Type::Bool,
            false,
            span,
        )))
    }

    fn negate(&mut self, inner: &Node, span: Span) -> Option<Typed> {
        let inner = self.node(inner)?.expression;
        if !matches!(inner.ty, Type::Int | Type::Decimal { .. }) {
            let message = format!(
                "only numbers have a sign, and this is {}",
                self.lowering.describe(&inner.ty)
            );
            return self.fail(
                "AW322",
                inner.span,
                message,
                "use `!` for the opposite of a condition",
            );
        }
        let (ty, nullable) = (inner.ty.clone(), inner.nullable);
        Some(plain(expression(
            ExpressionKind::Negate(Box::new(inner)),
            ty,
            nullable,
            span,
        )))
    }
}
