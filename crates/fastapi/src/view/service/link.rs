//! Pairs of many-to-many relations, one at a time.

use super::make::addressable;
use super::{found, parameter, recorded};
use crate::imports::Imports;
use crate::python::{atom, call, text};
use crate::view::{Result, Scope, records};
use archwright_plan::Operation;
use archwright_plan::model::{FieldId, FieldKind};
use archwright_stack::Unsupported;

pub(super) fn linked(
    scope: &Scope<'_>,
    operation: &Operation,
    field: FieldId,
    adds: bool,
    imports: &mut Imports,
) -> Result<Vec<String>> {
    let definition = scope.model().field(field);
    let FieldKind::ToMany(relation) = &definition.kind else {
        return Err(Unsupported::at(
            "links of a relation to one",
            definition.span,
        ));
    };
    let variable = scope.variable();
    let (table, near, far) = records::link(scope, field, field, imports);
    let mut lines = found(scope, operation, imports);
    let (given, _) = parameter(scope, operation, 1, imports);
    let (rows, address) = addressable(scope, relation.target, imports);
    imports.from("app.core", "problems");
    imports.from("sqlalchemy", "exists");
    imports.from("sqlalchemy", "select");
    let query = rows.call(
        "where",
        vec![address.clone().binary("==", atom(given.as_str()))],
    );
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
            vec![format!(
                "await session.execute(insert({table}).values({values}))"
            )]
        }
        false => {
            imports.from("sqlalchemy", "delete");
            lines.push("if not is_linked:".to_owned());
            lines.push("    # What is linked can be unlinked, also when the caller may not read it any more.".to_owned());
            lines.push("    if readable is None:".to_owned());
            lines.push("        raise problems.not_found()".to_owned());
            lines.push("    return".to_owned());
            let removed = call("delete", vec![atom(table.as_str())]).call("where", conditions);
            vec![format!(
                "await {}",
                call("session.execute", vec![removed]).laid_out(4, 6, 0)
            )]
        }
    };
    change.push(format!("records.touch({variable})"));
    lines.extend(change);
    let what = if adds { "linked" } else { "unlinked" };
    let made = format!(
        "{{{}: {{\"{what}\": str({other})}}}}",
        text(&definition.name)
    );
    lines.extend(recorded(scope, &text(&operation.id), &made, imports));
    Ok(lines)
}
