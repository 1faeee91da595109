//! Below whom each waiter is drawn: one of those that pg_blocking_pids names for it.

use super::graph::conflicting;
use super::queues::{Holder, Queue, Waiter};
use crate::snapshot::Mode;

/// Whom somebody waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocker {
    /// Who.
    pub actor: usize,
    /// Whether it only stands before it in the queue.
    pub is_soft: bool,
}

/// How good a place below somebody is, the smallest being the best: below one that does not wait
/// itself, the oldest transaction.
pub type Rank = (bool, i128, usize);

/// What is known of the actors.
pub struct Known<'a> {
    /// How good a place below each is.
    pub ranks: &'a [Rank],
    /// The circle that each is in, if it is in one.
    pub circles: &'a [Option<usize>],
}

/// Chooses for every waiter of a queue: who holds what it wants, rather than who only stands before it.
pub fn choose(queue: &Queue<'_>, known: &Known<'_>, blockers: &mut [Option<Blocker>]) {
    let best = best_holders(queue, known);
    let mut first: [Option<(usize, usize)>; 8] = [None; 8];
    for (place, waiter) in queue.line.iter().enumerate() {
        let is_plain = known.circles[waiter.actor].is_none() && !queue.holds(waiter.actor);
        let chosen = match is_plain {
            true => {
                let modes = || waiter.mode.conflicts().iter().map(Mode::index);
                let holder = modes()
                    .filter_map(|mode| best[mode])
                    .min_by_key(|&a| known.ranks[a]);
                let earlier = modes().filter_map(|mode| first[mode]).min();
                let soft = earlier.map(|(_, actor)| Blocker {
                    actor,
                    is_soft: true,
                });
                holder
                    .map(|actor| Blocker {
                        actor,
                        is_soft: false,
                    })
                    .or(soft)
            }
            false => one_by_one(queue, place, known),
        };
        keep_harder(&mut blockers[waiter.actor], chosen);
        first[waiter.mode.index()].get_or_insert((place, waiter.actor));
    }
}

/// A parallel group may wait for several locks.
fn keep_harder(known: &mut Option<Blocker>, chosen: Option<Blocker>) {
    if let Some(chosen) = chosen
        && known.is_none_or(|known| known.is_soft && !chosen.is_soft)
    {
        *known = Some(chosen);
    }
}

/// Of each mode the best of its holders.
fn best_holders(queue: &Queue<'_>, known: &Known<'_>) -> [Option<usize>; 8] {
    let mut best: [Option<usize>; 8] = [None; 8];
    for Holder { actor, modes } in &queue.holders {
        for mode in modes.iter().map(Mode::index) {
            let is_better = |other: usize| known.ranks[*actor] < known.ranks[other];
            if best[mode].is_none_or(is_better) {
                best[mode] = Some(*actor);
            }
        }
    }
    best
}

/// For one who holds the lock himself, or who is in a circle: out of it, if there is a way.
fn one_by_one(queue: &Queue<'_>, place: usize, known: &Known<'_>) -> Option<Blocker> {
    let Waiter { actor, .. } = queue.line[place];
    let circle = known.circles[actor];
    let candidates = conflicting(queue, place);
    candidates.min_by_key(|candidate| {
        let other = candidate.actor;
        let is_inside = circle.is_some() && known.circles[other] == circle;
        (is_inside, candidate.is_soft, known.ranks[other])
    })
}
