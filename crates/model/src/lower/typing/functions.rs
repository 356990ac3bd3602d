//! Functions over single values: texts of numbers, and whether an input was given.

use super::calls::call;
use super::{Typed, Typer, expression, plain};
use crate::{ExpressionKind, Function, InputField, InputKind, InputPlace, Type};
use archwright_diagnostics::Span;
use archwright_expression::ast::Node;

impl Typer<'_, '_, '_> {
    pub(super) fn string(&mut self, argument: &Node, span: Span) -> Option<Typed> {
        let argument = self.node(argument)?.expression;
        if !matches!(argument.ty, Type::Int | Type::Decimal { .. }) {
            let message = format!(
                "only numbers become texts, and this is {}",
                self.lowering.describe(&argument.ty)
            );
            return self.fail("AW325", argument.span, message, "write `string(number)`");
        }
        let nullable = argument.nullable;
        Some(call(
            Function::String,
            vec![argument],
            Type::Text,
            nullable,
            span,
        ))
    }

    /// Whether an input was given.
    pub(super) fn has(&mut self, argument: &Node, span: Span) -> Option<Typed> {
        let input = self.node(argument)?.expression;
        let ExpressionKind::Input { place, path } = input.kind else {
            let range = argument.range.clone();
            let help = format!("write `{} != null`", &self.text.value[range]);
            let message = "`has` asks for an input of an operation, and this is none";
            return self.fail("AW325", input.span, message, help);
        };
        if place == InputPlace::Move {
            let message = "whether an input of a move was given is not known";
            return self.fail("AW325", input.span, message, "compare it with null");
        }
        let inputs = self.scope.inputs.as_ref();
        if !inputs.is_some_and(|inputs| left_out(inputs.of(place), &path)) {
            let message = "this input is never left out";
            let help = "remove the question; an input without a default and with a `?` may be";
            return self.fail("AW325", input.span, message, help);
        }
        let kind = ExpressionKind::Given { place, path };
        Some(plain(expression(kind, Type::Bool, false, span)))
    }
}

/// Whether an input, or an object around it, may be left out.
fn left_out(fields: &[InputField], path: &[String]) -> bool {
    let Some((first, rest)) = path.split_first() else {
        return false;
    };
    let field = fields.iter().find(|field| field.name == *first);
    field.is_some_and(|field| {
        let own = field.optional && field.default.is_none();
        own || match &field.kind {
            InputKind::Object(inner) => left_out(inner, rest),
            _ => false,
        }
    })
}
