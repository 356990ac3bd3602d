//! The entity-relationship diagram: boxes in columns, what is referred to on the left, what refers to it on the
//! right. Lines that lead to the same row share a trunk, so that many relations stay few lines.

mod graph;
mod layout;
mod route;
mod svg;

use graph::Graph;
pub(crate) use svg::escape;

use archwright_plan::Plan;

/// The diagram as an SVG element, styled by the page's own style sheet.
pub(crate) fn svg(plan: &Plan) -> String {
    let graph = Graph::new(plan);
    let layout = layout::layout(&graph);
    let routes = route::routes(&graph, &layout);
    svg::print(&graph, &layout, &routes)
}
