//! Computed fields that are made of each other in a circle.

use super::context::Lowering;
use crate::{ExpressionKind, FieldId};
use archwright_diagnostics::Diagnostic;
use std::collections::{BTreeMap, BTreeSet};

impl Lowering<'_> {
    pub fn check_computed_circles(&mut self) {
        let edges = self.computed_edges();
        let mut done: BTreeSet<FieldId> = BTreeSet::new();
        for start in edges.keys() {
            if let Some(circle) = circle_from(*start, &edges, &mut done) {
                self.report_computed(&circle);
            }
        }
    }

    /// Which computed fields each computed field reads.
    fn computed_edges(&self) -> BTreeMap<FieldId, Vec<FieldId>> {
        let mut edges = BTreeMap::new();
        for field in self.entities.iter().flat_map(|entity| &entity.fields) {
            let Some(computed) = &field.computed else {
                continue;
            };
            let mut reads = Vec::new();
            computed.walk(&mut |part| {
                if let ExpressionKind::Field { field, .. } = &part.kind
                    && self.field(*field).computed.is_some()
                {
                    reads.push(*field);
                }
            });
            edges.insert(field.id, reads);
        }
        edges
    }

    fn report_computed(&mut self, circle: &[FieldId]) {
        let Some(first) = circle.first() else { return };
        let names: Vec<String> = circle
            .iter()
            .chain([first])
            .map(|field| self.path(*field))
            .collect();
        let span = self
            .source(*first)
            .and_then(|source| source.computed.as_ref())
            .map(|computed| computed.span);
        let message = format!(
            "`{}` is computed from itself: {}",
            names[0],
            names.join(" → ")
        );
        self.report(
            Diagnostic::new("AW328", span, message)
                .help("store one of the values, or compute it from other fields"),
        );
    }
}

/// Depth first, without recursion; what was left without a circle is `done`.
fn circle_from(
    start: FieldId,
    edges: &BTreeMap<FieldId, Vec<FieldId>>,
    done: &mut BTreeSet<FieldId>,
) -> Option<Vec<FieldId>> {
    let mut path: Vec<(FieldId, usize)> = vec![(start, 0)];
    while let Some((field, next)) = path.last_mut() {
        let reads = edges.get(field).map_or(&[][..], Vec::as_slice);
        let Some(read) = reads.get(*next).copied() else {
            done.insert(*field);
            path.pop();
            continue;
        };
        *next += 1;
        if done.contains(&read) {
            continue;
        }
        if let Some(at) = path.iter().position(|(field, _)| *field == read) {
            let circle: Vec<FieldId> = path[at..].iter().map(|(field, _)| *field).collect();
            done.extend(path.iter().map(|(field, _)| *field));
            return Some(circle);
        }
        path.push((read, 0));
    }
    None
}
