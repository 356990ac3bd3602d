//! What a write must not leave: values beyond their fields, broken checks, keys that are taken.

use super::Refusal;
use super::judge::{Judge, Who};
use super::write::{missing, unique_faults};
use crate::world::World;
use archwright_evaluate::{RowRef, Value, compared};
use archwright_plan::model::{Field, Literal, ScalarType};

/// The numbers that JSON can tell apart.
const MOST_BIGINT: i64 = (1 << 53) - 1;

/// What the database itself refuses of a row, in its order; and whether that hangs on what nobody could read.
pub fn unkept(judge: &Judge, row: &RowRef) -> (Vec<Refusal>, bool) {
    let world = judge.world;
    let mut refusals = missing(world, row);
    refusals.extend(unfit(world, row));
    let (broken, hangs) = broken_by_itself(judge, row);
    refusals.extend(broken);
    refusals.extend(unique_faults(world, row));
    (refusals, hangs)
}

/// Checks that look at the row alone; and whether that hangs on what nobody could read.
pub fn broken_by_itself(judge: &Judge, row: &RowRef) -> (Vec<Refusal>, bool) {
    let checks = &judge.world.model().entity(row.entity).checks;
    judge.watching(|| {
        let own = checks.iter().filter(|check| check.own_row);
        let broken = own.filter(|check| !judge.holds(&check.that, row));
        broken.map(|check| of_check(&check.name)).collect()
    })
}

fn of_check(name: &str) -> Refusal {
    Refusal::new(422, "invalid", format!("the check {name}"))
}

/// Checks, of whatever rows, that look at other rows and that the writes since then broke; and whether that hangs on
/// what nobody could read.
pub fn broken_since(
    before: Option<&World>,
    world: &World,
    who: &Who,
    now: i64,
) -> (Vec<Refusal>, bool) {
    let Some(before) = before else {
        return (Vec::new(), false);
    };
    let judge = Judge::new(world, who, now);
    judge.watching(|| {
        let noticing = world.watches.noticing(world, before).into_iter();
        let broken = noticing.filter(|(row, check)| !judge.holds(&check.that, row));
        broken.map(|(_, check)| of_check(&check.name)).collect()
    })
}

/// Values that their columns don't take.
pub fn unfit(world: &World, row: &RowRef) -> Vec<Refusal> {
    let Some(found) = world.get(row) else {
        return Vec::new();
    };
    let fields = world.model().entity(row.entity).fields.iter();
    let unfit = fields.filter(|field| {
        let value = found.values.get(&field.id.index);
        value.is_some_and(|value| !fits(field, value))
    });
    unfit
        .map(|field| {
            let rule = format!("the values of {}", field.name);
            let pointer = format!("/{}", world.model().json_name(field.id));
            Refusal::new(422, "invalid", rule).at(pointer)
        })
        .collect()
}

fn fits(field: &Field, value: &Value) -> bool {
    let Some(scalar) = field.scalar().filter(|_| !field.sensitive) else {
        return true;
    };
    let within = |bound: &Option<Literal>, is: fn(std::cmp::Ordering) -> bool| {
        bound.as_ref().is_none_or(|bound| {
            let order = compared(value, &Value::of_scalar(bound, scalar));
            order.ok().flatten().is_none_or(is)
        })
    };
    of_type(scalar, value)
        && within(&field.min, std::cmp::Ordering::is_ge)
        && within(&field.max, std::cmp::Ordering::is_le)
}

fn of_type(scalar: &ScalarType, value: &Value) -> bool {
    match (scalar, value) {
        (ScalarType::Int, Value::Int(number)) => i32::try_from(*number).is_ok(),
        (ScalarType::BigInt, Value::Int(number)) => number.unsigned_abs() <= MOST_BIGINT as u64,
        (ScalarType::Decimal { precision, .. }, Value::Decimal { units, .. }) => {
            let most = 10_u128.checked_pow(*precision);
            most.is_none_or(|most| units.unsigned_abs() < most)
        }
        (ScalarType::String { min, max } | ScalarType::Text { min, max }, Value::Text(text)) => {
            (*min..=*max).contains(&(text.chars().count() as u32))
        }
        (ScalarType::Slug, Value::Text(text)) => {
            let is_plain =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            (1..=100).contains(&text.len()) && text.bytes().all(is_plain)
        }
        (ScalarType::Phone, Value::Text(text)) => {
            let digits = text.strip_prefix('+').unwrap_or("");
            (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
        }
        (ScalarType::Enum { values }, Value::Text(text)) => values.contains(text),
        _ => true,
    }
}
