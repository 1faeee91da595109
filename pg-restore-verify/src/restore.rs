//! The restore itself: what it needs, and every error of it.

mod archive;
mod locale;
mod script;
mod target;

use std::time::Duration;

pub use archive::restore_archive;
pub use locale::Locale;
pub use script::restore_script;
pub use target::Target;

use crate::contents::Contents;

/// A backup that was restored, as well as it could be.
pub struct Restored {
    /// What the backup holds.
    pub contents: Contents,
    /// What went wrong.
    pub refusals: Vec<Refusal>,
    /// Why the backup could not be read to its end.
    pub damage: Option<String>,
    /// How long the restore took.
    pub took: Duration,
}

/// An error of the restore. None is forgiven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What was being restored: `TABLE public.t`, or a line of the script.
    pub object: String,
    /// The server's words.
    pub message: String,
}
