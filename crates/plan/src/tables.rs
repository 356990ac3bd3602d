//! Tables, columns, keys and constraints.

use crate::{
    CheckConstraint, CheckKind, Column, ColumnSource, ColumnType, ForeignKey, Index, SystemTable,
    Table, TablePurpose, UniqueConstraint,
};
use archwright_model::naming::{column_name, link_columns, link_table, lookup_column, snake};
use archwright_model::{
    Direction, Entity, EntityId, Field, FieldId, FieldKind, IdType, Model, OnDelete, ScalarType,
    ToManyKind,
};

/// Entity tables in the model's order, then link tables, then the system's.
pub fn tables(model: &Model) -> Vec<Table> {
    let mut tables: Vec<Table> = model
        .entities
        .iter()
        .map(|entity| entity_table(model, entity))
        .collect();
    for field in model.entities.iter().flat_map(|entity| &entity.fields) {
        if let Some(target) = linked_target(field) {
            tables.push(relation_table(model, field, target));
        }
    }
    tables.extend(system_tables(model));
    tables
}

/// The other entity of a many-to-many relation, when this is its canonical side.
pub fn linked_target(field: &Field) -> Option<EntityId> {
    let relation = field.to_many()?;
    match relation.kind {
        ToManyKind::Linked { canonical, .. } if canonical == field.id => Some(relation.target),
        _ => None,
    }
}

fn id_type(entity: &Entity) -> ColumnType {
    match entity.id_type {
        IdType::Uuid => ColumnType::Uuid,
        IdType::Int => ColumnType::Serial,
    }
}

/// The type of a column that refers to a row of the entity.
fn reference_type(entity: &Entity) -> ColumnType {
    match entity.id_type {
        IdType::Uuid => ColumnType::Uuid,
        IdType::Int => ColumnType::Int64,
    }
}

fn column(
    name: impl Into<String>,
    ty: ColumnType,
    source: ColumnSource,
    reason: impl Into<String>,
) -> Column {
    Column {
        name: name.into(),
        ty,
        nullable: false,
        source,
        reason: reason.into(),
    }
}

fn entity_table(model: &Model, entity: &Entity) -> Table {
    let mut columns = vec![column(
        "id",
        id_type(entity),
        ColumnSource::Id,
        id_reason(entity),
    )];
    let mut foreign_keys = Vec::new();
    for field in &entity.fields {
        columns.extend(field_columns(model, entity, field));
        foreign_keys.extend(foreign_key(model, entity, field));
    }
    columns.extend(marks(entity));
    Table {
        name: entity.plural.clone(),
        purpose: TablePurpose::Entity(entity.id),
        columns,
        primary_key: vec!["id".into()],
        unique: unique_constraints(model, entity),
        foreign_keys,
        checks: check_constraints(entity),
        indexes: Vec::new(),
        search: entity
            .fields
            .iter()
            .filter(|field| field.search)
            .filter_map(column_name)
            .collect(),
        reason: match entity.part_of {
            Some(part) => format!(
                "Rows are parts of {} and are written with it.",
                model.entity(part.whole).name
            ),
            None => format!("Holds the rows of {}.", entity.name),
        },
    }
}

fn id_reason(entity: &Entity) -> &'static str {
    match entity.id_type {
        IdType::Uuid => {
            "Version 7: unguessable enough, made without asking the database, and in order of creation."
        }
        IdType::Int => "The design asks for integer ids.",
    }
}

