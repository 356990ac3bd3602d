//! The plan for people, and for machines.

use crate::text::cel;
use crate::{
    Alternative, Answer, Caller, CallerClass, CheckKind, ColumnType, Input, InputKind, MatrixCell,
    Operation, Plan, Table,
};
use archwright_model::{Direction, FieldId, Model, OnDelete, Rate};
use serde_json::{Value, json};
use std::fmt::Write;

/// The whole plan as text, in sections.
pub fn text(plan: &Plan) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write_text(plan, &mut out);
    out
}

fn write_text(plan: &Plan, out: &mut String) -> std::fmt::Result {
    writeln!(out, "{}", plan.model.name)?;
    if !plan.model.about.is_empty() {
        writeln!(out, "{}", plan.model.about)?;
    }
    writeln!(out, "\nDECISIONS")?;
    for decision in &plan.decisions {
        writeln!(
            out,
            "  {}: {}\n      {}",
            decision.subject, decision.choice, decision.reason
        )?;
    }
    writeln!(out, "\nTABLES")?;
    for table in &plan.tables {
        write_table(plan, table, out)?;
    }
    writeln!(out, "\nOPERATIONS")?;
    for operation in &plan.operations {
        write_operation(plan, operation, out)?;
    }
    writeln!(out, "\nACCESS")?;
    for row in &plan.matrix {
        writeln!(out, "  {}", row.operation)?;
        for (caller, answers) in by_caller(&plan.model, &row.cells) {
            writeln!(out, "    {caller:<28} {answers}")?;
        }
    }
    Ok(())
}

fn write_table(plan: &Plan, table: &Table, out: &mut String) -> std::fmt::Result {
    writeln!(out, "  {}  {}", table.name, table.reason)?;
    for column in &table.columns {
        let null = if column.nullable { "null" } else { "" };
        let line = format!(
            "    {:<24} {:<16} {null:<5} {}",
            column.name,
            type_name(column.ty),
            column.reason
        );
        writeln!(out, "{}", line.trim_end())?;
    }
    writeln!(out, "    primary key ({})", table.primary_key.join(", "))?;
    for key in &table.unique {
        writeln!(out, "    unique ({})  {}", key.columns.join(", "), key.name)?;
    }
    for key in &table.foreign_keys {
        let action = on_delete(key.on_delete);
        writeln!(
            out,
            "    foreign key ({}) -> {}.{} on delete {action}",
            key.column, key.table, key.target_column
        )?;
    }
    for check in &table.checks {
        if let CheckKind::Design(entity, index) = check.kind {
            let that = cel(&plan.model, &plan.model.entity(entity).checks[index].that);
            writeln!(out, "    check {}  {that}", check.name)?;
        }
    }
    if !table.search.is_empty() {
        writeln!(out, "    full-text index ({})", table.search.join(", "))?;
    }
    for index in &table.indexes {
        let columns: Vec<&str> = index
            .columns
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        let users = if index.operations.is_empty() {
            String::new()
        } else {
            format!(" Used by {}.", index.operations.join(", "))
        };
        writeln!(
            out,
            "    index ({})  {}{users}",
            columns.join(", "),
            index.reason
        )?;
    }
    writeln!(out)
}

