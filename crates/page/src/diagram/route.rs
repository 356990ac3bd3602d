//! Lines between boxes: level from a row to the space between two columns, along a trunk there, level again.

use super::graph::{Edge, Graph};
use super::layout::{Layout, Trunk, trunk};
use std::collections::BTreeMap;

/// Room for the ends of the lines on both sides of a space between columns.
const ENDS: i32 = 26;
const TRACK: i32 = 11;
const LEAST_SPACE: i32 = 64;
/// From a box to the first line that comes back to it, and from there to the next.
const LOOP: i32 = 18;
const NEXT_LOOP: i32 = 12;

/// One relation as a line.
pub(crate) struct Route {
    pub edge: Edge,
    /// From the row that refers to the box that is referred to.
    pub points: Vec<(i32, i32)>,
}

/// A stretch of a trunk in the space before a column, from its highest to its lowest point.
struct Stretch {
    trunk: Trunk,
    top: i32,
    bottom: i32,
}

/// The spaces that a relation passes, from what it refers to, numbered by the column behind them.
fn spaces(edge: &Edge, layout: &Layout) -> Vec<usize> {
    let (source, target) = (layout.boxes[edge.from].column, layout.boxes[edge.to].column);
    match source.cmp(&target) {
        std::cmp::Ordering::Greater => (target + 1..=source).collect(),
        std::cmp::Ordering::Less => (source + 1..=target).rev().collect(),
        // Beside its column, on the right.
        std::cmp::Ordering::Equal => vec![target + 1],
    }
}

/// Where a relation enters and leaves a space.
fn heights_in(
    edge: &Edge,
    graph: &Graph,
    layout: &Layout,
    index: usize,
    spaces: &[usize],
) -> (i32, i32) {
    let trunk = trunk(edge, &layout.boxes);
    let (source, target) = (&layout.boxes[edge.from], &layout.boxes[edge.to]);
    let rightwards = source.column > target.column;
    // Lanes are named by their column: right of a space for those that go right, left of it for the others.
    let lane = |space: usize| {
        let column = if rightwards {
            space
        } else {
            space.wrapping_sub(1)
        };
        layout.lanes.get(&(trunk, column)).copied()
    };
    let near = match index {
        0 => target.y + edge.target_middle(&graph.nodes[edge.to]),
        _ => lane(spaces[index - 1]).unwrap_or(target.y),
    };
    let far = match index + 1 == spaces.len() {
        true => source.y + graph.nodes[edge.from].row_middle(edge.row),
        false => lane(spaces[index]).unwrap_or(source.y),
    };
    (near, far)
}

/// The stretches in the space before a column, each with its track.
fn tracks(graph: &Graph, layout: &Layout, space: usize) -> (BTreeMap<Trunk, usize>, usize) {
    let mut stretches: Vec<Stretch> = Vec::new();
    for edge in &graph.edges {
        if edge.from == edge.to {
            continue;
        }
        let passed = spaces(edge, layout);
        let Some(index) = passed.iter().position(|passed| *passed == space) else {
            continue;
        };
        let (near, far) = heights_in(edge, graph, layout, index, &passed);
        let trunk = trunk(edge, &layout.boxes);
        let (top, bottom) = (near.min(far), near.max(far));
        match stretches.iter_mut().find(|known| known.trunk == trunk) {
            Some(known) => {
                known.top = known.top.min(top);
                known.bottom = known.bottom.max(bottom);
            }
            None => stretches.push(Stretch { trunk, top, bottom }),
        }
    }
    // Lines that go straight through need no track of their own.
    stretches.sort_by_key(|stretch| (stretch.top, stretch.bottom, stretch.trunk));
    let mut ends: Vec<i32> = Vec::new();
    let mut tracks = BTreeMap::new();
    for stretch in stretches {
        let free = ends.iter().position(|end| *end + 8 < stretch.top);
        let track = free.unwrap_or_else(|| {
            ends.push(0);
            ends.len() - 1
        });
        ends[track] = stretch.bottom;
        tracks.insert(stretch.trunk, track);
    }
    (tracks, ends.len())
}

