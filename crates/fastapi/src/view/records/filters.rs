//! Filters of lists as conditions.

use super::within::link;
use crate::imports::Imports;
use crate::python::{Python, atom, call};
use crate::view::{Result, Scope};
use archwright_plan::Filter;
use archwright_plan::model::{EntityId, FieldKind, ToManyKind};
use archwright_stack::Unsupported;

pub(super) enum Condition {
    Listed(String),
    Linked(Vec<String>),
}

pub(super) fn filter_condition(
    scope: &Scope<'_>,
    filter: &Filter,
    imports: &mut Imports,
) -> Result<Condition> {
    let definition = scope.model().field(filter.field);
    let class = atom(scope.class());
    let given = atom("query").dot(&filter.name);
    let column = || class.clone().dot(&scope.names.field(filter.field));
    let keyed = |target: EntityId, imports: &mut Imports| {
        let key = scope.model().entity(target).key?;
        let other = scope.imported(target, imports);
        imports.from("app.core.sql", "id_by");
        Some(call(
            "id_by",
            vec![atom(other).dot(&scope.names.field(key))],
        ))
    };
    let arguments = match &definition.kind {
        FieldKind::Scalar(_) => vec![column()],
        FieldKind::ToOne(relation) => {
            let key = keyed(relation.target, imports);
            [column()].into_iter().chain(key).collect()
        }
        FieldKind::ToMany(relation) => {
            let ToManyKind::Linked { canonical, .. } = relation.kind else {
                return Err(Unsupported::at(
                    "a filter by rows that are not linked",
                    definition.span,
                ));
            };
            let (table, near, far) = link(scope, canonical, filter.field, imports);
            let far = atom(table.as_str()).dot("c").dot(&far);
            let value = atom(format!("query.{}.eq", filter.name));
            let value = match keyed(relation.target, imports) {
                Some(key) => Python::Call(Box::new(key), vec![value]),
                None => value,
            };
            let module = scope.other(relation.target, "records", imports);
            let referable = match relation.target == scope.root() {
                true => call("referable", vec![atom("caller")]),
                false => atom(module).call("referable", vec![atom("caller")]),
            };
            imports.from("sqlalchemy", "select");
            let linked = call("select", vec![atom(table.as_str()).dot("c").dot(&near)]);
            let linked = linked.call(
                "where",
                vec![
                    far.clone().binary("==", value),
                    far.call("in_", vec![referable]),
                ],
            );
            let condition = class.dot("id").call("in_", vec![linked]);
            let append = call("conditions.append", vec![condition]);
            return Ok(Condition::Linked(vec![
                format!("if query.{}.eq is not None:", filter.name),
                format!("    {}", append.laid_out(8, 0, 0)),
            ]));
        }
    };
    Ok(Condition::Listed(format!(
        "*{}",
        given.call("on", arguments).flat()
    )))
}
