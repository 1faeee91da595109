//! Before PostgreSQL 14 nothing says since when a lock is waited for, and so not in which order who
//! waits for the same one will get it. Where that matters, pg_blocking_pids knows.

use std::collections::HashMap;

use shared::connection::Session as Connection;
use shared::{Error, Result};

use super::take::query;
use super::{Ahead, Snapshot, Tag};

/// For more than that it would cost the server too much: the statements' begin has to do.
const MOST: usize = 1000;

/// Asks whom those wait for who wait for a lock together with others.
pub fn ask(snapshot: &mut Snapshot, connection: &mut Connection) -> Result<()> {
    let mut queues: HashMap<&Tag, Vec<i32>> = HashMap::new();
    for lock in snapshot.locks.iter().filter(|lock| !lock.granted) {
        queues.entry(&lock.tag).or_default().extend(lock.pid);
    }
    let crowded = queues.into_values().filter(|pids| pids.len() > 1);
    let pids: Vec<String> = crowded.flatten().map(|pid| pid.to_string()).collect();
    if pids.is_empty() || pids.len() > MOST {
        return Ok(());
    }
    let statement = include_str!("../../sql/ahead.sql").replace("{pids}", &pids.join(", "));
    for row in query(connection, &statement)?.into_iter().flatten() {
        let blockers = row.text(1).unwrap_or_default();
        let blockers = blockers
            .split(',')
            .filter(|pid| !pid.is_empty())
            .map(str::parse);
        let blockers: std::result::Result<Vec<i32>, _> = blockers.collect();
        snapshot.ahead.push(Ahead {
            pid: row.some_number(0)?,
            blockers: blockers.map_err(|_| Error::new("a process has no number"))?,
        });
    }
    Ok(())
}