fn field_columns(model: &Model, entity: &Entity, field: &Field) -> Vec<Column> {
    let Some(name) = column_name(field) else {
        return Vec::new();
    };
    let (ty, reason) = match &field.kind {
        FieldKind::ToOne(relation) => {
            let target = model.entity(relation.target);
            (
                reference_type(target),
                format!("Refers to {}.", target.name),
            )
        }
        FieldKind::Scalar(_) if field.sensitive => (
            ColumnType::Bytes,
            "Sensitive: stored as AES-256-GCM ciphertext with its key's id.".into(),
        ),
        FieldKind::Scalar(scalar) => scalar_column(scalar),
        FieldKind::ToMany(_) => return Vec::new(),
    };
    let mut columns = vec![Column {
        name: name.clone(),
        ty,
        nullable: field.optional,
        source: ColumnSource::Field(field.id),
        reason,
    }];
    if field.sensitive && (field.filter || is_unique(entity, field.id)) {
        columns.push(Column {
            name: format!("{name}_index"),
            ty: ColumnType::Bytes,
            nullable: field.optional,
            source: ColumnSource::BlindIndex(field.id),
            reason: "A keyed hash, so that the encrypted value can be looked up.".into(),
        });
    }
    columns
}

pub fn is_unique(entity: &Entity, field: FieldId) -> bool {
    entity.unique.iter().any(|key| key.fields.contains(&field))
}

fn scalar_column(scalar: &ScalarType) -> (ColumnType, String) {
    let most = scalar.characters().map_or(0, |(_, most)| most);
    let text = ColumnType::Text { max: Some(most) };
    match scalar {
        ScalarType::String { .. }
        | ScalarType::Text { .. }
        | ScalarType::Url
        | ScalarType::Slug => (text, format!("Text of at most {most} characters.")),
        ScalarType::Email => (text, "Lower-cased, so that uniqueness ignores case.".into()),
        ScalarType::Phone => (text, "E.164: one form for each number.".into()),
        ScalarType::Enum { values } => {
            let max = values
                .iter()
                .map(|value| value.chars().count())
                .max()
                .unwrap_or(1) as u32;
            (
                ColumnType::Text { max: Some(max) },
                "Text under a check: a new value needs no rewrite of the table.".into(),
            )
        }
        ScalarType::Int => (ColumnType::Int32, "32 bits.".into()),
        ScalarType::BigInt => (
            ColumnType::Int64,
            "64 bits; on the wire within what a JSON number can carry.".into(),
        ),
        ScalarType::Decimal { precision, scale } => (
            ColumnType::Decimal {
                precision: *precision,
                scale: *scale,
            },
            "Exact: never a floating-point number.".into(),
        ),
        ScalarType::Bool => (ColumnType::Bool, "True or false.".into()),
        ScalarType::Date => (ColumnType::Date, "A day without a time zone.".into()),
        ScalarType::DateTime => (
            ColumnType::Instant,
            "An instant in UTC, to the millisecond.".into(),
        ),
        ScalarType::Uuid => (ColumnType::Uuid, "A uuid from elsewhere.".into()),
        ScalarType::Json => (
            ColumnType::Json,
            "A value whose form the design leaves open.".into(),
        ),
        ScalarType::File { .. } => (
            ColumnType::Uuid,
            "The id of the stored file; the bytes are outside the database.".into(),
        ),
    }
}

fn marks(entity: &Entity) -> Vec<Column> {
    let mut columns = Vec::new();
    if entity.part_of.is_some() {
        columns.push(column(
            "position",
            ColumnType::Int32,
            ColumnSource::Position,
            "Parts keep the order they came in.",
        ));
    } else if entity.versioned {
        let reason = "Counts writes, so that a lost update is noticed.";
        columns.push(column(
            "version",
            ColumnType::Int64,
            ColumnSource::Version,
            reason,
        ));
    }
    if entity.soft_delete {
        let reason = "Set instead of deleting the row.";
        let mark = column(
            "deleted_at",
            ColumnType::Instant,
            ColumnSource::DeletedAt,
            reason,
        );
        columns.push(Column {
            nullable: true,
            ..mark
        });
    }
    columns
}

