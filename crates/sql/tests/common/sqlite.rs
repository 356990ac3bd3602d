//! A database in memory.

use super::{Asker, Database, Rows, bound, inserts};
use archwright_plan::model::calendar::instant_from_text;
use archwright_plan::{ColumnType, Plan};
use archwright_sql::{Classes, Dialect, Parameter, Statement, ddl};
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::Value;

pub struct Sqlite {
    connection: Connection,
}

impl Sqlite {
    pub fn open() -> Self {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .create_scalar_function(
                "decimal_text",
                2,
                FunctionFlags::SQLITE_DETERMINISTIC,
                |context| {
                    let units: Option<i64> = context.get(0)?;
                    let scale: u32 = context.get(1)?;
                    Ok(units.map(|units| archwright_plan::decimal(units, scale)))
                },
            )
            .unwrap();
        Self { connection }
    }
}

fn stored(text: &str, ty: ColumnType) -> Value {
    match ty {
        ColumnType::Int32 | ColumnType::Int64 | ColumnType::Serial => {
            Value::Integer(text.parse().unwrap())
        }
        ColumnType::Decimal { .. } => Value::Integer(text.replace('.', "").parse().unwrap()),
        ColumnType::Bool => Value::Integer((text == "true").into()),
        ColumnType::Instant => Value::Integer(instant_from_text(text).unwrap()),
        ColumnType::Bytes => Value::Blob(text.as_bytes().to_vec()),
        ColumnType::Uuid | ColumnType::Date | ColumnType::Text { .. } | ColumnType::Json => {
            Value::Text(text.to_owned())
        }
    }
}

impl Database for Sqlite {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn load(&mut self, plan: &Plan, rows: &Rows) {
        let batch = ddl(plan, Dialect::Sqlite).unwrap().join(";\n");
        self.connection.execute_batch(&batch).unwrap();
        let transaction = self.connection.transaction().unwrap();
        transaction
            .pragma_update(None, "defer_foreign_keys", true)
            .unwrap();
        for (table, columns, values) in inserts(plan, rows) {
            let types = &plan
                .tables
                .iter()
                .find(|known| known.name == table)
                .unwrap()
                .columns;
            let names: Vec<String> = columns
                .iter()
                .map(|name| Dialect::Sqlite.identifier(name))
                .collect();
            let places = vec!["?"; columns.len()].join(", ");
            let sql = format!(
                "INSERT INTO \"{table}\" ({}) VALUES ({places})",
                names.join(", ")
            );
            let cells = columns.iter().zip(&values).map(|(name, value)| {
                let ty = types.iter().find(|column| column.name == *name).unwrap().ty;
                value.as_ref().map_or(Value::Null, |text| stored(text, ty))
            });
            let done = transaction.execute(&sql, rusqlite::params_from_iter(cells));
            done.unwrap_or_else(|error| panic!("{error}\n{sql}\n{values:?}"));
        }
        transaction.commit().unwrap();
    }

    fn query(
        &mut self,
        statement: &Statement,
        asker: &Asker,
        classes: &Classes,
    ) -> Vec<(String, Option<String>)> {
        let values = statement
            .parameters
            .iter()
            .map(|parameter| match parameter {
                Parameter::Literal(archwright_plan::model::Literal::Int(number)) => {
                    Value::Integer(*number)
                }
                Parameter::Literal(archwright_plan::model::Literal::Bool(value)) => {
                    Value::Integer((*value).into())
                }
                Parameter::SignedIn => Value::Integer(asker.account.is_some().into()),
                Parameter::HasRole(role) => Value::Integer(classes.has(*role).into()),
                Parameter::Now => Value::Integer(super::NOW),
                other => bound(other, asker, classes).map_or(Value::Null, Value::Text),
            });
        let mut prepared = self
            .connection
            .prepare(&statement.text)
            .unwrap_or_else(|error| panic!("{error}\n{}", statement.text));
        let rows = prepared.query_map(rusqlite::params_from_iter(values), |row| {
            Ok((row.get(0)?, row.get(1)?))
        });
        rows.unwrap().map(Result::unwrap).collect()
    }
}
