//! The statements that make an empty database into the one of a plan.

use crate::{Dialect, Printer, Scope, Unsupported};
use archwright_plan::model::{Direction, FieldId, Literal, ScalarType};
use archwright_plan::{
    CheckConstraint, CheckKind, Column, ColumnSource, ColumnType, ForeignKey, Plan, Table,
    TablePurpose,
};

/// All statements, in the order in which they must run.
pub fn ddl(plan: &Plan, dialect: Dialect) -> Result<Vec<String>, Unsupported> {
    let mut statements = Vec::new();
    for table in &plan.tables {
        statements.push(create_table(plan, table, dialect)?);
    }
    for table in &plan.tables {
        if dialect == Dialect::Postgres {
            let keys = table.foreign_keys.iter();
            statements.extend(keys.map(|key| add_foreign_key(table, key, dialect)));
        }
        statements.extend(indexes(table, dialect));
        if !table.search.is_empty() {
            statements.extend(search(table, dialect)?);
        }
    }
    Ok(statements)
}

/// Stands for everything that [`ddl`] prints for SQLite: 32 hexadecimal digits.
pub fn schema_fingerprint(plan: &Plan) -> Result<String, Unsupported> {
    let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    for statement in ddl(plan, Dialect::Sqlite)? {
        for byte in statement.bytes().chain([0]) {
            hash =
                (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        }
    }
    Ok(format!("{hash:032x}"))
}

/// The full-text table beside a table.
pub fn search_table(table: &Table) -> String {
    format!("{}_search", table.name)
}

/// The integer that joins a table to its full-text table, where it has one.
pub fn search_rowid(table: &Table) -> Option<&str> {
    if table.search.is_empty() {
        return None;
    }
    let serial = table
        .columns
        .iter()
        .find(|column| column.ty == ColumnType::Serial);
    Some(serial.map_or("search_rowid", |column| column.name.as_str()))
}

fn create_table(plan: &Plan, table: &Table, dialect: Dialect) -> Result<String, Unsupported> {
    let mut lines = Vec::new();
    let serial = table
        .columns
        .iter()
        .any(|column| column.ty == ColumnType::Serial);
    // SQLite may renumber rows that have no integer key of their own, and would then find the wrong rows by text.
    let search_key = search_rowid(table).filter(|_| !serial && dialect == Dialect::Sqlite);
    if let Some(name) = search_key {
        lines.push(format!("{} INTEGER PRIMARY KEY", dialect.identifier(name)));
    }
    for column in &table.columns {
        lines.push(column_line(column, dialect));
    }
    let key = names(&table.primary_key, dialect);
    if search_key.is_some() {
        lines.push(format!("UNIQUE ({key})"));
    } else if !(serial && dialect == Dialect::Sqlite) {
        lines.push(format!("PRIMARY KEY ({key})"));
    }
    for check in &table.checks {
        if let Some(text) = check_condition(plan, check, dialect)? {
            lines.push(format!(
                "CONSTRAINT {} CHECK ({text})",
                dialect.identifier(&check.name)
            ));
        }
    }
    if dialect == Dialect::Sqlite {
        lines.extend(
            table
                .foreign_keys
                .iter()
                .map(|key| foreign_key(key, dialect)),
        );
    }
    let end = match (dialect, table.purpose) {
        (Dialect::Sqlite, TablePurpose::Link(_)) => " STRICT, WITHOUT ROWID",
        (Dialect::Sqlite, _) => " STRICT",
        (Dialect::Postgres, _) => "",
    };
    Ok(format!(
        "CREATE TABLE {} (\n  {}\n){end}",
        dialect.identifier(&table.name),
        lines.join(",\n  ")
    ))
}

fn column_line(column: &Column, dialect: Dialect) -> String {
    let name = dialect.identifier(&column.name);
    let ty = dialect.column_type(column.ty);
    match (dialect, column.ty) {
        // AUTOINCREMENT: a deleted row's id, which links may still name, is never given to another row.
        (Dialect::Sqlite, ColumnType::Serial) => {
            format!("{name} INTEGER PRIMARY KEY AUTOINCREMENT")
        }
        (Dialect::Sqlite, ColumnType::Bool) => {
            format!("{name} {ty}{} CHECK ({name} IN (0, 1))", not_null(column))
        }
        _ => format!("{name} {ty}{}", not_null(column)),
    }
}

fn not_null(column: &Column) -> &'static str {
    if column.nullable { "" } else { " NOT NULL" }
}

