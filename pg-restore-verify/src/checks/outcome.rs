//! How one object came out, and what that means for the verdict.
//!
//! A verdict is about the backup: it fails for what the restore broke or lost. What came with the
//! data (a sequence behind its column, rows that a NOT VALID key let in) is shown and no fault of
//! the backup's. On a live database all of it is a finding.

use shared::dump::quote_identifier;
use shared::{Error, Result};

use super::Origin;
use crate::record::{Finding, Findings, Status};

/// An object that was looked at.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Which, for people.
    pub object: String,
    /// How it came out.
    pub outcome: Outcome,
}

/// How an object came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All is well.
    Holds,
    /// All is well, and deserves a record of its own.
    Proved {
        /// What should be.
        expected: String,
        /// What is.
        actual: String,
    },
    /// Something is wrong that no faithful restore brings about.
    Broken {
        /// What should be.
        expected: Option<String>,
        /// What is.
        actual: Option<String>,
        /// In words.
        message: String,
    },
    /// Something is wrong that a faithful restore of faulty data brings along.
    Inherited(String),
    /// Nothing is wrong, and somebody may want to know.
    Listed(String),
    /// It could not be looked at, for this reason.
    Unseen(String),
    /// The same, for policies would hide rows from who looks.
    Hidden(String),
    /// What it is looked at with is not there, for this reason.
    Lacking(String),
}

impl Outcome {
    /// Something is wrong, in words.
    pub fn broken(message: impl Into<String>) -> Self {
        Self::Broken {
            expected: None,
            actual: None,
            message: message.into(),
        }
    }

    /// What an error of the server says about the object that the statement was to read.
    ///
    /// # Errors
    /// When it says nothing about that: the connection is lost, say.
    pub fn of_error(error: Error) -> Result<Self> {
        let Some(code) = error.sqlstate() else {
            return Err(error);
        };
        let words = error.in_one_line();
        match code {
            // A library of an extension: files of data are opened.
            "58P01" if error.message().contains("access file") => Ok(Self::Unseen(format!(
                "{words}; install the extension's package"
            ))),
            // data_corrupted, index_corrupted, internal errors, files that can't be read
            _ if code.starts_with("XX") || code.starts_with("58") => Ok(Self::broken(words)),
            // admin_shutdown and its kin
            _ if code.starts_with("57P") || code.starts_with("53") => Err(error),
            "42501" if words.contains("row-level security") => Ok(Self::Hidden(words)),
            "42501" => Ok(Self::Unseen(format!(
                "{words}; GRANT pg_read_all_data (14 and later), or SELECT on it, lets it be read"
            ))),
            _ => Ok(Self::Unseen(words)),
        }
    }

    /// The same, with the right that this role lacks to see all rows.
    pub fn seen_by(self, role: &str) -> Self {
        match self {
            Self::Hidden(words) => Self::Unseen(format!(
                "{words}; ALTER ROLE {} BYPASSRLS lets it be read",
                quote_identifier(role)
            )),
            seen => seen,
        }
    }
}

impl Seen {
    /// The record of it.
    pub fn finding(&self, check: &str, origin: Origin<'_>, findings: &Findings<'_>) -> Finding {
        let finding = findings.check(check, self.outcome.status(origin));
        let finding = finding.object(&self.object);
        match &self.outcome {
            Outcome::Holds => finding,
            Outcome::Proved { expected, actual } => finding.compared(expected, actual),
            Outcome::Broken {
                expected,
                actual,
                message,
            } => {
                let mut finding = finding.message(message);
                finding.expected.clone_from(expected);
                finding.actual.clone_from(actual);
                finding
            }
            Outcome::Inherited(why) | Outcome::Listed(why) => finding.message(why).remark(),
            Outcome::Unseen(why) | Outcome::Hidden(why) | Outcome::Lacking(why) => {
                finding.message(why)
            }
        }
    }
}

impl Outcome {
    fn status(&self, origin: Origin<'_>) -> Status {
        match self {
            Self::Holds | Self::Proved { .. } => Status::Ok,
            Self::Broken { .. } => Status::Failed,
            Self::Inherited(_) if origin.is_live() => Status::Failed,
            Self::Inherited(_)
            | Self::Listed(_)
            | Self::Unseen(_)
            | Self::Hidden(_)
            | Self::Lacking(_) => Status::Skipped,
        }
    }
}
