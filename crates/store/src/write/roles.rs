//! Credentials of accounts, and the roles in them.

use super::job::Job;
use super::row::Changes;
use super::{audit, change};
use crate::Failure;
use crate::connection::{Value, values};
use archwright_plan::model::{EntityId, RoleId};
use serde_json::{Value as Json, json};

/// The password hash of an account that nobody can sign in to.
pub(crate) const NO_PASSWORD: &str = "!";

/// What an account signs in with.
pub(crate) fn credentials(
    job: &Job<'_>,
    id: &Value,
    password_hash: &str,
    roles: &[RoleId],
) -> Result<(), Failure> {
    let text = "INSERT INTO \"auth_credentials\" (\"account_id\", \"password_hash\", \"roles\", \"failed_count\") \
                VALUES (?1, ?2, ?3, 0)";
    let roles = role_names(job, roles).to_string();
    let values = values![id.clone(), password_hash.to_owned(), roles];
    job.connection.execute(text, &values).map(drop)
}

fn role_names(job: &Job<'_>, roles: &[RoleId]) -> Json {
    let names = roles
        .iter()
        .map(|role| job.plan().model.role(*role).name.as_str());
    Json::from_iter(names)
}

/// Each role that is given or taken has to be granted by a role of the caller's.
pub(crate) fn set(
    job: &mut Job<'_>,
    entity: EntityId,
    id: &Value,
    roles: &[RoleId],
) -> Result<Changes, Failure> {
    let old = granted(job, id)?;
    let all = job.plan().model.roles.iter().enumerate();
    let differs =
        all.filter(|(index, role)| roles.contains(&RoleId(*index)) != old.contains(&role.name));
    for (index, role) in differs {
        if !role
            .granted_by
            .iter()
            .any(|granting| job.classes.has(*granting))
        {
            return Err(Failure::Forbidden {
                detail: match roles.contains(&RoleId(index)) {
                    true => format!("You may not give the role {}.", role.name),
                    false => format!(
                        "You may not take the role {}: the account has it, and the roles of a request replace all that \
                         it has. Name it to leave it.",
                        role.name
                    ),
                },
                fields: vec!["roles".to_owned()],
            });
        }
    }
    let new = role_names(job, roles);
    replace(job, entity, id, old, new)
}

/// Adds a role, whoever grants it; false where the account has it.
pub(crate) fn add(
    job: &mut Job<'_>,
    entity: EntityId,
    id: &Value,
    role: RoleId,
) -> Result<bool, Failure> {
    let old = granted(job, id)?;
    let name = &job.plan().model.role(role).name;
    if old.contains(name) {
        return Ok(false);
    }
    let new = old.iter().chain([name]).map(String::as_str);
    let new = Json::from_iter(new);
    let changes = replace(job, entity, id, old, new)?;
    audit::record(job, entity, id, changes)?;
    Ok(true)
}

fn granted(job: &Job<'_>, id: &Value) -> Result<Vec<String>, Failure> {
    let text = "SELECT \"roles\" FROM \"auth_credentials\" WHERE \"account_id\" = ?1";
    let roles: Option<String> = job
        .connection
        .first(text, std::slice::from_ref(id), |row| row.get(0))?;
    let roles = roles.ok_or(Failure::NotFound)?;
    serde_json::from_str(&roles).map_err(|error| Failure::Internal(error.to_string()))
}

fn replace(
    job: &mut Job<'_>,
    entity: EntityId,
    id: &Value,
    old: Vec<String>,
    new: Json,
) -> Result<Changes, Failure> {
    let text = "UPDATE \"auth_credentials\" SET \"roles\" = ?2 WHERE \"account_id\" = ?1";
    job.connection
        .execute(text, &values![id.clone(), new.to_string()])?;
    job.as_owner(|job| change::set(job, entity, id, &[], ""))?;
    let mut changes = Changes::new();
    changes.insert("roles".to_owned(), json!({ "from": old, "to": new }));
    Ok(changes)
}
