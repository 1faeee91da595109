//! `replication`: how far behind standbys and subscriptions are.

use crate::section::{Gather, Reach, Section};

/// One row for each standby, for the primary on a standby, for each subscription.
pub const SECTION: Section = Section {
    name: "replication",
    answers: "how far behind are the standbys of this server, this server itself, and its subscriptions?",
    costs: "one look at a few processes, and half a second where a standby has something to replay",
    needs: "pg_monitor: nearly everything is hidden without",
    reach: Reach::Server,
    fields: &[
        (
            "role",
            "standby: one that reads from here; reader: of a logical slot here; receiver: this server, a standby itself; subscription",
        ),
        (
            "name",
            "the standby's application_name, the primary's address, the subscription",
        ),
        ("pid", "the process here"),
        ("user", "the role of the standby"),
        ("peer", "the other side's address"),
        (
            "state",
            "streaming, catchup, backup, …; of a standby itself disconnected, or archive where it reads from one; of a subscription down, disabled, or standby where the primary works for it",
        ),
        ("sync_state", "async, sync, quorum or potential"),
        (
            "slot",
            "through which slot; of a subscription that of its publisher",
        ),
        ("unsent_bytes", "WAL that was not sent"),
        ("unflushed_bytes", "WAL that it has not on disk"),
        (
            "lag_bytes",
            "WAL that it has not replayed; of a receiver, of what it received; null: it reads an archive, and how much there is is not known",
        ),
        (
            "lag_seconds",
            "how old what it shows is; 0 where it has caught up",
        ),
        ("silence_seconds", "since it was last heard of"),
        (
            "apply_delay_seconds",
            "for how long a standby holds changes back (recovery_min_apply_delay)",
        ),
        ("is_paused", "somebody has paused its replay"),
        ("is_hidden", "the role may not see more of it"),
    ],
    gather: Gather::Where(
        "replication",
        &[(13, include_str!("../../sql/replication.sql"))],
    ),
};
