//! Changes rows by merge patches: what is left out stays as it is.

use super::make::{Lookups, free_slug, link_new, lookup};
use super::parts::changed_parts;
use super::{found, recorded, shown};
use crate::imports::Imports;
use crate::python::text;
use crate::view::{Result, Scope, records};
use archwright_plan::model::FieldId;
use archwright_plan::{InputKind, Operation};

pub(super) fn updated(
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
                lookups
                    .lines
                    .push(format!("    {variable}.{attribute} = await {value}"));
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
            InputKind::Parts {
                entity,
                create,
                update,
            } => {
                let (before, changing) =
                    changed_parts(scope, key, *entity, (create, update), imports)?;
                lookups.lines.push(has.clone());
                lookups
                    .lines
                    .extend(before.into_iter().map(|line| format!("    {line}")));
                after.push(has);
                after.extend(changing.into_iter().map(|line| format!("    {line}")));
            }
        }
    }
    let derived = scope
        .model()
        .entity(root)
        .fields
        .iter()
        .filter(|field| !field.immutable);
    for field in derived {
        let Some(source) = field.slug_from else {
            continue;
        };
        if !inputs.iter().any(|input| input.field == source) {
            continue;
        }
        let (from, own) = (&scope.model().field(source).name, &field.name);
        let attribute = scope.names.field(source);
        let value = free_slug(scope, field, &format!("given.{from}"), imports)?;
        let follows = format!(
            "given.has({}) and given.{from} != {variable}.{attribute}",
            text(from)
        );
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
    if after
        .iter()
        .any(|line| line.contains("=at,") || line.contains("=at)"))
    {
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
    lines.extend(
        after
            .into_iter()
            .filter(|line| audited || !line.contains("made[")),
    );
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
    lines.extend(
        link_new(scope, field, key, 8, imports)?
            .into_iter()
            .map(|line| format!("    {line}")),
    );
    Ok(lines)
}
