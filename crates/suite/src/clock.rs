//! Conditions that go by the clock: what they wait for can't be brought about by calls.

use crate::hints::conditions;
use archwright_plan::model::{
    BinaryOperator, Expression, ExpressionKind, Model, Move, Step, StepKind,
};
use archwright_plan::{Operation, OperationKind, Plan};

/// Why perhaps no call is found that a case of the operation needs.
pub fn waits(plan: &Plan, operation: &str) -> Option<String> {
    let mut operations = plan.operations.iter();
    let operation = operations.find(|one| one.id == operation)?;
    let mut waiting: Vec<String> = Vec::new();
    for condition in conditions_of(plan, operation) {
        for part in parts(condition) {
            let text = format!("`{}`", archwright_plan::cel(&plan.model, part));
            if goes_by_clock(&plan.model, part) && !waiting.contains(&text) {
                waiting.push(text);
            }
        }
    }
    let verb = if waiting.len() == 1 { "goes" } else { "go" };
    (!waiting.is_empty()).then(|| {
        format!(
            "{} {verb} by the clock, and the suite lets no time pass",
            waiting.join(" and ")
        )
    })
}

fn conditions_of<'p>(plan: &'p Plan, operation: &'p Operation) -> Vec<&'p Expression> {
    let guards = operation.guard.iter().filter_map(|one| one.when.as_ref());
    let mut all: Vec<&Expression> = guards.collect();
    match operation.kind {
        OperationKind::Move(index) => {
            let entity = operation.entity.map(|entity| plan.model.entity(entity));
            let machine = entity.and_then(|entity| entity.state.as_ref());
            if let Some(made) = machine.and_then(|machine| machine.moves.get(index)) {
                of_move(&plan.model, made, &mut all);
            }
        }
        OperationKind::Named(index) => {
            of_steps(&plan.model, &plan.model.operations[index].steps, &mut all);
        }
        _ => {}
    }
    all
}

fn of_move<'p>(model: &'p Model, made: &'p Move, all: &mut Vec<&'p Expression>) {
    all.extend(&made.when);
    of_steps(model, &made.steps, all);
}

fn of_steps<'p>(model: &'p Model, steps: &'p [Step], all: &mut Vec<&'p Expression>) {
    for step in steps {
        all.extend(conditions(step));
        match &step.kind {
            StepKind::Each { steps, .. } => of_steps(model, steps, all),
            StepKind::Move { entity, name, .. } => {
                let machine = model.entity(*entity).state.as_ref();
                let mut moves = machine.into_iter().flat_map(|machine| &machine.moves);
                if let Some(made) = moves.find(|one| one.name == *name) {
                    // What such a move makes of others is not followed.
                    all.extend(&made.when);
                }
            }
            _ => {}
        }
    }
}

/// The sides of each `&&` and `||`.
fn parts(condition: &Expression) -> Vec<&Expression> {
    match &condition.kind {
        ExpressionKind::Binary {
            operator: BinaryOperator::And | BinaryOperator::Or,
            left,
            right,
        } => [parts(left), parts(right)].concat(),
        _ => vec![condition],
    }
}

fn goes_by_clock(model: &Model, expression: &Expression) -> bool {
    let mut found = false;
    expression.walk(&mut |part| match &part.kind {
        ExpressionKind::Now | ExpressionKind::Today => found = true,
        ExpressionKind::Field { field, .. } => {
            let computed = model.field(*field).computed.as_ref();
            found |= computed.is_some_and(|computed| goes_by_clock(model, computed));
        }
        _ => {}
    });
    found
}
