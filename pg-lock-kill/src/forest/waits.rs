//! What each actor waits for, and what it holds that others wait for.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::Wait;
use super::actors::Actors;
use super::queues::Queue;
use super::replay::Replay;
use crate::snapshot::{Lock, Mode, PIN, SafeSnapshot, Session, Snapshot, Tag};
use shared::time::Time;

/// The weakest lock of who wants a page for itself.
const VACUUM: Mode = Mode::ShareUpdateExclusiveLock;

/// Of each actor: the longest of its waits, of which a parallel group can have several.
pub fn waits(
    snapshot: &Snapshot,
    queues: &[Queue<'_>],
    actors: &Actors<'_>,
    count: usize,
) -> Vec<Option<Wait>> {
    let mut waits: Vec<Option<Wait>> = vec![None; count];
    for queue in queues {
        for waiter in &queue.line {
            let wait = Wait {
                tag: Some(queue.tag.clone()),
                mode: Some(waiter.mode),
                other: None,
                since: waiter
                    .since
                    .map_or(Some(Duration::ZERO), |since| age(snapshot, since)),
                is_soft: false,
                is_own: queue.is_own(waiter),
                is_guessed: waiter.is_guessed,
            };
            keep_longest(&mut waits[waiter.actor], wait);
        }
    }
    for SafeSnapshot { pid, .. } in &snapshot.safe_snapshots {
        let Some(actor) = actors.of_pid(*pid) else {
            continue;
        };
        let began = snapshot
            .sessions
            .get(actor)
            .and_then(|session| session.query_start);
        let wait = Wait {
            tag: None,
            mode: None,
            other: Some("a safe snapshot"),
            since: began.and_then(|began| age(snapshot, began)),
            is_soft: false,
            is_own: false,
            is_guessed: false,
        };
        keep_longest(&mut waits[actor], wait);
    }
    if let Some(replay) = Replay::of(snapshot)
        && let Some(wait) = waits.get_mut(replay.startup)
    {
        wait.get_or_insert(unknown(replay.words));
    }
    for (session, wait) in snapshot.sessions.iter().zip(&mut waits) {
        if session.wait_event_type.as_deref() == Some(PIN) {
            wait.get_or_insert(unknown("a page that others are reading (buffer pin)"));
        }
    }
    waits
}

/// For no lock, and nothing says since when.
fn unknown(words: &'static str) -> Wait {
    Wait {
        tag: None,
        mode: None,
        other: Some(words),
        since: None,
        is_soft: false,
        is_own: false,
        is_guessed: false,
    }
}

/// What VACUUM and the replay of a standby wait for when they must have a page for themselves; who has pinned
/// it is nowhere to be seen. All who read a table hold a lock on it, though: where that is but one, it is he.
pub fn pins(snapshot: &Snapshot, actors: &Actors<'_>) -> Vec<(usize, usize)> {
    let waits = |session: &Session| session.wait_event_type.as_deref() == Some(PIN);
    let waiting = snapshot.sessions.iter().enumerate();
    let waiting = waiting.filter(|(_, session)| waits(session));
    let pairs = waiting.filter_map(|(waiter, _)| {
        let locks = || snapshot.locks.iter().filter(|lock| lock.granted);
        let is_own = |lock: &&Lock| actors.of_lock(lock) == Some(waiter);
        let own: HashSet<&Tag> = locks()
            .filter(is_own)
            .filter(|lock| lock.mode >= VACUUM)
            .map(|lock| &lock.tag)
            .filter(|tag| tag.kind == "relation")
            .collect();
        let readers = locks().filter(|lock| own.contains(&lock.tag));
        let readers: HashSet<usize> = readers
            .filter_map(|lock| actors.of_lock(lock))
            .filter(|actor| *actor != waiter)
            .collect();
        let mut readers = readers.into_iter();
        Some((readers.next().filter(|_| readers.next().is_none())?, waiter))
    });
    pairs.collect()
}

fn keep_longest(known: &mut Option<Wait>, wait: Wait) {
    if known.as_ref().is_none_or(|known| known.since < wait.since) {
        *known = Some(wait);
    }
}

fn age(snapshot: &Snapshot, since: Time) -> Option<Duration> {
    Some(Duration::try_from(snapshot.taken_at - since).unwrap_or_default())
}

/// Of each actor: the lock that most wait for, in the strongest mode in which it holds it.
pub fn holds(queues: &[Queue<'_>], count: usize) -> Vec<Option<(Tag, Mode)>> {
    let mut holds: Vec<Option<(usize, Mode, &Tag)>> = vec![None; count];
    for queue in queues {
        for holder in &queue.holders {
            let waiting = |mode: &Mode| {
                queue
                    .line
                    .iter()
                    .any(|w| w.actor != holder.actor && w.mode.conflicts().contains(*mode))
            };
            if let Some(mode) = holder.modes.iter().filter(waiting).last() {
                let held = Some((queue.line.len(), mode, queue.tag));
                holds[holder.actor] = holds[holder.actor].max(held);
            }
        }
    }
    let held = holds.into_iter();
    held.map(|held| held.map(|(_, mode, tag)| (tag.clone(), mode)))
        .collect()
}

/// Of each actor that waits for a transaction, or whose transaction others wait for: the row that it
/// is about. Who waits for the transaction that has changed a row holds the lock on that row.
pub fn rows(
    snapshot: &Snapshot,
    queues: &[Queue<'_>],
    actors: &Actors<'_>,
    waits: &[Option<Wait>],
    holds: &[Option<(Tag, Mode)>],
) -> Vec<Option<Tag>> {
    let held = snapshot
        .locks
        .iter()
        .filter(|lock| lock.granted && lock.tag.kind == "tuple");
    let held: HashMap<usize, &Tag> = held
        .filter_map(|lock| Some((actors.of_lock(lock)?, &lock.tag)))
        .collect();
    let mut rows: Vec<Option<Tag>> = vec![None; waits.len()];
    for queue in queues
        .iter()
        .filter(|queue| queue.tag.kind == "transactionid")
    {
        for waiter in &queue.line {
            let Some(row) = held.get(&waiter.actor) else {
                continue;
            };
            rows[waiter.actor] = Some((*row).clone());
            // Of one with several transactions, as with savepoints, it is about the one that is named.
            let holders = queue.holders.iter().filter(|holder| {
                let held = holds[holder.actor].as_ref();
                waits[holder.actor].is_none() && held.is_some_and(|(tag, _)| tag == queue.tag)
            });
            for holder in holders {
                rows[holder.actor].get_or_insert_with(|| (*row).clone());
            }
        }
    }
    rows
}
