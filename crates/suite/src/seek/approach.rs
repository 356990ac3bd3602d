//! Ways to a call that is wanted, by direction: rows are brought nearer to what its steps look for, by moves and by
//! calls that write what the conditions read, until the call comes to the goal.

use super::aim::{Aim, Condition, aims, input_at, inputs_of, optional_inputs};
use super::climb::{Act, Way};
use super::lead::{likening, linked_names};
use super::{Goal, Imagined, TRIES_AFTER, Wanted, at, put};
use crate::call::APART;
use crate::hints::{hints, names_caller};
use crate::make::unless_failed;
use crate::oracle::Inputs;
use crate::session::{Outcome, Session};
use crate::world::NUMBERED;
use archwright_evaluate::{RowRef, Value};
use archwright_plan::Operation;
use archwright_plan::model::{InputKind, InputPlace, Operation as Definition};
use archwright_seed::values::{Subject, accepts};

/// Calls that are imagined on all ways together.
const MOST_EFFORT: usize = 1_500;
/// Rows from which ways are looked for: those that all conditions hold on, others, and new ones.
const WHOLE: usize = 2;
const NEAREST: usize = 4;
const NEWEST: usize = 3;
/// Calls that are tried for new rows.
const NEW_TRIES: usize = 12;

/// A call that does not come to the goal yet.
pub(super) struct Attempt<'t, 'p> {
    pub operation: &'p Operation,
    pub definition: &'p Definition,
    pub wanted: &'t Wanted,
    pub goal: Goal<'t, 'p>,
    pub aim: &'t Aim<'p>,
    pub actor: usize,
    pub inputs: Inputs,
}

impl<'p> Session<'p> {
    /// Goes a way to a call that comes to the goal, if one is found.
    pub(super) fn approach(
        &mut self,
        operation: &'p Operation,
        wanted: &Wanted,
        goal: Goal<'_, 'p>,
    ) -> Outcome<Option<(usize, Inputs)>> {
        let Some(definition) = self.definition(operation) else {
            return Ok(None);
        };
        let mut aims = aims(&self.plan.model, &definition.steps);
        aims.retain(|aim| self.is_in_reach(aim));
        let hints = hints(&self.plan.model, definition);
        let actors = self.approaching(operation, wanted, &aims);
        let most = self.effort + MOST_EFFORT;
        for variant in variants(definition, &aims, wanted) {
            for actor in actors.iter().copied() {
                let Some(inputs) = self.propose_inputs(definition, &hints, actor, &variant) else {
                    continue;
                };
                for aim in &aims {
                    if self.effort > most || self.is_tired() {
                        return Ok(None);
                    }
                    let attempt = Attempt {
                        operation,
                        definition,
                        wanted,
                        goal,
                        aim,
                        actor,
                        inputs: inputs.clone(),
                    };
                    if let Some(inputs) = self.attempt_near(&attempt)? {
                        return Ok(Some((actor, inputs)));
                    }
                }
            }
        }
        Ok(None)
    }

    /// Who may call, beginning with anybody of them; two, where it is all one who calls.
    fn approaching(&mut self, operation: &Operation, wanted: &Wanted, aims: &[Aim]) -> Vec<usize> {
        let mut actors = match wanted.actors.is_empty() {
            true => self.crew.clone(),
            false => wanted.actors.clone(),
        };
        actors.retain(|actor| self.judge(*actor).admit(operation).is_none());
        let first = self.rng.below(actors.len().max(1));
        actors.rotate_left(first);
        let mut conditions = aims.iter().flat_map(|aim| &aim.conditions);
        let is_about_caller = conditions.any(|condition| match condition {
            Condition::Row(that) | Condition::Bound(that) => names_caller(that),
            Condition::State(_) => true,
        });
        if !is_about_caller {
            actors.truncate(2);
        }
        actors
    }

