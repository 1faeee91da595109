//! Who waits for whom: the snapshot's lock queues as a forest, whose size is the number of sessions.
//!
//! A session's parent is one of those that pg_blocking_pids names for it.

mod actors;
mod cheaper;
mod components;
mod dominators;
mod graph;
mod grow;
mod holders;
mod parents;
mod queues;
mod replay;
mod waits;
mod without;

use std::collections::HashMap;
use std::time::Duration;

use crate::snapshot::{Lock, Mode, Snapshot, Tag};

pub use replay::Replay;
pub use without::Ways;

/// The sessions in tree order: heads first, each followed by those who wait for it.
#[derive(Debug, Default, Clone)]
pub struct Forest {
    /// Sessions that block or wait; those that do neither are in it only if that was asked for.
    pub nodes: Vec<Node>,
}

/// Somebody in the forest.
#[derive(Debug, Clone)]
pub struct Node {
    /// Who it is.
    pub who: Who,
    /// 0 for a head.
    pub depth: usize,
    /// Whom it is drawn below: its place in [`Forest::nodes`].
    pub parent: Option<usize>,
    /// Whom it waits for: the same, but for the one at which a circle is cut open.
    pub blocker: Option<usize>,
    /// What it waits for.
    pub wait: Option<Wait>,
    /// What it holds that others wait for, in its strongest mode.
    pub holds: Option<(Tag, Mode)>,
    /// Who else holds what it waits for: how many, and the places of the first ones.
    pub others: (usize, Vec<usize>),
    /// Of those who wait for what it holds, the one whose own end would free the most.
    pub front: Option<usize>,
    /// The longest wait of those who wait for what it holds.
    pub keeps_waiting: Option<Duration>,
    /// The row that it is about, where a transaction is waited for.
    pub row: Option<Tag>,
    /// How many wait for it, directly or behind others.
    pub blocking: usize,
    /// How many wait for it alone, directly or behind others, and would not if it ended.
    pub frees: usize,
    /// The longest wait among those behind it.
    pub longest_wait: Option<Duration>,
    /// It waits for itself by way of others.
    pub in_cycle: bool,
    /// That replay waits for it is a guess.
    pub is_suspect: bool,
    /// Whose end would free as many or nearly so, and lose less: the place of a waiting DDL in front
    /// of a queue.
    pub cheaper: Option<usize>,
}

/// A session or a prepared transaction, by its place in the snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Who {
    /// In [`Snapshot::sessions`]; of a parallel group its leader.
    Session(usize),
    /// In [`Snapshot::prepared`].
    Prepared(usize),
}

/// A wait of a session.
#[derive(Debug, Clone)]
pub struct Wait {
    /// For which lock; none where it is no lock that is waited for.
    pub tag: Option<Tag>,
    /// In which mode.
    pub mode: Option<Mode>,
    /// What it is, where it is no lock.
    pub other: Option<&'static str>,
    /// For so long.
    pub since: Option<Duration>,
    /// Whether who blocks it holds what it wants (hard) or only stands before it in the queue (soft).
    pub is_soft: bool,
    /// Whether it is its own parallel group that it waits for.
    pub is_own: bool,
    /// Whether it is for no more than so long: when it began is not known.
    pub is_guessed: bool,
}

impl Forest {
    /// Those who block or wait.
    pub fn of(snapshot: &Snapshot) -> Self {
        grow::forest(snapshot)
    }

    /// Adds the client sessions that do neither, the oldest transaction first.
    #[must_use]
    pub fn with_others(self, snapshot: &Snapshot) -> Self {
        grow::with_others(self, snapshot)
    }

    /// At the head of whose tree this one is.
    pub fn head_of(&self, place: usize) -> usize {
        let mut head = place;
        while let Some(parent) = self.nodes[head].parent {
            head = parent;
        }
        head
    }

    /// Whether it is not known since when somebody waits.
    pub fn guesses_waits(&self) -> bool {
        let mut waits = self.nodes.iter().filter_map(|node| node.wait.as_ref());
        waits.any(|wait| wait.is_guessed)
    }

    /// Who waits though nobody blocks them: who did was gone before we could see who it was.
    pub fn is_puzzling(&self) -> bool {
        let is_lost = |wait: &Wait| wait.tag.is_some();
        let mut nodes = self.nodes.iter().filter(|node| node.blocker.is_none());
        nodes.any(|node| node.wait.as_ref().is_some_and(is_lost))
    }
}

impl Node {
    /// Whether it is what others wait for: it waits for nobody, unless it waits for itself.
    pub fn is_head(&self) -> bool {
        let waits_for_nobody_else = self.wait.is_none() || self.in_cycle;
        self.depth == 0 && self.blocking > 0 && waits_for_nobody_else
    }
}

/// The locks that each holds or awaits.
pub fn locks(snapshot: &Snapshot) -> HashMap<Who, Vec<&Lock>> {
    let actors = actors::Actors::of(snapshot);
    let mut locks: HashMap<Who, Vec<&Lock>> = HashMap::new();
    for lock in &snapshot.locks {
        if let Some(actor) = actors.of_lock(lock) {
            locks.entry(actors.who(actor)).or_default().push(lock);
        }
    }
    locks
}

#[cfg(test)]
mod tests;