fn foreign_key(model: &Model, entity: &Entity, field: &Field) -> Option<ForeignKey> {
    let column = column_name(field)?;
    let (table, on_delete) = match &field.kind {
        FieldKind::ToOne(relation) => (
            model.entity(relation.target).plural.clone(),
            relation.on_delete,
        ),
        FieldKind::Scalar(ScalarType::File { .. }) => ("stored_files".into(), OnDelete::Restrict),
        _ => return None,
    };
    Some(ForeignKey {
        name: format!("foreign_{}_{column}", entity.plural),
        column,
        table,
        target_column: "id".into(),
        on_delete,
        field: Some(field.id),
    })
}

fn unique_constraints(model: &Model, entity: &Entity) -> Vec<UniqueConstraint> {
    let constraint = |key: &archwright_model::UniqueKey| UniqueConstraint {
        name: key.name.clone(),
        columns: key
            .fields
            .iter()
            .filter_map(|field| lookup_column(model.field(*field)))
            .collect(),
        fields: key.fields.clone(),
        active_only: entity.soft_delete,
    };
    entity.unique.iter().map(constraint).collect()
}

fn check_constraints(entity: &Entity) -> Vec<CheckConstraint> {
    let own = entity
        .checks
        .iter()
        .enumerate()
        .filter(|(_, check)| check.own_row)
        .map(|(index, check)| {
            let name = format!("check_{}_{}", entity.singular, snake(&check.name));
            CheckConstraint {
                name,
                kind: CheckKind::Design(entity.id, index),
            }
        });
    let domains = entity.fields.iter().filter_map(|field| {
        let scalar = field.scalar()?;
        let column = column_name(field)?;
        if field.sensitive || matches!(scalar, ScalarType::File { .. }) {
            return None;
        }
        let name = format!("domain_{}_{column}", entity.singular);
        Some(CheckConstraint {
            name,
            kind: CheckKind::FieldDomain(field.id),
        })
    });
    own.chain(domains).collect()
}

fn relation_table(model: &Model, field: &Field, target: EntityId) -> Table {
    let (near, far) = (model.entity(field.id.entity), model.entity(target));
    let name = link_table(near, field);
    let (near_column, far_column) = link_columns(near, far);
    let side = |column: &str, entity: &Entity| ForeignKey {
        name: format!("foreign_{name}_{column}"),
        column: column.to_owned(),
        table: entity.plural.clone(),
        target_column: "id".into(),
        on_delete: OnDelete::Cascade,
        field: None,
    };
    Table {
        purpose: TablePurpose::Link(field.id),
        columns: vec![
            column(
                &near_column,
                reference_type(near),
                ColumnSource::LinkNear,
                format!("The {}.", near.name),
            ),
            column(
                &far_column,
                reference_type(far),
                ColumnSource::LinkFar,
                format!("What it is linked to: {}.", far.name),
            ),
        ],
        primary_key: vec![near_column.clone(), far_column.clone()],
        unique: Vec::new(),
        foreign_keys: vec![side(&near_column, near), side(&far_column, far)],
        checks: Vec::new(),
        indexes: Vec::new(),
        search: Vec::new(),
        reason: format!(
            "{}.{} is many-to-many: each pair once.",
            near.name, field.name
        ),
        name,
    }
}

