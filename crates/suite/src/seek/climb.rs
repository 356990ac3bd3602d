//! Steps that bring a row nearer to what a call looks for: each makes more of the conditions hold.

use super::aim::{Aim, Condition, writes, writes_of_move};
use super::approach::Attempt;
use super::{Imagined, Wanted, any_step};
use crate::oracle::{Given, Inputs, Judge, perform, shift, step};
use crate::session::Session;
use archwright_evaluate::{RowRef, Value};
use archwright_plan::model::{EntityId, FieldId, InputKind, StepKind};
use archwright_plan::{Operation, OperationKind};

/// Steps of a way.
const MOST_STEPS: usize = 3;
/// Callers of one step.
const MOST_CALLERS: usize = 5;
/// Inputs that are tried at the end of a way beside those that led there.
const CHANCES: usize = 3;

/// One step of a way.
#[derive(Clone)]
pub(super) enum Act<'p> {
    Call(usize, &'p Operation, Inputs),
    Move(usize, &'p Operation, RowRef, Vec<(String, Given)>),
}

/// What is done first, and the inputs of the call that then comes to the goal.
pub(super) struct Way<'p> {
    pub acts: Vec<Act<'p>>,
    pub inputs: Inputs,
}

impl<'p> Session<'p> {
    /// Whether anything is known that changes what the conditions read.
    pub(super) fn is_in_reach(&self, aim: &Aim) -> bool {
        let model = &self.plan.model;
        let machine = model.entity(aim.entity).state.as_ref();
        let mut moves = machine.into_iter().flat_map(|machine| &machine.moves);
        let reads = |field: &FieldId| aim.reads.contains(field);
        moves.any(|made| writes_of_move(model, aim.entity, made).iter().any(reads))
            || self.named_makers().iter().any(|one| self.writes(one, aim))
            || !self.makers_of(aim.entity).is_empty()
    }

    /// Whether steps of the operation write what the conditions read.
    fn writes(&self, operation: &Operation, aim: &Aim) -> bool {
        let steps = self.definition(operation).map_or(&[][..], |one| &one.steps);
        !writes(&self.plan.model, steps).is_disjoint(&aim.reads)
    }

    /// How many of the conditions hold, and how many moves are open that change what they read.
    pub(super) fn rank(&mut self, attempt: &Attempt<'_, 'p>, row: &RowRef) -> (usize, usize) {
        let held = self.held(attempt, row);
        let moves = self.moves(attempt.aim, row).into_iter();
        let open = moves.filter(|operation| self.is_ready(operation, row));
        (count(&held), open.count())
    }

    /// Which of the conditions hold on the row.
    fn held(&mut self, attempt: &Attempt<'_, 'p>, row: &RowRef) -> Vec<bool> {
        self.effort += 1;
        let Attempt {
            operation,
            definition,
            actor,
            inputs,
            aim,
            ..
        } = attempt;
        // Inputs with their defaults, and what earlier steps bind.
        let (inputs, mut bindings) =
            self.imagine_call(*actor, operation, definition, inputs, |_, imagined| {
                let done = imagined.done;
                (done.inputs.clone(), done.bindings.clone())
            });
        bindings.retain(|(bind, _)| *bind != aim.bind);
        bindings.push((aim.bind, Value::Row(row.clone())));
        let judge = Judge {
            inputs: &inputs,
            bindings: &bindings,
            ..self.judge(*actor)
        };
        let conditions = aim.conditions.iter();
        let held = conditions.map(|condition| match condition {
            Condition::Row(that) => judge.holds(that, row),
            Condition::Bound(that) => judge.value(that, None) == Value::Bool(true),
            Condition::State(from) => {
                let state = self.world.state(row);
                state.is_some_and(|state| from.contains(&state))
            }
        });
        held.collect()
    }

