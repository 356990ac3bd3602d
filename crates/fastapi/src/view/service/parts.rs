//! Parts, which are written with their whole: made with it, and replaced by a patch.

use super::make::{local, lookup, new_values};
use crate::imports::Imports;
use crate::python::{call, text};
use crate::view::{Result, Scope};
use archwright_plan::model::EntityId;
use archwright_plan::{Input, InputKind};
use archwright_stack::Unsupported;
use archwright_stack::feature::referrers;

/// What looks up the rows that new parts name, and what makes the parts.
pub(super) fn new_parts(
    scope: &Scope<'_>,
    key: &str,
    part: EntityId,
    inputs: &[Input],
    imports: &mut Imports,
) -> Result<(Vec<String>, Vec<String>)> {
    check_part(scope, part)?;
    let mut before = Vec::new();
    let variable = scope.names.variable(part);
    let names = part_lookups(
        scope,
        key,
        inputs,
        &variable,
        &format!("given.{key} or []"),
        &mut before,
        imports,
    )?;
    let given = format!("{variable}_given");
    let values = new_values(
        scope,
        part,
        inputs,
        &given,
        Some((&scope.variable(), "position")),
        imports,
    )?;
    let class = scope.imported(part, imports);
    imports.from("app.core", "constraints");
    let pieces = zipped(&names, &format!("given.{key} or []"));
    let header = match names.as_slice() {
        [] => format!("for position, {given} in enumerate(given.{key} or []):"),
        names => {
            let locals: Vec<&str> = names.iter().map(|(local, _)| local.as_str()).collect();
            format!(
                "for position, ({given}, {}) in enumerate({pieces}):",
                locals.join(", ")
            )
        }
    };
    let value = call(&class, values).laid_out(8, variable.len() + 3, 0);
    let mut making = Vec::new();
    let audited = scope.model().entity(scope.root()).audit;
    if audited {
        making.push(format!("made_{key}: list[audit.Changes] = []"));
    }
    making.extend([
        header,
        format!("    {variable} = {value}"),
        format!("    session.add({variable})"),
    ]);
    if audited {
        making.push(format!("    made_{key}.append(audit.part({variable}))"));
    }
    making.extend([
        format!("    with constraints.place(f\"/{key}/{{position}}\"):"),
        "        await session.flush()".to_owned(),
    ]);
    if audited {
        making.push(format!("made[{}] = {{\"to\": made_{key}}}", text(key)));
    }
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
                let method = if input.nullable || !input.required {
                    "perhaps"
                } else {
                    "one"
                };
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
        return Err(Unsupported::at(
            "rows that refer to parts of others",
            entity.span,
        ));
    }
    if entity.soft_delete {
        return Err(Unsupported::at(
            "parts that are marked as deleted",
            entity.span,
        ));
    }
    Ok(())
}

/// What finds the parts that are kept and what all parts name, and what replaces the parts.
pub(super) fn changed_parts(
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
                true => format!(
                    "not isinstance({given}, {kept_class}) or {given}.has({})",
                    text(&input.json)
                ),
                false => format!("not isinstance({given}, {kept_class})"),
            };
            reading.push(format!("    {one} = None"));
            reading.push(format!("    if {guard}:"));
            reading.push(format!(
                "        {one} = await {}",
                value.laid_out(16, one.len() + 9, 0)
            ));
            reading.push(format!("    {list}.append({one})"));
            names.push((one, list));
        }
    }
    before.push(format!("for index, {given} in enumerate(given.{key}):"));
    before.push(format!("    if isinstance({given}, {kept_class}):"));
    before.push(format!(
        "        if {given}.id not in {key}_before or {given}.id in {key}_kept:"
    ));
    before.push(format!(
        "            references.missing(f\"/{key}/{{index}}/id\")"
    ));
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
    let audited = scope.model().entity(scope.root()).audit;
    let mut lines = Vec::new();
    if audited {
        lines.push(format!("made_{key}: list[audit.Changes] = []"));
    }
    lines.extend([
        format!("for {item}_id, {item} in {key}_before.items():"),
        format!("    if {item}_id not in {key}_kept:"),
        format!("        await session.delete({item})"),
        "await session.flush()".to_owned(),
        format!("for position, {target} in enumerate({pieces}):"),
        format!("    if isinstance({given}, {kept_class}):"),
        format!("        {item} = {key}_before[{given}.id]"),
        format!("        {item}.position = position"),
    ]);
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
    let values = new_values(
        scope,
        part,
        create,
        &given,
        Some((&whole, "position")),
        imports,
    )?;
    let value = call(&class, values).laid_out(16, item.len() + 3, 0);
    lines.push("    else:".to_owned());
    lines.push(format!("        {item} = {value}"));
    lines.push(format!("        session.add({item})"));
    if audited {
        lines.push(format!("    made_{key}.append(audit.part({item}))"));
    }
    lines.push(format!(
        "    with constraints.place(f\"/{key}/{{position}}\"):"
    ));
    lines.push("        await session.flush()".to_owned());
    if audited {
        lines.push(format!("made[{}] = {{\"to\": made_{key}}}", text(key)));
    }
    Ok((before, lines))
}
