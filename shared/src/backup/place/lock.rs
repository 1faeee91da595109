//! Locks: the kernel's, which end with the process, however that ends.

use std::fs::File;
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};

use rustix::fs::{FlockOperation, OFlags, Timespec, Timestamps, UTIME_NOW, flock, futimens};
use rustix::io::Errno;

use super::Place;

/// What is held until it is dropped.
#[derive(Debug)]
pub struct Lock(File);

/// What nobody reads while it is held.
#[derive(Debug)]
pub struct Claim {
    _lock: Option<Lock>,
}

impl Place {
    /// Takes the lock of that name, and makes it first where there is none; `None` while somebody else
    /// holds it.
    ///
    /// # Errors
    /// When it can't be had here at all.
    pub fn try_lock(&self, name: &str) -> io::Result<Option<Lock>> {
        loop {
            let file = self.open_lock(name)?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) if self.is_at(&file, name) => {
                    touch(&file);
                    return Ok(Some(Lock(file)));
                }
                // Somebody removed it; another run may hold the one that is there now.
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// An error where [`Self::try_lock`] would be one.
    pub fn can_lock(&self, name: &str) -> io::Result<()> {
        self.open_lock(name).map(drop)
    }

    /// Not even a pipe in its place is waited for.
    fn open_lock(&self, name: &str) -> io::Result<File> {
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(flags.bits() as i32)
            .open(self.path(name))
    }

    fn is_at(&self, lock: &File, name: &str) -> bool {
        let open = lock.metadata().map(|data| (data.dev(), data.ino()));
        let there = self.find(name).map(|found| found.number());
        open.ok() == there.ok()
    }

    /// Says of what was created here that it is being written, until that is closed. Whoever asks
    /// [`Self::is_held`] may have it for a moment.
    ///
    /// # Errors
    /// When the file system has no locks.
    pub fn hold(created: &File) -> io::Result<()> {
        Ok(flock(created, FlockOperation::LockExclusive)?)
    }

    /// Says of a backup that it is being read, until that is dropped: nobody deletes it meanwhile. What
    /// can't be locked is read all the same.
    pub fn share(&self, name: &str) -> Option<Lock> {
        self.lock_data(name, FlockOperation::NonBlockingLockShared)
            .ok()
    }

    /// That nobody says so, and nobody can until that is dropped; `None` while somebody does. Where a
    /// file system has no such locks, nobody does.
    pub fn claim(&self, name: &str) -> Option<Claim> {
        match self.lock_data(name, FlockOperation::NonBlockingLockExclusive) {
            Ok(lock) => Some(Claim { _lock: Some(lock) }),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
            Err(_) => Some(Claim { _lock: None }),
        }
    }

    fn lock_data(&self, name: &str, how: FlockOperation) -> io::Result<Lock> {
        let data = self.read(name)?;
        flock(&data, how)?;
        Ok(Lock(data))
    }

    /// Whether somebody says of what has that name that it is being written.
    ///
    /// # Errors
    /// When it may not even be opened.
    pub fn is_held(&self, name: &str) -> io::Result<bool> {
        let data = self.read(name)?;
        Ok(flock(&data, FlockOperation::NonBlockingLockShared).is_err())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The kernel does it at the latest when the file is closed.
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

/// What removes old files from the folder is to let it be: two runs would each have one of their own.
fn touch(lock: &File) {
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: UTIME_NOW,
    };
    let times = Timestamps {
        last_access: now,
        last_modification: now,
    };
    // It locks however old it is.
    let _ = futimens(lock, &times);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_not_claimed_and_the_other_way_about() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::new(folder.path());
        place.create("file").unwrap();
        place.create_folder("folder").unwrap();
        for name in ["file", "folder"] {
            let [one, other] = [place.share(name).unwrap(), place.share(name).unwrap()];
            drop(one);
            assert!(place.claim(name).is_none());
            drop(other);
            let claim = place.claim(name).unwrap();
            assert!(place.share(name).is_none());
            drop(claim);
            assert!(place.share(name).is_some());
        }
        // Whoever deletes what is not there finds that out by himself.
        assert!(place.claim("nothing").is_some());
        assert!(place.share("nothing").is_none());
    }

    /// Who opened it before somebody removed it has no lock.
    #[test]
    fn a_lock_that_was_removed_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::new(folder.path());
        let old = place.open_lock("l").unwrap();
        assert!(place.is_at(&old, "l"));
        place.remove("l").unwrap();
        assert!(!place.is_at(&old, "l"));
        let _new = place.try_lock("l").unwrap().unwrap();
        assert!(!place.is_at(&old, "l"));
    }
}
