//! Who wrote what: an entry for each write, in its transaction, without what is secret.

use super::job::{Job, id_text};
use super::row::Changes;
use super::value::{is_secret, json_of};
use crate::Failure;
use crate::connection::{Value, values};
use archwright_plan::Plan;
use archwright_plan::model::{EntityId, Field, FieldId, Origin, ScalarType};
use serde_json::{Value as Json, json};
use uuid::Uuid;

/// Says that a secret was set, and not to what.
const SECRET: &str = "secret";

/// The entry has its own instant.
fn is_stamp(field: &Field) -> bool {
    field.origin == Origin::Implied && field.scalar() == Some(&ScalarType::DateTime)
}

/// A first value.
pub(crate) fn to(
    changes: &mut Changes,
    plan: &Plan,
    field: &Field,
    value: &Value,
) -> Result<(), Failure> {
    if is_stamp(field) {
        return Ok(());
    }
    let change = match is_secret(field) {
        true => json!({ SECRET: true }),
        false => json!({ "to": json_of(field, value)? }),
    };
    changes.insert(plan.model.json_name(field.id), change);
    Ok(())
}

/// Another value; nothing when it is the same one.
pub(crate) fn from_to(
    changes: &mut Changes,
    plan: &Plan,
    field: &Field,
    from: Option<&Value>,
    to: &Value,
) -> Result<(), Failure> {
    if is_stamp(field) {
        return Ok(());
    }
    let change = match (is_secret(field), from) {
        (true, _) => json!({ SECRET: true }),
        (false, Some(from)) if from == to => return Ok(()),
        (false, Some(from)) => {
            json!({ "from": json_of(field, from)?, "to": json_of(field, to)? })
        }
        (false, None) => json!({ "to": json_of(field, to)? }),
    };
    changes.insert(plan.model.json_name(field.id), change);
    Ok(())
}

/// The rows or parts of a to-many field, as they are now.
pub(crate) fn list(changes: &mut Changes, plan: &Plan, field: FieldId, items: Vec<Json>) {
    changes.insert(plan.model.field(field).name.clone(), json!({ "to": items }));
}

pub(crate) fn id(value: &Value) -> Json {
    match value {
        Value::Integer(number) => Json::from(*number),
        other => Json::from(id_text(other)),
    }
}

/// That something secret was set which is no field of the row.
pub(crate) fn secret(
    job: &Job<'_>,
    entity: EntityId,
    row: &Value,
    name: &str,
) -> Result<(), Failure> {
    let changes = Changes::from_iter([(name.to_owned(), json!({ SECRET: true }))]);
    record(job, entity, row, changes)
}

pub(crate) fn record(
    job: &Job<'_>,
    entity: EntityId,
    row: &Value,
    changes: Changes,
) -> Result<(), Failure> {
    let definition = job.plan().model.entity(entity);
    if !definition.audit {
        return Ok(());
    }
    let text = "INSERT INTO \"audit_entries\" \
                (\"id\", \"at\", \"account_id\", \"operation\", \"entity\", \"row_id\", \"changes\", \"request_id\") \
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let account = job.context.caller.as_ref();
    let values = values![
        Uuid::now_v7().to_string(),
        job.context.now,
        account.map(|caller| caller.account_id.clone()),
        job.definition().id.clone(),
        definition.name.clone(),
        id_text(row),
        Json::Object(changes).to_string(),
        job.context.request_id.clone(),
    ];
    job.enter(text, values.to_vec())
}
