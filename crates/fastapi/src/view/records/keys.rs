//! The keys of a representation, and what is known of a row beside them.

use super::{Block, Key, Representation};
use crate::imports::Imports;
use crate::python::{Python, atom, call, text};
use crate::view::policies::{any_of, applied, sees};
use crate::view::{Result, Scope, computed};
use archwright_plan::model::EntityId;
use archwright_plan::{CallerClass, ColumnSource, Output, OutputSource};
use archwright_stack::guard::{classes, guard};

pub(super) fn representation(
    scope: &Scope<'_>,
    entity: EntityId,
    imports: &mut Imports,
) -> Result<Representation> {
    let is_root = entity == scope.root();
    let class = scope.imported(entity, imports);
    let mut keys = Vec::new();
    let mut blocks: Vec<Block> = Vec::new();
    let attribute = |name: &str| atom(class.as_str()).dot(name);
    let mut hidden = vec![entry("_id", &attribute("id"), 8)];
    let mut hidden_by_caller = false;
    if is_root {
        hidden.push(entry("_address", &attribute(&scope.address(entity)), 8));
        if let Some(version) = scope.names.column(entity, ColumnSource::Version) {
            hidden.push(entry("_version", &attribute(&version), 8));
        }
    }
    if let Some(part) = scope.model().entity(entity).part_of {
        hidden.push(entry(
            "_parent",
            &attribute(&scope.names.field(part.back)),
            8,
        ));
    }
    for expand in &scope.plan.resource(entity).expands {
        if !expand.many {
            let id = attribute(&scope.names.field(expand.field));
            hidden.push(entry(&format!("_{}", expand.name), &id, 8));
        }
    }
    for output in &scope.plan.resource(entity).output {
        let Some(value) = value(scope, entity, output, imports)? else {
            continue;
        };
        let rule = guard(&output.visible);
        let mut condition = String::new();
        if rule.judges_rows() {
            let policy = sees(scope, entity, &output.json);
            let sees = applied(scope, entity, &policy, imports);
            hidden.push(entry(&format!("_sees_{}", output.json), &sees, 8));
            hidden_by_caller = true;
        } else if !output.visible.is_empty() {
            let open: Vec<CallerClass> = classes(&output.visible);
            condition = any_of(scope, &open, imports);
        }
        if condition.is_empty() && blocks.is_empty() {
            keys.push(entry(&output.json, &value, 8));
            continue;
        }
        let name = text(&output.json);
        let before = name.len() + 10;
        let key = Key {
            value: value.laid_out(8, before, 1),
            name,
        };
        match blocks.last_mut() {
            Some(block) if block.condition == condition => block.keys.push(key),
            _ => blocks.push(Block {
                is_one_by_one: false,
                condition,
                keys: vec![key],
            }),
        }
    }
    for block in &mut blocks {
        block.is_one_by_one = !block.condition.is_empty() || block.keys.len() == 1;
    }
    Ok(Representation {
        suffix: match is_root {
            true => String::new(),
            false => format!("_{}", scope.model().entity(entity).singular),
        },
        one: scope.one(entity),
        keys,
        blocks,
        hidden,
        hidden_by_caller,
    })
}

/// `"title": Book.title`
fn entry(name: &str, value: &Python, indent: usize) -> String {
    let name = text(name);
    let value = value.laid_out(indent, name.len() + 2, 1);
    format!("{name}: {value}")
}

/// The column of a key; absent for parts, which are rows of their own.
fn value(
    scope: &Scope<'_>,
    entity: EntityId,
    output: &Output,
    imports: &mut Imports,
) -> Result<Option<Python>> {
    let class = atom(scope.names.class(entity));
    Ok(Some(match output.source {
        OutputSource::Id => class.dot("id"),
        OutputSource::Version => class.dot("version"),
        OutputSource::Parts(_) => return Ok(None),
        OutputSource::Field(field) => {
            let definition = scope.model().field(field);
            match definition.computed {
                Some(_) => computed::of_class(scope, definition, imports),
                None => class.dot(&scope.names.field(field)),
            }
        }
        OutputSource::Reference(field) => {
            let id = class.dot(&scope.names.field(field));
            let target = scope
                .model()
                .field(field)
                .to_one()
                .map(|relation| relation.target);
            match target.and_then(|target| scope.model().entity(target).key) {
                Some(key) => {
                    let other = scope.imported(key.entity, imports);
                    imports.from("app.core.sql", "natural_key");
                    let key = atom(other).dot(&scope.names.field(key));
                    call("natural_key", vec![key, id])
                }
                None => id,
            }
        }
        OutputSource::Roles => {
            imports.from("app.auth.models", "Credentials");
            imports.from("sqlalchemy", "select");
            let own = atom("Credentials")
                .dot("account_id")
                .binary("==", class.dot("id"));
            let roles = call("select", vec![atom("Credentials").dot("roles")]);
            let roles = roles.call("where", vec![own]);
            let except = roles.call("correlate_except", vec![atom("Credentials")]);
            except.call("scalar_subquery", Vec::new())
        }
    }))
}
