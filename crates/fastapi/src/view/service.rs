//! What operations do, each in one transaction.

use super::{Result, Scope, action, policies, records, schemas};
use crate::imports::Imports;
use crate::python::{Python, atom, call, sentence, text};
use crate::types;
use archwright_plan::model::{
    EntityId, Expression, ExpressionKind, Field, FieldId, FieldKind, Move, OnDelete, Origin,
    ScalarType,
};
use archwright_plan::{ColumnSource, Input, InputKind, Operation, OperationKind};
use archwright_stack::Unsupported;
use archwright_stack::expression::{Lowering, lower, lower_condition};
use archwright_stack::feature::referrers;
use archwright_stack::name::constant;
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
        true => make(scope, &mut imports)?,
        false => Vec::new(),
    };
    let mut functions: Vec<Procedure> = Vec::new();
    for operation in scope.operations() {
        if let Some(function) = operation_function(scope, operation, &mut imports)? {
            functions.push(function);
        }
    }
    if is_removed(scope) {
        functions.push(removal(scope, &mut imports)?);
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
        OperationKind::Create => created(scope, operation, imports),
        OperationKind::Update => updated(scope, operation, imports)?,
        OperationKind::Delete => deleted(scope, operation, imports),
        OperationKind::Move(index) => moved(scope, operation, index, imports)?,
        OperationKind::Link(field) => linked(scope, operation, field, true, imports)?,
        OperationKind::Unlink(field) => linked(scope, operation, field, false, imports)?,
        OperationKind::Upload(_) | OperationKind::RemoveFile(_) | OperationKind::Download => {
            return Err(Unsupported::new("files"));
        }
        _ => return Err(Unsupported::new(format!("the operation {}", operation.id))),
    };
    let mut parameters = vec!["session: AsyncSession".to_owned(), "caller: Caller".to_owned()];
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
fn found(scope: &Scope<'_>, operation: &Operation, imports: &mut Imports) -> Vec<String> {
    let package = format!("app.{}", scope.package());
    for module in ["policies", "records"] {
        imports.from(&package, module);
    }
    let (class, variable) = (scope.class(), scope.variable());
    let (given, _) = parameter(scope, operation, 0, imports);
    let own = atom(class).dot(&scope.address(scope.root())).binary("==", atom(given));
    let policy = atom("policies").call(&super::policy(operation), vec![atom("caller")]);
    let arguments = vec![atom("session"), atom("caller"), own, policy];
    let value = call("records.writable", arguments);
    let before = variable.len() + 9;
    let mut lines = vec![format!("{variable} = await {}", value.laid_out(4, before, 0))];
    if operation.etag {
        imports.from("app.core", "conditional");
        lines.push(format!("conditional.require({variable}.version, if_match)"));
    }
    lines
}

fn shown(scope: &Scope<'_>, imports: &mut Imports) -> String {
    imports.from(&format!("app.{}", scope.package()), "records");
    let (class, variable) = (scope.class(), scope.variable());
    format!("return await records.written(session, caller, {class}.id == {variable}.id, shape)")
}

