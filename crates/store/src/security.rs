//! Row-level security at work: a transaction is told who calls, and rows are changed in the role that may change them.
//!
//! This is the only place that knows of it. Statements run as the owner of the tables; what shows rows reads views whose
//! policies go by who calls, and each change of a row that a call is about is made in a role of its own. What has to see
//! or do more than the caller may, stays with the owner: judging, uniqueness, checks over other rows, computed values,
//! cascades, marks of deletion, parts and links of new rows, the audit, named operations, accounts, seeds.

use crate::connection::{Connection, Value};
use crate::represent::Bindings;
use crate::write::id_text;
use crate::{Context, Failure, Shared};
use archwright_plan::Plan;
use archwright_sql::{
    Classes, SecurityNames, Statement, Unsupported, role_statement, settings_statement,
};

pub(crate) struct Security {
    settings: Statement,
    role: Statement,
    writer: String,
}

impl Security {
    pub fn new(plan: &Plan, names: &SecurityNames) -> Result<Self, Unsupported> {
        Ok(Self {
            settings: settings_statement(plan)?,
            role: role_statement(plan)?,
            writer: names.writer.clone(),
        })
    }

    /// Runs a change of one row in the role that changes rows.
    pub fn in_role<T>(
        &self,
        connection: &Connection,
        bindings: &Bindings<'_>,
        row: &Value,
        change: impl FnOnce() -> T,
    ) -> Result<T, Failure> {
        let values = [Value::Text(self.writer.clone()), Value::Text(id_text(row))];
        tell(connection, &self.role, &bindings.with_values(&values))?;
        let done = change();
        connection.forget("SET LOCAL ROLE NONE");
        Ok(done)
    }
}

impl Shared {
    /// Tells the transaction who calls and when.
    pub fn announce(
        &self,
        connection: &Connection,
        context: &Context,
        classes: &Classes,
    ) -> Result<(), Failure> {
        match self.announcement(context, classes) {
            Some(announcement) => {
                let (text, values) = announcement?;
                connection.tell(text, &values)
            }
            None => Ok(()),
        }
    }

    /// The statement that tells it, with its values, where the database judges rows.
    pub fn announcement(
        &self,
        context: &Context,
        classes: &Classes,
    ) -> Option<Result<(&str, Vec<Value>), Failure>> {
        let settings = &self.security.as_ref()?.settings;
        let caller = context.caller.as_ref();
        let caller = caller.map_or("", |caller| &caller.account_id);
        let roles = classes.roles.iter();
        let roles: Vec<&str> = roles
            .map(|role| self.plan.model.role(*role).name.as_str())
            .collect();
        let values = [Value::Text(caller.to_owned()), Value::Text(roles.join(","))];
        let bindings = Bindings::new(self, context, classes, &values);
        let values = bound(settings, &bindings);
        Some(values.map(|values| (settings.text.as_str(), values)))
    }

    /// Work that shows rows to a caller, on a connection outside a transaction.
    pub fn reading<T>(
        &self,
        connection: &Connection,
        context: &Context,
        classes: &Classes,
        work: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        if self.security.is_none() {
            return work();
        }
        connection.snapshot(|| {
            self.announce(connection, context, classes)?;
            work()
        })
    }
}

/// Nobody waits for the answer: what follows fails when this has failed.
fn tell(
    connection: &Connection,
    statement: &Statement,
    bindings: &Bindings<'_>,
) -> Result<(), Failure> {
    connection.tell(&statement.text, &bound(statement, bindings)?)
}

fn bound(statement: &Statement, bindings: &Bindings<'_>) -> Result<Vec<Value>, Failure> {
    let parameters = statement.parameters.iter();
    parameters
        .map(|parameter| bindings.value(parameter))
        .collect()
}
