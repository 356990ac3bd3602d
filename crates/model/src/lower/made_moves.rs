//! Moves that are made by steps: in circles, or without the input that they need.

use super::components::components;
use super::context::Lowering;
use crate::{EntityId, Step, StepKind};
use archwright_diagnostics::{Diagnostic, Span};

/// A `move` step: the entity, the index of the move, and where it stands.
type Made = (EntityId, usize, Span);

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
        let circles = components(&edges).of;
        let mut found = Vec::new();
        for (at, own) in own.into_iter().enumerate() {
            let back = own.iter().find(|one| circles[node(one)] == circles[at]);
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
