//! Makes rows: values from the body, from the caller, and by default; links and parts.

use super::parts::new_parts;
use super::{recorded, shown};
use crate::imports::Imports;
use crate::python::{Python, atom, call, text};
use crate::view::{Result, Scope, policies, records, schemas};
use archwright_plan::model::{
    EntityId, Expression, ExpressionKind, Field, FieldId, Origin, ScalarType,
};
use archwright_plan::{ColumnSource, Input, InputKind, Operation};
use archwright_stack::Unsupported;

pub(super) fn created(
    scope: &Scope<'_>,
    operation: &Operation,
    imports: &mut Imports,
) -> Vec<String> {
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
        let allowed =
            format!("select(policies.may_create(caller)).where({class}.id == {variable}.id)");
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
pub(super) struct Lookups {
    pub lines: Vec<String>,
}

impl Lookups {
    pub fn finish(self, imports: &mut Imports) -> Vec<String> {
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
pub(super) fn addressable(
    scope: &Scope<'_>,
    target: EntityId,
    imports: &mut Imports,
) -> (Python, Python) {
    let class = scope.imported(target, imports);
    let module = scope.other(target, "records", imports);
    let rows = atom(module).call("referable", vec![atom("caller")]);
    (rows, atom(class).dot(&scope.address(target)))
}

pub(super) fn lookup(
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

pub(super) fn make(scope: &Scope<'_>, imports: &mut Imports) -> Result<Vec<String>> {
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
                let method = if input.nullable || !input.required {
                    "perhaps"
                } else {
                    "one"
                };
                let name = local(scope, input.field);
                let value = lookup(
                    scope,
                    method,
                    &place,
                    *target,
                    &format!("given.{key}"),
                    imports,
                );
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
    let stamps = after
        .iter()
        .any(|line| line.contains("=at,") || line.contains("=at)"));
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
    lines.extend(
        after
            .into_iter()
            .filter(|line| audited || !line.contains("made[")),
    );
    lines.extend(recorded(scope, "operation", "made", imports));
    lines.push(format!("return {variable}"));
    Ok(lines)
}

/// The local name of a row's id that a body names.
pub(super) fn local(scope: &Scope<'_>, field: FieldId) -> String {
    scope.names.variable_named(&scope.names.field(field))
}

/// The attributes of a new row.
pub(super) fn new_values(
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
            (Some(input), _) => Some(given_value(
                scope,
                entity,
                field,
                input,
                given,
                part.is_some(),
                imports,
            )?),
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
            Ok(format!(
                "{plain} if {given}.has({}) else {value}",
                text(&input.json)
            ))
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
pub(super) fn plain_value(
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
        _ => Err(Unsupported::at(
            "defaults that are worked out",
            expression.span,
        )),
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
        let value = free_slug(
            scope,
            field,
            &format!("given.{}", scope.model().field(source).name),
            imports,
        )?;
        lines.push(format!("{name} = given.{}", field.name));
        lines.push(format!("if not given.has({}):", text(&field.name)));
        lines.push(format!("    {name} = {value}"));
    }
    Ok(lines)
}

pub(super) fn free_slug(
    scope: &Scope<'_>,
    field: &Field,
    from: &str,
    imports: &mut Imports,
) -> Result<String> {
    let entity = scope.model().entity(field.id.entity);
    let keys = entity
        .unique
        .iter()
        .filter(|key| key.fields.contains(&field.id));
    if keys.clone().any(|key| key.fields.len() > 1) {
        return Err(Unsupported::at(
            "slugs that are unique among some rows",
            field.span,
        ));
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
pub(super) fn link_new(
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
    let value = call(
        "session.execute",
        vec![call("insert", vec![atom(table)]), atom(pairs)],
    );
    Ok(vec![
        format!("if {key}:"),
        format!("    await {}", value.laid_out(indent + 4, 6, 0)),
        format!(
            "    made[{}] = {{\"to\": [str(other) for other in {key}]}}",
            text(&definition.name)
        ),
    ])
}
