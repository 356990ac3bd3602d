//! Looks for calls of named operations: inputs with which a call does what a case is about, and calls that make ready
//! for it.

mod aim;
mod approach;
mod climb;
mod crew;
mod furnish;
mod lead;
mod proposer;

pub use aim::optional_inputs;
pub use lead::{at, put};

use crate::hints::{Hints, hints};
use crate::make::unless_failed;
use crate::oracle::{Inputs, Performed, perform};
use crate::session::{Outcome, Session, Trouble, skip, unreached};
use crate::world::World;
use archwright_evaluate::{RowRef, Value};
use archwright_plan::model::{EntityId, InputPlace, Operation as Definition, Step, StepKind};
use archwright_plan::{Operation, OperationKind};
use proposer::Proposer;
use std::collections::BTreeMap;

/// Inputs that are tried in memory before it is said that none is found.
pub const TRIES: usize = 140;
/// Calls that may make ready for one case.
const ROUNDS: usize = 3;
const HELPERS: usize = 30;
const TRIES_AFTER: usize = 16;
/// Per cent of the proposals that are made to lead through the steps.
const LED: u32 = 60;
/// Calls of each of them that are made where a case finds none.
const MORE: usize = 3;
/// Rows that are tried one by one, and calls with each of them by each caller.
const SWEPT: usize = 10;
const SWEEP_TRIES: usize = 3;
/// Rows that are looked at for a move.
const STAGED: usize = 20;

/// What a call has to be given.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The callers that come into question; empty: all.
    pub actors: Vec<usize>,
    /// Whether optional inputs are given; absent: at random.
    pub all: Option<bool>,
    /// Whether these are given.
    pub given: Vec<(InputPlace, Vec<String>, bool)>,
    /// What this one is.
    pub fixed: Option<(InputPlace, Vec<String>, Value)>,
    /// The row that an input names.
    pub named: Option<(InputPlace, Vec<String>, RowRef)>,
}

/// A call that is not made.
pub struct Imagined<'a, 'p> {
    pub done: &'a Performed,
    /// The rows as they are; the session has them as the call would leave them.
    pub before: &'a World<'p>,
    pub actor: usize,
    pub inputs: &'a Inputs,
    pub now: i64,
}

/// What a call has to come to.
pub type Goal<'a, 'p> = &'a dyn Fn(&Session<'p>, &Imagined<'_, 'p>) -> bool;

impl<'p> Session<'p> {
    /// A caller and inputs with which the call comes to the goal, on the rows as they are.
    pub fn find_call(
        &mut self,
        operation: &'p Operation,
        wanted: &Wanted,
        tries: usize,
        goal: Goal<'_, 'p>,
    ) -> Option<(usize, Inputs)> {
        let definition = self.definition(operation)?;
        let hints = hints(&self.plan.model, definition);
        let actors = match wanted.actors.is_empty() {
            true => self.crew.clone(),
            false => wanted.actors.clone(),
        };
        for attempt in 0..tries {
            if self.is_tired() {
                return None;
            }
            let actor = match attempt < actors.len() {
                true => actors[attempt],
                false => actors[self.rng.below(actors.len())],
            };
            let Some(inputs) = self.propose_inputs(definition, &hints, actor, wanted) else {
                continue;
            };
            if self.comes_to(actor, operation, &inputs, goal) {
                return Some((actor, inputs));
            }
        }
        None
    }

    /// Whether the call comes to the goal, on the rows as they are.
    fn comes_to(
        &mut self,
        actor: usize,
        operation: &Operation,
        inputs: &Inputs,
        goal: Goal<'_, 'p>,
    ) -> bool {
        let Some(definition) = self.definition(operation) else {
            return false;
        };
        let look = |session: &mut Self, imagined: &Imagined<'_, 'p>| {
            !imagined.done.is_unsure
                && goal(session, imagined)
                && !session.has_to_wait(imagined.before)
        };
        self.imagine_call(actor, operation, definition, inputs, look)
    }

    /// Shows the rows as the call would leave them.
    pub fn imagine_call<T>(
        &mut self,
        actor: usize,
        operation: &Operation,
        definition: &Definition,
        inputs: &Inputs,
        look: impl FnOnce(&mut Self, &Imagined<'_, 'p>) -> T,
    ) -> T {
        let before = self.world.clone();
        let who = self.actors[actor].who.clone();
        let now = self.now();
        let done = perform(&mut self.world, operation, definition, &who, inputs, now);
        let imagined = Imagined {
            done: &done,
            before: &before,
            actor,
            inputs,
            now,
        };
        let seen = look(self, &imagined);
        self.world = before;
        seen
    }

