//! With which rows a request is likely to succeed: the form fills them in.

use archwright_plan::model::{
    self, BinaryOperator, EntityId, Expression, ExpressionKind, FieldId, InputField, Step, StepKind,
};
use archwright_plan::{
    Answer, FilterOperator, Input, InputKind, Operation, OperationKind, OutputSource,
    PathParameterKind, Plan, words,
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

/// For each key of the body, or parameter of the path, that names a row: where rows are listed (`-`: nowhere), which key
/// of theirs names them, and what they are: `book_isbn /v1/books isbn book`.
pub(crate) fn references(plan: &Plan, operation: &Operation) -> Vec<String> {
    let mut hints = Hints {
        plan,
        found: Vec::new(),
    };
    let resource = operation.entity.map(|entity| plan.resource(entity));
    match (&operation.kind, resource) {
        (OperationKind::Create | OperationKind::SignUp, Some(resource)) => {
            hints.of_inputs(&resource.create);
        }
        (OperationKind::Update, Some(resource)) => hints.of_inputs(&resource.update),
        (OperationKind::Link(_) | OperationKind::Unlink(_), _) => {
            for parameter in operation.parameters.iter().skip(1) {
                match parameter.kind {
                    PathParameterKind::Id(entity) => hints.add(&parameter.name, entity),
                    PathParameterKind::Key(field) => hints.add(&parameter.name, field.entity),
                    PathParameterKind::Token | PathParameterKind::Input(_) => {}
                }
            }
        }
        (OperationKind::Move(index), Some(resource)) => {
            let machine = plan.model.entity(resource.entity).state.as_ref();
            if let Some(step) = machine.and_then(|machine| machine.moves.get(*index)) {
                hints.of_fields(&step.input);
                hints.of_steps(&step.steps);
            }
        }
        (OperationKind::Named(index), _) => {
            let named = &plan.model.operations[*index];
            for fields in [&named.path_input, &named.query_input, &named.body_input] {
                hints.of_fields(fields);
            }
            hints.of_steps(&named.steps);
        }
        _ => {}
    }
    hints.found
}

struct Hints<'p> {
    plan: &'p Plan,
    found: Vec<String>,
}

impl Hints<'_> {
    fn of_inputs(&mut self, inputs: &[Input]) {
        for input in inputs {
            match &input.kind {
                InputKind::Scalar => {}
                InputKind::Reference(entity) | InputKind::References(entity) => {
                    self.add(&input.json, *entity);
                }
                InputKind::Parts { create, .. } => self.of_inputs(create),
            }
        }
    }

    fn of_fields(&mut self, fields: &[InputField]) {
        for field in fields {
            self.of_kind(&field.name, &field.kind);
        }
    }

    fn of_kind(&mut self, name: &str, kind: &model::InputKind) {
        match kind {
            model::InputKind::Scalar(_) => {}
            model::InputKind::Reference(entity) => self.add(name, *entity),
            model::InputKind::List(item) => self.of_kind(name, item),
            model::InputKind::Object(fields) => self.of_fields(fields),
        }
    }

    /// Inputs by which steps find a row: `barcode == body.barcode`.
    fn of_steps(&mut self, steps: &[Step]) {
        for step in steps {
            let StepKind::Find {
                entity,
                filter: Some(filter),
                ..
            } = &step.kind
            else {
                continue;
            };
            let mut equal = Vec::new();
            equalities(filter, &mut equal);
            let query = self.movable(*entity, steps);
            for (input, field) in equal {
                let output = self.plan.resource(*entity).output.iter();
                let mut output = output.filter(|one| one.source == OutputSource::Field(field));
                if let Some(output) = output.next() {
                    self.push(input, *entity, &output.json, &query);
                }
            }
        }
    }

    /// The query for rows in a state from which a later step moves them.
    fn movable(&self, entity: EntityId, steps: &[Step]) -> String {
        let query = || {
            let machine = self.plan.model.entity(entity).state.as_ref()?;
            let made = steps.iter().find_map(|step| match &step.kind {
                StepKind::Move {
                    entity: moved,
                    name,
                    ..
                } if *moved == entity => machine.moves.iter().find(|known| known.name == *name),
                _ => None,
            });
            let name = filter_in(self.plan, entity, machine.field)?;
            Some(format!("?{name}.in={}", made?.from.join(",")))
        };
        query().unwrap_or_default()
    }

    fn add(&mut self, name: &str, entity: EntityId) {
        let key = self.plan.model.entity(entity).key;
        let key = key.map_or("id", |key| self.plan.model.field(key).name.as_str());
        self.push(name, entity, key, "");
    }

    fn push(&mut self, name: &str, entity: EntityId, key: &str, query: &str) {
        let place = match list(self.plan, entity) {
            Some(list) => format!("{}{query}", list.path),
            None => "-".to_owned(),
        };
        let row = words(&self.plan.model.entity(entity).singular).to_lowercase();
        let hint = format!("{name} {place} {key} {row}");
        if !self.found.contains(&hint) {
            self.found.push(hint);
        }
    }
}

/// Inputs that a condition compares with a field of the row.
fn equalities<'e>(condition: &'e Expression, found: &mut Vec<(&'e str, FieldId)>) {
    let ExpressionKind::Binary {
        operator,
        left,
        right,
    } = &condition.kind
    else {
        return;
    };
    match (operator, &left.kind, &right.kind) {
        (BinaryOperator::And, ..) => {
            equalities(left, found);
            equalities(right, found);
        }
        (
            BinaryOperator::Equal,
            ExpressionKind::Field { of, field },
            ExpressionKind::Input { path, .. },
        )
        | (
            BinaryOperator::Equal,
            ExpressionKind::Input { path, .. },
            ExpressionKind::Field { of, field },
        ) if matches!(of.kind, ExpressionKind::This) => {
            found.extend(path.last().map(|name| (name.as_str(), *field)));
        }
        _ => {}
    }
}