    /// With the nearest of the rows that are there, and then with new ones.
    fn attempt_near(&mut self, attempt: &Attempt<'_, 'p>) -> Outcome<Option<Inputs>> {
        for row in self.nearest(attempt) {
            let pointed = self.pointed(attempt, &row);
            if let Some(way) = self.way(&pointed, &row) {
                return self.go(&pointed, &row, way);
            }
        }
        for (actor, maker, inputs) in self.new_rows(attempt) {
            let leads = self.imagine_new(attempt, actor, maker, &inputs, |session, row| {
                let pointed = session.pointed(attempt, row);
                session.way(&pointed, row).is_some()
            });
            if leads != Some(true) {
                continue;
            }
            let called = self.prepare(|session| session.call(actor, maker, &inputs));
            let Some(called) = unless_failed(called)? else {
                continue;
            };
            let mut created = called.done.created.into_iter();
            let Some(row) = created.find(|row| row.entity == attempt.aim.entity) else {
                continue;
            };
            let pointed = self.pointed(attempt, &row);
            if let Some(way) = self.way(&pointed, &row) {
                return self.go(&pointed, &row, way);
            }
        }
        Ok(None)
    }

    /// Goes the way, and gives inputs that come to the goal then.
    fn go(
        &mut self,
        attempt: &Attempt<'_, 'p>,
        row: &RowRef,
        way: Way<'p>,
    ) -> Outcome<Option<Inputs>> {
        for act in &way.acts {
            let done = match act {
                Act::Call(actor, operation, inputs) => {
                    let call = |session: &mut Self| session.call(*actor, operation, inputs);
                    self.prepare(call).map(drop)
                }
                Act::Move(actor, operation, row, given) => {
                    std::thread::sleep(APART);
                    let shift = |session: &mut Self| session.shift(*actor, operation, row, given);
                    self.prepare(shift).map(drop)
                }
            };
            if unless_failed(done)?.is_none() {
                return Ok(None);
            }
        }
        let attempt = Attempt {
            inputs: way.inputs,
            ..*attempt
        };
        Ok(self.reached(&attempt, row, TRIES_AFTER))
    }

    /// Rows of the suite's own: some on which all conditions hold, and those that are nearest to that.
    fn nearest(&mut self, attempt: &Attempt<'_, 'p>) -> Vec<RowRef> {
        let all = attempt.aim.conditions.len();
        let (mut whole, mut ranked) = (Vec::new(), Vec::new());
        for row in self.youngest(attempt.aim.entity) {
            let pointed = self.pointed(attempt, &row);
            match self.rank(&pointed, &row) {
                (held, _) if held == all => whole.push(row),
                rank => ranked.push((rank, row)),
            }
        }
        whole.truncate(WHOLE);
        ranked.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
        let nearest = ranked.into_iter().take(NEAREST).map(|(_, row)| row);
        whole.into_iter().chain(nearest).collect()
    }

    /// Calls that make a row, those first that the conditions are nearest to hold on.
    fn new_rows(&mut self, attempt: &Attempt<'_, 'p>) -> Vec<(usize, &'p Operation, Inputs)> {
        let entity = attempt.aim.entity;
        let mut ranked = Vec::new();
        for maker in self.makers_of(entity) {
            let makes = |_: &Self, imagined: &Imagined| {
                let mut created = imagined.done.created.iter();
                imagined.done.refusal.is_none() && created.any(|row| row.entity == entity)
            };
            let mut makers = self.crew.clone();
            makers.retain(|actor| self.judge(*actor).admit(maker).is_none());
            for _ in 0..NEW_TRIES {
                let Some(actor) = makers.get(self.rng.below(makers.len().max(1))) else {
                    break;
                };
                let by = Wanted {
                    actors: vec![*actor],
                    ..Wanted::default()
                };
                let found = self.find_call(maker, &by, 1, &makes);
                let Some((actor, inputs)) = found else {
                    continue;
                };
                let rank = self.imagine_new(attempt, actor, maker, &inputs, |session, row| {
                    let pointed = session.pointed(attempt, row);
                    session.rank(&pointed, row)
                });
                ranked.push((rank, (actor, maker, inputs)));
            }
        }
        ranked.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
        let nearest = ranked.into_iter().take(NEWEST);
        nearest.map(|(_, call)| call).collect()
    }

