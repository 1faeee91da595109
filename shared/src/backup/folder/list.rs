//! Every backup in a folder. The names are handed to readers while they are still being told.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::Backup;
use super::entries::entries;
use super::look::Looker;
use crate::backup::name::{self, Name};
use crate::backup::place::Place;
use crate::error::{Context, Result};

/// Reading a manifest is mostly waiting for the disk or a server: more readers than cores.
const READERS: usize = 8;
/// What one reader takes at a time, in bytes of names.
const SHARE: usize = 4 << 10;

/// Every backup in a folder, newest first: data with a manifest, manifests without their data,
/// and what is named like a backup. Other files are passed over, folders of others not entered.
pub fn list(folder: &Path) -> Result<Vec<Backup>> {
    let open = File::open(folder).context(|| folder.display().to_string())?;
    let (sender, receiver) = channel();
    let receiver = Mutex::new(receiver);
    let read = || {
        let mut looker = Looker::new(Place::open(folder, open.as_fd()));
        let mut found = Vec::new();
        while let Some(names) = next(&receiver) {
            found.extend(names.split('\0').filter_map(|name| looker.look(name)));
        }
        found
    };
    let (mut backups, tried) = thread::scope(|scope| {
        let mut readers = Vec::new();
        let mut names = Names::new(sender);
        let told = entries(folder, |name, _| {
            names.add(name);
            if readers.len() < READERS - 1 && names.is_many() {
                readers.push(scope.spawn(read));
            }
        });
        let tried = names.end();
        let mut backups = read();
        for reader in readers {
            match reader.join() {
                Ok(found) => backups.extend(found),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        told.map(|()| (backups, tried))
    })?;
    let was_tried = |backup: &Backup| {
        let name = backup.path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| tried.contains(name))
    };
    if !tried.is_empty() {
        let tried = backups.iter_mut().filter(|backup| was_tried(backup));
        tried.for_each(Backup::read_proof);
    }
    backups.sort_unstable_by(|a, b| {
        let [a_at, b_at] = [a, b].map(|backup| backup.taken_at.unix_timestamp_nanos());
        b_at.cmp(&a_at)
            .then_with(|| b.path.as_os_str().cmp(a.path.as_os_str()))
    });
    Ok(backups)
}

/// What to look at next, when there is more.
fn next(receiver: &Mutex<Receiver<String>>) -> Option<String> {
    let receiver = receiver.lock().unwrap_or_else(PoisonError::into_inner);
    receiver.recv().ok()
}

/// The names of what may be backups, on their way to the readers.
struct Names {
    /// With a NUL between two, which no name has in it.
    share: String,
    shares: usize,
    readers: Sender<String>,
    /// What of manifest and data has not come yet: data that is named like a backup is one even
    /// without a manifest.
    unpaired: HashMap<String, Seen>,
    /// What somebody tried to restore.
    tried: HashSet<String>,
}

#[derive(PartialEq, Eq)]
enum Seen {
    Manifest,
    Data,
}

impl Names {
    fn new(readers: Sender<String>) -> Self {
        Self {
            share: String::new(),
            shares: 0,
            readers,
            unpaired: HashMap::new(),
            tried: HashSet::new(),
        }
    }

    fn add(&mut self, file_name: &str) {
        if let Some(backup) = name::unmanifest(file_name) {
            self.push(backup);
            self.pair(backup, Seen::Manifest);
        } else if let Some(backup) = name::unproof(file_name) {
            self.tried.insert(backup.to_string());
        } else if name::may_be(file_name) {
            self.pair(file_name, Seen::Data);
        }
    }

    fn pair(&mut self, backup: &str, seen: Seen) {
        if self.unpaired.remove(backup).is_none() {
            self.unpaired.insert(backup.to_string(), seen);
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
        // They are there until they are told that this was the last.
        let _ = self.readers.send(share);
    }

    /// Whether another reader is worth its while.
    fn is_many(&self) -> bool {
        self.shares > 1
    }

    fn end(mut self) -> HashSet<String> {
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
