//! The first holder of a role that only its holders grant: an operator appoints it, beside the API.

use crate::server::{DATABASE_PATIENCE, StartError};
use crate::{Secrets, clock};
use archwright_plan::Plan;
use archwright_plan::model::RoleId;
use archwright_store::{Context, Store, StoreOptions};
use std::sync::Arc;
use uuid::Uuid;

/// What became of an appointment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appointed {
    Given,
    /// The account has the role already.
    Held,
    /// Nobody signs in with that.
    NobodyThere,
}

/// Gives the account that signs in with `sign_in` a role, whoever grants it, with an entry in the audit that names no
/// account. It counts from the account's next request on.
pub async fn appoint(
    plan: Plan,
    database_url: &str,
    secrets: &Secrets,
    sign_in: &str,
    role: RoleId,
) -> Result<Appointed, StartError> {
    let options = StoreOptions {
        url: database_url.to_owned(),
        readers: 1,
        patience: DATABASE_PATIENCE,
        progress: Arc::new(|what| tracing::warn!("{what}")),
        secrets: secrets.fields(),
        file_link: Arc::new(|_, _| String::new()),
    };
    let store = Store::open(Arc::new(plan), options)?;
    let account = store.credentials(sign_in).map_err(StartError::Database)?;
    let Some(account) = account else {
        return Ok(Appointed::NobodyThere);
    };
    let context = Context {
        caller: None,
        now: clock::now(),
        request_id: Uuid::now_v7().to_string(),
    };
    let given = store.appoint(account.account_id, role, context).await;
    Ok(match given.map_err(StartError::Database)? {
        true => Appointed::Given,
        false => Appointed::Held,
    })
}