fn recorded(scope: &Scope<'_>, operation: &str, made: &str, imports: &mut Imports) -> Vec<String> {
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

// ---- making --------------------------------------------------------------------------------------------------------

fn created(scope: &Scope<'_>, operation: &Operation, imports: &mut Imports) -> Vec<String> {
    let (class, variable) = (scope.class(), scope.variable());
    let mut lines = vec![
        format!("given = body.read(schemas.{class}Create)"),
        format!(
            "{variable} = await make_{variable}(session, caller, given, {})",
            text(&operation.id)
        ),
    ];
    if policies::judges_creation(scope) {
        imports.from(&format!("app.{}", scope.package()), "policies");
        imports.from("app.core", "access");
        imports.from("sqlalchemy", "select");
        let allowed = format!("select(policies.may_create(caller)).where({class}.id == {variable}.id)");
        lines.push(format!("if not await session.scalar({allowed}):"));
        lines.push("    raise access.refusal(caller)".to_owned());
    }
    if scope.is_account(scope.root()) {
        imports.from("app.auth.models", "Credentials");
        // Nobody can sign in to it yet.
        lines.push(format!(
            "session.add(Credentials(account_id={variable}.id, password_hash=\"!\", roles=[], failed_count=0))"
        ));
        lines.push("await session.flush()".to_owned());
    }
    lines.push(shown(scope, imports));
    lines
}

/// Rows that a body names, looked up.
struct Lookups {
    lines: Vec<String>,
}

impl Lookups {
    fn finish(self, imports: &mut Imports) -> Vec<String> {
        if self.lines.is_empty() {
            return Vec::new();
        }
        imports.from("app.core.references", "References");
        let mut lines = vec!["references = References(session)".to_owned()];
        lines.extend(self.lines);
        lines.push("references.settle()".to_owned());
        lines
    }
}

/// `records.referable(caller), Category.slug`: rows of an entity, and what names them.
fn addressable(scope: &Scope<'_>, target: EntityId, imports: &mut Imports) -> (Python, Python) {
    let class = scope.imported(target, imports);
    let module = scope.other(target, "records", imports);
    let rows = atom(module).call("referable", vec![atom("caller")]);
    (rows, atom(class).dot(&scope.address(target)))
}

fn lookup(
    scope: &Scope<'_>,
    method: &str,
    place: &str,
    target: EntityId,
    given: &str,
    imports: &mut Imports,
) -> Python {
    let (rows, address) = addressable(scope, target, imports);
    let arguments = vec![atom(place), rows, address, atom(given)];
    call(&format!("references.{method}"), arguments)
}

fn make(scope: &Scope<'_>, imports: &mut Imports) -> Result<Vec<String>> {
    let root = scope.root();
    let inputs = &scope.plan.resource(root).create;
    let variable = scope.variable();
    let mut lookups = Lookups { lines: Vec::new() };
    let mut after = Vec::new();
    for input in inputs {
        let key = &input.json;
        let place = text(&format!("/{key}"));
        match &input.kind {
            InputKind::Scalar => {}
            InputKind::Reference(target) => {
                let method = if input.nullable || !input.required { "perhaps" } else { "one" };
                let name = local(scope, input.field);
                let value = lookup(scope, method, &place, *target, &format!("given.{key}"), imports);
                let value = value.laid_out(4, name.len() + 9, 0);
                lookups.lines.push(format!("{name} = await {value}"));
            }
            InputKind::References(target) => {
                let given = format!("given.{key} or []");
                let value = lookup(scope, "many", &place, *target, &given, imports);
                let value = value.laid_out(4, key.len() + 9, 0);
                lookups.lines.push(format!("{key} = await {value}"));
                after.extend(link_new(scope, input.field, key, 4, imports)?);
            }
            InputKind::Parts { entity, create, .. } => {
                let (before, making) = new_parts(scope, key, *entity, create, imports)?;
                lookups.lines.extend(before);
                after.extend(making);
            }
        }
    }
    let mut lines = lookups.finish(imports);
    lines.extend(slugs(scope, root, inputs, imports)?);
    let values = new_values(scope, root, inputs, "given", None, imports)?;
    let stamps = after.iter().any(|line| line.contains("=at,") || line.contains("=at)"));
    if stamps || values.iter().any(|value| value.flat().ends_with("=at")) {
        imports.from("app.core.clock", "now");
        lines.push("at = now()".to_owned());
    }
    let class = scope.class();
    let value = call(&class, values).laid_out(4, variable.len() + 3, 0);
    lines.push(format!("{variable} = {value}"));
    lines.push(format!("session.add({variable})"));
    let audited = scope.model().entity(root).audit;
    if audited {
        lines.push(format!("made = audit.changes({variable})"));
    }
    lines.push("await session.flush()".to_owned());
    lines.extend(after.into_iter().filter(|line| audited || !line.contains("made[")));
    lines.extend(recorded(scope, "operation", "made", imports));
    lines.push(format!("return {variable}"));
    Ok(lines)
}

/// The local name of a row's id that a body names.
fn local(scope: &Scope<'_>, field: FieldId) -> String {
    scope.names.variable_named(&scope.names.field(field))
}

/// The attributes of a new row.
fn new_values(
    scope: &Scope<'_>,
    entity: EntityId,
    inputs: &[Input],
    given: &str,
    part: Option<(&str, &str)>,
    imports: &mut Imports,
) -> Result<Vec<Python>> {
    imports.from("app.core.ids", "new_id");
    let named = |name: &str, value: String| Python::Named(name.to_owned(), Box::new(atom(value)));
    let definition = scope.model().entity(entity);
    let mut values = vec![named("id", "new_id()".to_owned())];
    for field in &definition.fields {
        let Some(attribute) = scope.names.column(entity, ColumnSource::Field(field.id)) else {
            continue;
        };
        let input = inputs.iter().find(|input| input.field == field.id);
        let back = definition.part_of.filter(|part| part.back == field.id);
        let value = match (input, part) {
            (_, Some((whole, _))) if back.is_some() => Some(format!("{whole}.id")),
            (Some(input), _) => Some(given_value(scope, entity, field, input, given, part.is_some(), imports)?),
            (None, _) => implied(scope, entity, field, imports)?,
        };
        values.extend(value.map(|value| named(&attribute, value)));
    }
    if let Some((_, position)) = part {
        values.push(named("position", position.to_owned()));
    }
    if scope.names.column(entity, ColumnSource::Version).is_some() {
        values.push(named("version", "1".to_owned()));
    }
    Ok(values)
}

fn given_value(
    scope: &Scope<'_>,
    entity: EntityId,
    field: &Field,
    input: &Input,
    given: &str,
    is_part: bool,
    imports: &mut Imports,
) -> Result<String> {
    if matches!(input.kind, InputKind::Reference(_)) {
        let name = local(scope, field.id);
        return Ok(match scope.model().entity(entity).owner == Some(field.id) {
            true => format!("{name} or caller.id"),
            false => name,
        });
    }
    let plain = format!("{given}.{}", input.json);
    if field.slug_from.is_some() && !input.required {
        if is_part {
            return Err(Unsupported::at("slugs of parts", field.span));
        }
        return Ok(scope.names.variable_named(&field.name));
    }
    match &field.default {
        Some(expression) if !matches!(expression.kind, ExpressionKind::Literal(_)) => {
            let value = plain_value(scope, field, expression, imports)?;
            Ok(format!("{plain} if {given}.has({}) else {value}", text(&input.json)))
        }
        _ => Ok(plain),
    }
}

/// The value of a field that no request sets.
fn implied(
    scope: &Scope<'_>,
    entity: EntityId,
    field: &Field,
    imports: &mut Imports,
) -> Result<Option<String>> {
    let definition = scope.model().entity(entity);
    if definition.owner == Some(field.id) {
        return Ok(Some("caller.id".to_owned()));
    }
    if definition.tenant == Some(field.id) {
        return Err(Unsupported::at("tenants", field.span));
    }
    if field.origin == Origin::Implied && field.scalar() == Some(&ScalarType::DateTime) {
        return Ok(Some("at".to_owned()));
    }
    match &field.default {
        Some(expression) => plain_value(scope, field, expression, imports).map(Some),
        None => Ok(None),
    }
}

/// A value that Python knows without asking the database.
fn plain_value(
    scope: &Scope<'_>,
    field: &Field,
    expression: &Expression,
    imports: &mut Imports,
) -> Result<String> {
    match &expression.kind {
        ExpressionKind::Literal(literal) => {
            Ok(schemas::literal_value(scope, field.id, literal, imports))
        }
        ExpressionKind::Now => {
            imports.from("app.core.clock", "now");
            Ok("now()".to_owned())
        }
        ExpressionKind::Today => {
            imports.from("app.core.clock", "now");
            Ok("now().date()".to_owned())
        }
        ExpressionKind::Caller => Ok("caller.id".to_owned()),
        _ => Err(Unsupported::at("defaults that are worked out", expression.span)),
    }
}

/// Slugs that are made from other fields where the request gives none.
fn slugs(
    scope: &Scope<'_>,
    entity: EntityId,
    inputs: &[Input],
    imports: &mut Imports,
) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for field in &scope.model().entity(entity).fields {
        let (Some(source), Some(_)) = (
            field.slug_from,
            inputs.iter().find(|input| input.field == field.id),
        ) else {
            continue;
        };
        let name = scope.names.variable_named(&field.name);
        let value = free_slug(scope, field, &format!("given.{}", scope.model().field(source).name), imports)?;
        lines.push(format!("{name} = given.{}", field.name));
        lines.push(format!("if not given.has({}):", text(&field.name)));
        lines.push(format!("    {name} = {value}"));
    }
    Ok(lines)
}

