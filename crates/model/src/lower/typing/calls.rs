//! Functions and methods.

use super::macros::{Rows, counted};
use super::values::{compatible, wider};
use super::{Typed, Typer, expression, plain};
use crate::lower::context::unknown;
use crate::{Aggregate, Expression, ExpressionKind, Function, Literal, Quantifier, Type};
use archwright_diagnostics::{Diagnostic, Span};
use archwright_expression::ast::{Kind, Node};

const FUNCTIONS: [&str; 7] = [
    "size", "duration", "date", "coalesce", "abs", "string", "has",
];
const METHODS: [&str; 16] = [
    "exists",
    "all",
    "filter",
    "map",
    "size",
    "count",
    "sum",
    "min",
    "max",
    "avg",
    "lower",
    "upper",
    "trim",
    "startsWith",
    "endsWith",
    "contains",
];

impl Typer<'_, '_, '_> {
    /// `form` shows a call that fits.
    fn wrong_arguments<T>(&mut self, span: Span, form: &str) -> Option<T> {
        let name = form.split('(').next().unwrap_or_default();
        let name = name.rsplit('.').next().unwrap_or_default();
        let message = format!("these arguments don't fit `{name}`");
        self.fail("AW325", span, message, format!("write `{form}`"))
    }

    // ---- functions ----

    pub(super) fn function(
        &mut self,
        name: &str,
        name_span: Span,
        arguments: &[Node],
        span: Span,
    ) -> Option<Typed> {
        match (name, arguments) {
            ("size", [of]) => self.size(of, span),
            ("duration", [text]) => self.duration(text, span),
            ("date", [instant]) => self.date(instant, span),
            ("abs", [number]) => self.absolute(number, span),
            ("string", [number]) => self.string(number, span),
            ("has", [input]) => self.has(input, span),
            ("coalesce", [_, _, ..]) => self.coalesce(arguments, span),
            ("size", _) => self.wrong_arguments(span, "size(rows)"),
            ("duration", _) => self.wrong_arguments(span, "duration('7d')"),
            ("date", _) => self.wrong_arguments(span, "date(created_at)"),
            ("abs", _) => self.wrong_arguments(span, "abs(number)"),
            ("string", _) => self.wrong_arguments(span, "string(number)"),
            ("has", _) => self.wrong_arguments(span, "has(body.title)"),
            ("coalesce", _) => self.wrong_arguments(span, "coalesce(value, instead)"),
            _ => self.no_function(name, name_span),
        }
    }

    fn no_function(&mut self, name: &str, span: Span) -> Option<Typed> {
        let help = match name {
            "now" | "today" | "caller" => Some(format!("write `{name}` without brackets")),
            "len" | "length" | "count" => Some("use `size(rows)`".to_owned()),
            "exists" | "all" | "sum" | "min" | "max" | "avg" | "filter" | "map" => {
                Some(format!("write `rows.{name}(x, …)`"))
            }
            "lower" | "upper" | "trim" | "contains" | "startsWith" | "endsWith" => {
                Some(format!("write `text.{name}(…)`"))
            }
            "timestamp" => Some(
                "write the instant in quotes: `created_at > '2026-01-01T00:00:00Z'`".to_owned(),
            ),
            "int" | "double" | "uint" | "bool" => {
                Some("values are not converted: compare values of one type".to_owned())
            }
            "not" => Some("write `!(…)`".to_owned()),
            "ifnull" | "isnull" | "nvl" => Some("use `coalesce(value, instead)`".to_owned()),
            "concat" => Some("join texts with `+`".to_owned()),
            "current_user" | "auth" | "user" => Some("use `caller`".to_owned()),
            _ => None,
        };
        let diagnostic = match help {
            Some(help) => {
                Diagnostic::new("AW324", span, format!("`{name}` is no function")).help(help)
            }
            None => unknown("AW324", span, "function", name, FUNCTIONS.into_iter()),
        };
        self.lowering.report(diagnostic);
        None
    }

    fn size(&mut self, of: &Node, span: Span) -> Option<Typed> {
        if matches!(&of.kind, Kind::Call { name, .. } if name == "filter") {
            return self.aggregate(of, Aggregate::Count, &[], span, span);
        }
        let of = self.node(of)?.expression;
        match of.ty {
            Type::Rows(entity) => {
                let rows = Rows {
                    over: of,
                    entity,
                    variable: self.fresh(),
                    condition: None,
                };
                Some(counted(rows, span))
            }
            Type::Text | Type::List(_) => {
                let nullable = of.nullable;
                Some(call(Function::Size, vec![of], Type::Int, nullable, span))
            }
            ref other => {
                let message = format!("{} has no size", self.lowering.describe(other));
                self.fail(
                    "AW325",
                    of.span,
                    message,
                    "use it on text and on relations to many rows",
                )
            }
        }
    }

    fn duration(&mut self, text: &Node, span: Span) -> Option<Typed> {
        let Kind::String(written) = &text.kind else {
            return self.wrong_arguments(span, "duration('7d')");
        };
        let Some(milliseconds) = crate::duration_from_text(written) else {
            let message = format!("`{written}` is no duration");
            return self.fail(
                "AW325",
                self.span(&text.range),
                message,
                "write `90min`, `1h30min` or `7d`; units are ms, s, min, h, d",
            );
        };
        let literal = ExpressionKind::Literal(Literal::Int(milliseconds));
        let argument = expression(literal, Type::Int, false, self.span(&text.range));
        Some(call(
            Function::Duration,
            vec![argument],
            Type::Duration,
            false,
            span,
        ))
    }

    fn date(&mut self, argument: &Node, span: Span) -> Option<Typed> {
        let argument = self.node(argument)?.expression;
        if argument.ty != Type::DateTime {
            let message = format!(
                "only an instant has a date, and this is {}",
                self.lowering.describe(&argument.ty)
            );
            return self.fail("AW325", argument.span, message, "write `date(created_at)`");
        }
        let nullable = argument.nullable;
        Some(call(
            Function::Date,
            vec![argument],
            Type::Date,
            nullable,
            span,
        ))
    }

    fn absolute(&mut self, argument: &Node, span: Span) -> Option<Typed> {
        let argument = self.node(argument)?.expression;
        if !matches!(argument.ty, Type::Int | Type::Decimal { .. }) {
            let message = format!(
                "only numbers have an absolute value, and this is {}",
                self.lowering.describe(&argument.ty)
            );
            return self.fail("AW325", argument.span, message, "write `abs(number)`");
        }
        let (ty, nullable) = (argument.ty.clone(), argument.nullable);
        Some(call(Function::Abs, vec![argument], ty, nullable, span))
    }

    fn coalesce(&mut self, arguments: &[Node], span: Span) -> Option<Typed> {
        let typed: Vec<Option<Typed>> = arguments
            .iter()
            .map(|argument| self.node(argument))
            .collect();
        let mut typed = typed.into_iter().collect::<Option<Vec<Typed>>>()?;
        let scalar = typed.iter().find_map(|typed| typed.scalar.clone());
        if let Some(scalar) = &scalar {
            for argument in &mut typed {
                self.lowering.adapt(&mut argument.expression, scalar)?;
            }
        }
        let arguments: Vec<Expression> = typed.into_iter().map(|typed| typed.expression).collect();
        let mut ty = Type::Null;
        for argument in &arguments {
            if !compatible(&ty, &argument.ty)
                || matches!(argument.ty, Type::Rows(_) | Type::List(_) | Type::Object)
            {
                let message = format!(
                    "`coalesce` takes values of one kind, and this is {}",
                    self.lowering.describe(&argument.ty)
                );
                return self.fail(
                    "AW325",
                    argument.span,
                    message,
                    "give all arguments the same type",
                );
            }
            ty = wider(&ty, &argument.ty);
        }
        let nullable = arguments.iter().all(|argument| argument.nullable);
        let mut call = call(Function::Coalesce, arguments, ty, nullable, span);
        call.scalar = scalar;
        Some(call)
    }

    // ---- methods ----

    pub(super) fn method(
        &mut self,
        of: &Node,
        name: &str,
        name_span: Span,
        arguments: &[Node],
        span: Span,
    ) -> Option<Typed> {
        match name {
            "exists" => self.quantifier(of, Quantifier::Exists, arguments, span),
            "all" => self.quantifier(of, Quantifier::All, arguments, span),
            "filter" => {
                let help = "put what is asked about the rows behind it: `rows.filter(x, …).size()`";
                self.fail("AW326", name_span, "`filter` does not stand alone", help)
            }
            "map" => self.map(of, arguments, name_span, span),
            "size" if arguments.is_empty() => self.size(of, span),
            "size" => self.wrong_arguments(span, "rows.size()"),
            "count" => self.aggregate(of, Aggregate::Count, arguments, name_span, span),
            "sum" => self.aggregate(of, Aggregate::Sum, arguments, name_span, span),
            "min" => self.aggregate(of, Aggregate::Min, arguments, name_span, span),
            "max" => self.aggregate(of, Aggregate::Max, arguments, name_span, span),
            "avg" => self.aggregate(of, Aggregate::Avg, arguments, name_span, span),
            "lower" | "upper" | "trim" | "startsWith" | "endsWith" | "contains" => {
                self.text_method(of, name, arguments, span)
            }
            _ => self.no_method(name, name_span),
        }
    }

    fn no_method(&mut self, name: &str, span: Span) -> Option<Typed> {
        let help = match name {
            "exists_one" | "existsOne" | "one" => Some("write `rows.count(x, …) == 1`"),
            "any" | "some" => Some("write `rows.exists(x, …)`"),
            "len" | "length" => Some("use `size(…)`"),
            "includes" | "include" | "has" => {
                Some("use `text.contains('…')` for a text, `value in rows` for rows")
            }
            "every" => Some("write `rows.all(x, …)`"),
            "toLowerCase" | "lowercase" | "lowerAscii" | "to_lower" => Some("write `.lower()`"),
            "toUpperCase" | "uppercase" | "upperAscii" | "to_upper" => Some("write `.upper()`"),
            "startswith" | "starts_with" => Some("write `.startsWith('…')`"),
            "endswith" | "ends_with" => Some("write `.endsWith('…')`"),
            "strip" => Some("write `.trim()`"),
            "now" => Some("write `now` alone"),
            "reduce" => Some("write `rows.sum(x, …)`"),
            "first" | "last" | "find" => {
                Some("rows have no order here: use `min`, `max`, `exists` or `filter`")
            }
            "average" | "mean" => Some("write `rows.avg(x, …)`"),
            "matches" => Some(
                "give the field a `pattern`; a condition can use `startsWith`, `endsWith` and `contains`",
            ),
            _ => None,
        };
        let diagnostic = match help {
            Some(help) => {
                Diagnostic::new("AW324", span, format!("`{name}` is no function")).help(help)
            }
            None => unknown("AW324", span, "function", name, METHODS.into_iter()),
        };
        self.lowering.report(diagnostic);
        None
    }

    fn text_method(
        &mut self,
        of: &Node,
        name: &str,
        arguments: &[Node],
        span: Span,
    ) -> Option<Typed> {
        let (function, count) = match name {
            "lower" => (Function::Lower, 0),
            "upper" => (Function::Upper, 0),
            "trim" => (Function::Trim, 0),
            "startsWith" => (Function::StartsWith, 1),
            "endsWith" => (Function::EndsWith, 1),
            _ => (Function::Contains, 1),
        };
        if arguments.len() != count {
            let form = if count == 0 {
                format!("text.{name}()")
            } else {
                format!("text.{name}('…')")
            };
            return self.wrong_arguments(span, &form);
        }
        let mut all = Vec::new();
        for node in [of].into_iter().chain(arguments) {
            let argument = self.node(node)?.expression;
            if argument.ty != Type::Text {
                let message = format!(
                    "`{name}` works on text, and this is {}",
                    self.lowering.describe(&argument.ty)
                );
                let help = if matches!(argument.ty, Type::Rows(_)) {
                    "use `rows.exists(x, …)`"
                } else {
                    "use a text"
                };
                return self.fail("AW325", argument.span, message, help);
            }
            all.push(argument);
        }
        let (ty, nullable) = if count == 0 {
            (Type::Text, all[0].nullable)
        } else {
            (Type::Bool, false)
        };
        Some(call(function, all, ty, nullable, span))
    }
}

pub(super) fn call(
    function: Function,
    arguments: Vec<Expression>,
    ty: Type,
    nullable: bool,
    span: Span,
) -> Typed {
    plain(expression(
        ExpressionKind::Function {
            function,
            arguments,
        },
        ty,
        nullable,
        span,
    ))
}