    pub(super) fn way(&mut self, attempt: &Attempt<'_, 'p>, row: &RowRef) -> Option<Way<'p>> {
        let acts = Vec::new();
        match self.reached(attempt, row, 0) {
            Some(inputs) => Some(Way { acts, inputs }),
            None => self.climb(attempt, row, MOST_STEPS),
        }
    }

    /// Inputs with which the call comes to the goal on the rows as they are.
    pub(super) fn reached(
        &mut self,
        attempt: &Attempt<'_, 'p>,
        row: &RowRef,
        chances: usize,
    ) -> Option<Inputs> {
        let (operation, goal) = (attempt.operation, attempt.goal);
        if self.comes_to(attempt.actor, operation, &attempt.inputs, goal) {
            return Some(attempt.inputs.clone());
        }
        let by = Wanted {
            actors: vec![attempt.actor],
            ..attempt.wanted.clone()
        };
        self.wishes = vec![row.clone()];
        let found = self.find_call(operation, &by, chances, goal);
        self.wishes.clear();
        found.map(|(_, inputs)| inputs)
    }

    /// Steps to where the goal is reached: each makes more conditions hold than before, but for the last one.
    fn climb(&mut self, attempt: &Attempt<'_, 'p>, row: &RowRef, steps: usize) -> Option<Way<'p>> {
        let before = self.held(attempt, row);
        if steps == 0 {
            return None;
        }
        for operation in self.moves(attempt.aim, row) {
            if let Some((actor, given)) = self.mover(row, operation) {
                let act = Act::Move(actor, operation, row.clone(), given);
                let way = self.climb_by(act, (attempt, row, steps), &before);
                if way.is_some() {
                    return way;
                }
            }
        }
        let subjects: Vec<RowRef> = [vec![row.clone()], self.targets(row)].concat();
        let mut helpers = self.named_makers();
        helpers.retain(|helper| self.writes(helper, attempt.aim));
        for helper in helpers {
            let mut subjects = subjects.clone();
            subjects.retain(|one| self.names(helper, one.entity));
            for subject in &subjects {
                for caller in self.helpful(attempt, helper) {
                    if self.is_tired() {
                        return None;
                    }
                    let Some(inputs) = self.about(helper, caller, subject) else {
                        continue;
                    };
                    let act = Act::Call(caller, helper, inputs);
                    let way = self.climb_by(act, (attempt, row, steps), &before);
                    if way.is_some() {
                        return way;
                    }
                }
            }
        }
        None
    }

    /// The way that begins with this step, where the step makes a difference.
    fn climb_by(
        &mut self,
        act: Act<'p>,
        (attempt, row, steps): (&Attempt<'_, 'p>, &RowRef, usize),
        before: &[bool],
    ) -> Option<Way<'p>> {
        let world = self.world.clone();
        self.imagine(&act);
        let held = self.held(attempt, row);
        let way = match self.world.is_there(row) && held != before {
            false => None,
            true => match self.reached(attempt, row, CHANCES) {
                Some(inputs) => Some(Way {
                    acts: Vec::new(),
                    inputs,
                }),
                None if count(&held) > count(before) => self.climb(attempt, row, steps - 1),
                None => None,
            },
        };
        self.world = world;
        way.map(|way| Way {
            acts: [vec![act], way.acts].concat(),
            ..way
        })
    }

    /// The caller puts the rows back.
    fn imagine(&mut self, act: &Act<'p>) {
        let now = self.now();
        match act {
            Act::Call(actor, operation, inputs) => {
                let who = self.actors[*actor].who.clone();
                if let Some(definition) = self.definition(operation) {
                    perform(&mut self.world, operation, definition, &who, inputs, now);
                }
            }
            Act::Move(actor, operation, row, given) => {
                let who = self.actors[*actor].who.clone();
                shift(&mut self.world, operation, row, &who, given, now);
            }
        }
    }

    /// Moves from the row's state that write what the conditions read.
    fn moves(&self, aim: &Aim, row: &RowRef) -> Vec<&'p Operation> {
        let state = self.world.state(row).unwrap_or_default();
        let moves = self.plan.operations.iter().filter(|one| {
            matches!(one.kind, OperationKind::Move(_)) && one.entity == Some(row.entity)
        });
        let leads = |operation: &&'p Operation| {
            step(&self.world, operation).is_some_and(|made| {
                let mut writes = writes_of_move(&self.plan.model, row.entity, made).into_iter();
                made.from.contains(&state) && writes.any(|field| aim.reads.contains(&field))
            })
        };
        moves.filter(leads).collect()
    }

    /// Callers of a step: the one of the attempt, those whom its inputs name, and then others.
    fn helpful(&self, attempt: &Attempt<'_, 'p>, helper: &Operation) -> Vec<usize> {
        let mut texts = Vec::new();
        let given = attempt.inputs.iter();
        given.for_each(|(_, value)| texts_of(value, &mut texts));
        let is_named = |actor: &usize| {
            let account = self.actors[*actor].who.account.as_ref();
            let account = account.and_then(|account| self.world.get(account));
            let mut values = account.into_iter().flat_map(|row| row.values.values());
            values.any(|value| matches!(value, Value::Text(text) if texts.contains(&&**text)))
        };
        let named = (0..self.actors.len()).filter(is_named);
        let mut callers = vec![attempt.actor];
        for actor in named.chain(self.crew.iter().copied()) {
            if !callers.contains(&actor) {
                callers.push(actor);
            }
        }
        callers.retain(|actor| self.judge(*actor).admit(helper).is_none());
        callers.truncate(MOST_CALLERS);
        callers
    }

    /// Whether steps of the operation look for rows of the entity, or inputs name them.
    fn names(&self, operation: &Operation, entity: EntityId) -> bool {
        let Some(definition) = self.definition(operation) else {
            return false;
        };
        let looks = |kind: &StepKind| match kind {
            StepKind::Find { entity: of, .. } | StepKind::List { entity: of, .. } => *of == entity,
            _ => false,
        };
        let inputs = definition.query_input.iter().chain(&definition.body_input);
        let mut inputs = inputs.chain(&definition.path_input);
        any_step(&definition.steps, &looks)
            || inputs.any(|input| matches!(input.kind, InputKind::Reference(of) if of == entity))
    }

    /// Inputs with which the caller's call is about the row.
    fn about(&mut self, helper: &'p Operation, caller: usize, row: &RowRef) -> Option<Inputs> {
        let is_about = |_: &Self, imagined: &Imagined| {
            imagined.done.refusal.is_none() && imagined.done.touched.contains(row)
        };
        let by = Wanted {
            actors: vec![caller],
            ..Wanted::default()
        };
        self.wishes = vec![row.clone()];
        let found = self.find_call(helper, &by, 2, &is_about);
        self.wishes.clear();
        found.map(|(_, inputs)| inputs)
    }
}

fn count(held: &[bool]) -> usize {
    held.iter().filter(|held| **held).count()
}

fn texts_of<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::Text(text) => found.push(text),
        Value::Object(members) => members.values().for_each(|one| texts_of(one, found)),
        Value::List(items) => items.iter().for_each(|one| texts_of(one, found)),
        _ => {}
    }
}
