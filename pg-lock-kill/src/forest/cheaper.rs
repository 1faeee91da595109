//! Whose end would free about as many as a head's, and lose less: in front of a queue it is often not
//! the long reader at its head that hurts, but the ALTER TABLE that waits for it, behind which all
//! others stand.

use super::{Forest, Node, Who};
use crate::snapshot::Snapshot;
use shared::time::Time;

/// Marks the heads that have such a one.
pub fn mark(forest: &mut Forest, snapshot: &Snapshot) {
    let mut head = 0;
    let mut best: Vec<Option<usize>> = vec![None; forest.nodes.len()];
    for (place, node) in forest.nodes.iter().enumerate() {
        if node.depth == 0 {
            head = place;
            continue;
        }
        let known = best[head].map_or(0, |known| forest.nodes[known].frees);
        if node.frees > known && is_cheaper(node, &forest.nodes[head], snapshot) {
            best[head] = Some(place);
        }
    }
    for (node, cheaper) in forest.nodes.iter_mut().zip(best) {
        node.cheaper = cheaper;
    }
}

/// It frees at least four of five, and its transaction is the younger one; who idles in a transaction
/// that has written nothing has nothing to lose.
fn is_cheaper(node: &Node, head: &Node, snapshot: &Snapshot) -> bool {
    let frees_enough = node.frees * 5 >= head.frees.saturating_sub(1) * 4;
    let is_younger = began(node.who, snapshot) > began(head.who, snapshot);
    let has_to_lose = match head.who {
        Who::Prepared(_) => true,
        Who::Session(place) => {
            let session = &snapshot.sessions[place];
            session.state.as_deref() == Some("active") || session.backend_xid.is_some()
        }
    };
    !head.in_cycle && frees_enough && is_younger && has_to_lose
}

fn began(who: Who, snapshot: &Snapshot) -> Option<Time> {
    match who {
        Who::Session(place) => snapshot.sessions[place].xact_start,
        Who::Prepared(place) => Some(snapshot.prepared[place].prepared),
    }
}
