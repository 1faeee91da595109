//! A statement and what was seen of it.

use serde::{Deserialize, Serialize};
use shared::cli::Terms;

/// It ran.
pub const OK: &str = "ok";
/// The server refused it.
pub const FAILED: &str = "failed";

/// A lock on a relation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lock {
    /// On what: schema and name.
    pub relation: String,
    /// As `pg_locks` names it.
    pub mode: String,
    /// `none`, `writes` or `reads+writes`.
    pub blocks: String,
    /// Whether it was held until the transaction ended.
    pub kept: bool,
    /// From the beginning of the statement until it was let go.
    pub held_ms: Option<f64>,
}

/// A statement and what was seen of it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Record {
    pub file: String,
    pub line: usize,
    pub column: usize,
    pub end_line: usize,
    pub statement: String,
    pub state: String,
    pub sqlstate: Option<String>,
    pub message: Option<String>,
    pub transaction: Option<usize>,
    pub duration_ms: f64,
    pub blocks: Option<String>,
    pub locks: Option<Vec<Lock>>,
    pub rewritten: Option<Vec<String>>,
    pub scanned: Option<Vec<String>>,
    pub rows_inserted: Option<i64>,
    pub rows_updated: Option<i64>,
    pub rows_deleted: Option<i64>,
    pub wal_bytes: Option<i64>,
    pub blocked_reads_ms: Option<f64>,
    pub blocked_writes_ms: Option<f64>,
    pub mismatch: Option<Vec<String>>,
}

impl Record {
    /// Of a file, or of a folder that lacks one, that the framework itself refuses.
    pub fn refused(file: String, words: String) -> Self {
        Self {
            file,
            line: 1,
            column: 1,
            end_line: 1,
            state: FAILED.to_string(),
            message: Some(words),
            ..Self::default()
        }
    }
}

/// The fields, for the manual.
pub const FIELDS: Terms = &[
    (
        "file",
        "which file, as it was named; the folder, where its runner misses one",
    ),
    ("line", "where the statement begins, from 1"),
    ("column", "in characters, from 1"),
    ("end_line", "where it ends"),
    (
        "statement",
        "the statement; COMMIT where the end of the transaction failed; nothing where the framework itself refuses the file",
    ),
    ("state", "ok, or failed: then the rest was not run"),
    ("sqlstate", "of a failed one, the server's code"),
    (
        "message",
        "of a failed one, the server's words, or why the framework refuses it; else what could not be seen of it",
    ),
    (
        "transaction",
        "statements of the same number shared a transaction; none where it was by itself",
    ),
    ("duration_ms", "how long it took"),
    (
        "blocks",
        "whose work waits while it runs, for all that is locked by then: its own locks, and those that its transaction took \
         before, which `locks` has at the statement that took them: none, writes or \
         reads+writes; none at all where that could not be seen, as of code that ends transactions on the way",
    ),
    (
        "locks",
        "the strongest lock that it took on each relation that was there before the transaction: relation, mode, blocks, whether it \
         is kept until the transaction ends, and held_ms from the statement's beginning until then; one that is not kept \
         was seen by a second session",
    ),
    (
        "rewritten",
        "relations whose rows were written into another file; indexes that were built anew, too",
    ),
    (
        "scanned",
        "relations that were read from one end to the other; none where that could not be seen",
    ),
    ("rows_inserted", "rows; none where that could not be seen"),
    ("rows_updated", "rows"),
    ("rows_deleted", "rows"),
    (
        "wal_bytes",
        "how far the server's WAL went on meanwhile; a throw-away server writes no full pages",
    ),
    (
        "blocked_reads_ms",
        "with --background-load: how long, from the statement's beginning until its locks were let go, somebody who reads \
         one of the locked tables had to wait; none where nobody read one",
    ),
    (
        "blocked_writes_ms",
        "the same of somebody who writes, for the table or for a row",
    ),
    (
        "mismatch",
        "what is claimed of the statement without a server, and was not seen, or the other way round",
    ),
];

/// Those that a terminal without room for all shows.
pub const TELLING: &[&str] = &[
    "state",
    "file",
    "line",
    "duration_ms",
    "blocks",
    "mismatch",
    "message",
];
