//! Whose end would free about as many as a head's, and lose less: in front of a queue it is often not
//! the long reader at its head that hurts, but the ALTER TABLE that waits for it, behind which all
//! others stand. Where several read, to end one of them frees nobody, and it is the only one whose end does.

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
            // Below another one it may be drawn for whose end it waits as well.
            let front = node
                .front
                .filter(|front| is_cheaper(&forest.nodes[*front], node, snapshot));
            best[place] =
                front.filter(|front| node.wait.is_none() && forest.nodes[*front].frees > 0);
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
/// that has written nothing has nothing to lose, but its end must help.
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
    let is_in_vain = head.frees < node.frees;
    let is_worth_it = (has_to_lose || is_in_vain) && !builds_an_index(node, snapshot);
    !head.in_cycle && frees_enough && is_younger && is_worth_it
}

/// An index that is built without a lock on its table waits for transactions after hours of work, and is left
/// behind invalid if it may not go on.
fn builds_an_index(node: &Node, snapshot: &Snapshot) -> bool {
    match node.who {
        Who::Prepared(_) => false,
        Who::Session(place) => snapshot.sessions[place].builds_an_index(),
    }
}

fn began(who: Who, snapshot: &Snapshot) -> Option<Time> {
    match who {
        Who::Session(place) => snapshot.sessions[place].xact_start,
        Who::Prepared(place) => Some(snapshot.prepared[place].prepared),
    }
}