fn write_operation(plan: &Plan, operation: &Operation, out: &mut String) -> std::fmt::Result {
    writeln!(
        out,
        "  {} {}  {}",
        operation.method.name(),
        operation.path,
        operation.summary
    )?;
    if !operation.about.is_empty() {
        writeln!(out, "    {}", operation.about)?;
    }
    writeln!(out, "    {}: {}", operation.id, operation.reason)?;
    for alternative in &operation.guard {
        writeln!(
            out,
            "    allowed: {}",
            alternative_text(&plan.model, alternative)
        )?;
    }
    let inputs: Vec<String> = inputs(plan, operation).iter().map(input_text).collect();
    if !inputs.is_empty() {
        writeln!(out, "    body: {}", inputs.join(", "))?;
    }
    if let Some(list) = &operation.list {
        let filters: Vec<&str> = list
            .filters
            .iter()
            .map(|filter| filter.name.as_str())
            .collect();
        let sorts: Vec<&str> = list.sorts.iter().map(|sort| sort.name.as_str()).collect();
        writeln!(
            out,
            "    filters: {}; sorts: {}",
            or_none(&filters),
            or_none(&sorts)
        )?;
    }
    let errors: Vec<String> = operation
        .errors
        .iter()
        .map(|case| format!("{} {}", case.status, case.code))
        .collect();
    writeln!(
        out,
        "    replies: {}; {}\n",
        operation.status,
        errors.join(", ")
    )
}

fn or_none(names: &[&str]) -> String {
    if names.is_empty() {
        "none".into()
    } else {
        names.join(", ")
    }
}

fn inputs<'a>(plan: &'a Plan, operation: &Operation) -> &'a [Input] {
    use crate::OperationKind::{Create, SignUp, Update};
    match (&operation.kind, operation.entity) {
        (Create | SignUp, Some(entity)) => &plan.resource(entity).create,
        (Update, Some(entity)) => &plan.resource(entity).update,
        _ => &[],
    }
}

fn input_text(input: &Input) -> String {
    let mark = if input.required { "" } else { "?" };
    match &input.kind {
        InputKind::Parts { create, .. } => {
            let parts: Vec<String> = create.iter().map(input_text).collect();
            format!("{}{mark} [{}]", input.json, parts.join(", "))
        }
        _ => format!("{}{mark}", input.json),
    }
}

fn class_name(model: &Model, class: CallerClass) -> String {
    match class {
        CallerClass::Anyone => "anyone".into(),
        CallerClass::SignedIn => "signed-in".into(),
        CallerClass::Role(role) => model.role(role).name.clone(),
    }
}

fn alternative_text(model: &Model, alternative: &Alternative) -> String {
    let mut text = if alternative.owner {
        "owner".to_owned()
    } else {
        class_name(model, alternative.caller)
    };
    if let Some(when) = &alternative.when {
        let _ = write!(text, " when {}", cel(model, when));
    }
    if let Some(after) = &alternative.after {
        let _ = write!(text, " after {}", cel(model, after));
    }
    text
}

fn caller_name(model: &Model, caller: Caller) -> String {
    match caller {
        Caller::Anonymous => "nobody".into(),
        Caller::SignedIn { role, owns } => {
            let name = role.map_or("signed-in", |role| model.role(role).name.as_str());
            if owns {
                format!("{name}, own row")
            } else {
                name.to_owned()
            }
        }
    }
}

/// One line for each caller: a single answer, or one for each state.
fn by_caller(model: &Model, cells: &[MatrixCell]) -> Vec<(String, String)> {
    let mut lines: Vec<(Caller, Vec<&MatrixCell>)> = Vec::new();
    for cell in cells {
        match lines.last_mut() {
            Some((caller, cells)) if *caller == cell.caller => cells.push(cell),
            _ => lines.push((cell.caller, vec![cell])),
        }
    }
    let line = |cells: &[&MatrixCell]| match cells.split_first() {
        Some((first, rest)) if rest.iter().all(|cell| cell.answer == first.answer) => {
            answer_text(&first.answer)
        }
        _ => {
            let each = cells.iter().map(|cell| {
                format!(
                    "{}: {}",
                    cell.state.as_deref().unwrap_or("any"),
                    answer_text(&cell.answer)
                )
            });
            each.collect::<Vec<_>>().join(", ")
        }
    };
    let lines: Vec<(String, String)> = lines
        .iter()
        .map(|(caller, cells)| (caller_name(model, *caller), line(cells)))
        .collect();
    match lines.split_first() {
        Some((first, rest)) if !rest.is_empty() && rest.iter().all(|line| line.1 == first.1) => {
            vec![("everyone".into(), first.1.clone())]
        }
        _ => lines,
    }
}

