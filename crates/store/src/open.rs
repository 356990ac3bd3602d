//! Opens a database: makes the schema in an empty one, refuses one that was made for another design.

use crate::connection;
use crate::connection::sqlite::{Role, connect};
use crate::named::Programs;
use crate::pool::Pool;
use crate::represent::Compiled;
use crate::write::Writes;
use crate::writer::Writer;
use crate::{Context, Shared, Store};
use archwright_plan::Plan;
use archwright_sql::{Dialect, Unsupported, ddl, schema_fingerprint};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Makes the link under which a stored file (by its id) can be downloaded by this caller.
pub type FileLink = Arc<dyn Fn(&str, &Context) -> String + Send + Sync>;

/// The keys for sensitive fields. The plaintext is the value's text: what stands in JSON, without quotes. A place is
/// `TABLE.COLUMN.ID`, so that a ciphertext moved elsewhere doesn't open; a column is `TABLE.COLUMN`.
pub trait Secrets: Send + Sync {
    /// The ciphertext, or `None` when the system has no randomness to give.
    fn seal(&self, plaintext: &[u8], place: &str) -> Option<Vec<u8>>;
    /// The plaintext, or `None` when the key is not known or the ciphertext was tampered with.
    fn open(&self, sealed: &[u8], place: &str) -> Option<Vec<u8>>;
    /// The keyed hash that a field's blind index holds for a stored value: its text, or its digits.
    fn blind_index(&self, column: &str, value: &str) -> Vec<u8>;
}

#[derive(Clone)]
pub struct StoreOptions {
    /// `sqlite://PATH`, or `sqlite::memory:` for a database that is gone when the store is.
    pub url: String,
    /// Connections that only read; at least one.
    pub readers: usize,
    pub secrets: Arc<dyn Secrets>,
    pub file_link: FileLink,
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the database URL {0:?} is not understood; write sqlite://PATH or sqlite::memory:")]
    Url(String),
    #[error("the database {path} can't be opened: {reason}")]
    Unreachable { path: String, reason: String },
    #[error("the design can't be stored in SQLite: {0}")]
    Unsupported(#[from] Unsupported),
    #[error("the schema can't be created: {reason}, in\n{statement}")]
    Create { reason: String, statement: String },
    #[error(
        "the database was made for another design, and is left as it is. It differs here:\n- {}\n\
         Serve it with the design that it was made for, or name an empty database.",
        .0.join("\n- ")
    )]
    Differs(Vec<String>),
}

/// Where the database is; a temporary one is deleted when this is dropped.
pub(crate) struct Location {
    pub path: PathBuf,
    _temporary: Option<tempfile::TempDir>,
}

impl Store {
    /// Opens the database, and makes the schema when it is empty.
    pub fn open(plan: Arc<Plan>, options: StoreOptions) -> Result<Self, OpenError> {
        let location = locate(&options.url)?;
        let failed = |error: rusqlite::Error| unreachable(&location.path, &error);
        keep_private(&location.path);
        let mut writer = connect(&location.path, Role::Writer).map_err(failed)?;
        let statements = ddl(&plan, Dialect::Sqlite)?;
        if catalog(&writer).map_err(failed)?.is_empty() {
            create(&mut writer, &plan, &statements)?;
        } else {
            compare(&writer, &plan, &statements).map_err(failed)??;
        }
        let reader = |_| connect(&location.path, Role::Reader).map(connection::Connection::Sqlite);
        let readers = (0..options.readers.max(1)).map(reader);
        let readers = readers.collect::<Result<Vec<_>, _>>().map_err(failed)?;
        let writer = connection::Connection::Sqlite(writer);
        let dialect = Dialect::Sqlite;
        let compiled = Compiled::new(&plan, dialect)?;
        let writes = Writes::new(&plan, dialect)?;
        let programs = Programs::new(&plan, dialect)?;
        let shared = Shared {
            plan,
            dialect,
            compiled,
            writes,
            programs,
            secrets: options.secrets,
            file_link: options.file_link,
        };
        Ok(Self {
            shared: Arc::new(shared),
            readers: Pool::new(readers),
            writer: Writer::start(writer).map_err(|error| OpenError::Unreachable {
                path: location.path.display().to_string(),
                reason: error.to_string(),
            })?,
            _location: location,
        })
    }
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
            _temporary: Some(folder),
        });
    }
    match url.strip_prefix("sqlite://") {
        Some(path) if !path.is_empty() => Ok(Location {
            path: PathBuf::from(path),
            _temporary: None,
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
    let record = "INSERT INTO \"schema_info\" (\"name\", \"value\") VALUES (?1, ?2)";
    let values = [
        ("design", plan.model.name.clone()),
        ("fingerprint", schema_fingerprint(plan)?),
        ("schema", statements.join(";\n\n")),
    ];
    for (name, value) in values {
        transaction
            .execute(record, [name, value.as_str()])
            .map_err(|error| failed(record, error))?;
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
