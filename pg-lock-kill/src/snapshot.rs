//! What the server said at one moment: its locks first, then its sessions, in one round trip.
//!
//! A snapshot can be saved and looked at later; everything else is computed from it.

mod file;
mod mode;
mod rows;
mod starting;
mod take;
mod waiting;

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use shared::time::{Time, rfc3339};

use crate::words::DATABASES;

pub use file::{load, save};
pub use mode::{Mode, Modes};
pub use rows::{Row, Texts};
pub use starting::STARTING;
pub use take::{query, query_of, take};
pub use waiting::{PIN, Seen};

/// The lock table and the sessions at one moment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Snapshot {
    /// By the server's clock.
    #[serde(with = "rfc3339")]
    pub taken_at: Time,
    /// Where the server is: host, or the folder of its socket, and port.
    #[serde(default)]
    pub server: Option<String>,
    /// 150018 for 15.18.
    pub server_version_num: u32,
    /// Whether it is a standby.
    pub in_recovery: bool,
    /// Of a standby, how far it has repeated what the primary did.
    #[serde(default)]
    pub replayed: Option<String>,
    /// The session that asked.
    pub own_pid: i32,
    /// Its role.
    pub own_role: String,
    /// Its database's number.
    pub own_database: u32,
    /// Whether the role that asked sees all clients' sessions whole.
    pub sees_all: bool,
    /// Whether it could, if its role inherited what it was granted.
    #[serde(skip)]
    pub could_see_all: bool,
    /// In the order of pg_locks, granted and awaited.
    pub locks: Vec<Lock>,
    /// Every process of pg_stat_activity, background ones too.
    pub sessions: Vec<Session>,
    /// Transactions that were prepared for a second phase.
    pub prepared: Vec<Prepared>,
    /// Those who wait for a safe snapshot, and who keeps them from it.
    pub safe_snapshots: Vec<SafeSnapshot>,
    /// Whom those wait for who wait for a lock together with others, where nothing else says in which order.
    #[serde(default)]
    pub ahead: Vec<Ahead>,
    /// Who seems to have begun only after the snapshot was taken, but was there before it: the server's clock was
    /// set back.
    #[serde(default)]
    pub elders: Vec<i32>,
    /// Databases by their number.
    pub databases: Vec<(u32, String)>,
    /// What is known of the names of relations: database, relation, `schema.name` as SQL has it; by their numbers.
    pub relations: Vec<(u32, u32, String)>,
    /// Relations, by database and number, that may have another name in a transaction that is still open.
    #[serde(default)]
    pub renamed: Vec<(u32, u32)>,
    /// The same of objects of other catalogues, in words: `type public.mood`.
    #[serde(default)]
    pub objects: Vec<Object>,
    /// Databases of which names could not be had.
    #[serde(default)]
    pub unnamed: Vec<u32>,
}

/// The first version that says since when a lock is waited for.
const WAITSTART: u32 = 140_000;

impl Snapshot {
    /// Whether the server says since when somebody waits for a lock.
    pub fn tells_waits(&self) -> bool {
        self.server_version_num >= WAITSTART
    }

    /// Notes who was there in an earlier look, whatever the clock says.
    pub fn note_elders(&mut self, before: &Self) {
        let known = before
            .sessions
            .iter()
            .map(|one| (one.pid, one.backend_start));
        let known: HashSet<_> = known.collect();
        let late = self.sessions.iter();
        let late = late.filter(|one| one.backend_start > Some(self.taken_at));
        let elders = late.filter(|one| known.contains(&(one.pid, one.backend_start)));
        self.elders = elders.map(|one| one.pid).collect();
    }
}

/// An object that is no relation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Object {
    /// Its database; 0 for what all share.
    pub database: u32,
    /// The number of its catalogue.
    pub catalog: u32,
    /// Its own.
    pub number: u32,
    /// What kind of object it is, and what it is called.
    pub words: String,
}

/// A row of pg_locks (manual 54.12).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Lock {
    /// What is locked.
    pub tag: Tag,
    /// Its holder; none for a prepared transaction.
    pub pid: Option<i32>,
    /// The transaction that holds it: how a prepared one is found.
    pub virtual_transaction: String,
    /// As in pg_locks: `AccessExclusiveLock`.
    pub mode: Mode,
    /// Held or waited for.
    pub granted: bool,
    /// Since when it is waited for; never known before PostgreSQL 14.
    #[serde(with = "rfc3339::option", default)]
    pub wait_start: Option<Time>,
}

