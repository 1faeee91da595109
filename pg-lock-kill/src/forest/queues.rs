//! The queues of the lock table: for each lock that somebody waits for, who holds it and who stands
//! in line, in the order in which the server will serve them.
//!
//! That order is nowhere to be read. We go by when each began to wait, and where that is the same, by whom the server
//! says that they wait for. It notes the time a moment after it gave one its place: of two who came within that
//! moment, as of some whom the deadlock detector has moved to let others pass, or after the clock was set back, one
//! that stands behind may be shown before. Who is drawn below whom in the same queue may be wrong then, who holds what
//! never is: heads are heads.

use std::collections::{HashMap, HashSet};

use shared::time::Time;

use super::actors::Actors;
use crate::snapshot::{Lock, Mode, Modes, Snapshot, Tag};

/// A lock that somebody waits for.
#[derive(Debug)]
pub struct Queue<'a> {
    /// What is locked.
    pub tag: &'a Tag,
    /// Who holds it, and how.
    pub holders: Vec<Holder>,
    /// Who waits for it, the next one first.
    pub line: Vec<Waiter>,
}

/// Somebody who holds a lock.
#[derive(Debug, Clone, Copy)]
pub struct Holder {
    /// Who.
    pub actor: usize,
    /// In all of these modes.
    pub modes: Modes,
}

/// Somebody who waits for a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiter {
    /// Who.
    pub actor: usize,
    /// What for.
    pub mode: Mode,
    /// By which it has its place among the others.
    came: Option<Time>,
    /// Since when.
    pub since: Option<Time>,
    /// Whether that is only when its statement began.
    pub is_guessed: bool,
}

/// All queues of a snapshot.
pub fn queues<'a>(snapshot: &'a Snapshot, actors: &Actors<'_>) -> Vec<Queue<'a>> {
    let mut queues: Vec<Queue<'a>> = Vec::new();
    let mut places: HashMap<&Tag, usize> = HashMap::new();
    for lock in snapshot.locks.iter().filter(|lock| !lock.granted) {
        places.entry(&lock.tag).or_insert_with(|| {
            queues.push(Queue {
                tag: &lock.tag,
                holders: Vec::new(),
                line: Vec::new(),
            });
            queues.len() - 1
        });
    }
    for lock in &snapshot.locks {
        let queue = places
            .get(&lock.tag)
            .and_then(|&place| queues.get_mut(place));
        if let (Some(queue), Some(actor)) = (queue, actors.of_lock(lock)) {
            queue.add(lock, actor, snapshot);
        }
    }
    let ahead: HashMap<usize, HashSet<usize>> = (snapshot.ahead.iter())
        .filter_map(|one| {
            let blockers = one.blockers.iter().filter_map(|&pid| actors.of_pid(pid));
            Some((actors.of_pid(one.pid)?, blockers.collect()))
        })
        .collect();
    for queue in &mut queues {
        queue.stand_in_line();
        if !ahead.is_empty() {
            queue.let_pass(&ahead);
        }
    }
    queues
}

impl Queue<'_> {
    fn add(&mut self, lock: &Lock, actor: usize, snapshot: &Snapshot) {
        if !lock.granted {
            let came = came(lock, actor, snapshot);
            self.line.push(Waiter {
                actor,
                mode: lock.mode,
                came,
                since: lock.wait_start.or(came),
                is_guessed: lock.wait_start.is_none() && came.is_some(),
            });
            return;
        }
        let known = self
            .holders
            .last_mut()
            .filter(|holder| holder.actor == actor);
        match known {
            Some(holder) => holder.modes.insert(lock.mode),
            None => {
                let mut modes = Modes::default();
                modes.insert(lock.mode);
                self.holders.push(Holder { actor, modes });
            }
        }
    }

    /// Who comes last stands last, but for one who holds what somebody in line is waiting for: he
    /// stands before him, or both would wait for ever (`ProcSleep` in proc.c).
    fn stand_in_line(&mut self) {
        self.gather_holders();
        // Who has begun to wait a moment ago has no time yet.
        self.line
            .sort_by_key(|waiter| (waiter.came.is_none(), waiter.came));
        let mut line: Vec<Waiter> = Vec::with_capacity(self.line.len());
        for waiter in std::mem::take(&mut self.line) {
            let held = self.held_by(waiter.actor);
            let must_wait =
                |other: &Waiter| other.actor != waiter.actor && other.mode.conflicts().meets(held);
            let place = match held.is_empty() {
                true => None,
                false => line.iter().position(must_wait),
            };
            line.insert(place.unwrap_or(line.len()), waiter);
        }
        self.line = line;
    }

    /// Where the order is no more than guessed, each stands behind those of the line that it waits
    /// for.
    fn let_pass(&mut self, ahead: &HashMap<usize, HashSet<usize>>) {
        let mut rest = std::mem::take(&mut self.line);
        while !rest.is_empty() {
            let waits = |waiter: &Waiter| {
                let ahead = ahead.get(&waiter.actor);
                let is_ahead = |other: &Waiter| {
                    other.actor != waiter.actor
                        && waiter.mode.conflicts().contains(other.mode)
                        && ahead.is_some_and(|ahead| ahead.contains(&other.actor))
                };
                ahead.is_some() && rest.iter().any(is_ahead)
            };
            let next = rest.iter().position(|waiter| !waits(waiter)).unwrap_or(0);
            self.line.push(rest.remove(next));
        }
    }

    /// One entry for each, whatever the order of the rows.
    fn gather_holders(&mut self) {
        self.holders.sort_by_key(|holder| holder.actor);
        self.holders.dedup_by(|holder, first| {
            let is_same = holder.actor == first.actor;
            if is_same {
                holder
                    .modes
                    .iter()
                    .for_each(|mode| first.modes.insert(mode));
            }
            is_same
        });
    }

    /// Whether a waiter waits for what another process of its own parallel group holds, as for the right to
    /// extend a table, or asked for before it.
    pub fn is_own(&self, waiter: &Waiter) -> bool {
        let conflicts = waiter.mode.conflicts();
        let mut line = self.line.iter().filter(|one| one.actor == waiter.actor);
        self.held_by(waiter.actor).meets(conflicts) || line.any(|one| one != waiter)
    }

    /// Whether somebody holds it, in whatever mode.
    pub fn holds(&self, actor: usize) -> bool {
        !self.held_by(actor).is_empty()
    }

    /// The modes in which somebody holds it.
    fn held_by(&self, actor: usize) -> Modes {
        match self
            .holders
            .binary_search_by_key(&actor, |holder| holder.actor)
        {
            Ok(place) => self.holders[place].modes,
            Err(_) => Modes::default(),
        }
    }
}

/// Before PostgreSQL 14 nothing says when a wait began; the statement that waits began before.
fn came(lock: &Lock, actor: usize, snapshot: &Snapshot) -> Option<Time> {
    match snapshot.server_version_num {
        140_000.. => lock.wait_start,
        _ => snapshot
            .sessions
            .get(actor)
            .and_then(|session| session.query_start),
    }
}
