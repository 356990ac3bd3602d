//! The access matrix: each guard evaluated for each kind of caller and each state, as far as the plan alone can tell.

use crate::guards::binary;
use crate::text::cel;
use crate::{
    Alternative, Answer, Caller, CallerClass, MatrixCell, MatrixRow, Operation, OperationKind,
};
use archwright_model::{
    BinaryOperator, Entity, Expression, ExpressionKind, FieldId, Literal, Model, RoleId, Type,
};
use std::collections::BTreeSet;

pub fn matrix(model: &Model, operations: &[Operation]) -> Vec<MatrixRow> {
    operations
        .iter()
        .map(|operation| row(model, operation))
        .collect()
}

fn row(model: &Model, operation: &Operation) -> MatrixRow {
    let entity = operation.entity.map(|entity| model.entity(entity));
    let mut cells = Vec::new();
    for caller in callers(model, entity, operation) {
        for state in states(entity, operation) {
            let answer = answer(model, entity, operation, caller, state.as_deref());
            cells.push(MatrixCell {
                caller,
                state,
                answer,
            });
        }
    }
    MatrixRow {
        operation: operation.id.clone(),
        cells,
    }
}

fn callers(model: &Model, entity: Option<&Entity>, operation: &Operation) -> Vec<Caller> {
    let mut callers = vec![Caller::Anonymous];
    if model.account.is_none() {
        return callers;
    }
    let owned = entity.is_some_and(|entity| has_owner(model, entity))
        && operation.guard.iter().any(|guard| guard.owner);
    let roles =
        std::iter::once(None).chain((0..model.roles.len()).map(|index| Some(RoleId(index))));
    for role in roles {
        callers.push(Caller::SignedIn { role, owns: false });
        if owned {
            callers.push(Caller::SignedIn { role, owns: true });
        }
    }
    callers
}

fn has_owner(model: &Model, entity: &Entity) -> bool {
    entity.owner.is_some()
        || model
            .account
            .as_ref()
            .is_some_and(|account| account.entity == entity.id)
}

fn states(entity: Option<&Entity>, operation: &Operation) -> Vec<Option<String>> {
    let stateless = matches!(
        operation.kind,
        OperationKind::Create | OperationKind::SignUp | OperationKind::Me
    );
    match entity.and_then(|entity| entity.state.as_ref().map(|machine| (entity, machine))) {
        Some((entity, machine)) if !stateless => {
            match entity.fields[machine.field.index].scalar() {
                Some(archwright_model::ScalarType::Enum { values }) => {
                    values.iter().cloned().map(Some).collect()
                }
                _ => vec![None],
            }
        }
        _ => vec![None],
    }
}

fn answer(
    model: &Model,
    entity: Option<&Entity>,
    operation: &Operation,
    caller: Caller,
    state: Option<&str>,
) -> Answer {
    if let (OperationKind::Move(index), Some(entity), Some(state)) =
        (&operation.kind, entity, state)
        && let Some(machine) = &entity.state
        && !machine.moves[*index].from.iter().any(|from| from == state)
    {
        return Answer::No;
    }
    let known = Known {
        model,
        entity,
        caller,
        state,
    };
    let mut open: Vec<Expression> = Vec::new();
    for alternative in operation
        .guard
        .iter()
        .filter(|alternative| is_of_class(model, caller, alternative.caller))
    {
        match condition(alternative, &known) {
            None => return Answer::Yes,
            Some(condition) => match truth(&condition) {
                Some(true) => return Answer::Yes,
                Some(false) => {}
                None => open.extend(disjuncts(condition)),
            },
        }
    }
    let open = unabsorbed(model, open).into_iter();
    match open.reduce(|left, right| binary(BinaryOperator::Or, left, right)) {
        Some(condition) => Answer::If(cel(model, &condition)),
        None => Answer::No,
    }
}

/// The sides of `||`, however deep.
fn disjuncts(condition: Expression) -> Vec<Expression> {
    match condition.kind {
        ExpressionKind::Binary {
            operator: BinaryOperator::Or,
            left,
            right,
        } => [*left, *right].into_iter().flat_map(disjuncts).collect(),
        _ => vec![condition],
    }
}

/// What has to hold for `&&` to hold, as text.
fn conjuncts(model: &Model, condition: &Expression) -> BTreeSet<String> {
    match &condition.kind {
        ExpressionKind::Binary {
            operator: BinaryOperator::And,
            left,
            right,
        } => {
            let mut all = conjuncts(model, left);
            all.append(&mut conjuncts(model, right));
            all
        }
        _ => BTreeSet::from([cel(model, condition)]),
    }
}

/// Without the alternatives that ask for all that another one asks for: `a && b || b` is `b`.
fn unabsorbed(model: &Model, alternatives: Vec<Expression>) -> Vec<Expression> {
    let asked: Vec<BTreeSet<String>> = alternatives
        .iter()
        .map(|alternative| conjuncts(model, alternative))
        .collect();
    let is_absorbed = |index: usize| {
        let own = &asked[index];
        let absorbs = |other: usize| {
            asked[other].is_subset(own) && (asked[other].len() < own.len() || other < index)
        };
        (0..asked.len()).any(absorbs)
    };
    let kept = alternatives.into_iter().enumerate();
    kept.filter(|(index, _)| !is_absorbed(*index))
        .map(|(_, alternative)| alternative)
        .collect()
}