fn free_slug(scope: &Scope<'_>, field: &Field, from: &str, imports: &mut Imports) -> Result<String> {
    let entity = scope.model().entity(field.id.entity);
    let keys = entity.unique.iter().filter(|key| key.fields.contains(&field.id));
    if keys.clone().any(|key| key.fields.len() > 1) {
        return Err(Unsupported::at("slugs that are unique among some rows", field.span));
    }
    imports.from("app.core", "slugs");
    let class = scope.imported(field.id.entity, imports);
    let column = format!("{class}.{}", scope.names.field(field.id));
    Ok(match keys.count() {
        0 => format!("slugs.slug_of({from})"),
        _ => format!("await slugs.free(session, {column}, {from})"),
    })
}

/// Links of a new row.
fn link_new(
    scope: &Scope<'_>,
    field: FieldId,
    key: &str,
    indent: usize,
    imports: &mut Imports,
) -> Result<Vec<String>> {
    let definition = scope.model().field(field);
    let variable = scope.variable();
    let (table, near, far) = records::link(scope, field, field, imports);
    imports.from("sqlalchemy", "insert");
    let pairs = format!("[{{\"{near}\": {variable}.id, \"{far}\": other}} for other in {key}]");
    let value = call("session.execute", vec![call("insert", vec![atom(table)]), atom(pairs)]);
    Ok(vec![
        format!("if {key}:"),
        format!("    await {}", value.laid_out(indent + 4, 6, 0)),
        format!("    made[{}] = {{\"to\": [str(other) for other in {key}]}}", text(&definition.name)),
    ])
}