    /// The same, where other calls may have to come first.
    pub fn seek_call(
        &mut self,
        operation: &'p Operation,
        wanted: &Wanted,
        goal: Goal<'_, 'p>,
    ) -> Outcome<(usize, Inputs)> {
        self.ensure_crew();
        if let Some(found) = self.find_or_sweep(operation, wanted, goal) {
            return Ok(found);
        }
        if let Some(found) = self.approach(operation, wanted, goal)? {
            return Ok(found);
        }
        for _ in 0..ROUNDS {
            let is_helped =
                self.furnish(operation, wanted, goal)? || self.help(operation, wanted, goal)?;
            if !is_helped {
                self.stage()?;
            }
            if let Some(found) = self.find_or_sweep(operation, wanted, goal) {
                return Ok(found);
            }
        }
        Err(Trouble::Unreached(format!(
            "no calls are found that lead {} to what the case is about",
            operation.id
        )))
    }

    /// By chance, and where that finds nothing, with each of the youngest rows by each caller.
    fn find_or_sweep(
        &mut self,
        operation: &'p Operation,
        wanted: &Wanted,
        goal: Goal<'_, 'p>,
    ) -> Option<(usize, Inputs)> {
        if let Some(found) = self.find_call(operation, wanted, TRIES, goal) {
            return Some(found);
        }
        let actors = match wanted.actors.is_empty() {
            true => self.crew.clone(),
            false => wanted.actors.clone(),
        };
        let steps = self.definition(operation).map_or(&[][..], |one| &one.steps);
        let is_met = |entity: EntityId| {
            let finds = |kind: &StepKind| matches!(kind, StepKind::Find { entity: of, .. } if *of == entity);
            any_step(steps, &finds)
        };
        let entities = self.plan.model.entities.iter().map(|entity| entity.id);
        for entity in entities.filter(|entity| is_met(*entity)) {
            for row in self.youngest(entity) {
                let mut actors = actors.clone();
                if wanted.actors.is_empty() {
                    actors.extend(self.concerned(&row));
                    actors.dedup();
                }
                for actor in actors {
                    let by = Wanted {
                        actors: vec![actor],
                        ..wanted.clone()
                    };
                    self.wishes = vec![row.clone()];
                    let found = self.find_call(operation, &by, SWEEP_TRIES, goal);
                    self.wishes.clear();
                    if found.is_some() {
                        return found;
                    }
                }
            }
        }
        None
    }

    /// Callers whose account the row, or one that it refers to, leads to.
    fn concerned(&self, row: &RowRef) -> Vec<usize> {
        let near = self.targets(row);
        let far: Vec<RowRef> = near.iter().flat_map(|row| self.targets(row)).collect();
        let rows: Vec<RowRef> = near.into_iter().chain(far).collect();
        let is_concerned = |actor: &usize| {
            let account = self.actors[*actor].who.account.as_ref();
            account.is_some_and(|account| rows.contains(account))
        };
        (0..self.actors.len()).filter(is_concerned).collect()
    }

    /// The last rows of the suite's own, of each state some.
    fn youngest(&self, entity: EntityId) -> Vec<RowRef> {
        let mut alike: BTreeMap<Option<String>, usize> = BTreeMap::new();
        let rows = self.made_rows(entity).into_iter().rev();
        let rows = rows.filter(|row| {
            let count = alike.entry(self.world.state(row)).or_default();
            *count += 1;
            *count <= SWEPT / 2 || self.plan.model.entity(entity).state.is_none()
        });
        rows.take(SWEPT).collect()
    }

    /// The rows that a row refers to.
    fn targets(&self, row: &RowRef) -> Vec<RowRef> {
        let row = self.world.get(row);
        let values = row.into_iter().flat_map(|row| row.values.values());
        let targets = values.filter_map(|value| match value {
            Value::Row(target) => Some(target.clone()),
            _ => None,
        });
        targets.collect()
    }

