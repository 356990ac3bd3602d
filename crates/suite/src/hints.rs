//! What the inputs of a named operation are compared with: the fields whose values make a difference.

use archwright_plan::model::{
    BinaryOperator, BindingId, Expression, ExpressionKind, FieldId, Function, InputPlace, Literal,
    Operation, Step, StepKind,
};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// A value that a row has in the field.
    Field(FieldId),
    Text(String),
}

/// By place and path of the input.
#[derive(Default)]
pub struct Hints {
    all: Vec<(InputPlace, Vec<String>, Hint)>,
    /// Inputs whose items a step goes through.
    items: BTreeMap<BindingId, (InputPlace, Vec<String>)>,
}

impl Hints {
    pub fn of(&self, place: InputPlace, path: &[String]) -> Vec<Hint> {
        let of = self
            .all
            .iter()
            .filter(|(at, names, _)| *at == place && names == path);
        of.map(|(.., hint)| hint.clone()).collect()
    }

    fn steps(&mut self, steps: &[Step]) {
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
                StepKind::Each {
                    bind, list, steps, ..
                } => {
                    if let ExpressionKind::Input { place, path } = &list.kind {
                        self.items.insert(*bind, (*place, path.clone()));
                    }
                    self.steps(steps);
                }
                _ => {}
            }
        }
    }

    fn part(&mut self, part: &Expression) {
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

    fn pair(&mut self, left: &Expression, right: &Expression) {
        for (one, other) in [(left, right), (right, left)] {
            if let Some(hint) = hint(other) {
                self.add(one, &hint);
            }
        }
    }

    /// Gives the hint to the inputs that an expression mentions.
    fn add(&mut self, value: &Expression, hint: &Hint) {
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
fn hint(expression: &Expression) -> Option<Hint> {
    let mut found = None;
    expression.walk(&mut |part| {
        let own = match &part.kind {
            ExpressionKind::Field { field, .. } => Some(Hint::Field(*field)),
            ExpressionKind::Literal(Literal::Text(text)) => Some(Hint::Text(text.clone())),
            _ => None,
        };
        found = found.take().or(own);
    });
    found
}

pub fn hints(operation: &Operation) -> Hints {
    let mut hints = Hints::default();
    hints.steps(&operation.steps);
    hints
}

/// All expressions of a step but those of the steps in it.
pub fn expressions(step: &Step) -> Vec<&Expression> {
    let mut all: Vec<&Expression> = step.condition.iter().collect();
    match &step.kind {
        StepKind::Find { filter, .. } => all.extend(filter),
        StepKind::List {
            filter,
            limit,
            offset,
            ..
        } => all.extend(filter.iter().chain(limit).chain(offset)),
        StepKind::Guard { that } => all.push(that),
        StepKind::Create { set, .. } => all.extend(set.iter().map(|(_, value)| value)),
        StepKind::Upsert { key, set, .. } | StepKind::GetOrCreate { key, set, .. } => {
            all.extend(key.iter().chain(set).map(|(_, value)| value));
        }
        StepKind::Update { row, set } => {
            all.push(row);
            all.extend(set.iter().map(|(_, value)| value));
        }
        StepKind::Delete { row } | StepKind::Move { row, .. } => all.push(row),
        StepKind::Link { from, row, .. } | StepKind::Unlink { from, row, .. } => {
            all.extend([from, row]);
        }
        StepKind::Increment { row, by, .. } => all.extend([row, by]),
        StepKind::Each { list, .. } => all.push(list),
    }
    all
}
