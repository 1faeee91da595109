//! What changes the names of a place.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::Place;

/// How often a folder is emptied again into which somebody, who ought to be dead, still writes.
const ATTEMPTS: u32 = 5;

impl Place {
    /// Creates a file, which nobody else may read, to be written and read. What is written to it has
    /// to be synced by itself.
    ///
    /// # Errors
    /// Also when there is something of that name.
    pub fn create(&self, name: &str) -> io::Result<File> {
        let mut options = File::options();
        let options = options.read(true).write(true).create_new(true).mode(0o600);
        options.open(self.path(name))
    }

    /// A file that is there, to be read and changed.
    ///
    /// # Errors
    /// When it is not, or may not be.
    pub fn change(&self, name: &str) -> io::Result<File> {
        let mut options = File::options();
        options.read(true).write(true).open(self.path(name))
    }

    /// Creates a folder, which nobody else may enter.
    ///
    /// # Errors
    /// As those of [`Self::create`].
    pub fn create_folder(&self, name: &str) -> io::Result<()> {
        DirBuilder::new().mode(0o700).create(self.path(name))
    }

    /// Writes a short file, which is there whole or not at all, in the place of the one there may be.
    /// Those may read it who may read `like`. Until then its name begins with `hidden`, and six
    /// letters or digits follow.
    ///
    /// # Errors
    /// When it can't be written; what was there then still is.
    pub fn replace(&self, name: &str, text: &str, hidden: &str, like: &str) -> io::Result<()> {
        let mut file = tempfile::Builder::new()
            .prefix(hidden)
            .make_in(&self.folder, |path| {
                let mut options = File::options();
                options.write(true).create_new(true).mode(0o600).open(path)
            })?;
        file.write_all(text.as_bytes())?;
        if let Ok(like) = fs::metadata(self.path(like)) {
            // Only root may give it away, and need not.
            let _ = fchown(file.as_file(), Some(like.uid()), Some(like.gid()));
            let mode = Permissions::from_mode(like.mode() & 0o666);
            file.as_file().set_permissions(mode)?;
        }
        file.as_file().sync_all()?;
        file.persist(self.path(name)).map_err(|error| error.error)?;
        match self.sync() {
            // A folder that we may add to but not read can't be synced by us.
            Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(()),
            synced => synced,
        }
    }

    /// Gives what has one name another one; what had that is gone.
    ///
    /// # Errors
    /// When it keeps its name.
    pub fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path(from), self.path(to))
    }

    /// The same, and never replaces anything. Where the file system can't promise that, a lock keeps
    /// our own runs apart, and a look beforehand has to do for others.
    ///
    /// # Errors
    /// When it keeps its name, as where the other one is taken.
    pub fn rename_to_free(&self, from: &str, to: &str) -> io::Result<()> {
        let [old, new] = [from, to].map(|name| self.path(name));
        match renameat_with(CWD, old, CWD, new, RenameFlags::NOREPLACE) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => match self.has(to) {
                true => Err(io::Error::new(ErrorKind::AlreadyExists, "the file exists")),
                false => self.rename(from, to),
            },
            renamed => Ok(renamed?),
        }
    }

    /// Removes a file, or a folder and all in it; that it is not there is as good.
    ///
    /// # Errors
    /// When it is still there, or a part of it.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        let is_folder = self.find(name).is_ok_and(|found| found.is_folder());
        let removed = match is_folder {
            true => self.remove_folder(name),
            false => fs::remove_file(self.path(name)),
        };
        match removed {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// The same of a file only: a folder of that name is somebody else's, and stays.
    ///
    /// # Errors
    /// As there.
    pub fn remove_file(&self, name: &str) -> io::Result<()> {
        match self.find(name).is_ok_and(|found| found.is_folder()) {
            true => Ok(()),
            false => self.remove(name),
        }
    }

    fn remove_folder(&self, name: &str) -> io::Result<()> {
        let path = self.path(name);
        let mut removed = fs::remove_dir_all(&path);
        for _ in 1..ATTEMPTS {
            match &removed {
                Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => {
                    removed = fs::remove_dir_all(&path);
                }
                _ => break,
            }
        }
        removed
    }

    /// Has all changes of names outlive a power cut. Not every file system can do that for folders
    /// (some of virtual machines, some in user space), and has it done by itself as well as it does.
    ///
    /// # Errors
    /// When the disk can't, or the folder may not be read.
    pub fn sync(&self) -> io::Result<()> {
        let errors = [Errno::INVAL, Errno::NOTSUP, Errno::BADF];
        let can_not = |error: &io::Error| errors.map(Some).contains(&Errno::from_io_error(error));
        match self.opened()?.sync_all() {
            Err(error) if can_not(&error) => Ok(()),
            synced => synced,
        }
    }
}
