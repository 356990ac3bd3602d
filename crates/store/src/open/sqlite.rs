//! Opens a file of SQLite's.

use super::{OpenError, Opened, RECORD, StoreOptions, records};
use crate::Failure;
use crate::connection::sqlite::{Role, connect, limit};
use crate::connection::{self, STATEMENT_TIME};
use crate::pool::Pool;
use crate::writer::{Writer, sqlite};
use archwright_plan::Plan;
use archwright_sql::{Dialect, ddl};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where the database is; a temporary one is deleted when this is dropped.
struct Location {
    path: PathBuf,
    temporary: Option<tempfile::TempDir>,
}

pub(super) fn open(plan: &Plan, options: &StoreOptions) -> Result<Opened, OpenError> {
    let location = locate(&options.url)?;
    let failed = |error: rusqlite::Error| unreachable(&location.path, &error);
    keep_private(&location.path);
    let mut writer = connect(&location.path, Role::Writer).map_err(failed)?;
    let statements = ddl(plan, Dialect::Sqlite)?;
    let made_schema = catalog(&writer).map_err(failed)?.is_empty();
    if made_schema {
        create(&mut writer, plan, &statements)?;
    } else {
        compare(&writer, plan, &statements).map_err(failed)??;
    }
    limit(&mut writer, STATEMENT_TIME).map_err(failed)?;
    let writer = connection::Connection::Sqlite(writer);
    let writer = sqlite::Writer::start(writer).map_err(|error| OpenError::Unreachable {
        path: location.path.display().to_string(),
        reason: error.to_string(),
    })?;
    let path = location.path;
    let place = path.canonicalize().unwrap_or_else(|_| path.clone());
    let reader = move || {
        let connection = connect(&path, Role::Reader).and_then(|mut connection| {
            limit(&mut connection, STATEMENT_TIME)?;
            Ok(connection)
        });
        let connection = connection.map_err(|error| Failure::Unavailable(error.to_string()))?;
        Ok(connection::Connection::Sqlite(connection))
    };
    Ok(Opened {
        dialect: Dialect::Sqlite,
        readers: Pool::new(Dialect::Sqlite, options.readers, Box::new(reader)),
        lines: None,
        writer: Writer::Sqlite(writer),
        made_schema,
        place: place.display().to_string(),
        // SQLite judges no rows.
        security: None,
        temporary: location.temporary,
    })
}

fn locate(url: &str) -> Result<Location, OpenError> {
    if url == "sqlite::memory:" {
        let folder = tempfile::Builder::new().prefix("archwright-").tempdir();
        let folder = folder.map_err(|error| OpenError::Unreachable {
            path: "in the folder for temporary files".to_owned(),
            reason: error.to_string(),
        })?;
        return Ok(Location {
            path: folder.path().join("database.sqlite"),
            temporary: Some(folder),
        });
    }
    match url.strip_prefix("sqlite://") {
        Some(path) if !path.is_empty() => Ok(Location {
            path: PathBuf::from(path),
            temporary: None,
        }),
        _ => Err(OpenError::Url(url.to_owned())),
    }
}

/// Makes a new database for the owner alone: it holds password hashes. Files beside it get the same mode from SQLite.
/// What is wrong with the path, opening it will say.
fn keep_private(path: &Path) {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let _ = options.open(path);
}

fn unreachable(path: &Path, error: &rusqlite::Error) -> OpenError {
    OpenError::Unreachable {
        path: path.display().to_string(),
        reason: error.to_string(),
    }
}

