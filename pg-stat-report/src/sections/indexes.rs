//! `indexes`: which are invalid, unused or there twice.

use std::cmp::Ordering;

use crate::row::Row;
use crate::section::{Gather, Reach, Section};

/// One row for each.
pub const SECTION: Section = Section {
    name: "indexes",
    answers: "which indexes are invalid, never used, or say what another one says?",
    costs: "one look at the indexes, and the counter of each",
    needs: "no right; pg_monitor to know which are being built",
    reach: Reach::Database,
    fields: &[
        ("database", "where"),
        ("table", "of which table"),
        ("index", "which"),
        ("oid", "another one where it was made anew"),
        ("method", "btree, gin, …"),
        (
            "bytes",
            "as VACUUM or ANALYZE saw it last; of a partitioned one, of its parts",
        ),
        (
            "scans",
            "how often it was used here; standbys count for themselves",
        ),
        ("last_scan_at", "since 16"),
        ("counted_since", "since when; a crash empties the counters"),
        ("counted_seconds", "since then"),
        ("is_valid", "queries use it"),
        (
            "is_being_built",
            "at the moment; null: the role may not see",
        ),
        ("is_unique", "or not"),
        ("is_partitioned", "it has parts only"),
        ("is_partition", "it is such a part"),
        ("needed_for", "what it may not be dropped for"),
        (
            "supports",
            "what it may be kept for, unused: a foreign key, statistics of an expression",
        ),
        ("duplicate_of", "another index says the same"),
        ("prefix_of", "another begins with the same columns"),
        (
            "known_since",
            "it was there then: by the earliest report that has it (--state, --baseline), or by the transaction that made or altered it (track_commit_timestamp); null: nobody knows",
        ),
    ],
    gather: Gather::Sorted(&[(13, include_str!("../../sql/indexes.sql"))], by_size),
};

fn by_size(one: &Row, other: &Row) -> Ordering {
    let bytes = |row: &Row| row.number("bytes").unwrap_or_default();
    let larger = bytes(other).total_cmp(&bytes(one));
    larger.then_with(|| one.text("index").cmp(&other.text("index")))
}
