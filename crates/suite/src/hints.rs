//! What the inputs of a named operation are compared with: the fields whose values make a difference.

use archwright_evaluate::Value;
use archwright_plan::Plan;
use archwright_plan::model::{
    BinaryOperator, BindingId, EntityId, Expression, ExpressionKind, FieldId, Function, InputPlace,
    Literal, Model, Move, Operation, Step, StepKind, Type,
};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug)]
pub enum Hint<'p> {
    /// A value that a row has in the field.
    Field(FieldId),
    /// The id of a row.
    Id(EntityId),
    /// One that must not be that of another row.
    Taken(FieldId),
    /// A value of a row which a step finds by it, and on which a later step makes the move.
    Found(FieldId, &'p Expression, Option<&'p Move>),
    Text(&'p str),
}

/// By place and path of the input.
#[derive(Default)]
pub struct Hints<'p> {
    all: Vec<(InputPlace, Vec<String>, Hint<'p>)>,
    /// Inputs whose items a step goes through.
    items: BTreeMap<BindingId, (InputPlace, Vec<String>)>,
    /// Moves of rows that are found before.
    moves: BTreeMap<BindingId, &'p Move>,
}

impl<'p> Hints<'p> {
    pub fn of(&self, place: InputPlace, path: &[String]) -> Vec<Hint<'p>> {
        let of = self
            .all
            .iter()
            .filter(|(at, names, _)| *at == place && names == path);
        of.map(|(.., hint)| hint.clone()).collect()
    }

    fn steps(&mut self, model: &Model, steps: &'p [Step]) {
        for step in steps {
            for expression in expressions(step) {
                expression.walk(&mut |part| self.part(part));
            }
            match &step.kind {
                StepKind::Upsert { key, .. } | StepKind::GetOrCreate { key, .. } => {
                    for (field, value) in key {
                        self.add(value, &Hint::Field(*field));
                    }
                }
                StepKind::Find {
                    bind,
                    entity,
                    filter: Some(filter),
                    ..
                } => {
                    let made = self.moves.get(bind).copied();
                    filter.walk(&mut |part| self.found(*entity, (filter, made), part));
                }
                StepKind::Create { set, .. } | StepKind::Update { set, .. } => {
                    for (field, value) in set {
                        let mut keys = model.entity(field.entity).unique.iter();
                        if keys.any(|key| key.fields.contains(field)) {
                            self.add(value, &Hint::Taken(*field));
                        }
                    }
                }
                StepKind::SignIn { key, value, .. } => {
                    let named = (InputPlace::Body, value.clone(), Hint::Field(*key));
                    self.all.push(named);
                }
                StepKind::Each {
                    bind, list, steps, ..
                } => {
                    if let ExpressionKind::Input { place, path } = &list.kind {
                        self.items.insert(*bind, (*place, path.clone()));
                    }
                    self.steps(model, steps);
                }
                _ => {}
            }
        }
    }

    /// An input that a field of the row itself has to be equal to.
    fn found(
        &mut self,
        entity: EntityId,
        (filter, made): (&'p Expression, Option<&'p Move>),
        part: &'p Expression,
    ) {
        let ExpressionKind::Binary {
            operator: BinaryOperator::Equal,
            left,
            right,
        } = &part.kind
        else {
            return;
        };
        for (one, other) in [(left, right), (right, left)] {
            if let ExpressionKind::Field { field, .. } = &other.kind
                && field.entity == entity
            {
                self.add(one, &Hint::Found(*field, filter, made));
            }
        }
    }

    fn part(&mut self, part: &'p Expression) {
        let sides = match &part.kind {
            ExpressionKind::Binary {
                operator,
                left,
                right,
            } if !matches!(operator, BinaryOperator::And | BinaryOperator::Or) => (left, right),
            ExpressionKind::Function {
                function: Function::StartsWith | Function::EndsWith | Function::Contains,
                arguments,
            } => match arguments.as_slice() {
                [text, part] => {
                    self.pair(text, part);
                    return;
                }
                _ => return,
            },
            _ => return,
        };
        self.pair(sides.0, sides.1);
    }

    fn pair(&mut self, left: &'p Expression, right: &'p Expression) {
        for (one, other) in [(left, right), (right, left)] {
            if let Some(hint) = hint(other) {
                self.add(one, &hint);
            }
        }
    }

    /// Gives the hint to the inputs that an expression mentions.
    fn add(&mut self, value: &Expression, hint: &Hint<'p>) {
        let mut found = Vec::new();
        value.walk(&mut |part| match &part.kind {
            ExpressionKind::Input { place, path } => found.push((*place, path.clone())),
            ExpressionKind::Binding(binding) => found.extend(self.items.get(binding).cloned()),
            _ => {}
        });
        for (place, path) in found {
            self.all.push((place, path, hint.clone()));
        }
    }
}

