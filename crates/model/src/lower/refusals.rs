//! What a reply that tells of a failure can know: only what was bound before any step could fail so.

use super::context::Lowering;
use super::typing::Scope;
use crate::{BindingId, Otherwise, Step, StepKind};

impl Lowering<'_> {
    /// The scope of a reply with the status of a failure.
    pub fn known_at(&self, status: u16, steps: &[Step], scope: &Scope) -> Scope {
        let fails = steps
            .iter()
            .position(|step| self.may_fail_with(status, step));
        let unbound = steps[fails.unwrap_or(0)..].iter().flat_map(bound);
        let unbound: Vec<BindingId> = unbound.collect();
        let mut known = scope.clone();
        known
            .bindings
            .retain(|binding| !unbound.contains(&binding.id));
        if known.bindings.len() < scope.bindings.len() {
            known.hint = Some(
                "show what is bound before the first step that fails so: nothing after it has run",
            );
        }
        known
    }

    fn may_fail_with(&self, status: u16, step: &Step) -> bool {
        let own = step.otherwise == Otherwise::Status(status) && step.refusal.is_none();
        match &step.kind {
            StepKind::List { .. } | StepKind::Token { .. } => false,
            StepKind::Each { steps, .. } => {
                steps.iter().any(|step| self.may_fail_with(status, step))
            }
            StepKind::Find { .. } | StepKind::Guard { .. } | StepKind::SignIn { .. } => own,
            // Whatever the steps of the move may fail with.
            StepKind::Move { .. } => true,
            // Writes are judged by the checks of the design, too.
            _ => own || matches!(status, 409 | 422),
        }
    }
}

fn bound(step: &Step) -> Vec<BindingId> {
    match &step.kind {
        StepKind::Find { bind, .. }
        | StepKind::Create { bind, .. }
        | StepKind::Upsert { bind, .. }
        | StepKind::GetOrCreate { bind, .. }
        | StepKind::SignIn { bind, .. }
        | StepKind::Token { bind, .. } => vec![*bind],
        StepKind::List { bind, count, .. } => {
            let count = count.as_ref().map(|(bind, _)| *bind);
            count.into_iter().chain([*bind]).collect()
        }
        _ => Vec::new(),
    }
}
