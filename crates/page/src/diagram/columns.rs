//! The column of each box of a diagram: what is referred to stands left of what refers to it.

use super::graph::{Edge, Graph};
use super::layout::{GAP, Placed};

/// The column of each box: right of everything that it refers to, cycles apart.
pub(crate) fn assign_columns(
    graph: &Graph,
    related: &[usize],
    limit: i32,
    boxes: &mut [Placed],
) -> usize {
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
    spread(graph, related, &forward, limit, &mut column);
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

/// Boxes of a column that is higher than the limit go on to the next one, when nothing refers to them.
fn spread(
    graph: &Graph,
    related: &[usize],
    forward: &[(usize, usize)],
    limit: i32,
    column: &mut [usize],
) {
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
