//! The entity-relationship diagram: boxes in columns, what is referred to on the left, what refers to it on the
//! right. Lines that lead to the same row share a trunk, so that many relations stay few lines.

mod columns;
mod graph;
mod layout;
mod order;
mod route;
mod svg;
#[cfg(test)]
mod tests;

use archwright_plan::Plan;
use archwright_plan::model::EntityId;
use graph::Graph;
use serde::Serialize;
pub(crate) use svg::escape;

/// More entities than this are drawn in several diagrams.
const MOST_IN_ONE: usize = 36;
const PART: usize = 16;

/// One diagram of the design's.
#[derive(Serialize)]
pub(crate) struct Drawn {
    /// The names of its entities, in the design's order.
    pub entities: Vec<String>,
    /// An SVG element, styled by the page's own style sheet.
    pub svg: String,
}

/// One diagram for the whole design, or several for neighbours in the design's order: people write what belongs
/// together into one place.
pub(crate) fn diagrams(plan: &Plan) -> Vec<Drawn> {
    parts(plan)
        .iter()
        .map(|part| {
            let names = part.iter().map(|entity| &plan.model.entity(*entity).name);
            Drawn {
                entities: names.cloned().collect(),
                svg: draw(plan, part),
            }
        })
        .collect()
}

fn draw(plan: &Plan, entities: &[EntityId]) -> String {
    let graph = Graph::new(plan, entities);
    let layout = layout::layout(&graph);
    let routes = route::routes(&graph, &layout);
    svg::print(&graph, &layout, &routes)
}

/// Entities by the diagram that shows them; parts stay with their whole.
fn parts(plan: &Plan) -> Vec<Vec<EntityId>> {
    let entities = &plan.model.entities;
    if entities.len() <= MOST_IN_ONE {
        return vec![entities.iter().map(|entity| entity.id).collect()];
    }
    let mut parts: Vec<Vec<EntityId>> = vec![Vec::new()];
    for entity in entities.iter().filter(|entity| entity.part_of.is_none()) {
        if parts.last().is_some_and(|part| part.len() >= PART) {
            parts.push(Vec::new());
        }
        if let Some(part) = parts.last_mut() {
            add(plan, entity.id, part);
        }
    }
    parts
}

/// The entity, its parts, and theirs.
fn add(plan: &Plan, entity: EntityId, part: &mut Vec<EntityId>) {
    part.push(entity);
    for other in &plan.model.entities {
        if other.part_of.is_some_and(|of| of.whole == entity) {
            add(plan, other.id, part);
        }
    }
}
