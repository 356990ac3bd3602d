//! Deletes rows, with what goes with them.

use super::{Procedure, found, recorded};
use crate::imports::Imports;
use crate::python::{Python, atom, call, text};
use crate::view::{Result, Scope};
use archwright_plan::model::{EntityId, Field, OnDelete};
use archwright_plan::{Operation, OperationKind};
use archwright_stack::Unsupported;
use archwright_stack::feature::referrers;

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

pub(super) fn deleted(
    scope: &Scope<'_>,
    operation: &Operation,
    imports: &mut Imports,
) -> Vec<String> {
    let variable = scope.variable();
    let mut lines = found(scope, operation, imports);
    lines.push(format!(
        "await remove_{variable}(session, caller, {variable}, {})",
        text(&operation.id)
    ));
    lines
}

pub(super) fn removal(scope: &Scope<'_>, imports: &mut Imports) -> Result<Procedure> {
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
            return Err(Unsupported::at(
                "parts that go with a row that is not their whole",
                span,
            ));
        }
        if rule == OnDelete::Cascade && field.entity == root {
            let span = scope.model().field(field).span;
            return Err(Unsupported::at(
                "rows that go with others of their kind",
                span,
            ));
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
        let each =
            format!("for {one} in await session.scalars(select({other}).where({conditions})):");
        match rule {
            OnDelete::Restrict => {
                imports.from("sqlalchemy", "exists");
                imports.from("app.core", "problems");
                checks.push(format!(
                    "if await session.scalar(select(exists().where({conditions}))):"
                ));
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
                    return Err(Unsupported::at(
                        "marked rows that go with others for good",
                        span,
                    ));
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
                    lines.push(format!(
                        "    {}",
                        call("audit.record", arguments).laid_out(8, 0, 0)
                    ));
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
