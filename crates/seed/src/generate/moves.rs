//! Brings rows from their initial state to others, as the moves of the design would.

use super::Generator;
use crate::judge::{self, Scope};
use crate::values::{self, Subject};
use crate::world::{Row, RowIndex};
use archwright_evaluate::Value;
use archwright_plan::model::calendar::{instant_from_text, instant_to_text};
use archwright_plan::model::{
    EntityId, FieldId, InputField, InputKind, InputPlace, Literal, Move, Origin, ScalarType,
    StateMachine,
};
use archwright_plan::{Alternative, OperationKind};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

impl<'p> Generator<'p> {
    /// The states that moves can lead to, in the design's order.
    pub(super) fn states(&self, entity: EntityId) -> Vec<String> {
        let Some(machine) = &self.model.entity(entity).state else {
            return Vec::new();
        };
        let Some(ScalarType::Enum { values }) = self.model.field(machine.field).scalar() else {
            return Vec::new();
        };
        values
            .iter()
            .filter(|state| {
                let way = || path(machine, &machine.initial, state, &BTreeSet::new());
                **state == machine.initial || way().is_some()
            })
            .cloned()
            .collect()
    }

    /// Makes moves until the row is in that state; false when it got stuck on the way.
    pub(super) fn advance(&mut self, row: RowIndex, goal: &str) -> bool {
        let entity = self.world.rows[row].entity;
        let Some(machine) = &self.model.entity(entity).state else {
            return true;
        };
        let mut failed = BTreeSet::new();
        loop {
            let Some(state) = self.world.rows[row].text(machine.field).map(str::to_owned) else {
                return false;
            };
            if state == goal {
                return true;
            }
            let Some(next) = path(machine, &state, goal, &failed) else {
                return false;
            };
            if !self.make_move(row, machine, next) {
                failed.insert(next);
            }
        }
    }

    fn make_move(&mut self, row: RowIndex, machine: &'p StateMachine, index: usize) -> bool {
        let made = &machine.moves[index];
        let now_ms = self.next_instant(row);
        let Some(caller) = self.mover(row, index, now_ms) else {
            return false;
        };
        let Some(input) = self.input(row, &made.input) else {
            return false;
        };
        let scope = Scope {
            this: Some(row),
            caller,
            now_ms,
            inputs: &[(InputPlace::Move, Value::Object(input))],
        };
        let may = |condition| judge::holds(&self.world, condition, &scope);
        if !made.when.as_ref().is_none_or(may) {
            return false;
        }
        let before = self.world.rows[row].clone();
        let changes = self.changes(made, &scope, now_ms);
        self.world
            .set(row, machine.field, Some(Literal::Text(made.to.clone())));
        for (field, value) in changes {
            self.world.set(row, field, value);
        }
        if self.broken_check(row).is_none()
            && !self.world.repeats_a_key(row)
            && self.complete_row(row)
        {
            return true;
        }
        self.restore(row, &before);
        false
    }

    /// What the move sets, judged on the row as it was, and the time of the change.
    fn changes(
        &self,
        made: &Move,
        scope: &Scope<'_>,
        now_ms: i64,
    ) -> Vec<(FieldId, Option<Literal>)> {
        let mut changes: Vec<(FieldId, Option<Literal>)> = made
            .set
            .iter()
            .map(|(field, expression)| {
                let target = self.model.field(*field);
                (
                    *field,
                    judge::literal_for(&self.world, expression, scope, target),
                )
            })
            .collect();
        let entity = scope.this.map(|row| self.world.rows[row].entity);
        let fields = entity.map(|entity| &self.model.entity(entity).fields);
        let updated = fields.and_then(|fields| {
            fields
                .iter()
                .find(|field| field.origin == Origin::Implied && field.name == "updated_at")
        });
        if let Some(updated) = updated {
            changes.push((updated.id, Some(Literal::Text(instant_to_text(now_ms)))));
        }
        changes
    }

