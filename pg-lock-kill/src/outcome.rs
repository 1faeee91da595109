//! How it came out for one session.

use std::fmt;

/// The `result` of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The session, or the cancelled statement, has ended.
    Ended,
    /// The session goes on, and nobody waits for it any more.
    Freed,
    /// It had ended before we came to it.
    GoneAlready,
    /// It is in another transaction, or state, than the one that was seen: it was left alone.
    Changed,
    /// The server refused.
    Denied,
    /// It was signalled, and is still there.
    StillAlive,
    /// What was asked for has no effect on it, or another one than it is meant to have: it was not done.
    NotApplicable,
    /// It is never ended, or not without a flag.
    Protected,
    /// The program of `--exec` spared it.
    Vetoed,
    /// Nothing was done, as asked.
    DryRun,
}

impl Outcome {
    /// Whether a session that was to end is still there. Those that are spared by a rule or by
    /// the user's own program, or on whom it would have no effect, count if they were named, or block or wait.
    pub fn is_left(self, counts: bool) -> bool {
        match self {
            Self::Denied | Self::StillAlive => true,
            Self::NotApplicable | Self::Protected | Self::Vetoed => counts,
            Self::Ended | Self::Freed | Self::GoneAlready | Self::Changed | Self::DryRun => false,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ended => "ended",
            Self::Freed => "freed",
            Self::GoneAlready => "gone_already",
            Self::Changed => "changed",
            Self::Denied => "denied",
            Self::StillAlive => "still_alive",
            Self::NotApplicable => "not_applicable",
            Self::Protected => "protected",
            Self::Vetoed => "vetoed",
            Self::DryRun => "dry_run",
        })
    }
}
