//! Where the files of a backup are.

use std::borrow::Cow;
use std::os::fd::BorrowedFd;
use std::path::Path;

use rustix::fs::CWD;

/// A folder, open or not: an open one need not be found again for each name in it.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    folder: &'a Path,
    open: Option<BorrowedFd<'a>>,
}

impl<'a> Place<'a> {
    /// A folder that is open.
    pub(super) fn open(folder: &'a Path, open: BorrowedFd<'a>) -> Self {
        Self {
            folder,
            open: Some(open),
        }
    }

    /// The folder of this backup, and the backup's name in it.
    pub(super) fn of(backup: &'a Path) -> Option<(Self, &'a str)> {
        let place = Self {
            folder: backup.parent().unwrap_or(Path::new("")),
            open: None,
        };
        Some((place, backup.file_name()?.to_str()?))
    }

    /// For people.
    pub(super) fn folder(self) -> &'a Path {
        self.folder
    }

    /// What [`Self::path`] is relative to.
    pub(super) fn at(self) -> BorrowedFd<'a> {
        self.open.unwrap_or(CWD)
    }

    /// Where this name is.
    pub(super) fn path(self, name: &str) -> Cow<'_, Path> {
        match self.open {
            Some(_) => Cow::Borrowed(Path::new(name)),
            None => Cow::Owned(self.folder.join(name)),
        }
    }
}