fn answer_text(answer: &Answer) -> String {
    match answer {
        Answer::Yes => "yes".into(),
        Answer::No => "no".into(),
        Answer::If(condition) => format!("if {condition}"),
    }
}

fn type_name(ty: ColumnType) -> String {
    match ty {
        ColumnType::Uuid => "uuid".into(),
        ColumnType::Serial => "serial".into(),
        ColumnType::Int32 => "int".into(),
        ColumnType::Int64 => "bigint".into(),
        ColumnType::Decimal { precision, scale } => format!("decimal({precision},{scale})"),
        ColumnType::Bool => "bool".into(),
        ColumnType::Date => "date".into(),
        ColumnType::Instant => "instant".into(),
        ColumnType::Text { max: Some(max) } => format!("text({max})"),
        ColumnType::Text { max: None } => "text".into(),
        ColumnType::Json => "json".into(),
        ColumnType::Bytes => "bytes".into(),
    }
}

fn on_delete(action: OnDelete) -> &'static str {
    match action {
        OnDelete::Restrict => "restrict",
        OnDelete::Cascade => "cascade",
        OnDelete::SetNull => "set null",
    }
}

// ---- JSON ----------------------------------------------------------------------------------------------------------

/// The whole plan as JSON, with stable keys.
pub fn json(plan: &Plan) -> Value {
    let model = &plan.model;
    json!({
        "name": model.name,
        "about": model.about,
        "base": model.api.base,
        "version": model.api.version,
        "roles": model.roles.iter().map(|role| json!({
            "name": role.name,
            "about": role.about,
            "sign_up": role.sign_up,
            "includes": role.includes.iter().map(|role| &model.role(*role).name).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "decisions": plan.decisions.iter().map(|decision| json!({
            "subject": decision.subject, "choice": decision.choice, "reason": decision.reason,
        })).collect::<Vec<_>>(),
        "tables": plan.tables.iter().map(|table| table_json(plan, table)).collect::<Vec<_>>(),
        "operations": plan.operations.iter().map(|operation| operation_json(plan, operation)).collect::<Vec<_>>(),
        "matrix": plan.matrix.iter().map(|row| json!({
            "operation": row.operation,
            "cells": row.cells.iter().map(|cell| cell_json(model, cell)).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    })
}

fn cell_json(model: &Model, cell: &MatrixCell) -> Value {
    let (role, owns) = match cell.caller {
        Caller::Anonymous => (Value::from("anonymous"), false),
        Caller::SignedIn { role, owns } => {
            (role.map(|role| model.role(role).name.clone()).into(), owns)
        }
    };
    json!({ "caller": role, "owns": owns, "state": cell.state, "answer": answer_text(&cell.answer) })
}

fn field_names(model: &Model, fields: &[FieldId]) -> Vec<String> {
    fields
        .iter()
        .map(|field| model.field(*field).name.clone())
        .collect()
}

fn table_json(plan: &Plan, table: &Table) -> Value {
    let model = &plan.model;
    json!({
        "name": table.name,
        "reason": table.reason,
        "columns": table.columns.iter().map(|column| json!({
            "name": column.name, "type": type_name(column.ty), "nullable": column.nullable, "reason": column.reason,
        })).collect::<Vec<_>>(),
        "primary_key": table.primary_key,
        "unique": table.unique.iter().map(|key| json!({
            "name": key.name, "columns": key.columns, "fields": field_names(model, &key.fields),
            "active_only": key.active_only,
        })).collect::<Vec<_>>(),
        "foreign_keys": table.foreign_keys.iter().map(|key| json!({
            "name": key.name, "column": key.column, "table": key.table, "target_column": key.target_column,
            "on_delete": on_delete(key.on_delete),
        })).collect::<Vec<_>>(),
        "checks": table.checks.iter().map(|check| match check.kind {
            CheckKind::Design(entity, index) => json!({
                "name": check.name, "that": cel(model, &model.entity(entity).checks[index].that),
            }),
            CheckKind::FieldDomain(field) => json!({ "name": check.name, "domain_of": model.field(field).name }),
        }).collect::<Vec<_>>(),
        "indexes": table.indexes.iter().map(|index| json!({
            "name": index.name,
            "columns": index.columns.iter().map(|(name, direction)| json!({
                "name": name, "descending": *direction == Direction::Descending,
            })).collect::<Vec<_>>(),
            "active_only": index.active_only,
            "operations": index.operations,
            "reason": index.reason,
        })).collect::<Vec<_>>(),
        "search": table.search,
    })
}

fn rate_json(rate: Option<Rate>) -> Value {
    rate.map(|rate| json!({ "count": rate.count, "per_seconds": rate.per_seconds }))
        .unwrap_or(Value::Null)
}

fn input_json(model: &Model, input: &Input) -> Value {
    let (kind, parts) = match &input.kind {
        InputKind::Scalar => ("scalar", Value::Null),
        InputKind::Reference(_) => ("reference", Value::Null),
        InputKind::References(_) => ("references", Value::Null),
        InputKind::Parts { create, .. } => (
            "parts",
            create
                .iter()
                .map(|part| input_json(model, part))
                .collect::<Vec<_>>()
                .into(),
        ),
    };
    json!({
        "name": input.json, "kind": kind, "required": input.required, "nullable": input.nullable, "parts": parts,
        "settable": input.settable.iter().map(|rule| alternative_text(model, rule)).collect::<Vec<_>>(),
    })
}

fn operation_json(plan: &Plan, operation: &Operation) -> Value {
    let model = &plan.model;
    let alternative = |rule: &Alternative| {
        json!({
            "caller": class_name(model, rule.caller),
            "owner": rule.owner,
            "when": rule.when.as_ref().map(|when| cel(model, when)),
            "after": rule.after.as_ref().map(|after| cel(model, after)),
        })
    };
    json!({
        "id": operation.id,
        "operation_id": operation.operation_id,
        "summary": operation.summary,
        "about": operation.about,
        "method": operation.method.name(),
        "path": operation.path,
        "guard": operation.guard.iter().map(alternative).collect::<Vec<_>>(),
        "body": inputs(plan, operation).iter().map(|input| input_json(model, input)).collect::<Vec<_>>(),
        "output": operation.entity.filter(|_| operation.shapes_reply).map(|entity| {
            plan.resource(entity).output.iter().map(|output| json!({
                "name": output.json, "nullable": output.nullable,
                "visible": output.visible.iter().map(|rule| alternative_text(model, rule)).collect::<Vec<_>>(),
            })).collect::<Vec<_>>()
        }),
        "list": operation.list.as_ref().map(|list| json!({
            "filters": list.filters.iter().map(|filter| json!({
                "name": filter.name, "index": filter.index,
                "operators": filter.operators.iter().map(|operator| operator.name()).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
            "not_filterable": reasons(&list.not_filterable),
            "sorts": list.sorts.iter().map(|sort| json!({ "name": sort.name, "index": sort.index })).collect::<Vec<_>>(),
            "not_sortable": reasons(&list.not_sortable),
            "search": list.search,
        })),
        "status": operation.status,
        "errors": operation.errors.iter().map(|case| json!({
            "status": case.status, "code": case.code, "when": case.when,
        })).collect::<Vec<_>>(),
        "rate": operation.rate,
        "idempotency_key": operation.idempotency_key,
        "etag": operation.etag,
        "workload": rate_json(operation.workload),
        "reason": operation.reason,
    })
}

fn reasons(pairs: &[(String, String)]) -> Vec<Value> {
    pairs
        .iter()
        .map(|(name, reason)| json!({ "name": name, "reason": reason }))
        .collect()
}
