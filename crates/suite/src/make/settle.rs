//! Rows for which a condition holds: found, made, or changed until it does.

use super::{Condition, TRIES, Want, unless_failed};
use crate::oracle::{Body, Given};
use crate::propose::Style;
use crate::seek::any_step;
use crate::session::{Outcome, Session, Trouble, skip, unreached};
use archwright_evaluate::{RowRef, Value};
use archwright_plan::model::{EntityId, FieldId, RoleId, StepKind, ToManyKind};
use archwright_plan::{Operation, OperationKind};

impl<'p> Session<'p> {
    /// Changes a row, or what belongs to it, until a condition holds.
    pub fn settle(&mut self, row: &RowRef, condition: Condition<'_, 'p>) -> Outcome<()> {
        self.prepare(|session| session.settled(row, condition))
    }

    fn settled(&mut self, row: &RowRef, condition: Condition<'_, 'p>) -> Outcome<()> {
        if condition(self, row) {
            return Ok(());
        }
        if let Some((actor, operation, body)) = self.search_update(row, condition) {
            self.update(actor, operation, row, &body)?;
            return Ok(());
        }
        for other in self.referred_rows(row) {
            self.hints = self.numbers_that_meet(row, &other);
            let found = self.search_update_for(&other, row, condition);
            self.hints.clear();
            if let Some((actor, operation, body)) = found {
                self.update(actor, operation, &other, &body)?;
                return Ok(());
            }
        }
        for (entity, field) in self.children(row.entity) {
            for _ in 0..2 {
                let mut want = Want::default();
                want.fixed.set(field, Given::Row(row.clone()));
                match self.make(entity, &want) {
                    Err(Trouble::Failed(failure)) => return Err(Trouble::Failed(failure)),
                    Err(Trouble::Skipped(_) | Trouble::Unreached(_)) => break,
                    Ok(_) if condition(self, row) => return Ok(()),
                    Ok(_) => {}
                }
            }
        }
        match self
            .settle_by_call(&|session| session.world.is_there(row) && condition(session, row))?
        {
            true => Ok(()),
            false => unreached("no change of the row is found that the case needs"),
        }
    }

    /// Numbers for the fields of one row with which its computed numbers would be just those of another row or of its
    /// parts, as far as they follow the field one by one.
    fn numbers_that_meet(&self, row: &RowRef, other: &RowRef) -> Vec<Value> {
        let judge = self.judge(0);
        let int = |value: &Value| match value {
            Value::Int(value) => Some(*value),
            _ => None,
        };
        let ints = |row: &RowRef, is_computed: bool| -> Vec<i64> {
            let fields = self.plan.model.entity(row.entity).fields.iter();
            fields
                .filter(|field| field.scalar().is_some() && field.computed.is_some() == is_computed)
                .filter_map(|field| int(&judge.field(row, field.id)))
                .collect()
        };
        let wanted = self.world.snapshot(row).into_iter();
        let wanted: Vec<i64> = wanted.flat_map(|(row, _)| ints(&row, false)).collect();
        let (stored, computed) = (ints(other, false), ints(other, true));
        let mut numbers = Vec::new();
        for (stored, computed) in stored
            .iter()
            .flat_map(|one| computed.iter().map(move |two| (one, two)))
        {
            numbers.extend(
                wanted
                    .iter()
                    .map(|wanted| Value::Int(stored + wanted - computed)),
            );
        }
        numbers
    }

    /// Rows that this one or its parts refer to.
    fn referred_rows(&self, row: &RowRef) -> Vec<RowRef> {
        let mut found: Vec<RowRef> = Vec::new();
        for (at, known) in self.world.snapshot(row) {
            let whole = self
                .plan
                .model
                .entity(at.entity)
                .part_of
                .map(|part| part.back.index);
            for (index, value) in &known.values {
                match value {
                    Value::Row(other) if Some(*index) != whole && !found.contains(other) => {
                        found.push(other.clone());
                    }
                    _ => {}
                }
            }
        }
        found
    }

    /// Entities whose rows are created with a reference to rows of this one.
    fn children(&self, entity: EntityId) -> Vec<(EntityId, FieldId)> {
        let fields = self.plan.model.entity(entity).fields.iter();
        fields
            .filter_map(|field| match field.to_many()?.kind {
                ToManyKind::Inverse { by } => Some((by.entity, by)),
                ToManyKind::Through { entity, near, .. } => Some((entity, near)),
                _ => None,
            })
            .filter(|(child, _)| self.operation(*child, OperationKind::Create).is_some())
            .collect()
    }

    /// A patch that leaves the row as it is wanted.
    pub fn search_update(
        &mut self,
        row: &RowRef,
        condition: Condition<'_, 'p>,
    ) -> Option<(usize, &'p Operation, Body)> {
        self.search_update_for(row, row, condition)
    }

