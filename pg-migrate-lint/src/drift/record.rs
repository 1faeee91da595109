//! An object that is not what the migrations make of it, as `--drift` writes it.

use serde::{Deserialize, Serialize};
use shared::cli::Terms;
use shared::dump::Difference;

/// An object.
#[derive(Debug, Serialize, Deserialize)]
pub struct Drift {
    pub database: String,
    pub object: String,
    pub state: String,
    pub expected: Option<String>,
    pub actual: Option<String>,
    pub message: String,
}

/// The fields, for the manual.
pub const FIELDS: Terms = &[
    ("database", "which database"),
    ("object", "which object, as pg_dump names it"),
    (
        "state",
        "missing: the migrations make it, and it is not there; extra: it is there, and they don't make it; different",
    ),
    (
        "expected",
        "what the migrations make of it, in SQL; of what is different the lines that differ",
    ),
    ("actual", "what is there"),
    ("message", "in words"),
];

/// Those that a terminal without room for all shows.
pub const TELLING: &[&str] = &["state", "object", "expected", "actual"];

impl Drift {
    /// Of a difference between what migrations make and what is there.
    pub fn of(difference: Difference, database: &str) -> Self {
        let object = difference.object.trim_end().to_string();
        let (state, message) = match (&difference.expected, &difference.actual) {
            (Some(_), None) => ("missing", format!("{object} is not there")),
            (None, Some(_)) => ("extra", format!("no migration makes {object}")),
            _ => (
                "different",
                format!("{object} is not what the migrations make of it"),
            ),
        };
        Self {
            database: database.to_string(),
            object,
            state: state.to_string(),
            expected: difference.expected,
            actual: difference.actual,
            message,
        }
    }
}
