//! A database of a test's own, on SQLite or in the PostgreSQL server of the test run.

use std::sync::atomic::{AtomicUsize, Ordering};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "each binary of tests is for one of them")]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// Deleted when dropped.
pub enum Database {
    Sqlite {
        folder: tempfile::TempDir,
    },
    Postgres {
        /// Of the server, with a database that is always there.
        server: String,
        name: String,
    },
}

impl Database {
    pub fn new(kind: Kind) -> Self {
        match kind {
            Kind::Sqlite => Self::Sqlite {
                folder: tempfile::tempdir().unwrap(),
            },
            Kind::Postgres => {
                static COUNT: AtomicUsize = AtomicUsize::new(0);
                let server = std::env::var("ARCHWRIGHT_TEST_POSTGRES").expect(
                    "ARCHWRIGHT_TEST_POSTGRES names a PostgreSQL server; `cargo xtask test` starts one",
                );
                let number = COUNT.fetch_add(1, Ordering::Relaxed);
                let name = format!("store_{}_{number}", std::process::id());
                run(&server, None, &format!("CREATE DATABASE {name}"));
                Self::Postgres { server, name }
            }
        }
    }

    fn file(&self) -> Option<std::path::PathBuf> {
        match self {
            Self::Sqlite { folder } => Some(folder.path().join("database.sqlite")),
            Self::Postgres { .. } => None,
        }
    }

    pub fn url(&self) -> String {
        match self {
            Self::Sqlite { folder } => {
                format!("sqlite://{}/database.sqlite", folder.path().display())
            }
            Self::Postgres { server, name } => {
                let (start, _) = server.rsplit_once('/').unwrap();
                format!("{start}/{name}")
            }
        }
    }

    pub fn execute(&self, sql: &str) {
        match self {
            Self::Sqlite { .. } => {
                let connection = rusqlite::Connection::open(self.file().unwrap()).unwrap();
                connection.execute_batch(sql).unwrap();
            }
            Self::Postgres { server, name } => drop(run(server, Some(name), sql)),
        }
    }

    /// What a statement gives after others, in one transaction that is rolled back: the first column of its rows, or how
    /// many rows it has changed, or why it is refused. On PostgreSQL.
    #[allow(dead_code, reason = "of the tests of PostgreSQL alone")]
    pub fn attempt(&self, before: &str, sql: &str) -> String {
        let Self::Postgres { server, name } = self else {
            panic!("SQLite has no roles");
        };
        let mut config: postgres::Config = server.parse().unwrap();
        config.dbname(name);
        let work = || {
            let mut client = config.connect(postgres::NoTls).unwrap();
            client.batch_execute(before).unwrap();
            let messages = match client.simple_query(sql) {
                Ok(messages) => messages,
                Err(error) => {
                    return format!("refused: {}", error.as_db_error().unwrap().message());
                }
            };
            let mut rows = Vec::new();
            let mut changed = 0;
            for message in messages {
                match message {
                    postgres::SimpleQueryMessage::Row(row) => rows.push(shown(row.get(0))),
                    postgres::SimpleQueryMessage::CommandComplete(count) => changed = count,
                    _ => {}
                }
            }
            match sql.contains("SELECT") && !sql.contains("INSERT") {
                true => rows.join(","),
                false => format!("{changed} changed"),
            }
        };
        std::thread::scope(|scope| scope.spawn(work).join().unwrap())
    }

    /// The first column of a query's rows, as text; documents without spaces, their keys in order.
    pub fn query(&self, sql: &str) -> Vec<String> {
        let found = match self {
            Self::Sqlite { .. } => {
                let connection = rusqlite::Connection::open(self.file().unwrap()).unwrap();
                let mut statement = connection.prepare(sql).unwrap();
                let rows = statement.query_map([], |row| {
                    row.get_ref(0).map(|value| match value {
                        rusqlite::types::ValueRef::Null => "null".to_owned(),
                        rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                        rusqlite::types::ValueRef::Blob(bytes) => format!("{} bytes", bytes.len()),
                        other => other.as_str().unwrap().to_owned(),
                    })
                });
                rows.unwrap().map(Result::unwrap).collect()
            }
            Self::Postgres { server, name } => run(server, Some(name), sql),
        };
        found.into_iter().map(canonical).collect()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Self::Postgres { server, name } = self {
            run(server, None, &format!("DROP DATABASE {name} WITH (FORCE)"));
            // Those of row-level security are the server's.
            let roles = ["reader", "writer", "steps"];
            let roles = roles.map(|role| format!("\"{name}.public.{role}\""));
            let drop = format!("DROP ROLE IF EXISTS {}", roles.join(", "));
            run(server, None, &drop);
        }
    }
}

/// As PostgreSQL's `jsonb` orders keys: by their length, then by their bytes.
fn canonical(text: String) -> String {
    fn ordered(value: serde_json::Value) -> serde_json::Value {
        match value {
            serde_json::Value::Object(object) => {
                let mut parts: Vec<_> = object.into_iter().collect();
                parts.sort_by_key(|(key, _)| (key.len(), key.clone()));
                parts
                    .into_iter()
                    .map(|(key, value)| (key, ordered(value)))
                    .collect()
            }
            serde_json::Value::Array(items) => items.into_iter().map(ordered).collect(),
            other => other,
        }
    }
    match serde_json::from_str::<serde_json::Value>(&text) {
        Ok(value) if value.is_object() || value.is_array() => ordered(value).to_string(),
        _ => text,
    }
}

/// The client blocks, which a thread of a runtime must not.
fn run(server: &str, database: Option<&str>, sql: &str) -> Vec<String> {
    let mut config: postgres::Config = server.parse().unwrap();
    if let Some(name) = database {
        config.dbname(name);
    }
    let work = || {
        let mut client = config.connect(postgres::NoTls).unwrap();
        let messages = client.simple_query(sql);
        let messages = messages.unwrap_or_else(|error| panic!("{error:?}\n{sql}"));
        let rows = messages.into_iter().filter_map(|message| match message {
            postgres::SimpleQueryMessage::Row(row) => Some(shown(row.get(0))),
            _ => None,
        });
        rows.collect()
    };
    std::thread::scope(|scope| scope.spawn(work).join().unwrap())
}

fn shown(text: Option<&str>) -> String {
    match text {
        None => "null".to_owned(),
        Some(text) => match text.strip_prefix("\\x") {
            Some(digits) => format!("{} bytes", digits.len() / 2),
            None => text.to_owned(),
        },
    }
}
