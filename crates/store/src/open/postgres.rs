//! Opens a database of PostgreSQL's, once it answers.

use super::security::secure;
use super::{OpenError, Opened, RECORD, StoreOptions, records};
use crate::Failure;
use crate::connection::postgres::lines::Lines;
use crate::connection::postgres::{Role, Settings, connect, reason};
use crate::connection::{Connection, postgres, values};
use crate::pool::Pool;
use crate::writer::{Writer, postgres::Writer as PostgresWriter};
use archwright_plan::Plan;
use archwright_sql::{Dialect, SecurityNames, ddl};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// Between two attempts to reach the server.
const PAUSE: Duration = Duration::from_millis(500);
/// Connections that a thread waits for: for reads of several steps.
const MOST_WAITING: usize = 16;
/// Copies that start at once make the schema one after the other under this lock.
const SCHEMA_LOCK: i64 = 0x6172_6368_7772_6967;

pub(super) fn open(plan: &Plan, options: &StoreOptions) -> Result<Opened, OpenError> {
    let settings = Settings::parse(&options.url)?;
    let first = reached(&settings, options)?;
    let prepared = prepare(&first, plan).and_then(|made| Ok((made, secured(&first, plan)?)));
    let (made_schema, security) = prepared.map_err(|error| named(error, &settings.config))?;
    drop(first);
    let place = place(&settings.config);
    let settings = Arc::new(settings);
    let pool = |role: Role, most: usize| {
        let settings = settings.clone();
        let open = move || connect(&settings, role).map(Connection::Postgres);
        Pool::new(Dialect::Postgres, most, Box::new(open))
    };
    Ok(Opened {
        dialect: Dialect::Postgres,
        readers: pool(Role::Reader, options.readers.min(MOST_WAITING)),
        lines: Some(Lines::new(settings.clone(), options.readers)),
        writer: Writer::Postgres(PostgresWriter::new(
            pool(Role::Writer, options.readers),
            options.readers,
        )),
        made_schema,
        place,
        security,
        temporary: None,
    })
}

/// `shop on db.example.com:5432`
fn place(config: &Config) -> String {
    let hosts = config.get_hosts().iter().enumerate().map(|(index, host)| {
        let ports = config.get_ports();
        let port = ports.get(index).or(ports.first()).unwrap_or(&5432);
        match host {
            Host::Tcp(name) => format!("{name}:{port}"),
            #[cfg(unix)]
            Host::Unix(folder) => format!("{}:{port}", folder.display()),
        }
    });
    let mut hosts: Vec<String> = hosts.collect();
    if hosts.is_empty() {
        hosts.extend(config.get_hostaddrs().iter().map(ToString::to_string));
    }
    let database = config.get_dbname().or(config.get_user()).unwrap_or("?");
    format!("{database} on {}", hosts.join(", "))
}

/// Waits for a server that is starting or out of reach; what it refuses for good is told at once.
fn reached(settings: &Settings, options: &StoreOptions) -> Result<postgres::Connection, OpenError> {
    let config = &settings.config;
    let began = Instant::now();
    let mut told = String::new();
    loop {
        let why = match connect(settings, Role::Writer) {
            Ok(connection) => return Ok(connection),
            Err(Failure::Unavailable(why)) if began.elapsed() < options.patience => why,
            Err(Failure::Unavailable(why) | Failure::Internal(why)) => {
                return Err(unreachable(config, why));
            }
            Err(other) => return Err(unreachable(config, format!("{other:?}"))),
        };
        if why != told {
            (options.progress)(&format!("waiting for PostgreSQL, {}: {why}", place(config)));
            told = why;
        }
        std::thread::sleep(PAUSE.min(options.patience));
    }
}

fn unreachable(config: &Config, reason: String) -> OpenError {
    OpenError::Unreachable {
        path: place(config),
        reason,
    }
}

/// Why the schema is not as it should be.
pub(super) enum Trouble {
    Database(postgres::Error),
    Open(OpenError),
}

impl From<postgres::Error> for Trouble {
    fn from(error: postgres::Error) -> Self {
        Self::Database(error)
    }
}

impl From<OpenError> for Trouble {
    fn from(error: OpenError) -> Self {
        Self::Open(error)
    }
}

fn named(trouble: Trouble, config: &Config) -> OpenError {
    match trouble {
        Trouble::Open(error) => error,
        Trouble::Database(error) => unreachable(config, reason(&error)),
    }
}

/// The rules of the database itself, after its tables: one copy after the other.
fn secured(
    connection: &postgres::Connection,
    plan: &Plan,
) -> Result<Option<SecurityNames>, Trouble> {
    begin(connection)?;
    let names = secure(connection, plan)?;
    connection.batch("COMMIT")?;
    Ok(names)
}

/// A transaction that no other copy has at the same time.
fn begin(connection: &postgres::Connection) -> Result<(), Trouble> {
    connection.batch("BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE")?;
    connection.batch(&format!("SELECT pg_advisory_xact_lock({SCHEMA_LOCK})"))?;
    Ok(())
}

pub(super) fn create_error(reason: String, statement: &str) -> OpenError {
    OpenError::Create {
        reason,
        statement: statement.to_owned(),
    }
}

