//! Moves that are made by steps: in circles, or without the input that they need.

use super::components::components;
use super::context::Lowering;
use crate::{EntityId, Step, StepKind};
use archwright_diagnostics::{Diagnostic, Span};

/// A `move` step: the entity, the index of the move, and where it stands.
type Made = (EntityId, usize, Span);

/// Most steps that a move or an operation takes, with those of the moves that it makes; `each` counts once.
const STEPS: usize = 1_000;

impl Lowering<'_> {
    pub fn check_made_moves(&mut self) {
        let operations = self.operations.iter().flat_map(|one| self.made(&one.steps));
        let mut made: Vec<Made> = operations.collect();
        let mut first = Vec::new();
        let mut moves = 0;
        for entity in &self.entities {
            first.push(moves);
            moves += entity
                .state
                .as_ref()
                .map_or(0, |machine| machine.moves.len());
        }
        let node = |(entity, index, _): &Made| first[entity.0] + index;
        let all = self.entities.iter().flat_map(|entity| &entity.state);
        let all: Vec<&crate::Move> = all.flat_map(|machine| &machine.moves).collect();
        let own: Vec<Vec<Made>> = all.iter().map(|step| self.made(&step.steps)).collect();
        let edges: Vec<Vec<usize>> = own
            .iter()
            .map(|own| own.iter().map(node).collect())
            .collect();
        let order = components(&edges);
        let circles = order.of;
        let steps: Vec<usize> = all.iter().map(|step| written(&step.steps)).collect();
        let taken = taken(&edges, &order.finished, &steps);
        let mut found = Vec::new();
        for operation in &self.operations {
            let made = self.made(&operation.steps);
            let count = made.iter().map(|one| taken[node(one)]);
            let count = count.fold(written(&operation.steps), usize::saturating_add);
            if let (true, Some((.., span))) = (count > STEPS, made.first()) {
                found.push(too_many(&operation.name, count, *span));
            }
        }
        for (at, own) in own.into_iter().enumerate() {
            let back = own.iter().find(|one| circles[node(one)] == circles[at]);
            // Of those that make each other, the first that takes too many.
            let is_first = own.iter().all(|one| taken[node(one)] <= STEPS);
            if let (true, true, Some((.., span))) = (taken[at] > STEPS, is_first, own.first()) {
                found.push(too_many(&all[at].name, taken[at], *span));
            }
            if let Some((.., span)) = back {
                let message = format!("`{}` makes itself in the end", all[at].name);
                found.push(
                    Diagnostic::new("AW370", Some(*span), message)
                        .help("make the other move by a request of its own"),
                );
            }
            made.extend(own);
        }
        self.diagnostics.extend(found);
        for (entity, index, span) in made {
            let step = self.move_at(entity, index);
            if let Some(input) = step.and_then(|step| step.input.first()) {
                let message = format!(
                    "this move takes the input `{}`, and a step gives none",
                    input.name
                );
                let diagnostic = Diagnostic::new("AW371", Some(span), message)
                    .help("set the fields by an `update` step, and let the move take no input");
                self.diagnostics.push(diagnostic);
            }
        }
    }

    fn move_at(&self, entity: EntityId, index: usize) -> Option<&crate::Move> {
        self.entity(entity).state.as_ref()?.moves.get(index)
    }

    /// The moves that steps make, also those of `each`.
    fn made(&self, steps: &[Step]) -> Vec<Made> {
        let mut found = Vec::new();
        for step in steps {
            match &step.kind {
                StepKind::Move { entity, name, .. } => {
                    let index = self.move_named(*entity, name);
                    found.extend(index.map(|index| (*entity, index, step.span)));
                }
                StepKind::Each { steps, .. } => found.extend(self.made(steps)),
                _ => {}
            }
        }
        found
    }
}

/// The steps that are written, also those in `each`.
fn written(steps: &[Step]) -> usize {
    let inner = steps.iter().map(|step| match &step.kind {
        StepKind::Each { steps, .. } => written(steps),
        _ => 0,
    });
    inner.sum::<usize>() + steps.len()
}

/// The steps that each move takes, with those of the moves that it makes. In `order`, those that others make come
/// first.
fn taken(edges: &[Vec<usize>], order: &[usize], steps: &[usize]) -> Vec<usize> {
    let mut taken = steps.to_vec();
    for at in order {
        let made = edges[*at].iter().map(|to| taken[*to]);
        taken[*at] = made.fold(steps[*at], usize::saturating_add);
    }
    taken
}

fn too_many(name: &str, count: usize, place: Span) -> Diagnostic {
    let message = format!("`{name}` takes {count} steps, with those of the moves that it makes");
    Diagnostic::new("AW204", Some(place), message).help(format!(
        "make fewer moves by steps: at most {STEPS} steps in all"
    ))
}
