//! Computed fields: expressions of SQL, written once and used wherever a row is read or judged.

use super::{Function, Result, Scope};
use crate::expression::{Place, computed_name};
use crate::imports::Imports;
use crate::python::{Python, atom, call, sentence};
use crate::types;
use archwright_plan::model::{EntityId, Field, ScalarType};
use archwright_stack::expression::{Lowering, lower};
use serde::Serialize;

#[derive(Debug, Serialize)]
pub struct Computed {
    pub doc: String,
    pub imports: String,
    pub functions: Vec<Function>,
}

/// Absent where nothing is computed.
pub fn view(scope: &Scope<'_>) -> Result<Option<Computed>> {
    let mut imports = Imports::default();
    let mut functions = Vec::new();
    for entity in scope.feature.entities() {
        for field in &scope.model().entity(entity).fields {
            if field.computed.is_some() {
                functions.push(function(scope, entity, field, &mut imports)?);
            }
        }
    }
    if functions.is_empty() {
        return Ok(None);
    }
    imports.from("typing", "Any");
    imports.from("sqlalchemy", "ColumnElement");
    let plural = scope.spoken_plural(scope.root());
    Ok(Some(Computed {
        doc: format!("What is worked out of {plural} when they are read."),
        imports: imports.text(),
        functions,
    }))
}

fn function(
    scope: &Scope<'_>,
    entity: EntityId,
    field: &Field,
    imports: &mut Imports,
) -> Result<Function> {
    let names = scope.names;
    let (class, variable) = (scope.imported(entity, imports), names.variable(entity));
    let name = computed_name(names, field.id);
    let ty = field
        .scalar()
        .map_or(archwright_plan::model::Type::Null, ScalarType::value_type);
    let mut lines = Vec::new();
    if let Some(expression) = &field.computed {
        let lowered = lower(scope.plan, entity, expression, &ty, Lowering::default())?;
        let place = Place {
            is_computed: true,
            ..scope.place(&variable, &[&name])
        };
        let printed = place.print(&lowered, imports)?;
        lines.extend(printed.rows);
        let value = printed.value.unwrap_or_else(|| atom("None"));
        let value = match types::computed(field, imports) {
            Some(ty) => {
                imports.from("sqlalchemy", "type_coerce");
                call("type_coerce", vec![value, ty])
            }
            None => value,
        };
        lines.push(format!("return {}", value.laid_out(4, 7, 0)));
    }
    let about = match field.about.trim() {
        "" => format!("`{}` of {}.", field.name, scope.one(entity)),
        about => sentence(about),
    };
    Ok(Function {
        name,
        parameters: format!("{variable}: type[{class}]"),
        result: "ColumnElement[Any]".to_owned(),
        about,
        lines,
    })
}

/// A computed field of a row that is called by its class.
pub fn of_class(scope: &Scope<'_>, field: &Field, imports: &mut Imports) -> Python {
    let class = scope.imported(field.id.entity, imports);
    let module = scope.other(field.id.entity, "computed", imports);
    let name = computed_name(scope.names, field.id);
    atom(module).call(&name, vec![atom(class)])
}
