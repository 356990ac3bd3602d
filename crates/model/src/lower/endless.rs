//! Rows that need each other before they are there, so that there can be none.

use super::components::components;
use super::context::Lowering;
use crate::{EntityId, FieldId};
use archwright_diagnostics::{Diagnostic, Span};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// How many relations of a circle are told one by one.
const TOLD: usize = 6;

impl Lowering<'_> {
    /// The first row of a circle can't refer to one that is there already, whoever makes it.
    pub fn refuse_endless(&mut self) {
        let mut needs: Vec<Vec<FieldId>> = vec![Vec::new(); self.entities.len()];
        for field in self.entities.iter().flat_map(|entity| &entity.fields) {
            if !field.optional && field.to_one().is_some() && !self.broken.contains(&field.id) {
                needs[field.id.entity.0].push(field.id);
            }
        }
        let target = |field: &FieldId| self.target_of(*field).map(|target| target.0);
        let edges: Vec<Vec<usize>> = needs
            .iter()
            .map(|fields| fields.iter().filter_map(target).collect())
            .collect();
        let circles = components(&edges).of;
        let mut said = BTreeSet::new();
        let mut found = Vec::new();
        for entity in self.entity_ids() {
            for field in &needs[entity.0] {
                let Some(target) = self.target_of(*field) else {
                    continue;
                };
                if target == entity {
                    found.push(self.needs_itself(*field));
                } else if circles[target.0] == circles[entity.0] && said.insert(circles[entity.0]) {
                    let circle = self.circle(*field, &needs, &circles);
                    found.push(self.need_each_other(&circle));
                }
            }
        }
        for diagnostic in found {
            self.report(diagnostic);
        }
    }

    fn needs_itself(&self, field: FieldId) -> Diagnostic {
        let name = &self.entity(field.entity).name;
        let message = format!("a `{name}` needs another `{name}` first, so there can be none");
        Diagnostic::new("AW257", self.type_span(field), message).help(format!("write `{name}?`"))
    }

    /// The relations of a shortest way from an entity back to itself that begins with this one.
    fn circle(&self, first: FieldId, needs: &[Vec<FieldId>], circles: &[usize]) -> Vec<FieldId> {
        let start = first.entity;
        // Each entity with the relation that it was reached by.
        let mut reached: BTreeMap<EntityId, FieldId> = BTreeMap::new();
        let mut open: VecDeque<FieldId> = VecDeque::from([first]);
        while let Some(by) = open.pop_front() {
            let Some(entity) = self.target_of(by) else {
                continue;
            };
            if entity == start {
                let mut circle = vec![by];
                while let Some(before) = circle.last().filter(|last| **last != first) {
                    match reached.get(&before.entity) {
                        Some(before) => circle.push(*before),
                        None => break,
                    }
                }
                circle.reverse();
                return circle;
            }
            let inside = circles[entity.0] == circles[start.0];
            if inside && !reached.contains_key(&entity) {
                reached.insert(entity, by);
                open.extend(&needs[entity.0]);
            }
        }
        vec![first]
    }

    fn need_each_other(&self, circle: &[FieldId]) -> Diagnostic {
        let name = |entity: EntityId| &self.entity(entity).name;
        let mut steps: Vec<String> = circle
            .iter()
            .take(TOLD)
            .filter_map(|field| {
                let target = self.target_of(*field)?;
                Some(format!("`{}` needs `{}`", name(field.entity), name(target)))
            })
            .collect();
        if circle.len() > TOLD {
            steps.push(format!("and so on back to `{}`", name(circle[0].entity)));
        }
        let message = format!("{}: there can be no row of them", steps.join(", "));
        // A part's way back has no place of its own, and has to be there.
        let mut written = circle
            .iter()
            .copied()
            .filter(|field| self.is_written(*field));
        let Some(first) = written.next() else {
            return Diagnostic::new("AW257", None, message);
        };
        let help = format!(
            "make one of these relations optional, such as `{}: {}?`",
            self.field(first).name,
            self.target_of(first).map_or("", |target| name(target))
        );
        let mut diagnostic = Diagnostic::new("AW257", self.type_span(first), message).help(help);
        for field in written.take(TOLD) {
            diagnostic = diagnostic.other(self.type_span(field), "and this one is needed");
        }
        diagnostic
    }

    fn is_written(&self, field: FieldId) -> bool {
        let part = self.entity(field.entity).part_of;
        self.source(field).is_some() && part.is_none_or(|part| part.back != field)
    }

    fn type_span(&self, field: FieldId) -> Span {
        self.source(field)
            .map_or(self.field(field).span, |source| source.ty.span)
    }
}