/// What looks up the rows that new parts name, and what makes the parts.
fn new_parts(
    scope: &Scope<'_>,
    key: &str,
    part: EntityId,
    inputs: &[Input],
    imports: &mut Imports,
) -> Result<(Vec<String>, Vec<String>)> {
    check_part(scope, part)?;
    let mut before = Vec::new();
    let variable = scope.names.variable(part);
    let names = part_lookups(scope, key, inputs, &variable, &format!("given.{key} or []"), &mut before, imports)?;
    let given = format!("{variable}_given");
    let values = new_values(scope, part, inputs, &given, Some((&scope.variable(), "position")), imports)?;
    let class = scope.imported(part, imports);
    imports.from("app.core", "constraints");
    let pieces = zipped(&names, &format!("given.{key} or []"));
    let header = match names.as_slice() {
        [] => format!("for position, {given} in enumerate(given.{key} or []):"),
        names => {
            let locals: Vec<&str> = names.iter().map(|(local, _)| local.as_str()).collect();
            format!("for position, ({given}, {}) in enumerate({pieces}):", locals.join(", "))
        }
    };
    let value = call("session.add", vec![call(&class, values)]);
    let making = vec![
        header,
        format!("    {}", value.laid_out(8, 0, 0)),
        format!("    with constraints.place(f\"/{key}/{{position}}\"):"),
        "        await session.flush()".to_owned(),
    ];
    Ok((before, making))
}

/// `zip(given.lines or [], book_ids, strict=True)`
fn zipped(names: &[(String, String)], items: &str) -> String {
    let lists: Vec<&str> = names.iter().map(|(_, list)| list.as_str()).collect();
    format!("zip({items}, {}, strict=True)", lists.join(", "))
}

/// The lists of the ids that parts name: for each, the name of one id and of the list.
fn part_lookups(
    scope: &Scope<'_>,
    key: &str,
    inputs: &[Input],
    item: &str,
    items: &str,
    lines: &mut Vec<String>,
    imports: &mut Imports,
) -> Result<Vec<(String, String)>> {
    let mut names = Vec::new();
    for input in inputs {
        match &input.kind {
            InputKind::Scalar => {}
            InputKind::Reference(target) => {
                let one = local(scope, input.field);
                let list = format!("{item}_{}", scope.model().entity(*target).plural);
                let place = format!("f\"/{key}/{{index}}/{}\"", input.json);
                let method = if input.nullable || !input.required { "perhaps" } else { "one" };
                let given = format!("{item}_given.{}", input.json);
                let value = lookup(scope, method, &place, *target, &given, imports);
                lines.push(format!("{list} = ["));
                lines.push(format!("    await {}", value.laid_out(8, 6, 0)));
                lines.push(format!("    for index, {item}_given in enumerate({items})"));
                lines.push("]".to_owned());
                names.push((one, list));
            }
            InputKind::References(_) | InputKind::Parts { .. } => {
                let span = scope.model().field(input.field).span;
                return Err(Unsupported::at("lists of rows within parts", span));
            }
        }
    }
    Ok(names)
}

/// Whether parts are of a kind that is written here.
fn check_part(scope: &Scope<'_>, part: EntityId) -> Result<()> {
    let entity = scope.model().entity(part);
    if !referrers(scope.model(), part).is_empty() {
        return Err(Unsupported::at("rows that refer to parts of others", entity.span));
    }
    if entity.soft_delete {
        return Err(Unsupported::at("parts that are marked as deleted", entity.span));
    }
    Ok(())
}

// ---- changing ------------------------------------------------------------------------------------------------------

