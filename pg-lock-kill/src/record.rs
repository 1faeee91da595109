//! The record of a session, in a listing and after it was ended.

mod fill;

use serde::{Deserialize, Serialize};
use shared::time::{Time, rfc3339};

/// A session or prepared transaction that blocks or waits. All of it but `pid` may be missing in
/// what is read.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Record {
    /// Its process; of a parallel group the leader's; 0 for a prepared transaction.
    pub pid: i32,
    /// When the process started. With `pid` it says who it is.
    #[serde(with = "rfc3339::option", default)]
    pub backend_start: Option<Time>,
    /// When its transaction began: another one is not what was seen.
    #[serde(with = "rfc3339::option", default)]
    pub xact_start: Option<Time>,
    /// 0 for a head, who waits for nobody.
    #[serde(default)]
    pub depth: usize,
    /// Who it waits for: the one above it in the tree; 0 for a prepared transaction.
    #[serde(default)]
    pub blocked_by: Option<i32>,
    /// How many hold what it waits for; 0 where none is seen to.
    #[serde(default)]
    pub blockers: usize,
    /// `hard` if that one holds what it wants, `soft` if it only stands before it in the queue, `guess` if that it
    /// waits for that one is not to be seen.
    #[serde(default)]
    pub block: Option<String>,
    /// How many wait for it, directly or behind others.
    #[serde(default)]
    pub blocking: usize,
    /// How many would no longer be blocked if it ended.
    #[serde(default)]
    pub frees: usize,
    /// The longest of the waits behind it.
    #[serde(default)]
    pub longest_wait_seconds: Option<f64>,
    /// How long it has waited itself.
    #[serde(default)]
    pub waiting_seconds: Option<f64>,
    /// The mode of the lock that it waits for, or the strongest that it holds and others wait for.
    #[serde(default)]
    pub lock: Option<String>,
    /// What that lock is on, in words.
    #[serde(default)]
    pub target: Option<String>,
    /// The relation of that lock.
    #[serde(default)]
    pub relation: Option<String>,
    /// Its role.
    #[serde(default)]
    pub user: Option<String>,
    /// Its database.
    #[serde(default)]
    pub database: Option<String>,
    /// What it calls itself.
    #[serde(default)]
    pub application_name: Option<String>,
    /// Where it comes from.
    #[serde(default)]
    pub client_addr: Option<String>,
    /// `client backend`, `autovacuum worker`, …; `prepared transaction`.
    #[serde(default)]
    pub backend_type: Option<String>,
    /// `active`, `idle in transaction`, …
    #[serde(default)]
    pub state: Option<String>,
    /// Since when: one that is idle is not what was seen if it did something since.
    #[serde(with = "rfc3339::option", default)]
    pub state_change: Option<Time>,
    /// For so long.
    #[serde(default)]
    pub state_age_seconds: Option<f64>,
    /// What the process waits for in this state: `Client:ClientRead`, `IO:DataFileRead`.
    #[serde(default)]
    pub wait_event: Option<String>,
    /// The age of its statement, or of the last one.
    #[serde(default)]
    pub query_age_seconds: Option<f64>,
    /// The age of its transaction: what it would lose.
    #[serde(default)]
    pub xact_age_seconds: Option<f64>,
    /// Its transaction's number, if it has one: it has written something that would be undone.
    #[serde(default)]
    pub xid: Option<String>,
    /// What it is busy with, as far as the server tells: `copy, 12000 rows`.
    #[serde(default)]
    pub progress: Option<String>,
    /// Whether it waits for itself by way of others.
    #[serde(default)]
    pub deadlock: bool,
    /// A session whose end would free about as many and lose less.
    #[serde(default)]
    pub cheaper_pid: Option<i32>,
    /// Why it is never ended, or not without being asked for by a flag.
    #[serde(default)]
    pub protected: Option<String>,
    /// The prepared transaction's name.
    #[serde(default)]
    pub gid: Option<String>,
    /// What ends it, where this tool does not: `ROLLBACK PREPARED 'gid'`.
    #[serde(default)]
    pub remedy: Option<String>,
    /// Its statement, or the last one.
    #[serde(default)]
    pub query: Option<String>,
    /// What was done, or would be: `cancel`, `terminate`, `cancel, terminate`.
    #[serde(default)]
    pub action: Option<String>,
    /// How it came out: `ended`, `freed`, `gone_already`, `changed`, `denied`, `still_alive`,
    /// `not_applicable`, `protected`, `vetoed`; `dry_run`.
    #[serde(default)]
    pub result: Option<String>,
    /// In words, where there is more to say.
    #[serde(default)]
    pub message: Option<String>,
}