fn names(columns: &[String], dialect: Dialect) -> String {
    let names: Vec<String> = columns
        .iter()
        .map(|column| dialect.identifier(column))
        .collect();
    names.join(", ")
}

fn foreign_key(key: &ForeignKey, dialect: Dialect) -> String {
    format!(
        "CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({}) ON DELETE {}",
        dialect.identifier(&key.name),
        dialect.identifier(&key.column),
        dialect.identifier(&key.table),
        dialect.identifier(&key.target_column),
        dialect.on_delete(key.on_delete)
    )
}

fn add_foreign_key(table: &Table, key: &ForeignKey, dialect: Dialect) -> String {
    // A seed may refer to rows that come later.
    format!(
        "ALTER TABLE {} ADD {} DEFERRABLE",
        dialect.identifier(&table.name),
        foreign_key(key, dialect)
    )
}

/// The condition of a check; none where the type of a field says it all.
pub fn check_condition(
    plan: &Plan,
    check: &CheckConstraint,
    dialect: Dialect,
) -> Result<Option<String>, Unsupported> {
    match check.kind {
        CheckKind::Design(entity, index) => {
            let definition = &plan.model.entity(entity).checks[index];
            let mut printer = Printer::inline(plan, dialect);
            printer
                .condition(&definition.that, &Scope::columns(entity))
                .map(Some)
        }
        CheckKind::FieldDomain(field) => field_domain(plan, field, dialect),
    }
}

/// Conditions that every stored value of a field meets; a missing value meets them all.
fn field_domain(plan: &Plan, id: FieldId, dialect: Dialect) -> Result<Option<String>, Unsupported> {
    let field = plan.model.field(id);
    let (Some(scalar), false) = (field.scalar(), field.sensitive) else {
        return Ok(None);
    };
    let table = plan.table(id.entity);
    let Some(column) = table.column_from(ColumnSource::Field(id)) else {
        return Ok(None);
    };
    let name = dialect.identifier(&column.name);
    let mut conditions = type_conditions(scalar, &name, dialect);
    for (sign, bound) in [(">=", &field.min), ("<=", &field.max)] {
        if let Some(bound) = bound {
            conditions.push(format!(
                "{name} {sign} {}",
                bound_text(bound, scalar, dialect)?
            ));
        }
    }
    Ok((!conditions.is_empty()).then(|| conditions.join(" AND ")))
}

