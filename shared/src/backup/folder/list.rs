//! Every backup in a folder. The names are handed to readers while they are still being told.

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::hash::BuildHasher;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use super::Backup;
use super::entries::entries;
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

/// Every backup in a folder, newest first: data with a manifest, manifests without their data,
/// and what is named like a backup. Other files are passed over, folders of others not entered.
pub fn list(folder: &Path) -> Result<Vec<Backup>> {
    list_of(folder, |each| entries(folder, |name, _| each(name)))
}

/// Of a folder with these names in it, as `tell` calls them out.
fn list_of(
    folder: &Path,
    tell: impl FnOnce(&mut dyn FnMut(&str)) -> Result<()>,
) -> Result<Vec<Backup>> {
    let open = File::open(folder).context(|| folder.display().to_string())?;
    let (sender, receiver) = channel();
    let shares = Shares {
        receiver: Mutex::new(receiver),
        waiting: AtomicUsize::new(0),
    };
    let commons = Commons::default();
    let looker = || Looker::new(Place::open(folder, open.as_fd()), &commons);
    let all = Mutex::new(Vec::new());
    let look = |looker: &mut Looker<'_>, names: &str| {
        let found = names.split('\0').filter_map(|name| looker.look(name));
        let mut found: Vec<Backup> = found.collect();
        lock(&all).append(&mut found);
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
        let told = tell(&mut |name| {
            names.add(name);
            if is_more && readers.len() < READERS - 1 && names.is_many() {
                match thread::Builder::new().spawn_scoped(scope, read_all) {
                    Ok(reader) => readers.push(reader),
                    // Those there are will do; there is always this one.
                    Err(_) => is_more = false,
                }
            }
            if shares.waiting.load(Ordering::Relaxed) > AHEAD
                && let Some(names) = shares.next_at_once()
            {
                look(&mut looker, &names);
            }
        });
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
    let was_tried = |backup: &Backup| tried.may_have(name_of(backup));
    if !tried.is_empty() {
        let tried = backups.iter_mut().filter(|backup| was_tried(backup));
        tried.for_each(Backup::read_proof);
    }
    keep_once(&mut backups);
    backups.sort_unstable_by(|a, b| {
        let [a_at, b_at] = [a, b].map(|backup| backup.taken_at.unix_timestamp_nanos());
        b_at.cmp(&a_at)
            .then_with(|| b.path.as_os_str().cmp(a.path.as_os_str()))
    });
    Ok(backups)
}

fn name_of(backup: &Backup) -> &[u8] {
    let name = backup.path.file_name();
    name.map_or(&[], OsStrExt::as_bytes)
}

/// Each backup once: a name may be told twice where files are renamed meanwhile.
fn keep_once(backups: &mut Vec<Backup>) {
    let mut seen = Hashes::default();
    let is_first = |backup: &Backup| seen.add(name_of(backup));
    if !backups.iter().all(is_first) {
        backups.sort_by(|a, b| a.path.cmp(&b.path));
        backups.dedup_by(|a, b| a.path == b.path);
    }
}

/// A set of names that takes little memory, and now and then takes another for one of them.
#[derive(Default)]
struct Hashes {
    hashes: HashSet<u64>,
    state: RandomState,
}

impl Hashes {
    /// False where it may be there already.
    fn add(&mut self, name: &[u8]) -> bool {
        self.hashes.insert(self.state.hash_one(name))
    }

    fn may_have(&self, name: &[u8]) -> bool {
        self.hashes.contains(&self.state.hash_one(name))
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
    /// What of manifest and data has not come yet: data that is named like a backup is one even
    /// without a manifest.
    unpaired: HashMap<String, Seen>,
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
            self.tried.add(backup.as_bytes());
        } else if name::may_be(file_name) {
            self.pair(file_name, Seen::Data);
        }
    }

    fn pair(&mut self, backup: &str, seen: Seen) {
        match self.unpaired.get(backup) {
            // It is told once more.
            Some(other) if *other == seen => {}
            Some(_) => drop(self.unpaired.remove(backup)),
            None => drop(self.unpaired.insert(backup.to_string(), seen)),
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
        let unpaired = std::mem::take(&mut self.unpaired);
        for (name, seen) in unpaired {
            if seen == Seen::Data && Name::parse(&name).is_some() {
                self.push(&name);
            }
        }
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
            let names = listed.iter().filter_map(|backup| backup.path.file_name());
            assert!(names.eq([without, with]), "{told:?}: {listed:?}");
        }
    }
}
