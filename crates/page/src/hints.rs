//! With which rows a request is likely to succeed: the form fills them in.

use archwright_plan::model::{EntityId, FieldId};
use archwright_plan::{
    Answer, FilterOperator, Input, InputKind, Operation, OperationKind, PathParameterKind, Plan,
};

/// The query that finds rows on which somebody may call the operation; empty where each row is as good, or where lists
/// can't be asked for it.
pub(crate) fn row_query(plan: &Plan, operation: &Operation) -> String {
    let query = || {
        let entity = plan.model.entity(operation.entity?);
        let machine = entity.state.as_ref()?;
        let rows = plan
            .matrix
            .iter()
            .filter(|row| row.operation == operation.id);
        let cells: Vec<_> = rows.flat_map(|row| &row.cells).collect();
        let is_allowed = |state: &str| {
            cells
                .iter()
                .any(|cell| cell.state.as_deref() == Some(state) && cell.answer != Answer::No)
        };
        let mut states: Vec<&str> = Vec::new();
        for state in cells.iter().filter_map(|cell| cell.state.as_deref()) {
            if !states.contains(&state) {
                states.push(state);
            }
        }
        let allowed: Vec<&str> = states
            .iter()
            .copied()
            .filter(|state| is_allowed(state))
            .collect();
        if allowed.len() == states.len() {
            return None;
        }
        let name = filter_in(plan, entity.id, machine.field)?;
        Some(format!("{name}.in={}", allowed.join(",")))
    };
    query().unwrap_or_default()
}

/// The name of a filter that takes several values of a field, where the entity's list offers one.
fn filter_in(plan: &Plan, entity: EntityId, field: FieldId) -> Option<&str> {
    let list = list(plan, entity)?.list.as_ref()?;
    let mut filters = list.filters.iter();
    filters
        .find(|filter| filter.field == field && filter.operators.contains(&FilterOperator::In))
        .map(|filter| filter.name.as_str())
}

fn list(plan: &Plan, entity: EntityId) -> Option<&Operation> {
    plan.operations
        .iter()
        .find(|operation| operation.entity == Some(entity) && operation.kind == OperationKind::List)
}

/// For each key of the body, or parameter of the path, that names a row: where rows are listed, and which key of theirs
/// names them: `book_isbn /v1/books isbn`.
pub(crate) fn references(plan: &Plan, operation: &Operation) -> Vec<String> {
    let mut found = Vec::new();
    let Some(entity) = operation.entity else {
        return found;
    };
    let resource = plan.resource(entity);
    match operation.kind {
        OperationKind::Create | OperationKind::SignUp => {
            of_inputs(plan, &resource.create, &mut found);
        }
        OperationKind::Update => of_inputs(plan, &resource.update, &mut found),
        OperationKind::Link(_) | OperationKind::Unlink(_) => {
            for parameter in operation.parameters.iter().skip(1) {
                let target = match parameter.kind {
                    PathParameterKind::Id(entity) => Some(entity),
                    PathParameterKind::Key(field) => Some(field.entity),
                    PathParameterKind::Token | PathParameterKind::Input(_) => None,
                };
                add(plan, &parameter.name, target, &mut found);
            }
        }
        _ => {}
    }
    found
}

fn of_inputs(plan: &Plan, inputs: &[Input], found: &mut Vec<String>) {
    for input in inputs {
        match &input.kind {
            InputKind::Scalar => {}
            InputKind::Reference(entity) | InputKind::References(entity) => {
                add(plan, &input.json, Some(*entity), found);
            }
            InputKind::Parts { create, .. } => of_inputs(plan, create, found),
        }
    }
}

fn add(plan: &Plan, name: &str, target: Option<EntityId>, found: &mut Vec<String>) {
    let list = target.and_then(|entity| list(plan, entity));
    if let (Some(entity), Some(list)) = (target, list) {
        let key = plan.model.entity(entity).key;
        let key = key.map_or("id", |key| plan.model.field(key).name.as_str());
        let hint = format!("{name} {} {key}", list.path);
        if !found.contains(&hint) {
            found.push(hint);
        }
    }
}
