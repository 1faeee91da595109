//! The lock of a folder: who holds it may change the folder's names.

use std::cell::RefCell;
use std::io;
use std::time::{Duration, Instant};

use shared::backup::{Lock, Place};
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
    /// `None` once it is free again.
    lock: Option<Lock>,
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
        let lock = wait(&self.place, LONG, at_most, |words| context.warn(words))?;
        Ok(Locked {
            folder: self,
            context,
            lock: Some(lock),
            warnings: RefCell::default(),
        })
    }
}

impl Locked<'_> {
    /// What it locks.
    pub fn place(&self) -> &Place {
        &self.folder.place
    }

    /// Warns on stderr as soon as the folder is free.
    pub fn warn(&self, text: impl Into<String>) {
        self.warnings.borrow_mut().push(text.into());
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        drop(self.lock.take());
        for warning in self.warnings.take() {
            self.context.warn(warning);
        }
    }
}

/// An error where the lock of a folder can't be had.
pub(super) fn can_lock(place: &Place) -> Result<()> {
    had(place, place.can_lock(LOCK))
}

fn had<T>(place: &Place, lock: io::Result<T>) -> Result<T> {
    lock.context(|| match place.has(LOCK) {
        true => format!("could not lock {}", place.path(LOCK).display()),
        false => format!("could not write to the folder {}", place.folder().display()),
    })
}

/// Waits for a folder's lock; `warn` hears of it when that takes long.
fn wait(
    place: &Place,
    long: Duration,
    at_most: Option<Duration>,
    warn: impl Fn(String),
) -> Result<Lock> {
    let path = place.path(LOCK);
    let started = Instant::now();
    let mut is_told = false;
    loop {
        match had(place, place.try_lock(LOCK))? {
            Some(lock) => return Ok(lock),
            None => signals::sleep(POLL)?,
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

fn hangs(path: &std::path::Path, waited: Duration) -> Error {
    let (path, waited) = (path.display(), human_duration(waited));
    Error::new(format!(
        "another run has held {path} for more than {waited}"
    ))
    .with_hint(format!(
        "it hangs: end it (`fuser {path}` says which it is)"
    ))
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
        let place = Place::new(folder.path());
        let held = wait(&place, LONG, None, |words| panic!("{words}")).unwrap();
        let told = Cell::new(0);
        let error = wait(&place, AT_ONCE, Some(POLL * 5), |words| {
            assert!(words.contains(LOCK), "{words}");
            told.set(told.get() + 1);
        })
        .unwrap_err();
        assert_eq!(told.get(), 1);
        assert!(error.message().contains("has held"), "{error:?}");
        drop(held);
        wait(&place, AT_ONCE, Some(AT_ONCE), |words| panic!("{words}")).unwrap();
    }

    /// `find -mtime +30 -delete` in a folder of backups.
    #[test]
    fn two_runs_never_have_a_lock_each() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::new(folder.path());
        let path = place.path(LOCK);
        let take = |at_most| wait(&place, LONG, Some(at_most), |words| panic!("{words}"));
        drop(take(AT_ONCE).unwrap());
        let old = fs::File::options().write(true).open(&path).unwrap();
        old.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        let held = take(AT_ONCE).unwrap();
        let age = fs::metadata(&path).unwrap().modified().unwrap().elapsed();
        assert!(age.is_ok_and(|age| age < LONG));
        // Somebody removes it while it is held, and while one waits.
        fs::remove_file(&path).unwrap();
        let new = take(AT_ONCE).unwrap();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| take(TOO_LONG));
            drop(held);
            assert!(take(POLL).is_err());
            drop(new);
            let _waited_for = waiting.join().unwrap().unwrap();
            assert!(take(POLL).is_err());
        });
    }
}
