//! Which rows a list has to answer with, in which order.

use super::Judge;
use crate::world::World;
use archwright_evaluate::{RowRef, Value, compared as order, same};
use archwright_plan::model::{FieldId, FieldKind, IdType};
use archwright_plan::{FilterOperator, Operation};
use std::cmp::Ordering;

/// What a list is asked.
#[derive(Clone, Debug, Default)]
pub struct Question {
    pub filters: Vec<(FieldId, FilterOperator, Vec<Value>)>,
    /// Field, and whether the order is descending.
    pub sort: Option<(FieldId, bool)>,
    pub words: Option<String>,
}

/// Everything that the caller gets, on all pages together.
pub fn answer(judge: &Judge, operation: &Operation, question: &Question) -> Vec<RowRef> {
    let Some(entity) = operation.entity else {
        return Vec::new();
    };
    let mut rows: Vec<RowRef> = judge
        .world
        .of(entity)
        .filter(|row| judge.passes(&operation.guard, row))
        .filter(|row| {
            question
                .filters
                .iter()
                .all(|filter| filtered(judge, row, filter))
        })
        .filter(|row| {
            question
                .words
                .as_ref()
                .is_none_or(|words| found(judge, row, words))
        })
        .collect();
    rows.sort_by(|left, right| ordered(judge, question.sort, left, right));
    rows
}

/// Whether a row passes a filter. One on a field or by a row that the caller does not see finds nothing.
pub fn filtered(
    judge: &Judge,
    row: &RowRef,
    filter: &(FieldId, FilterOperator, Vec<Value>),
) -> bool {
    let (field, operator, values) = filter;
    if !judge.sees_field(row, *field) {
        return false;
    }
    if let FieldKind::ToMany(_) = judge.world.model().field(*field).kind {
        let rows = judge.world.many(row, *field);
        return values
            .iter()
            .any(|value| matches!(value, Value::Row(target) if rows.contains(target) && judge.may_read(target)));
    }
    let own = judge.world.value(row, *field);
    match operator {
        FilterOperator::Null => {
            Value::Bool(own.is_null()) == *values.first().unwrap_or(&Value::Null)
        }
        FilterOperator::In => values
            .iter()
            .any(|value| compared(&own, FilterOperator::Equal, value)),
        _ => values
            .first()
            .is_some_and(|value| compared(&own, *operator, value)),
    }
}

/// A stored value beside the value of a filter.
pub fn compared(own: &Value, operator: FilterOperator, value: &Value) -> bool {
    let is = |wanted: fn(Ordering) -> bool| order(own, value).ok().flatten().is_some_and(wanted);
    match operator {
        FilterOperator::Equal => same(own, value).unwrap_or(false),
        FilterOperator::NotEqual => !same(own, value).unwrap_or(false),
        FilterOperator::Less => is(Ordering::is_lt),
        FilterOperator::LessOrEqual => is(Ordering::is_le),
        FilterOperator::Greater => is(Ordering::is_gt),
        FilterOperator::GreaterOrEqual => is(Ordering::is_ge),
        FilterOperator::In | FilterOperator::Null => false,
    }
}

/// By the sorted field, missing values first, then by id; without a sort the newest first.
pub fn ordered(
    judge: &Judge,
    sort: Option<(FieldId, bool)>,
    left: &RowRef,
    right: &RowRef,
) -> Ordering {
    let Some((field, descending)) = sort else {
        return by_id(judge.world, right, left);
    };
    let value = |row: &RowRef| match judge.sees_field(row, field) {
        true => judge.world.value(row, field),
        false => Value::Null,
    };
    let (first, second) = (value(left), value(right));
    let ascending = match (first.is_null(), second.is_null()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => order(&first, &second)
            .ok()
            .flatten()
            .unwrap_or(Ordering::Equal),
    };
    let ascending = ascending.then_with(|| by_id(judge.world, left, right));
    match descending {
        true => ascending.reverse(),
        false => ascending,
    }
}

pub fn by_id(world: &World, left: &RowRef, right: &RowRef) -> Ordering {
    match world.model().entity(left.entity).id_type {
        IdType::Int => {
            let number = |row: &RowRef| row.id.parse::<i64>().unwrap_or_default();
            number(left).cmp(&number(right))
        }
        IdType::Uuid => left.id.cmp(&right.id),
    }
}

/// Whether all words are the beginning of a word in one of the searchable fields that the caller always sees.
fn found(judge: &Judge, row: &RowRef, words: &str) -> bool {
    let entity = judge.world.model().entity(row.entity);
    let texts: Vec<String> = entity
        .fields
        .iter()
        .filter(|field| field.search && always_shown(judge, field.id))
        .filter_map(|field| match judge.world.value(row, field.id) {
            Value::Text(text) => Some(text.to_lowercase()),
            _ => None,
        })
        .collect();
    let has = |word: &str| {
        let mut own = texts.iter().flat_map(|text| split(text));
        own.any(|own| own.starts_with(word))
    };
    split(&words.to_lowercase()).all(has)
}

fn split(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|character: char| !character.is_alphanumeric());
    words.filter(|word| !word.is_empty())
}

fn always_shown(judge: &Judge, field: FieldId) -> bool {
    use archwright_plan::OutputSource;
    let outputs = &judge.world.plan.resource(field.entity).output;
    let output = outputs
        .iter()
        .find(|output| output.source == OutputSource::Field(field));
    output.is_some_and(|output| {
        let open = output.visible.iter();
        output.visible.is_empty()
            || open
                .filter(|one| judge.is_of(one.caller))
                .any(|one| one.when.is_none())
    })
}
