//! From the forest to a record.

use std::time::Duration;

use shared::dump::quote_literal;
use shared::time::Time;

use super::Record;
use crate::forest::{Forest, Node, Replay, Wait, Who};
use crate::snapshot::{Mode, Prepared, STARTING, Session, Snapshot, Tag};
use crate::words;

/// So many are named in a message.
const NAMED: usize = 3;

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
        let is_hard = node.blocker.is_some() && wait.is_some_and(|wait| !wait.is_soft);
        let other = wait.and_then(|wait| wait.other).map(str::to_string);
        Self {
            depth: node.depth,
            blocked_by: node.blocker.map(pid),
            blockers: node.others.0 + usize::from(is_hard),
            block: node
                .blocker
                .and(wait)
                .map(|wait| hardness(node, wait, snapshot).to_string()),
            blocking: node.blocking,
            frees: node.frees,
            longest_wait_seconds: node.longest_wait.map(seconds),
            waiting_seconds: wait.and_then(|wait| wait.since).map(seconds),
            lock: lock.map(|(_, mode)| mode.name().to_string()),
            target: target.or(other),
            relation: relation.and_then(|tag| words::relation(tag, snapshot)),
            deadlock: node.in_cycle,
            cheaper_pid: node.cheaper.map(pid),
            message: message(node, forest, snapshot),
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
            wait_event: wait_event(session),
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

fn wait_event(session: &Session) -> Option<String> {
    let kind = session.wait_event_type.as_deref()?;
    Some(format!("{kind}:{}", session.wait_event.as_deref()?))
}

/// What the other columns do not say.
fn message(node: &Node, forest: &Forest, snapshot: &Snapshot) -> Option<String> {
    let session = match node.who {
        Who::Session(place) => Some(&snapshot.sessions[place]),
        Who::Prepared(_) => None,
    };
    let of_wait = node.wait.as_ref().and_then(|wait| of_wait(node, wait));
    let of_session = session.and_then(|session| of_session(node, session));
    let some = [
        of_session.map(str::to_string),
        of_wait.map(str::to_string),
        of_replay(node, snapshot),
        of_others(node, forest, snapshot),
    ];
    let some: Vec<String> = some.into_iter().flatten().collect();
    (!some.is_empty()).then(|| some.join("; "))
}

/// Of what it is.
fn of_session(node: &Node, session: &Session) -> Option<&'static str> {
    let is_replay = session.backend_type == "startup";
    match (&node.wait, node.blocker) {
        (Some(_), Some(_)) if is_replay => {
            Some("replay of what the primary did waits, and with it all that the standby is to get")
        }
        (None, _) if is_replay => Some("it repeats a lock of the primary: act there"),
        _ if session.state.as_deref() == Some(STARTING) => {
            Some("it is about to begin: before that, little is known of it")
        }
        (None, _) if session.waits_for_standby() => Some(words::COMMITTED),
        // Before it has its first lock, on the table, there is no index.
        (Some(wait), _) if wait.mode == Some(Mode::ShareUpdateExclusiveLock) => None,
        _ if session.builds_an_index() => Some("if it is ended, an invalid index is left"),
        _ => None,
    }
}

/// Of its wait.
fn of_wait(node: &Node, wait: &Wait) -> Option<&'static str> {
    match node.blocker {
        None if wait.is_own => Some("it waits for another process of its own parallel query"),
        None if wait.tag.is_none() => Some("whom it waits for does not show"),
        None => Some("nobody was seen who blocks it"),
        Some(_) => None,
    }
}

/// Of a waiter those who hold the same beside whom it is drawn below; of a head whose own end would free nobody,
/// who it is that holds the same.
fn of_others(node: &Node, forest: &Forest, snapshot: &Snapshot) -> Option<String> {
    if node.wait.is_some() {
        let (count, named) = &node.others;
        let words = numbers(named.iter().copied(), *count, forest, snapshot)?;
        return Some(
            match node.wait.as_ref().and_then(|wait| wait.tag.as_ref()) {
                Some(_) => format!("what it waits for is also held by {words}"),
                None => format!("it is also {words} that it may wait for"),
            },
        );
    }
    let front = &forest.nodes[node.front.filter(|_| node.frees == 0)?];
    let own = forest
        .nodes
        .iter()
        .position(|other| other.who == node.who)?;
    let (count, named) = &front.others;
    // Besides those, the one that it is drawn below.
    let all = front.blocker.into_iter().chain(named.iter().copied());
    let words = numbers(all.filter(|place| *place != own), *count, forest, snapshot)?;
    Some(format!(
        "its end alone frees nobody: what is waited for is also held by {words}"
    ))
}

/// The first ones of so many.
fn numbers(
    places: impl Iterator<Item = usize>,
    count: usize,
    forest: &Forest,
    snapshot: &Snapshot,
) -> Option<String> {
    let names = places
        .take(NAMED.min(count))
        .map(|place| match forest.nodes[place].who {
            Who::Session(place) => snapshot.sessions[place].pid.to_string(),
            Who::Prepared(place) => quote_literal(&snapshot.prepared[place].gid)
                .trim_start()
                .to_string(),
        });
    let names: Vec<String> = names.collect();
    match (names.len(), count.checked_sub(names.len())?) {
        (0, _) => None,
        (_, 0) => Some(names.join(", ")),
        (_, more) => Some(format!("{} and {more} more", names.join(", "))),
    }
}

fn hardness(node: &Node, wait: &Wait, snapshot: &Snapshot) -> &'static str {
    let is_replay = match node.who {
        Who::Session(place) => snapshot.sessions[place].backend_type == "startup",
        Who::Prepared(_) => false,
    };
    match wait.is_soft {
        true => "soft",
        false if is_replay && wait.tag.is_none() => "guess",
        false => "hard",
    }
}

/// What is not to be seen of the wait of replay, where it is no lock.
fn of_replay(node: &Node, snapshot: &Snapshot) -> Option<String> {
    if node.is_suspect {
        let others = Replay::of(snapshot)?.others.len();
        let alone = match others {
            0 => "",
            _ => "; whether its end lets replay go on does not show, for others have younger ones",
        };
        return Some(format!(
            "a guess: whose snapshot replay waits for does not show, and this is the oldest{alone}"
        ));
    }
    let is_startup = |replay: &Replay| node.who == Who::Session(replay.startup);
    let replay = Replay::of(snapshot).filter(is_startup)?;
    if node.blocker.is_some() || replay.others.is_empty() {
        return None;
    }
    let some = replay.others.iter().take(NAMED).map(|place| {
        let session = &snapshot.sessions[*place];
        let database = session.database.as_deref().unwrap_or("an unknown database");
        format!("{} ({database})", session.pid)
    });
    let some: Vec<String> = some.collect();
    let more = match replay.others.len().saturating_sub(some.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(format!(
        "only sessions of one database are in its way, and which one does not show: {}{more} have a snapshot",
        some.join(", ")
    ))
}

/// To the microsecond, which is what the server knows.
fn seconds(time: Duration) -> f64 {
    (time.as_micros() as f64) / 1e6
}

fn age(snapshot: &Snapshot, since: Time) -> f64 {
    seconds(Duration::try_from(snapshot.taken_at - since).unwrap_or_default())
}
