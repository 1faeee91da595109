//! Reads the files of a folder while another program writes them.

use std::collections::{HashMap, VecDeque};
use std::io::{self, PipeWriter, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use shared::backup::Place;
use shared::message::Progress;
use shared::programs::Ender;
use shared::{Context, Error, Result};

use super::content::{self, Content};
use super::failure::Failure;
use super::growing::{Growing, Hashed};
use super::pace::{Pace, Whole};
use super::packers::{Output, Packed, Packers};
use super::scratch::Scratch;
use super::watch::{Heard, Watch};
use super::{CONTENTS, Findings};
use crate::dump::Outcome;
use crate::room::Spill;

/// How long to wait before looking whether a file has grown.
const PAUSE: Duration = Duration::from_millis(5);
/// How often to look how much room is taken.
const ROOM_PAUSE: Duration = Duration::from_millis(500);

/// What is followed, and how.
pub struct Followed<'a> {
    /// Where the dump is to be.
    pub folder: &'a Place,
    /// Where it comes from, to be compressed: or else pg_dump writes it where it is to be.
    pub scratch: Option<&'a Scratch>,
    /// How many files grow at a time.
    pub writers: usize,
    /// Whether what is in them is read too.
    pub digest: bool,
    /// The database.
    pub name: &'a str,
    /// How much there is to read.
    pub whole: Whole,
}

/// Threads that read what appears in a folder. Dropped, they end.
pub struct Follower {
    shared: Arc<Shared>,
    readers: Vec<JoinHandle<Findings>>,
    /// Those that listen and that look at the room.
    others: Vec<JoinHandle<()>>,
    /// Closed to end the watching.
    watching: Option<PipeWriter>,
}

impl Follower {
    /// Begins to read what will be written.
    pub fn start(followed: &Followed<'_>, progress: Progress) -> Result<Self> {
        let no_thread = || "could not start a thread".to_string();
        let mut follower = Self {
            shared: Arc::new(Shared::new(followed, progress).context(no_thread)?),
            readers: Vec::new(),
            others: Vec::new(),
            watching: None,
        };
        follower.watch().context(no_thread)?;
        if let Some(scratch) = followed.scratch {
            let (shared, room) = (Arc::clone(&follower.shared), scratch.room().clone());
            let guard = thread::Builder::new().spawn(move || shared.guard(&room));
            follower.others.push(guard.context(no_thread)?);
        }
        // One for each file that grows, and one for those that don't any more.
        for _ in 0..=followed.writers {
            let shared = Arc::clone(&follower.shared);
            let reader = thread::Builder::new().spawn(move || shared.read_all());
            follower.readers.push(reader.context(no_thread)?);
        }
        Ok(follower)
    }

    /// Says what ends who writes, when that is of no use any more.
    pub fn may_end(&self, ender: Ender) {
        let mut state = self.shared.state();
        match state.failed {
            Some(_) => ender.end(),
            None => state.ender = Some(ender),
        }
    }

    /// Nobody wants to know any more.
    pub fn abandon(&self) {
        self.shared.change(|state| state.abandoned = true);
    }

    /// Why it has ended by itself, if it has.
    pub fn failure(&self) -> Option<Failure> {
        self.shared.state().failed.take()
    }

    /// What the threads know.
    #[cfg(test)]
    pub fn shared(&self) -> &Shared {
        &self.shared
    }

    fn watch(&mut self) -> io::Result<()> {
        let Some(watch) = Watch::begin(self.shared.source.folder()) else {
            return Ok(());
        };
        let (end, watching) = io::pipe()?;
        let shared = Arc::clone(&self.shared);
        let hear = move || watch.listen(&end, |name, heard| shared.hear(name, heard));
        self.others.push(thread::Builder::new().spawn(hear)?);
        self.watching = Some(watching);
        Ok(())
    }

    /// Reads the rest, once nobody writes any more; tells what was found. All of it is on disk
    /// then, save the names. A signal ends it.
    pub fn finish(mut self) -> std::result::Result<Findings, Failure> {
        // What it failed to hear of is found by looking.
        drop(self.watching.take());
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
        if let Some(failure) = self.failure() {
            return Err(failure);
        }
        self.shared.look_again(&mut all.contents)?;
        Ok(all)
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        drop(self.watching.take());
        self.abandon();
        let _ = self.readers.drain(..).map(JoinHandle::join).count();
        let _ = self.others.drain(..).map(JoinHandle::join).count();
    }
}

