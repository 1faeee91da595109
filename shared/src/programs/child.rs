//! A running program that is ended with us, and what it said.

use std::io::{self, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};

use super::{install_hint, leash};
use crate::error::{Context, Error, Result};
use crate::signals;

/// How much of what a program says on stderr is kept: its last words.
const KEPT_BYTES: usize = 64 * 1024;
/// How many lines of it an error shows.
const SHOWN_LINES: usize = 12;
/// How long a program may take to end by itself after SIGTERM.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long stderr may stay open after the program's end, held by what it started.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A program that runs beside us. Dropped before its end, it and what it started
/// are ended: by SIGTERM, and by SIGKILL if that is not heeded.
#[derive(Debug)]
pub struct Child {
    process: std::process::Child,
    name: String,
    alive: Arc<Alive>,
    said: Said,
    _ended_by_signal: signals::Guard,
}

impl Child {
    /// Starts the command. `name` is what errors call it. Its stderr is ours.
    pub fn spawn(mut command: Command, name: &str) -> Result<Self> {
        command.stderr(Stdio::piped());
        let program = command.get_program().to_string_lossy().into_owned();
        let mut process = leash::spawn(command).context(|| format!("could not run {program}"))?;
        let stderr = process.stderr.take();
        let pid = i32::try_from(process.id()).ok().and_then(Pid::from_raw);
        let alive = Arc::new(Alive(Mutex::new(pid)));
        let target = Arc::clone(&alive);
        let mut child = Self {
            process,
            name: name.to_string(),
            alive,
            said: Said::default(),
            _ended_by_signal: signals::on_signal(move |_| target.signal(Signal::TERM)),
        };
        // Where that fails, the child is ended.
        child.said = Said::listen(stderr).context(|| "could not start a thread".into())?;
        Ok(child)
    }

    /// The end of the pipe that reads what the program writes, if its stdout was
    /// made a pipe. It can be taken once.
    pub fn stdout(&mut self) -> Result<ChildStdout> {
        let taken = self.process.stdout.take();
        taken.ok_or_else(|| Error::new(format!("the output of {} is not at hand", self.name)))
    }

