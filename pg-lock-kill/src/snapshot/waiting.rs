//! Whom processes wait for, as the server itself says it, where the lock table does not.

use std::collections::{HashMap, HashSet};

use shared::time::Time;
use shared::{Error, Result};

use super::take::query;
use super::{Ahead, Lock, SafeSnapshot, Session, Snapshot, Tag};
use crate::connection::Connection;

/// For more than that it would cost the server too much: the statements' begin has to do.
const MOST: usize = 1000;

/// Instead of a process.
const PREPARED: i32 = 0;

/// What kind of wait it is to want a page for oneself.
pub const PIN: &str = "BufferPin";

/// Since when we ourselves have seen somebody wait: who, with which statement, for what. For a loop on a server
/// before PostgreSQL 14, which does not say it.
#[derive(Debug, Default)]
pub struct Seen(HashMap<(i32, Option<Time>, Tag), Time>);

impl Seen {
    /// Notes those who wait now, and how long they have by what was seen.
    pub fn note(&mut self, snapshot: &mut Snapshot) {
        let sessions = snapshot.sessions.iter();
        let began: HashMap<i32, _> = sessions.map(|one| (one.pid, one.query_start)).collect();
        let mut now = HashMap::new();
        for lock in snapshot.locks.iter_mut().filter(|lock| !lock.granted) {
            let Some(pid) = lock.pid else { continue };
            let who = (pid, began.get(&pid).copied().flatten(), lock.tag.clone());
            let since = self.0.get(&who).copied().unwrap_or(snapshot.taken_at);
            lock.wait_start = Some(since);
            now.insert(who, since);
        }
        self.0 = now;
    }
}

/// Whether somebody wants a page of a table for itself; of replay it is not known of which one.
pub fn may_ask_of_pins(snapshot: &Snapshot) -> bool {
    let waits = |one: &Session| {
        one.wait_event_type.as_deref() == Some(PIN) && one.backend_type != "startup"
    };
    snapshot.sessions.iter().any(waits)
}

/// Adds the locks, among these, that others hold on the tables that such a one works on.
pub fn add_readers(snapshot: &mut Snapshot, every: Vec<Lock>) {
    let sessions = snapshot.sessions.iter();
    let waiting = sessions.filter(|one| one.wait_event_type.as_deref() == Some(PIN));
    let waiting: HashSet<i32> = waiting.map(|one| one.pid).collect();
    let is_theirs = |lock: &&Lock| lock.pid.is_some_and(|pid| waiting.contains(&pid));
    let tables = snapshot.locks.iter().filter(is_theirs);
    let tables: HashSet<Tag> = tables
        .filter(|lock| lock.tag.kind == "relation")
        .map(|lock| lock.tag.clone())
        .collect();
    let known = snapshot.locks.iter();
    let known: HashSet<_> = known
        .map(|lock| (lock.pid, lock.mode, lock.tag.clone()))
        .collect();
    let readers = every.into_iter().filter(|lock| {
        let is_known = known.contains(&(lock.pid, lock.mode, lock.tag.clone()));
        lock.granted && tables.contains(&lock.tag) && !is_known
    });
    snapshot.locks.extend(readers);
}

/// Asks for whom those wait who wait for a safe snapshot, which is no lock.
pub fn ask_of_safe_snapshots(snapshot: &mut Snapshot, connection: &mut Connection) -> Result<()> {
    let sessions = snapshot.sessions.iter();
    let waiting = sessions.filter(|one| one.wait_event.as_deref() == Some("SafeSnapshot"));
    let pids: Vec<i32> = waiting.map(|one| one.pid).collect();
    if pids.is_empty() {
        return Ok(());
    }
    let statement = include_str!("../../sql/safe_snapshots.sql");
    // Who waits for nobody does not wait any more.
    let waiting = blockers(connection, statement, &pids)?.into_iter();
    let waiting = waiting.filter(|(_, blockers)| !blockers.is_empty());
    let waiting: Vec<_> = waiting.collect();
    let prepared = match waiting
        .iter()
        .any(|(_, blockers)| blockers.contains(&PREPARED))
    {
        true => {
            let answer = query(connection, include_str!("../../sql/serializable.sql"))?;
            let numbers = answer.iter().flatten().map(|row| row.some_text(0));
            numbers.collect::<Result<Vec<String>>>()?
        }
        false => Vec::new(),
    };
    let one = |(pid, blockers): (i32, Vec<i32>)| SafeSnapshot {
        pid,
        prepared: match blockers.contains(&PREPARED) {
            true => prepared.clone(),
            false => Vec::new(),
        },
        blockers,
    };
    snapshot.safe_snapshots = waiting.into_iter().map(one).collect();
    Ok(())
}