/// What all threads know.
pub struct Shared {
    pub pace: Pace,
    /// Where the files appear.
    pub source: Place,
    /// Where they are in the end.
    folder: Place,
    /// What compresses them on the way from there to here; none where these are one folder.
    pub packers: Option<Packers>,
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
    /// What went wrong first.
    failed: Option<Failure>,
    ender: Option<Ender>,
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
    fn new(followed: &Followed<'_>, progress: Progress) -> io::Result<Self> {
        let scratch = followed.scratch;
        let packers = scratch.map(|scratch| Packers::start(scratch.compression()));
        Ok(Self {
            pace: Pace::new(progress, followed.name, followed.whole),
            source: scratch.map_or(followed.folder, Scratch::place).clone(),
            folder: followed.folder.clone(),
            packers: packers.transpose()?,
            digest: followed.digest,
            state: Mutex::default(),
            changed: Condvar::new(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_all();
    }

    /// Says that a file is written to its end.
    #[cfg(test)]
    pub fn close(&self, name: &str) {
        self.change(|state| state.files.entry(name.to_string()).or_default().closed = true);
    }

    /// Whether the file is closed, and whether nobody wants to know any more.
    pub fn state_of(&self, name: &str) -> (bool, bool) {
        let state = self.state();
        (state.is_closed(name), state.abandoned)
    }

    /// A moment, or until something happens.
    pub fn pause(&self, name: &str) {
        self.pace.stand();
        let state = self.state();
        if !state.is_closed(name) && !state.abandoned {
            drop(self.changed.wait_timeout(state, PAUSE));
        }
    }

    /// Neither the others need go on, nor who writes.
    fn fail(&self, failure: Failure) {
        let mut state = self.state();
        state.failed.get_or_insert(failure);
        state.abandoned = true;
        let ender = state.ender.take();
        drop(state);
        self.changed.notify_all();
        if let Some(ender) = ender {
            ender.end();
        }
    }

    /// Looks, while files are written, that they take no more room than this.
    fn guard(&self, room: &Spill) {
        loop {
            let waits = |state: &mut State| !state.ended && !state.abandoned;
            let waited = self
                .changed
                .wait_timeout_while(self.state(), ROOM_PAUSE, waits);
            let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            if !waits(&mut state) {
                return;
            }
            drop(state);
            if room.is_exceeded() {
                return self.fail(Failure::Room);
            }
        }
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
        let named = || self.source.folder().display().to_string();
        let mut names = Vec::new();
        let mut strange = None;
        let told = self.source.each(|name, _| match name.to_str() {
            Some(name) => names.push(name.to_string()),
            None => strange = Some(name.to_owned()),
        });
        told.context(named)?;
        if let Some(name) = strange {
            return Err(Error::new(format!("{}: a strange name: {name:?}", named())));
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
            match self.read(&name, &mut findings) {
                Ok(content) => findings.contents.extend(content),
                Err(trouble) => self.fail(Failure::of(trouble, self.packers.is_some())),
            }
        }
        findings
    }

    /// What was read while it was written must be what is there in the end; what is gone is
    /// forgotten.
    fn look_again(&self, contents: &mut Vec<Content>) -> Result<()> {
        let bytes = |content: &Content| {
            let found = self.folder.find(&content.file.name).ok();
            found.map(|found| found.bytes())
        };
        contents.retain(|content| bytes(content).is_some());
        let changed = contents
            .iter()
            .find(|content| bytes(content) != Some(content.file.bytes));
        match changed {
            Some(content) => Err(Error::new(format!(
                "{} was changed after it was written",
                content.file.name
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
    fn read(&self, name: &str, findings: &mut Findings) -> Outcome<Option<Content>> {
        let named = || name.to_string();
        let Some(growing) = Growing::open(self, name).context(named)? else {
            return Ok(None);
        };
        if content::is_data(name) && content::large_object(name).is_none() {
            self.pace.begin_table();
        }
        if let Some(packers) = &self.packers {
            return self.pack(name, growing, packers, findings).map(Some);
        }
        let mut hashed = Hashed::new(growing);
        let found = content::read(name, &mut hashed, self.digest, &mut findings.tally);
        let found = found.context(named)?;
        let file = hashed.finish().context(named)?;
        Ok(Some(Content { file, found }))
    }

    /// Reads a file to where it is to be: data compressed, and a table of contents that says so.
    fn pack(
        &self,
        name: &str,
        growing: Growing<'_>,
        packers: &Packers,
        findings: &mut Findings,
    ) -> Outcome<Content> {
        let to = match content::is_data(name) {
            true => format!("{name}{}", packers.suffix()),
            false => name.to_string(),
        };
        let output = Output::new(self.folder.create(&to)?);
        let mut read = |input: &mut dyn Read| {
            let found = content::read(name, input, self.digest, &mut findings.tally);
            found.context(|| name.to_string())
        };
        let (found, growing, output) = match content::is_data(name) {
            true => {
                let mut packed = Packed::new(growing, packers, output);
                let found = read(&mut packed);
                packed.finish(found)?
            }
            false => {
                let (mut growing, mut output) = (growing, output);
                let found = read(&mut growing)?;
                let mut text = found.text().unwrap_or_default().to_vec();
                if name == CONTENTS {
                    packers.say(&mut text)?;
                }
                output.put(&text)?;
                (found, growing, output)
            }
        };
        let file = output.finish(&to)?;
        growing.remove().context(|| name.to_string())?;
        Ok(Content { file, found })
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use shared::programs::Child;

    use super::*;

    #[test]
    fn who_writes_is_ended_whatever_failed_first() {
        let folder = tempfile::tempdir().unwrap();
        let progress = shared::message::Report::new("test").progress();
        let followed = Followed {
            folder: &Place::new(folder.path()),
            scratch: None,
            writers: 1,
            digest: false,
            name: "app",
            whole: Whole::default(),
        };
        let follower = Follower::start(&followed, progress).unwrap();
        follower.shared().fail(Failure::Room);
        let mut writes = Command::new("sleep");
        writes.arg("20");
        let child = Child::spawn(writes, "sleep").unwrap();
        follower.may_end(child.ender());
        assert!(!child.wait().unwrap().status.success());
    }
}
