//! Expressions as CEL text again, for documents and for people.

use archwright_model::{
    Aggregate, BinaryOperator, BindingId, Expression, ExpressionKind, Function, InputPlace,
    Literal, Model, Quantifier, Type, duration_to_text,
};
use std::collections::BTreeMap;

/// The expression as CEL. Variables are named by their number: `x0`, `x1`; so is what steps bind: `step0`.
pub fn cel(model: &Model, expression: &Expression) -> String {
    Scope {
        model,
        names: &BTreeMap::new(),
    }
    .cel(expression)
}

/// What names mean where an expression stands.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub model: &'a Model,
    /// What steps bind, by the design's names.
    pub names: &'a BTreeMap<BindingId, &'a str>,
}

impl Scope<'_> {
    pub fn cel(self, expression: &Expression) -> String {
        print(self, expression, 0)
    }

    /// A field of the row itself, which needs no `self` unless its name means something else here.
    fn own(self, field: &str) -> String {
        let numbered = |prefix: &str| {
            let number = field.strip_prefix(prefix);
            number.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let bound = self.names.values().any(|name| *name == field);
        if bound || RESERVED.contains(&field) || numbered("x") || numbered("step") {
            format!("self.{field}")
        } else {
            field.to_owned()
        }
    }
}

/// Names that don't mean a field of the row, wherever there is more than a row.
const RESERVED: [&str; 10] = [
    "body",
    "caller",
    "header",
    "input",
    "now",
    "path",
    "query",
    "self",
    "signed_in",
    "today",
];

/// How tightly a sign binds.
const SIGN: u8 = 7;

/// How tightly an operator binds; a looser operand needs brackets.
fn strength(operator: BinaryOperator) -> u8 {
    use BinaryOperator as Op;
    match operator {
        Op::Or => 2,
        Op::And => 3,
        Op::Equal
        | Op::NotEqual
        | Op::Less
        | Op::LessOrEqual
        | Op::Greater
        | Op::GreaterOrEqual => 4,
        Op::Add | Op::Subtract => 5,
        Op::Multiply | Op::Divide | Op::Remainder => 6,
    }
}

fn symbol(operator: BinaryOperator) -> &'static str {
    use BinaryOperator as Op;
    match operator {
        Op::And => "&&",
        Op::Or => "||",
        Op::Equal => "==",
        Op::NotEqual => "!=",
        Op::Less => "<",
        Op::LessOrEqual => "<=",
        Op::Greater => ">",
        Op::GreaterOrEqual => ">=",
        Op::Add => "+",
        Op::Subtract => "-",
        Op::Multiply => "*",
        Op::Divide => "/",
        Op::Remainder => "%",
    }
}

fn bracketed(text: String, own: u8, outer: u8) -> String {
    if own < outer {
        format!("({text})")
    } else {
        text
    }
}

fn print(scope: Scope<'_>, expression: &Expression, outer: u8) -> String {
    let inner = |part: &Expression| print(scope, part, 8);
    let list = |parts: &[Expression]| {
        parts
            .iter()
            .map(|part| print(scope, part, 0))
            .collect::<Vec<_>>()
            .join(", ")
    };
    match &expression.kind {
        ExpressionKind::Literal(value) => {
            let text = literal(value, &expression.ty);
            let own = if text.starts_with('-') { SIGN } else { outer };
            bracketed(text, own, outer)
        }
        ExpressionKind::This => "self".into(),
        ExpressionKind::Caller => "caller".into(),
        ExpressionKind::CallerToken => "caller.token".into(),
        ExpressionKind::SignedIn => "signed_in".into(),
        ExpressionKind::HasRole(role) => bracketed(
            format!("{} in caller.roles", quoted(&scope.model.role(*role).name)),
            4,
            outer,
        ),
        ExpressionKind::CallerTenant => caller_tenant(scope.model),
        ExpressionKind::Now => "now".into(),
        ExpressionKind::Today => "today".into(),
        ExpressionKind::Variable(variable) => format!("x{}", variable.0),
        ExpressionKind::Binding(binding) => match scope.names.get(binding) {
            Some(name) => (*name).to_owned(),
            None => format!("step{}", binding.0),
        },
        ExpressionKind::Input { place, path } => {
            let path = path.join(".");
            match place {
                InputPlace::Header => {
                    format!("header.{}", path.to_ascii_lowercase().replace('-', "_"))
                }
                _ => format!("{}.{path}", place_name(*place)),
            }
        }
        ExpressionKind::Field { of, field } => match of.kind {
            ExpressionKind::This => scope.own(&scope.model.field(*field).name),
            _ => format!("{}.{}", inner(of), scope.model.field(*field).name),
        },
        ExpressionKind::Id(of) => format!("{}.id", inner(of)),
        ExpressionKind::Not(part) => format!("!{}", print(scope, part, SIGN)),
        ExpressionKind::Negate(part) => {
            bracketed(format!("-{}", print(scope, part, SIGN + 1)), SIGN, outer)
        }
        ExpressionKind::Binary {
            operator,
            left,
            right,
        } => {
            let own = strength(*operator);
            let text = format!(
                "{} {} {}",
                print(scope, left, own),
                symbol(*operator),
                print(scope, right, own + 1)
            );
            bracketed(text, own, outer)
        }
        ExpressionKind::In { item, list } => bracketed(
            format!("{} in {}", print(scope, item, 5), print(scope, list, 5)),
            4,
            outer,
        ),
        ExpressionKind::List(items) => format!("[{}]", list(items)),
        ExpressionKind::Conditional {
            test,
            then,
            otherwise,
        } => {
            let text = format!(
                "{} ? {} : {}",
                print(scope, test, 2),
                print(scope, then, 2),
                print(scope, otherwise, 1)
            );
            bracketed(text, 1, outer)
        }
        ExpressionKind::Quantifier {
            quantifier,
            over,
            variable,
            condition,
        } => {
            let name = match quantifier {
                Quantifier::Exists => "exists",
                Quantifier::All => "all",
            };
            format!(
                "{}.{name}(x{}, {})",
                inner(over),
                variable.0,
                print(scope, condition, 0)
            )
        }
        ExpressionKind::Aggregate {
            aggregate,
            over,
            variable,
            condition,
            value,
        } => aggregated(
            scope,
            *aggregate,
            inner(over),
            variable.0,
            condition.as_deref(),
            value.as_deref(),
        ),
        ExpressionKind::Filter {
            over,
            variable,
            condition,
        } => {
            format!(
                "{}.filter(x{}, {})",
                inner(over),
                variable.0,
                print(scope, condition, 0)
            )
        }
        ExpressionKind::Map {
            over,
            variable,
            value,
        } => {
            format!(
                "{}.map(x{}, {})",
                inner(over),
                variable.0,
                print(scope, value, 0)
            )
        }
        ExpressionKind::Given { place, path } => {
            format!("has({}.{})", place_name(*place), path.join("."))
        }
        ExpressionKind::Part { of, name } => format!("{}.{name}", inner(of)),
        ExpressionKind::Function {
            function,
            arguments,
        } => call(scope, *function, arguments),
    }
}

