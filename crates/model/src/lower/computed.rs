//! Computed fields that are made of each other: in a circle, or so that they grow beyond what a query can hold.

use super::context::Lowering;
use crate::{EntityId, Expression, ExpressionKind, FieldId, Function};
use archwright_diagnostics::{Diagnostic, Span};
use std::collections::BTreeMap;

/// Most operations of a computed field with those that it reads written out, the most of all fields of an entity, and
/// the deepest nesting: a query calculates all of them at once.
const SIZE: usize = 2_000;
const SIZE_OF_ENTITY: usize = 10_000;
const DEPTH: usize = 160;

/// How large an expression is once the computed fields in it are written out.
#[derive(Clone, Copy)]
struct Extent {
    size: usize,
    depth: usize,
}

impl Lowering<'_> {
    pub fn check_computed(&mut self) {
        let edges = self.computed_edges();
        let mut marks: BTreeMap<FieldId, Mark> = BTreeMap::new();
        let mut order = Vec::new();
        let mut circles = Vec::new();
        for start in edges.keys() {
            circles.extend(circle_from(*start, &edges, &mut marks, &mut order));
        }
        for circle in &circles {
            self.report_circle_of_values(circle);
        }
        if circles.is_empty() {
            self.check_extents(&order);
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

    fn report_circle_of_values(&mut self, circle: &[FieldId]) {
        let Some(first) = circle.first() else { return };
        let names: Vec<String> = circle
            .iter()
            .chain([first])
            .map(|field| self.path(*field))
            .collect();
        let message = format!(
            "`{}` is computed from itself: {}",
            names[0],
            names.join(" → ")
        );
        self.report(
            Diagnostic::new("AW328", self.computed_span(*first), message)
                .help("store one of the values, or compute it from other fields"),
        );
    }

    fn computed_span(&self, field: FieldId) -> Option<Span> {
        let computed = self.source(field)?.computed.as_ref()?;
        Some(computed.span)
    }

    /// Each field comes after those that it reads. One that is too large counts no further: it was said once.
    fn check_extents(&mut self, order: &[FieldId]) {
        let mut extents: BTreeMap<FieldId, Extent> = BTreeMap::new();
        let mut sums: BTreeMap<EntityId, usize> = BTreeMap::new();
        for field in order {
            let Some(computed) = &self.field(*field).computed else {
                continue;
            };
            let extent = extent(computed, &extents);
            let before = sums.get(&field.entity).copied().unwrap_or(0);
            let sum = before.saturating_add(extent.size);
            if extent.size <= SIZE && extent.depth <= DEPTH {
                extents.insert(*field, extent);
                sums.insert(field.entity, sum);
                if sum <= SIZE_OF_ENTITY || before > SIZE_OF_ENTITY {
                    continue;
                }
            }
            let path = self.path(*field);
            let message = if extent.depth > DEPTH {
                format!("`{path}` is computed in more than {DEPTH} steps, one after the other")
            } else if extent.size > SIZE {
                format!(
                    "`{path}` takes more than {SIZE} operations, with the values that it is computed from"
                )
            } else {
                format!(
                    "`{path}` and the values before it take more than {SIZE_OF_ENTITY} operations together"
                )
            };
            self.report(
                Diagnostic::new("AW329", self.computed_span(*field), message)
                    .help("store one of the values that it is computed from"),
            );
        }
    }
}

/// What a query repeats counts as often as it is written.
fn extent(expression: &Expression, known: &BTreeMap<FieldId, Extent>) -> Extent {
    let children = expression.children();
    let inner: Vec<Extent> = children.iter().map(|child| extent(child, known)).collect();
    let sum = inner
        .iter()
        .fold(1, |sum: usize, part| sum.saturating_add(part.size));
    let (size, depth) = match &expression.kind {
        ExpressionKind::Field { field, .. } => {
            let value = known.get(field).copied();
            // Each part of the other row's value looks that row up.
            value.map_or((sum, 0), |value| {
                ((sum - 1).saturating_mul(value.size), value.depth)
            })
        }
        ExpressionKind::In { list, .. } => match &list.kind {
            ExpressionKind::List(items) => (sum.saturating_mul(items.len().max(1)), 0),
            _ => (sum, 0),
        },
        ExpressionKind::Function {
            function: Function::StartsWith | Function::EndsWith | Function::String,
            ..
        } => (sum.saturating_mul(4), 0),
        _ => (sum, 0),
    };
    let deepest = inner.iter().map(|part| part.depth).max().unwrap_or(0);
    Extent {
        size,
        depth: deepest + depth.max(1),
    }
}

enum Mark {
    /// At this place of the path.
    Open(usize),
    Done,
}

/// Depth first, without recursion. What is left without a circle is put into `order`, after all that it reads.
fn circle_from(
    start: FieldId,
    edges: &BTreeMap<FieldId, Vec<FieldId>>,
    marks: &mut BTreeMap<FieldId, Mark>,
    order: &mut Vec<FieldId>,
) -> Option<Vec<FieldId>> {
    if marks.contains_key(&start) {
        return None;
    }
    let mut path: Vec<(FieldId, usize)> = vec![(start, 0)];
    marks.insert(start, Mark::Open(0));
    while let Some((field, next)) = path.last_mut() {
        let reads = edges.get(field).map_or(&[][..], Vec::as_slice);
        let Some(read) = reads.get(*next).copied() else {
            marks.insert(*field, Mark::Done);
            order.push(*field);
            path.pop();
            continue;
        };
        *next += 1;
        match marks.get(&read) {
            Some(Mark::Done) => {}
            Some(Mark::Open(at)) => {
                let circle = path[*at..].iter().map(|(field, _)| *field).collect();
                marks.extend(path.iter().map(|(field, _)| (*field, Mark::Done)));
                return Some(circle);
            }
            None => {
                marks.insert(read, Mark::Open(path.len()));
                path.push((read, 0));
            }
        }
    }
    None
}
