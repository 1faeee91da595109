//! The guides' own query for locks, and whom ours names.

use serde_json::Value;

pub const LOCK: &str = "update t set n = n + 1 where id = 1";

/// The guides' query for who blocks whom.
pub const PAIRS: &str = "select distinct blocking_locks.pid from pg_locks blocked_locks
    join pg_stat_activity blocked_activity on blocked_locks.pid = blocked_activity.pid
    join pg_locks blocking_locks on blocking_locks.locktype = blocked_locks.locktype
    join pg_stat_activity blocking_activity on blocking_activity.pid = blocking_locks.pid
    where not blocked_locks.granted and blocking_activity.application_name <> ''";

pub fn pids(records: &[Value]) -> Vec<i64> {
    records
        .iter()
        .map(|record| record["pid"].as_i64().unwrap())
        .collect()
}
