//! `databases`: how large each database is, and what was done in it.

use crate::section::{Gather, Reach, Section};

/// One row for each, and one for what they share.
pub const SECTION: Section = Section {
    name: "databases",
    answers: "how large is each database, and what has been done in it?",
    costs: "a look at the size of each file",
    needs: "CONNECT to each database, or pg_monitor, for its size",
    reach: Reach::Server,
    fields: &[
        ("database", "which; null: what all share"),
        ("oid", "another one where it was dropped and made anew"),
        ("bytes", "on disk; null: the role may not know"),
        ("allows_connections", "or not"),
        ("connection_limit", "how many it takes; null: no limit"),
        (
            "is_invalid",
            "its DROP DATABASE was broken off: nobody can connect to it any more",
        ),
        ("commits", "transactions that ended well"),
        ("rollbacks", "that did not"),
        ("blocks_read", "that shared_buffers had not"),
        ("blocks_hit", "that it had"),
        (
            "hit_ratio",
            "of shared_buffers; the system's cache is not seen",
        ),
        ("rows_read", "that scans went over"),
        ("rows_fetched", "that queries got"),
        ("rows_inserted", "since counted_since"),
        ("rows_updated", "since then"),
        ("rows_deleted", "since then"),
        ("temp_files", "that sorts and hashes needed"),
        ("temp_bytes", "in them"),
        ("deadlocks", "that were found"),
        ("conflicts", "queries that replay ended on a standby"),
        (
            "sessions",
            "that began; since 14, as is how many of them ended",
        ),
        ("sessions_abandoned", "because the client was gone"),
        ("sessions_fatal", "by a fatal error"),
        (
            "sessions_killed",
            "by somebody's order, such as the server's stop",
        ),
        (
            "checksum_failures",
            "pages that are damaged; null: no checksums",
        ),
        ("checksum_last_failed_at", "the last"),
        (
            "counted_since",
            "since when; null: since it was made, or crashed",
        ),
        (
            "collation_version",
            "of the library when it was made; since 15",
        ),
        ("collation_version_now", "of the library there now"),
    ],
    gather: Gather::Query(&[(13, include_str!("../../sql/databases.sql"))]),
};