    /// Shows the row that a call would make.
    fn imagine_new<T>(
        &mut self,
        attempt: &Attempt<'_, 'p>,
        actor: usize,
        maker: &'p Operation,
        inputs: &Inputs,
        look: impl FnOnce(&mut Self, &RowRef) -> T,
    ) -> Option<T> {
        let definition = self.definition(maker)?;
        self.imagine_call(actor, maker, definition, inputs, |session, imagined| {
            let mut created = imagined.done.created.iter();
            let row = created.find(|row| row.entity == attempt.aim.entity)?;
            Some(look(session, row))
        })
    }

    /// The same call, with inputs that name the row and rows that it is linked to.
    fn pointed<'t>(&mut self, attempt: &Attempt<'t, 'p>, row: &RowRef) -> Attempt<'t, 'p> {
        let mut inputs = attempt.inputs.clone();
        let mut pointing = Vec::new();
        for (place, path, value) in likening(attempt.aim.filter) {
            let value = self.judge(attempt.actor).value(value, Some(row));
            pointing.push((place, path, value));
        }
        for name in linked_names(attempt.aim.filter) {
            let mut linked = self.world.many(row, name.relation);
            if linked.is_empty() {
                linked = self.made_rows(name.field.entity);
            }
            if !linked.is_empty() {
                let linked = &linked[self.rng.below(linked.len())];
                let value = self.world.value(linked, name.field);
                pointing.push((name.place, name.path.to_vec(), value));
            }
        }
        // An input that may be pointed in several ways goes one of them.
        let first = self.rng.below(pointing.len().max(1));
        pointing.rotate_left(first);
        for (place, path, value) in pointing {
            let fixed = attempt.wanted.fixed.as_ref();
            let is_fixed = fixed.is_some_and(|(of, at, _)| *of == place && *at == path);
            let is_given = at(&inputs, place, &path).is_some();
            if is_given && !is_fixed && self.takes(attempt.definition, place, &path, &value) {
                put(&mut inputs, place, &path, value);
            }
        }
        Attempt { inputs, ..*attempt }
    }

    /// Whether the value may be that of the input.
    fn takes(
        &self,
        definition: &Definition,
        place: InputPlace,
        path: &[String],
        value: &Value,
    ) -> bool {
        let Some(input) = input_at(definition, place, path) else {
            return false;
        };
        match (&input.kind, value) {
            (_, Value::Text(text)) if text.starts_with(NUMBERED) => false,
            (InputKind::Reference(_), Value::Row(_)) => true,
            (InputKind::Scalar(_), value) => {
                let subject = Subject::of_input(&definition.name, input, self.now());
                let literal = value.to_literal();
                subject
                    .zip(literal)
                    .is_some_and(|(subject, literal)| accepts(&subject, &literal))
            }
            _ => false,
        }
    }
}

/// Which optional inputs are given: none of them, each alone that the conditions mention, and any.
fn variants(definition: &Definition, aims: &[Aim], wanted: &Wanted) -> Vec<Wanted> {
    let mut free = optional_inputs(definition);
    free.retain(|(place, path)| {
        let mut given = wanted.given.iter();
        let fixed = wanted.fixed.as_ref();
        !given.any(|(of, at, _)| of == place && at.starts_with(path))
            && fixed.is_none_or(|(of, at, _)| of != place || !at.starts_with(path))
    });
    let any = [wanted.clone(), wanted.clone()];
    if free.is_empty() || wanted.all == Some(true) {
        return any.to_vec();
    }
    let mentioned: Vec<_> = aims.iter().flat_map(|aim| inputs_of(aim.filter)).collect();
    let alone = free.iter().filter(|input| mentioned.contains(input));
    let only = std::iter::once(None).chain(alone.map(Some));
    let only = only.map(|alone| {
        let others = free.iter().filter(|input| Some(*input) != alone);
        let given = alone
            .into_iter()
            .map(|(place, path)| (*place, path.clone(), true));
        let left_out = others.map(|(place, path)| (*place, path.clone(), false));
        Wanted {
            given: given.chain(left_out).chain(wanted.given.clone()).collect(),
            ..wanted.clone()
        }
    });
    only.chain(any).collect()
}
