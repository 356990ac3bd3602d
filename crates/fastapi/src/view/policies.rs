//! Rules as conditions of queries: what a caller may do with which rows.

use super::{Function, Result, Scope, policy};
use crate::expression::Printed;
use crate::imports::Imports;
use crate::python::{Python, atom, call};
use archwright_plan::model::EntityId;
use archwright_plan::{Alternative, CallerClass, OperationKind, OutputSource};
use archwright_stack::Unsupported;
use archwright_stack::expression::{Lowering, lower_condition};
use archwright_stack::feature::reading;
use archwright_stack::guard::{Branch, Guard, guard, holds_by_creation};
use archwright_stack::name::constant;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub struct Policies {
    pub doc: String,
    pub imports: String,
    pub functions: Vec<Function>,
}

pub fn view(scope: &Scope<'_>) -> Result<Policies> {
    let mut imports = Imports::default();
    let mut functions = Vec::new();
    let root = scope.root();
    let alternatives = reading(scope.plan, root).map_or(&[][..], |one| &one.guard);
    functions.push(function(
        scope,
        root,
        "may_read",
        alternatives,
        &mut imports,
    )?);
    for operation in scope.operations() {
        let is_judged = match operation.kind {
            OperationKind::Get => false,
            OperationKind::Create => judges_creation(scope),
            _ => true,
        };
        if is_judged {
            let name = policy(operation);
            functions.push(function(
                scope,
                root,
                &name,
                &operation.guard,
                &mut imports,
            )?);
        }
    }
    if scope.is_account(root) {
        let mut operations = scope.plan.operations.iter();
        if let Some(operation) = operations.find(|one| one.kind == OperationKind::SetRoles) {
            let name = "may_set_roles";
            functions.push(function(scope, root, name, &operation.guard, &mut imports)?);
        }
    }
    for entity in scope.feature.entities() {
        for output in &scope.plan.resource(entity).output {
            let rule = guard(&output.visible);
            if !output.visible.is_empty() && rule.judges_rows() {
                let name = sees(scope, entity, &output.json);
                functions.push(function(
                    scope,
                    entity,
                    &name,
                    &output.visible,
                    &mut imports,
                )?);
                if matches!(output.source, OutputSource::Parts(_)) {
                    let what = "parts that are seen on some rows";
                    return Err(Unsupported::at(what, scope.model().entity(entity).span));
                }
            }
        }
    }
    imports.from("sqlalchemy", "ColumnElement");
    imports.from("app.core.callers", "Caller");
    let plural = scope.spoken_plural(root);
    Ok(Policies {
        doc: format!("Who may do what with {plural}: conditions of queries."),
        imports: imports.text(),
        functions,
    })
}

/// The policy that says on which rows a key is seen.
pub fn sees(scope: &Scope<'_>, entity: EntityId, key: &str) -> String {
    match entity == scope.root() {
        true => format!("sees_{key}"),
        false => format!("sees_{}_{key}", scope.model().entity(entity).singular),
    }
}

/// Whether a new row is judged once it is there.
pub fn judges_creation(scope: &Scope<'_>) -> bool {
    let create = scope.operation(&OperationKind::Create);
    create.is_some_and(|one| !holds_by_creation(scope.plan, scope.root(), &one.guard))
}

fn function(
    scope: &Scope<'_>,
    entity: EntityId,
    name: &str,
    alternatives: &[Alternative],
    imports: &mut Imports,
) -> Result<Function> {
    let class = scope.imported(entity, imports);
    let variable = scope.names.variable(entity);
    if alternatives.iter().any(|one| one.after.is_some()) {
        let span = scope.model().entity(entity).span;
        return Err(Unsupported::at(
            "rules about the row that a write leaves",
            span,
        ));
    }
    let rule = guard(alternatives);
    let lines = match &rule {
        Guard::Nobody => constant_line("false", imports),
        Guard::Everyone => constant_line("true", imports),
        Guard::Branches(branches) => branched(scope, entity, &variable, branches, imports)?,
    };
    Ok(Function {
        name: name.to_owned(),
        parameters: format!("caller: Caller, {variable}: type[{class}] = {class}"),
        result: "ColumnElement[bool]".to_owned(),
        about: said(scope, entity, alternatives),
        lines,
    })
}

fn constant_line(value: &str, imports: &mut Imports) -> Vec<String> {
    imports.from("sqlalchemy", value);
    vec![format!("return {value}()")]
}

