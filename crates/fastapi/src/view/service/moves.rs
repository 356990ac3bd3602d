//! Moves: from a state to another, if a condition holds.

use super::make::plain_value;
use super::{found, recorded, shown};
use crate::imports::Imports;
use crate::python::{Python, atom, call, text};
use crate::types;
use crate::view::{Result, Scope, schemas};
use archwright_plan::Operation;
use archwright_plan::model::{ExpressionKind, Move};
use archwright_stack::Unsupported;
use archwright_stack::expression::{Lowering, lower, lower_condition};
use archwright_stack::name::constant;

pub(super) fn moved(
    scope: &Scope<'_>,
    operation: &Operation,
    index: usize,
    imports: &mut Imports,
) -> Result<Vec<String>> {
    let root = scope.root();
    let entity = scope.model().entity(root);
    let (class, variable) = (scope.class(), scope.variable());
    let Some((machine, one)) = entity
        .state
        .as_ref()
        .and_then(|machine| Some((machine, machine.moves.get(index)?)))
    else {
        return Err(Unsupported::at("a move without states", entity.span));
    };
    if !one.steps.is_empty() {
        return Err(Unsupported::at("moves with steps", one.span));
    }
    let state = format!("{variable}.{}", scope.names.field(machine.field));
    let words = scope.names.words(machine.field);
    imports.from(&scope.names.module(machine.field.entity, "models"), &words);
    imports.from("app.core", "problems");
    let word = |value: &String| format!("{words}.{}", constant(value));
    let from: Vec<String> = one.from.iter().map(word).collect();
    let test = match from.as_slice() {
        [only] => format!("{state} != {only}"),
        many => format!("{state} not in ({})", many.join(", ")),
    };
    let mut lines = found(scope, operation, imports);
    lines.push(format!("if {test}:"));
    lines.push(format!(
        "    raise problems.illegal_move({}, {}, {state})",
        text(&one.name),
        text(&one.from.join(" or "))
    ));
    match one.input.is_empty() {
        true => {
            imports.from("app.core.bodies", "Nothing");
            lines.push("body.read_or_empty(Nothing)".to_owned());
        }
        false => {
            imports.from(&format!("app.{}", scope.package()), "schemas");
            let body = schemas::move_class(scope, &one.name);
            lines.push(format!("given = body.read_or_empty(schemas.{body})"));
        }
    }
    if let Some(when) = &one.when {
        let options = Lowering {
            caller_is_known: true,
        };
        let lowered = lower_condition(scope.plan, root, when, options)?;
        let printed = scope.printed(root, &lowered, imports)?;
        lines.extend(printed.rows);
        imports.from("sqlalchemy", "select");
        let value = printed.value.unwrap_or_else(|| atom("None"));
        let query = call("select", vec![value]).call("where", vec![own(&class, &variable)]);
        lines.push(format!("holds = {}", query.laid_out(4, 8, 0)));
        lines.push("if not await session.scalar(holds):".to_owned());
        lines.push("    raise problems.condition_unmet()".to_owned());
    }
    let (worked_out, sets) = assignments(scope, one, imports)?;
    lines.extend(worked_out);
    lines.push(format!("{state} = {}", word(&one.to)));
    lines.extend(sets);
    lines.push(format!("records.touch({variable})"));
    if entity.audit {
        imports.from("app.core", "audit");
        lines.push(format!("made = audit.changes({variable})"));
    }
    lines.push("await session.flush()".to_owned());
    lines.extend(recorded(scope, &text(&operation.id), "made", imports));
    lines.push(shown(scope, imports));
    Ok(lines)
}

/// `Order.id == order.id`
fn own(class: &str, variable: &str) -> Python {
    atom(class).dot("id").binary("==", atom(variable).dot("id"))
}

/// What a move sets: first what the database works out on the row as it was, then the assignments.
fn assignments(
    scope: &Scope<'_>,
    one: &Move,
    imports: &mut Imports,
) -> Result<(Vec<String>, Vec<String>)> {
    let root = scope.root();
    let (class, variable) = (scope.class(), scope.variable());
    let (mut before, mut sets) = (Vec::new(), Vec::new());
    for (field, expression) in &one.set {
        let definition = scope.model().field(*field);
        let attribute = scope.names.field(*field);
        let value = match &expression.kind {
            ExpressionKind::Input { path, .. } => format!("given.{}", path.join(".")),
            _ => match plain_value(scope, definition, expression, imports) {
                Ok(value) => value,
                Err(_) => {
                    let Some(scalar) = definition.scalar() else {
                        return Err(Unsupported::at("rows that a move sets", expression.span));
                    };
                    let options = Lowering {
                        caller_is_known: true,
                    };
                    let lowered =
                        lower(scope.plan, root, expression, &scalar.value_type(), options)?;
                    let printed = scope.printed(root, &lowered, imports)?;
                    before.extend(printed.rows);
                    let mut value = printed.value.unwrap_or_else(|| atom("None"));
                    if let Some(ty) = types::computed(definition, imports) {
                        imports.from("sqlalchemy", "type_coerce");
                        value = call("type_coerce", vec![value, ty]);
                    }
                    imports.from("sqlalchemy", "select");
                    let query =
                        call("select", vec![value]).call("where", vec![own(&class, &variable)]);
                    let query = call("session.scalar", vec![query]);
                    before.push(format!(
                        "{attribute} = await {}",
                        query.laid_out(4, attribute.len() + 9, 0)
                    ));
                    attribute.clone()
                }
            },
        };
        sets.push(format!("{variable}.{attribute} = {value}"));
    }
    Ok((before, sets))
}