fn updated(
    scope: &Scope<'_>,
    operation: &Operation,
    imports: &mut Imports,
) -> Result<Vec<String>> {
    let root = scope.root();
    let (class, variable) = (scope.class(), scope.variable());
    let inputs = &scope.plan.resource(root).update;
    let package = format!("app.{}", scope.package());
    imports.from(&package, "schemas");
    let mut lines = found(scope, operation, imports);
    lines.push(format!("given = body.read(schemas.{class}Update)"));
    let mut lookups = Lookups { lines: Vec::new() };
    let mut sets = Vec::new();
    let mut after = Vec::new();
    for input in inputs {
        let key = &input.json;
        let place = text(&format!("/{key}"));
        let given = format!("given.{key}");
        let has = format!("if given.has({}):", text(key));
        match &input.kind {
            InputKind::Scalar => {
                let attribute = scope.names.field(input.field);
                sets.push(has);
                sets.push(format!("    {variable}.{attribute} = {given}"));
            }
            InputKind::Reference(target) => {
                let method = if input.nullable { "perhaps" } else { "one" };
                let attribute = scope.names.field(input.field);
                let value = lookup(scope, method, &place, *target, &given, imports);
                let before = variable.len() + attribute.len() + 14;
                let value = value.laid_out(8, before, 0);
                lookups.lines.push(has);
                lookups.lines.push(format!("    {variable}.{attribute} = await {value}"));
            }
            InputKind::References(target) => {
                let value = lookup(scope, "many", &place, *target, &given, imports);
                let value = value.laid_out(8, key.len() + 13, 0);
                lookups.lines.push(format!("{key}: list[UUID] = []"));
                imports.from("uuid", "UUID");
                lookups.lines.push(has.clone());
                lookups.lines.push(format!("    {key} = await {value}"));
                after.push(has);
                after.extend(link_anew(scope, input.field, key, imports)?);
            }
            InputKind::Parts { entity, create, update } => {
                let (before, changing) = changed_parts(scope, key, *entity, (create, update), imports)?;
                lookups.lines.push(has.clone());
                lookups.lines.extend(before.into_iter().map(|line| format!("    {line}")));
                after.push(has);
                after.extend(changing.into_iter().map(|line| format!("    {line}")));
            }
        }
    }
    let derived = scope.model().entity(root).fields.iter().filter(|field| !field.immutable);
    for field in derived {
        let Some(source) = field.slug_from else { continue };
        if !inputs.iter().any(|input| input.field == source) {
            continue;
        }
        let (from, own) = (&scope.model().field(source).name, &field.name);
        let attribute = scope.names.field(source);
        let value = free_slug(scope, field, &format!("given.{from}"), imports)?;
        let follows = format!("given.has({}) and given.{from} != {variable}.{attribute}", text(from));
        let slug = scope.names.field(field.id);
        let mut derivation = vec![
            format!("if {follows} and not given.has({}):", text(own)),
            format!("    {variable}.{slug} = {value}"),
        ];
        derivation.append(&mut sets);
        sets = derivation;
    }
    // Looked up before anything is set, so that all that is missing is told at once.
    lines.extend(lookups.finish(imports));
    lines.extend(sets);
    if after.iter().any(|line| line.contains("=at,") || line.contains("=at)")) {
        imports.from("app.core.clock", "now");
        lines.push("at = now()".to_owned());
    }
    lines.push(format!("records.touch({variable})"));
    let audited = scope.model().entity(root).audit;
    if audited {
        imports.from("app.core", "audit");
        lines.push(format!("made = audit.changes({variable})"));
    }
    lines.push("await session.flush()".to_owned());
    lines.extend(after.into_iter().filter(|line| audited || !line.contains("made[")));
    lines.extend(recorded(scope, &text(&operation.id), "made", imports));
    lines.push(shown(scope, imports));
    Ok(lines)
}

/// Leads a relation to these rows and no others.
fn link_anew(
    scope: &Scope<'_>,
    field: FieldId,
    key: &str,
    imports: &mut Imports,
) -> Result<Vec<String>> {
    let variable = scope.variable();
    let (table, near, _) = records::link(scope, field, field, imports);
    imports.from("sqlalchemy", "delete");
    let mut lines = vec![format!(
        "    await session.execute(delete({table}).where({table}.c.{near} == {variable}.id))"
    )];
    lines.extend(link_new(scope, field, key, 8, imports)?.into_iter().map(|line| format!("    {line}")));
    Ok(lines)
}

