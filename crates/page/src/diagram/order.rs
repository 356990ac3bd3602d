//! The order of boxes and passing lines in each column, with few crossings, and heights that make lines short.

use super::graph::Graph;
use super::layout::{GAP, Placed, Trunk, trunk};
use std::collections::BTreeMap;

pub(crate) const LANE: i32 = 14;
const SWEEPS: usize = 12;
/// Steps in a line that are smaller than this are straightened.
const JOG: i32 = 10;

/// A place in a column: a box, or a trunk on its way through.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Item {
    Box(usize),
    Lane(Trunk),
}

pub(crate) struct Ordered {
    /// The top of each item, by its column.
    pub tops: BTreeMap<(usize, Item), i32>,
    pub crossings: usize,
}

pub(crate) fn order(graph: &Graph, related: &[usize], boxes: &[Placed], columns: usize) -> Ordered {
    let (mut items, neighbours) = items(graph, related, boxes, columns);
    let crossings = sort(&mut items, &neighbours);
    let mut tops = heights(&items, &neighbours, boxes);
    straighten(&neighbours, &mut tops);
    Ordered { tops, crossings }
}

/// A passing line takes the height of what it leads to, where the two nearly agree.
fn straighten(neighbours: &Neighbours, tops: &mut BTreeMap<(usize, Item), i32>) {
    let lanes = neighbours
        .iter()
        .filter(|((_, item), _)| matches!(item, Item::Lane(_)));
    for (lane, joined) in lanes {
        let near = joined.iter().find_map(|(other, at, at_other)| {
            let level = tops[other] + at_other - at;
            ((level - tops[lane]).abs() < JOG).then_some(level)
        });
        if let Some(level) = near {
            tops.insert(*lane, level);
        }
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
fn sort(items: &mut Items, neighbours: &Neighbours) -> usize {
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
    best.0
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
