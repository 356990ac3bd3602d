//! Circles in what names each other, in linear time and without recursion.

/// Which of `0..edges.len()` lead back to themselves: two are in one circle when their components are the same.
pub(super) struct Components {
    /// The number of each node's component.
    pub of: Vec<usize>,
    /// All nodes, those that others lead to first, circles aside.
    pub finished: Vec<usize>,
}

/// Kosaraju's two searches, depth first.
pub(super) fn components(edges: &[Vec<usize>]) -> Components {
    let finished = finish_order(edges);
    let mut back = vec![Vec::new(); edges.len()];
    for (from, targets) in edges.iter().enumerate() {
        for to in targets {
            back[*to].push(from);
        }
    }
    let mut of = vec![usize::MAX; edges.len()];
    for (number, start) in finished.iter().rev().enumerate() {
        let mut open = vec![*start];
        while let Some(node) = open.pop() {
            if of[node] == usize::MAX {
                of[node] = number;
                open.extend(&back[node]);
            }
        }
    }
    Components { of, finished }
}

fn finish_order(edges: &[Vec<usize>]) -> Vec<usize> {
    let (mut seen, mut finished) = (vec![false; edges.len()], Vec::new());
    for start in 0..edges.len() {
        // A node, and how many of its edges were followed.
        let mut open = vec![(start, 0)];
        if std::mem::replace(&mut seen[start], true) {
            continue;
        }
        while let Some((node, followed)) = open.pop() {
            let Some(next) = edges[node].get(followed) else {
                finished.push(node);
                continue;
            };
            open.push((node, followed + 1));
            if !std::mem::replace(&mut seen[*next], true) {
                open.push((*next, 0));
            }
        }
    }
    finished
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_of_one_circle_share_a_component_and_what_others_lead_to_comes_first() {
        // 0 -> 1 <-> 2 -> 3, 4 -> 4
        let found = components(&[vec![1], vec![2], vec![1, 3], vec![], vec![4]]);
        assert_eq!(found.of[1], found.of[2]);
        assert_eq!(found.finished, [3, 2, 1, 0, 4]);
        let mut numbers = found.of.clone();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 4);
    }
}