    /// More rows of all kinds, in more states.
    fn stage(&mut self) -> Outcome<()> {
        for helper in self.named_makers() {
            for _ in 0..MORE {
                unless_failed(self.prepare(|session| session.once(helper)))?;
            }
        }
        for operation in &self.plan.operations {
            let (OperationKind::Move(_), Some(entity)) = (&operation.kind, operation.entity) else {
                continue;
            };
            let mut rows = self.made_rows(entity);
            rows.reverse();
            for row in rows.into_iter().take(STAGED) {
                if let Some((actor, given)) = self.mover(&row, operation) {
                    let made =
                        self.prepare(|session| session.shift(actor, operation, &row, &given));
                    unless_failed(made)?;
                    break;
                }
            }
        }
        Ok(())
    }

    /// Makes a call after which the goal can be reached, if one is found.
    fn help(
        &mut self,
        operation: &'p Operation,
        wanted: &Wanted,
        goal: Goal<'_, 'p>,
    ) -> Outcome<bool> {
        let helpers = self.named_writes();
        if helpers.is_empty() {
            return Ok(false);
        }
        for _ in 0..HELPERS {
            let helper = helpers[self.rng.below(helpers.len())];
            let done = |_: &Self, imagined: &Imagined| imagined.done.refusal.is_none();
            let Some((actor, inputs)) = self.find_call(helper, &Wanted::default(), 8, &done) else {
                continue;
            };
            let Some(definition) = self.definition(helper) else {
                continue;
            };
            let helps = self.imagine_call(actor, helper, definition, &inputs, |session, _| {
                let found = session.find_call(operation, wanted, TRIES_AFTER, goal);
                found.is_some()
            });
            if helps {
                self.prepare(|session| session.call(actor, helper, &inputs))?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A new row of an entity that only named operations make.
    pub fn make_by_call(
        &mut self,
        entity: EntityId,
        wanted: &Wanted,
        fits: &dyn Fn(&Session<'p>, &RowRef) -> bool,
    ) -> Outcome<RowRef> {
        self.ensure_crew();
        let name = &self.plan.model.entity(entity).name;
        let mut trouble = None;
        for operation in self.makers_of(entity) {
            let made = |session: &Session<'p>, imagined: &Imagined| {
                let mut created = imagined.done.created.iter();
                imagined.done.refusal.is_none()
                    && created.any(|row| row.entity == entity && fits(session, row))
            };
            match self.seek_call(operation, wanted, &made) {
                Ok((actor, inputs)) => {
                    let called = self.call(actor, operation, &inputs)?;
                    let mut created = called.done.created.into_iter();
                    if let Some(row) = created.find(|row| row.entity == entity && fits(self, row)) {
                        return Ok(row);
                    }
                }
                Err(Trouble::Skipped(reason) | Trouble::Unreached(reason)) => {
                    trouble = Some(reason)
                }
                Err(failed) => return Err(failed),
            }
        }
        match trouble {
            Some(reason) => unreached(reason),
            None => skip(format!("nobody can create a row of {name} over the API")),
        }
    }

    /// Makes a call after which a condition holds, if one is found.
    pub fn settle_by_call(&mut self, condition: &dyn Fn(&Session<'p>) -> bool) -> Outcome<bool> {
        let operations = self.named_writes();
        if operations.is_empty() {
            return Ok(false);
        }
        self.ensure_crew();
        for operation in operations {
            let goal = |session: &Session<'p>, imagined: &Imagined| {
                imagined.done.refusal.is_none() && condition(session)
            };
            if let Some((actor, inputs)) =
                self.find_call(operation, &Wanted::default(), TRIES / 2, &goal)
            {
                self.call(actor, operation, &inputs)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn propose_inputs(
        &mut self,
        definition: &Definition,
        hints: &Hints<'_>,
        actor: usize,
        wanted: &Wanted,
    ) -> Option<Inputs> {
        let places = [
            (InputPlace::Path, &definition.path_input),
            (InputPlace::Query, &definition.query_input),
            (InputPlace::Header, &definition.header_input),
            (InputPlace::Body, &definition.body_input),
        ];
        let mut inputs = Vec::new();
        for (place, fields) in places {
            let mut proposer = Proposer {
                place,
                hints,
                actor,
                wanted,
                of: &definition.name,
            };
            let members = proposer.object(self, fields, &mut Vec::new())?;
            inputs.push((place, members));
        }
        if self.rng.chance(LED) {
            self.lead(definition, actor, &mut inputs);
        }
        Some(inputs)
    }
}

pub fn any_step(steps: &[Step], is: &dyn Fn(&StepKind) -> bool) -> bool {
    steps.iter().any(|step| match &step.kind {
        StepKind::Each { steps, .. } => any_step(steps, is),
        kind => is(kind),
    })
}
