//! Ids of new rows, known before the row is there: ciphertexts are bound to them.

use super::job::Job;
use crate::Failure;
use crate::read::database;
use archwright_plan::model::{EntityId, IdType};
use rusqlite::OptionalExtension;
use rusqlite::types::Value;
use uuid::Uuid;

/// There is one writer, so that the next number is nobody else's.
pub(crate) fn next(job: &Job<'_>, entity: EntityId) -> Result<Value, Failure> {
    match job.plan().model.entity(entity).id_type {
        IdType::Uuid => Ok(Value::Text(Uuid::now_v7().to_string())),
        IdType::Int => {
            let text = "SELECT \"seq\" FROM \"sqlite_sequence\" WHERE \"name\" = ?1";
            let mut statement = job.connection.prepare_cached(text).map_err(database)?;
            let name = job.plan().table(entity).name.as_str();
            let last: Option<i64> = statement
                .query_row([name], |row| row.get(0))
                .optional()
                .map_err(database)?;
            Ok(Value::Integer(last.unwrap_or(0) + 1))
        }
    }
}
