//! Where backups lie. All that is done to a folder of backups, to look at it or to change it, is done
//! by a [`Place`]; what it means is for others to know.
//!
//! A place is a folder of a file system, the only kind there is. Another kind, a bucket of objects for
//! one, has to give what these methods promise, and nothing else is asked of it:
//!
//! - Names, told one after another ([`Place::each`]), and of each whether it is there, how long it is
//!   and when it was changed ([`Place::find`]). A name with a `/` is one of the files of a backup that
//!   is a folder; there is no more depth than that.
//! - To read what has a name, from its beginning or a part of it ([`Place::read`]).
//! - To create what has no name yet, or to fail ([`Place::create`]): what is written there is whole on
//!   disk when it was synced, and may be half before.
//! - To change a name, whole or not at all ([`Place::rename`], and [`Place::rename_to_free`], which
//!   replaces nothing); where that is a copy and a removal, both names may be there in between.
//! - To remove a name with all below it ([`Place::remove`]).
//! - That all this outlives a power cut once [`Place::sync`] has returned.
//! - Locks that end with who holds them, whatever ended him ([`Place::try_lock`], [`Place::hold`]).
//! - How much room there is ([`Place::free_bytes`]).
//!
//! That a backup is never half or lost follows from these alone, by the order in which names change.
//! [`Place::path`] is for people, and for the programs of PostgreSQL, which know nothing but files:
//! pg_dump writes a folder by itself, and pg_restore reads an archive once more. A place without
//! files needs a folder on a disk for that.

mod change;
mod found;
mod lock;
mod room;

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, RawDir, openat, statat};

pub use found::{Found, Kind};
pub use lock::{Claim, Lock};

/// So much is asked of the kernel at once: a few thousand names.
const AT_ONCE: usize = 256 << 10;

/// A folder of backups, or that of one backup.
#[derive(Debug)]
pub struct Place {
    folder: PathBuf,
    /// An open one need not be found again for each name in it.
    open: Option<File>,
}

impl Clone for Place {
    fn clone(&self) -> Self {
        Self::new(&self.folder)
    }
}

impl Place {
    /// This folder, which need not be there.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            open: None,
        }
    }

    /// This folder for many looks.
    ///
    /// # Errors
    /// When it is not there, or may not be read.
    pub fn open(folder: &Path) -> io::Result<Self> {
        Ok(Self {
            folder: folder.to_path_buf(),
            open: Some(File::open(folder)?),
        })
    }

    /// The folder of this backup, and the backup's name in it.
    pub fn of(backup: &Path) -> Option<(Self, &str)> {
        let place = Self::new(backup.parent().unwrap_or(Path::new("")));
        Some((place, backup.file_name()?.to_str()?))
    }

    /// What is in the folder of this name.
    #[must_use]
    pub fn within(&self, name: &str) -> Self {
        Self::new(self.path(name))
    }

    /// For people.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where that name is: for people, and for programs that know nothing but files.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Whether there is such a folder.
    pub fn is_there(&self) -> bool {
        self.folder.is_dir()
    }

    /// Calls `tell` with the name and the kind of everything in it; while names change, one may be
    /// told twice.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn each(&self, mut tell: impl FnMut(&OsStr, Kind)) -> io::Result<()> {
        let folder = self.opened()?;
        let mut buffer = Vec::with_capacity(AT_ONCE);
        let mut all = RawDir::new(&folder, buffer.spare_capacity_mut());
        while let Some(entry) = all.next() {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name == "." || name == ".." {
                continue;
            }
            let kind = match entry.file_type() {
                // Not every file system says.
                FileType::Unknown => match statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(found) => Kind::of(FileType::from_raw_mode(found.st_mode)),
                    Err(_) => Kind::Other,
                },
                kind => Kind::of(kind),
            };
            tell(name, kind);
        }
        Ok(())
    }

    /// What is there under a name; of a link, the link.
    ///
    /// # Errors
    /// Also when nothing is.
    pub fn find(&self, name: &str) -> io::Result<Found> {
        let found = statat(self.at(), &*self.relative(name), AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(Found::of(found))
    }

    /// Whether there is anything under a name, or may be.
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_ok()
    }

    /// What has this name, to be read. What lies there may be anything, and is not waited for: a pipe
    /// that nobody writes, for one.
    ///
    /// # Errors
    /// When it is not there, or may not be read.
    pub fn read(&self, name: &str) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = openat(self.at(), &*self.relative(name), flags, Mode::empty())?;
        Ok(File::from(file))
    }

    /// All of a file that is no longer than that.
    ///
    /// # Errors
    /// Also when it is longer, or no file: neither a pipe that nobody writes nor a file that fills
    /// the memory is read.
    pub fn read_all(&self, name: &str, longest: u64) -> io::Result<Vec<u8>> {
        let file = self.read(name)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() || metadata.len() > longest {
            return Err(io::Error::other(
                "it is no file, or longer than any of its kind",
            ));
        }
        let mut text = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
        file.take(metadata.len()).read_to_end(&mut text)?;
        Ok(text)
    }

    /// The folder itself. That of a bare name is the current one.
    fn opened(&self) -> io::Result<File> {
        match self.folder.as_os_str().is_empty() {
            true => File::open("."),
            false => File::open(&self.folder),
        }
    }

    /// What [`Self::relative`] is relative to.
    fn at(&self) -> BorrowedFd<'_> {
        self.open.as_ref().map_or(CWD, AsFd::as_fd)
    }

    fn relative<'a>(&self, name: &'a str) -> Cow<'a, Path> {
        match self.open {
            Some(_) => Cow::Borrowed(Path::new(name)),
            None => Cow::Owned(self.folder.join(name)),
        }
    }
}

#[cfg(test)]
mod tests;
