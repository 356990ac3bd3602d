//! Callers for named operations, and rows by each of them.

use super::{TRIES, Wanted, any_step};
use crate::hints::words;
use crate::seek::Imagined;
use crate::session::{Outcome, Session};
use archwright_plan::Operation;
use archwright_plan::model::{EntityId, Method, RoleId, StepKind};

/// Calls of each operation before the first case.
const STAGES: usize = 8;

impl<'p> Session<'p> {
    /// Accounts of the suite's own, so that all that refers to them is known, and rows by each of them.
    pub fn ensure_crew(&mut self) {
        if !self.crew.is_empty() {
            return;
        }
        self.words = words(self.plan);
        self.crew.push(crate::session::ANONYMOUS);
        for _ in 0..3 {
            let newcomer = self.prepare(|session| session.newcomer(None));
            self.crew.extend(newcomer.ok());
        }
        for role in (0..self.plan.model.roles.len()).map(RoleId) {
            let newcomer = self.prepare(|session| session.newcomer_of(role, None));
            self.crew.extend(newcomer.ok());
        }
        if self.crew.len() == 1 {
            self.crew.extend(1..self.actors.len());
        }
        for operation in self.named_makers() {
            for _ in 0..STAGES {
                // What goes wrong here goes wrong in the case that is about it.
                let _ = self.prepare(|session| session.once(operation));
            }
        }
    }

    pub(super) fn once(&mut self, operation: &'p Operation) -> Outcome<()> {
        let done = |_: &Self, imagined: &Imagined| imagined.done.refusal.is_none();
        match self.find_call(operation, &Wanted::default(), TRIES, &done) {
            Some((actor, inputs)) => self.call(actor, operation, &inputs).map(drop),
            None => Ok(()),
        }
    }

    /// Named operations that are no reads.
    pub(super) fn named_writes(&self) -> Vec<&'p Operation> {
        let operations = self.plan.operations.iter();
        operations
            .filter(|one| self.definition(one).is_some() && one.method != Method::Get)
            .collect()
    }

    /// Those of them that delete nothing and take nothing apart.
    pub(super) fn named_makers(&self) -> Vec<&'p Operation> {
        let mut writes = self.named_writes();
        let deletes =
            |kind: &StepKind| matches!(kind, StepKind::Delete { .. } | StepKind::Unlink { .. });
        writes.retain(|one| {
            let steps = self.definition(one).map_or(&[][..], |one| &one.steps);
            !any_step(steps, &deletes)
        });
        writes
    }

    /// Named operations that make rows of the entity.
    pub fn makers_of(&self, entity: EntityId) -> Vec<&'p Operation> {
        let makes = |kind: &StepKind| match kind {
            StepKind::Create { entity: of, .. }
            | StepKind::Upsert { entity: of, .. }
            | StepKind::GetOrCreate { entity: of, .. } => *of == entity,
            _ => false,
        };
        let mut writes = self.named_writes();
        writes.retain(|one| {
            let steps = self.definition(one).map_or(&[][..], |one| &one.steps);
            any_step(steps, &makes)
        });
        writes
    }
}
