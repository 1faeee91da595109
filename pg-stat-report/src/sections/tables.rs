//! `tables`: how large they are, how they are read and written.

use shared::Result;

use crate::row::Row;
use crate::section::{Gather, Reach, Section, Statement};
use crate::server::Server;

/// One row for each table and materialized view.
pub const SECTION: Section = Section {
    name: "tables",
    answers: "how large is each table, with its indexes and TOAST apart, and how is it read and written?",
    costs: "a look at the size of each file of the 500 largest",
    needs: "no right",
    reach: Reach::Database,
    fields: &[
        ("database", "where"),
        ("table", "which; parts of partitioned ones by themselves"),
        ("kind", "table, unlogged table or materialized view"),
        (
            "partition_of",
            "the partitioned table that it is a part of, the outermost",
        ),
        ("oid", "another one where it was dropped and made anew"),
        ("file", "another one where its rows were written anew"),
        (
            "rows_estimate",
            "as VACUUM or ANALYZE saw it last; null: never",
        ),
        ("bytes", "in all"),
        ("heap_bytes", "of the table's own rows"),
        ("index_bytes", "of its indexes"),
        ("toast_bytes", "of large values"),
        (
            "is_exact",
            "sizes are of now; else as VACUUM or ANALYZE saw them: beyond the 500 largest, or locked",
        ),
        (
            "sequential_scans",
            "how often it was read from its beginning",
        ),
        ("sequential_rows_read", "rows that these went over"),
        ("index_scans", "how often its indexes were used"),
        ("rows_inserted", "since the statistics began"),
        ("rows_updated", "since then"),
        ("rows_updated_in_page", "of them, without touching an index"),
        ("rows_deleted", "since then"),
        ("live_rows", "as counted since then"),
        ("dead_rows", "that VACUUM has not removed"),
        ("heap_blocks_read", "that shared_buffers had not"),
        ("heap_blocks_hit", "that it had"),
    ],
    gather: Gather::Narrowed(rows),
};

const TABLES: &[Statement] = &[(13, include_str!("../../sql/tables.sql"))];

fn rows(section: &'static Section, server: &mut Server, is_narrow: bool) -> Result<Vec<Row>> {
    // Checks look at no others.
    if is_narrow && !server.there().has("sequential scans") {
        return Ok(Vec::new());
    }
    section.queried(TABLES, server, is_narrow)
}
