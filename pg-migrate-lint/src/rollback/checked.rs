//! A check of a way back, as `--check-rollback` writes it.

use serde::{Deserialize, Serialize};
use shared::cli::Terms;

/// A check, or one thing that it found.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Checked {
    pub file: String,
    pub version: String,
    pub check: String,
    pub status: String,
    pub object: Option<String>,
    pub expected: Option<String>,
    pub actual: Option<String>,
    pub message: Option<String>,
}

/// The fields, for the manual.
pub const FIELDS: Terms = &[
    (
        "file",
        "the file that goes up; where it is about the way back, the one that leads back",
    ),
    ("version", "as the framework's history table has it"),
    (
        "check",
        "up, down, up_again: whether it runs; schema: whether the definitions are those of before it, up_again too; data: \
         whether the rows and large objects are; loss: what one of the ways takes for good, or makes something else of; left: \
         rows, large objects and roles that were not there before",
    ),
    (
        "status",
        "ok, failed, or skipped: it could not be looked at",
    ),
    ("object", "which object, table or column"),
    ("expected", "what it was: its definition, or how many rows"),
    ("actual", "what it is; none where it is gone"),
    ("message", "what is wrong, in words"),
];

/// Those that a terminal without room for all shows.
pub const TELLING: &[&str] = &["status", "file", "check", "object", "message"];
