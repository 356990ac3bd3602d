//! Operations by the resource that they belong to, with who may call each.

use crate::access::{self, Cell, Gathered};
use crate::hints;
use archwright_plan::model::ScalarType;
use archwright_plan::{Operation, OperationKind, Plan, Tag, words};
use serde::Serialize;

/// Operations on one resource, or others that belong together.
#[derive(Serialize)]
pub(crate) struct Group {
    pub anchor: String,
    pub title: String,
    pub about: String,
    /// What its rows are parts of; empty for most.
    pub part_of: String,
    pub names: String,
    pub operations: Vec<Shown>,
}

#[derive(Serialize)]
pub(crate) struct Shown {
    pub name: String,
    pub summary: String,
    /// What the design says of it; may be empty.
    pub about: String,
    pub method: &'static str,
    pub path: String,
    /// Takes a file, of these media types where there are any.
    pub upload: Option<String>,
    /// Query and references for the form, as [`hints`] makes them.
    pub row_query: String,
    pub references: String,
    /// Where the reference describes it.
    pub reference: String,
    pub deprecated: bool,
    pub cells: Vec<Cell>,
    /// The cells without those that say no, equal ones together.
    pub answers: Vec<Gathered>,
}

pub(crate) fn groups(plan: &Plan) -> Vec<Group> {
    let model = &plan.model;
    let mut groups = Vec::new();
    for entity in &model.entities {
        let part_of = entity.part_of.map(|part| model.entity(part.whole));
        let tag = Tag::Resource(entity.id);
        groups.push(Group {
            part_of: part_of
                .map(|whole| words(&whole.plural).to_lowercase())
                .unwrap_or_default(),
            ..group(plan, tag, &format!("resource-{}", entity.path))
        });
    }
    groups.push(group(plan, Tag::Operations, "operations"));
    groups.push(group(plan, Tag::Files, "files"));
    groups.push(group(plan, Tag::SignIn, "sign-in"));
    groups.retain(|group| !group.operations.is_empty() || !group.part_of.is_empty());
    groups
}

fn group(plan: &Plan, tag: Tag, anchor: &str) -> Group {
    let operations = shown(plan, tag);
    Group {
        anchor: anchor.to_owned(),
        title: tag.title(&plan.model),
        about: tag.about(&plan.model).to_owned(),
        part_of: String::new(),
        names: names(&operations),
        operations,
    }
}

/// What the operations are called, each name once.
fn names(operations: &[Shown]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for operation in operations {
        if !names.contains(&operation.name.as_str()) {
            names.push(&operation.name);
        }
    }
    names.join(", ")
}

fn shown(plan: &Plan, tag: Tag) -> Vec<Shown> {
    let title = tag.title(&plan.model);
    let columns = access::columns(plan);
    plan.operations
        .iter()
        .filter(|operation| Tag::of(operation) == tag)
        .map(|operation| {
            let row = plan.matrix.iter().find(|row| row.operation == operation.id);
            let cells = row.map(|row| row.cells.as_slice()).unwrap_or_default();
            let cells: Vec<Cell> = columns
                .iter()
                .map(|(column, _)| access::cell(cells, *column))
                .collect();
            Shown {
                name: name(&operation.id),
                summary: operation.summary.clone(),
                about: operation.about.trim().to_owned(),
                method: operation.method.name(),
                path: operation.path.clone(),
                upload: upload(plan, operation),
                row_query: hints::row_query(plan, operation),
                references: hints::references(plan, operation).join(";"),
                reference: reference(&title, operation),
                deprecated: operation.until.is_some(),
                answers: access::gathered(&cells, &columns),
                cells,
            }
        })
        .collect()
}

fn upload(plan: &Plan, operation: &Operation) -> Option<String> {
    let OperationKind::Upload(field) = operation.kind else {
        return None;
    };
    Some(match plan.model.field(field).scalar() {
        Some(ScalarType::File { media_types, .. }) => media_types.join(","),
        _ => String::new(),
    })
}

/// `order_lines.set-roles` as `set roles`.
fn name(id: &str) -> String {
    let own = id.split_once('.').map_or(id, |(_, own)| own);
    own.replace(['-', '_'], " ")
}

/// Where the reference describes an operation of the group with this title.
fn reference(title: &str, operation: &Operation) -> String {
    let tag = title.to_lowercase().replace(' ', "-");
    let method = operation.method.name();
    format!("/reference#tag/{tag}/{method}{}", operation.path)
}
