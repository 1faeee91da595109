//! What was seen at one moment: the snapshot, the forest that it makes, and who of it matches.

use std::collections::HashSet;

use crate::cli::Options;
use crate::filters;
use crate::forest::{Forest, Who};
use crate::snapshot::{Session, Snapshot};
use crate::victims::{Identity, identity};

/// What was seen.
#[derive(Debug)]
pub struct Sight {
    /// What the server said.
    pub snapshot: Snapshot,
    /// Who waits for whom.
    pub forest: Forest,
    /// Who matches the filters: places in the forest, in its order.
    pub matching: Vec<usize>,
}

impl Sight {
    /// Of a snapshot; with all sessions in it where the options ask for them, or name some.
    pub fn of(options: &Options, snapshot: Snapshot) -> Self {
        let scope = &options.scope;
        let mut forest = Forest::of(&snapshot);
        if scope.sessions || scope.reads_stdin {
            forest = forest.with_others(&snapshot);
        }
        let matching = filters::matching(&options.filters, &snapshot, &forest);
        Self {
            snapshot,
            forest,
            matching,
        }
    }

    /// The session at this place of the forest; none for a prepared transaction.
    pub fn session(&self, node: usize) -> Option<&Session> {
        match self.forest.nodes[node].who {
            Who::Session(place) => Some(&self.snapshot.sessions[place]),
            Who::Prepared(_) => None,
        }
    }

    /// Who waits.
    pub fn waiting(&self) -> HashSet<Identity> {
        let nodes = self.forest.nodes.iter();
        let waiting = nodes.filter(|node| node.wait.is_some());
        waiting
            .map(|node| identity(&self.snapshot, node.who))
            .collect()
    }

    /// The places of those in the same trees as these, in the forest's order.
    pub fn trees_of(&self, places: &[usize]) -> Vec<usize> {
        let heads: HashSet<usize> = places.iter().map(|place| self.head_of(*place)).collect();
        (0..self.forest.nodes.len())
            .filter(|place| heads.contains(&self.head_of(*place)))
            .collect()
    }

    fn head_of(&self, place: usize) -> usize {
        let mut head = place;
        while let Some(parent) = self.forest.nodes[head].parent {
            head = parent;
        }
        head
    }
}
