//! Sessions that are about to begin: they may wait for a lock before pg_stat_activity knows them, as all do
//! while somebody has locked pg_class. To leave them out would be to say that nobody waits.

use std::collections::{BTreeSet, HashMap, HashSet};

use shared::Result;

use super::take::query;
use super::{Session, Snapshot, Tag};
use crate::connection::Connection;

/// As PostgreSQL 18 calls it, which is the first to show them.
pub const STARTING: &str = "starting";

/// Adds those that wait, or that others wait for, and says of all which database they are on their way to.
pub fn add(snapshot: &mut Snapshot, connection: &mut Connection) -> Result<()> {
    let unknown = unknown(snapshot);
    if !unknown.is_empty() {
        let pids: Vec<String> = unknown.iter().map(ToString::to_string).collect();
        let statement = include_str!("../../sql/starting.sql").replace("{pids}", &pids.join(", "));
        let answer = query(connection, &statement)?;
        // Of the others, what they waited for is over.
        for row in answer.iter().flatten() {
            snapshot.sessions.push(nobody_yet(row.some_number(0)?));
        }
    }
    let databases = databases(snapshot);
    for session in &mut snapshot.sessions {
        if session.state.as_deref() == Some(STARTING) && session.database_oid.is_none() {
            session.database_oid = databases.get(&session.pid).copied();
        }
    }
    Ok(())
}

/// The processes that have to do with a lock that somebody waits for, and are no sessions.
fn unknown(snapshot: &Snapshot) -> BTreeSet<i32> {
    let awaited = snapshot.locks.iter().filter(|lock| !lock.granted);
    let awaited: HashSet<&Tag> = awaited.map(|lock| &lock.tag).collect();
    let known: HashSet<i32> = snapshot.sessions.iter().map(|one| one.pid).collect();
    let locks = snapshot.locks.iter();
    let pids = locks.filter_map(|lock| Some((lock.pid?, lock)));
    pids.filter(|(pid, lock)| !known.contains(pid) && awaited.contains(&lock.tag))
        .map(|(pid, _)| pid)
        .collect()
}

fn nobody_yet(pid: i32) -> Session {
    Session {
        pid,
        state: Some(STARTING.to_string()),
        ..Session::default()
    }
}

/// Each process keeps its database from being dropped before it reads anything in it.
fn databases(snapshot: &Snapshot) -> HashMap<i32, u32> {
    let locks = snapshot.locks.iter();
    let named = locks.filter_map(|lock| Some((lock.pid?, lock.tag.names_database()?)));
    named.filter(|(_, database)| *database != 0).collect()
}