/// Makes the schema in an empty database, or compares what is there: in one transaction, one copy after the other.
/// Whether it was made.
fn prepare(connection: &postgres::Connection, plan: &Plan) -> Result<bool, Trouble> {
    let statements = ddl(plan, Dialect::Postgres).map_err(OpenError::from)?;
    begin(connection)?;
    let schema = connection.texts("SELECT current_schema()::text, '', ''")?;
    let Some((schema, ..)) = schema
        .into_iter()
        .next()
        .filter(|(name, ..)| !name.is_empty())
    else {
        let reason = "no schema of its search path is there".to_owned();
        return Err(create_error(reason, "SELECT current_schema()").into());
    };
    let found = catalog(connection, "current_schema()::regnamespace")?;
    if found.is_empty() {
        create(connection, plan, &statements)?;
        connection.batch("COMMIT")?;
        return Ok(true);
    }
    // Temporary tables, which nobody else sees, show how PostgreSQL would write down what is wanted.
    connection.batch("SET LOCAL search_path TO pg_temp")?;
    run(connection, &statements)?;
    let wanted = catalog(connection, "pg_my_temp_schema()")?;
    connection.batch("ROLLBACK")?;
    let differences = differences(&wanted, &found, &plan.model.name, &schema);
    match differences.is_empty() {
        true => Ok(false),
        false => Err(OpenError::Differs(differences).into()),
    }
}

pub(super) fn run(
    connection: &postgres::Connection,
    statements: &[String],
) -> Result<(), OpenError> {
    for statement in statements {
        connection
            .batch(statement)
            .map_err(|error| create_error(reason(&error), statement))?;
    }
    Ok(())
}

fn create(
    connection: &postgres::Connection,
    plan: &Plan,
    statements: &[String],
) -> Result<(), Trouble> {
    run(connection, statements)?;
    for (name, value) in records(plan, statements)? {
        connection.change(RECORD, &values![name.to_owned(), value])?;
    }
    Ok(())
}

/// Columns, constraints and indexes, by kind and name.
type Catalog = BTreeMap<(String, String), String>;

/// What is in a schema, but for what extensions have put there.
fn catalog(connection: &postgres::Connection, schema: &str) -> Result<Catalog, Trouble> {
    let own = format!(
        "c.relnamespace = {schema} AND NOT EXISTS (SELECT 1 FROM pg_depend d \
         WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')"
    );
    // The name of the schema is no part of a definition; that of the temporary one has another, too.
    let plain = |definition: &str| {
        format!(
            "replace(replace({definition}, (SELECT quote_ident(nspname) || '.' FROM pg_namespace \
             WHERE oid = {schema}), ''), 'pg_temp.', '')"
        )
    };
    let parts = [
        format!(
            "SELECT 'table', c.relname::text, c.relkind::text FROM pg_class c \
             WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND {own} \
             AND NOT (c.relkind = 'v' AND c.relname LIKE '%.%')"
        ),
        format!(
            "SELECT 'column', c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod) \
             || CASE WHEN a.attcollation <> t.typcollation THEN ' collate ' || l.collname ELSE '' END \
             || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END \
             || CASE WHEN a.attidentity <> '' THEN ' identity' ELSE '' END \
             || COALESCE(' ' || {}, '') FROM pg_class c \
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
             JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_collation l ON l.oid = a.attcollation \
             LEFT JOIN pg_attrdef e ON e.adrelid = c.oid AND e.adnum = a.attnum \
             WHERE c.relkind IN ('r', 'p') AND {own}",
            plain("pg_get_expr(e.adbin, e.adrelid)")
        ),
        format!(
            "SELECT 'constraint', c.relname || '.' || o.conname, {} FROM pg_class c \
             JOIN pg_constraint o ON o.conrelid = c.oid AND o.contype IN ('p', 'u', 'f', 'c') WHERE {own}",
            plain("pg_get_constraintdef(o.oid)")
        ),
        format!(
            "SELECT 'index', t.relname || '.' || c.relname, {} FROM pg_class c \
             JOIN pg_index x ON x.indexrelid = c.oid JOIN pg_class t ON t.oid = x.indrelid WHERE {own}",
            plain("pg_get_indexdef(c.oid)")
        ),
    ];
    let rows = connection.texts(&parts.join(" UNION ALL "))?;
    let entries = rows
        .into_iter()
        .map(|(kind, name, definition)| ((kind, name), definition));
    Ok(entries.collect())
}

/// The columns of a table that is not there, or should not be, are not named one by one.
fn differences(wanted: &Catalog, found: &Catalog, design: &str, schema: &str) -> Vec<String> {
    let has_table = |catalog: &Catalog, name: &str| {
        let table = name.split('.').next().unwrap_or_default();
        catalog.contains_key(&("table".to_owned(), table.to_owned()))
    };
    let mut differences = Vec::new();
    for ((kind, name), definition) in wanted {
        match found.get(&(kind.clone(), name.clone())) {
            None if kind == "table" => differences.push(format!("the table {name} is missing")),
            None if !has_table(found, name) => {}
            None => differences.push(format!("the {kind} {name} ({definition}) is missing")),
            Some(other) if other != definition => differences.push(format!(
                "the {kind} {name} is {other}, and should be {definition}"
            )),
            Some(_) => {}
        }
    }
    for (kind, name) in found.keys().filter(|key| !wanted.contains_key(*key)) {
        if kind == "table" || has_table(wanted, name) {
            differences.push(format!(
                "the {kind} {name} in the schema {schema} is not part of the design {design}"
            ));
        }
    }
    differences
}
