//! Who would wait still if some were gone: to end those too who go on by themselves then would be in vain.

use super::actors::Actors;
use super::graph::Graph;
use super::{Forest, Who, grow};
use crate::snapshot::Snapshot;

/// All the ways by which sessions wait for each other, of which a tree shows one for each.
#[derive(Debug)]
pub struct Ways<'a> {
    forest: &'a Forest,
    graph: Graph,
    /// The number of each node of the forest in the graph.
    numbers: Vec<usize>,
}

impl<'a> Ways<'a> {
    /// Of the forest that this snapshot makes.
    pub fn of(forest: &'a Forest, snapshot: &Snapshot) -> Self {
        let sessions = snapshot.sessions.len();
        let number = |who| match who {
            Who::Session(place) => place,
            Who::Prepared(place) => sessions + place,
        };
        let nodes = forest.nodes.iter();
        Self {
            forest,
            graph: grow::graph(snapshot, &Actors::of(snapshot)),
            numbers: nodes.map(|node| number(node.who)).collect(),
        }
    }

    /// For each node of the forest, whether it waits even if these are gone, and with them all who wait
    /// for nobody else.
    pub fn waits_without(&self, gone: &[usize]) -> Vec<bool> {
        let mut seen = vec![false; self.graph.arrows.len()];
        for &place in gone {
            seen[self.numbers[place]] = true;
        }
        let mut next: Vec<usize> = Vec::new();
        let mut waits = vec![false; self.forest.nodes.len()];
        for (place, node) in self.forest.nodes.iter().enumerate() {
            let number = self.numbers[place];
            if node.parent.is_none() && !seen[number] && !self.is_cut(place, gone) {
                waits[place] = node.wait.is_some();
                next.push(number);
            }
        }
        let mut reached = vec![false; seen.len()];
        while let Some(number) = next.pop() {
            for &to in &self.graph.arrows[number] {
                if !std::mem::replace(&mut seen[to], true) {
                    reached[to] = true;
                    next.push(to);
                }
            }
        }
        for (place, node) in self.forest.nodes.iter().enumerate() {
            waits[place] |= reached[self.numbers[place]] && node.wait.is_some();
        }
        waits
    }

    /// Whether this is where a circle begins, and one of it is gone.
    fn is_cut(&self, place: usize, gone: &[usize]) -> bool {
        let nodes = &self.forest.nodes;
        nodes[place].in_cycle
            && gone
                .iter()
                .any(|&gone| nodes[gone].in_cycle && self.forest.head_of(gone) == place)
    }
}
