//! Rules that nearly say the same: what a careless change would make of a condition. A row on which a rule and its
//! neighbour disagree tells a right implementation from a wrong one.

use archwright_plan::model::{BinaryOperator, Expression, ExpressionKind, Literal, Type};

/// Each neighbour with a stable label.
pub fn neighbours(condition: &Expression) -> Vec<(String, Expression)> {
    let mut all = Vec::new();
    let mut edges = 0;
    let mut parts = 0;
    visit(
        condition,
        &mut |replacement| replacement,
        &mut all,
        &mut edges,
        &mut parts,
    );
    all
}

type Around<'a> = &'a mut dyn FnMut(Expression) -> Expression;

fn visit(
    at: &Expression,
    around: Around,
    all: &mut Vec<(String, Expression)>,
    edges: &mut usize,
    parts: &mut usize,
) {
    match &at.kind {
        ExpressionKind::Binary {
            operator,
            left,
            right,
        } => {
            if let Some(other) = off_by_one(*operator) {
                *edges += 1;
                let changed = rebuilt(at, other, left, right);
                all.push((format!("edge-{edges}"), around(changed)));
            }
            if matches!(operator, BinaryOperator::And | BinaryOperator::Or) {
                // What is left when one side is forgotten.
                for (kept, inner) in [(right, left), (left, right)] {
                    if !matches!(inner.kind, ExpressionKind::Binary { operator: same, .. } if same == *operator)
                    {
                        *parts += 1;
                        all.push((format!("without-{parts}"), around((**kept).clone())));
                    }
                }
            }
            let operator = *operator;
            visit(
                left,
                &mut |inner| around(rebuilt(at, operator, &inner, right)),
                all,
                edges,
                parts,
            );
            visit(
                right,
                &mut |inner| around(rebuilt(at, operator, left, &inner)),
                all,
                edges,
                parts,
            );
        }
        ExpressionKind::Not(inner) => {
            visit(
                inner,
                &mut |inner| around(with_kind(at, ExpressionKind::Not(Box::new(inner)))),
                all,
                edges,
                parts,
            );
        }
        ExpressionKind::Quantifier {
            quantifier,
            over,
            variable,
            condition,
        } => {
            let (quantifier, variable) = (*quantifier, *variable);
            visit(
                condition,
                &mut |condition| {
                    around(with_kind(
                        at,
                        ExpressionKind::Quantifier {
                            quantifier,
                            over: over.clone(),
                            variable,
                            condition: Box::new(condition),
                        },
                    ))
                },
                all,
                edges,
                parts,
            );
        }
        ExpressionKind::In { item, list } => {
            if let ExpressionKind::List(items) = &list.kind {
                for index in 0..items.len() {
                    let mut fewer = items.clone();
                    let left_out = fewer.remove(index);
                    let label = match &left_out.kind {
                        ExpressionKind::Literal(Literal::Text(text)) => format!("without-{text}"),
                        _ => format!("without-item-{}", index + 1),
                    };
                    let list = with_kind(list, ExpressionKind::List(fewer));
                    let kind = ExpressionKind::In {
                        item: item.clone(),
                        list: Box::new(list),
                    };
                    all.push((label, around(with_kind(at, kind))));
                }
            }
        }
        _ => {}
    }
}

fn off_by_one(operator: BinaryOperator) -> Option<BinaryOperator> {
    Some(match operator {
        BinaryOperator::Less => BinaryOperator::LessOrEqual,
        BinaryOperator::LessOrEqual => BinaryOperator::Less,
        BinaryOperator::Greater => BinaryOperator::GreaterOrEqual,
        BinaryOperator::GreaterOrEqual => BinaryOperator::Greater,
        _ => return None,
    })
}

fn rebuilt(
    at: &Expression,
    operator: BinaryOperator,
    left: &Expression,
    right: &Expression,
) -> Expression {
    with_kind(
        at,
        ExpressionKind::Binary {
            operator,
            left: Box::new(left.clone()),
            right: Box::new(right.clone()),
        },
    )
}

fn with_kind(at: &Expression, kind: ExpressionKind) -> Expression {
    Expression {
        kind,
        ty: at.ty.clone(),
        nullable: at.nullable,
        span: at.span,
    }
}

/// The condition that always holds.
pub fn always(like: &Expression) -> Expression {
    Expression {
        kind: ExpressionKind::Literal(Literal::Bool(true)),
        ty: Type::Bool,
        nullable: false,
        span: like.span,
    }
}

/// Whether the expression compares with the clock, so that its edge is an instant that can't be hit.
pub fn is_about_instants(condition: &Expression) -> bool {
    let mut found = false;
    condition.walk(&mut |part| found |= matches!(part.kind, ExpressionKind::Now));
    found
}