fn type_conditions(scalar: &ScalarType, name: &str, dialect: Dialect) -> Vec<String> {
    let sqlite = dialect == Dialect::Sqlite;
    match scalar {
        ScalarType::String { min, max }
        | ScalarType::Text {
            min: min @ 1..,
            max,
        } => vec![format!("length({name}) BETWEEN {min} AND {max}")],
        ScalarType::Text { max, .. } => vec![format!("length({name}) <= {max}")],
        ScalarType::Int if sqlite => vec![format!("{name} BETWEEN -2147483648 AND 2147483647")],
        ScalarType::BigInt => vec![format!(
            "{name} BETWEEN -9007199254740991 AND 9007199254740991"
        )],
        ScalarType::Decimal { precision, .. } if sqlite => {
            let limit = 10_i64
                .checked_pow(*precision)
                .map_or(i64::MAX, |power| power - 1);
            vec![format!("{name} BETWEEN -{limit} AND {limit}")]
        }
        ScalarType::Date if sqlite => {
            vec![format!(
                "{name} GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'"
            )]
        }
        ScalarType::Uuid if sqlite => vec![format!("length({name}) = 36")],
        ScalarType::Slug if !sqlite => vec![format!("{name} ~ '^[a-z0-9-]{{1,100}}$'")],
        ScalarType::Phone if !sqlite => vec![format!("{name} ~ '^[+][0-9]{{7,15}}$'")],
        ScalarType::Slug if sqlite => vec![format!(
            "length({name}) BETWEEN 1 AND 100 AND {name} NOT GLOB '*[^a-z0-9-]*'"
        )],
        ScalarType::Phone if sqlite => {
            vec![format!(
                "length({name}) BETWEEN 8 AND 16 AND {name} GLOB '+*' AND substr({name}, 2) NOT GLOB '*[^0-9]*'"
            )]
        }
        ScalarType::Json if sqlite => vec![format!("json_valid({name})")],
        ScalarType::Enum { values } => {
            let values: Vec<String> = values
                .iter()
                .map(|value| dialect.text_literal(value))
                .collect();
            vec![format!("{name} IN ({})", values.join(", "))]
        }
        _ => Vec::new(),
    }
}

/// A least or greatest value as the column stores it.
fn bound_text(
    bound: &Literal,
    scalar: &ScalarType,
    dialect: Dialect,
) -> Result<String, Unsupported> {
    let units = |value: i64, from: u32, to: u32| {
        let power = 10_i64.checked_pow(to.saturating_sub(from));
        let units = power.and_then(|power| value.checked_mul(power));
        units
            .map(|units| units.to_string())
            .ok_or_else(|| Unsupported::new("a bound of more than 18 digits"))
    };
    match (bound, scalar) {
        (Literal::Int(value), ScalarType::Decimal { scale, .. }) if dialect.unscaled_decimals() => {
            units(*value, 0, *scale)
        }
        (
            Literal::Decimal {
                units: value,
                scale: from,
            },
            ScalarType::Decimal { scale, .. },
        ) if dialect.unscaled_decimals() => units(*value, *from, *scale),
        (Literal::Int(value), _) => Ok(value.to_string()),
        (Literal::Decimal { units, scale }, _) => {
            Ok(format!("({})", archwright_plan::decimal(*units, *scale)))
        }
        (Literal::Text(text), ScalarType::DateTime) if dialect.instants_are_integers() => {
            let instant = archwright_plan::model::calendar::instant_from_text(text);
            instant
                .map(|instant| instant.to_string())
                .ok_or_else(|| Unsupported::new(format!("{text:?} as an instant")))
        }
        (Literal::Text(text), _) => Ok(dialect.text_literal(text)),
        (Literal::Bool(_) | Literal::Null, _) => {
            Err(Unsupported::new("a bound that is no number, date or text"))
        }
    }
}

fn indexes(table: &Table, dialect: Dialect) -> Vec<String> {
    let name = dialect.identifier(&table.name);
    let active = |active_only: bool| match table.column_from(ColumnSource::DeletedAt) {
        Some(column) if active_only => {
            format!(" WHERE {} IS NULL", dialect.identifier(&column.name))
        }
        _ => String::new(),
    };
    let mut statements = Vec::new();
    for unique in &table.unique {
        let columns = names(&unique.columns, dialect);
        let index = dialect.identifier(&unique.name);
        statements.push(format!(
            "CREATE UNIQUE INDEX {index} ON {name} ({columns}){}",
            active(unique.active_only)
        ));
    }
    for index in &table.indexes {
        let columns: Vec<String> = index
            .columns
            .iter()
            .map(|(column, direction)| index_column(table, column, *direction, dialect))
            .collect();
        statements.push(format!(
            "CREATE INDEX {} ON {name} ({}){}",
            dialect.identifier(&index.name),
            columns.join(", "),
            active(index.active_only)
        ));
    }
    statements
}

fn index_column(table: &Table, name: &str, direction: Direction, dialect: Dialect) -> String {
    let mut columns = table.columns.iter();
    let nullable = columns.any(|column| column.name == name && column.nullable);
    dialect.ordered(&dialect.identifier(name), nullable, direction)
}

