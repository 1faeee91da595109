//! Hands archived WAL to the server as it asks for it.
//!
//! The server runs `restore_command` by a shell, as its own user, who may not be able to read
//! the archive. So that command is a fixed script without any name of ours in it, which asks us
//! through a pipe; we find the file, unpack it, look it through and lay it beside the data.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use shared::cluster::{Draft, Owner};
use shared::{Context, Error, Result, signals};

use super::archive::{Archive, Segment};
use super::copy::{unpacked, write};
use super::limit::{Guard, Limit};
use super::pages::Head;
use crate::threads::lock;

const SCRIPT: &str = include_str!("fetch.sh");
/// What the server is told, which runs it in the folder of its data.
pub const COMMAND: &str = "sh ../fetch \"%f\" \"%p\"";
/// So much of a page is its header.
const HEAD: u64 = 40;
/// What is asked for, and the answer.
const PIPES: [&str; 2] = ["wanted", "given"];
/// No file of the server has this name: the end of the thread.
const END: &str = ".";

/// How long a thread that reads the archive is waited for when we are to stop.
const STOPS_WITHIN: Duration = Duration::from_secs(2);

/// Answers the server until it is dropped.
pub struct Fetcher {
    seen: Arc<Mutex<Seen>>,
    wanted: File,
    /// Disconnected once the thread has ended.
    ended: Receiver<()>,
}

/// What was asked for and given.
#[derive(Debug, Default, Clone)]
pub struct Seen {
    /// How many files of WAL the server got.
    pub files: u64,
    /// The furthest of them.
    pub last: Option<String>,
    /// The last file of WAL that it wanted and that is not there.
    pub missing: Option<String>,
    /// Why one that is there was not given.
    pub trouble: Option<Trouble>,
}

/// Why a file of WAL was not given.
#[derive(Debug, Clone)]
pub enum Trouble {
    /// It is damaged, or of another server.
    Damage { file: String, words: String },
    /// It would create a tablespace in a directory of ours: no more is given.
    Tablespace(Limit),
    /// It can't be read.
    Error(Error),
}

impl Fetcher {
    /// Begins to answer. WAL of another system than this one is refused. Whoever replays WAL to its
    /// end `needs_all` of it.
    pub fn start(
        archive: Archive,
        draft: &Draft,
        system: Option<u64>,
        guard: Guard,
        needs_all: bool,
    ) -> Result<Self> {
        let folder = draft.folder().to_path_buf();
        let owner = draft.owner();
        owner.make_folder(&folder.join("wal"))?;
        let script = folder.join("fetch");
        write(&mut owner.make_file(&script)?, SCRIPT.as_bytes(), &script)?;
        let [wanted, given] = PIPES.map(|name| folder.join(name));
        let open = |path: &Path| -> Result<File> {
            draft.make_pipe(path)?;
            // Both ends, so that neither opening nor reading it ever waits for the other side.
            let file = File::options().read(true).write(true).open(path);
            file.context(|| path.display().to_string())
        };
        let (wanted, given) = (open(&wanted)?, open(&given)?);
        let seen = Arc::new(Mutex::new(Seen::default()));
        let desk = Desk {
            archive,
            folder,
            owner,
            system,
            guard,
            needs_all,
            seen: Arc::clone(&seen),
        };
        let requests = BufReader::new(wanted.try_clone()?);
        let (ends, ended) = mpsc::channel();
        thread::Builder::new().spawn(move || {
            desk.answer(requests, given);
            drop(ends);
        })?;
        Ok(Self {
            seen,
            wanted,
            ended,
        })
    }

    /// What was asked for so far.
    pub fn seen(&self) -> Seen {
        lock(&self.seen).clone()
    }
}

impl Drop for Fetcher {
    fn drop(&mut self) {
        // Should it not arrive, the thread ends with us.
        if self
            .wanted
            .write_all(format!("{END}\n").as_bytes())
            .is_err()
        {
            return;
        }
        // Where we are to stop it may be reading what can't be read, for ever.
        while self.ended.recv_timeout(STOPS_WITHIN) == Err(RecvTimeoutError::Timeout)
            && signals::check().is_ok()
        {}
    }
}

/// Where requests are answered.
struct Desk {
    archive: Archive,
    folder: PathBuf,
    owner: Owner,
    system: Option<u64>,
    /// What must not be given.
    guard: Guard,
    needs_all: bool,
    seen: Arc<Mutex<Seen>>,
}

impl Desk {
    fn answer(mut self, mut requests: impl BufRead, mut given: File) {
        let mut closing = Closing {
            is_asked_for: false,
            folder: self.folder.clone(),
            seen: Arc::clone(&self.seen),
        };
        let mut line = String::new();
        while matches!(requests.read_line(&mut line), Ok(length) if length > 0) {
            let name = line.trim_end();
            if name == END {
                closing.is_asked_for = true;
                return;
            }
            let answer = match self.bring(name) {
                Ok(true) => "here\n",
                Ok(false) => "none\n",
                Err(trouble) => {
                    lock(&self.seen).trouble = Some(trouble);
                    "stop\n"
                }
            };
            if given.write_all(answer.as_bytes()).is_err() {
                return;
            }
            line.clear();
        }
    }

