//! Who waits for whom, as a graph whose size is the number of sessions: where each of n waiters waits
//! for all before it, there are n²/2 pairs, but only one more place in the queue for each.
//!
//! Its first nodes are the actors. The others stand for "who holds this lock in this mode" and "who stands
//! before this place in the queue for this mode"; an arrow leads from a blocker by way of these to
//! who waits for it.

use std::collections::HashMap;

use super::parents::Blocker;
use super::queues::{Queue, Waiter};
use crate::snapshot::Mode;

/// The nodes that lead to somebody's wait for a transaction.
type Sources = HashMap<usize, Vec<usize>>;

/// The arrows of each node.
#[derive(Debug)]
pub struct Graph {
    /// How many of the nodes, the first ones, are actors.
    pub actors: usize,
    /// Where the arrows of each node lead.
    pub arrows: Vec<Vec<usize>>,
}

impl Graph {
    /// With no arrow yet.
    pub fn new(actors: usize) -> Self {
        Self {
            actors,
            arrows: vec![Vec::new(); actors],
        }
    }

    /// Draws the arrows of all queues.
    pub fn add_queues(&mut self, queues: &[Queue<'_>]) {
        let mut transactions = Sources::new();
        let (rows, others): (Vec<_>, Vec<_>) =
            queues.iter().partition(|queue| queue.tag.kind == "tuple");
        for queue in others {
            let sources = self.add_queue(queue);
            if queue.tag.kind == "transactionid" {
                for (waiter, sources) in queue.line.iter().zip(sources) {
                    transactions
                        .entry(waiter.actor)
                        .or_default()
                        .extend(sources);
                }
            }
        }
        for queue in rows {
            self.add_queue(queue);
            self.add_transactions(queue, &transactions);
        }
    }

    /// An arrow from one actor to another that waits for it.
    pub fn add(&mut self, blocker: usize, waiter: usize) {
        if let Some(arrows) = self.arrows.get_mut(blocker) {
            arrows.push(waiter);
        }
    }

    /// Who leads to each waiter of the line.
    fn add_queue(&mut self, queue: &Queue<'_>) -> Vec<Vec<usize>> {
        let held = self.add_holders(queue);
        let mut before: [Option<usize>; 8] = [None; 8];
        let mut all = Vec::with_capacity(queue.line.len());
        for (place, waiter) in queue.line.iter().enumerate() {
            let conflicts = waiter.mode.conflicts();
            let sources: Vec<usize> = match is_alone(queue, place) {
                true => (conflicts.iter().map(Mode::index))
                    .flat_map(|mode| [held[mode], before[mode]])
                    .flatten()
                    .collect(),
                false => conflicting(queue, place)
                    .map(|blocker| blocker.actor)
                    .collect(),
            };
            for &source in &sources {
                self.add(source, waiter.actor);
            }
            all.push(sources);
            let mode = waiter.mode.index();
            let here = self.node();
            if let Some(earlier) = before[mode] {
                self.add(earlier, here);
            }
            self.add(waiter.actor, here);
            before[mode] = Some(here);
        }
        all
    }

    /// A node for each mode in which it is held.
    fn add_holders(&mut self, queue: &Queue<'_>) -> [Option<usize>; 8] {
        let mut held = [None; 8];
        for holder in &queue.holders {
            for mode in holder.modes.iter() {
                let node = *held[mode.index()].get_or_insert_with(|| self.node());
                self.add(holder.actor, node);
            }
        }
        held
    }

    /// The lock on a row only says whose turn it is to wait for the transaction that changed it: if
    /// its holder went away, who is next would wait for that transaction in its place.
    fn add_transactions(&mut self, queue: &Queue<'_>, transactions: &Sources) {
        let in_turn = queue
            .holders
            .iter()
            .filter_map(|holder| transactions.get(&holder.actor));
        for source in in_turn.flatten() {
            for waiter in queue.line.iter().filter(|waiter| waiter.actor != *source) {
                self.add(*source, waiter.actor);
            }
        }
    }

    fn node(&mut self) -> usize {
        self.arrows.push(Vec::new());
        self.arrows.len() - 1
    }
}

/// Whether a waiter has nothing else to do with the lock: it does not wait for itself.
fn is_alone(queue: &Queue<'_>, place: usize) -> bool {
    let actor = queue.line[place].actor;
    !queue.holds(actor)
        && !queue.line[..place]
            .iter()
            .any(|earlier| earlier.actor == actor)
}

/// Those whom a waiter waits for, one by one: who holds what it wants, then who is before it.
pub fn conflicting(queue: &Queue<'_>, place: usize) -> impl Iterator<Item = Blocker> {
    let Waiter { actor, mode, .. } = queue.line[place];
    let conflicts = mode.conflicts();
    let holders = (queue.holders.iter())
        .filter(move |holder| holder.modes.meets(conflicts))
        .map(|holder| Blocker {
            actor: holder.actor,
            is_soft: false,
        });
    let earlier = (queue.line[..place].iter())
        .filter(move |earlier| conflicts.contains(earlier.mode))
        .map(|earlier| Blocker {
            actor: earlier.actor,
            is_soft: true,
        });
    holders
        .chain(earlier)
        .filter(move |other| other.actor != actor)
}