fn aggregated(
    scope: Scope<'_>,
    aggregate: Aggregate,
    over: String,
    variable: usize,
    condition: Option<&Expression>,
    value: Option<&Expression>,
) -> String {
    let name = match aggregate {
        Aggregate::Count => "count",
        Aggregate::Sum => "sum",
        Aggregate::Min => "min",
        Aggregate::Max => "max",
        Aggregate::Avg => "avg",
    };
    match (condition, value) {
        (None, None) => format!("{over}.size()"),
        (Some(condition), None) => {
            format!("{over}.count(x{variable}, {})", print(scope, condition, 0))
        }
        (None, Some(value)) => format!("{over}.{name}(x{variable}, {})", print(scope, value, 0)),
        (Some(condition), Some(value)) => format!(
            "{over}.filter(x{variable}, {}).{name}(x{variable}, {})",
            print(scope, condition, 0),
            print(scope, value, 0)
        ),
    }
}

fn call(scope: Scope<'_>, function: Function, arguments: &[Expression]) -> String {
    let name = match function {
        Function::Size => "size",
        Function::Lower => "lower",
        Function::Upper => "upper",
        Function::Trim => "trim",
        Function::StartsWith => "startsWith",
        Function::EndsWith => "endsWith",
        Function::Contains => "contains",
        Function::Duration => "duration",
        Function::Date => "date",
        Function::Coalesce => "coalesce",
        Function::Abs => "abs",
        Function::String => "string",
    };
    // The argument of `duration` is folded into milliseconds.
    if let (Function::Duration, [only]) = (function, arguments)
        && let ExpressionKind::Literal(value) = &only.kind
    {
        return literal(value, &Type::Duration);
    }
    let global = matches!(
        function,
        Function::Duration | Function::Date | Function::Coalesce | Function::Abs | Function::String
    );
    let printed: Vec<String> = arguments
        .iter()
        .map(|argument| print(scope, argument, 0))
        .collect();
    match arguments.split_first() {
        Some((first, _)) if !global => format!(
            "{}.{name}({})",
            print(scope, first, 8),
            printed[1..].join(", ")
        ),
        _ => format!("{name}({})", printed.join(", ")),
    }
}

fn caller_tenant(model: &Model) -> String {
    let field = model
        .account
        .as_ref()
        .and_then(|account| model.entity(account.entity).tenant);
    match field {
        Some(field) => format!("caller.{}", model.field(field).name),
        None => "caller.tenant".into(),
    }
}

fn place_name(place: InputPlace) -> &'static str {
    match place {
        InputPlace::Path => "path",
        InputPlace::Query => "query",
        InputPlace::Header => "header",
        InputPlace::Body => "body",
        InputPlace::Move => "input",
    }
}

fn quoted(text: &str) -> String {
    format!(
        "'{}'",
        text.replace('\\', "\\\\")
            .replace('\'', "\\'")
            .replace('\n', "\\n")
    )
}

/// A literal as CEL.
pub fn literal(value: &Literal, ty: &Type) -> String {
    match value {
        Literal::Null => "null".into(),
        Literal::Bool(value) => value.to_string(),
        Literal::Int(value) if *ty == Type::Duration => {
            format!("duration('{}')", duration_to_text(*value))
        }
        Literal::Int(value) => value.to_string(),
        Literal::Decimal { units, scale } => decimal(*units, *scale),
        Literal::Text(text) => quoted(text),
    }
}

/// `units` over ten to the power of `scale`, with exactly `scale` digits after the point.
pub fn decimal(units: impl Into<i128>, scale: u32) -> String {
    let units = units.into();
    let digits = format!(
        "{:0>width$}",
        units.unsigned_abs(),
        width = scale as usize + 1
    );
    let (whole, fraction) = digits.split_at(digits.len() - scale as usize);
    let sign = if units < 0 { "-" } else { "" };
    if fraction.is_empty() {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use super::decimal;

    #[test]
    fn decimals_keep_their_scale() {
        assert_eq!(decimal(1250, 2), "12.50");
        assert_eq!(decimal(-5, 2), "-0.05");
        assert_eq!(decimal(7, 0), "7");
        assert_eq!(decimal(0, 3), "0.000");
    }
}