/// The field or the text that an expression is made of.
fn hint(expression: &Expression) -> Option<Hint<'_>> {
    let mut found = None;
    expression.walk(&mut |part| {
        let own = match &part.kind {
            ExpressionKind::Field { field, .. } => Some(Hint::Field(*field)),
            ExpressionKind::Id(of) => match of.ty {
                Type::Row(entity) => Some(Hint::Id(entity)),
                _ => None,
            },
            ExpressionKind::Literal(Literal::Text(text)) => Some(Hint::Text(text)),
            _ => None,
        };
        found = found.take().or(own);
    });
    found
}

pub fn hints<'p>(model: &'p Model, operation: &'p Operation) -> Hints<'p> {
    let mut hints = Hints::default();
    for step in &operation.steps {
        if let StepKind::Move { row, entity, name } = &step.kind
            && let ExpressionKind::Binding(binding) = row.kind
            && let Some(machine) = &model.entity(*entity).state
        {
            let made = machine.moves.iter().find(|one| one.name == *name);
            hints.moves.extend(made.map(|made| (binding, made)));
        }
    }
    hints.steps(model, &operation.steps);
    hints
}

/// The texts that inputs may begin, end with or have in them.
pub fn words(plan: &Plan) -> Vec<&str> {
    let mut words = Vec::new();
    for operation in &plan.model.operations {
        for step in &operation.steps {
            for expression in expressions(step) {
                expression.walk(&mut |part| {
                    if let ExpressionKind::Function {
                        function: Function::StartsWith | Function::EndsWith | Function::Contains,
                        arguments,
                    } = &part.kind
                        && let [_, wanted] = arguments.as_slice()
                        && let ExpressionKind::Literal(Literal::Text(text)) = &wanted.kind
                    {
                        words.push(text.as_str());
                    }
                });
            }
        }
    }
    words
}

/// How many parts or rows conditions ask for: the numbers that they compare a size or a count with, and those beside them.
pub fn sizes(plan: &Plan) -> Vec<usize> {
    let model = &plan.model;
    let moves = model.entities.iter().filter_map(|one| one.state.as_ref());
    let moves = moves.flat_map(|machine| &machine.moves);
    let checks = model.entities.iter().flat_map(|entity| &entity.checks);
    let guards = plan.operations.iter().flat_map(|one| &one.guard);
    let steps = model.operations.iter().flat_map(|one| &one.steps);
    let all = checks.map(|check| &check.that);
    let all = all.chain(moves.filter_map(|one| one.when.as_ref()));
    let all = all.chain(guards.filter_map(|one| one.when.as_ref()));
    let all = all.chain(steps.flat_map(expressions));
    let mut sizes = BTreeSet::new();
    for expression in all {
        expression.walk(&mut |part| {
            let ExpressionKind::Binary { left, right, .. } = &part.kind else {
                return;
            };
            for (one, other) in [(left, right), (right, left)] {
                let counts = matches!(
                    &one.kind,
                    ExpressionKind::Aggregate { .. }
                        | ExpressionKind::Function {
                            function: Function::Size,
                            ..
                        }
                );
                if let ExpressionKind::Literal(Literal::Int(number)) = other.kind
                    && counts
                    && (0..=MOST_PARTS).contains(&number)
                {
                    sizes.extend([number - 1, number, number + 1].map(|size| size.max(0) as usize));
                }
            }
        });
    }
    sizes.into_iter().collect()
}