    /// Lays the file beside the data, if there is one.
    fn bring(&mut self, name: &str) -> std::result::Result<bool, Trouble> {
        let segment = Segment::parse(name);
        let own = self.own(name, segment)?;
        let Some(path) = self.archive.path(name).map(Path::to_path_buf) else {
            if let Some(segment) = segment {
                self.miss(name, segment);
            }
            // It takes that one then.
            return own.map_or(Ok(false), |limit| self.stop_at(limit).map(|()| false));
        };
        let mut bytes = read(&path)?;
        if let Some(segment) = segment {
            self.examine(&path, &bytes)?;
            let file = path.display().to_string();
            if let Some(limit) = self.guard.cut(file, segment, &mut bytes) {
                self.stop_at(limit)?;
                if bytes.is_empty() {
                    return Ok(false);
                }
            }
        }
        self.lay(name, &bytes).map_err(Trouble::Error)?;
        // At the end it wants the one with the last record again.
        let mut seen = lock(&self.seen);
        let last = seen.last.as_deref().and_then(Segment::parse);
        if segment.is_some_and(|segment| last.is_none_or(|last| segment.place() > last.place())) {
            seen.files += 1;
            seen.last = Some(name.to_string());
        }
        Ok(true)
    }

    /// What may not be replayed of the backup's own file of this name.
    fn own(
        &mut self,
        name: &str,
        segment: Option<Segment>,
    ) -> std::result::Result<Option<Limit>, Trouble> {
        let Some(segment) = segment else {
            return Ok(None);
        };
        let path = self.folder.join("data/pg_wal").join(name);
        let own = self.guard.cut_own(&path, name, segment);
        own.map_err(Trouble::Error)
    }

    /// The server can't replay what it never gets, and may reach its target before that.
    fn stop_at(&self, limit: Limit) -> std::result::Result<(), Trouble> {
        let trouble = Trouble::Tablespace(limit);
        if self.needs_all {
            return Err(trouble);
        }
        lock(&self.seen).trouble.get_or_insert(trouble);
        Ok(())
    }

    /// Of a place it wants the newest timeline's file first.
    fn miss(&self, name: &str, segment: Segment) {
        let mut seen = lock(&self.seen);
        let known = seen.missing.as_deref().and_then(Segment::parse);
        let is_newer =
            |known: Segment| known.place() == segment.place() && known.timeline > segment.timeline;
        if !known.is_some_and(is_newer) {
            seen.missing = Some(name.to_string());
        }
    }

    /// Whether it is WAL of this server.
    fn examine(&self, path: &Path, bytes: &[u8]) -> std::result::Result<(), Trouble> {
        let damaged = |words: String| Trouble::Damage {
            file: path.display().to_string(),
            words,
        };
        // The server's own folder has files that it made for later.
        if !bytes.is_empty() && bytes.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
        let head = Head::of(bytes).ok_or_else(|| damaged("it is no WAL".into()))?;
        if head.bytes != bytes.len() as u64 {
            let (is, should) = (bytes.len(), head.bytes);
            return Err(damaged(format!("it has {is} bytes instead of {should}")));
        }
        if self.system.is_some_and(|system| system != head.system) {
            let (is, should) = (head.system, self.system.unwrap_or_default());
            return Err(damaged(format!(
                "it is of another server: system identifier {is}, the backup's is {should}"
            )));
        }
        Ok(())
    }

    fn lay(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.folder.join("wal").join(name);
        // One that was given before and not fetched.
        if path.exists() {
            fs::remove_file(&path)?;
        }
        write(&mut self.owner.make_file(&path)?, bytes, &path)
    }
}

/// The end of answering. If nobody asked for it, whatever it was that ended us, the script must not
/// wait for an answer: its pipes go first, and then the end that we hold of them.
struct Closing {
    is_asked_for: bool,
    folder: PathBuf,
    seen: Arc<Mutex<Seen>>,
}

impl Drop for Closing {
    fn drop(&mut self) {
        if self.is_asked_for {
            return;
        }
        let why = || Trouble::Error(Error::new("the WAL archive is no longer read"));
        lock(&self.seen).trouble.get_or_insert_with(why);
        for pipe in PIPES {
            let _ = fs::remove_file(self.folder.join(pipe));
        }
    }
}

/// A file of the archive, unpacked.
pub fn read(path: &Path) -> std::result::Result<Vec<u8>, Trouble> {
    // No file of WAL is longer than 1 GiB.
    read_some(path, (1 << 30) + 1)
}

/// The beginning of its first page.
pub fn read_head(path: &Path) -> std::result::Result<Vec<u8>, Trouble> {
    read_some(path, HEAD)
}

fn read_some(path: &Path, most: u64) -> std::result::Result<Vec<u8>, Trouble> {
    let named = |error: io::Error| match error.raw_os_error() {
        Some(_) => Trouble::Error(Error::new(format!("{}: {error}", path.display()))),
        None => Trouble::Damage {
            file: path.display().to_string(),
            words: error.to_string(),
        },
    };
    let input = unpacked(path).map_err(Trouble::Error)?.map_err(named)?;
    let mut bytes = Vec::new();
    input.take(most).read_to_end(&mut bytes).map_err(named)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "000000010000000000000003";

    #[test]
    fn nobody_waits_for_a_thread_that_has_ended() {
        let draft = Draft::new().unwrap();
        let mut fetcher =
            Fetcher::start(Archive::default(), &draft, None, Guard::default(), true).unwrap();
        let ask = || {
            let mut timeout = draft.command(Path::new("timeout"));
            timeout.args(["20", "sh", "../fetch", NAME, "there"]);
            timeout.status().unwrap().code()
        };
        assert_eq!(ask(), Some(1));
        assert_eq!(fetcher.seen().missing.as_deref(), Some(NAME));
        // It can't be read as a line.
        fetcher.wanted.write_all(b"\xff\n").unwrap();
        assert_eq!(fetcher.ended.recv(), Err(mpsc::RecvError));
        assert_eq!(ask(), Some(200));
        assert!(matches!(fetcher.seen().trouble, Some(Trouble::Error(_))));
    }
}