/// A column of words in PostgreSQL; in SQLite a full-text table, kept up to date by triggers.
fn search(table: &Table, dialect: Dialect) -> Result<Vec<String>, Unsupported> {
    match (dialect, search_rowid(table)) {
        (Dialect::Sqlite, Some(rowid)) => Ok(sqlite_search(table, rowid)),
        (Dialect::Postgres, _) => Ok(postgres_search(table)),
        (Dialect::Sqlite, None) => Err(Unsupported::new("full-text search")),
    }
}

/// The column of a table's words, in PostgreSQL.
pub const SEARCH_COLUMN: &str = "search_words";

/// The words of all searchable fields.
pub fn postgres_search(table: &Table) -> Vec<String> {
    let dialect = Dialect::Postgres;
    let words = table.search.iter().map(|column| {
        let text = format!("coalesce({}, '')", dialect.identifier(column));
        format!("to_tsvector('simple', {})", postgres_plain_words(&text))
    });
    let words = words.collect::<Vec<_>>().join(" || ");
    let name = dialect.identifier(&table.name);
    let column = dialect.identifier(SEARCH_COLUMN);
    let index = dialect.identifier(&format!("{}_search", table.name));
    vec![
        format!("ALTER TABLE {name} ADD {column} tsvector GENERATED ALWAYS AS ({words}) STORED"),
        format!("CREATE INDEX {index} ON {name} USING gin ({column})"),
    ]
}

/// Text whose words are those that FTS5's `unicode61 remove_diacritics 2` makes of it: the letters a to z lose their
/// accents, others keep them; and without the signs that PostgreSQL's parser would take for parts of a word.
fn postgres_plain_words(text: &str) -> String {
    let accents = "[\\u0300-\\u036f]";
    let plain =
        format!("regexp_replace(normalize({text}, NFD), '([A-Za-z]){accents}+', '\\1', 'g')");
    let signs = "[\\u0021-\\u002f\\u003a-\\u0040\\u005b-\\u0060\\u007b-\\u007e]";
    format!(
        "regexp_replace(regexp_replace(normalize({plain}, NFC), '{accents}', '', 'g'), '{signs}', ' ', 'g')"
    )
}

fn sqlite_search(table: &Table, rowid: &str) -> Vec<String> {
    let dialect = Dialect::Sqlite;
    let base = dialect.identifier(&table.name);
    let search_name = search_table(table);
    let search = dialect.identifier(&search_name);
    let rowid_name = dialect.identifier(rowid);
    let columns = names(&table.search, dialect);
    let prefixed = |row: &str| {
        let names = table
            .search
            .iter()
            .map(|column| format!("{row}.{}", dialect.identifier(column)));
        names.collect::<Vec<_>>().join(", ")
    };
    let add = format!(
        "INSERT INTO {search} (rowid, {columns}) VALUES (new.{rowid_name}, {});",
        prefixed("new")
    );
    let remove = format!(
        "INSERT INTO {search} ({search}, rowid, {columns}) VALUES ('delete', old.{rowid_name}, {});",
        prefixed("old")
    );
    let trigger = |suffix: &str, event: &str, body: &str| {
        let name = dialect.identifier(&format!("{search_name}_{suffix}"));
        format!("CREATE TRIGGER {name} AFTER {event} ON {base} BEGIN\n  {body}\nEND")
    };
    vec![
        format!(
            "CREATE VIRTUAL TABLE {search} USING fts5({columns}, content={}, content_rowid={}, \
             tokenize='unicode61 remove_diacritics 2')",
            dialect.text_literal(&table.name),
            dialect.text_literal(rowid)
        ),
        trigger("insert", "INSERT", &add),
        trigger("delete", "DELETE", &remove),
        trigger(
            "update",
            &format!("UPDATE OF {columns}"),
            &format!("{remove}\n  {add}"),
        ),
    ]
}
