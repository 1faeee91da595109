//! The record of a check.

use serde::{Deserialize, Serialize};

use crate::check::{Check, Finding};
use crate::limits::Limits;
use crate::look::Seen;

/// What a check says of one thing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Record {
    /// The check.
    pub check: String,
    /// `ok`, `warning`, `critical` or `unknown`.
    pub status: String,
    /// What, if it is not the server, or the database, as such.
    pub object: Option<String>,
    /// The database, where the check is asked in each.
    pub database: Option<String>,
    /// How much, in `unit`.
    pub value: Option<f64>,
    /// `ratio`, `seconds`, `bytes` or `count`; `state` where a check has no value, and takes no threshold.
    pub unit: String,
    /// From which value on it is a warning.
    pub warn: Option<f64>,
    /// From which value on it is critical.
    pub crit: Option<f64>,
    /// In words.
    pub message: String,
    /// SQL that helps, one statement a line; a comment where a person must decide.
    pub remedy: Option<String>,
    /// What the check does not look at.
    pub unseen: String,
    /// Which server.
    pub target: String,
    /// When it was looked at.
    pub taken_at: String,
}

impl Record {
    /// Of a finding.
    pub fn of(
        check: &Check,
        finding: Finding,
        limits: &Limits,
        seen: &Seen,
        database: Option<&str>,
    ) -> Self {
        let (warn, crit) = limits.of(check, finding.object.as_deref());
        Self {
            check: check.name.into(),
            status: finding.status.name().into(),
            object: finding.object,
            database: database.map(str::to_string),
            value: finding.value,
            unit: check.unit.name().into(),
            warn,
            crit,
            message: finding.message,
            remedy: finding.remedy.map(|remedy| place(remedy, seen)),
            unseen: unseen(check, limits),
            target: seen.origin.target.clone(),
            taken_at: seen.origin.taken_at.clone(),
        }
    }
}

/// A standby takes settings and calls of functions, and nothing that changes a database.
fn place(remedy: String, seen: &Seen) -> String {
    let runs_there = ["--", "ALTER SYSTEM", "SELECT"];
    let is_for_primary = !runs_there.iter().any(|start| remedy.starts_with(start));
    match seen.origin.is_standby && is_for_primary {
        true => format!("-- on the primary: {remedy}"),
        false => remedy,
    }
}

/// What the check does not look at, by itself and as it was told.
fn unseen(check: &Check, limits: &Limits) -> String {
    let told = limits.left_out(check).map(|pattern| format!("; {pattern}"));
    std::iter::once(check.unseen.to_string())
        .chain(told)
        .collect()
}
