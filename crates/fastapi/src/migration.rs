//! The first migration: all tables of the plan.

use crate::imports::Imports;
use crate::python::{Python, atom, call, text};
use crate::view::models::{in_order, on_delete};
use archwright_plan::model::{Direction, ScalarType};
use archwright_plan::{CheckConstraint, Column, ColumnSource, ColumnType, Plan, Table};
use archwright_sql::{Dialect, check_condition, postgres_search, search_table};
use archwright_stack::Unsupported;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub struct Migration {
    pub imports: String,
    pub statements: Vec<String>,
    /// For the searchable columns, in the words of each database.
    pub postgres: Vec<String>,
    pub sqlite: Vec<String>,
    /// The tables to be dropped, in order.
    pub tables: Vec<String>,
}

pub fn view(plan: &Plan) -> Result<Migration, Unsupported> {
    let mut imports = Imports::default();
    for name in ["Guid", "Instant"] {
        imports.from("app.core.columns", name);
    }
    imports.from("app.core.models", "Json");
    imports.from("alembic", "op");
    let (mut statements, mut postgres, mut sqlite) = (Vec::new(), Vec::new(), Vec::new());
    let tables = in_order(&plan.tables)?;
    for table in &tables {
        statements.push(created(plan, table, &mut imports)?);
        statements.extend(indexes(table));
        if !table.search.is_empty() {
            postgres.extend(postgres_search(table).iter().map(|one| text(one)));
            sqlite.extend(sqlite_search(table).iter().map(|one| text(one)));
        }
    }
    Ok(Migration {
        imports: imports.text().replace(
            "from alembic import op",
            "import sqlalchemy as sa\nfrom alembic import op",
        ),
        statements,
        postgres,
        sqlite,
        tables: tables
            .iter()
            .rev()
            .map(|table| table.name.clone())
            .collect(),
    })
}

fn named(name: &str, value: &str) -> Python {
    Python::Named(name.to_owned(), Box::new(atom(value)))
}

fn created(plan: &Plan, table: &Table, imports: &mut Imports) -> Result<String, Unsupported> {
    let mut parts = vec![atom(text(&table.name))];
    for column in &table.columns {
        let nullable = if column.nullable { "True" } else { "False" };
        let ty = column_type(plan, column, imports);
        parts.push(call(
            "sa.Column",
            vec![atom(text(&column.name)), ty, named("nullable", nullable)],
        ));
    }
    for key in &table.foreign_keys {
        parts.push(call(
            "sa.ForeignKeyConstraint",
            vec![
                Python::List(vec![atom(text(&key.column))]),
                Python::List(vec![atom(text(&format!(
                    "{}.{}",
                    key.table, key.target_column
                )))]),
                named("name", &text(&key.name)),
                named("ondelete", &text(on_delete(key.on_delete))),
            ],
        ));
    }
    for check in &table.checks {
        parts.extend(checked(plan, table, check, imports)?);
    }
    let keys = table
        .primary_key
        .iter()
        .map(|column| atom(text(column)))
        .collect();
    parts.push(call("sa.PrimaryKeyConstraint", keys));
    Ok(call("op.create_table", parts).laid_out(4, 0, 0))
}

fn checked(
    plan: &Plan,
    table: &Table,
    check: &CheckConstraint,
    imports: &mut Imports,
) -> Result<Option<Python>, Unsupported> {
    let condition = |dialect| {
        check_condition(plan, check, dialect).map_err(|error| Unsupported {
            what: format!("the check {} of {}", check.name, table.name),
            span: error.span,
        })
    };
    let both = condition(Dialect::Postgres)?.zip(condition(Dialect::Sqlite)?);
    Ok(both.map(|(postgres, sqlite)| {
        let condition = match postgres == sqlite {
            true => atom(text(&postgres)),
            false => {
                imports.from("app.core.sql", "worded");
                let words = vec![
                    named("postgresql", &text(&postgres)),
                    named("sqlite", &text(&sqlite)),
                ];
                call("worded", words)
            }
        };
        call(
            "sa.CheckConstraint",
            vec![condition, named("name", &text(&check.name))],
        )
    }))
}

