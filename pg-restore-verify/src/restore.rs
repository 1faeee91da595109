//! The restore itself: what it needs, and every error of it.

mod archive;
mod batch;
mod bounds;
mod loading;
mod locale;
mod refusal;
mod script;
mod sessions;
mod stand_ins;
mod target;
mod units;

use std::time::Duration;

pub use archive::restore_archive;
pub use locale::Locale;
pub use refusal::{Harmless, Refusal};
pub use script::restore_script;
pub use stand_ins::of_archive as stand_in_for;
pub use target::Target;

use crate::contents::Contents;

/// A backup that was restored, as well as it could be.
pub struct Restored {
    /// What the backup holds.
    pub contents: Contents,
    /// What the server refused.
    pub refusals: Vec<Refusal>,
    /// Why the backup could not be read to its end.
    pub damage: Option<String>,
    /// How long the restore took.
    pub took: Duration,
}
