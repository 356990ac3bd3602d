//! Bodies that may be accepted: values within the limits of their fields, references to rows that the caller sees.

mod suit;

use crate::oracle::{Body, Given, Part};
use crate::session::Session;
use archwright_evaluate::{RowRef, Value};
use archwright_plan::model::{EntityId, FieldId, InputField, InputKind as MoveInput, ScalarType};
use archwright_plan::{Input, InputKind};
use archwright_seed::values::{Subject, accepts, distinct};

const SECOND: i64 = 1_000;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 86_400_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Required fields alone.
    Least,
    /// All that the caller may set.
    Whole,
    /// Some optional fields, odd and equal numbers.
    Varied,
    /// One or two fields, for patches.
    Few,
}

impl Session<'_> {
    /// A body; absent when a required reference finds no row.
    pub fn propose(
        &mut self,
        inputs: &[Input],
        actor: usize,
        fixed: &Body,
        style: Style,
    ) -> Option<Body> {
        if self.is_tired() {
            return None;
        }
        let mut body = Body::default();
        for input in inputs {
            if let Some(given) = fixed.get(input.field) {
                body.set(input.field, given.clone());
                continue;
            }
            if !self.wanted(input, actor, style, inputs.len()) {
                continue;
            }
            match self.given(input, actor, &body, style) {
                Some(given) => body.set(input.field, given),
                None if input.required => return None,
                None => {}
            }
        }
        let percent = match style {
            Style::Least | Style::Whole => 90,
            Style::Varied | Style::Few => 50,
        };
        self.suit(actor, fixed, &mut body, percent);
        Some(body)
    }

    fn wanted(&mut self, input: &Input, actor: usize, style: Style, count: usize) -> bool {
        let judge = self.judge(actor);
        if !input.settable.is_empty() && !input.settable.iter().any(|one| judge.is_of(one.caller)) {
            return false;
        }
        if input.required {
            return true;
        }
        if !self.focus.is_empty() && style != Style::Whole && style != Style::Least {
            let percent = if self.focus.contains(&input.field) {
                85
            } else {
                15
            };
            return self.rng.chance(percent);
        }
        match style {
            Style::Least => false,
            Style::Whole => true,
            Style::Varied => self.rng.chance(60),
            Style::Few => self.rng.below(count.max(1)) < 2,
        }
    }

    fn given(&mut self, input: &Input, actor: usize, body: &Body, style: Style) -> Option<Given> {
        match &input.kind {
            InputKind::Scalar if style != Style::Whole && input.nullable && self.rng.chance(8) => {
                Some(Given::Value(Value::Null))
            }
            InputKind::Scalar => self.value(input.field, body, style).map(Given::Value),
            InputKind::Reference(_) if self.pins.contains_key(&input.field) => {
                self.pins.get(&input.field).cloned().map(Given::Row)
            }
            InputKind::Reference(target) if self.joins(input.field, actor) => {
                self.any(*target).map(Given::Row)
            }
            InputKind::Reference(target) => self.reference(*target, actor).map(Given::Row),
            InputKind::References(target) => {
                let count = match style {
                    Style::Whole => 1,
                    _ => self.rng.below(3),
                };
                let mut rows: Vec<RowRef> = (0..count)
                    .filter_map(|_| self.reference(*target, actor))
                    .collect();
                rows.sort();
                rows.dedup();
                Some(Given::Rows(rows))
            }
            InputKind::Parts { create, .. } => self.parts(create, actor, style),
        }
    }

    fn parts(&mut self, create: &[Input], actor: usize, style: Style) -> Option<Given> {
        let count = match style {
            Style::Whole => 1 + self.rng.below(2),
            _ if !self.sizes.is_empty() && self.rng.chance(20) => {
                self.sizes[self.rng.below(self.sizes.len())]
            }
            _ => self.rng.below(4),
        };
        let same_rows = self.rng.chance(50);
        let opposite = self.rng.chance(50);
        let mut parts: Vec<Part> = Vec::new();
        for index in 0..count {
            let mut body = self.propose(create, actor, &Body::default(), style)?;
            if let (Some(first), true) = (parts.first(), index > 0) {
                for (field, given) in &first.body.0 {
                    match given {
                        Given::Row(_) if same_rows => body.set(*field, given.clone()),
                        Given::Value(value) if opposite && index == 1 && count == 2 => {
                            if let Some(value) = self.negated(*field, value) {
                                body.set(*field, Given::Value(value));
                            }
                        }
                        _ => {}
                    }
                }
            }
            parts.push(Part { row: None, body });
        }
        Some(Given::Parts(parts))
    }

    fn negated(&self, field: FieldId, value: &Value) -> Option<Value> {
        let negated = match value {
            Value::Decimal { units, scale } => Value::Decimal {
                units: -units,
                scale: *scale,
            },
            Value::Int(value) => Value::Int(-value),
            _ => return None,
        };
        self.accepts(field, &negated).then_some(negated)
    }

    /// Whoever signs up names a tenant that they can't read yet.
    fn joins(&self, field: FieldId, actor: usize) -> bool {
        actor == crate::session::ANONYMOUS
            && self.plan.model.entity(field.entity).tenant == Some(field)
    }

    pub fn any(&mut self, entity: EntityId) -> Option<RowRef> {
        let rows: Vec<RowRef> = self.world.of(entity).collect();
        match rows.is_empty() {
            true => None,
            false => Some(rows[self.rng.below(rows.len())].clone()),
        }
    }

    /// A row that the caller may refer to, one of the suite's own rather than another.
    pub fn reference(&mut self, target: EntityId, actor: usize) -> Option<RowRef> {
        let rows: Vec<(&str, bool)> = self
            .world
            .entries(target)
            .map(|(id, row)| (id, row.made))
            .collect();
        let made: Vec<(&str, bool)> = rows.iter().copied().filter(|(_, made)| *made).collect();
        let at = |id: &str| RowRef {
            entity: target,
            id: id.to_owned(),
        };
        for tries in 0..12 {
            let among = if tries < 8 && !made.is_empty() {
                &made
            } else {
                &rows
            };
            if among.is_empty() {
                return None;
            }
            let row = at(among[self.rng.below(among.len())].0);
            if self.judge(actor).may_read(&row) {
                return Some(row);
            }
        }
        let judge = self.judge(actor);
        let mut rows = rows.into_iter().map(|(id, _)| at(id));
        rows.find(|row| judge.may_read(row))
    }

    pub fn accepts(&self, field: FieldId, value: &Value) -> bool {
        let definition = self.plan.model.field(field);
        let entity = self.plan.model.entity(field.entity);
        let subject = Subject::of_field(entity, definition, false, self.now());
        let literal = value.to_literal();
        subject
            .zip(literal)
            .is_some_and(|(subject, literal)| accepts(&subject, &literal))
    }

    /// A value for a field: usually plausible, sometimes at a bound or like that of another field.
    pub fn value(&mut self, field: FieldId, body: &Body, style: Style) -> Option<Value> {
        let definition = self.plan.model.field(field);
        let scalar = definition.scalar()?;
        let entity = self.plan.model.entity(field.entity);
        let odd = style == Style::Varied || style == Style::Few;
        if odd
            && self.rng.chance(40)
            && let Some(value) = self.neighbour(field, scalar, body)
        {
            return Some(value);
        }
        let is_account = self
            .plan
            .model
            .account
            .as_ref()
            .is_some_and(|account| account.entity == field.entity);
        let now = self.now();
        let subject = Subject::of_field(entity, definition, is_account, now)?;
        let keyed = entity.unique.iter().any(|key| key.fields.contains(&field));
        let attempt = if keyed || definition.slug_from.is_some() || self.makes_slug(field) {
            8
        } else {
            0
        };
        let literal = distinct(&subject, attempt, &mut self.rng)?;
        let value = Value::of_scalar(&literal, scalar);
        Some(match (value, scalar) {
            (Value::Text(text), ScalarType::Email) => Value::Text(text.to_lowercase()),
            (value, _) => value,
        })
    }

    fn makes_slug(&self, field: FieldId) -> bool {
        let fields = &self.plan.model.entity(field.entity).fields;
        fields.iter().any(|other| other.slug_from == Some(field))
    }

    /// A bound of the field, or what another number or date of the body says.
    fn neighbour(&mut self, field: FieldId, scalar: &ScalarType, body: &Body) -> Option<Value> {
        let definition = self.plan.model.field(field);
        let mut values: Vec<Value> = Vec::new();
        let bounds = definition.min.iter().chain(&definition.max);
        values.extend(bounds.map(|bound| crate::world::literal(bound, &self.plan.model, field)));
        let zero = match scalar {
            ScalarType::Int | ScalarType::BigInt => Some(Value::Int(0)),
            ScalarType::Decimal { scale, .. } => Some(Value::Decimal {
                units: 0,
                scale: *scale,
            }),
            _ => None,
        };
        values.extend(zero);
        if let ScalarType::Int | ScalarType::BigInt = scalar {
            values.push(Value::Int(1 + self.rng.below(20) as i64));
        }
        values.extend(self.hints.iter().cloned());
        let today = Value::Date(self.now().div_euclid(DAY));
        values.extend([-1, 0, 1].iter().filter_map(|days| shifted(&today, *days)));
        if *scalar == ScalarType::DateTime {
            let now = self.now().div_euclid(SECOND) * SECOND;
            values.extend([-DAY, HOUR, DAY, 30 * DAY].map(|by| Value::DateTime(now + by)));
        }
        for (_, given) in &body.0 {
            if let Given::Value(value) = given {
                values.push(value.clone());
                values.extend(shifted(value, 1));
                values.extend(shifted(value, -1));
            }
            if let Given::Row(row) = given {
                values.extend(self.numbers_of(row));
            }
        }
        values.retain(|value| is_of(value, scalar) && self.accepts(field, value));
        match values.is_empty() {
            true => None,
            false => Some(values[self.rng.below(values.len())].clone()),
        }
    }

    /// Numbers and dates of a row, so that limits that it sets are met exactly.
    fn numbers_of(&self, row: &RowRef) -> Vec<Value> {
        let Some(known) = self.world.get(row) else {
            return Vec::new();
        };
        let number = |value: &&Value| {
            matches!(
                value,
                Value::Int(_) | Value::Decimal { .. } | Value::Date(_)
            )
        };
        known.values.values().filter(number).cloned().collect()
    }

    /// Input of a move.
    pub fn move_input(
        &mut self,
        entity: EntityId,
        fields: &[InputField],
        actor: usize,
    ) -> Option<Vec<(String, Given)>> {
        let mut given = Vec::new();
        for field in fields {
            let required = !field.optional && field.default.is_none();
            if !required && self.rng.chance(30) {
                continue;
            }
            let of = &self.plan.model.entity(entity).singular;
            let now = self.now();
            let value = match &field.kind {
                MoveInput::Scalar(scalar) => {
                    let subject = Subject::of_input(of, field, now)?;
                    let literal = distinct(&subject, 0, &mut self.rng)?;
                    Given::Value(Value::of_scalar(&literal, scalar))
                }
                MoveInput::Reference(target) => Given::Row(self.reference(*target, actor)?),
                MoveInput::List(_) | MoveInput::Object(_) => return None,
            };
            given.push((field.name.clone(), value));
        }
        Some(given)
    }
}

/// Whether a number or a date is of the type.
fn is_of(value: &Value, scalar: &ScalarType) -> bool {
    match (value, scalar) {
        (Value::Int(_), ScalarType::Int | ScalarType::BigInt) => true,
        (Value::Decimal { scale: own, .. }, ScalarType::Decimal { scale, .. }) => own == scale,
        (Value::Date(_), ScalarType::Date) => true,
        (Value::DateTime(_), ScalarType::DateTime) => true,
        _ => false,
    }
}

/// The value one unit further.
pub fn shifted(value: &Value, by: i64) -> Option<Value> {
    Some(match value {
        Value::Int(value) => Value::Int(value.checked_add(by)?),
        Value::Decimal { units, scale } => Value::Decimal {
            units: units.checked_add(i128::from(by))?,
            scale: *scale,
        },
        Value::Date(days) => Value::Date(days.checked_add(by)?),
        Value::DateTime(instant) => Value::DateTime(instant.checked_add(by)?),
        _ => return None,
    })
}
