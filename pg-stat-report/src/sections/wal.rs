//! `wal`: what is written and kept, and whether archiving gets on.

use shared::Result;

use crate::row::{Cell, Row};
use crate::section::{Gather, Reach, Section};
use crate::server::Server;

/// What only some may see comes last.
static FIELDS: [(&str, &str); 17] = [
    ("wal_level", "the setting"),
    ("lsn", "where writing is; on a standby, replaying"),
    (
        "written_bytes",
        "the same as a number, which grows by what is written",
    ),
    ("max_wal_bytes", "the setting max_wal_size"),
    ("wal_keep_bytes", "the setting wal_keep_size"),
    ("archive_mode", "the setting"),
    ("archived_count", "how many files were archived"),
    ("failed_count", "how often that failed"),
    ("last_archived_at", "when it last went well"),
    ("last_failed_at", "when it last failed"),
    ("last_failed_wal", "with which file"),
    (
        "is_archiving_failing",
        "it failed last, and has not gone well since",
    ),
    (
        "is_archiving_unset",
        "archive_mode is on, and neither archive_command nor archive_library is set",
    ),
    (
        "since_archived_seconds",
        "since it last went well, or since the figures began",
    ),
    (
        "directory_bytes",
        "what WAL takes on disk; null: the role may not see",
    ),
    ("files", "how many files"),
    ("ready_files", "how many of them wait to be archived"),
];

const OWN: usize = 14;

/// One row.
pub const SECTION: Section = Section {
    name: "wal",
    answers: "how much WAL is written and kept, and does archiving get on?",
    costs: "a look at the size of each WAL file",
    needs: "pg_monitor for the files",
    reach: Reach::Server,
    fields: &FIELDS,
    gather: Gather::Made(rows),
};

fn rows(section: &'static Section, server: &mut Server) -> Result<Vec<Row>> {
    let mut rows = server.query(include_str!("../../sql/wal.sql"), &FIELDS[..OWN])?;
    let files = server.query(include_str!("../../sql/wal_files.sql"), &FIELDS[OWN..]);
    let files = match files {
        Ok(mut files) => files.pop().unwrap_or_default(),
        Err(error) if error.sqlstate() == Some("42501") => vec![Cell::Null; FIELDS.len() - OWN],
        Err(error) => return Err(error),
    };
    let origin = server.origin();
    let row = |mut cells: Vec<Cell>| {
        cells.extend(files.iter().cloned());
        section.row(&origin, cells)
    };
    Ok(rows.drain(..).map(row).collect())
}
