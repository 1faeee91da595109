//! `checkpoints`: how often checkpoints are made, and why.

use crate::section::{Gather, Reach, Section};

/// One row.
pub const SECTION: Section = Section {
    name: "checkpoints",
    answers: "how often are checkpoints made, and were they asked for because max_wal_size was reached?",
    costs: "nothing worth a word",
    needs: "no right",
    reach: Reach::Server,
    fields: &[
        ("timed", "after checkpoint_timeout"),
        ("requested", "because much was written, or somebody asked"),
        ("requested_ratio", "requested by all"),
        ("interval_seconds", "between two, on the average"),
        ("write_ms", "spent writing"),
        ("sync_ms", "spent waiting for the disk"),
        ("buffers_written", "by checkpoints"),
        ("counted_since", "since when"),
        ("checkpoint_timeout_seconds", "the setting"),
        ("max_wal_bytes", "the setting max_wal_size"),
    ],
    gather: Gather::Query(&[
        (13, include_str!("../../sql/checkpoints.sql")),
        (17, include_str!("../../sql/checkpoints.17.sql")),
    ]),
};