/// The rule in words.
fn said(scope: &Scope<'_>, entity: EntityId, alternatives: &[Alternative]) -> String {
    if alternatives.is_empty() {
        return "Nobody.".to_owned();
    }
    let each = alternatives.iter().map(|one| {
        let who = match (one.owner, one.caller) {
            (true, _) => "the owner".to_owned(),
            (_, CallerClass::Anyone) => "anyone".to_owned(),
            (_, CallerClass::SignedIn) => "whoever is signed in".to_owned(),
            (_, CallerClass::Role(role)) => {
                format!("`{}`", scope.model().role(role).name)
            }
        };
        match scope.plan.condition(Some(entity), one).when {
            Some(condition) => {
                let condition = crate::python::sentence(&condition);
                format!("{who} when `{condition}`")
            }
            None => who,
        }
    });
    let text = each.collect::<Vec<_>>().join(", or ");
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

/// `caller.signed_in`, `caller.has(Role.STAFF)`; absent: always.
pub fn test(scope: &Scope<'_>, caller: CallerClass, imports: &mut Imports) -> Option<String> {
    match caller {
        CallerClass::Anyone => None,
        CallerClass::SignedIn => Some("caller.signed_in".to_owned()),
        CallerClass::Role(role) => {
            imports.from("app.core.callers", "Role");
            let role = constant(&scope.model().role(role).name);
            Some(format!("caller.has(Role.{role})"))
        }
    }
}

/// `caller.has(Role.STAFF) or caller.has(Role.ADMIN)`
pub fn any_of(scope: &Scope<'_>, callers: &[CallerClass], imports: &mut Imports) -> String {
    let tests = callers
        .iter()
        .filter_map(|caller| test(scope, *caller, imports));
    tests.collect::<Vec<_>>().join(" or ")
}

fn branched(
    scope: &Scope<'_>,
    entity: EntityId,
    variable: &str,
    branches: &[Branch<'_>],
    imports: &mut Imports,
) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    let (open, conditional): (Vec<&Branch<'_>>, Vec<&Branch<'_>>) = branches
        .iter()
        .partition(|branch| branch.condition.is_none());
    let callers: Vec<CallerClass> = open.iter().map(|branch| branch.caller).collect();
    if !callers.is_empty() {
        imports.from("sqlalchemy", "true");
        lines.push(format!("if {}:", any_of(scope, &callers, imports)));
        lines.push("    return true()".to_owned());
    }
    let mut printed = Vec::new();
    for branch in &conditional {
        printed.push(condition(scope, entity, variable, branch, imports)?);
    }
    if let ([branch], [only]) = (conditional.as_slice(), printed.as_slice()) {
        let deep = match test(scope, branch.caller, imports) {
            Some(test) => {
                lines.push(format!("if {test}:"));
                4
            }
            None => 0,
        };
        let value = only.value.clone().unwrap_or_else(|| atom("None"));
        lines.extend(only.rows.iter().map(|row| indented(row, deep)));
        let value = value.laid_out(4 + deep, 7, 0);
        lines.push(indented(&format!("return {value}"), deep));
        if deep > 0 {
            lines.extend(constant_line("false", imports));
        }
        return Ok(lines);
    }
    if conditional.is_empty() {
        lines.extend(constant_line("false", imports));
        return Ok(lines);
    }
    imports.from("sqlalchemy", "or_");
    imports.from("sqlalchemy", "false");
    lines.push("allowed: list[ColumnElement[bool]] = []".to_owned());
    for (branch, printed) in conditional.iter().zip(printed) {
        let deep = match test(scope, branch.caller, imports) {
            Some(test) => {
                lines.push(format!("if {test}:"));
                4
            }
            None => 0,
        };
        lines.extend(printed.rows.iter().map(|row| indented(row, deep)));
        let value = printed.value.unwrap_or_else(|| atom("None"));
        let line = call("allowed.append", vec![value]).laid_out(4 + deep, 0, 0);
        lines.push(indented(&line, deep));
    }
    lines.push("return or_(false(), *allowed)".to_owned());
    Ok(lines)
}

fn indented(line: &str, by: usize) -> String {
    format!("{}{line}", " ".repeat(by))
}

fn condition(
    scope: &Scope<'_>,
    entity: EntityId,
    variable: &str,
    branch: &Branch<'_>,
    imports: &mut Imports,
) -> Result<Printed> {
    let Some(expression) = branch.condition else {
        return Ok(Printed::default());
    };
    let options = Lowering {
        caller_is_known: branch.caller != CallerClass::Anyone,
    };
    let lowered = lower_condition(scope.plan, entity, expression, options)?;
    let place = scope.place(variable, &["caller", "allowed"]);
    place.print(&lowered, imports)
}

/// A condition on rows of an entity called by their class: `policies.may_read(caller)`.
pub fn applied(scope: &Scope<'_>, entity: EntityId, policy: &str, imports: &mut Imports) -> Python {
    let module = scope.other(entity, "policies", imports);
    atom(module).call(policy, vec![atom("caller")])
}