/// What finds the parts that are kept and what all parts name, and what replaces the parts.
fn changed_parts(
    scope: &Scope<'_>,
    key: &str,
    part: EntityId,
    (create, update): (&[Input], &[Input]),
    imports: &mut Imports,
) -> Result<(Vec<String>, Vec<String>)> {
    check_part(scope, part)?;
    let class = scope.imported(part, imports);
    let whole = scope.variable();
    let item = scope.names.variable(part);
    let given = format!("{item}_given");
    let Some(of) = scope.model().entity(part).part_of else {
        return Err(Unsupported::new("parts without a whole"));
    };
    let back = scope.names.field(of.back);
    let kept_class = format!("schemas.{class}Update");
    imports.from("sqlalchemy", "select");
    imports.from("app.core", "constraints");
    let query = format!("select({class}).where({class}.{back} == {whole}.id)");
    let mut before = vec![
        format!("{key}_found = await session.scalars({query})"),
        format!("{key}_before = {{{item}.id: {item} for {item} in {key}_found}}"),
        format!("{key}_kept: set[UUID] = set()"),
    ];
    imports.from("uuid", "UUID");
    let mut reading: Vec<String> = Vec::new();
    let mut names: Vec<(String, String)> = Vec::new();
    for input in create {
        if let InputKind::Reference(target) = &input.kind {
            let one = local(scope, input.field);
            let list = format!("{item}_{}", scope.model().entity(*target).plural);
            let place = format!("f\"/{key}/{{index}}/{}\"", input.json);
            let name = format!("{given}.{}", input.json);
            let may_change = update.iter().any(|one| one.field == input.field);
            let value = lookup(scope, "perhaps", &place, *target, &name, imports);
            before.push(format!("{list}: list[UUID | None] = []"));
            let guard = match may_change {
                true => format!("not isinstance({given}, {kept_class}) or {given}.has({})", text(&input.json)),
                false => format!("not isinstance({given}, {kept_class})"),
            };
            reading.push(format!("    {one} = None"));
            reading.push(format!("    if {guard}:"));
            reading.push(format!("        {one} = await {}", value.laid_out(16, one.len() + 9, 0)));
            reading.push(format!("    {list}.append({one})"));
            names.push((one, list));
        }
    }
    before.push(format!("for index, {given} in enumerate(given.{key}):"));
    before.push(format!("    if isinstance({given}, {kept_class}):"));
    before.push(format!("        if {given}.id not in {key}_before or {given}.id in {key}_kept:"));
    before.push(format!("            references.missing(f\"/{key}/{{index}}/id\")"));
    before.push(format!("        {key}_kept.add({given}.id)"));
    before.extend(reading);
    let pieces = match names.is_empty() {
        true => format!("given.{key}"),
        false => zipped(&names, &format!("given.{key}")),
    };
    let locals: Vec<&str> = names.iter().map(|(local, _)| local.as_str()).collect();
    let target = match locals.is_empty() {
        true => given.clone(),
        false => format!("({given}, {})", locals.join(", ")),
    };
    let mut lines = vec![
        format!("for {item}_id, {item} in {key}_before.items():"),
        format!("    if {item}_id not in {key}_kept:"),
        format!("        await session.delete({item})"),
        "await session.flush()".to_owned(),
        format!("for position, {target} in enumerate({pieces}):"),
        format!("    if isinstance({given}, {kept_class}):"),
        format!("        {item} = {key}_before[{given}.id]"),
        format!("        {item}.position = position"),
    ];
    for input in update {
        let attribute = scope.names.field(input.field);
        let value = match input.kind {
            InputKind::Reference(_) if !input.nullable => {
                let name = local(scope, input.field);
                format!("{name} or {item}.{attribute}")
            }
            InputKind::Reference(_) => local(scope, input.field),
            _ => format!("{given}.{}", input.json),
        };
        lines.push(format!("        if {given}.has({}):", text(&input.json)));
        lines.push(format!("            {item}.{attribute} = {value}"));
    }
    let values = new_values(scope, part, create, &given, Some((&whole, "position")), imports)?;
    let value = call("session.add", vec![call(&class, values)]);
    lines.push("    else:".to_owned());
    lines.push(format!("        {}", value.laid_out(16, 0, 0)));
    lines.push(format!("    with constraints.place(f\"/{key}/{{position}}\"):"));
    lines.push("        await session.flush()".to_owned());
    Ok((before, lines))
}

// ---- moves ---------------------------------------------------------------------------------------------------------

fn moved(
    scope: &Scope<'_>,
    operation: &Operation,
    index: usize,
    imports: &mut Imports,
) -> Result<Vec<String>> {
    let root = scope.root();
    let entity = scope.model().entity(root);
    let (class, variable) = (scope.class(), scope.variable());
    let Some((machine, one)) = entity.state.as_ref().and_then(|machine| Some((machine, machine.moves.get(index)?)))
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
        let options = Lowering { caller_is_known: true };
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
                    let options = Lowering { caller_is_known: true };
                    let lowered = lower(scope.plan, root, expression, &scalar.value_type(), options)?;
                    let printed = scope.printed(root, &lowered, imports)?;
                    before.extend(printed.rows);
                    let mut value = printed.value.unwrap_or_else(|| atom("None"));
                    if let Some(ty) = types::computed(definition, imports) {
                        imports.from("sqlalchemy", "type_coerce");
                        value = call("type_coerce", vec![value, ty]);
                    }
                    imports.from("sqlalchemy", "select");
                    let query = call("select", vec![value]).call("where", vec![own(&class, &variable)]);
                    let query = call("session.scalar", vec![query]);
                    before.push(format!("{attribute} = await {}", query.laid_out(4, attribute.len() + 9, 0)));
                    attribute.clone()
                }
            },
        };
        sets.push(format!("{variable}.{attribute} = {value}"));
    }
    Ok((before, sets))
}

