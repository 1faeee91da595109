//! Every backup in a folder. The names are handed to readers while they are still being told.

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::hash::BuildHasher;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use super::Backup;
use super::backups::Backups;
use super::look::Looker;
use crate::backup::name::{self, Name};
use crate::backup::outline::Commons;
use crate::backup::place::Place;
use crate::error::{Context, Result};

/// Reading a manifest is mostly waiting for the disk or a server: more readers than cores.
const READERS: usize = 8;
/// What one reader takes at a time, in bytes of names.
const SHARE: usize = 4 << 10;
/// Who tells the names is a reader too where more wait than so many shares of them.
const AHEAD: usize = 2 * READERS;

/// Every backup in a folder, newest first.
pub(super) fn list(folder: &Path) -> Result<Backups> {
    list_of(folder, |each| {
        let told = Place::new(folder).each(|name, _| {
            // A name that is no text is none of ours.
            name.to_str().into_iter().for_each(&mut *each);
        });
        told.context(|| folder.display().to_string())
    })
}

/// Of a folder with these names in it, as `tell` calls them out, perhaps twice.
fn list_of(folder: &Path, tell: impl Fn(&mut dyn FnMut(&str)) -> Result<()>) -> Result<Backups> {
    let place = Place::open(folder).context(|| folder.display().to_string())?;
    let (sender, receiver) = channel();
    let shares = Shares {
        receiver: Mutex::new(receiver),
        waiting: AtomicUsize::new(0),
    };
    let commons = Commons::default();
    let looker = || Looker::new(&place, &commons);
    let all = Mutex::new(Backups::none(folder));
    let look = |looker: &mut Looker<'_>, names: &str| {
        let found = names.split('\0').filter_map(|name| looker.look(name));
        let found: Vec<Backup> = found.collect();
        let mut all = lock(&all);
        found.into_iter().for_each(|backup| all.push(backup));
    };
    let read_all = || {
        let mut looker = looker();
        while let Some(names) = shares.next() {
            look(&mut looker, &names);
        }
    };
    let tried = thread::scope(|scope| {
        let mut readers = Vec::new();
        let mut names = Names::new(sender, &shares.waiting);
        let mut looker = looker();
        let mut is_more = true;
        let mut help = || {
            if shares.waiting.load(Ordering::Relaxed) > AHEAD
                && let Some(names) = shares.next_at_once()
            {
                look(&mut looker, &names);
            }
        };
        let mut told = tell(&mut |name| {
            names.add(name);
            if is_more && readers.len() < READERS - 1 && names.is_many() {
                match thread::Builder::new().spawn_scoped(scope, read_all) {
                    Ok(reader) => readers.push(reader),
                    // Those there are will do; there is always this one.
                    Err(_) => is_more = false,
                }
            }
            help();
        });
        if told.is_ok() && names.has_lone_data() {
            told = tell(&mut |name| {
                names.add_lone_data(name);
                help();
            });
        }
        let tried = names.end();
        read_all();
        for reader in readers {
            if let Err(panic) = reader.join() {
                std::panic::resume_unwind(panic);
            }
        }
        told.map(|()| tried)
    })?;
    let mut backups = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    if !tried.is_empty() {
        backups.change(
            |backup| backup.file_name.is_some_and(|name| tried.may_have(name)),
            |backup| {
                backup.read_proof();
                true
            },
        );
    }
    drop(tried);
    // A name may be told twice where files are renamed meanwhile.
    let mut seen = Hashes::default();
    if !backups.file_names().all(|name| seen.add(name)) {
        backups.dedup();
    }
    drop(seen);
    backups.join_servers();
    backups.sort();
    Ok(backups)
}

/// A set of names that takes little memory, and now and then takes another for one of them.
#[derive(Default)]
struct Hashes {
    hashes: HashSet<u64>,
    state: RandomState,
}

impl Hashes {
    /// False where it may be there already.
    fn add(&mut self, name: impl AsRef<OsStr>) -> bool {
        self.hashes.insert(self.hash(name))
    }

    fn may_have(&self, name: impl AsRef<OsStr>) -> bool {
        self.hashes.contains(&self.hash(name))
    }

    fn hash(&self, name: impl AsRef<OsStr>) -> u64 {
        self.state.hash_one(name.as_ref())
    }

    fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }
}

