//! What is there under a name.

use ::time::OffsetDateTime;
use rustix::fs::{FileType, Stat};

/// What a file system counts in.
const BLOCK: u64 = 512;

/// What a name is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A link, a device or a pipe.
    Other,
}

impl Kind {
    pub(super) fn of(kind: FileType) -> Self {
        match kind {
            FileType::RegularFile => Self::File,
            FileType::Directory => Self::Folder,
            _ => Self::Other,
        }
    }
}

/// What was there under a name when it was looked for.
#[derive(Debug, Clone, Copy)]
pub struct Found {
    stat: Stat,
}

impl Found {
    pub(super) fn of(stat: Stat) -> Self {
        Self { stat }
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        Kind::of(FileType::from_raw_mode(self.stat.st_mode))
    }

    /// Whether it is a file.
    pub fn is_file(&self) -> bool {
        self.kind() == Kind::File
    }

    /// Whether it is a folder.
    pub fn is_folder(&self) -> bool {
        self.kind() == Kind::Folder
    }

    /// How long it is.
    pub fn bytes(&self) -> u64 {
        u64::try_from(self.stat.st_size).unwrap_or(0)
    }

    /// How much room it takes.
    pub fn taken_bytes(&self) -> u64 {
        u64::try_from(self.stat.st_blocks).unwrap_or(0) * BLOCK
    }

    /// When it was last changed; `None` for a time that there is not.
    pub fn modified(&self) -> Option<OffsetDateTime> {
        let seconds = i128::from(self.stat.st_mtime) * 1_000_000_000;
        let nanoseconds = seconds + i128::from(self.stat.st_mtime_nsec);
        OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok()
    }

    /// When anything about it was changed, which nobody can set: in seconds and nanoseconds.
    pub fn changed(&self) -> (i64, i64) {
        #[allow(
            clippy::useless_conversion,
            clippy::unnecessary_cast,
            reason = "not everywhere of the same width"
        )]
        (self.stat.st_ctime as i64, self.stat.st_ctime_nsec as i64)
    }

    /// What tells it from all others of the same file system, whatever its name.
    pub fn number(&self) -> (u64, u64) {
        #[allow(
            clippy::useless_conversion,
            reason = "not everywhere of the same width"
        )]
        (self.stat.st_dev.into(), self.stat.st_ino.into())
    }

    /// Whose it is, by number.
    pub fn owner(&self) -> u32 {
        self.stat.st_uid
    }
}