/// Whether the caller is of the class, whatever the row.
pub fn is_of_class(model: &Model, caller: Caller, class: CallerClass) -> bool {
    match (class, caller) {
        (CallerClass::Anyone, _) => true,
        (_, Caller::Anonymous) => false,
        (CallerClass::SignedIn, Caller::SignedIn { .. }) => true,
        (CallerClass::Role(needed), Caller::SignedIn { role, .. }) => {
            role.is_some_and(|role| model.role(role).includes.contains(&needed))
        }
    }
}

fn condition(alternative: &Alternative, known: &Known) -> Option<Expression> {
    alternative.when.as_ref().map(|when| simplify(when, known))
}

/// What the plan knows of the caller and the row.
struct Known<'a> {
    model: &'a Model,
    entity: Option<&'a Entity>,
    caller: Caller,
    state: Option<&'a str>,
}

fn truth(expression: &Expression) -> Option<bool> {
    match expression.kind {
        ExpressionKind::Literal(Literal::Bool(value)) => Some(value),
        _ => None,
    }
}

fn constant(like: &Expression, value: bool) -> Expression {
    let kind = ExpressionKind::Literal(Literal::Bool(value));
    Expression {
        kind,
        ty: Type::Bool,
        nullable: false,
        span: like.span,
    }
}

fn simplify(expression: &Expression, known: &Known) -> Expression {
    match &expression.kind {
        ExpressionKind::Not(inner) => {
            let inner = simplify(inner, known);
            match truth(&inner) {
                Some(value) => constant(expression, !value),
                None => Expression {
                    kind: ExpressionKind::Not(Box::new(inner)),
                    ..expression.clone()
                },
            }
        }
        ExpressionKind::SignedIn => constant(expression, known.caller != Caller::Anonymous),
        ExpressionKind::HasRole(role) => constant(
            expression,
            is_of_class(known.model, known.caller, CallerClass::Role(*role)),
        ),
        ExpressionKind::Binary {
            operator,
            left,
            right,
        } => binary_known(expression, *operator, left, right, known),
        ExpressionKind::In { item, list } => in_known(expression, item, list, known),
        _ => expression.clone(),
    }
}

fn binary_known(
    expression: &Expression,
    operator: BinaryOperator,
    left: &Expression,
    right: &Expression,
    known: &Known,
) -> Expression {
    match operator {
        BinaryOperator::And | BinaryOperator::Or => {
            let (left, right) = (simplify(left, known), simplify(right, known));
            let absorbing = operator == BinaryOperator::Or;
            match (truth(&left), truth(&right)) {
                (Some(value), _) | (_, Some(value)) if value == absorbing => {
                    constant(expression, absorbing)
                }
                (Some(_), _) => right,
                (_, Some(_)) => left,
                (None, None) => binary(operator, left, right),
            }
        }
        BinaryOperator::Equal | BinaryOperator::NotEqual => {
            let equal = known_equal(left, right, known).or_else(|| known_equal(right, left, known));
            match equal {
                Some(equal) => constant(expression, equal == (operator == BinaryOperator::Equal)),
                None => expression.clone(),
            }
        }
        _ => expression.clone(),
    }
}

/// Ownership, tenancy (the matrix speaks of rows of the caller's tenant), and the state.
fn known_equal(left: &Expression, right: &Expression, known: &Known) -> Option<bool> {
    let entity = known.entity?;
    match (&left.kind, &right.kind) {
        (_, ExpressionKind::CallerTenant) => Some(known.caller != Caller::Anonymous),
        (_, ExpressionKind::Caller) => {
            let owner = match &left.kind {
                ExpressionKind::This => true,
                _ => own_field(left).is_some() && own_field(left) == entity.owner,
            };
            owner.then_some(matches!(known.caller, Caller::SignedIn { owns: true, .. }))
        }
        (_, ExpressionKind::Literal(Literal::Text(value))) => {
            let machine = entity.state.as_ref()?;
            (own_field(left)? == machine.field).then_some(known.state? == value)
        }
        _ => None,
    }
}

fn own_field(expression: &Expression) -> Option<FieldId> {
    match &expression.kind {
        ExpressionKind::Field { of, field } if matches!(of.kind, ExpressionKind::This) => {
            Some(*field)
        }
        _ => None,
    }
}

fn in_known(
    expression: &Expression,
    item: &Expression,
    list: &Expression,
    known: &Known,
) -> Expression {
    let ExpressionKind::List(values) = &list.kind else {
        return expression.clone();
    };
    let answers: Option<Vec<bool>> = values
        .iter()
        .map(|value| known_equal(item, value, known))
        .collect();
    match answers {
        Some(answers) => constant(expression, answers.contains(&true)),
        None => expression.clone(),
    }
}
