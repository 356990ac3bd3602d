//! Checks that look at other rows: from a row that is written to the rows whose checks read it.

use crate::world::{Among, Change, World};
use archwright_evaluate::{RowRef, Value};
use archwright_plan::model::{Check, EntityId, FieldId};
use archwright_plan::{Hop, Plan, Watch};
use std::collections::{BTreeMap, BTreeSet};

/// By the entity whose rows are read.
#[derive(Debug, Default)]
pub struct Watches<'p>(BTreeMap<EntityId, Vec<&'p Watch>>);

impl<'p> Watches<'p> {
    pub fn of(plan: &'p Plan) -> Self {
        let mut all: BTreeMap<EntityId, Vec<&Watch>> = BTreeMap::new();
        for watch in &plan.watches {
            all.entry(watch.of).or_default().push(watch);
        }
        Self(all)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The checked rows, and their checks, that may notice what happened between two states.
    pub fn noticing<'m>(&self, now: &World<'m>, before: &World<'m>) -> Vec<(RowRef, &'m Check)> {
        let mut found: BTreeSet<(RowRef, usize)> = BTreeSet::new();
        for (row, change) in now.changes_since(before) {
            for watch in self.0.get(&row.entity).into_iter().flatten() {
                if let Change::Fields(fields) = &change
                    && fields.is_disjoint(&watch.reads)
                {
                    continue;
                }
                for world in [before, now] {
                    let rows = backwards(world, &watch.path, row.clone());
                    found.extend(rows.into_iter().map(|row| (row, watch.check)));
                }
            }
        }
        let there = found.into_iter().filter(|(row, _)| now.is_there(row));
        let model = now.model();
        there
            .map(|(row, check)| {
                let check = &model.entity(row.entity).checks[check];
                (row, check)
            })
            .collect()
    }
}

/// From a row at the end of a path to the rows at its beginning.
fn backwards(world: &World, path: &[Hop], row: RowRef) -> BTreeSet<RowRef> {
    let mut rows = BTreeSet::from([row]);
    for hop in path.iter().rev() {
        rows = rows
            .iter()
            .flat_map(|row| match hop {
                Hop::To(field) => world.referring(row, *field, Among::All),
                Hop::From(field) => match world.value(row, *field) {
                    Value::Row(target) => vec![target],
                    _ => Vec::new(),
                },
                Hop::Linked { field, .. } => linked(world, *field, row),
            })
            .collect();
    }
    rows
}

/// The rows whose many-to-many field leads to the row.
fn linked(world: &World, field: FieldId, row: &RowRef) -> Vec<RowRef> {
    let near = world.of(field.entity);
    near.filter(|near| world.many(near, field).contains(row))
        .collect()
}
