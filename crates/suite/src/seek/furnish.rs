//! Rows for a call that is wanted, made by the creates of their entities.

use super::{Goal, HELPERS, TRIES_AFTER, Wanted, any_step};
use crate::hints::fixed_keys;
use crate::make::{Want, unless_failed};
use crate::oracle::{Body, Given, create, shift};
use crate::propose::Style;
use crate::session::{Outcome, Session};
use archwright_evaluate::RowRef;
use archwright_plan::model::StepKind;
use archwright_plan::{Operation, OperationKind};

/// Moves that a new row is brought through.
const MOST_MOVES: usize = 3;

impl<'p> Session<'p> {
    /// Creates a row with which the goal can be reached, if one is found.
    pub(super) fn furnish(
        &mut self,
        operation: &'p Operation,
        wanted: &Wanted,
        goal: Goal<'_, 'p>,
    ) -> Outcome<bool> {
        let makers = self.makers(operation);
        if makers.is_empty() {
            return Ok(false);
        }
        for _ in 0..HELPERS {
            let maker = makers[self.rng.below(makers.len())];
            let actor = self.crew[self.rng.below(self.crew.len())];
            let Some(entity) = maker.entity else { continue };
            let inputs = &self.plan.resource(entity).create;
            let body = self.propose(inputs, actor, &Body::default(), Style::Varied);
            let Some(body) = body else { continue };
            let before = self.world.clone();
            let helps = self.create_helps(actor, maker, &body, (operation, wanted, goal));
            self.wishes.clear();
            self.world = before;
            if let Some(state) = helps {
                let made = self.prepare(|session| session.create(actor, maker, &body))?;
                if let (Some(row), Some(state)) = (made.row, state) {
                    unless_failed(self.bring(&row, &state))?;
                }
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the goal can be reached once the row is there, as it is or moved to some state. The caller puts the rows
    /// back.
    fn create_helps(
        &mut self,
        actor: usize,
        maker: &'p Operation,
        body: &Body,
        (operation, wanted, goal): (&'p Operation, &Wanted, Goal<'_, 'p>),
    ) -> Option<Option<String>> {
        let (who, now) = (self.actors[actor].who.clone(), self.now());
        let (row, refusals) = create(&mut self.world, maker, &who, body, now);
        self.wishes = vec![row.clone()];
        if !refusals.is_empty() {
            return None;
        }
        let mut found = self.find_call(operation, wanted, TRIES_AFTER, goal);
        let mut state = None;
        for _ in 0..MOST_MOVES {
            if found.is_some() {
                return Some(state);
            }
            state = Some(self.imagine_any_move(&row)?);
            found = self.find_call(operation, wanted, TRIES_AFTER, goal);
        }
        found.map(|_| state)
    }

    /// Moves the row in memory, as somebody may, and gives the state.
    fn imagine_any_move(&mut self, row: &RowRef) -> Option<String> {
        let plan = self.plan;
        let moves = plan.operations.iter();
        let moves = moves.filter(|one| one.entity == Some(row.entity));
        for operation in moves.filter(|one| matches!(one.kind, OperationKind::Move(_))) {
            if let Some((actor, given)) = self.mover(row, operation) {
                let (who, now) = (self.actors[actor].who.clone(), self.now());
                shift(&mut self.world, operation, row, &who, &given, now);
                return self.world.state(row);
            }
        }
        None
    }

    /// Creates of rows that the steps of an operation look for.
    fn makers(&self, operation: &Operation) -> Vec<&'p Operation> {
        let steps = self.definition(operation).map_or(&[][..], |one| &one.steps);
        let creates = self.plan.operations.iter().filter(|one| {
            let looks = |kind: &StepKind| match kind {
                StepKind::Find { entity, .. } | StepKind::List { entity, .. } => {
                    one.entity == Some(*entity)
                }
                _ => false,
            };
            one.kind == OperationKind::Create && any_step(steps, &looks)
        });
        creates.collect()
    }

    /// Rows with the values by which alone steps find them.
    pub fn make_named_rows(&mut self) {
        for (field, value) in fixed_keys(self.plan) {
            let mut rows = self.world.entries(field.entity);
            if rows.any(|(_, row)| row.values.get(&field.index) == Some(&value)) {
                continue;
            }
            drop(rows);
            let inputs = &self.plan.resource(field.entity).create;
            if self
                .operation(field.entity, OperationKind::Create)
                .is_some()
                && inputs.iter().any(|input| input.field == field)
            {
                let mut want = Want::default();
                want.fixed.set(field, Given::Value(value));
                // Without it, the cases that need such a row say so.
                let _ = self.make(field.entity, &want);
            }
        }
    }
}