/// More parts than these are not made for the sake of a condition.
const MOST_PARTS: i64 = 20;

/// The unique fields, with the values, by which the steps of operations and of moves find rows.
pub fn fixed_keys(plan: &Plan) -> Vec<(FieldId, Value)> {
    let model = &plan.model;
    let machines = model.entities.iter().filter_map(|one| one.state.as_ref());
    let moves = machines.flat_map(|machine| &machine.moves);
    let of_moves = moves.flat_map(|one| &one.steps);
    let of_operations = model.operations.iter().flat_map(|one| &one.steps);
    let mut keys = Vec::new();
    for step in of_operations.chain(of_moves) {
        let StepKind::Find {
            filter: Some(filter),
            ..
        } = &step.kind
        else {
            continue;
        };
        filter.walk(&mut |part| keys.extend(fixed_key(model, part)));
    }
    keys
}

fn fixed_key(model: &Model, part: &Expression) -> Option<(FieldId, Value)> {
    let ExpressionKind::Binary {
        operator: BinaryOperator::Equal,
        left,
        right,
    } = &part.kind
    else {
        return None;
    };
    match (&left.kind, &right.kind) {
        (ExpressionKind::Field { of, field }, ExpressionKind::Literal(value))
        | (ExpressionKind::Literal(value), ExpressionKind::Field { of, field }) => {
            let mut keys = model.entity(field.entity).unique.iter();
            let is_key = keys.any(|key| key.fields == [*field]);
            let scalar = model.field(*field).scalar()?;
            (is_key && matches!(of.kind, ExpressionKind::This))
                .then(|| (*field, Value::of_scalar(value, scalar)))
        }
        _ => None,
    }
}

/// Whether it may be another for another caller.
pub fn names_caller(condition: &Expression) -> bool {
    let mut found = false;
    condition.walk(&mut |part| {
        found |= matches!(
            part.kind,
            ExpressionKind::Caller
                | ExpressionKind::CallerTenant
                | ExpressionKind::SignedIn
                | ExpressionKind::HasRole(_)
        );
    });
    found
}

/// What decides whether a step is done, and with which rows.
pub fn conditions(step: &Step) -> Vec<&Expression> {
    let mut all: Vec<&Expression> = step.condition.iter().collect();
    match &step.kind {
        StepKind::Find { filter, .. } | StepKind::List { filter, .. } => all.extend(filter),
        StepKind::Guard { that } => all.push(that),
        _ => {}
    }
    all
}

/// All expressions of a step but those of the steps in it.
pub fn expressions(step: &Step) -> Vec<&Expression> {
    let mut all = conditions(step);
    match &step.kind {
        StepKind::List { limit, offset, .. } => all.extend(limit.iter().chain(offset)),
        StepKind::Create { set, .. } => all.extend(set.iter().map(|(_, value)| value)),
        StepKind::Upsert { key, set, .. } | StepKind::GetOrCreate { key, set, .. } => {
            all.extend(key.iter().chain(set).map(|(_, value)| value));
        }
        StepKind::Update { row, set, .. } => {
            all.push(row);
            all.extend(set.iter().map(|(_, value)| value));
        }
        StepKind::Delete { row } | StepKind::Move { row, .. } => all.push(row),
        StepKind::Link { from, row, .. } | StepKind::Unlink { from, row, .. } => {
            all.extend([from, row]);
        }
        StepKind::Increment { row, by, .. } => all.extend([row, by]),
        StepKind::Each { list, .. } => all.push(list),
        StepKind::Token { row, .. } => all.push(row),
        StepKind::Find { .. } | StepKind::Guard { .. } | StepKind::SignIn { .. } => {}
    }
    all
}
