//! Makes values up for the inputs of a named operation: like those of rows that they are compared with, or new ones.

use super::Wanted;
use crate::hints::{Hint, Hints};
use crate::oracle::Judge;
use crate::session::Session;
use crate::world::NUMBERED;
use archwright_evaluate::{RowRef, Value};
use archwright_plan::model::{
    EntityId, Expression, FieldId, IdType, InputField, InputKind, InputPlace, Literal, Move,
    ScalarType,
};
use archwright_seed::values::{Subject, accepts, distinct};
use std::collections::BTreeMap;

/// In milliseconds.
const DAY: i64 = 86_400_000;

/// Per cent of the values that may be those of another row, where that is refused.
const TAKEN: u32 = 12;
/// Values that are made up before it is said that none will do.
const TRIES: usize = 40;
/// Per cent of the items of a list that are the one before them once more.
const TWICE: u32 = 20;

/// Of the inputs in one place.
pub struct Proposer<'a> {
    pub place: InputPlace,
    pub hints: &'a Hints<'a>,
    pub actor: usize,
    pub wanted: &'a Wanted,
    /// The operation's name.
    pub of: &'a str,
}

impl Proposer<'_> {
    pub fn object(
        &mut self,
        session: &mut Session,
        fields: &[InputField],
        path: &mut Vec<String>,
    ) -> Option<Value> {
        let mut members = BTreeMap::new();
        for field in fields {
            path.push(field.name.clone());
            if self.is_given(session, field, path) {
                let value = match self.fixed(path) {
                    Some(value) => value,
                    None => self.value(session, field, &field.kind, path)?,
                };
                members.insert(field.name.clone(), value);
            }
            path.pop();
        }
        Some(Value::Object(members))
    }

    fn fixed(&self, path: &[String]) -> Option<Value> {
        let (place, wanted, value) = self.wanted.fixed.as_ref()?;
        (*place == self.place && wanted == path).then(|| value.clone())
    }

    fn is_given(&self, session: &mut Session, field: &InputField, path: &[String]) -> bool {
        let mut given = self.wanted.given.iter();
        if let Some((.., is_given)) = given.find(|(place, wanted, given)| {
            *place == self.place && (wanted == path || *given && wanted.starts_with(path))
        }) {
            return *is_given;
        }
        if let Some((place, wanted, _)) = &self.wanted.fixed
            && *place == self.place
            && wanted.starts_with(path)
        {
            return true;
        }
        if !field.optional && field.default.is_none() {
            return true;
        }
        self.wanted.all.unwrap_or_else(|| session.rng.chance(50))
    }

    fn value(
        &mut self,
        session: &mut Session,
        field: &InputField,
        kind: &InputKind,
        path: &mut Vec<String>,
    ) -> Option<Value> {
        match kind {
            InputKind::Object(fields) => self.object(session, fields, path),
            InputKind::Reference(target) => match &self.wanted.named {
                Some((place, wanted, row)) if *place == self.place && wanted == path => {
                    Some(Value::Row(row.clone()))
                }
                _ => session.reference(*target, self.actor).map(Value::Row),
            },
            InputKind::List(item) => {
                let mut items = Vec::new();
                for _ in 0..session.rng.below(4) {
                    let item = match items.last().cloned() {
                        Some(same) if session.rng.chance(TWICE) => same,
                        _ => self.value(session, field, item, path)?,
                    };
                    items.push(item);
                }
                Some(Value::List(items))
            }
            InputKind::Scalar(scalar) => {
                // An item is like a field of its own.
                let field = InputField {
                    kind: InputKind::Scalar(scalar.clone()),
                    ..field.clone()
                };
                self.scalar(session, &field, scalar, path)
            }
        }
    }

    fn scalar(
        &mut self,
        session: &mut Session,
        field: &InputField,
        scalar: &ScalarType,
        path: &[String],
    ) -> Option<Value> {
        let now = session.now();
        let subject = Subject::of_input(self.of, field, now)?;
        let mut known = self.hints.of(self.place, path);
        if !session.rng.chance(TAKEN) {
            known.retain(|hint| !matches!(hint, Hint::Taken(_)));
        }
        let hinted = !known.is_empty() && session.rng.chance(75);
        if hinted && let Some(value) = self.like(session, &known, scalar, path) {
            let literal = value.to_literal();
            let is_plain = self.place != InputPlace::Header
                || matches!(&value, Value::Text(text) if text.is_ascii() && text.trim() == text);
            if is_plain && literal.is_some_and(|literal| accepts(&subject, &literal)) {
                return Some(value);
            }
        }
        if let ScalarType::Int | ScalarType::BigInt = scalar
            && session.rng.chance(60)
        {
            let bounds = field.min.iter().chain(&field.max);
            let bounds = bounds.map(|bound| Value::of_scalar(bound, scalar));
            let mut numbers: Vec<Value> = bounds.collect();
            numbers.extend([-1, 0, 1, 2, 3].map(Value::Int));
            let number = numbers[session.rng.below(numbers.len())].clone();
            if number
                .to_literal()
                .is_some_and(|one| accepts(&subject, &one))
            {
                return Some(number);
            }
        }
        if let ScalarType::String { .. } | ScalarType::Slug | ScalarType::Text { .. } = scalar {
            session.counter += 1;
            let is_plain = matches!(scalar, ScalarType::Slug) || session.words.is_empty();
            let word = match is_plain || session.rng.chance(85) {
                true => "",
                false => session.words[session.rng.below(session.words.len())],
            };
            let text = format!("made-{}{word}", session.counter);
            let literal = Literal::Text(text.clone());
            if accepts(&subject, &literal) {
                return Some(Value::Text(text));
            }
        }
        // Around the value of a header, spaces are no part of it.
        let is_plain = |literal: &Literal| match literal {
            Literal::Text(text) => self.place != InputPlace::Header || text.trim() == text,
            _ => true,
        };
        let literals = (0..TRIES).map(|_| distinct(&subject, 8, &mut session.rng));
        let mut literals = literals.map_while(|literal| literal);
        let literal = literals.find(is_plain)?;
        Some(Value::of_scalar(&literal, scalar))
    }

    /// A value like one of the rows that the input is compared with.
    fn like(
        &self,
        session: &mut Session,
        known: &[Hint<'_>],
        scalar: &ScalarType,
        path: &[String],
    ) -> Option<Value> {
        let hint = &known[session.rng.below(known.len())];
        let value = match hint {
            Hint::Text(text) => Value::Text((*text).to_owned()),
            Hint::Found(field, filter, made) => {
                self.found(session, *field, (filter, *made), path)?
            }
            Hint::Field(field) | Hint::Taken(field) => {
                let row = one_of(session, field.entity)?;
                session.world.value(&row, *field)
            }
            Hint::Id(entity) => {
                let row = one_of(session, *entity)?;
                id_of(session, &row)?
            }
        };
        match value {
            Value::DateTime(instant) if *scalar == ScalarType::Date => {
                Some(Value::Date(instant.div_euclid(DAY)))
            }
            Value::Date(days) if *scalar == ScalarType::DateTime => {
                Some(Value::DateTime(days * DAY))
            }
            Value::Text(text)
                if matches!(scalar, ScalarType::String { .. } | ScalarType::Text { .. }) =>
            {
                Some(Value::Text(self.varied(session, text, known)))
            }
            Value::Null => None,
            value => Some(value),
        }
    }

    /// What names a row that a step would find.
    fn found(
        &self,
        session: &mut Session,
        field: FieldId,
        (filter, made): (&Expression, Option<&Move>),
        path: &[String],
    ) -> Option<Value> {
        let rows = match session.wishes.iter().any(|row| row.entity == field.entity) {
            true => session.wishes.clone(),
            false => session.world.of(field.entity).collect(),
        };
        let from = session.rng.below(rows.len().max(1));
        let judge = session.judge(self.actor);
        let mut rows = rows.iter().cycle().skip(from).take(rows.len());
        rows.find_map(|row| {
            let value = (row.entity == field.entity).then(|| session.world.value(row, field))?;
            let mut given = value.clone();
            for name in path.iter().rev() {
                given = Value::Object(BTreeMap::from([(name.clone(), given)]));
            }
            let judge = Judge {
                inputs: &[(self.place, given)],
                ..judge
            };
            let is_ready = made.is_none_or(|one| {
                let state = session.world.state(row).unwrap_or_default();
                let when = one.when.as_ref();
                one.from.contains(&state) && when.is_none_or(|when| judge.holds(when, row))
            });
            (is_ready && judge.holds(filter, row)).then_some(value)
        })
    }

    /// The text itself, or a part of it, or in another form.
    fn varied(&self, session: &mut Session, text: String, known: &[Hint<'_>]) -> String {
        if self.place == InputPlace::Path || session.rng.chance(55) {
            return text;
        }
        let part = 1 + session.rng.below(text.chars().count().max(1));
        match session.rng.below(5) {
            0 => text.chars().take(part).collect(),
            1 => text.chars().skip(part - 1).collect(),
            2 => text.to_uppercase(),
            3 => format!(" {text} "),
            _ => {
                let mut ends = known.iter().filter_map(|hint| match hint {
                    Hint::Text(text) => Some(*text),
                    Hint::Field(_) | Hint::Id(_) | Hint::Taken(_) | Hint::Found(..) => None,
                });
                format!("{text}{}", ends.next().unwrap_or(""))
            }
        }
    }
}

/// A row that is wished for, or one that the suite made, or any.
fn one_of(session: &mut Session, entity: EntityId) -> Option<RowRef> {
    let wished = session.wishes.iter().filter(|row| row.entity == entity);
    let wished: Vec<RowRef> = wished.cloned().collect();
    let mut rows = match wished.is_empty() || session.rng.chance(15) {
        true => session.made_rows(entity),
        false => wished,
    };
    if rows.is_empty() || session.rng.chance(10) {
        rows = session.world.of(entity).collect();
    }
    match rows.is_empty() {
        true => None,
        false => Some(rows.swap_remove(session.rng.below(rows.len()))),
    }
}

/// The id of a row, unless it was made on the way and no reply named it.
fn id_of(session: &Session, row: &RowRef) -> Option<Value> {
    let id = &session.world.named(row).id;
    match session.plan.model.entity(row.entity).id_type {
        IdType::Int => id.parse().ok().map(Value::Int),
        _ => (!id.starts_with(NUMBERED)).then(|| Value::Text(id.clone())),
    }
}