/// All or nothing: a half-made schema would be refused ever after.
fn create(
    connection: &mut Connection,
    plan: &Plan,
    statements: &[String],
) -> Result<(), OpenError> {
    let failed = |statement: &str, error: rusqlite::Error| OpenError::Create {
        reason: error.to_string(),
        statement: statement.to_owned(),
    };
    let transaction = connection
        .transaction()
        .map_err(|error| failed("BEGIN", error))?;
    for statement in statements {
        transaction
            .execute_batch(statement)
            .map_err(|error| failed(statement, error))?;
    }
    for (name, value) in records(plan, statements)? {
        transaction
            .execute(RECORD, [name, value.as_str()])
            .map_err(|error| failed(RECORD, error))?;
    }
    transaction
        .commit()
        .map_err(|error| failed("COMMIT", error))
}

/// Tables, indexes and triggers by kind and name, with their text in one spacing.
fn catalog(connection: &Connection) -> rusqlite::Result<BTreeMap<(String, String), String>> {
    let mut statement = connection.prepare(
        "SELECT type, name, COALESCE(sql, '') FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    )?;
    let rows = statement.query_map([], |row| {
        let sql: String = row.get(2)?;
        Ok((
            (row.get(0)?, row.get(1)?),
            sql.split_whitespace().collect::<Vec<_>>().join(" "),
        ))
    })?;
    rows.collect()
}

/// Compares what is there with what the statements make in an empty database.
fn compare(
    connection: &Connection,
    plan: &Plan,
    statements: &[String],
) -> rusqlite::Result<Result<(), OpenError>> {
    let wanted_connection = Connection::open_in_memory()?;
    for statement in statements {
        if let Err(error) = wanted_connection.execute_batch(statement) {
            return Ok(Err(OpenError::Create {
                reason: error.to_string(),
                statement: statement.clone(),
            }));
        }
    }
    let (wanted, found) = (catalog(&wanted_connection)?, catalog(connection)?);
    if wanted == found {
        return Ok(Ok(()));
    }
    let mut differences = Vec::new();
    for (key, sql) in &wanted {
        match found.get(key) {
            None => differences.push(format!("the {} {} is missing", key.0, key.1)),
            Some(other) if other != sql && key.0 == "table" => {
                differences.extend(table_differences(&wanted_connection, connection, &key.1)?);
            }
            Some(other) if other != sql => {
                differences.push(format!("the {} {} is another: {other}", key.0, key.1))
            }
            Some(_) => {}
        }
    }
    for key in found.keys().filter(|key| !wanted.contains_key(*key)) {
        differences.push(format!(
            "the {} {} is not part of the design {}",
            key.0, key.1, plan.model.name
        ));
    }
    Ok(Err(OpenError::Differs(differences)))
}

fn table_differences(
    wanted: &Connection,
    found: &Connection,
    table: &str,
) -> rusqlite::Result<Vec<String>> {
    let (wanted, found) = (columns(wanted, table)?, columns(found, table)?);
    let mut differences = Vec::new();
    for (name, definition) in &wanted {
        match found.get(name) {
            None => differences.push(format!(
                "the column {table}.{name} ({definition}) is missing"
            )),
            Some(other) if other != definition => {
                differences.push(format!(
                    "the column {table}.{name} is {other}, and should be {definition}"
                ));
            }
            Some(_) => {}
        }
    }
    for name in found.keys().filter(|name| !wanted.contains_key(*name)) {
        differences.push(format!(
            "the column {table}.{name} is not part of the design"
        ));
    }
    if differences.is_empty() {
        differences.push(format!("the constraints of the table {table} are others"));
    }
    Ok(differences)
}

fn columns(connection: &Connection, table: &str) -> rusqlite::Result<BTreeMap<String, String>> {
    let mut statement =
        connection.prepare("SELECT name, type, \"notnull\", pk FROM pragma_table_xinfo(?1)")?;
    let rows = statement.query_map([table], |row| {
        let (name, ty): (String, String) = (row.get(0)?, row.get(1)?);
        let (required, key): (bool, i64) = (row.get(2)?, row.get(3)?);
        let required = if required { " not null" } else { "" };
        let key = if key > 0 { " primary key" } else { "" };
        Ok((name, format!("{ty}{required}{key}")))
    })?;
    rows.collect()
}
