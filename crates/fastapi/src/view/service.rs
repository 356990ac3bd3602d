//! What operations do, each in one transaction.

mod change;
mod delete;
mod link;
mod make;
mod moves;
mod parts;

pub use delete::is_removed;

use super::{Result, Scope, action, schemas};
use crate::imports::Imports;
use crate::python::{Python, atom, call, sentence, text};
use archwright_plan::{Operation, OperationKind};
use archwright_stack::Unsupported;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub struct Service {
    pub doc: String,
    pub imports: String,
    pub class: String,
    pub variable: String,
    pub one: String,
    pub make: Vec<String>,
    pub functions: Vec<Procedure>,
}

#[derive(Debug, Serialize)]
pub struct Procedure {
    pub name: String,
    pub parameters: Vec<String>,
    pub result: String,
    pub about: String,
    pub lines: Vec<String>,
}

/// Absent where nothing is written.
pub fn view(scope: &Scope<'_>) -> Result<Option<Service>> {
    let mut imports = Imports::default();
    let root = scope.root();
    let class = scope.imported(root, &mut imports);
    let make = match schemas::is_made(scope) {
        true => make::make(scope, &mut imports)?,
        false => Vec::new(),
    };
    let mut functions: Vec<Procedure> = Vec::new();
    for operation in scope.operations() {
        if let Some(function) = operation_function(scope, operation, &mut imports)? {
            functions.push(function);
        }
    }
    if is_removed(scope) {
        functions.push(delete::removal(scope, &mut imports)?);
    }
    if make.is_empty() && functions.is_empty() {
        return Ok(None);
    }
    imports.from("app.core.callers", "Caller");
    imports.from("sqlalchemy.ext.asyncio", "AsyncSession");
    let package = format!("app.{}", scope.package());
    if !make.is_empty() {
        imports.from(&package, "schemas");
        imports.from("app.core", "audit");
    }
    let doc = format!("What is done with {}.", scope.spoken_plural(root));
    Ok(Some(Service {
        doc,
        imports: imports.text(),
        class,
        variable: scope.variable(),
        one: scope.one(root),
        make,
        functions,
    }))
}

/// `create_order`
pub fn function_name(scope: &Scope<'_>, operation: &Operation) -> String {
    let entity = scope.model().entity(scope.root());
    match operation.kind {
        OperationKind::List => format!("list_{}", entity.plural),
        OperationKind::Link(_) | OperationKind::Unlink(_) => {
            let action = action(operation);
            let (verb, rest) = action.split_once('_').unwrap_or((&action, ""));
            format!("{verb}_{}_{rest}", entity.singular)
        }
        _ => format!("{}_{}", action(operation), entity.singular),
    }
}

fn operation_function(
    scope: &Scope<'_>,
    operation: &Operation,
    imports: &mut Imports,
) -> Result<Option<Procedure>> {
    let lines = match operation.kind {
        OperationKind::List | OperationKind::Get => return Ok(None),
        OperationKind::Create => make::created(scope, operation, imports),
        OperationKind::Update => change::updated(scope, operation, imports)?,
        OperationKind::Delete => delete::deleted(scope, operation, imports),
        OperationKind::Move(index) => moves::moved(scope, operation, index, imports)?,
        OperationKind::Link(field) => link::linked(scope, operation, field, true, imports)?,
        OperationKind::Unlink(field) => link::linked(scope, operation, field, false, imports)?,
        OperationKind::Upload(_) | OperationKind::RemoveFile(_) | OperationKind::Download => {
            return Err(Unsupported::new("files"));
        }
        _ => return Err(Unsupported::new(format!("the operation {}", operation.id))),
    };
    let mut parameters = vec![
        "session: AsyncSession".to_owned(),
        "caller: Caller".to_owned(),
    ];
    parameters.extend(operation.parameters.iter().enumerate().map(|(place, _)| {
        let (name, ty) = parameter(scope, operation, place, imports);
        format!("{name}: {ty}")
    }));
    let has_body = matches!(
        operation.kind,
        OperationKind::Create | OperationKind::Update | OperationKind::Move(_)
    );
    if has_body {
        imports.from("app.core.bodies", "JsonBody");
        parameters.push("body: JsonBody".to_owned());
    }
    if operation.etag {
        parameters.push("if_match: int | None".to_owned());
    }
    let result = match has_body {
        true => {
            imports.from("app.core.records", "Record");
            imports.from("app.core.records", "Shape");
            parameters.push("shape: Shape".to_owned());
            "Record"
        }
        false => "None",
    };
    Ok(Some(Procedure {
        name: function_name(scope, operation),
        parameters,
        result: result.to_owned(),
        about: about(operation),
        lines,
    }))
}

