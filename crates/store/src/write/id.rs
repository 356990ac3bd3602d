//! Ids of new rows, known before the row is there: ciphertexts are bound to them.

use super::job::Job;
use crate::Failure;
use crate::connection::{Value, values};
use archwright_plan::model::{EntityId, IdType};
use archwright_sql::Dialect;
use uuid::Uuid;

pub(crate) fn next(job: &Job<'_>, entity: EntityId) -> Result<Value, Failure> {
    let table = job.plan().table(entity);
    let (text, name) = match (job.plan().model.entity(entity).id_type, job.dialect()) {
        (IdType::Uuid, _) => return Ok(Value::Text(Uuid::now_v7().to_string())),
        // There is one writer, so that the next number is nobody else's.
        (IdType::Int, Dialect::Sqlite) => (
            "SELECT \"seq\" + 1 FROM \"sqlite_sequence\" WHERE \"name\" = ?1",
            table.name.clone(),
        ),
        (IdType::Int, Dialect::Postgres) => (
            "SELECT nextval(pg_get_serial_sequence(?1, 'id'))",
            job.dialect().identifier(&table.name),
        ),
    };
    let next: Option<i64> = job
        .connection
        .first(text, &values![name], |row| row.get(0))?;
    Ok(Value::Integer(next.unwrap_or(1)))
}

/// After rows that brought their ids, the next numbers are behind theirs. SQLite sees to that by itself.
pub(crate) fn continue_after(job: &Job<'_>) -> Result<(), Failure> {
    if job.dialect() == Dialect::Sqlite {
        return Ok(());
    }
    let entities = job.plan().model.entities.iter();
    for entity in entities.filter(|entity| entity.id_type == IdType::Int) {
        let table = job.dialect().identifier(&job.plan().table(entity.id).name);
        let text = format!(
            "SELECT setval(pg_get_serial_sequence(?1, 'id'), max(\"id\")) FROM {table} \
             HAVING max(\"id\") IS NOT NULL"
        );
        job.connection
            .first(&text, &values![table.clone()], |_| Ok(()))?;
    }
    Ok(())
}
