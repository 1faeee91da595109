//! `connections`: who is connected, and how many more may be.

use crate::section::{Gather, Reach, Section};

/// One row for the server, and for each database, user, application, client and state.
pub const SECTION: Section = Section {
    name: "connections",
    answers: "how many client sessions are there, by database, user, application, client and state, and how many more may be?",
    costs: "one look at the sessions",
    needs: "pg_monitor: other roles' states are hidden without",
    reach: Reach::Server,
    fields: &[
        ("by", "server, database, user, application, client or state"),
        (
            "name",
            "which; null for the server, and where there is none",
        ),
        ("connections", "client sessions: no replication, no workers"),
        ("active", "of them, running a statement"),
        ("idle", "doing nothing"),
        (
            "idle_in_transaction",
            "doing nothing in a transaction, failed ones too",
        ),
        (
            "waiting_for_locks",
            "running a statement that waits for a lock",
        ),
        (
            "hidden",
            "whose state the role may not see: perhaps parallel workers",
        ),
        (
            "longest_transaction_seconds",
            "the age of the oldest transaction",
        ),
        (
            "longest_idle_in_transaction_seconds",
            "how long one has been idle in a transaction",
        ),
        ("max_connections", "the server's setting"),
        (
            "reserved",
            "kept for superusers and for roles with pg_use_reserved_connections",
        ),
        (
            "limit",
            "how many there may be: for ordinary roles on the server, or CONNECTION LIMIT",
        ),
        ("available", "how many more may come; null: no limit"),
        ("used_ratio", "connections by limit"),
    ],
    gather: Gather::Query(&[(13, include_str!("../../sql/connections.sql"))]),
};
