//! `waits`: what the server waits for.

use crate::section::{Gather, Reach, Section};

/// One row for each event and kind of process.
pub const SECTION: Section = Section {
    name: "waits",
    answers: "what do the server's processes wait for at this moment, and how many of them?",
    costs: "one look at the sessions",
    needs: "pg_monitor: other roles' sessions are hidden without",
    reach: Reach::Server,
    fields: &[
        (
            "wait_event_type",
            "Lock, LWLock, IO, Client, Activity, …; CPU: active, and waits for nothing",
        ),
        ("wait_event", "what"),
        (
            "backend_type",
            "client backend, autovacuum worker, …; hidden: the role may not see it",
        ),
        ("processes", "how many"),
        ("active", "of them, running a statement"),
        ("idle_in_transaction", "of them, holding a transaction open"),
        (
            "longest_query_seconds",
            "since the first of these statements began",
        ),
        ("pid", "one of them: section activity says more"),
    ],
    gather: Gather::Query(&[(13, include_str!("../../sql/waits.sql"))]),
};
