//! What policies know of a request: settings of its transaction, which the back end makes when it begins.

use crate::{Dialect, Parameter, Printer, Statement, Unsupported};
use archwright_plan::model::Literal;
use archwright_plan::{ColumnSource, ColumnType, Plan};

/// The account's id; empty when nobody is signed in.
const CALLER: &str = "archwright.caller";
/// Names of roles with those that they include, joined by commas.
const ROLES: &str = "archwright.roles";
/// The instant of the request, RFC 3339.
const NOW: &str = "archwright.now";
/// The id of the caller's tenant; [`ANY_TENANT`] when nobody is signed in.
const TENANT: &str = "archwright.tenant";
/// The id of the row that is about to be changed: the only one that the role that changes rows can name.
pub(crate) const ROW: &str = "archwright.row";
/// Named operations that anyone may call see the rows of all tenants.
pub(crate) const ANY_TENANT: &str = "any";

/// The value of a setting, evaluated once for each statement; missing where there is none.
fn setting(name: &str) -> String {
    format!("(SELECT NULLIF(current_setting('{name}', true), ''))")
}

pub(crate) fn tenant() -> String {
    setting(TENANT)
}

/// The caller's tenant; missing where there is none.
pub(crate) fn tenant_id(cast: &str) -> String {
    format!(
        "(SELECT NULLIF(NULLIF(current_setting('{TENANT}', true), ''), '{ANY_TENANT}'))::{cast}"
    )
}

pub(crate) fn row() -> String {
    setting(ROW)
}

/// The SQL of a parameter of a request; `None` for what policies can't know.
pub(crate) fn of(plan: &Plan, parameter: &Parameter) -> Option<String> {
    let now = format!("COALESCE({}::timestamptz, now())", setting(NOW));
    Some(match parameter {
        Parameter::CallerId => setting(CALLER),
        Parameter::SignedIn => format!("({} IS NOT NULL)", setting(CALLER)),
        Parameter::HasRole(role) => {
            let role = Dialect::Postgres.text_literal(&plan.model.role(*role).name);
            format!(
                "(SELECT COALESCE({role} = ANY (string_to_array(current_setting('{ROLES}', true), ',')), FALSE))"
            )
        }
        Parameter::Now => format!("(SELECT {now})"),
        Parameter::Today => format!("(SELECT ({now} AT TIME ZONE 'UTC')::date)"),
        _ => return None,
    })
}

/// Makes the settings of a transaction. `Value(0)` is the caller's id as text or empty, `Value(1)` the names of the
/// roles joined by commas.
pub fn settings_statement(plan: &Plan) -> Result<Statement, Unsupported> {
    let mut printer = Printer::new(plan, Dialect::Postgres);
    let caller = printer.parameter(Parameter::Value(0))?;
    let roles = printer.parameter(Parameter::Value(1))?;
    let now = printer.stored(Parameter::Now, ColumnType::Instant)?;
    let mut settings = vec![
        format!("set_config('{CALLER}', {caller}::text, true)"),
        format!("set_config('{ROLES}', {roles}::text, true)"),
        format!("set_config('{NOW}', {now}::text, true)"),
    ];
    let account = plan.model.account.as_ref();
    let tenant = account.and_then(|account| plan.model.entity(account.entity).tenant);
    if let Some(tenant) = tenant {
        let table = printer.table(tenant.entity);
        let column = printer.column_name(plan.table(tenant.entity), ColumnSource::Field(tenant))?;
        let id = printer.column_name(plan.table(tenant.entity), ColumnSource::Id)?;
        let signed_in = printer.flag(Parameter::SignedIn)?;
        let caller = printer.caller()?;
        let account = printer.row_id(&caller)?;
        settings.push(format!(
            "set_config('{TENANT}', CASE WHEN {signed_in} THEN \
             COALESCE((SELECT a.{column}::text FROM {table} a WHERE a.{id} = {account}), '') \
             ELSE '{ANY_TENANT}' END, true)"
        ));
    }
    Ok(printer.finish(format!("SELECT {}", settings.join(", "))))
}

/// Takes a role, by its name `Value(0)`, to change the row with the id `Value(1)`, as text.
pub fn role_statement(plan: &Plan) -> Result<Statement, Unsupported> {
    let mut printer = Printer::new(plan, Dialect::Postgres);
    let role = printer.parameter(Parameter::Value(0))?;
    let row = printer.parameter(Parameter::Value(1))?;
    Ok(printer.finish(format!(
        "SELECT set_config('{ROW}', {row}::text, true), set_config('role', {role}::text, true)"
    )))
}

/// A literal that needs no parameter.
pub(crate) fn text(printer: &mut Printer<'_>, text: &str) -> Result<String, Unsupported> {
    printer.parameter(Parameter::Literal(Literal::Text(text.to_owned())))
}
