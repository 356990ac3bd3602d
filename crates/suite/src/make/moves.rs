//! Moves that bring rows to states, by whoever may make them.

use super::{Want, unless_failed};
use crate::hints::names_caller;
use crate::oracle::{Given, shift, step};
use crate::session::{Outcome, Session, skip, unreached};
use archwright_evaluate::RowRef;
use archwright_plan::model::{EntityId, Expression, RoleId};
use archwright_plan::{Operation, OperationKind};
use std::collections::{BTreeMap, VecDeque};

/// Searches in a row for what brings a move's condition about.
const MOST_STUCK: usize = 3;

impl<'p> Session<'p> {
    /// Whether a move's condition holds already.
    pub fn is_ready(&self, operation: &Operation, row: &RowRef) -> bool {
        let when = step(&self.world, operation).and_then(|step| step.when.as_ref());
        when.is_none_or(|when| self.is_met(when, row))
    }

    /// Whether the condition holds, for some caller where it is about them.
    fn is_met(&self, when: &Expression, row: &RowRef) -> bool {
        match names_caller(when) {
            true => (0..self.actors.len()).any(|actor| self.judge(actor).holds(when, row)),
            false => self.judge(0).holds(when, row),
        }
    }

    /// The moves that lead to a state, the fewest.
    pub(super) fn route(
        &self,
        entity: EntityId,
        from: Option<&str>,
        to: &str,
    ) -> Option<Vec<&'p Operation>> {
        let machine = self.plan.model.entity(entity).state.as_ref()?;
        let start = from.unwrap_or(&machine.initial).to_owned();
        let mut known: BTreeMap<String, Vec<&'p Operation>> =
            BTreeMap::from([(start.clone(), Vec::new())]);
        let mut next = VecDeque::from([start]);
        while let Some(state) = next.pop_front() {
            let route = known[&state].clone();
            if state == to {
                return Some(route);
            }
            for (index, step) in machine.moves.iter().enumerate() {
                if !step.from.contains(&state) || known.contains_key(&step.to) {
                    continue;
                }
                let Some(operation) = self.operation(entity, OperationKind::Move(index)) else {
                    continue;
                };
                let mut longer = route.clone();
                longer.push(operation);
                known.insert(step.to.clone(), longer);
                next.push_back(step.to.clone());
            }
        }
        None
    }

    /// Moves a row to a state.
    pub fn bring(&mut self, row: &RowRef, state: &str) -> Outcome<()> {
        self.prepare(|session| session.brought(row, state))
    }

    fn brought(&mut self, row: &RowRef, state: &str) -> Outcome<()> {
        let from = self.world.state(row).unwrap_or_default();
        let Some(route) = self.route(row.entity, Some(&from), state) else {
            return skip(format!("no moves lead from {from} to {state}"));
        };
        for operation in route {
            self.advance(row, operation)?;
        }
        Ok(())
    }

    /// A row in a state, one on which the move's condition holds where there is one.
    pub fn obtain_for(&mut self, operation: &'p Operation, state: &str) -> Outcome<RowRef> {
        let entity = operation.entity.unwrap_or(EntityId(0));
        let want = Want {
            state: Some(state.to_owned()),
            ..Want::default()
        };
        let row = self.obtain(entity, &want)?;
        if self.is_ready(operation, &row) {
            return Ok(row);
        }
        let is_ready = |session: &Self, row: &RowRef| {
            session.world.state(row).as_deref() == Some(state)
                && session.world.get(row).is_some_and(|row| row.made)
                && session.is_ready(operation, row)
        };
        if let Some(found) = self.world.of(entity).find(|row| is_ready(self, row)) {
            return Ok(found);
        }
        let ready = |session: &Self, row: &RowRef| session.is_ready(operation, row);
        let made = self.prepare(|session| session.make_with(entity, &want, &ready));
        Ok(unless_failed(made)?.unwrap_or(row))
    }

    /// Makes one move, by whoever may.
    pub fn advance(&mut self, row: &RowRef, operation: &'p Operation) -> Outcome<usize> {
        if let Some((actor, given)) = self.mover(row, operation) {
            self.shift(actor, operation, row, &given)?;
            return Ok(actor);
        }
        let holder = (&*operation.id, self.roles_of_owner(row));
        let is_stuck = self.is_stuck(&holder);
        if let Some(when) = step(&self.world, operation).and_then(|step| step.when.as_ref())
            && !is_stuck
        {
            *self.stuck.entry(holder.clone()).or_default() += 1;
            let holds = |session: &Session<'p>, row: &RowRef| session.is_met(when, row);
            self.settle(row, &holds)?;
        }
        match self.mover(row, operation) {
            Some((actor, given)) => {
                self.shift(actor, operation, row, &given)?;
                self.stuck.remove(&holder);
                Ok(actor)
            }
            None => unreached(format!(
                "no caller can make {} with such a row",
                operation.id
            )),
        }
    }

    /// Nothing that was tried brought the move's condition about: trying it again, for case after case, would take most
    /// of a run's time.
    fn is_stuck(&self, of: &(&'p str, Vec<RoleId>)) -> bool {
        self.stuck.get(of).is_some_and(|times| *times >= MOST_STUCK)
    }

    fn roles_of_owner(&self, row: &RowRef) -> Vec<RoleId> {
        let owner = self.world.owner(row);
        let mut actors = self.actors.iter();
        let known = actors.find(|actor| owner.is_some() && actor.who.account == owner);
        known.map_or_else(Vec::new, |actor| actor.who.roles.clone())
    }

    /// Whether no row is in the state, and none is brought there as far as was tried.
    pub fn is_out_of_reach(&self, entity: EntityId, state: &str) -> bool {
        let mut rows = self.world.of(entity);
        let route = self.route(entity, None, state);
        !rows.any(|row| self.world.state(&row).as_deref() == Some(state))
            && route.is_none_or(|route| {
                let mut stuck = self.stuck.iter().filter(|(of, _)| self.is_stuck(of));
                stuck.any(|((id, _), _)| route.iter().any(|one| one.id == *id))
            })
    }

    /// A caller who may make the move now, and its input.
    pub fn mover(
        &mut self,
        row: &RowRef,
        operation: &'p Operation,
    ) -> Option<(usize, Vec<(String, Given)>)> {
        let fields = &step(&self.world, operation)?.input;
        // Without inputs, one try is like the other.
        let tries = if fields.is_empty() { 1 } else { 8 };
        let nobody = self.judge(0).admit(operation).is_none().then_some(0);
        for actor in (1..self.actors.len()).chain(nobody) {
            for _ in 0..tries {
                let Some(given) = self.move_input(row.entity, fields, actor) else {
                    break;
                };
                if self.try_shift(actor, operation, row, &given) {
                    return Some((actor, given));
                }
            }
        }
        None
    }

    /// Whether a move would be made, in memory.
    pub fn try_shift(
        &mut self,
        actor: usize,
        operation: &Operation,
        row: &RowRef,
        given: &[(String, Given)],
    ) -> bool {
        let now = self.now();
        let who = self.actors[actor].who.clone();
        let before = self.world.clone();
        let moved = shift(&mut self.world, operation, row, &who, given, now);
        let is_made = moved.refusals.is_empty() && !self.has_to_wait(&before);
        self.world = before;
        is_made
    }

    /// Rows that the effects of a move find or change.
    pub fn effects_of(
        &mut self,
        actor: usize,
        operation: &Operation,
        row: &RowRef,
        given: &[(String, Given)],
    ) -> Vec<RowRef> {
        let now = self.now();
        let who = self.actors[actor].who.clone();
        let before = self.world.clone();
        let moved = shift(&mut self.world, operation, row, &who, given, now);
        self.world = before;
        let is_old = |touched: &RowRef| self.world.is_there(touched);
        moved.touched.into_iter().filter(is_old).collect()
    }
}