// ---- links ---------------------------------------------------------------------------------------------------------

fn linked(
    scope: &Scope<'_>,
    operation: &Operation,
    field: FieldId,
    adds: bool,
    imports: &mut Imports,
) -> Result<Vec<String>> {
    let definition = scope.model().field(field);
    let FieldKind::ToMany(relation) = &definition.kind else {
        return Err(Unsupported::at("links of a relation to one", definition.span));
    };
    let variable = scope.variable();
    let (table, near, far) = records::link(scope, field, field, imports);
    let mut lines = found(scope, operation, imports);
    let (given, _) = parameter(scope, operation, 1, imports);
    let (rows, address) = addressable(scope, relation.target, imports);
    imports.from("app.core", "problems");
    imports.from("sqlalchemy", "exists");
    imports.from("sqlalchemy", "select");
    let query = rows.call("where", vec![address.clone().binary("==", atom(given.as_str()))]);
    let readable = call("session.scalar", vec![query]);
    lines.push(format!("readable = await {}", readable.laid_out(4, 17, 0)));
    let other = match adds {
        true => {
            lines.push("if readable is None:".to_owned());
            lines.push("    raise problems.not_found()".to_owned());
            "readable"
        }
        false => {
            let class = scope.imported(relation.target, imports);
            let active = scope.active(relation.target);
            lines.push(format!(
                "other = await session.scalar(select({class}.id).where({} == {given}{active}))",
                address.flat()
            ));
            lines.push("if other is None:".to_owned());
            lines.push("    raise problems.not_found()".to_owned());
            "other"
        }
    };
    let of_table = |column: &str| atom(table.as_str()).dot("c").dot(column);
    let conditions = vec![
        of_table(&near).binary("==", atom(format!("{variable}.id"))),
        of_table(&far).binary("==", atom(other)),
    ];
    let found = call("exists", Vec::new()).call("where", conditions.clone());
    lines.push(format!("pair = {}", found.laid_out(4, 7, 0)));
    lines.push("is_linked = await session.scalar(select(pair))".to_owned());
    let mut change = match adds {
        true => {
            imports.from("sqlalchemy", "insert");
            lines.push("if is_linked:".to_owned());
            lines.push("    return".to_owned());
            let values = format!("{near}={variable}.id, {far}={other}");
            vec![format!("await session.execute(insert({table}).values({values}))")]
        }
        false => {
            imports.from("sqlalchemy", "delete");
            lines.push("if not is_linked:".to_owned());
            lines.push("    # What is linked can be unlinked, also when the caller may not read it any more.".to_owned());
            lines.push("    if readable is None:".to_owned());
            lines.push("        raise problems.not_found()".to_owned());
            lines.push("    return".to_owned());
            let removed = call("delete", vec![atom(table.as_str())]).call("where", conditions);
            vec![format!("await {}", call("session.execute", vec![removed]).laid_out(4, 6, 0))]
        }
    };
    change.push(format!("records.touch({variable})"));
    lines.extend(change);
    let what = if adds { "linked" } else { "unlinked" };
    let made = format!("{{{}: {{\"{what}\": str({other})}}}}", text(&definition.name));
    lines.extend(recorded(scope, &text(&operation.id), &made, imports));
    Ok(lines)
}

// ---- deleting ------------------------------------------------------------------------------------------------------

/// Whether rows are deleted, by their own operation or with others.
pub fn is_removed(scope: &Scope<'_>) -> bool {
    fn goes(scope: &Scope<'_>, entity: EntityId, seen: &mut Vec<EntityId>) -> bool {
        if seen.contains(&entity) {
            return false;
        }
        seen.push(entity);
        let mut operations = scope.plan.operations.iter();
        if operations.any(|one| one.entity == Some(entity) && one.kind == OperationKind::Delete) {
            return true;
        }
        let fields = scope.model().entity(entity).fields.iter();
        let above: Vec<EntityId> = fields
            .filter_map(Field::to_one)
            .filter(|relation| relation.on_delete == OnDelete::Cascade)
            .map(|relation| relation.target)
            .collect();
        above.into_iter().any(|target| goes(scope, target, seen))
    }
    goes(scope, scope.root(), &mut Vec::new())
}

