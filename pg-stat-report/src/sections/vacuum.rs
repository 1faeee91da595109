//! `vacuum`: whether VACUUM gets on.

use crate::section::{Gather, Reach, Section};

/// One row for each table and materialized view.
pub const SECTION: Section = Section {
    name: "vacuum",
    answers: "does VACUUM get on: dead rows against autovacuum's own threshold, age of each table's oldest row?",
    costs: "one look at the tables and their counters",
    needs: "no right; pg_monitor to know which are being vacuumed",
    reach: Reach::Database,
    fields: &[
        ("database", "where"),
        ("table", "which"),
        ("live_rows", "as counted since the statistics began"),
        ("dead_rows", "that VACUUM has not removed"),
        ("vacuum_threshold", "at so many dead rows autovacuum comes"),
        ("dead_ratio", "dead rows by that"),
        ("is_autovacuum_on", "it comes at all"),
        (
            "toast_dead_rows",
            "pieces of long values in its TOAST table that VACUUM has not removed",
        ),
        (
            "toast_dead_ratio",
            "those by the number at which autovacuum comes to that table",
        ),
        (
            "is_toast_autovacuum_on",
            "autovacuum was not turned off for its TOAST table by itself",
        ),
        (
            "is_being_vacuumed",
            "at the moment; null: some table is, and the role may not see which",
        ),
        (
            "index_passes",
            "how often that VACUUM goes over its indexes: once, if its memory is enough",
        ),
        ("heap_bytes", "as VACUUM or ANALYZE saw it last"),
        ("last_vacuum_at", "by hand"),
        ("last_autovacuum_at", "by itself"),
        ("last_analyze_at", "by hand"),
        ("last_autoanalyze_at", "by itself"),
        (
            "xid_age",
            "age of its oldest row that is not frozen, of its TOAST table's too",
        ),
        ("mxid_age", "age of its oldest multixact"),
        (
            "is_counted",
            "the server counts rows: not on a standby, nor with track_counts off",
        ),
        (
            "changed_rows",
            "inserted, updated or deleted since ANALYZE saw it last",
        ),
        (
            "changed_ratio",
            "the same by the number at which autovacuum analyzes it",
        ),
    ],
    gather: Gather::Query(&[(13, include_str!("../../sql/vacuum.sql"))]),
};
