//! Where boxes stand: columns by who refers to whom, an order in each column with few crossings, and heights that
//! make lines short.

use super::graph::{Edge, Graph};
use std::collections::BTreeMap;

const GAP: i32 = 28;
const LANE: i32 = 14;
const SWEEPS: usize = 12;
pub(crate) const MARGIN: i32 = 24;

pub(crate) struct Layout {
    /// One for each node of the graph.
    pub boxes: Vec<Placed>,
    /// Of each column, its left edge and its width, in order.
    pub columns: Vec<Column>,
    /// Where a trunk crosses a column, by trunk and column.
    pub lanes: BTreeMap<(Trunk, usize), i32>,
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

/// A place in a column: a box, or a trunk on its way through.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Item {
    Box(usize),
    Lane(Trunk),
}

pub(crate) fn layout(graph: &Graph) -> Layout {
    let count = graph.nodes.len();
    let (related, alone): (Vec<usize>, Vec<usize>) = (0..count).partition(|node| {
        graph
            .edges
            .iter()
            .any(|edge| edge.from != edge.to && (edge.from == *node || edge.to == *node))
    });
    let mut boxes: Vec<Placed> = graph
        .nodes
        .iter()
        .map(|node| Placed {
            width: node.width,
            height: node.height(),
            ..Placed::default()
        })
        .collect();
    let columns = assign_columns(graph, &related, &mut boxes);
    let (mut items, neighbours) = items(graph, &related, &boxes, columns);
    order(&mut items, &neighbours);
    let positions = heights(&items, &neighbours, &boxes);
    let mut lanes = BTreeMap::new();
    for (column, items) in items.iter().enumerate() {
        for item in items {
            let y = positions[&(column, *item)];
            match item {
                Item::Box(node) => boxes[*node].y = y,
                Item::Lane(trunk) => {
                    lanes.insert((*trunk, column), y + LANE / 2);
                }
            }
        }
    }
    let mut layout = Layout {
        boxes,
        columns: vec![Column::default(); columns],
        lanes,
        width: 0,
        height: 0,
    };
    settle(graph, &related, &alone, &mut layout);
    layout
}

