//! Boxes and lines as SVG. Colours and faces are the style sheet's.

use super::graph::{Graph, HEADER_HEIGHT, MARK_WIDTH, Node, NodeKind};
use super::layout::{Layout, Placed};
use super::route::Route;
use std::fmt::Write;

const PADDING: i32 = 12;
const CORNER: i32 = 6;
/// How far the ends of lines reach.
const END: i32 = 12;

pub(crate) fn print(graph: &Graph, layout: &Layout, routes: &[Route]) -> String {
    let (width, height) = (layout.width, layout.height);
    let mut svg = format!(
        "<svg class=\"diagram\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" role=\"group\" aria-label=\"Entities and relations\">"
    );
    svg.push_str("<g class=\"lines\">");
    for route in routes {
        line(graph, route, &mut svg);
    }
    svg.push_str("</g>");
    for (index, node) in graph.nodes.iter().enumerate() {
        entity(index, node, &layout.boxes[index], &mut svg);
    }
    svg.push_str("</svg>");
    svg
}

fn line(graph: &Graph, route: &Route, svg: &mut String) {
    let edge = &route.edge;
    let optional = if edge.optional { " optional" } else { "" };
    let (from, to) = (&graph.nodes[edge.from].name, &graph.nodes[edge.to].name);
    let row = &graph.nodes[edge.from].rows[edge.row].name;
    let _ = write!(
        svg,
        "<g class=\"line{optional}\" data-from=\"{}\" data-to=\"{}\"><title>{}.{} to {}</title><path d=\"{}\"/>",
        edge.from,
        edge.to,
        escape(from),
        escape(row),
        escape(to),
        path(&route.points)
    );
    if let [first, second, ..] = route.points.as_slice() {
        let end = match edge.unique {
            true => one(*first, *second),
            false => many(*first, *second),
        };
        let _ = write!(svg, "<path class=\"end\" d=\"{end}\"/>");
    }
    if let [.., second, last] = route.points.as_slice() {
        let end = match edge.many_to_many {
            true => many(*last, *second),
            false => one(*last, *second),
        };
        let _ = write!(svg, "<path class=\"end\" d=\"{end}\"/>");
    }
    svg.push_str("</g>");
}

/// A polyline with rounded corners.
fn path(points: &[(i32, i32)]) -> String {
    let mut text = String::new();
    for (index, (x, y)) in points.iter().copied().enumerate() {
        let around = (index > 0)
            .then(|| points[index - 1])
            .zip(points.get(index + 1).copied());
        let Some((before, after)) = around else {
            let _ = write!(text, "{}{x} {y}", if index == 0 { "M" } else { "L" });
            continue;
        };
        let reach = |other: (i32, i32)| ((other.0 - x).abs() + (other.1 - y).abs()) / 2;
        let radius = CORNER.min(reach(before)).min(reach(after));
        let toward = |other: (i32, i32)| {
            (
                x + (other.0 - x).signum() * radius,
                y + (other.1 - y).signum() * radius,
            )
        };
        let (start, end) = (toward(before), toward(after));
        let _ = write!(text, "L{} {}Q{x} {y} {} {}", start.0, start.1, end.0, end.1);
    }
    text
}

/// A crow's foot that opens towards the box.
fn many(at: (i32, i32), from: (i32, i32)) -> String {
    let x = at.0 + (from.0 - at.0).signum() * END;
    let (edge, y) = at;
    format!("M{x} {y}L{edge} {}M{x} {y}L{edge} {}", y - 5, y + 5)
}

/// A bar across the line: one.
fn one(at: (i32, i32), from: (i32, i32)) -> String {
    let (x, y) = (at.0 + (from.0 - at.0).signum() * 7, at.1);
    format!("M{x} {}L{x} {}", y - 5, y + 5)
}

fn entity(index: usize, node: &Node, placed: &Placed, svg: &mut String) {
    let Placed {
        x,
        y,
        width,
        height,
        ..
    } = *placed;
    let (class, label) = match node.kind {
        NodeKind::Plain => ("entity", ""),
        NodeKind::Account => ("entity account", "account"),
        NodeKind::Part => ("entity part", "part"),
    };
    let _ = write!(
        svg,
        "<g class=\"{class}\" data-entity=\"{index}\" transform=\"translate({x} {y})\">\
         <rect class=\"box\" width=\"{width}\" height=\"{height}\" rx=\"8\"/>\
         <path class=\"head\" d=\"M0 {HEADER_HEIGHT}V8a8 8 0 0 1 8-8H{}a8 8 0 0 1 8 8V{HEADER_HEIGHT}z\"/>\
         <text class=\"name\" x=\"{PADDING}\" y=\"22\">{}</text>",
        width - 8,
        escape(&node.name)
    );
    if !label.is_empty() {
        let _ = write!(
            svg,
            "<text class=\"label\" x=\"{}\" y=\"22\">{label}</text>",
            width - PADDING
        );
    }
    for (row_index, row) in node.rows.iter().enumerate() {
        let baseline = node.row_middle(row_index) + 4;
        let computed = if row.computed { " computed" } else { "" };
        if !row.mark.is_empty() {
            let _ = write!(
                svg,
                "<text class=\"mark\" x=\"{PADDING}\" y=\"{baseline}\">{}</text>",
                row.mark
            );
        }
        let _ = write!(
            svg,
            "<text class=\"field{computed}\" x=\"{}\" y=\"{baseline}\">{}</text>\
             <text class=\"type\" x=\"{}\" y=\"{baseline}\">{}{}</text>",
            PADDING + MARK_WIDTH,
            escape(&row.name),
            width - PADDING,
            escape(&row.ty),
            if row.optional { "?" } else { "" }
        );
    }
    if node.hidden > 0 {
        let baseline = node.row_middle(node.rows.len()) + 4;
        let _ = write!(
            svg,
            "<text class=\"more\" x=\"{}\" y=\"{baseline}\">and {} more</text>",
            PADDING + MARK_WIDTH,
            node.hidden
        );
    }
    svg.push_str("</g>");
}

pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
