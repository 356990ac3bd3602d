//! Puts proposals right whose numbers break a check: shifts one of them by what is missing.

use crate::designed;
use crate::generate::{Generator, Wish};
use crate::judge::{self, Scope};
use crate::values::{self, ordinal};
use crate::world::RowIndex;
use archwright_plan::model::{
    BinaryOperator, Expression, ExpressionKind, FieldId, Literal, ScalarType,
};

/// Changes tried for one proposal.
const CHANGES: u32 = 400;

/// Tries to make all checks hold on the rows from `start` on by changing one number at a time. Leaves the rows as they
/// were when that fails.
pub(crate) fn repair(generator: &mut Generator, start: usize, wish: &Wish) {
    let rows: Vec<RowIndex> = (start..generator.world.rows.len()).collect();
    let mut budget = CHANGES;
    for about in judged(generator, &rows) {
        let entity = generator.model.entity(generator.world.rows[about].entity);
        for check in &entity.checks {
            if !generator.keeps(about, &check.that) {
                mend(generator, &rows, about, &check.that, wish, &mut budget);
            }
        }
    }
}

/// The rows themselves, last parts first, and those that they refer to.
fn judged(generator: &Generator, rows: &[RowIndex]) -> Vec<RowIndex> {
    let mut judged: Vec<RowIndex> = rows.iter().rev().copied().collect();
    for row in rows {
        let entity = generator.model.entity(generator.world.rows[*row].entity);
        for field in &entity.fields {
            let target = generator.world.target(*row, field.id);
            judged.extend(target.filter(|target| !rows.contains(target)));
        }
    }
    judged
}

fn mend(
    generator: &mut Generator,
    rows: &[RowIndex],
    about: RowIndex,
    check: &Expression,
    wish: &Wish,
    budget: &mut u32,
) {
    for (left, right) in comparisons(check) {
        let scope = Scope {
            this: Some(about),
            ..Scope::default()
        };
        let sides = (
            judge::number(&generator.world, left, &scope),
            judge::number(&generator.world, right, &scope),
        );
        let (Some(left), Some(right)) = sides else {
            continue;
        };
        for row in rows.iter().rev() {
            let entity = generator.model.entity(generator.world.rows[*row].entity);
            for field in &entity.fields {
                if !is_changeable(generator, *row, field.id, rows[0], wish) {
                    continue;
                }
                for value in replacements(generator, *row, field.id, left, right) {
                    if *budget == 0 {
                        return;
                    }
                    *budget -= 1;
                    let before = generator.world.rows[*row]
                        .values
                        .get(&field.id.index)
                        .cloned();
                    generator.world.set(*row, field.id, Some(value));
                    if generator.keeps(about, check) {
                        return;
                    }
                    generator.world.set(*row, field.id, before);
                }
            }
        }
    }
}

/// A stored number that neither the design nor the server has settled.
fn is_changeable(
    generator: &Generator,
    row: RowIndex,
    field: FieldId,
    first: RowIndex,
    wish: &Wish,
) -> bool {
    let declared = generator.model.field(field);
    let stored = declared.computed.is_none() && !declared.read_only;
    let numeric = declared.scalar().is_some_and(ScalarType::is_number);
    let given = match row == first {
        true => designed::value(wish.given, field).is_some(),
        // Parts of a designed row are as designed as the row.
        false => !wish.given.is_empty(),
    };
    stored && numeric && !given && generator.world.rows[row].values.contains_key(&field.index)
}

/// The value moved by the difference of both sides, either way; and the least one that is allowed.
fn replacements(
    generator: &Generator,
    row: RowIndex,
    field: FieldId,
    left: (i128, u32),
    right: (i128, u32),
) -> Vec<Literal> {
    let row = &generator.world.rows[row];
    let entity = generator.model.entity(row.entity);
    let declared = generator.model.field(field);
    let (Some(scalar), Some(value)) = (declared.scalar(), row.values.get(&field.index)) else {
        return Vec::new();
    };
    let Some(own) = ordinal(value, scalar) else {
        return Vec::new();
    };
    let scale = match scalar {
        ScalarType::Decimal { scale, .. } => *scale,
        _ => 0,
    };
    let at_scale = |(units, from): (i128, u32)| match scale >= from {
        true => units.checked_mul(10_i128.checked_pow(scale - from)?),
        false => Some(units / 10_i128.checked_pow(from - scale)?),
    };
    let difference = at_scale(left)
        .zip(at_scale(right))
        .and_then(|(left, right)| i64::try_from(left.checked_sub(right)?).ok());
    let Some(difference) = difference else {
        return Vec::new();
    };
    let least = declared.min.as_ref().and_then(|min| ordinal(min, scalar));
    let subject = generator.subject(entity, declared);
    [
        own.checked_sub(difference),
        own.checked_add(difference),
        own.checked_sub(difference)
            .and_then(|value| value.checked_sub(1)),
        own.checked_add(difference)
            .and_then(|value| value.checked_add(1)),
        least,
    ]
    .into_iter()
    .flatten()
    .map(|units| match scalar {
        ScalarType::Decimal { scale, .. } => Literal::Decimal {
            units,
            scale: *scale,
        },
        _ => Literal::Int(units),
    })
    .filter(|value| {
        subject
            .as_ref()
            .is_some_and(|subject| values::accepts(subject, value))
    })
    .collect()
}

/// Both sides of each comparison of numbers in a condition, outside of macros.
fn comparisons(condition: &Expression) -> Vec<(&Expression, &Expression)> {
    match &condition.kind {
        ExpressionKind::Not(inner) => comparisons(inner),
        ExpressionKind::Binary {
            operator: BinaryOperator::And | BinaryOperator::Or,
            left,
            right,
        } => {
            let mut found = comparisons(left);
            found.extend(comparisons(right));
            found
        }
        ExpressionKind::Binary { left, right, .. } => vec![(left, right)],
        _ => Vec::new(),
    }
}