/// The column of each box: right of everything that it refers to, cycles apart.
fn assign_columns(graph: &Graph, related: &[usize], boxes: &mut [Placed]) -> usize {
    let forward = without_cycles(graph);
    let mut column = vec![0_usize; graph.nodes.len()];
    for _ in 0..graph.nodes.len() {
        let mut moved = false;
        for (from, to) in &forward {
            if column[*from] <= column[*to] {
                column[*from] = column[*to] + 1;
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    // What refers to nothing stands next to the nearest that refers to it.
    for node in related {
        let refers = forward.iter().any(|(from, _)| from == node);
        let nearest = forward
            .iter()
            .filter(|(_, to)| to == node)
            .map(|(from, _)| column[*from])
            .min();
        if let (false, Some(nearest)) = (refers, nearest) {
            column[*node] = nearest.saturating_sub(1);
        }
    }
    spread(graph, related, &forward, &mut column);
    let first = related.iter().map(|node| column[*node]).min().unwrap_or(0);
    for node in related {
        boxes[*node].column = column[*node] - first;
    }
    related
        .iter()
        .map(|node| boxes[*node].column + 1)
        .max()
        .unwrap_or(0)
}

/// References with those left out that would close a cycle, found depth first.
fn without_cycles(graph: &Graph) -> Vec<(usize, usize)> {
    let mut kept: Vec<(usize, usize)> = Vec::new();
    // References to few first: a hub at the end of a cycle stays on the left.
    let mut edges: Vec<&Edge> = graph
        .edges
        .iter()
        .filter(|edge| edge.from != edge.to)
        .collect();
    edges.sort_by_key(|edge| (edge.many_to_many, edge.optional, edge.from, edge.row));
    for edge in edges {
        if !reaches(&kept, edge.to, edge.from) {
            kept.push((edge.from, edge.to));
        }
    }
    kept
}

fn reaches(edges: &[(usize, usize)], start: usize, goal: usize) -> bool {
    let mut seen = vec![start];
    let mut index = 0;
    while let Some(node) = seen.get(index).copied() {
        if node == goal {
            return true;
        }
        for (from, to) in edges {
            if *from == node && !seen.contains(to) {
                seen.push(*to);
            }
        }
        index += 1;
    }
    false
}

/// Boxes of a column that is too high go on to the next one, when nothing refers to them.
fn spread(graph: &Graph, related: &[usize], forward: &[(usize, usize)], column: &mut [usize]) {
    let area: i64 = related
        .iter()
        .map(|node| {
            i64::from(graph.nodes[*node].height() + GAP) * i64::from(graph.nodes[*node].width + 90)
        })
        .sum();
    let limit = ((area as f64 * 0.62).sqrt() as i32).max(560);
    let mut current = 0;
    while related.iter().any(|node| column[*node] >= current) && current < related.len() + 8 {
        let here: Vec<usize> = related
            .iter()
            .copied()
            .filter(|node| column[*node] == current)
            .collect();
        let mut height: i32 = here
            .iter()
            .map(|node| graph.nodes[*node].height() + GAP)
            .sum();
        for node in here.iter().rev() {
            let free = !forward.iter().any(|(_, to)| to == node);
            if height > limit && free {
                column[*node] += 1;
                height -= graph.nodes[*node].height() + GAP;
            }
        }
        current += 1;
    }
}

type Items = Vec<Vec<Item>>;
/// For each item its neighbours in the columns beside it, with the places on both where the line meets them, from
/// their tops.
type Neighbours = BTreeMap<(usize, Item), Vec<((usize, Item), i32, i32)>>;

fn items(
    graph: &Graph,
    related: &[usize],
    boxes: &[Placed],
    columns: usize,
) -> (Items, Neighbours) {
    let mut items: Items = vec![Vec::new(); columns];
    for node in related {
        items[boxes[*node].column].push(Item::Box(*node));
    }
    let mut neighbours = Neighbours::new();
    let mut join = |first: (usize, Item), second: (usize, Item), at_first: i32, at_second: i32| {
        neighbours
            .entry(first)
            .or_default()
            .push((second, at_first, at_second));
        neighbours
            .entry(second)
            .or_default()
            .push((first, at_second, at_first));
    };
    for edge in graph.edges.iter().filter(|edge| edge.from != edge.to) {
        let trunk = trunk(edge, boxes);
        let (source, target) = (boxes[edge.from].column, boxes[edge.to].column);
        let port = graph.nodes[edge.from].row_middle(edge.row);
        let target_port = edge.target_middle(&graph.nodes[edge.to]);
        let mut last = ((target, Item::Box(edge.to)), target_port);
        // Two boxes of one column are joined by a line beside it.
        let between: Vec<usize> = match source.cmp(&target) {
            std::cmp::Ordering::Greater => (target + 1..source).collect(),
            std::cmp::Ordering::Less => (source + 1..target).rev().collect(),
            std::cmp::Ordering::Equal => continue,
        };
        for column in between {
            let lane = Item::Lane(trunk);
            if !items[column].contains(&lane) {
                items[column].push(lane);
                join(last.0, (column, lane), last.1, LANE / 2);
            }
            last = ((column, lane), LANE / 2);
        }
        join(last.0, (source, Item::Box(edge.from)), last.1, port);
    }
    (items, neighbours)
}

/// Sweeps that put each item near the middle of its neighbours.
fn order(items: &mut Items, neighbours: &Neighbours) {
    let mut best = (crossings(items, neighbours), items.clone());
    for sweep in 0..SWEEPS {
        let columns: Vec<usize> = match sweep % 2 {
            0 => (1..items.len()).collect(),
            _ => (0..items.len().saturating_sub(1)).rev().collect(),
        };
        for column in columns {
            let beside = if sweep % 2 == 0 {
                column - 1
            } else {
                column + 1
            };
            let place: BTreeMap<Item, f64> = items[beside]
                .iter()
                .enumerate()
                .map(|(index, item)| (*item, index as f64))
                .collect();
            let mut weighed: Vec<(f64, usize, Item)> = items[column]
                .iter()
                .enumerate()
                .map(|(index, item)| {
                    let places: Vec<f64> = neighbours
                        .get(&(column, *item))
                        .into_iter()
                        .flatten()
                        .filter(|((other, _), _, _)| *other == beside)
                        .filter_map(|((_, other), _, port)| {
                            Some(place.get(other)? + f64::from(*port) / 1_000.0)
                        })
                        .collect();
                    let middle = match places.len() {
                        0 => index as f64,
                        count => places.iter().sum::<f64>() / count as f64,
                    };
                    (middle, index, *item)
                })
                .collect();
            weighed.sort_by(|left, right| left.0.total_cmp(&right.0).then(left.1.cmp(&right.1)));
            items[column] = weighed.into_iter().map(|(_, _, item)| item).collect();
        }
        let found = crossings(items, neighbours);
        if found < best.0 {
            best = (found, items.clone());
        }
    }
    *items = best.1;
}

fn crossings(items: &Items, neighbours: &Neighbours) -> usize {
    let mut count = 0;
    for column in 0..items.len().saturating_sub(1) {
        let right: BTreeMap<Item, i64> = items[column + 1]
            .iter()
            .enumerate()
            .map(|(index, item)| (*item, index as i64))
            .collect();
        let mut lines: Vec<(i64, i64)> = Vec::new();
        for (index, item) in items[column].iter().enumerate() {
            for ((other_column, other), at, at_other) in
                neighbours.get(&(column, *item)).into_iter().flatten()
            {
                if *other_column == column + 1
                    && let Some(place) = right.get(other)
                {
                    lines.push((
                        index as i64 * 4_096 + i64::from(*at),
                        place * 4_096 + i64::from(*at_other),
                    ));
                }
            }
        }
        for (index, first) in lines.iter().enumerate() {
            let crosses = |second: &&(i64, i64)| (first.0 - second.0) * (first.1 - second.1) < 0;
            count += lines[index + 1..].iter().filter(crosses).count();
        }
    }
    count
}

/// The top of each item, so that lines are as straight as the order allows.
fn heights(
    items: &Items,
    neighbours: &Neighbours,
    boxes: &[Placed],
) -> BTreeMap<(usize, Item), i32> {
    let height = |item: &Item| match item {
        Item::Box(node) => boxes[*node].height,
        Item::Lane(_) => LANE,
    };
    let space = |above: &Item, below: &Item| match (above, below) {
        (Item::Lane(_), Item::Lane(_)) => 0,
        _ => GAP,
    };
    let mut tops: BTreeMap<(usize, Item), f64> = BTreeMap::new();
    for (column, items) in items.iter().enumerate() {
        let mut top = 0.0;
        for (index, item) in items.iter().enumerate() {
            tops.insert((column, *item), top);
            let below = items.get(index + 1).map_or(0, |below| space(item, below));
            top += f64::from(height(item) + below);
        }
    }
    for sweep in 0..SWEEPS {
        let columns: Vec<usize> = match sweep % 2 {
            0 => (0..items.len()).collect(),
            _ => (0..items.len()).rev().collect(),
        };
        for column in columns {
            let mut offset = 0.0;
            let mut wishes = Vec::new();
            for (index, item) in items[column].iter().enumerate() {
                let wanted: Vec<f64> = neighbours
                    .get(&(column, *item))
                    .into_iter()
                    .flatten()
                    .map(|(other, at, at_other)| {
                        tops[other] + f64::from(*at_other) - f64::from(*at)
                    })
                    .collect();
                let wish = match wanted.len() {
                    0 => tops[&(column, *item)],
                    count => wanted.iter().sum::<f64>() / count as f64,
                };
                wishes.push((wish - offset, wanted.len().max(1) as f64));
                let below = items[column]
                    .get(index + 1)
                    .map_or(0, |below| space(item, below));
                offset += f64::from(height(item) + below);
            }
            let mut offset = 0.0;
            for (index, (item, shifted)) in items[column].iter().zip(rising(&wishes)).enumerate() {
                tops.insert((column, *item), shifted + offset);
                let below = items[column]
                    .get(index + 1)
                    .map_or(0, |below| space(item, below));
                offset += f64::from(height(item) + below);
            }
        }
    }
    let highest = tops.values().copied().fold(f64::INFINITY, f64::min);
    tops.into_iter()
        .map(|(key, top)| (key, (top - highest).round() as i32))
        .collect()
}

/// The values nearest to the wishes that never fall: neighbours that would overlap share their weighted mean.
fn rising(wishes: &[(f64, f64)]) -> Vec<f64> {
    let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
    for (wish, weight) in wishes {
        let mut block = (*wish, *weight, 1);
        while let Some(last) = blocks.last().copied()
            && last.0 > block.0
        {
            blocks.pop();
            let weight = last.1 + block.1;
            block = (
                (last.0 * last.1 + block.0 * block.1) / weight,
                weight,
                last.2 + block.2,
            );
        }
        blocks.push(block);
    }
    blocks
        .into_iter()
        .flat_map(|(value, _, count)| std::iter::repeat_n(value, count))
        .collect()
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
    let bottom = related
        .iter()
        .map(|node| layout.boxes[*node].y + layout.boxes[*node].height + GAP)
        .max()
        .unwrap_or(MARGIN);
    layout.width = x + MARGIN;
    layout.height = rows_below(alone, layout, bottom) - GAP + MARGIN;
}

fn rows_below(alone: &[usize], layout: &mut Layout, top: i32) -> i32 {
    let room = layout.width.max(960);
    let (mut x, mut y, mut deepest) = (MARGIN, top, top);
    for node in alone {
        let placed = &mut layout.boxes[*node];
        if x > MARGIN && x + placed.width + MARGIN > room {
            (x, y) = (MARGIN, deepest);
        }
        (placed.x, placed.y) = (x, y);
        x += placed.width + GAP;
        deepest = deepest.max(y + placed.height + GAP);
        layout.width = layout.width.max(placed.x + placed.width + MARGIN);
    }
    deepest
}
