//! What the database itself lets a caller know and write, for people and for machines.

use super::class_name;
use crate::text::cel;
use crate::{Permit, Plan, RowSecurity, TableSecurity};
use archwright_model::{Expression, Model};
use serde_json::{Value, json};
use std::fmt::Write;

pub(super) fn write_security(
    plan: &Plan,
    security: &RowSecurity,
    out: &mut String,
) -> std::fmt::Result {
    writeln!(out, "\nROW SECURITY")?;
    writeln!(
        out,
        "  On PostgreSQL the database judges rows too. It knows rows and no operations: who may change a row in one \
         way\n  passes for a change in another, but for the state, which goes by the moves. Fields that only some may \
         see or set\n  are the server's to guard."
    )?;
    for one in &security.tables {
        writeln!(out, "  {}  {}", plan.tables[one.table].name, one.reason)?;
        for (command, permits) in one.commands() {
            for permit in permits {
                let subject = subject(plan, one);
                writeln!(
                    out,
                    "    {command}: {}{subject}  for {}",
                    permit_text(plan, one, permit),
                    permit.operations.join(", ")
                )?;
                for left in &permit.left_out {
                    writeln!(
                        out,
                        "      judged by the server alone: {}",
                        cel(&plan.model, left)
                    )?;
                }
            }
        }
        if !one.change.is_empty() {
            writeln!(out, "    changes set: {}", one.columns.join(", "))?;
        }
        if let Some(tenancy) = &one.tenancy {
            let tenancy = cel(&plan.model, tenancy);
            writeln!(out, "    steps of named operations: {tenancy}")?;
        }
    }
    Ok(())
}

/// ` of the Order`, where the conditions are about another row.
fn subject(plan: &Plan, one: &TableSecurity) -> String {
    match plan.tables[one.table].purpose {
        crate::TablePurpose::Entity(entity) if entity == one.subject => String::new(),
        _ => format!(" of the {}", plan.model.entity(one.subject).name),
    }
}

fn permit_text(plan: &Plan, one: &TableSecurity, permit: &Permit) -> String {
    let model = &plan.model;
    let mut text = match permit.owner {
        true => "owner".to_owned(),
        false => class_name(model, permit.caller),
    };
    let state = model.entity(one.subject).state.as_ref();
    if let (Some(transition), Some(machine)) = (&permit.transition, state) {
        let _ = write!(
            text,
            " from {} {} to {}",
            model.field(machine.field).name,
            transition.from.join(", "),
            transition.to
        );
    }
    for (word, condition) in [("when", &permit.when), ("after", &permit.after)] {
        if let Some(condition) = condition {
            let _ = write!(text, " {word} {}", cel(model, condition));
        }
    }
    text
}

pub(super) fn security_json(plan: &Plan, one: &TableSecurity) -> Value {
    let model = &plan.model;
    let permits = |permits: &[Permit]| -> Value {
        let permits = permits.iter().map(|permit| permit_json(model, permit));
        permits.collect()
    };
    let path = one.path.iter().map(|field| &model.field(*field).name);
    json!({
        "table": plan.tables[one.table].name,
        "subject": model.entity(one.subject).name,
        "path": path.collect::<Vec<_>>(),
        "read": permits(&one.read),
        "create": permits(&one.create),
        "change": permits(&one.change),
        "delete": permits(&one.delete),
        "columns": one.columns,
        "tenancy": one.tenancy.as_ref().map(|tenancy| cel(model, tenancy)),
        "reason": one.reason,
    })
}

fn permit_json(model: &Model, permit: &Permit) -> Value {
    let text = |condition: &Option<Expression>| condition.as_ref().map(|one| cel(model, one));
    let left_out = permit.left_out.iter().map(|one| cel(model, one));
    json!({
        "operations": permit.operations,
        "caller": class_name(model, permit.caller),
        "owner": permit.owner,
        "when": text(&permit.when),
        "from": permit.transition.as_ref().map(|transition| &transition.from),
        "to": permit.transition.as_ref().map(|transition| &transition.to),
        "after": text(&permit.after),
        "left_out": left_out.collect::<Vec<_>>(),
    })
}
