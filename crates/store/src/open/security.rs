//! Puts row-level security in force, and sees at each start whether it still is as the design has it.

use super::postgres::{Trouble, create_error, run};
use crate::connection::{postgres, values};
use archwright_plan::Plan;
use archwright_sql::{SecurityNames, row_security, without_row_security};

/// Under this name `schema_info` has the statements that were run, with a hash of what they made.
const RECORD: &str = "row_security";

/// What the rules are in the current schema: policies, views, functions and rights, as the database writes them down.
const STATE: &str = "SELECT COALESCE(md5(string_agg(part, ' ' ORDER BY part)), ''), '', '' FROM (\
    SELECT concat_ws(' ', c.relname, p.polname, p.polcmd, p.polroles::regrole[]::text, \
        pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) AS part \
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE c.relnamespace = current_schema()::regnamespace \
    UNION ALL SELECT concat_ws(' ', c.relname, c.relkind, c.relrowsecurity, c.relowner::regrole, c.relacl, \
        CASE WHEN c.relkind = 'v' THEN pg_get_viewdef(c.oid) END) \
    FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'v') \
    UNION ALL SELECT concat_ws(' ', c.relname, a.attname, a.attacl) \
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attacl IS NOT NULL \
    WHERE c.relnamespace = current_schema()::regnamespace \
    UNION ALL SELECT concat_ws(' ', proname, proowner::regrole, prosecdef, proconfig, prosrc, proacl) \
    FROM pg_proc WHERE pronamespace = current_schema()::regnamespace AND proname LIKE '%.%') parts";

/// In one transaction, under the lock of the schema.
pub(super) fn secure(
    connection: &postgres::Connection,
    plan: &Plan,
) -> Result<Option<SecurityNames>, Trouble> {
    let place = "SELECT current_database()::text, current_schema()::text, ''";
    let (database, schema, _) = first(connection, place)?;
    let names = SecurityNames::new(&database, &schema);
    let recorded = "SELECT \"value\", '', '' FROM \"schema_info\" WHERE \"name\" = 'row_security'";
    let (recorded, ..) = first(connection, recorded)?;
    let statements = match &plan.row_security {
        Some(security) => row_security(plan, security, &names).map_err(super::OpenError::from)?,
        None if recorded.is_empty() => return Ok(None),
        None => Vec::new(),
    };
    let wanted = statements.join(";\n\n");
    let record = |state: &str| format!("{wanted};\n\n-- {state}");
    if recorded != record(&first(connection, STATE)?.0) {
        run(connection, &[without_row_security(&names)])?;
        run(connection, &statements)?;
        write_down(
            connection,
            &record(&first(connection, STATE)?.0),
            statements.is_empty(),
        )?;
    }
    if statements.is_empty() {
        return Ok(None);
    }
    owns(connection)?;
    Ok(Some(names))
}

fn write_down(
    connection: &postgres::Connection,
    record: &str,
    is_gone: bool,
) -> Result<(), Trouble> {
    connection.change(
        "DELETE FROM \"schema_info\" WHERE \"name\" = ?1",
        &values![RECORD.to_owned()],
    )?;
    if !is_gone {
        let values = values![RECORD.to_owned(), record.to_owned()];
        connection.change(super::RECORD, &values)?;
    }
    Ok(())
}

/// The server judges with rows that callers may not know, so no policy may hold for itself.
fn owns(connection: &postgres::Connection) -> Result<(), Trouble> {
    let text = "SELECT relname::text, '', '' FROM pg_class WHERE relnamespace = current_schema()::regnamespace \
                AND relkind = 'r' AND row_security_active(oid) LIMIT 1";
    match first(connection, text)?.0.as_str() {
        "" => Ok(()),
        table => {
            let reason = format!("the server's user has to own the table {table}");
            Err(create_error(reason, text).into())
        }
    }
}

/// The first row; empty texts where there is none.
fn first(
    connection: &postgres::Connection,
    text: &str,
) -> Result<(String, String, String), Trouble> {
    Ok(connection
        .texts(text)?
        .into_iter()
        .next()
        .unwrap_or_default())
}