    /// The end of the pipe that the program reads, if its stdin was made a pipe.
    /// It can be taken once.
    pub fn stdin(&mut self) -> Result<ChildStdin> {
        let taken = self.process.stdin.take();
        taken.ok_or_else(|| Error::new(format!("the input of {} is not at hand", self.name)))
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// What can end the program from another thread.
    pub fn ender(&self) -> Ender {
        Ender(Arc::clone(&self.alive))
    }

    /// Waits for the program's end.
    pub fn wait(mut self) -> Result<Finished> {
        drop(self.process.stdin.take());
        let status = self
            .reap(WaitIdOptions::empty())
            .transpose()
            .unwrap_or_else(|| self.process.wait())
            .context(|| format!("waiting for {}", self.name))?;
        Ok(Finished {
            name: self.name.clone(),
            status,
            stderr: self.said.last_words(),
        })
    }

    /// Takes the status of a program that has ended. Whoever may send a signal is
    /// told first: afterwards the number may be another process's.
    fn reap(&mut self, options: WaitIdOptions) -> io::Result<Option<ExitStatus>> {
        let Some(pid) = *self.alive.lock() else {
            return self.process.try_wait();
        };
        let options = options | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let ended =
            rustix::io::retry_on_intr(|| rustix::process::waitid(WaitId::Pid(pid), options))?;
        if ended.is_none() {
            return Ok(None);
        }
        *self.alive.lock() = None;
        self.process.wait().map(Some)
    }

    fn ends_within(&mut self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        loop {
            if !matches!(self.reap(WaitIdOptions::NOHANG), Ok(None)) {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.alive.lock().is_none() {
            return;
        }
        drop(self.process.stdin.take());
        self.alive.signal(Signal::TERM);
        if !self.ends_within(PATIENCE) {
            self.alive.signal(Signal::KILL);
            self.ends_within(PATIENCE);
        }
    }
}

/// Ends a program that somebody else waits for.
#[derive(Debug, Clone)]
pub struct Ender(Arc<Alive>);

impl Ender {
    /// Ends the program and what it started: by SIGTERM, and by SIGKILL if it is still there a
    /// little later.
    pub fn end(&self) {
        self.0.signal(Signal::TERM);
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline && self.0.lock().is_some() {
            thread::sleep(Duration::from_millis(10));
        }
        self.0.signal(Signal::KILL);
    }

    /// Whether the program itself has ended; what it started may go on.
    pub fn has_ended(&self) -> bool {
        let Some(pid) = *self.0.lock() else {
            return true;
        };
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        let ended =
            rustix::io::retry_on_intr(|| rustix::process::waitid(WaitId::Pid(pid), options));
        ended.is_ok_and(|ended| ended.is_some())
    }
}

/// The process while it can be signalled without hitting another.
#[derive(Debug)]
struct Alive(Mutex<Option<Pid>>);

impl Alive {
    fn lock(&self) -> MutexGuard<'_, Option<Pid>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Signals the program and everything it started.
    fn signal(&self, signal: Signal) {
        if let Some(pid) = *self.lock() {
            // It may have ended meanwhile, which is what was wanted.
            let _ = rustix::process::kill_process_group(pid, signal);
            // One that was stopped hears of it only once it goes on.
            let _ = rustix::process::kill_process_group(pid, Signal::CONT);
        }
    }
}

/// The end of what was written to a pipe, collected by a thread.
#[derive(Debug)]
struct Said {
    kept: Arc<Mutex<Vec<u8>>>,
    closed: Receiver<()>,
}

impl Default for Said {
    fn default() -> Self {
        Self {
            kept: Arc::default(),
            closed: channel().1,
        }
    }
}

impl Said {
    fn listen(pipe: Option<ChildStderr>) -> io::Result<Self> {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let (open, closed) = channel();
        let keep = Arc::clone(&kept);
        thread::Builder::new().spawn(move || {
            let _open: std::sync::mpsc::Sender<()> = open;
            let mut buffer = [0; 4096];
            let mut pipe = pipe;
            while let Some(length) = pipe.as_mut().and_then(|pipe| pipe.read(&mut buffer).ok()) {
                if length == 0 {
                    break;
                }
                let mut kept = keep.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(&buffer[..length]);
                let surplus = kept.len().saturating_sub(KEPT_BYTES);
                kept.drain(..surplus);
            }
        })?;
        Ok(Self { kept, closed })
    }

    fn last_words(&self) -> String {
        // Closed means that the thread has read everything.
        let _: std::result::Result<(), RecvTimeoutError> = self.closed.recv_timeout(LAST_WORDS);
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&kept).into_owned()
    }
}

/// A program that has ended.
#[derive(Debug)]
pub struct Finished {
    /// What errors call the program.
    pub name: String,
    /// How it ended.
    pub status: ExitStatus,
    /// The end of what it wrote to stderr.
    pub stderr: String,
}

impl Finished {
    /// The error of a program that did not succeed: `what` was being done, how
    /// the program ended, and its own last words as detail.
    pub fn success_or(self, what: impl FnOnce() -> String) -> Result<Self> {
        if self.status.success() {
            return Ok(self);
        }
        let mut error = Error::new(format!("{}: {} {}", what(), self.name, self.end()));
        let words = self.last_lines();
        if !words.is_empty() {
            error = error.with_detail(words);
        }
        Err(match mismatch(&self.stderr) {
            Some(server) => error.with_hint(install_hint(&self.name, Some(server))),
            None => error,
        })
    }

    /// The error of a program that somebody killed: it says nothing about its job.
    pub fn not_killed(&self) -> Result<()> {
        match self.status.signal() {
            Some(_) => Err(Error::new(format!("{} {}", self.name, self.end()))
                .with_hint("was the machine out of memory? see the kernel's log")),
            None => Ok(()),
        }
    }

    /// How the program ended, in words.
    pub fn end(&self) -> String {
        match (self.status.code(), self.status.signal()) {
            (Some(code), _) => format!("ended with status {code}"),
            (None, Some(signal)) => format!("was ended by signal {signal}"),
            (None, None) => "ended".to_string(),
        }
    }

    /// The first error and what follows it, such as a long query, or else the last lines.
    fn last_lines(&self) -> String {
        let lines: Vec<&str> = self.stderr.trim_end().lines().collect();
        let is_error = |line: &&str| {
            let words = line.strip_prefix(self.name.as_str());
            words.is_some_and(|words| words.starts_with(": error: "))
        };
        let last = lines.len().saturating_sub(SHOWN_LINES);
        let start = lines.iter().position(is_error).unwrap_or(last).min(last);
        let shown = &lines[start..];
        shown[..shown.len().min(SHOWN_LINES)].join("\n")
    }
}

/// The major version of a server that was too new for the program.
fn mismatch(stderr: &str) -> Option<u32> {
    let (_, server) = stderr.split_once("server version: ")?;
    stderr.contains("server version mismatch").then_some(())?;
    super::Version::parse(server).map(|version| version.major)
}