pub fn about(operation: &Operation) -> String {
    match operation.about.trim() {
        "" => format!("{}.", operation.summary),
        about => sentence(about),
    }
}

/// What a parameter of the path is called and its type.
pub fn parameter(
    scope: &Scope<'_>,
    operation: &Operation,
    place: usize,
    imports: &mut Imports,
) -> (String, &'static str) {
    use archwright_plan::PathParameterKind as Kind;
    let entity = match operation.parameters[place].kind {
        Kind::Id(entity) => entity,
        Kind::Key(field) => field.entity,
        Kind::Token | Kind::Input(_) => scope.root(),
    };
    let attribute = scope.address(entity);
    let singular = &scope.model().entity(entity).singular;
    let name = match place {
        0 => format!("{singular}_{attribute}"),
        _ => format!("other_{singular}_{attribute}"),
    };
    match scope.address_type(entity) {
        "str" => (name, "str"),
        _ => {
            imports.from("uuid", "UUID");
            (name, "UUID")
        }
    }
}

/// The lines that find the row of an operation.
pub(super) fn found(
    scope: &Scope<'_>,
    operation: &Operation,
    imports: &mut Imports,
) -> Vec<String> {
    let package = format!("app.{}", scope.package());
    for module in ["policies", "records"] {
        imports.from(&package, module);
    }
    let (class, variable) = (scope.class(), scope.variable());
    let (given, _) = parameter(scope, operation, 0, imports);
    let own = atom(class)
        .dot(&scope.address(scope.root()))
        .binary("==", atom(given));
    let policy = atom("policies").call(&super::policy(operation), vec![atom("caller")]);
    let arguments = vec![atom("session"), atom("caller"), own, policy];
    let value = call("records.writable", arguments);
    let before = variable.len() + 9;
    let mut lines = vec![format!(
        "{variable} = await {}",
        value.laid_out(4, before, 0)
    )];
    if operation.etag {
        imports.from("app.core", "conditional");
        lines.push(format!("conditional.require({variable}.version, if_match)"));
    }
    lines
}

pub(super) fn shown(scope: &Scope<'_>, imports: &mut Imports) -> String {
    imports.from(&format!("app.{}", scope.package()), "records");
    let (class, variable) = (scope.class(), scope.variable());
    format!("return await records.written(session, caller, {class}.id == {variable}.id, shape)")
}

pub(super) fn recorded(
    scope: &Scope<'_>,
    operation: &str,
    made: &str,
    imports: &mut Imports,
) -> Vec<String> {
    let entity = scope.model().entity(scope.root());
    let mut lines = Vec::new();
    if entity.audit {
        imports.from("app.core", "audit");
        let arguments = ["session", "caller", operation, &text(&entity.name)];
        let mut arguments: Vec<Python> = arguments.into_iter().map(atom).collect();
        arguments.extend([atom(format!("{}.id", scope.variable())), atom(made)]);
        lines.push(call("audit.record", arguments).laid_out(4, 0, 0));
    }
    lines.push("await session.flush()".to_owned());
    lines
}
