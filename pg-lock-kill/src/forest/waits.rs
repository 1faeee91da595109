//! What each actor waits for, and what it holds that others wait for.

use std::collections::HashMap;
use std::time::Duration;

use super::Wait;
use super::actors::Actors;
use super::queues::Queue;
use crate::snapshot::{Mode, SafeSnapshot, Session, Snapshot, Tag};
use shared::time::Time;

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
        };
        keep_longest(&mut waits[actor], wait);
    }
    if let Some((startup, words, _)) = replay(snapshot)
        && let Some(wait) = waits.get_mut(startup)
    {
        wait.get_or_insert(Wait {
            tag: None,
            mode: None,
            other: Some(words),
            since: None,
            is_soft: false,
        });
    }
    waits
}

/// Replay on a standby that waits for queries to end, where that is no lock: who waits, for what, and
/// for whom, as far as that shows. Rows that the primary has removed may only go from here when no
/// snapshot sees them any more: the oldest one is the last to let them go.
pub fn replay(snapshot: &Snapshot) -> Option<(usize, &'static str, Option<usize>)> {
    let waits = |session: &Session| {
        (session.backend_type == "startup").then_some(match session.wait_event.as_deref()? {
            "RecoveryConflictSnapshot" => "rows that the primary removed, and a snapshot here sees",
            "RecoveryConflictTablespace" => "a tablespace that the primary dropped",
            _ => return None,
        })
    };
    let mut sessions = snapshot.sessions.iter().enumerate();
    let (place, words) = sessions.find_map(|(place, one)| Some((place, waits(one)?)))?;
    let seen = snapshot.sessions.iter().enumerate().filter(|(_, session)| {
        session.backend_type == "client backend" && session.pid != snapshot.own_pid
    });
    let seen = seen.filter_map(|(place, session)| Some((place, session.backend_xmin?)));
    // Numbers of transactions go round.
    let oldest = seen.reduce(|a, b| {
        if a.1.wrapping_sub(b.1).cast_signed() <= 0 {
            a
        } else {
            b
        }
    });
    Some((place, words, oldest.map(|(place, _)| place)))
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
    count: usize,
) -> Vec<Option<Tag>> {
    let held = snapshot
        .locks
        .iter()
        .filter(|lock| lock.granted && lock.tag.kind == "tuple");
    let held: HashMap<usize, &Tag> = held
        .filter_map(|lock| Some((actors.of_lock(lock)?, &lock.tag)))
        .collect();
    let mut rows: Vec<Option<Tag>> = vec![None; count];
    for queue in queues
        .iter()
        .filter(|queue| queue.tag.kind == "transactionid")
    {
        for waiter in &queue.line {
            let Some(row) = held.get(&waiter.actor) else {
                continue;
            };
            rows[waiter.actor] = Some((*row).clone());
            for holder in &queue.holders {
                rows[holder.actor].get_or_insert_with(|| (*row).clone());
            }
        }
    }
    rows
}
