//! A database of its own in the PostgreSQL server of the test run.

use super::{Asker, Database, Rows, bound, inserts};
use archwright_plan::Plan;
use archwright_sql::{Classes, Dialect, Statement, ddl};
use postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, NoTls};

pub struct Postgres {
    client: Client,
}

impl Postgres {
    /// An empty database.
    pub fn open() -> Self {
        let url = std::env::var("ARCHWRIGHT_TEST_POSTGRES").expect(
            "ARCHWRIGHT_TEST_POSTGRES names a PostgreSQL server; `cargo xtask test` starts one",
        );
        let name = format!("sql_{}_{}", std::process::id(), next());
        let mut server = Client::connect(&url, NoTls).unwrap();
        server
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .unwrap();
        let mut config: postgres::Config = url.parse().unwrap();
        let client = config.dbname(&name).connect(NoTls).unwrap();
        Self { client }
    }
}

fn next() -> usize {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    COUNT.fetch_add(1, Ordering::Relaxed)
}

/// A value in PostgreSQL's text form, whatever type the statement gives it.
#[derive(Debug)]
struct Text(Option<String>);

impl ToSql for Text {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut bytes::BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        let Some(text) = &self.0 else {
            return Ok(IsNull::Yes);
        };
        out.extend_from_slice(text.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

impl Database for Postgres {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn load(&mut self, plan: &Plan, rows: &Rows) {
        for statement in ddl(plan, Dialect::Postgres).unwrap() {
            let done = self.client.batch_execute(&statement);
            done.unwrap_or_else(|error| panic!("{error:?}\n{statement}"));
        }
        let mut transaction = self.client.transaction().unwrap();
        transaction
            .batch_execute("SET CONSTRAINTS ALL DEFERRED")
            .unwrap();
        for (table, columns, values) in inserts(plan, rows) {
            let names: Vec<String> = columns
                .iter()
                .map(|name| Dialect::Postgres.identifier(name))
                .collect();
            let places: Vec<String> = (1..=columns.len())
                .map(|number| format!("${number}"))
                .collect();
            let sql = format!(
                "INSERT INTO \"{table}\" ({}) VALUES ({})",
                names.join(", "),
                places.join(", ")
            );
            let values: Vec<Text> = values.into_iter().map(Text).collect();
            let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
            let done = transaction.execute(&sql, &values);
            done.unwrap_or_else(|error| panic!("{error:?}\n{sql}\n{values:?}"));
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
            .map(|one| Text(bound(one, asker, classes)));
        let values: Vec<Text> = values.collect();
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        let rows = self.client.query(&statement.text, &values);
        let rows = rows.unwrap_or_else(|error| panic!("{error:?}\n{}", statement.text));
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }
}