/// Asks whom those wait for who wait for the same lock as others and of whom nothing says in which order they will
/// get it: before PostgreSQL 14 all, because it does not say since when they wait, and after it those who began in the
/// same microsecond.
pub fn ask_of_queues(snapshot: &mut Snapshot, connection: &mut Connection) -> Result<()> {
    let pids = abreast(snapshot);
    if pids.is_empty() || pids.len() > MOST {
        return Ok(());
    }
    let statement = include_str!("../../sql/ahead.sql");
    let waiting = blockers(connection, statement, &pids)?.into_iter();
    snapshot.ahead = waiting
        .map(|(pid, blockers)| Ahead { pid, blockers })
        .collect();
    Ok(())
}

/// Who waits for the same lock as another one, since the same moment as far as the server says it.
fn abreast(snapshot: &Snapshot) -> Vec<i32> {
    let mut rows: HashMap<(&Tag, Option<Time>), Vec<i32>> = HashMap::new();
    for lock in snapshot.locks.iter().filter(|lock| !lock.granted) {
        let row = rows.entry((&lock.tag, lock.wait_start)).or_default();
        row.extend(lock.pid);
    }
    let crowded = rows.into_values().filter(|pids| pids.len() > 1);
    crowded.flatten().collect()
}

fn blockers(
    connection: &mut Connection,
    statement: &str,
    pids: &[i32],
) -> Result<Vec<(i32, Vec<i32>)>> {
    let pids: Vec<String> = pids.iter().map(ToString::to_string).collect();
    let statement = statement.replace("{pids}", &pids.join(", "));
    let answer = query(connection, &statement)?;
    let rows = answer.iter().flatten().map(|row| {
        let blockers = row.text(1).unwrap_or_default();
        let numbers = blockers.split(',').filter(|pid| !pid.is_empty());
        let numbers: std::result::Result<_, _> = numbers.map(str::parse).collect();
        let numbers = numbers.map_err(|_| Error::new("a process has no number"))?;
        Ok((row.some_number(0)?, numbers))
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_came_in_the_same_microsecond_is_asked_about() {
        let wait = |pid: i32, object: u32, start: Option<&str>| {
            serde_json::json!({
                "tag": {"kind": "advisory", "database": 5, "class": 0, "object": object, "sub_object": 1},
                "pid": pid, "virtual_transaction": "3/1", "mode": "ExclusiveLock", "granted": false,
                "wait_start": start,
            })
        };
        let [one, two] = ["2026-11-20T20:00:00.000001Z", "2026-11-20T20:00:00.000002Z"].map(Some);
        let snapshot: Snapshot = serde_json::from_value(serde_json::json!({
            "taken_at": "2026-11-20T20:01:00Z", "server_version_num": 150018, "in_recovery": false,
            "own_pid": 1, "own_role": "me", "own_database": 5, "sees_all": true,
            "locks": [
                wait(11, 1, one), wait(12, 1, two), wait(13, 1, two), wait(14, 2, two), wait(15, 2, None),
            ],
            "sessions": [], "prepared": [], "safe_snapshots": [], "databases": [], "relations": [],
        }))
        .unwrap();
        assert_eq!(abreast(&snapshot), [12, 13]);
    }

    #[test]
    fn a_wait_is_as_long_as_it_was_seen() {
        let look = |minute: u32, query_start: u32, object: u32| {
            let time = |minute: u32| format!("2026-11-20T20:{minute:02}:00Z");
            let mut snapshot: Snapshot = serde_json::from_value(serde_json::json!({
                "taken_at": time(minute), "server_version_num": 130023, "in_recovery": false,
                "own_pid": 1, "own_role": "me", "own_database": 5, "sees_all": true,
                "locks": [{
                    "tag": {"kind": "advisory", "database": 5, "class": 0, "object": object, "sub_object": 1},
                    "pid": 7, "virtual_transaction": "3/1", "mode": "ExclusiveLock", "granted": false,
                }],
                "sessions": [{
                    "pid": 7, "is_superuser": false, "query_start": time(query_start),
                    "backend_type": "client backend",
                }],
                "prepared": [], "safe_snapshots": [], "databases": [], "relations": [],
            }))
            .unwrap();
            assert!(!snapshot.tells_waits());
            let taken_at = snapshot.taken_at;
            move |seen: &mut Seen| {
                seen.note(&mut snapshot);
                (taken_at - snapshot.locks[0].wait_start.unwrap()).whole_minutes()
            }
        };
        let mut seen = Seen::default();
        let mut waits = |minute, query_start, object| look(minute, query_start, object)(&mut seen);
        assert_eq!(waits(10, 0, 1), 0);
        assert_eq!(waits(12, 0, 1), 2);
        // Another lock, and another statement.
        assert_eq!(waits(14, 0, 2), 0);
        assert_eq!(waits(15, 0, 2), 1);
        assert_eq!(waits(20, 16, 2), 0);
    }
}
