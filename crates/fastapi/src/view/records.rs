//! Rows as replies show them: the keys, what belongs to a row, and what a request expands.

mod filters;
mod keys;
mod within;

pub use within::link;

use super::policies::applied;
use super::{Result, Scope, schemas};
use crate::imports::Imports;
use archwright_plan::OperationKind;
use filters::{Condition, filter_condition};
use keys::representation;
use serde::Serialize;
use within::{OF_ROWS, follow};

#[derive(Debug, Serialize)]
pub struct Records {
    pub doc: String,
    pub imports: String,
    pub class: String,
    pub variable: String,
    /// `A book`, `Books`
    pub sentence: String,
    pub plural: String,
    pub id_type: String,
    pub representations: Vec<Representation>,
    pub steps: Vec<String>,
    pub functions: Vec<Step>,
    pub has_get: bool,
    pub has_list: bool,
    pub has_writes: bool,
    pub is_referred_to: bool,
    pub referable: String,
    pub active: String,
    pub may_read: String,
    pub conditions: Vec<String>,
    pub statements: Vec<String>,
    pub search: String,
    pub touch: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct Representation {
    pub suffix: String,
    pub one: String,
    pub keys: Vec<String>,
    pub blocks: Vec<Block>,
    pub hidden: Vec<String>,
    pub hidden_by_caller: bool,
}

/// Keys that are shown under a condition, or behind some that are.
#[derive(Debug, Serialize)]
pub struct Block {
    /// Each key is set by a line of its own.
    pub is_one_by_one: bool,
    pub condition: String,
    pub keys: Vec<Key>,
}

#[derive(Debug, Serialize)]
pub struct Key {
    pub name: String,
    pub value: String,
}

#[derive(Debug, Serialize)]
pub struct Step {
    pub name: String,
    pub about: String,
    pub lines: Vec<String>,
}

pub fn view(scope: &Scope<'_>) -> Result<Records> {
    let mut imports = Imports::default();
    let root = scope.root();
    let entity = scope.model().entity(root);
    let (class, variable) = (scope.imported(root, &mut imports), scope.variable());
    let mut representations = Vec::new();
    let mut functions = Vec::new();
    for one in scope.feature.entities() {
        representations.push(representation(scope, one, &mut imports)?);
    }
    let steps = follow(scope, root, &OF_ROWS, &mut functions, &mut imports)?;
    let has = |kind: &OperationKind| scope.operation(kind).is_some();
    let list = scope
        .operation(&OperationKind::List)
        .and_then(|one| one.list.as_ref());
    let mut conditions = Vec::new();
    let mut statements = Vec::new();
    if let Some(list) = list {
        conditions.extend(scope.active(root).strip_prefix(", ").map(str::to_owned));
        conditions.push(applied(scope, root, "may_list", &mut imports).flat());
        for filter in &list.filters {
            match filter_condition(scope, filter, &mut imports)? {
                Condition::Listed(condition) => conditions.push(condition),
                Condition::Linked(lines) => statements.extend(lines),
            }
        }
        imports.from("app.core.pages", "Page");
        imports.from(&format!("app.{}", scope.package()), "schemas");
        if list.search {
            imports.from("app.core.search", "matches");
        }
    }
    let has_writes = writes(scope);
    let is_referred_to = schemas::is_referred_to(scope);
    if has_writes || has(&OperationKind::Get) || is_referred_to {
        imports.from(&format!("app.{}", scope.package()), "policies");
    }
    if has_writes {
        imports.from("app.core", "access");
    }
    let mut touch = Vec::new();
    if entity.timestamps {
        imports.from("app.core.clock", "now");
        touch.push(format!("{variable}.updated_at = now()"));
    }
    if entity.versioned {
        touch.push(format!("{variable}.version += 1"));
    }
    if touch.is_empty() {
        touch.push("return".to_owned());
    }
    if is_referred_to {
        imports.from("sqlalchemy", "Select");
        imports.from("uuid", "UUID");
        imports.from("sqlalchemy", "select");
    }
    if has_writes {
        imports.from("sqlalchemy", "select");
    }
    if has(&OperationKind::Get) {
        imports.from("sqlalchemy", "and_");
    }
    for name in ["Narrowing", "PLAIN", "Record", "Shape", "fetch"] {
        imports.from("app.core.records", name);
    }
    imports.from("app.core", "problems");
    imports.from("app.core.callers", "Caller");
    imports.from("sqlalchemy", "ColumnElement");
    imports.from("sqlalchemy.ext.asyncio", "AsyncSession");
    imports.from("app.core.sql", "Expression");
    let plural = scope.spoken_plural(root);
    let mut referable: Vec<String> = scope
        .active(root)
        .strip_prefix(", ")
        .map(str::to_owned)
        .into_iter()
        .collect();
    referable.push("policies.may_read(caller)".to_owned());
    Ok(Records {
        doc: format!(
            "{} as replies show them, and as writes find them.",
            capitalised(&plural)
        ),
        imports: imports.text(),
        sentence: capitalised(&scope.one(root)),
        plural: capitalised(&plural),
        id_type: "UUID".to_owned(),
        representations,
        steps,
        functions,
        has_get: has(&OperationKind::Get),
        has_list: list.is_some(),
        has_writes,
        is_referred_to,
        referable: referable.join(", "),
        active: scope.active(root),
        may_read: ", policies.may_read(caller)".to_owned(),
        conditions,
        statements,
        search: match list {
            Some(list) if list.search => scope.plan.table(root).name.clone(),
            _ => String::new(),
        },
        touch,
        class,
        variable,
    })
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().to_string() + letters.as_str(),
        None => String::new(),
    }
}

/// Whether some operation changes rows that are there.
pub fn writes(scope: &Scope<'_>) -> bool {
    let by_accounts = scope.is_account(scope.root())
        && scope
            .plan
            .operations
            .iter()
            .any(|one| one.kind == OperationKind::SetRoles);
    by_accounts
        || scope.operations().any(|one| {
            !matches!(
                one.kind,
                OperationKind::List | OperationKind::Get | OperationKind::Create
            )
        })
}
