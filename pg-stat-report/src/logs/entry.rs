//! One report of the server, whichever format it was written in.

use super::severity::Severity;

/// A report, as long as it is looked at. What the log does not have is empty.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// When, as it is written.
    pub time: &'a [u8],
    /// The process.
    pub pid: u32,
    /// The role.
    pub user: &'a [u8],
    /// The database.
    pub database: &'a [u8],
    /// The application_name.
    pub application: &'a [u8],
    /// The client's address, without its port.
    pub client: &'a [u8],
    /// Five characters.
    pub sqlstate: &'a [u8],
    /// How grave it is.
    pub severity: Severity,
    /// Its word for that is not English: so is the message, and what it says is not known.
    pub is_foreign: bool,
    /// What happened.
    pub message: &'a [u8],
    /// DETAIL
    pub detail: &'a [u8],
    /// CONTEXT
    pub context: &'a [u8],
    /// STATEMENT
    pub statement: &'a [u8],
}

/// What takes the reports of a log, one after the other, and hears of lines that are none.
pub trait Sink {
    /// The next report.
    fn entry(&mut self, entry: &Entry<'_>);
    /// A line that is no part of any.
    fn skipped(&mut self, line: &[u8]);
}