/// How wide the space before a column must be; nothing stands before the first.
pub(crate) fn space_before(graph: &Graph, layout: &Layout, column: usize) -> i32 {
    let loops = loop_room(graph, layout, column);
    let (_, count) = tracks(graph, layout, column);
    let tracks = TRACK * count as i32;
    let outermost = column == 0 || column == layout.columns.len();
    match (count, outermost) {
        (0, true) if loops > 0 => LOOP + loops,
        (0, true) => 0,
        (_, true) => ENDS + loops + tracks + 8,
        (_, false) => (2 * ENDS + loops + tracks).max(LEAST_SPACE),
    }
}

/// Room in the space before a column for the lines from the boxes on its left to themselves.
fn loop_room(graph: &Graph, layout: &Layout, space: usize) -> i32 {
    room_of_loops(graph, |node| {
        graph.is_related(node) && layout.boxes[node].column + 1 == space
    })
}

/// Room beside a box that only refers to itself, for the lines that do.
pub(crate) fn loops_beside(graph: &Graph, node: usize) -> i32 {
    room_of_loops(graph, |other| other == node)
}

fn room_of_loops(graph: &Graph, counts: impl Fn(usize) -> bool) -> i32 {
    let kind = |many_to_many: bool| {
        let mut loops = graph.edges.iter().filter(|edge| edge.from == edge.to);
        loops.any(|edge| edge.many_to_many == many_to_many && counts(edge.from))
    };
    NEXT_LOOP * (i32::from(kind(true)) + i32::from(kind(false)))
}

pub(crate) fn routes(graph: &Graph, layout: &Layout) -> Vec<Route> {
    let spaces: Vec<(BTreeMap<Trunk, usize>, usize)> = (0..=layout.columns.len())
        .map(|space| tracks(graph, layout, space))
        .collect();
    graph
        .edges
        .iter()
        .map(|edge| {
            let points = match edge.from == edge.to {
                true => own_loop(edge, graph, layout),
                false => route(edge, graph, layout, &spaces),
            };
            Route {
                edge: *edge,
                points,
            }
        })
        .collect()
}

/// From a row round the right side of the box to what it refers to.
fn own_loop(edge: &Edge, graph: &Graph, layout: &Layout) -> Vec<(i32, i32)> {
    let (placed, node) = (&layout.boxes[edge.from], &graph.nodes[edge.from]);
    let right = placed.x + placed.width;
    let room = match graph.is_related(edge.from) {
        true => loop_room(graph, layout, placed.column + 1),
        false => loops_beside(graph, edge.from),
    };
    let x = match edge.many_to_many {
        true => right + LOOP + room - NEXT_LOOP,
        false => right + LOOP,
    };
    let row = placed.y + node.row_middle(edge.row);
    let target = placed.y + edge.target_middle(node);
    vec![(right, row), (x, row), (x, target), (right, target)]
}

fn route(
    edge: &Edge,
    graph: &Graph,
    layout: &Layout,
    tracks: &[(BTreeMap<Trunk, usize>, usize)],
) -> Vec<(i32, i32)> {
    let trunk = trunk(edge, &layout.boxes);
    let (source, target) = (&layout.boxes[edge.from], &layout.boxes[edge.to]);
    let beside = source.column == target.column;
    let rightwards = source.column > target.column;
    let passed = spaces(edge, layout);
    let side = |placed: &super::layout::Placed, right: bool| {
        if right {
            placed.x + placed.width
        } else {
            placed.x
        }
    };
    let mut points = Vec::new();
    for (index, space) in passed.iter().enumerate() {
        let (near, far) = heights_in(edge, graph, layout, index, &passed);
        let track = tracks[*space].0.get(&trunk).copied().unwrap_or(0) as i32;
        let left = match space {
            0 => 0,
            _ => layout.columns[space - 1].x + layout.columns[space - 1].width,
        };
        let x = left + ENDS + loop_room(graph, layout, *space) + TRACK * track;
        if index == 0 {
            points.push((side(target, rightwards || beside), near));
        }
        points.push((x, near));
        points.push((x, far));
        if index + 1 == passed.len() {
            points.push((side(source, !rightwards || beside), far));
        }
    }
    points.reverse();
    points.dedup();
    points
}
