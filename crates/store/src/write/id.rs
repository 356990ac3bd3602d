//! Ids of new rows, known before the row is there: ciphertexts are bound to them.

use super::job::Job;
use crate::Failure;
use crate::connection::{Value, values};
use archwright_plan::model::{EntityId, IdType};
use uuid::Uuid;

/// There is one writer, so that the next number is nobody else's.
pub(crate) fn next(job: &Job<'_>, entity: EntityId) -> Result<Value, Failure> {
    match job.plan().model.entity(entity).id_type {
        IdType::Uuid => Ok(Value::Text(Uuid::now_v7().to_string())),
        IdType::Int => {
            let text = "SELECT \"seq\" FROM \"sqlite_sequence\" WHERE \"name\" = ?1";
            let name = values![job.plan().table(entity).name.clone()];
            let last: Option<i64> = job.connection.first(text, &name, |row| row.get(0))?;
            Ok(Value::Integer(last.unwrap_or(0) + 1))
        }
    }
}
