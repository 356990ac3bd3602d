//! Moves that are made by steps: in circles, or without the input that they need.

use super::context::Lowering;
use crate::{EntityId, Step, StepKind};
use archwright_diagnostics::{Diagnostic, Span};

/// A `move` step: the entity, the index of the move, and where it stands.
type Made = (EntityId, usize, Span);

impl Lowering<'_> {
    pub fn check_made_moves(&mut self) {
        let operations = self.operations.iter().flat_map(|one| self.made(&one.steps));
        let mut made: Vec<Made> = operations.collect();
        for entity in &self.entities {
            let moves = entity.state.iter().flat_map(|machine| &machine.moves);
            for (index, step) in moves.enumerate() {
                let own = self.made(&step.steps);
                let back = own
                    .iter()
                    .find(|one| self.leads_to(one, (entity.id, index)));
                let circle = back.map(|(.., span)| *span);
                made.extend(own);
                if let Some(span) = circle {
                    let message = format!("`{}` makes itself in the end", step.name);
                    let diagnostic = Diagnostic::new("AW370", Some(span), message)
                        .help("make the other move by a request of its own");
                    self.diagnostics.push(diagnostic);
                }
            }
        }
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
                    let machine = self.entity(*entity).state.as_ref();
                    let mut moves = machine.into_iter().flat_map(|machine| &machine.moves);
                    let index = moves.position(|one| one.name == *name);
                    found.extend(index.map(|index| (*entity, index, step.span)));
                }
                StepKind::Each { steps, .. } => found.extend(self.made(steps)),
                _ => {}
            }
        }
        found
    }

    /// Whether the steps of a move come to another, directly or through others.
    fn leads_to(&self, start: &Made, wanted: (EntityId, usize)) -> bool {
        let (mut open, mut seen) = (vec![(start.0, start.1)], Vec::new());
        while let Some(at) = open.pop() {
            if at == wanted {
                return true;
            }
            if !seen.contains(&at) {
                seen.push(at);
                let steps = self.move_at(at.0, at.1).map(|step| self.made(&step.steps));
                open.extend(
                    steps
                        .into_iter()
                        .flatten()
                        .map(|(entity, index, _)| (entity, index)),
                );
            }
        }
        false
    }
}
