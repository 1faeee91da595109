//! `server`: what this server is, and since when.

use crate::section::{Gather, Reach, Section};

/// One row.
pub const SECTION: Section = Section {
    name: "server",
    answers: "which server is this, since when does it run, and how old are its statistics?",
    costs: "one look at a few functions",
    needs: "no right; pg_monitor for data_directory",
    reach: Reach::Server,
    fields: &[
        ("version", "as 15.4"),
        ("version_num", "as 150004"),
        (
            "system_identifier",
            "what it has in common with its standbys alone",
        ),
        ("in_recovery", "it is a standby"),
        (
            "timeline",
            "how often a standby of it was promoted, plus one",
        ),
        ("started_at", "when it was started"),
        ("uptime_seconds", "since then"),
        (
            "configuration_loaded_at",
            "when its configuration was last read",
        ),
        ("databases", "how many databases it has, templates too"),
        ("user", "as whom we look"),
        ("is_superuser", "whether nothing is hidden from that role"),
        (
            "sees_all",
            "whether that role sees other roles' sessions whole (pg_read_all_stats)",
        ),
        (
            "data_directory",
            "where its files are, if the role may know",
        ),
        (
            "checkpointer_pid",
            "one of its processes, by which it is seen whether this is its machine; null: hidden",
        ),
        ("data_checksums", "whether its pages have checksums"),
        (
            "crashed_or_reset_at",
            "since when its counters count: a crash, a reset, a restore; null: since it was made",
        ),
        ("notifications_ratio", "how full the queue of NOTIFY is"),
    ],
    gather: Gather::Query(&[(13, include_str!("../../sql/server.sql"))]),
};