fn system_tables(model: &Model) -> Vec<Table> {
    let files = model.entities.iter().flat_map(|entity| &entity.fields);
    let has_files = files
        .filter_map(Field::scalar)
        .any(|scalar| matches!(scalar, ScalarType::File { .. }));
    let mut tables = Vec::new();
    if let Some(account) = &model.account {
        let account = model.entity(account.entity);
        tables.push(credentials(account));
        tables.push(sessions(account));
    }
    tables.push(system(
        SystemTable::Idempotency,
        "idempotency_keys",
        "A repeated request gets the first one's reply.",
        &[
            ("key", TEXT, false),
            ("caller", TEXT, false),
            ("fingerprint", ColumnType::Bytes, false),
            ("status", ColumnType::Int32, false),
            ("headers", ColumnType::Json, false),
            ("body", ColumnType::Bytes, true),
            ("created_at", ColumnType::Instant, false),
            ("expires_at", ColumnType::Instant, false),
        ],
    ));
    tables.push(system(
        SystemTable::Audit,
        "audit_entries",
        "Who wrote what, when; never values that are secret.",
        &[
            ("id", ColumnType::Uuid, false),
            ("at", ColumnType::Instant, false),
            ("account_id", TEXT, true),
            ("operation", TEXT, false),
            ("entity", TEXT, false),
            ("row_id", TEXT, false),
            ("changes", ColumnType::Json, false),
            ("request_id", TEXT, false),
        ],
    ));
    if has_files {
        tables.push(system(
            SystemTable::Files,
            "stored_files",
            "Names, types and sizes of the files on disk.",
            &[
                ("id", ColumnType::Uuid, false),
                ("path", TEXT, false),
                ("name", TEXT, false),
                ("type", TEXT, false),
                ("size", ColumnType::Int64, false),
                ("sha256", ColumnType::Bytes, false),
                ("created_at", ColumnType::Instant, false),
            ],
        ));
    }
    tables.push(system(
        SystemTable::SchemaInfo,
        "schema_info",
        "Which schema this database was made for.",
        &[("name", TEXT, false), ("value", TEXT, false)],
    ));
    tables
}

const TEXT: ColumnType = ColumnType::Text { max: None };

fn system(
    purpose: SystemTable,
    name: &str,
    reason: &str,
    columns: &[(&str, ColumnType, bool)],
) -> Table {
    let made = |(name, ty, nullable): &(&str, ColumnType, bool)| Column {
        nullable: *nullable,
        ..column(*name, *ty, ColumnSource::System, "")
    };
    // The first column is the key, but for idempotency keys, which are each caller's own.
    let key_length = if purpose == SystemTable::Idempotency {
        2
    } else {
        1
    };
    Table {
        name: name.into(),
        purpose: TablePurpose::System(purpose),
        columns: columns.iter().map(made).collect(),
        primary_key: columns[..key_length]
            .iter()
            .map(|(name, ..)| (*name).to_owned())
            .collect(),
        unique: Vec::new(),
        foreign_keys: Vec::new(),
        checks: Vec::new(),
        indexes: Vec::new(),
        search: Vec::new(),
        reason: reason.into(),
    }
}

fn of_account(mut table: Table, account: &Entity) -> Table {
    table.foreign_keys.push(ForeignKey {
        name: format!("foreign_{}_account_id", table.name),
        column: "account_id".into(),
        table: account.plural.clone(),
        target_column: "id".into(),
        on_delete: OnDelete::Cascade,
        field: None,
    });
    table
}

fn credentials(account: &Entity) -> Table {
    let reason =
        "Apart from the account's row, so that no query of the API can touch a password hash.";
    let table = system(
        SystemTable::Credentials,
        "auth_credentials",
        reason,
        &[
            ("account_id", reference_type(account), false),
            ("password_hash", TEXT, false),
            ("roles", ColumnType::Json, false),
            ("failed_count", ColumnType::Int32, false),
            ("locked_until", ColumnType::Instant, true),
        ],
    );
    of_account(table, account)
}

fn sessions(account: &Entity) -> Table {
    let reason = "One for each sign-in. Its refresh token is replaced with each use; an earlier one ends it.";
    let mut table = system(
        SystemTable::Sessions,
        "auth_sessions",
        reason,
        &[
            ("id", ColumnType::Uuid, false),
            ("account_id", reference_type(account), false),
            ("token_hash", ColumnType::Bytes, false),
            ("created_at", ColumnType::Instant, false),
            ("expires_at", ColumnType::Instant, false),
            ("revoked_at", ColumnType::Instant, true),
        ],
    );
    table.indexes.push(Index {
        name: "index_auth_sessions_account_id".into(),
        columns: vec![("account_id".into(), Direction::Ascending)],
        active_only: false,
        operations: vec!["auth.password".into()],
        reason: "A new password and a deletion end all sessions of an account.".into(),
    });
    of_account(table, account)
}
