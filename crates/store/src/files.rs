//! The records of uploaded files; their bytes are the HTTP layer's.

use crate::connection::{Connection, values};
use crate::write::{may_write, set_file};
use crate::{Call, Context, Failure, Reply, Shared, Store};
use archwright_plan::model::{FieldId, ScalarType, Type};
use archwright_plan::{ColumnSource, Plan, SystemTable, TablePurpose};
use archwright_sql::Printer;

/// A file whose bytes are on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// A version 7 uuid.
    pub id: String,
    /// Below the folder of uploads.
    pub path: String,
    /// As the client called it.
    pub name: String,
    /// By content.
    pub media_type: String,
    /// Bytes.
    pub size: u64,
    pub sha256: [u8; 32],
}

impl Store {
    /// Whether the caller may upload at all, before a byte is taken: `Ok`, or what `upload` would refuse it with.
    pub fn may_upload(&self, call: &Call, context: &Context) -> Result<(), Failure> {
        self.readers
            .with(|connection| may_write(connection, &self.shared, call, context))
    }

    /// Answers an operation of kind Upload. The file that it replaces is in `Reply::dropped_files`.
    pub async fn upload(
        &self,
        call: Call,
        file: StoredFile,
        context: Context,
    ) -> Result<Reply, Failure> {
        let shared = self.shared.clone();
        self.writer
            .run(move |connection| {
                insert(connection, &file, context.now)?;
                set_file(connection, &shared, &call, &context, &file.id)
            })
            .await
    }

    /// `None`: there is no such file, or no row refers to it any more; a deleted row refers to nothing.
    pub fn file(&self, id: &str) -> Result<Option<StoredFile>, Failure> {
        let Some(referred) = referred(&self.shared) else {
            return Ok(None);
        };
        let text = format!(
            "SELECT f.\"id\", f.\"path\", f.\"name\", f.\"type\", f.\"size\", f.\"sha256\" FROM \"stored_files\" f \
             WHERE f.\"id\" = ?1 AND ({referred})"
        );
        self.readers.with(|connection| {
            connection.first(&text, &values![id.to_owned()], |row| {
                Ok(StoredFile {
                    id: row.get(0)?,
                    path: row.get(1)?,
                    name: row.get(2)?,
                    media_type: row.get(3)?,
                    size: row.get::<i64>(4)?.unsigned_abs(),
                    sha256: row.get(5)?,
                })
            })
        })
    }

    /// Those of these file ids that no record has: their bytes are left over from an upload that failed, or from a
    /// deletion that was cut short.
    pub fn unrecorded_files(&self, ids: &[String]) -> Result<Vec<String>, Failure> {
        if !keeps_files(&self.shared.plan) {
            return Ok(ids.to_vec());
        }
        let printer = Printer::new(&self.shared.plan, self.shared.dialect);
        let listed = printer.list_values(&self.shared.dialect.placeholder(1), &Type::Text);
        let known = "SELECT CAST(\"id\" AS TEXT) FROM \"stored_files\"";
        let text = format!("{listed} WHERE value NOT IN ({known})");
        let ids = serde_json::Value::from(ids).to_string();
        self.readers
            .with(|connection| connection.all(&text, &values![ids.clone()], |row| row.get(0)))
    }
}

fn keeps_files(plan: &Plan) -> bool {
    let files = TablePurpose::System(SystemTable::Files);
    plan.tables.iter().any(|table| table.purpose == files)
}

/// Holds for a file `f` that a row has. `None`: no field of the design holds files.
fn referred(shared: &Shared) -> Option<String> {
    let fields = shared
        .plan
        .model
        .entities
        .iter()
        .flat_map(|entity| &entity.fields);
    let files = fields.filter(|field| matches!(field.scalar(), Some(ScalarType::File { .. })));
    let rows: Vec<String> = files
        .filter_map(|field| has_file(shared, field.id))
        .collect();
    (!rows.is_empty()).then(|| rows.join(" OR "))
}

fn has_file(shared: &Shared, field: FieldId) -> Option<String> {
    let table = shared.plan.table(field.entity);
    let quote = |name: &str| shared.dialect.identifier(name);
    let column = table.column_from(ColumnSource::Field(field))?;
    let active = table
        .column_from(ColumnSource::DeletedAt)
        .map(|mark| format!(" AND t.{} IS NULL", quote(&mark.name)));
    Some(format!(
        "EXISTS (SELECT 1 FROM {} t WHERE t.{} = f.\"id\"{})",
        quote(&table.name),
        quote(&column.name),
        active.unwrap_or_default(),
    ))
}

fn insert(connection: &Connection, file: &StoredFile, now: i64) -> Result<(), Failure> {
    let insert = "INSERT INTO \"stored_files\" (\"id\", \"path\", \"name\", \"type\", \"size\", \"sha256\", \"created_at\") \
                  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let size = i64::try_from(file.size).unwrap_or(i64::MAX);
    let values = values![
        file.id.clone(),
        file.path.clone(),
        file.name.clone(),
        file.media_type.clone(),
        size,
        file.sha256.to_vec(),
        now
    ];
    connection.execute(insert, &values).map(drop)
}