fn deleted(scope: &Scope<'_>, operation: &Operation, imports: &mut Imports) -> Vec<String> {
    let variable = scope.variable();
    let mut lines = found(scope, operation, imports);
    lines.push(format!(
        "await remove_{variable}(session, caller, {variable}, {})",
        text(&operation.id)
    ));
    lines
}

fn removal(scope: &Scope<'_>, imports: &mut Imports) -> Result<Procedure> {
    let root = scope.root();
    let entity = scope.model().entity(root);
    let (class, variable) = (scope.class(), scope.variable());
    let (mut lines, mut checks) = (Vec::new(), Vec::new());
    for (field, rule) in referrers(scope.model(), root) {
        let referring = scope.model().entity(field.entity);
        let is_part = referring.part_of.is_some_and(|part| part.back == field);
        if is_part && entity.soft_delete {
            // Parts of a marked row are hidden with it, and stay.
            continue;
        }
        if referring.part_of.is_some() && !is_part && rule != OnDelete::Restrict {
            let span = scope.model().field(field).span;
            return Err(Unsupported::at("parts that go with a row that is not their whole", span));
        }
        if rule == OnDelete::Cascade && field.entity == root {
            let span = scope.model().field(field).span;
            return Err(Unsupported::at("rows that go with others of their kind", span));
        }
        let other = scope.imported(field.entity, imports);
        let attribute = scope.names.field(field);
        let mut conditions = format!("{other}.{attribute} == {variable}.id");
        if entity.soft_delete {
            conditions.push_str(&scope.active(field.entity));
        }
        imports.from("sqlalchemy", "select");
        let one = match scope.names.variable(field.entity) {
            name if name == variable => format!("other_{name}"),
            name => name,
        };
        let each = format!("for {one} in await session.scalars(select({other}).where({conditions})):");
        match rule {
            OnDelete::Restrict => {
                imports.from("sqlalchemy", "exists");
                imports.from("app.core", "problems");
                checks.push(format!("if await session.scalar(select(exists().where({conditions}))):"));
                let what = text(&scope.spoken_plural(field.entity));
                checks.push(format!("    raise problems.in_use({what})"));
            }
            OnDelete::Cascade if is_part => {
                lines.push(each);
                lines.push(format!("    await session.delete({one})"));
                lines.push("await session.flush()".to_owned());
            }
            OnDelete::Cascade => {
                let module = scope.other(field.entity, "service", imports);
                if referring.soft_delete && !entity.soft_delete {
                    let span = scope.model().field(field).span;
                    return Err(Unsupported::at("marked rows that go with others for good", span));
                }
                lines.push(each);
                lines.push(format!(
                    "    await {module}.remove_{}(session, caller, {one}, operation)",
                    scope.names.variable(field.entity)
                ));
            }
            OnDelete::SetNull => {
                let module = scope.other(field.entity, "records", imports);
                lines.push(each);
                lines.push(format!("    {one}.{attribute} = None"));
                lines.push(format!("    {module}.touch({one})"));
                if referring.audit {
                    imports.from("app.core", "audit");
                    let made = format!("audit.changes({one})");
                    let arguments = ["session", "caller", "operation", &text(&referring.name)];
                    let mut arguments: Vec<Python> = arguments.into_iter().map(atom).collect();
                    arguments.extend([atom(format!("{one}.id")), atom(made)]);
                    lines.push(format!("    {}", call("audit.record", arguments).laid_out(8, 0, 0)));
                }
                lines.push("await session.flush()".to_owned());
            }
        }
    }
    lines.extend(checks);
    match entity.soft_delete {
        true => {
            imports.from("app.core.clock", "now");
            lines.push(format!("{variable}.deleted_at = now()"));
            if entity.versioned {
                lines.push(format!("{variable}.version += 1"));
            }
        }
        false => lines.push(format!("await session.delete({variable})")),
    }
    lines.push("await session.flush()".to_owned());
    lines.extend(recorded(scope, "operation", "audit.DELETED", imports));
    Ok(Procedure {
        name: format!("remove_{variable}"),
        parameters: vec![
            "session: AsyncSession".to_owned(),
            "caller: Caller".to_owned(),
            format!("{variable}: {class}"),
            "operation: str".to_owned(),
        ],
        result: "None".to_owned(),
        about: format!("Deletes {}, and what goes with it.", scope.one(root)),
        lines,
    })
}
