//! Makes the parts of a body suit what the checks of its row say of them together: sums, and what all have in common.

use crate::oracle::{Body, Given, Part};
use crate::session::Session;
use archwright_evaluate::{RowRef, Value, rescaled};
use archwright_plan::model::{
    Aggregate, BinaryOperator, Expression, ExpressionKind, FieldId, Quantifier,
};

/// What a check says of the parts in a field.
enum Rule<'p> {
    /// `parts.sum(p, p.value) == total`
    Sum {
        parts: FieldId,
        value: FieldId,
        total: &'p Expression,
    },
    /// `parts.all(p, p.reference.value == own)`
    Common {
        parts: FieldId,
        reference: FieldId,
        value: FieldId,
        own: FieldId,
    },
}

impl Session<'_> {
    /// Changes values of a body that is not made up to break a check; what is fixed stays.
    pub fn suit(&mut self, actor: usize, fixed: &Body, body: &mut Body, percent: u32) {
        let Some((field, _)) = body.0.first() else {
            return;
        };
        let checks = self.plan.model.entity(field.entity).checks.iter();
        let mut rules: Vec<Rule> = Vec::new();
        checks.for_each(|check| gather(&check.that, &mut rules));
        let of = |rule: &Rule| match rule {
            Rule::Sum { parts, .. } | Rule::Common { parts, .. } => *parts,
        };
        rules.retain(|rule| {
            let parts = of(rule);
            matches!(body.get(parts), Some(Given::Parts(_))) && fixed.get(parts).is_none()
        });
        if rules.is_empty() || !self.rng.chance(percent) {
            return;
        }
        for rule in rules {
            let parts = of(&rule);
            let Some(Given::Parts(mut all)) = body.get(parts).cloned() else {
                continue;
            };
            match rule {
                Rule::Sum { value, total, .. } => {
                    if let Some(total) = known(total, body) {
                        self.sum_up(&mut all, value, &total);
                    }
                }
                Rule::Common {
                    reference,
                    value,
                    own,
                    ..
                } => {
                    let wanted = known_field(own, body);
                    let common = self.agree(actor, &mut all, (reference, value), wanted.as_ref());
                    if let (Some(common), None) = (common, fixed.get(own)) {
                        body.set(own, Given::Value(common));
                    }
                }
            }
            body.set(parts, Given::Parts(all));
        }
    }

    /// The last part takes what the others leave of the total.
    fn sum_up(&self, parts: &mut [Part], field: FieldId, total: &Value) {
        let Some((last, others)) = parts.split_last_mut() else {
            return;
        };
        let own = match last.body.get(field) {
            Some(Given::Value(own)) => own.clone(),
            _ => return,
        };
        let scale = number(&own).map_or(0, |(_, scale)| scale);
        let units = |value: &Value| {
            let (units, from) = number(value)?;
            rescaled(units, from, scale).ok()
        };
        let others = others.iter().map(|part| match part.body.get(field) {
            Some(Given::Value(value)) => units(value),
            _ => None,
        });
        let (Some(others), Some(total)) = (others.sum::<Option<i128>>(), units(total)) else {
            return;
        };
        let rest = match own {
            Value::Int(_) => i64::try_from(total - others).map(Value::Int).ok(),
            _ => Some(Value::Decimal {
                units: total - others,
                scale,
            }),
        };
        if let Some(rest) = rest.filter(|rest| self.accepts(field, rest)) {
            last.body.set(field, Given::Value(rest));
        }
    }

    /// Has all parts refer to rows with the one value: the wanted one where there are such rows, and else that of the
    /// first part, which is given.
    fn agree(
        &mut self,
        actor: usize,
        parts: &mut [Part],
        (reference, value): (FieldId, FieldId),
        wanted: Option<&Value>,
    ) -> Option<Value> {
        let target = self.plan.model.field(reference).to_one()?.target;
        let with = |session: &Self, wanted: &Value| -> Vec<RowRef> {
            let rows = session.world.entries_with(value, wanted).into_iter();
            let rows = rows.map(|(id, _)| RowRef {
                entity: target,
                id: id.to_owned(),
            });
            let judge = session.judge(actor);
            rows.filter(|row| judge.may_read(row)).collect()
        };
        let of_first = || {
            let Some(Given::Row(row)) = parts.first()?.body.get(reference) else {
                return None;
            };
            Some(self.world.value(row, value)).filter(|value| !value.is_null())
        };
        let rows = wanted.map_or_else(Vec::new, |wanted| with(self, wanted));
        let (common, rows) = match (rows.is_empty(), of_first()) {
            (false, _) => (None, rows),
            (true, Some(common)) => {
                let rows = with(self, &common);
                (Some(common), rows)
            }
            (true, None) => return None,
        };
        for part in parts {
            if let Some(Given::Row(row)) = part.body.get(reference)
                && !rows.contains(row)
                && !rows.is_empty()
            {
                let other = rows[self.rng.below(rows.len())].clone();
                part.body.set(reference, Given::Row(other));
            }
        }
        common
    }
}

