//! `growth`: what has grown since an earlier report.

use crate::section::{Gather, Reach, Section};

/// One row for the server, and for each database, table and statement that was there then, too.
pub const SECTION: Section = Section {
    name: "growth",
    answers: "what has grown since an earlier report (--state or --baseline), and how much is done a second?",
    costs: "what the sections server, databases, tables, wal and queries cost",
    needs: "an earlier run's records of these, and pg_monitor for sizes and statements",
    reach: Reach::Server,
    fields: &[
        ("kind", "server, database, table or statement"),
        ("database", "which, or where"),
        ("table", "which"),
        ("user", "whose statement"),
        ("queryid", "which statement, as section queries calls it"),
        (
            "seconds",
            "since the earlier report that what is per day is since: a day ago, if one is so old",
        ),
        (
            "rate_seconds",
            "since the last one, which what is per second is since",
        ),
        ("bytes_before", "its size then"),
        ("bytes", "its size now"),
        (
            "bytes_per_day",
            "how much it grows; less than 0: it shrinks; null: it is not the same thing any more",
        ),
        ("growth_ratio_per_day", "the same by its size then"),
        (
            "free_bytes",
            "how much more room there is: where the data is, if the server is here, or of --disk",
        ),
        (
            "days_to_full",
            "until that is full, if growth goes on; null: it does not grow",
        ),
        (
            "transactions_per_second",
            "in a database; what is per second is null where it was counted anew since",
        ),
        ("blocks_read_per_second", "that shared_buffers had not"),
        ("rows_read_per_second", "that scans went over"),
        ("rows_fetched_per_second", "that queries got"),
        ("rows_inserted_per_second", "in a database or table"),
        ("rows_updated_per_second", "in a database or table"),
        ("rows_deleted_per_second", "in a database or table"),
        ("sequential_scans_per_second", "of a table"),
        ("index_scans_per_second", "of its indexes"),
        ("calls_per_second", "of a statement"),
        (
            "mean_ms",
            "that its calls took, those since the last report alone",
        ),
        ("wal_bytes_per_second", "that the server wrote, or replayed"),
        ("temp_files_per_day", "for sorts and hashes beyond work_mem"),
        ("temp_bytes_per_day", "in them"),
        ("deadlocks_per_day", "in a database"),
        ("sessions_per_day", "that began in a database; since 14"),
        (
            "sessions_abandoned_per_day",
            "that ended because the client was gone",
        ),
        ("sessions_fatal_per_day", "that a fatal error ended"),
        (
            "note",
            "what happened meanwhile: a restart, a takeover, a reset, rows written anew",
        ),
    ],
    gather: Gather::Compared(crate::baseline::SECTIONS),
};
