//! Whom processes wait for, as the server itself says it, where the lock table does not.

use std::collections::HashMap;

use shared::connection::Session as Connection;
use shared::{Error, Result};

use super::take::query;
use super::{Ahead, SafeSnapshot, Snapshot, Tag};

/// For more than that it would cost the server too much: the statements' begin has to do.
const MOST: usize = 1000;

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
    snapshot.safe_snapshots = waiting
        .map(|(pid, blockers)| SafeSnapshot { pid, blockers })
        .collect();
    Ok(())
}

/// Before PostgreSQL 14 nothing says since when a lock is waited for, and so not in which order who
/// waits for the same one will get it: asks whom those wait for who wait together with others.
pub fn ask_of_queues(snapshot: &mut Snapshot, connection: &mut Connection) -> Result<()> {
    let mut queues: HashMap<&Tag, Vec<i32>> = HashMap::new();
    for lock in snapshot.locks.iter().filter(|lock| !lock.granted) {
        queues.entry(&lock.tag).or_default().extend(lock.pid);
    }
    let crowded = queues.into_values().filter(|pids| pids.len() > 1);
    let pids: Vec<i32> = crowded.flatten().collect();
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