/// Names on their way to the readers.
struct Shares {
    receiver: Mutex<Receiver<String>>,
    waiting: AtomicUsize,
}

impl Shares {
    /// What to look at next, when there is more.
    fn next(&self) -> Option<String> {
        let share = lock(&self.receiver).recv().ok()?;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        Some(share)
    }

    /// The same for who must not wait, or nobody would send any more.
    fn next_at_once(&self) -> Option<String> {
        let share = self.receiver.try_lock().ok()?.try_recv().ok()?;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        Some(share)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The names of what may be backups, on their way to the readers.
struct Names<'a> {
    /// With a NUL between two, which no name has in it.
    share: String,
    shares: usize,
    readers: Sender<String>,
    waiting: &'a AtomicUsize,
    /// Of which of manifest and data only one has come yet, by the hashes of their names: data that is
    /// named like a backup is one even without a manifest.
    unpaired: HashMap<u64, Seen>,
    /// What somebody tried to restore.
    tried: Hashes,
}

#[derive(PartialEq, Eq)]
enum Seen {
    Manifest,
    Data,
}

impl<'a> Names<'a> {
    fn new(readers: Sender<String>, waiting: &'a AtomicUsize) -> Self {
        Self {
            waiting,
            share: String::new(),
            shares: 0,
            readers,
            unpaired: HashMap::new(),
            tried: Hashes::default(),
        }
    }

    fn add(&mut self, file_name: &str) {
        if let Some(backup) = name::unmanifest(file_name) {
            self.push(backup);
            self.pair(backup, Seen::Manifest);
        } else if let Some(backup) = name::unproof(file_name) {
            self.tried.add(backup);
        } else if name::may_be(file_name) {
            self.pair(file_name, Seen::Data);
        }
    }

    fn pair(&mut self, backup: &str, seen: Seen) {
        let hash = self.tried.hash(backup);
        match self.unpaired.get(&hash) {
            // It is told once more.
            Some(other) if *other == seen => {}
            Some(_) => drop(self.unpaired.remove(&hash)),
            None => drop(self.unpaired.insert(hash, seen)),
        }
    }

    /// Whether there is data without a manifest, which has to be told again: nobody knows its name.
    fn has_lone_data(&mut self) -> bool {
        self.unpaired.retain(|_, seen| *seen == Seen::Data);
        !self.unpaired.is_empty()
    }

    fn add_lone_data(&mut self, file_name: &str) {
        let hash = self.tried.hash(file_name);
        if self.unpaired.remove(&hash).is_some() && Name::parse(file_name).is_some() {
            self.push(file_name);
        }
    }

    fn push(&mut self, backup: &str) {
        if !self.share.is_empty() {
            self.share.push('\0');
        }
        self.share.push_str(backup);
        if self.share.len() >= SHARE {
            self.hand_over();
        }
    }

    fn hand_over(&mut self) {
        let share = std::mem::take(&mut self.share);
        self.shares += 1;
        self.waiting.fetch_add(1, Ordering::Relaxed);
        // They are there until they are told that this was the last.
        let _ = self.readers.send(share);
    }

    /// Whether another reader is worth its while.
    fn is_many(&self) -> bool {
        self.shares > 1
    }

    fn end(mut self) -> Hashes {
        if !self.share.is_empty() {
            self.hand_over();
        }
        self.tried
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::backup::manifest::tests::manifest;

    /// Two, and neither is kept instead of another.
    #[test]
    fn what_is_told_twice_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let [with, without] = ["a_20261120T103930Z.dump", "b_20261120T103930Z.dump"];
        for name in [with, without] {
            fs::write(folder.path().join(name), "1234567").unwrap();
        }
        let text = manifest(with, 7).to_json().unwrap();
        let beside = name::manifest_of(with);
        fs::write(folder.path().join(&beside), text).unwrap();
        let beside = beside.as_str();
        for told in [
            [with, beside, without, with, beside, without],
            [beside, beside, with, with, without, without],
            [beside, with, beside, with, with, without],
            [with, with, beside, beside, without, without],
        ] {
            let tell = |each: &mut dyn FnMut(&str)| {
                told.iter().for_each(|name| each(name));
                Ok(())
            };
            let listed = list_of(folder.path(), tell).unwrap();
            assert!(
                listed.file_names().eq([without, with]),
                "{told:?}: {listed:?}"
            );
        }
    }
}