    /// A patch of one row that leaves another as it is wanted.
    fn search_update_for(
        &mut self,
        row: &RowRef,
        of: &RowRef,
        condition: Condition<'_, 'p>,
    ) -> Option<(usize, &'p Operation, Body)> {
        let operation = self.operation(row.entity, OperationKind::Update)?;
        let inputs = &self.plan.resource(row.entity).update;
        for actor in 0..self.actors.len() {
            if self.judge(actor).admit_to(operation, row).is_some() {
                continue;
            }
            for attempt in 0..TRIES / 2 {
                let style = if attempt % 2 == 0 {
                    Style::Few
                } else {
                    Style::Varied
                };
                let body = self.propose(inputs, actor, &Body::default(), style)?;
                let good =
                    self.imagine_update(actor, operation, row, &body, |session, refusals| {
                        refusals.is_empty() && condition(session, of)
                    });
                if good {
                    return Some((actor, operation, body));
                }
            }
        }
        None
    }

    /// A row for which a condition holds: one that is there, a new one, or one that is brought to it.
    pub fn seek(&mut self, entity: EntityId, condition: Condition<'_, 'p>) -> Outcome<RowRef> {
        self.prepare(|session| session.sought(entity, condition))
    }

    fn sought(&mut self, entity: EntityId, condition: Condition<'_, 'p>) -> Outcome<RowRef> {
        let rows: Vec<RowRef> = self.world.of(entity).collect();
        let made = |row: &&RowRef| self.world.get(row).is_some_and(|row| row.made);
        let (own, others): (Vec<&RowRef>, Vec<&RowRef>) = rows.iter().partition(made);
        if let Some(row) = own
            .into_iter()
            .chain(others)
            .find(|row| condition(self, row))
        {
            return Ok(row.clone());
        }
        let quick = Want {
            is_quick: true,
            ..Want::default()
        };
        if let Some(row) = unless_failed(self.make_with(entity, &quick, condition))? {
            return Ok(row);
        }
        let states = self.states(entity).into_iter();
        let wants: Vec<Want> = states
            .map(|state| Want {
                state,
                ..Want::default()
            })
            .collect();
        let mut rows: Vec<RowRef> = Vec::new();
        for want in &wants {
            rows.extend(unless_failed(self.make(entity, want))?);
            if let Some(row) = rows.last().filter(|row| condition(self, row)) {
                return Ok(row.clone());
            }
        }
        for row in rows {
            if unless_failed(self.settle(&row, condition))?.is_some() {
                return Ok(row);
            }
        }
        for want in &wants {
            for row in self.make_by_others(entity, want)? {
                if unless_failed(self.settle(&row, condition))?.is_some() {
                    return Ok(row);
                }
            }
        }
        match self.is_makeable(entity) {
            true => unreached("no row is found that the case needs"),
            false => skip(format!(
                "nobody can create a row of {} over the API",
                self.plan.model.entity(entity).name
            )),
        }
    }

    /// Whether anything at all makes rows of the entity.
    pub fn is_makeable(&self, entity: EntityId) -> bool {
        let definition = self.plan.model.entity(entity);
        if let Some(part) = definition.part_of {
            return self.is_makeable(part.whole);
        }
        let kinds = [OperationKind::Create, OperationKind::SignUp];
        let mut kinds = kinds.into_iter();
        let makes = |kind: &StepKind| match kind {
            StepKind::Create { entity: of, .. }
            | StepKind::Upsert { entity: of, .. }
            | StepKind::GetOrCreate { entity: of, .. } => *of == entity,
            _ => false,
        };
        let model = &self.plan.model;
        let machines = model.entities.iter().filter_map(|one| one.state.as_ref());
        let effects = machines.flat_map(|machine| machine.moves.iter().map(|one| &one.steps));
        let mut steps = model.operations.iter().map(|one| &one.steps).chain(effects);
        kinds.any(|kind| self.operation(entity, kind).is_some())
            || steps.any(|steps| any_step(steps, &makes))
    }

    /// New rows by two callers of each role who can make one, the first of all apart.
    fn make_by_others(&mut self, entity: EntityId, want: &Want) -> Outcome<Vec<RowRef>> {
        let mut rows: Vec<RowRef> = Vec::new();
        let create = self.operation(entity, OperationKind::Create);
        let (Some(operation), true) = (create, self.making.is_empty()) else {
            return Ok(rows);
        };
        let creators = self.creators(entity, operation, want);
        let mut seen: Vec<Vec<RoleId>> = Vec::new();
        for (index, actor) in creators.into_iter().enumerate() {
            let roles = self.who(actor).roles.clone();
            let like = seen.iter().filter(|known| **known == roles).count();
            if index > 0 && like < 2 {
                let made = self.made_by(actor, operation, want, &|_, _| true);
                rows.extend(unless_failed(made)?);
            }
            seen.push(roles);
        }
        Ok(rows)
    }
}
