//! A migration as `--status` and `--pending` write it.

use serde::{Deserialize, Serialize};
use shared::cli::Terms;
use shared::time::Time;

/// A migration and what became of it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Record {
    pub file: Option<String>,
    pub version: String,
    pub name: Option<String>,
    pub state: String,
    pub severity: Option<String>,
    #[serde(with = "shared::time::rfc3339::option", default)]
    pub applied_at: Option<Time>,
    pub message: Option<String>,
    pub framework: String,
    pub history: Option<String>,
}

/// The fields, for the manual.
pub const FIELDS: Terms = &[
    (
        "file",
        "the file that goes up, or that of which something is said; none where there is no such file",
    ),
    ("version", "as the framework's history table has it"),
    ("name", "what people call it"),
    (
        "state",
        "applied; pending; rolled_back: taken back, or marked so after it failed, and next; out_of_order: not applied, comes \
         before one that is, and is next all the same; below_baseline: never run here; failed: broke off; dirty: the same of \
         a runner that keeps one version; edited: another file than the one that was applied; missing_here: applied, and \
         there is no such file; missing_there: not applied, comes before one that is, and the runner refuses to go on; \
         skipped: not applied, and the runner never will, and says nothing; refused: the runner refuses the file, or to run \
         anything as long as it is there",
    ),
    (
        "severity",
        "error from failed on, warning for out_of_order, info for what is next; none where all is well",
    ),
    (
        "applied_at",
        "when it was applied, failed or taken back, if the framework keeps that; a time without a zone is taken for one of \
         the server's TimeZone",
    ),
    ("message", "what is wrong, in words"),
    (
        "framework",
        "whose migrations they are, as --layout calls it",
    ),
    (
        "history",
        "the table that says so; none where there is none yet",
    ),
];

/// Those that a terminal without room for all shows.
pub const TELLING: &[&str] = &["state", "file", "version", "applied_at", "message"];
