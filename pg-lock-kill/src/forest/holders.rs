//! Of whom a waiter waits for several: each of them alone frees nobody, and only one is drawn above it.

use std::time::Duration;

use super::Wait;
use super::parents::{Blocker, Rank};
use super::queues::Queue;

/// So many are named at most.
const MOST: usize = 8;

/// Those who hold what an actor waits for, but for the one that it is drawn below.
#[derive(Debug, Clone, Default)]
pub struct Others {
    /// How many.
    pub count: usize,
    /// The first ones of them, the oldest transaction first.
    pub named: Vec<usize>,
}

impl Others {
    /// These.
    pub fn of(mut all: Vec<usize>) -> Self {
        let count = all.len();
        all.truncate(MOST);
        Self { count, named: all }
    }
}

/// Of each actor: who else holds what it waits for.
pub fn others(queues: &[Queue<'_>], blockers: &[Option<Blocker>], ranks: &[Rank]) -> Vec<Others> {
    let mut others: Vec<Others> = vec![Others::default(); blockers.len()];
    for queue in queues.iter().filter(|queue| queue.holders.len() > 1) {
        let mut holders: Vec<_> = queue.holders.iter().collect();
        holders.sort_by_key(|holder| ranks[holder.actor]);
        for waiter in &queue.line {
            // Who only stands behind others in the queue has nobody to add.
            let blocker = blockers[waiter.actor].filter(|blocker| !blocker.is_soft);
            let Some(blocker) = blocker.filter(|blocker| queue.holds(blocker.actor)) else {
                continue;
            };
            let conflicts = waiter.mode.conflicts();
            let theirs = holders.iter().filter(|holder| {
                let is_other = ![waiter.actor, blocker.actor].contains(&holder.actor);
                is_other && holder.modes.meets(conflicts)
            });
            let mut theirs = theirs.map(|holder| holder.actor);
            let own = &mut others[waiter.actor];
            own.named = theirs.by_ref().take(MOST).collect();
            own.count = own.named.len() + theirs.count();
        }
    }
    others
}

/// What waits for a lock that an actor holds, directly.
#[derive(Debug, Clone, Copy, Default)]
pub struct Front {
    /// The one whose own end would free the most.
    pub waiter: Option<usize>,
    /// The longest of their waits.
    pub longest: Option<Duration>,
}

/// Of each actor: who stands in front of it.
pub fn fronts(queues: &[Queue<'_>], waits: &[Option<Wait>], freed: &[usize]) -> Vec<Front> {
    let mut fronts: Vec<Front> = vec![Front::default(); freed.len()];
    for queue in queues {
        // Of each mode, what waits for it to be let go.
        let mut by_mode: [Front; 8] = [Front::default(); 8];
        for waiter in &queue.line {
            let since = waits[waiter.actor].as_ref().and_then(|wait| wait.since);
            for mode in waiter.mode.conflicts().iter() {
                by_mode[mode.index()].add(waiter.actor, since, freed);
            }
        }
        for holder in &queue.holders {
            for mode in holder.modes.iter() {
                let Front { waiter, longest } = by_mode[mode.index()];
                if let Some(waiter) = waiter.filter(|waiter| *waiter != holder.actor) {
                    fronts[holder.actor].add(waiter, longest, freed);
                }
            }
        }
    }
    fronts
}

impl Front {
    fn add(&mut self, waiter: usize, since: Option<Duration>, freed: &[usize]) {
        self.longest = self.longest.max(since);
        if self.waiter.is_none_or(|known| freed[known] < freed[waiter]) {
            self.waiter = Some(waiter);
        }
    }
}
