//! Without whom somebody would not wait: of each node the nearest that all ways to it from the heads lead
//! through, by the algorithm of Cooper, Harvey and Kennedy.

use super::graph::Graph;

/// How many of the actors wait for each one alone, directly or behind others: all ways to them from
/// the heads lead through it. Those in a circle, and behind one, wait on until that is cut: they only count for
/// whoever is in one, or behind it, himself.
pub fn freed(graph: &Graph, heads: &[usize], circles: &[Option<usize>]) -> Vec<usize> {
    let root = graph.arrows.len();
    let order = order(graph, heads, root);
    let nearest = nearest(graph, heads, &order, root);
    let stuck = behind_circles(graph, circles);
    // Backwards, so that each is counted before the one above it is.
    let mut below = vec![0; root + 1];
    for &node in order.iter().rev() {
        let above = nearest[node];
        let is_stuck = stuck.get(node).copied().unwrap_or_default();
        if node != root && (!is_stuck || stuck.get(above) == Some(&true)) {
            below[above] += below[node] + usize::from(node < graph.actors);
        }
    }
    below.truncate(graph.actors);
    below
}

/// How many go on, one after the other, once this one has ended, be it in a circle or not: each as soon as nobody is
/// left for whom it waits.
pub fn freed_in_turn(graph: &Graph, ended: usize) -> usize {
    let mut awaited = vec![0; graph.arrows.len()];
    for &to in graph.arrows.iter().flatten() {
        awaited[to] += 1;
    }
    let mut next = vec![ended];
    let mut freed = 0;
    while let Some(node) = next.pop() {
        for &to in graph.arrows[node].iter().filter(|to| **to != ended) {
            awaited[to] -= 1;
            if awaited[to] == 0 {
                freed += usize::from(to < graph.actors);
                next.push(to);
            }
        }
    }
    freed
}

/// The nodes that a circle leads to, its own among them.
fn behind_circles(graph: &Graph, circles: &[Option<usize>]) -> Vec<bool> {
    let mut stuck = vec![false; graph.arrows.len()];
    let inside = (circles.iter().enumerate()).filter(|(_, circle)| circle.is_some());
    let mut next: Vec<usize> = inside.map(|(actor, _)| actor).collect();
    while let Some(node) = next.pop() {
        if !std::mem::replace(&mut stuck[node], true) {
            next.extend(&graph.arrows[node]);
        }
    }
    stuck
}

/// The nodes that the heads lead to, each before those it leads to, as far as there is no cycle; the
/// root, which leads to the heads, is the first.
fn order(graph: &Graph, heads: &[usize], root: usize) -> Vec<usize> {
    let mut seen = vec![false; root + 1];
    let mut order = Vec::new();
    let mut path = vec![(root, 0)];
    while let Some((node, arrow)) = path.last_mut() {
        let arrows = if *node == root {
            heads
        } else {
            &graph.arrows[*node]
        };
        match arrows.get(*arrow) {
            Some(&to) => {
                *arrow += 1;
                if !std::mem::replace(&mut seen[to], true) {
                    path.push((to, 0));
                }
            }
            None => {
                order.push(*node);
                path.pop();
            }
        }
    }
    order.reverse();
    order
}

const UNKNOWN: usize = usize::MAX;

fn nearest(graph: &Graph, heads: &[usize], order: &[usize], root: usize) -> Vec<usize> {
    let mut place = vec![UNKNOWN; root + 1];
    for (number, &node) in order.iter().enumerate() {
        place[node] = number;
    }
    let mut blockers: Vec<Vec<usize>> = vec![Vec::new(); root + 1];
    for &node in order.iter().filter(|&&node| node != root) {
        for &to in &graph.arrows[node] {
            blockers[to].push(node);
        }
    }
    for &head in heads {
        blockers[head].push(root);
    }
    let mut nearest = vec![UNKNOWN; root + 1];
    nearest[root] = root;
    let mut changed = true;
    while changed {
        changed = false;
        for &node in order.iter().filter(|&&node| node != root) {
            let known = blockers[node]
                .iter()
                .copied()
                .filter(|&other| nearest[other] != UNKNOWN);
            let common = known.reduce(|a, b| meeting(a, b, &nearest, &place));
            if let Some(common) = common.filter(|&common| common != nearest[node]) {
                nearest[node] = common;
                changed = true;
            }
        }
    }
    nearest
}

/// Where the ways of two nodes up to the root meet.
fn meeting(mut a: usize, mut b: usize, nearest: &[usize], place: &[usize]) -> usize {
    while a != b {
        while place[a] > place[b] {
            a = nearest[a];
        }
        while place[b] > place[a] {
            b = nearest[b];
        }
    }
    a
}
