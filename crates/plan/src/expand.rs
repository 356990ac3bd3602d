//! The paths of `?expand=`: where each may go on, for whoever reads or lists them.

use crate::limits::EXPANDED_DEPTH;
use crate::{OutputSource, Plan};
use archwright_model::{EntityId, FieldId, FieldKind, Model, ToManyKind};

/// One relation further on a path.
#[derive(Clone, Copy, Debug)]
pub struct ExpandStep<'p> {
    pub name: &'p str,
    pub field: FieldId,
    pub target: EntityId,
    pub place: ExpandPlace,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpandPlace {
    /// By its position in `Resource::expands`.
    Rows(usize),
    /// Inside of parts, which are there anyway: by their position in `Resource::output`.
    Parts(usize),
}

/// Nobody reads a longer list of paths: they go less deep, then.
const MOST_PATHS: usize = 400;

impl Plan {
    /// All paths from rows of the entity; those through parts begin with the parts' key.
    pub fn expand_paths(&self, entity: EntityId) -> Vec<String> {
        let depth = self.resource(entity).expand_depth;
        self.paths_of_depth(entity, depth, usize::MAX)
    }

    pub(crate) fn decide_expand_depths(&mut self) {
        for index in 0..self.resources.len() {
            let entity = self.resources[index].entity;
            let few =
                |depth: &usize| self.paths_of_depth(entity, *depth, MOST_PATHS).len() <= MOST_PATHS;
            let depth = (2..=EXPANDED_DEPTH).rev().find(few);
            self.resources[index].expand_depth = depth.unwrap_or(1);
        }
    }

    /// Once there are more than `most`, the rest is not looked for.
    fn paths_of_depth(&self, entity: EntityId, depth: usize, most: usize) -> Vec<String> {
        let mut walk = Walk {
            plan: self,
            depth,
            most,
            passed: Vec::new(),
            paths: Vec::new(),
        };
        walk.on(entity, "");
        walk.paths
    }

    /// Where a path that passed these relations may go on from rows of the entity. No path passes a relation again, nor
    /// its other side: it would come back to where it was. One between rows of the same entity leads on
    /// (`parent.parent`), but not back either.
    pub fn expand_steps(&self, entity: EntityId, passed: &[FieldId]) -> Vec<ExpandStep<'_>> {
        let resource = self.resource(entity);
        let rows = resource.expands.iter().enumerate();
        let rows = rows.map(|(index, expand)| ExpandStep {
            name: &expand.name,
            field: expand.field,
            target: expand.target,
            place: ExpandPlace::Rows(index),
        });
        let outputs = resource.output.iter().enumerate();
        let parts = outputs.filter_map(|(index, output)| {
            let OutputSource::Parts(field) = output.source else {
                return None;
            };
            Some(ExpandStep {
                name: &output.json,
                field,
                target: self.model.field(field).to_many()?.target,
                place: ExpandPlace::Parts(index),
            })
        });
        let leads_on = |step: &ExpandStep| {
            let onward = step.target == step.field.entity;
            passed.iter().all(|before| {
                relation(&self.model, *before) != relation(&self.model, step.field)
                    || (onward && *before == step.field)
            })
        };
        rows.chain(parts).filter(leads_on).collect()
    }
}

struct Walk<'p> {
    plan: &'p Plan,
    depth: usize,
    most: usize,
    passed: Vec<FieldId>,
    paths: Vec<String>,
}

impl Walk<'_> {
    fn on(&mut self, entity: EntityId, before: &str) {
        if self.passed.len() == self.depth {
            return;
        }
        for step in self.plan.expand_steps(entity, &self.passed) {
            if self.paths.len() > self.most {
                return;
            }
            let path = format!("{before}{}", step.name);
            if matches!(step.place, ExpandPlace::Rows(_)) {
                self.paths.push(path.clone());
            }
            self.passed.push(step.field);
            self.on(step.target, &format!("{path}."));
            self.passed.pop();
        }
    }
}

/// The same for both sides of a relation.
fn relation(model: &Model, field: FieldId) -> (FieldId, FieldId) {
    let FieldKind::ToMany(relation) = &model.field(field).kind else {
        return (field, field);
    };
    match relation.kind {
        ToManyKind::Inverse { by } | ToManyKind::Composed { by } => (by, by),
        ToManyKind::Linked { canonical, .. } => (canonical, canonical),
        ToManyKind::Through { near, far, .. } => (near.min(far), near.max(far)),
    }
}
