//! What the design says about when an alternative holds: its condition without ownership and tenancy, which documents
//! say in words.

use crate::text::cel;
use crate::{Alternative, Plan, guards};
use archwright_model::{BinaryOperator, EntityId, Expression, ExpressionKind};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// On the row before the write, as CEL.
    pub when: Option<String>,
    /// On the row that the write leaves, as CEL.
    pub after: Option<String>,
    /// Only for rows of the caller's tenant.
    pub confined: bool,
}

impl Plan {
    /// The condition of an alternative of a rule about rows of `entity`, or about no row.
    pub fn condition(&self, entity: Option<EntityId>, alternative: &Alternative) -> Condition {
        let text = |expression: Option<Expression>| {
            expression.map(|expression| cel(&self.model, &expression))
        };
        let entity = entity.map(|entity| self.model.entity(entity));
        let owner = entity.filter(|_| alternative.owner);
        let owner = text(owner.and_then(|entity| guards::owned(&self.model, entity)));
        let tenant = text(entity.and_then(|entity| guards::tenancy(&self.model, entity.id)));
        let mut confined = false;
        let mut said = |condition: &Option<Expression>| {
            let mut kept: Vec<(String, &Expression)> = Vec::new();
            let mut parts = Vec::new();
            conjuncts(condition.as_ref()?, &mut parts);
            for part in parts {
                let text = cel(&self.model, part);
                if Some(&text) == tenant.as_ref() {
                    confined = true;
                } else if Some(&text) != owner.as_ref() && kept.iter().all(|(one, _)| *one != text)
                {
                    kept.push((text, part));
                }
            }
            let kept = kept.into_iter().map(|(_, part)| part.clone());
            text(kept.reduce(|left, right| guards::binary(BinaryOperator::And, left, right)))
        };
        let (when, after) = (said(&alternative.when), said(&alternative.after));
        Condition {
            when,
            after,
            confined,
        }
    }
}

/// The sides of `&&`, however deep, in order.
fn conjuncts<'e>(condition: &'e Expression, parts: &mut Vec<&'e Expression>) {
    match &condition.kind {
        ExpressionKind::Binary {
            operator: BinaryOperator::And,
            left,
            right,
        } => {
            conjuncts(left, parts);
            conjuncts(right, parts);
        }
        _ => parts.push(condition),
    }
}
