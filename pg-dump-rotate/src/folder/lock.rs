//! The lock of a folder: who holds it may change the folder's names.

use std::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, OFlags, Timespec, Timestamps, UTIME_NOW, flock, futimens};
use shared::units::human_duration;
use shared::{Context, Error, Result, cli, signals};

use super::Folder;

const LOCK: &str = ".pg-dump-rotate.lock";
const POLL: Duration = Duration::from_millis(10);
/// Nobody holds it for so long without a reason that somebody should know.
const LONG: Duration = Duration::from_secs(10);
/// So long not even a rotation of very many takes.
const TOO_LONG: Duration = Duration::from_secs(600);

/// Held while the folder's names change.
pub struct Locked<'a> {
    folder: &'a Folder,
    context: &'a cli::Context,
    lock: File,
    /// What is to be said when it is free again.
    warnings: RefCell<Vec<String>>,
}

impl Folder {
    /// Waits until no other run changes the folder; a signal ends the wait. A long wait is told.
    ///
    /// # Errors
    /// Also when it was too long: the run that holds it hangs.
    pub fn lock<'a>(&'a self, context: &'a cli::Context) -> Result<Locked<'a>> {
        self.locked(context, Some(TOO_LONG))
    }

    /// The same however long it takes: where a dump would be lost otherwise.
    pub fn lock_in_any_case<'a>(&'a self, context: &'a cli::Context) -> Result<Locked<'a>> {
        self.locked(context, None)
    }

    fn locked<'a>(
        &'a self,
        context: &'a cli::Context,
        at_most: Option<Duration>,
    ) -> Result<Locked<'a>> {
        let lock = wait(self.path(), LONG, at_most, |words| context.warn(words))?;
        Ok(Locked {
            folder: self,
            context,
            lock,
            warnings: RefCell::default(),
        })
    }
}

impl Locked<'_> {
    /// What it locks.
    pub(super) fn folder(&self) -> &Folder {
        self.folder
    }

    /// Warns on stderr as soon as the folder is free.
    pub fn warn(&self, text: impl Into<String>) {
        self.warnings.borrow_mut().push(text.into());
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        // The kernel does it at the latest when the file is closed.
        let _ = flock(&self.lock, FlockOperation::Unlock);
        for warning in self.warnings.take() {
            self.context.warn(warning);
        }
    }
}

/// Opens a folder's lock file, and makes it first where it is missing.
pub(super) fn open(folder: &Path) -> Result<File> {
    let path = folder.join(LOCK);
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(OFlags::NOFOLLOW.bits() as i32)
        .open(&path);
    lock.context(|| match path.exists() {
        true => format!("could not open {}", path.display()),
        false => format!("could not write to the folder {}", folder.display()),
    })
}

/// Waits for a folder's lock; `warn` hears of it when that takes long.
fn wait(
    folder: &Path,
    long: Duration,
    at_most: Option<Duration>,
    warn: impl Fn(String),
) -> Result<File> {
    let path = folder.join(LOCK);
    let started = Instant::now();
    let mut is_told = false;
    let mut lock = open(folder)?;
    loop {
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) if is_at(&lock, &path) => {
                touch(&lock);
                return Ok(lock);
            }
            // Somebody removed it; another run may hold the one that is there now.
            Ok(()) => lock = open(folder)?,
            Err(rustix::io::Errno::WOULDBLOCK) => signals::sleep(POLL)?,
            Err(error) => {
                let error = io::Error::from(error);
                return Err(error).context(|| format!("could not lock {}", folder.display()));
            }
        }
        let waited = started.elapsed();
        if at_most.is_some_and(|most| waited >= most) {
            return Err(hangs(&path, waited));
        }
        if waited >= long && !is_told {
            is_told = true;
            warn(format!(
                "waiting for another run, which holds {}",
                path.display()
            ));
        }
    }
}

fn hangs(path: &Path, waited: Duration) -> Error {
    let (path, waited) = (path.display(), human_duration(waited));
    Error::new(format!(
        "another run has held {path} for more than {waited}"
    ))
    .with_hint(format!(
        "it hangs: end it (`fuser {path}` says which it is)"
    ))
}

fn is_at(lock: &File, path: &Path) -> bool {
    let [open, there] = [lock.metadata(), std::fs::symlink_metadata(path)];
    let which =
        |data: io::Result<std::fs::Metadata>| data.ok().map(|data| (data.dev(), data.ino()));
    which(open) == which(there)
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
    use std::cell::Cell;
    use std::fs;
    use std::time::SystemTime;

    use super::*;

    const AT_ONCE: Duration = Duration::ZERO;

    #[test]
    fn a_run_that_hangs_is_told_of_and_then_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let held = wait(folder.path(), LONG, None, |words| panic!("{words}")).unwrap();
        let told = Cell::new(0);
        let error = wait(folder.path(), AT_ONCE, Some(POLL * 5), |words| {
            assert!(words.contains(LOCK), "{words}");
            told.set(told.get() + 1);
        })
        .unwrap_err();
        assert_eq!(told.get(), 1);
        assert!(error.message().contains("has held"), "{error:?}");
        drop(held);
        wait(folder.path(), AT_ONCE, Some(AT_ONCE), |words| {
            panic!("{words}")
        })
        .unwrap();
    }

    /// `find -mtime +30 -delete` in a folder of backups.
    #[test]
    fn two_runs_never_have_a_lock_each() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(LOCK);
        let take = |at_most| {
            wait(folder.path(), LONG, Some(at_most), |words| {
                panic!("{words}")
            })
        };
        let old = open(folder.path()).unwrap();
        old.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        let held = take(AT_ONCE).unwrap();
        let age = fs::metadata(&path).unwrap().modified().unwrap().elapsed();
        assert!(age.is_ok_and(|age| age < LONG));
        // One waits for it while it is removed.
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| take(TOO_LONG));
            fs::remove_file(&path).unwrap();
            let new = take(AT_ONCE).unwrap();
            drop(held);
            assert!(take(POLL).is_err());
            drop(new);
            let waited_for = waiting.join().unwrap().unwrap();
            assert!(is_at(&waited_for, &path));
        });
    }
}