fn gather<'p>(condition: &'p Expression, rules: &mut Vec<Rule<'p>>) {
    match &condition.kind {
        ExpressionKind::Binary {
            operator: BinaryOperator::And,
            left,
            right,
        } => {
            gather(left, rules);
            gather(right, rules);
        }
        ExpressionKind::Binary {
            operator: BinaryOperator::Equal,
            left,
            right,
        } => {
            for (sum, total) in [(left, right), (right, left)] {
                if let ExpressionKind::Aggregate {
                    aggregate: Aggregate::Sum,
                    over,
                    condition: None,
                    value: Some(value),
                    ..
                } = &sum.kind
                    && let (Some(parts), Some(value)) = (of_this(over), of_variable(value))
                {
                    rules.push(Rule::Sum {
                        parts,
                        value,
                        total,
                    });
                }
            }
        }
        ExpressionKind::Quantifier {
            quantifier: Quantifier::All,
            over,
            condition,
            ..
        } => rules.extend(common(over, condition)),
        _ => {}
    }
}

fn common<'p>(over: &Expression, condition: &Expression) -> Option<Rule<'p>> {
    let ExpressionKind::Binary {
        operator: BinaryOperator::Equal,
        left,
        right,
    } = &condition.kind
    else {
        return None;
    };
    let parts = of_this(over)?;
    [(left, right), (right, left)]
        .into_iter()
        .find_map(|(one, other)| {
            let ExpressionKind::Field { of, field } = &one.kind else {
                return None;
            };
            Some(Rule::Common {
                parts,
                reference: of_variable(of)?,
                value: *field,
                own: of_this(other)?,
            })
        })
}

/// A field of the row that the check is of.
fn of_this(expression: &Expression) -> Option<FieldId> {
    match &expression.kind {
        ExpressionKind::Field { of, field } if matches!(of.kind, ExpressionKind::This) => {
            Some(*field)
        }
        _ => None,
    }
}

/// A field of a part.
fn of_variable(expression: &Expression) -> Option<FieldId> {
    match &expression.kind {
        ExpressionKind::Field { of, field } if matches!(of.kind, ExpressionKind::Variable(_)) => {
            Some(*field)
        }
        _ => None,
    }
}

fn known(total: &Expression, body: &Body) -> Option<Value> {
    match &total.kind {
        ExpressionKind::Literal(archwright_plan::model::Literal::Int(number)) => {
            Some(Value::Int(*number))
        }
        _ => known_field(of_this(total)?, body),
    }
}

fn known_field(field: FieldId, body: &Body) -> Option<Value> {
    match body.get(field)? {
        Given::Value(value) if !value.is_null() => Some(value.clone()),
        _ => None,
    }
}

fn number(value: &Value) -> Option<(i128, u32)> {
    match value {
        Value::Int(value) => Some((i128::from(*value), 0)),
        Value::Decimal { units, scale } => Some((*units, *scale)),
        _ => None,
    }
}
