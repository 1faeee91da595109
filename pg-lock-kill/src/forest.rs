//! Who waits for whom: the snapshot's lock queues as a forest, whose size is the number of sessions.
//!
//! A session's parent is one of those that pg_blocking_pids names for it.

use std::time::Duration;

use crate::snapshot::{Mode, Snapshot, Tag};

/// The sessions in tree order: heads first, each followed by those who wait for it.
#[derive(Debug, Default)]
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
    /// Its place in [`Forest::nodes`].
    pub parent: Option<usize>,
    /// What it waits for.
    pub wait: Option<Wait>,
    /// How many wait for it, directly or behind others.
    pub blocking: usize,
    /// How many would no longer wait if it ended.
    pub frees: usize,
    /// The longest wait among those behind it.
    pub longest_wait: Option<Duration>,
    /// It waits for itself by way of others.
    pub in_cycle: bool,
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
    /// In words: what is waited for.
    pub words: String,
    /// For so long.
    pub since: Option<Duration>,
    /// Whether who blocks it holds what it wants (hard) or only stands before it in the queue (soft).
    pub is_soft: bool,
}

impl Forest {
    /// Computes it.
    pub fn of(_snapshot: &Snapshot) -> Self {
        Self::default()
    }
}
