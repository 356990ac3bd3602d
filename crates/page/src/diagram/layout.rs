//! Where boxes stand: columns by who refers to whom, an order in each column, and a place for both on the page.

use super::columns::assign_columns;
use super::graph::{Edge, Graph};
use super::order::{self, Item, LANE};
use std::collections::BTreeMap;

/// Between boxes that stand one above the other.
pub(crate) const GAP: i32 = 28;
const MARGIN: i32 = 24;

pub(crate) struct Layout {
    /// One for each node of the graph.
    pub boxes: Vec<Placed>,
    /// Of each column, its left edge and its width, in order.
    pub columns: Vec<Column>,
    /// Where a trunk crosses a column, by trunk and column.
    pub lanes: BTreeMap<(Trunk, usize), i32>,
    pub crossings: usize,
    pub width: i32,
    pub height: i32,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Placed {
    pub column: usize,
    pub x: i32,
    pub y: i32,
    pub width: i32,
    pub height: i32,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Column {
    pub x: i32,
    pub width: i32,
}

/// Lines that end at the same side of the same box in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Trunk {
    pub to: usize,
    pub many_to_many: bool,
    /// The lines leave the box on its right; otherwise on its left.
    pub rightwards: bool,
}

pub(crate) fn trunk(edge: &Edge, boxes: &[Placed]) -> Trunk {
    let rightwards = boxes[edge.from].column > boxes[edge.to].column;
    Trunk {
        to: edge.to,
        many_to_many: edge.many_to_many,
        rightwards,
    }
}

/// The widest and highest diagram that a page shows without scrolling.
const ROOM: (f64, f64) = (1_150.0, 820.0);
/// How high a column may become before boxes move on, to be tried.
const LIMITS: [i32; 5] = [420, 560, 720, 900, 1_200];

/// The layout that has to be shrunk least for the page, with few crossings.
pub(crate) fn layout(graph: &Graph) -> Layout {
    let mut best = attempt(graph, i32::MAX);
    for limit in LIMITS {
        let found = attempt(graph, limit);
        if cost(&found) < cost(&best) {
            best = found;
        }
    }
    best
}

fn cost(layout: &Layout) -> f64 {
    let shrunk = (f64::from(layout.width) / ROOM.0)
        .max(f64::from(layout.height) / ROOM.1)
        .max(1.0);
    shrunk * (1.0 + 0.04 * layout.crossings as f64)
}

fn attempt(graph: &Graph, limit: i32) -> Layout {
    let count = graph.nodes.len();
    let (related, alone): (Vec<usize>, Vec<usize>) =
        (0..count).partition(|node| graph.is_related(*node));
    let mut boxes: Vec<Placed> = graph
        .nodes
        .iter()
        .map(|node| Placed {
            width: node.width,
            height: node.height(),
            ..Placed::default()
        })
        .collect();
    let columns = assign_columns(graph, &related, limit, &mut boxes);
    let ordered = order::order(graph, &related, &boxes, columns);
    let mut lanes = BTreeMap::new();
    for ((column, item), top) in ordered.tops {
        match item {
            Item::Box(node) => boxes[node].y = top,
            Item::Lane(trunk) => {
                lanes.insert((trunk, column), top + LANE / 2);
            }
        }
    }
    let mut layout = Layout {
        boxes,
        columns: vec![Column::default(); columns],
        lanes,
        crossings: ordered.crossings,
        width: 0,
        height: 0,
    };
    settle(graph, &related, &alone, &mut layout);
    layout
}

/// Columns get their places by what runs between them; boxes without relations stand in rows below.
fn settle(graph: &Graph, related: &[usize], alone: &[usize], layout: &mut Layout) {
    for node in related {
        let column = &mut layout.columns[layout.boxes[*node].column];
        column.width = column.width.max(graph.nodes[*node].width);
    }
    let mut x = MARGIN;
    for index in 0..layout.columns.len() {
        x += super::route::space_before(graph, layout, index);
        layout.columns[index].x = x;
        x += layout.columns[index].width;
    }
    x += super::route::space_before(graph, layout, layout.columns.len());
    for node in related {
        let column = layout.columns[layout.boxes[*node].column];
        let placed = &mut layout.boxes[*node];
        (placed.x, placed.width) = (column.x, column.width);
        placed.y += MARGIN;
    }
    for lane in layout.lanes.values_mut() {
        *lane += MARGIN;
    }
    let boxes = related
        .iter()
        .map(|node| layout.boxes[*node].y + layout.boxes[*node].height);
    // Lines pass under the lowest box, too.
    let bottom = boxes.chain(layout.lanes.values().copied()).max();
    let bottom = bottom.map_or(MARGIN, |bottom| bottom + GAP);
    layout.width = x + MARGIN;
    layout.height = rows_below(graph, alone, layout, bottom) - GAP + MARGIN;
}

fn rows_below(graph: &Graph, alone: &[usize], layout: &mut Layout, top: i32) -> i32 {
    let room = layout.width.max(960);
    let (mut x, mut y, mut deepest) = (MARGIN, top, top);
    for node in alone {
        let placed = &mut layout.boxes[*node];
        let width = placed.width + super::route::loops_beside(graph, *node);
        if x > MARGIN && x + width + MARGIN > room {
            (x, y) = (MARGIN, deepest);
        }
        (placed.x, placed.y) = (x, y);
        x += width + GAP;
        deepest = deepest.max(y + placed.height + GAP);
        layout.width = layout.width.max(placed.x + width + MARGIN);
    }
    deepest
}
