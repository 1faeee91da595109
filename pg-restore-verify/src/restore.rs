//! The restore itself: what it needs, and every error of it.

mod archive;
mod bounds;
mod locale;
mod script;
mod target;

use std::time::Duration;

use shared::Error;

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

impl Refusal {
    /// The error to end with, if it was this machine's trouble: it says nothing
    /// about the backup.
    pub fn own_trouble(&self) -> Option<Error> {
        let says = |words: &[&str]| words.iter().any(|words| self.message.contains(words));
        if says(&NO_ROOM) {
            let error = Error::new("there is no room to restore the backup");
            let error = error.with_detail(format!("{}: {}", self.object, self.message));
            return Some(error.with_hint("make room, or name another folder in TMPDIR"));
        }
        if says(&NOT_BUILT_WITH) {
            let error = Error::new("this pg_restore can't decompress the backup");
            let error = error.with_detail(format!("{}: {}", self.object, self.message));
            return Some(error.with_hint("another build can: PG_BINDIR names its folder"));
        }
        says(&SERVER_GONE).then(|| {
            Error::new("the throw-away server ended before the restore did")
                .with_detail(format!("{}: {}", self.object, self.message))
        })
    }
}

const NO_ROOM: [&str; 4] = [
    "No space left on device",
    "Disk quota exceeded",
    "could not extend file",
    "out of memory",
];
const NOT_BUILT_WITH: [&str; 2] = [
    "installation does not support compression",
    "build does not support compression",
];
const SERVER_GONE: [&str; 2] = [
    "server closed the connection unexpectedly",
    "terminating connection due to",
];