fn column_type(plan: &Plan, column: &Column, imports: &mut Imports) -> Python {
    if let ColumnSource::Field(field) = column.source
        && let Some(ScalarType::Enum { values }) = plan.model.field(field).scalar()
        && !plan.model.field(field).sensitive
    {
        let longest = values.iter().map(|value| value.chars().count()).max();
        return call(
            "sa.String",
            vec![named("length", &longest.unwrap_or(1).to_string())],
        );
    }
    match column.ty {
        ColumnType::Uuid => atom("Guid()"),
        ColumnType::Serial | ColumnType::Int32 => atom("sa.Integer()"),
        ColumnType::Int64 if column.source == ColumnSource::Version => atom("sa.Integer()"),
        ColumnType::Int64 => atom("sa.BigInteger()"),
        ColumnType::Decimal { precision, scale } => {
            imports.from("app.core.columns", "FixedPoint");
            call(
                "FixedPoint",
                [precision, scale]
                    .map(|number| atom(number.to_string()))
                    .to_vec(),
            )
        }
        ColumnType::Bool => atom("sa.Boolean()"),
        ColumnType::Date => atom("sa.Date()"),
        ColumnType::Instant => atom("Instant()"),
        ColumnType::Text { .. } => atom("sa.Text()"),
        ColumnType::Json => atom("Json"),
        ColumnType::Bytes => atom("sa.LargeBinary()"),
    }
}

fn indexes(table: &Table) -> Vec<String> {
    let mark = table.column_from(ColumnSource::DeletedAt);
    let partial = |active_only: bool| -> Vec<Python> {
        let Some(mark) = mark.filter(|_| active_only) else {
            return Vec::new();
        };
        let condition = format!("sa.text({})", text(&format!("{} IS NULL", mark.name)));
        vec![
            named("postgresql_where", &condition),
            named("sqlite_where", &condition),
        ]
    };
    let created = |name: &str, columns: Vec<Python>, unique: bool, active_only: bool| {
        let mut parts = vec![
            atom(text(name)),
            atom(text(&table.name)),
            Python::List(columns),
        ];
        if unique {
            parts.push(named("unique", "True"));
        }
        parts.extend(partial(active_only));
        call("op.create_index", parts).laid_out(4, 0, 0)
    };
    let unique = table.unique.iter().map(|unique| {
        let columns = unique
            .columns
            .iter()
            .map(|column| atom(text(column)))
            .collect();
        created(&unique.name, columns, true, unique.active_only)
    });
    let plain = table.indexes.iter().map(|index| {
        let columns = index
            .columns
            .iter()
            .map(|(column, direction)| match direction {
                Direction::Ascending => atom(text(column)),
                Direction::Descending => {
                    atom(format!("sa.text({})", text(&format!("{column} DESC"))))
                }
            });
        created(&index.name, columns.collect(), false, index.active_only)
    });
    unique.chain(plain).collect()
}

/// A full-text table with the ids of the rows, kept up to date by triggers.
fn sqlite_search(table: &Table) -> Vec<String> {
    let (base, search) = (&table.name, search_table(table));
    let columns = table.search.join(", ");
    let new: Vec<String> = table
        .search
        .iter()
        .map(|column| format!("new.{column}"))
        .collect();
    let add = format!(
        "INSERT INTO {search} (id, {columns}) VALUES (new.id, {});",
        new.join(", ")
    );
    let remove = format!("DELETE FROM {search} WHERE id = old.id;");
    let trigger = |suffix: &str, event: &str, body: &str| {
        format!("CREATE TRIGGER {search}_{suffix} AFTER {event} ON {base} BEGIN {body} END")
    };
    vec![
        format!(
            "CREATE VIRTUAL TABLE {search} USING fts5(id UNINDEXED, {columns}, \
             tokenize='unicode61 remove_diacritics 2')"
        ),
        trigger("insert", "INSERT", &add),
        trigger("delete", "DELETE", &remove),
        trigger(
            "update",
            &format!("UPDATE OF {columns}"),
            &format!("{remove} {add}"),
        ),
    ]
}