    fn complete_row(&self, row: RowIndex) -> bool {
        let row = &self.world.rows[row];
        self.model.entity(row.entity).fields.iter().all(|field| {
            let stored = field.to_many().is_none() && field.computed.is_none();
            field.optional || !stored || row.values.contains_key(&field.id.index)
        })
    }

    fn restore(&mut self, row: RowIndex, before: &Row) {
        let entity = before.entity;
        for index in 0..self.model.entity(entity).fields.len() {
            let field = FieldId { entity, index };
            if self.world.rows[row].values.get(&index) != before.values.get(&index) {
                self.world
                    .set(row, field, before.values.get(&index).cloned());
            }
        }
    }

    /// Half of the time that is left since the last change.
    fn next_instant(&self, row: RowIndex) -> i64 {
        let own = &self.world.rows[row];
        let entity = self.model.entity(own.entity);
        let updated = entity
            .fields
            .iter()
            .filter(|field| field.origin == Origin::Implied)
            .filter_map(|field| own.text(field.id))
            .filter_map(instant_from_text)
            .max();
        let since = updated.unwrap_or(own.created_ms);
        since + (self.options.now_ms - since) / 4
    }

    /// Who makes the move; the outer absence means that nobody may.
    fn mover(&self, row: RowIndex, index: usize, now_ms: i64) -> Option<Option<RowIndex>> {
        let entity = self.world.rows[row].entity;
        let operation = self.plan.operations.iter().find(|operation| {
            operation.kind == OperationKind::Move(index) && operation.entity == Some(entity)
        })?;
        // What the move leaves is judged by the checks; `after` would need the row as it is not yet.
        let guard: Vec<Alternative> = operation
            .guard
            .iter()
            .map(|alternative| Alternative {
                after: None,
                ..alternative.clone()
            })
            .collect();
        self.allowed(row, &guard, now_ms)
    }

    fn input(&mut self, row: RowIndex, fields: &[InputField]) -> Option<BTreeMap<String, Value>> {
        let mut input = BTreeMap::new();
        for field in fields {
            if field.optional && self.rng.chance(40) {
                continue;
            }
            match self.input_value(row, field) {
                Some(value) => drop(input.insert(field.name.clone(), value)),
                None if field.optional => {}
                None => return None,
            }
        }
        Some(input)
    }

    fn input_value(&mut self, row: RowIndex, field: &InputField) -> Option<Value> {
        let of = &self.model.entity(self.world.rows[row].entity).singular;
        match &field.kind {
            InputKind::Scalar(scalar) => {
                let subject = Subject::of_input(of, field, self.options.now_ms)?;
                let value = values::valid(&subject, &mut self.rng)?;
                Some(Value::of_scalar(&value, scalar))
            }
            InputKind::Reference(target) => {
                let tenant = self.world.rows[row].tenant.clone();
                let id = self.some_ids(tenant.as_deref(), *target, 1).pop()?;
                let row = self.world.find(*target, &id)?;
                Some(Value::Row(judge::reference(&self.world.rows[row])))
            }
            InputKind::List(kind) => {
                let item = InputField {
                    kind: (**kind).clone(),
                    ..field.clone()
                };
                Some(Value::List(
                    self.input_value(row, &item).into_iter().collect(),
                ))
            }
            InputKind::Object(fields) => self.input(row, fields).map(Value::Object),
        }
    }
}

/// The first move of a shortest way from one state to another state that avoids some moves; absent when there is none.
fn path(machine: &StateMachine, from: &str, to: &str, avoid: &BTreeSet<usize>) -> Option<usize> {
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    let mut queue = VecDeque::from([from]);
    while let Some(state) = queue.pop_front() {
        for (index, made) in machine.moves.iter().enumerate() {
            let starts = made.from.iter().any(|from| from == state);
            let known = made.to == from || first.contains_key(made.to.as_str());
            if !starts || known || avoid.contains(&index) {
                continue;
            }
            let start = first.get(state).copied().unwrap_or(index);
            if made.to == to {
                return Some(start);
            }
            first.insert(&made.to, start);
            queue.push_back(&made.to);
        }
    }
    None
}
