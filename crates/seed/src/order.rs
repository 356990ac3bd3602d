//! The order in which entities get their rows: what is required comes first.

use crate::SeedError;
use archwright_plan::model::{Entity, EntityId, FieldKind, Model, ToManyKind};
use std::collections::BTreeSet;

/// Entities that are no parts, so that each comes after those that it needs, and if possible after those that it may
/// refer to.
pub(crate) fn entities(model: &Model) -> Result<Vec<EntityId>, SeedError> {
    let mut waiting: Vec<EntityId> = model
        .entities
        .iter()
        .filter(|entity| entity.part_of.is_none())
        .map(|entity| entity.id)
        .collect();
    let account = model.account.as_ref().map(|account| account.entity);
    let mut order = Vec::new();
    while !waiting.is_empty() {
        let open: BTreeSet<EntityId> = waiting.iter().copied().collect();
        let next = waiting
            .iter()
            .enumerate()
            .filter(|(_, entity)| needs(model, **entity).required.is_disjoint(&open))
            .min_by_key(|(place, entity)| {
                let wished = needs(model, **entity).optional;
                let missing = wished.intersection(&open).count();
                (Some(**entity) != account, missing, *place)
            });
        let Some((place, entity)) = next else {
            let names = waiting.iter().map(|id| model.entity(*id).name.clone());
            return Err(SeedError::Circle {
                entities: names.collect(),
            });
        };
        order.push(*entity);
        waiting.remove(place);
    }
    Ok(order)
}

#[derive(Default)]
struct Needs {
    required: BTreeSet<EntityId>,
    optional: BTreeSet<EntityId>,
}

/// What rows of an entity and of its parts refer to; itself never counts.
fn needs(model: &Model, entity: EntityId) -> Needs {
    let mut needs = Needs::default();
    let mut seen = BTreeSet::new();
    collect(model, model.entity(entity), &mut needs, &mut seen);
    needs.required.remove(&entity);
    needs.optional.remove(&entity);
    needs
}

fn collect(model: &Model, entity: &Entity, needs: &mut Needs, seen: &mut BTreeSet<EntityId>) {
    if !seen.insert(entity.id) {
        return;
    }
    for field in &entity.fields {
        match &field.kind {
            FieldKind::ToOne(relation) => {
                let into = if field.optional {
                    &mut needs.optional
                } else {
                    &mut needs.required
                };
                into.insert(root(model, relation.target));
            }
            FieldKind::ToMany(relation) => match relation.kind {
                ToManyKind::Composed { .. } => {
                    collect(model, model.entity(relation.target), needs, seen)
                }
                ToManyKind::Linked { canonical, .. } if canonical == field.id => {
                    needs.optional.insert(root(model, relation.target));
                }
                _ => {}
            },
            FieldKind::Scalar(_) => {}
        }
    }
}

/// The entity whose rows bring this one's rows with them.
fn root(model: &Model, entity: EntityId) -> EntityId {
    let mut root = entity;
    for _ in 0..model.entities.len() {
        match model.entity(root).part_of {
            Some(part) => root = part.whole,
            None => break,
        }
    }
    root
}
