//! From the forest to a record.

use std::time::Duration;

use shared::dump::quote_literal;
use shared::time::Time;

use super::Record;
use crate::forest::{Forest, Node, Who};
use crate::snapshot::{Prepared, STARTING, Session, Snapshot, Tag};
use crate::words;

impl Record {
    /// What is to be said of a node of the forest.
    pub fn of(node: &Node, forest: &Forest, snapshot: &Snapshot) -> Self {
        let record = match node.who {
            Who::Session(place) => Self::of_session(&snapshot.sessions[place], snapshot),
            Who::Prepared(place) => Self::of_prepared(&snapshot.prepared[place], snapshot),
        };
        let pid = |place: usize| forest.nodes[place].who.pid(snapshot);
        let wait = node.wait.as_ref();
        let awaited = wait.and_then(|wait| Some((wait.tag.as_ref()?, wait.mode?)));
        let held = node.holds.as_ref().map(|(tag, mode)| (tag, *mode));
        let lock = awaited.or(held.filter(|_| wait.is_none()));
        let is_transaction = |tag: &Tag| tag.kind == "transactionid";
        let row = node
            .row
            .as_ref()
            .filter(|_| lock.is_some_and(|(tag, _)| is_transaction(tag)));
        let target = lock.map(|(tag, _)| words::target(tag, snapshot));
        let target = match row {
            Some(row) => target.map(|target| format!("{target}, {}", words::target(row, snapshot))),
            None => target,
        };
        let relation = row.or(lock.map(|(tag, _)| tag));
        let other = wait.and_then(|wait| wait.other).map(str::to_string);
        Self {
            depth: node.depth,
            blocked_by: node.blocker.map(pid),
            block: node
                .blocker
                .and(wait)
                .map(|wait| hardness(wait.is_soft).to_string()),
            blocking: node.blocking,
            frees: node.frees,
            longest_wait_seconds: node.longest_wait.map(seconds),
            waiting_seconds: wait.and_then(|wait| wait.since).map(seconds),
            lock: lock.map(|(_, mode)| mode.name().to_string()),
            target: target.or(other),
            relation: relation.and_then(|tag| words::relation(tag, snapshot)),
            deadlock: node.in_cycle,
            cheaper_pid: node.cheaper.map(pid),
            message: message(node, &record).map(str::to_string),
            ..record
        }
    }

    fn of_session(session: &Session, snapshot: &Snapshot) -> Self {
        let age = |since: Option<Time>| since.map(|since| age(snapshot, since));
        Self {
            pid: session.pid,
            backend_start: session.backend_start,
            xact_start: session.xact_start,
            user: session.user.clone(),
            database: session.database.clone(),
            application_name: session.application_name.clone(),
            client_addr: session.client_addr.clone(),
            backend_type: Some(session.backend_type.clone()).filter(|kind| !kind.is_empty()),
            state: session.state.clone(),
            state_change: session.state_change,
            state_age_seconds: age(session.state_change),
            query_age_seconds: age(session.query_start),
            xact_age_seconds: age(session.xact_start),
            xid: session.backend_xid.map(|xid| xid.to_string()),
            progress: session.progress.clone(),
            query: session.query.clone(),
            ..Self::default()
        }
    }

    fn of_prepared(prepared: &Prepared, snapshot: &Snapshot) -> Self {
        let gid = quote_literal(&prepared.gid);
        Self {
            pid: 0,
            xact_start: Some(prepared.prepared),
            user: Some(prepared.owner.clone()),
            database: Some(prepared.database.clone()),
            backend_type: Some("prepared transaction".to_string()),
            xact_age_seconds: Some(age(snapshot, prepared.prepared)),
            xid: Some(prepared.transaction.to_string()),
            gid: Some(prepared.gid.clone()),
            remedy: Some(format!("ROLLBACK PREPARED {}", gid.trim_start())),
            ..Self::default()
        }
    }
}

impl Who {
    /// Its process; 0 for a prepared transaction, as pg_blocking_pids has it.
    pub fn pid(self, snapshot: &Snapshot) -> i32 {
        match self {
            Self::Session(place) => snapshot.sessions[place].pid,
            Self::Prepared(_) => 0,
        }
    }
}

/// What the other columns do not say.
fn message(node: &Node, record: &Record) -> Option<&'static str> {
    let is_replay = record.backend_type.as_deref() == Some("startup");
    match (&node.wait, node.blocker) {
        (Some(_), None) if is_replay => Some("whom it waits for does not show"),
        (Some(_), None) => Some("who blocked it was gone a moment later"),
        (Some(_), Some(_)) if is_replay => {
            Some("replay of what the primary did waits, and with it all that the standby is to get")
        }
        _ if record.state.as_deref() == Some(STARTING) => {
            Some("it is about to begin: before that, little is known of it")
        }
        (None, _) if is_replay => Some("it repeats a lock of the primary: act there"),
        _ => None,
    }
}

fn hardness(is_soft: bool) -> &'static str {
    match is_soft {
        true => "soft",
        false => "hard",
    }
}

/// To the microsecond, which is what the server knows.
fn seconds(time: Duration) -> f64 {
    (time.as_micros() as f64) / 1e6
}

fn age(snapshot: &Snapshot, since: Time) -> f64 {
    seconds(Duration::try_from(snapshot.taken_at - since).unwrap_or_default())
}
