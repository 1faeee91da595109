//! What became of a migration.

use crate::finding::Severity;

/// How a migration of the folder, or a row of the history, stands to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It ran, and is what it was.
    Applied,
    /// It has not run: it is next.
    Pending,
    /// It ran and was taken back, or failed and was marked so: it is next.
    RolledBack,
    /// It has not run, comes before one that has, and the runner will run it now.
    OutOfOrder,
    /// It comes before what the history was begun with: it never runs here.
    BelowBaseline,
    /// It broke off, and the runner does not go on.
    Failed,
    /// The version that broke off, of a runner that keeps one.
    Dirty,
    /// It ran, and the file is another one now.
    Edited,
    /// It ran, and there is no such file.
    MissingHere,
    /// It has not run, comes before one that has, and the runner refuses to go on.
    MissingThere,
    /// It has not run, and the runner never runs it, and says nothing.
    Skipped,
    /// The runner refuses it, or to run anything as long as it is there.
    Refused,
}

impl State {
    /// As the record has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Pending => "pending",
            Self::RolledBack => "rolled_back",
            Self::OutOfOrder => "out_of_order",
            Self::BelowBaseline => "below_baseline",
            Self::Failed => "failed",
            Self::Dirty => "dirty",
            Self::Edited => "edited",
            Self::MissingHere => "missing_here",
            Self::MissingThere => "missing_there",
            Self::Skipped => "skipped",
            Self::Refused => "refused",
        }
    }

    /// How bad it is; none where all is well.
    pub fn severity(self) -> Option<Severity> {
        match self {
            Self::Applied | Self::BelowBaseline => None,
            Self::Pending | Self::RolledBack => Some(Severity::Info),
            Self::OutOfOrder => Some(Severity::Warning),
            Self::Failed
            | Self::Dirty
            | Self::Edited
            | Self::MissingHere
            | Self::MissingThere
            | Self::Skipped
            | Self::Refused => Some(Severity::Error),
        }
    }

    /// Whether the runner would run it now.
    pub fn is_next(self) -> bool {
        matches!(self, Self::Pending | Self::RolledBack | Self::OutOfOrder)
    }
}
