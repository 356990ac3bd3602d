//! Tables as mapped classes.

use super::{Result, Scope};
use crate::imports::Imports;
use crate::python::{Python, atom, call, sentence, text};
use crate::types;
use archwright_plan::model::{Direction, EntityId, FieldId, OnDelete, ScalarType};
use archwright_plan::{CheckKind, Column, ColumnSource, ForeignKey, Table, TablePurpose};
use archwright_sql::{Dialect, check_condition};
use archwright_stack::Unsupported;
use archwright_stack::name::constant;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub struct Models {
    pub doc: String,
    pub imports: String,
    pub enums: Vec<Words>,
    pub models: Vec<Mapped>,
    pub links: Vec<Link>,
    /// What replies say of broken constraints.
    pub registrations: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct Words {
    pub name: String,
    pub members: Vec<Member>,
}

#[derive(Debug, Serialize)]
pub struct Member {
    pub name: String,
    pub value: String,
}

#[derive(Debug, Serialize)]
pub struct Mapped {
    pub class: String,
    pub about: String,
    pub table: String,
    pub arguments: Vec<String>,
    pub columns: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct Link {
    pub name: String,
    pub arguments: Vec<String>,
}

pub fn view(scope: &Scope<'_>) -> Result<Models> {
    let mut imports = Imports::default();
    imports.from("app.core.models", "Base");
    let mut view = Models {
        doc: String::new(),
        imports: String::new(),
        enums: Vec::new(),
        models: Vec::new(),
        links: Vec::new(),
        registrations: Vec::new(),
    };
    for entity in scope.feature.entities() {
        view.enums.extend(words(scope, entity));
        view.models.push(mapped(scope, entity, &mut imports)?);
        view.registrations
            .extend(registrations(scope, entity, &mut imports));
        for field in &scope.model().entity(entity).fields {
            if let Some(table) = scope.plan.link_table(field.id) {
                view.links.push(link(table, &mut imports));
            }
        }
    }
    if !view.enums.is_empty() {
        imports.module("enum");
    }
    imports.remove_module(&scope.names.module(scope.root(), "models"));
    let plural = scope.spoken_plural(scope.root());
    view.doc = format!("The tables of {plural}.");
    view.imports = imports.text();
    Ok(view)
}

fn words(scope: &Scope<'_>, entity: EntityId) -> Vec<Words> {
    let fields = scope.model().entity(entity).fields.iter();
    let enums = fields.filter_map(|field| match field.scalar() {
        Some(ScalarType::Enum { values }) => Some(Words {
            name: scope.names.words(field.id),
            members: values
                .iter()
                .map(|value| Member {
                    name: constant(value),
                    value: text(value),
                })
                .collect(),
        }),
        _ => None,
    });
    enums.collect()
}

fn mapped(scope: &Scope<'_>, entity: EntityId, imports: &mut Imports) -> Result<Mapped> {
    let table = scope.plan.table(entity);
    let about = match scope.model().entity(entity).about.trim() {
        "" => {
            let name = scope.one(entity);
            let mut letters = name.chars();
            let first = letters.next().map(|first| first.to_uppercase().to_string());
            format!("{}{}.", first.unwrap_or_default(), letters.as_str())
        }
        about => sentence(about),
    };
    let columns = table
        .columns
        .iter()
        .map(|one| column(scope, entity, table, one, imports));
    Ok(Mapped {
        class: scope.names.class(entity),
        about,
        table: table.name.clone(),
        columns: columns.collect::<Result<_>>()?,
        arguments: arguments(scope, table, imports)?,
    })
}

fn column(
    scope: &Scope<'_>,
    entity: EntityId,
    table: &Table,
    column: &Column,
    imports: &mut Imports,
) -> Result<String> {
    imports.from("sqlalchemy.orm", "Mapped");
    let own = |imports: &mut Imports, name: &str| {
        imports.from("app.core.columns", name);
        Some(atom(name))
    };
    let (python, stored): (String, Option<Python>) = match column.source {
        ColumnSource::Id => {
            imports.from("uuid", "UUID");
            ("UUID".to_owned(), own(imports, "Guid"))
        }
        ColumnSource::Field(field) => {
            let field = scope.model().field(field);
            let python = types::python(scope.names, field, imports)?;
            (python, types::stored(scope.names, field, imports)?)
        }
        ColumnSource::Version | ColumnSource::Position => ("int".to_owned(), None),
        ColumnSource::DeletedAt => {
            imports.from("datetime", "datetime");
            ("datetime".to_owned(), own(imports, "Instant"))
        }
        ColumnSource::BlindIndex(field) => {
            let span = scope.model().field(field).span;
            return Err(Unsupported::at("sensitive fields that are looked up", span));
        }
        ColumnSource::LinkNear | ColumnSource::LinkFar | ColumnSource::System => {
            let span = scope.model().entity(entity).span;
            return Err(Unsupported::at("a column of the system", span));
        }
    };
    let python = match column.nullable {
        true => format!("{python} | None"),
        false => python,
    };
    let attribute = scope.names.attribute(&column.name);
    let mut arguments = Vec::new();
    if attribute != column.name {
        arguments.push(atom(text(&column.name)));
    }
    arguments.extend(stored);
    let key = table
        .foreign_keys
        .iter()
        .find(|key| key.column == column.name);
    if let Some(key) = key {
        arguments.push(foreign_key(key, imports));
    }
    if column.source == ColumnSource::Id {
        arguments.push(Python::Named(
            "primary_key".to_owned(),
            Box::new(atom("True")),
        ));
    }
    if column.source == ColumnSource::Version {
        arguments.push(Python::Named("default".to_owned(), Box::new(atom("1"))));
    }
    if column.source == ColumnSource::Position {
        arguments.push(Python::Named("default".to_owned(), Box::new(atom("0"))));
    }
    let before = format!("{attribute}: Mapped[{python}]");
    if arguments.is_empty() {
        return Ok(before);
    }
    imports.from("sqlalchemy.orm", "mapped_column");
    let value = call("mapped_column", arguments).laid_out(4, before.len() + 3, 0);
    Ok(format!("{before} = {value}"))
}

fn foreign_key(key: &ForeignKey, imports: &mut Imports) -> Python {
    imports.from("sqlalchemy", "ForeignKey");
    let named =
        |name: &str, value: &str| Python::Named(name.to_owned(), Box::new(atom(text(value))));
    let target = format!("{}.{}", key.table, key.target_column);
    call(
        "ForeignKey",
        vec![
            atom(text(&target)),
            named("name", &key.name),
            named("ondelete", on_delete(key.on_delete)),
        ],
    )
}

pub fn on_delete(rule: OnDelete) -> &'static str {
    match rule {
        OnDelete::Restrict => "RESTRICT",
        OnDelete::Cascade => "CASCADE",
        OnDelete::SetNull => "SET NULL",
    }
}

fn arguments(scope: &Scope<'_>, table: &Table, imports: &mut Imports) -> Result<Vec<String>> {
    let mut arguments = Vec::new();
    for unique in &table.unique {
        let mut parts = vec![atom(text(&unique.name))];
        parts.extend(unique.columns.iter().map(|column| atom(text(column))));
        parts.push(Python::Named("unique".to_owned(), Box::new(atom("True"))));
        parts.extend(active_only(table, unique.active_only, imports));
        imports.from("sqlalchemy", "Index");
        arguments.push(call("Index", parts));
    }
    for index in &table.indexes {
        let mut parts = vec![atom(text(&index.name))];
        parts.extend(
            index
                .columns
                .iter()
                .map(|(column, direction)| match direction {
                    Direction::Ascending => atom(text(column)),
                    Direction::Descending => {
                        imports.from("sqlalchemy", "text");
                        call("text", vec![atom(text(&format!("{column} DESC")))])
                    }
                }),
        );
        parts.extend(active_only(table, index.active_only, imports));
        imports.from("sqlalchemy", "Index");
        arguments.push(call("Index", parts));
    }
    for check in &table.checks {
        let Some((postgres, sqlite)) = check_texts(scope, table, check)? else {
            continue;
        };
        imports.from("sqlalchemy", "CheckConstraint");
        let condition = match postgres == sqlite {
            true => atom(text(&postgres)),
            false => {
                imports.from("app.core.sql", "worded");
                let named = |name: &str, value: &str| {
                    Python::Named(name.to_owned(), Box::new(atom(text(value))))
                };
                call(
                    "worded",
                    vec![named("postgresql", &postgres), named("sqlite", &sqlite)],
                )
            }
        };
        let name = Python::Named("name".to_owned(), Box::new(atom(text(&check.name))));
        arguments.push(call("CheckConstraint", vec![condition, name]));
    }
    Ok(arguments
        .iter()
        .map(|argument| argument.laid_out(8, 0, 1))
        .collect())
}

/// The condition of a check in the words of PostgreSQL and of SQLite.
pub fn check_texts(
    scope: &Scope<'_>,
    table: &Table,
    check: &archwright_plan::CheckConstraint,
) -> Result<Option<(String, String)>> {
    let condition = |dialect| {
        check_condition(scope.plan, check, dialect).map_err(|error| Unsupported {
            what: format!("the check {} of {}", check.name, table.name),
            span: error.span,
        })
    };
    let postgres = condition(Dialect::Postgres)?;
    Ok(postgres.zip(condition(Dialect::Sqlite)?))
}

/// An index of the rows that are not deleted.
fn active_only(table: &Table, is_partial: bool, imports: &mut Imports) -> Vec<Python> {
    let mark = table.column_from(ColumnSource::DeletedAt);
    let Some(mark) = mark.filter(|_| is_partial) else {
        return Vec::new();
    };
    imports.from("sqlalchemy", "text");
    let condition = call("text", vec![atom(text(&format!("{} IS NULL", mark.name)))]);
    let named = |name: &str| Python::Named(name.to_owned(), Box::new(condition.clone()));
    vec![named("postgresql_where"), named("sqlite_where")]
}

fn link(table: &Table, imports: &mut Imports) -> Link {
    for name in ["Column", "Table"] {
        imports.from("sqlalchemy", name);
    }
    imports.from("app.core.columns", "Guid");
    let columns = table.columns.iter().map(|column| {
        let mut parts = vec![atom(text(&column.name)), atom("Guid")];
        let keys = table
            .foreign_keys
            .iter()
            .filter(|key| key.column == column.name);
        parts.extend(keys.map(|key| foreign_key(key, imports)));
        parts.push(Python::Named(
            "primary_key".to_owned(),
            Box::new(atom("True")),
        ));
        call("Column", parts)
    });
    let mut arguments: Vec<Python> = columns.collect();
    for index in &table.indexes {
        imports.from("sqlalchemy", "Index");
        let mut parts = vec![atom(text(&index.name))];
        parts.extend(index.columns.iter().map(|(column, _)| atom(text(column))));
        arguments.push(call("Index", parts));
    }
    Link {
        name: table.name.clone(),
        arguments: arguments
            .iter()
            .map(|argument| argument.laid_out(4, 0, 1))
            .collect(),
    }
}

fn registrations(scope: &Scope<'_>, entity: EntityId, imports: &mut Imports) -> Vec<String> {
    let table = scope.plan.table(entity);
    let mut lines = Vec::new();
    let tuple = |parts: Vec<String>| match parts.as_slice() {
        [only] => format!("({},)", text(only)),
        many => {
            let many: Vec<String> = many.iter().map(|part| text(part)).collect();
            format!("({})", many.join(", "))
        }
    };
    for unique in &table.unique {
        let keys = unique
            .fields
            .iter()
            .map(|field: &FieldId| scope.model().json_name(*field));
        let arguments = vec![
            atom(text(&unique.name)),
            atom(text(&table.name)),
            atom(tuple(unique.columns.clone())),
            atom(tuple(keys.collect())),
        ];
        lines.push(call("constraints.unique", arguments).laid_out(0, 0, 0));
    }
    for check in &table.checks {
        if let CheckKind::Design(of, index) = check.kind {
            let message = &scope.model().entity(of).checks[index].message;
            let arguments = vec![atom(text(&check.name)), atom(text(message))];
            lines.push(call("constraints.check", arguments).laid_out(0, 0, 0));
        }
    }
    if !lines.is_empty() {
        imports.from("app.core", "constraints");
    }
    lines
}

/// The tables of the design, each after those that it refers to.
pub fn in_order(scope_tables: &[Table]) -> Result<Vec<&Table>> {
    let mut rest: Vec<&Table> = scope_tables
        .iter()
        .filter(|table| !matches!(table.purpose, TablePurpose::System(_)))
        .collect();
    let mut ordered: Vec<&Table> = Vec::new();
    while !rest.is_empty() {
        let is_ready = |table: &&Table| {
            table.foreign_keys.iter().all(|key| {
                key.table == table.name || ordered.iter().any(|known| known.name == key.table)
            })
        };
        let (ready, later): (Vec<&Table>, Vec<&Table>) = rest.into_iter().partition(is_ready);
        if ready.is_empty() {
            let what = "tables that refer to each other in a circle";
            return Err(Unsupported::new(what));
        }
        ordered.extend(ready);
        rest = later;
    }
    Ok(ordered)
}
