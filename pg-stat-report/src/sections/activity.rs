//! `activity`: who does something, or holds something up.

use crate::section::{Gather, Reach, Section};

/// One row for each.
pub const SECTION: Section = Section {
    name: "activity",
    answers: "who does something or holds VACUUM up: sessions that are not idle, prepared transactions, replication slots",
    costs: "one look at the sessions",
    needs: "pg_monitor: other roles' sessions are hidden without",
    reach: Reach::Server,
    fields: &[
        ("kind", "session, prepared transaction or replication slot"),
        ("pid", "the process"),
        ("name", "of the prepared transaction or slot"),
        ("database", "where"),
        ("user", "whose role"),
        ("application_name", "what it calls itself"),
        (
            "client_addr",
            "where it comes from; null for the machine's own socket",
        ),
        (
            "backend_type",
            "client backend, walsender, autovacuum worker, …",
        ),
        ("leader_pid", "the session that this worker helps"),
        ("state", "active, idle in transaction, …"),
        ("wait_event_type", "what kind of thing it waits for"),
        ("wait_event", "what"),
        ("xact_age_seconds", "since its transaction began"),
        (
            "query_age_seconds",
            "since its statement began, if it runs one",
        ),
        ("state_age_seconds", "since its state changed"),
        (
            "xmin_age",
            "how many transactions ago the oldest began that it may still see: VACUUM removes nothing newer",
        ),
        ("is_hidden", "the role may not see more of it"),
        ("query", "its statement, or the last; secrets are masked"),
    ],
    gather: Gather::Query(&[(13, include_str!("../../sql/activity.sql"))]),
};