/// What can be locked: the columns of pg_locks that name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Tag {
    /// `relation`, `transactionid`, `advisory`, …
    pub kind: String,
    /// Its database; 0 for what all share.
    pub database: Option<u32>,
    /// Its relation.
    pub relation: Option<u32>,
    /// A page of it.
    pub page: Option<u32>,
    /// A row of that page.
    pub tuple: Option<u16>,
    /// A virtual transaction: `3/15`.
    pub virtual_xid: Option<String>,
    /// A transaction.
    pub transaction_id: Option<u32>,
    /// The catalogue of an object, or the first half of an advisory key.
    pub class: Option<u32>,
    /// An object, or the second half of an advisory key.
    pub object: Option<u32>,
    /// A column of it; of an advisory key 1 for one of 64 bits and 2 for two of 32.
    pub sub_object: Option<u16>,
}

impl Tag {
    /// The database that it is in, or is.
    pub fn names_database(&self) -> Option<u32> {
        let is_database = self.kind == "object" && self.class == Some(DATABASES);
        let itself = self.object.filter(|_| is_database);
        itself.or(self.database)
    }
}

/// A row of pg_stat_activity (manual 28.2.3), or a process that is about to be one.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Session {
    /// Its process.
    pub pid: i32,
    /// The process that leads its parallel group, where that is another.
    pub leader_pid: Option<i32>,
    /// Its database's number.
    pub database_oid: Option<u32>,
    /// Its database, once names were looked up.
    pub database: Option<String>,
    /// Its role's number.
    #[serde(default)]
    pub user_oid: Option<u32>,
    /// Its role, once names were looked up.
    pub user: Option<String>,
    /// Whether that role is a superuser.
    pub is_superuser: bool,
    /// What it calls itself.
    pub application_name: Option<String>,
    /// Where it comes from; none for the machine's own sockets.
    pub client_addr: Option<String>,
    /// When the process started: with its number, who it is.
    #[serde(with = "rfc3339::option", default)]
    pub backend_start: Option<Time>,
    /// When its transaction began.
    #[serde(with = "rfc3339::option", default)]
    pub xact_start: Option<Time>,
    /// When its statement, or the last one, began.
    #[serde(with = "rfc3339::option", default)]
    pub query_start: Option<Time>,
    /// Since when it is in this state.
    #[serde(with = "rfc3339::option", default)]
    pub state_change: Option<Time>,
    /// `Lock`, `IPC`, …
    pub wait_event_type: Option<String>,
    /// `transactionid`, `SafeSnapshot`, …
    pub wait_event: Option<String>,
    /// `active`, `idle in transaction`, …
    pub state: Option<String>,
    /// Its transaction's number: it has written something.
    pub backend_xid: Option<u32>,
    /// The oldest transaction that it must still be able to see.
    pub backend_xmin: Option<u32>,
    /// Its statement, or the last one, without passwords.
    pub query: Option<String>,
    /// `client backend`, `autovacuum worker`, `walsender`, `startup`, …; empty where that is not known yet.
    pub backend_type: String,
    /// What pg_stat_progress_… says it is busy with: `basebackup`, `copy`, `create_index`, …
    pub progress: Option<String>,
}

impl Session {
    /// Whether it builds an index while others write: if it is ended, an invalid one is left.
    pub fn builds_an_index(&self) -> bool {
        let query = self
            .query
            .as_deref()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let is_active = self.state.as_deref() == Some("active");
        is_active && query.contains("index") && query.contains("concurrently")
    }

    /// Whether it has committed, and waits for the word of a synchronous standby.
    pub fn waits_for_standby(&self) -> bool {
        self.wait_event.as_deref() == Some("SyncRep")
    }
}

/// A transaction of pg_prepared_xacts (manual 54.16).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Prepared {
    /// Its number.
    pub transaction: u32,
    /// The name it was given.
    pub gid: String,
    /// When it was prepared.
    #[serde(with = "rfc3339")]
    pub prepared: Time,
    /// Who did.
    pub owner: String,
    /// In which database: where alone it can be ended.
    pub database: String,
}

/// A READ ONLY DEFERRABLE transaction that waits for others to end (manual 13.2.3).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SafeSnapshot {
    /// Who waits.
    pub pid: i32,
    /// For whom; 0 is a prepared transaction.
    pub blockers: Vec<i32>,
    /// Where there is such a one: the virtual transactions of those that it may be.
    #[serde(default)]
    pub prepared: Vec<String>,
}

/// Whom a session waits for, by pg_blocking_pids.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ahead {
    /// Who waits.
    pub pid: i32,
    /// For whom, if they hold the lock or stand before it in the queue.
    pub blockers: Vec<i32>,
}
