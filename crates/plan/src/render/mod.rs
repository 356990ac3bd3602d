//! The plan for people, and for machines.

mod json;
mod program;
mod security;
mod shape;

pub use json::json;

use crate::text::cel;
use crate::{
    Alternative, Answer, Caller, CallerClass, CheckKind, ColumnType, Input, InputKind, MatrixCell,
    Operation, Plan, Table,
};
use archwright_model::{Model, OnDelete};
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
    match &plan.row_security {
        Some(security) => security::write_security(plan, security, out),
        None => Ok(()),
    }
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
        refusals("filter", &list.not_filterable, out)?;
        refusals("sort", &list.not_sortable, out)?;
    }
    for line in program::lines(&plan.model, operation) {
        writeln!(out, "    {line}")?;
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

/// Why a list offers no filter or no sort, a line for each reason.
fn refusals(offer: &str, refused: &[(String, String)], out: &mut String) -> std::fmt::Result {
    let mut by_reason: Vec<(&str, Vec<&str>)> = Vec::new();
    for (name, reason) in refused {
        match by_reason.iter_mut().find(|(known, _)| known == reason) {
            Some((_, names)) => names.push(name),
            None => by_reason.push((reason, vec![name])),
        }
    }
    for (reason, names) in by_reason {
        writeln!(out, "    no {offer} by {}: {reason}", names.join(", "))?;
    }
    Ok(())
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
