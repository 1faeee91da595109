//! Reads the files of a folder while another program writes them.

use std::collections::{HashMap, VecDeque};
use std::fs::{self, File};
use std::io::{self, PipeWriter, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use shared::message::Progress;
use shared::units::human_bytes;
use shared::{Context, Error, Result, backup, signals};

use super::Findings;
use super::content::{self, Content};
use super::watch::{Heard, Watch};

/// How long to wait before looking whether a file has grown.
const PAUSE: Duration = Duration::from_millis(5);

/// Threads that read what appears in a folder. Dropped, they end.
pub struct Follower {
    shared: Arc<Shared>,
    readers: Vec<JoinHandle<Findings>>,
    watcher: Option<JoinHandle<()>>,
    /// Closed to end the watching.
    watching: Option<PipeWriter>,
}

impl Follower {
    /// Begins to read what `writers` at a time will write to `folder`. With `digest` also what
    /// is in it.
    pub fn start(
        folder: &Path,
        writers: usize,
        digest: bool,
        progress: Progress,
        database: &str,
    ) -> Result<Self> {
        let shared = Arc::new(Shared {
            pace: Pace::new(progress, database),
            folder: folder.to_path_buf(),
            digest,
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let mut follower = Self {
            shared,
            readers: Vec::new(),
            watcher: None,
            watching: None,
        };
        let no_thread = || "could not start a thread".to_string();
        follower.watch().context(no_thread)?;
        // One for each file that grows, and one for those that don't any more.
        for _ in 0..=writers {
            let shared = Arc::clone(&follower.shared);
            let reader = thread::Builder::new().spawn(move || shared.read_all());
            follower.readers.push(reader.context(no_thread)?);
        }
        Ok(follower)
    }

    fn watch(&mut self) -> io::Result<()> {
        let Some(watch) = Watch::begin(&self.shared.folder) else {
            return Ok(());
        };
        let (end, watching) = io::pipe()?;
        let shared = Arc::clone(&self.shared);
        let hear = move || watch.listen(&end, |name, heard| shared.hear(name, heard));
        self.watcher = Some(thread::Builder::new().spawn(hear)?);
        self.watching = Some(watching);
        Ok(())
    }

    /// Reads the rest, once nobody writes any more; tells what was found. All of it is on disk
    /// then, save the names. A signal ends it.
    pub fn finish(mut self) -> Result<Findings> {
        self.stop_watching();
        self.shared.end()?;
        let mut all = Findings {
            digested: self.shared.digest,
            ..Findings::default()
        };
        for reader in std::mem::take(&mut self.readers) {
            let died = |_| Error::new("a thread that reads the dump died");
            let found = reader.join().map_err(died)?;
            all.contents.extend(found.contents);
            all.tally.merge(found.tally);
        }
        if let Some(error) = self.shared.state().failed.take() {
            return Err(error);
        }
        self.shared.look_again(&mut all.contents)?;
        Ok(all)
    }

    fn stop_watching(&mut self) {
        drop(self.watching.take());
        if let Some(watcher) = self.watcher.take() {
            // What it failed to hear of is found by looking.
            let _ = watcher.join();
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.stop_watching();
        self.shared.change(|state| state.abandoned = true);
        for reader in std::mem::take(&mut self.readers) {
            let _ = reader.join();
        }
    }
}

struct Shared {
    pace: Pace,
    folder: PathBuf,
    digest: bool,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    files: HashMap<String, Seen>,
    /// Those that somebody may begin to read.
    queue: VecDeque<String>,
    /// Nobody writes any more.
    ended: bool,
    /// Nobody wants to know any more.
    abandoned: bool,
    /// The first error of a reader.
    failed: Option<Error>,
}

#[derive(Default)]
struct Seen {
    queued: bool,
    closed: bool,
}

impl State {
    fn queue(&mut self, name: &str) {
        let seen = self.files.entry(name.to_string()).or_default();
        if !std::mem::replace(&mut seen.queued, true) {
            self.queue.push_back(name.to_string());
        }
    }

    fn is_closed(&self, name: &str) -> bool {
        self.ended || self.files.get(name).is_some_and(|seen| seen.closed)
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_all();
    }

    /// A file of data is read from the start; others are open while data is written, and would
    /// keep a reader from it.
    fn hear(&self, name: &str, heard: Heard) {
        self.change(|state| match heard {
            Heard::Appeared if content::is_data(name) => state.queue(name),
            Heard::Appeared => {}
            Heard::Closed => {
                state.queue(name);
                let seen = state.files.entry(name.to_string()).or_default();
                seen.closed = true;
            }
        });
    }

    /// What is there now is all there will be.
    fn end(&self) -> Result<()> {
        let named = || self.folder.display().to_string();
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder).context(named)? {
            let name = entry.context(named)?.file_name().into_string();
            let strange = |name| Error::new(format!("{}: a strange name: {name:?}", named()));
            names.push(name.map_err(strange)?);
        }
        self.change(|state| {
            names.iter().for_each(|name| state.queue(name));
            state.ended = true;
        });
        Ok(())
    }

    fn read_all(&self) -> Findings {
        let mut findings = Findings::default();
        while let Some(name) = self.next() {
            let content = self.read(&name, &mut findings);
            match content.context(|| name.clone()) {
                Ok(content) => findings.contents.extend(content),
                // The others need not go on.
                Err(error) => self.change(|state| {
                    state.failed.get_or_insert(error);
                    state.abandoned = true;
                }),
            }
        }
        findings
    }

    /// What was read while it was written must be what is there in the end; what is gone is
    /// forgotten.
    fn look_again(&self, contents: &mut Vec<Content>) -> Result<()> {
        let bytes = |content: &Content| {
            let metadata = fs::symlink_metadata(self.folder.join(&content.name)).ok();
            metadata.map(|metadata| metadata.len())
        };
        contents.retain(|content| bytes(content).is_some());
        let changed = contents
            .iter()
            .find(|content| bytes(content) != Some(content.bytes));
        match changed {
            Some(content) => Err(Error::new(format!(
                "{} was changed after it was written",
                content.name
            ))),
            None => Ok(()),
        }
    }

    /// The next file to read; `None` when there are no more.
    fn next(&self) -> Option<String> {
        let mut state = self.state();
        loop {
            if state.abandoned {
                return None;
            }
            if let Some(name) = state.queue.pop_front() {
                return Some(name);
            }
            if state.ended {
                return None;
            }
            let waited = self.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Reads a file; `None` when it is gone, as everything is that is not there in the end.
    fn read(&self, name: &str, findings: &mut Findings) -> io::Result<Option<Content>> {
        let file = match File::open(self.folder.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let mut growing = Growing {
            shared: self,
            name,
            file,
            hash: Sha256::new(),
            bytes: 0,
        };
        let found = content::read(name, &mut growing, self.digest, &mut findings.tally)?;
        growing.file.sync_all()?;
        let hash = growing.hash.finalize();
        Ok(Some(Content {
            name: name.to_string(),
            bytes: growing.bytes,
            sha256: backup::hexadecimal(&hash),
            found,
        }))
    }
}

/// How far the reading is, on the terminal.
struct Pace {
    progress: Progress,
    database: String,
    began: Instant,
    bytes: AtomicU64,
}

impl Pace {
    fn new(progress: Progress, database: &str) -> Self {
        Self {
            progress,
            database: database.to_string(),
            began: Instant::now(),
            bytes: AtomicU64::new(0),
        }
    }

    /// So many bytes of this file have been read.
    fn passed(&self, length: usize, file: &str) {
        let bytes = length as u64;
        let bytes = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.progress.show(|| {
            let seconds = self.began.elapsed().as_secs_f64().max(0.001);
            let rate = human_bytes((bytes as f64 / seconds) as u64);
            format!(
                "{}: {}, {rate}/s, {file}",
                self.database,
                human_bytes(bytes)
            )
        });
    }
}

/// A file that ends when it is closed by who writes it. Hashed as it is read.
struct Growing<'a> {
    shared: &'a Shared,
    name: &'a str,
    file: File,
    hash: Sha256,
    bytes: u64,
}

impl Read for Growing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            // Asked first: what was written before it was closed is then read below.
            let state = self.shared.state();
            let (closed, abandoned) = (state.is_closed(self.name), state.abandoned);
            drop(state);
            if abandoned || signals::received().is_some() {
                return Err(io::Error::other("pg_dump has failed"));
            }
            let length = self.file.read(buffer)?;
            self.hash.update(&buffer[..length]);
            self.bytes += length as u64;
            self.shared.pace.passed(length, self.name);
            if length > 0 || closed || buffer.is_empty() {
                return Ok(length);
            }
            self.pause();
        }
    }
}

impl Growing<'_> {
    /// A moment, or until something happens.
    fn pause(&self) {
        let state = self.shared.state();
        if !state.is_closed(self.name) && !state.abandoned {
            drop(self.shared.changed.wait_timeout(state, PAUSE));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is not wanted any more may be hundreds of gigabytes.
    #[test]
    fn what_nobody_wants_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("1.dat"), "1\n").unwrap();
        let progress = shared::message::Report::new("test").progress();
        let follower = Follower::start(folder.path(), 1, false, progress, "app").unwrap();
        let name = "1.dat";
        let mut growing = Growing {
            shared: &follower.shared,
            name,
            file: File::open(folder.path().join(name)).unwrap(),
            hash: Sha256::new(),
            bytes: 0,
        };
        assert_eq!(growing.read(&mut [0]).unwrap(), 1);
        follower.shared.change(|state| state.abandoned = true);
        growing.read(&mut [0]).unwrap_err();
    }
}
