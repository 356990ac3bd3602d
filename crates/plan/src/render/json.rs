//! The plan for machines.

use super::program;
use super::security::security_json;
use super::{alternative_text, answer_text, class_name, inputs, on_delete, type_name};
use crate::text::cel;
use crate::{
    Alternative, Caller, CheckKind, Decision, Input, InputKind, MatrixCell, MatrixRow, Operation,
    Plan, Table,
};
use archwright_model::{Direction, FieldId, Model, Rate, Role};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

/// The whole plan as JSON, with stable keys. Each part is built when it is written: as one tree, a large plan takes
/// several times the memory of its text.
pub fn json(plan: &Plan) -> impl Serialize + '_ {
    Document(plan)
}

struct Document<'a>(&'a Plan);

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let plan = self.0;
        let model = &plan.model;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &model.name)?;
        map.serialize_entry("about", &model.about)?;
        map.serialize_entry("base", &model.api.base)?;
        map.serialize_entry("version", &model.api.version)?;
        map.serialize_entry("roles", &Each(&model.roles, |role| role_json(model, role)))?;
        map.serialize_entry("decisions", &Each(&plan.decisions, decision_json))?;
        map.serialize_entry(
            "tables",
            &Each(&plan.tables, |table| table_json(plan, table)),
        )?;
        map.serialize_entry(
            "operations",
            &Each(&plan.operations, |operation| {
                operation_json(plan, operation)
            }),
        )?;
        map.serialize_entry("matrix", &Each(&plan.matrix, |row| matrix_json(model, row)))?;
        if let Some(security) = &plan.row_security {
            map.serialize_entry(
                "row_security",
                &Each(&security.tables, |one| security_json(plan, one)),
            )?;
        }
        map.end()
    }
}

/// A list whose items are made one by one.
struct Each<'a, T, F: Fn(&T) -> Value>(&'a [T], F);

impl<T, F: Fn(&T) -> Value> Serialize for Each<'_, T, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(&self.1))
    }
}

fn role_json(model: &Model, role: &Role) -> Value {
    let includes = role.includes.iter().map(|role| &model.role(*role).name);
    json!({
        "name": role.name,
        "about": role.about,
        "sign_up": role.sign_up,
        "includes": includes.collect::<Vec<_>>(),
    })
}

fn decision_json(decision: &Decision) -> Value {
    json!({ "subject": decision.subject, "choice": decision.choice, "reason": decision.reason })
}

fn matrix_json(model: &Model, row: &MatrixRow) -> Value {
    let cells = row.cells.iter().map(|cell| cell_json(model, cell));
    json!({ "operation": row.operation, "cells": cells.collect::<Vec<_>>() })
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
        "move": program::transition(model, operation),
        "program": program::program(model, operation),
        "status": operation.status,
        "errors": operation.errors.iter().map(|case| json!({
            "status": case.status, "code": case.code, "when": case.when,
        })).collect::<Vec<_>>(),
        "rate": operation.rate,
        "idempotency_key": operation.idempotency_key,
        "request_body": operation.body(model).name(),
        "unknown": operation.unknown.name(),
        "reads_token": model.account.is_some() && operation.reads_token(model),
        "counts_by_address": operation.counts_by_address(),
        "revalidates": plan.revalidates(operation),
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
