//! The server's process: its supervisor, its readiness, its end.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use super::folder::Folder;
use super::user::ServerUser;
use crate::error::{Context, Error, Result};
use crate::signals;

const SUPERVISOR: &str = include_str!("supervisor.sh");
/// What the server may need of our environment. It gets nothing else: it may run
/// as another user, who has no business with our secrets.
const ENVIRONMENT: &[&str] = &[
    "PATH",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "DYLD_FALLBACK_LIBRARY_PATH",
];
const STARTS_WITHIN: Duration = Duration::from_secs(300);
const BETWEEN_LOOKS: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 2_000_000,
};
/// How much of the server's log an error shows.
const SHOWN_LINES: usize = 10;

/// A server and the script that watches over it. The server lasts as long as
/// the pipe to the script is open, and no longer than until a signal comes, so
/// that nobody waits for a query on it then.
#[derive(Debug)]
pub(super) struct Server {
    supervisor: Child,
    leash: Leash,
    alive: Option<ChildStderr>,
    _ended_by_signal: signals::Guard,
}

/// Our end of the pipe.
type Leash = Arc<Mutex<Option<ChildStdin>>>;

fn let_go(leash: &Leash) {
    drop(leash.lock().unwrap_or_else(PoisonError::into_inner).take());
}

impl Server {
    /// Copies the template and starts the server on the copy; without one, what is started
    /// waits for [`Self::go`].
    pub fn start(
        folder: &Folder,
        template: Option<&Path>,
        command: Vec<OsString>,
        user: &ServerUser,
    ) -> Result<Self> {
        let mut sh = clean_command("sh", user);
        sh.args(["-c", SUPERVISOR, "pg-throwaway"])
            .arg(&folder.path)
            .arg(template.unwrap_or(Path::new("")))
            .args(command)
            .current_dir(&folder.path)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(folder.lock.try_clone()?)
            .stderr(Stdio::piped());
        let mut supervisor = sh.spawn().context(|| "could not run sh".to_string())?;
        let leash = Arc::new(Mutex::new(supervisor.stdin.take()));
        let signalled = Arc::clone(&leash);
        Ok(Self {
            leash,
            alive: supervisor.stderr.take(),
            supervisor,
            _ended_by_signal: signals::on_signal(move |_| let_go(&signalled)),
        })
    }

    /// The data is there: the server may start.
    pub fn go(&self) -> Result<()> {
        self.tell("go\n")
    }

    /// Shuts the server down as one that is to start again; its folder stays.
    pub fn leave(self) -> Result<()> {
        self.tell("leave\n")
    }

    fn tell(&self, line: &str) -> Result<()> {
        let mut leash = self.leash.lock().unwrap_or_else(PoisonError::into_inner);
        match leash.as_mut() {
            Some(pipe) => pipe
                .write_all(line.as_bytes())
                .context(|| "the temporary server's supervisor".to_string()),
            None => Err(Error::interrupted()),
        }
    }

    /// Whether the server takes connections; an error once it is gone. Waits a moment.
    pub fn looks_ready(&mut self, folder: &Folder) -> Result<Option<bool>> {
        signals::check()?;
        if is_ready(&folder.path) {
            return Ok(Some(true));
        }
        Ok((!self.is_gone(&mut Vec::new())?).then_some(false))
    }

    /// Waits until the server takes connections.
    pub fn wait_ready(&mut self, folder: &Folder) -> Result<()> {
        let deadline = Instant::now() + STARTS_WITHIN;
        let mut complaint = Vec::new();
        while !is_ready(&folder.path) {
            signals::check()?;
            if self.is_gone(&mut complaint)? {
                return Err(not_started(folder, &complaint));
            }
            if Instant::now() > deadline {
                let seconds = STARTS_WITHIN.as_secs();
                return Err(Error::new(format!(
                    "the temporary server was not ready after {seconds} s"
                ))
                .with_detail(last_lines(folder)));
            }
        }
        Ok(())
    }

    /// Waits a moment for the pipe that the server holds to close.
    fn is_gone(&mut self, complaint: &mut Vec<u8>) -> Result<bool> {
        let Some(pipe) = &mut self.alive else {
            return Ok(true);
        };
        let mut watched = [PollFd::new(pipe, PollFlags::IN)];
        let events = poll(&mut watched, Some(&BETWEEN_LOOKS));
        match events.map_err(io::Error::from) {
            Ok(0) => Ok(false),
            Ok(_) => {
                let mut buffer = [0; 1024];
                let length = pipe.read(&mut buffer)?;
                complaint.extend_from_slice(&buffer[..length]);
                if length == 0 {
                    self.tell("ended\n")?;
                }
                Ok(length == 0)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl Drop for Server {
    /// Closes the pipe and waits until the supervisor has ended the server and
    /// removed its folder.
    fn drop(&mut self) {
        let_go(&self.leash);
        drop(self.alive.take());
        // Nothing can be done about a failure, and the folder's own drop removes what is left.
        let _ = self.supervisor.wait();
    }
}

/// A command with nothing of our environment that it has no need of.
pub(super) fn clean_command(program: impl AsRef<std::ffi::OsStr>, user: &ServerUser) -> Command {
    let mut command = Command::new(program);
    user.apply(&mut command);
    command.env_clear().env("LC_ALL", "C").env("TZ", "UTC");
    for name in ENVIRONMENT {
        if let Some(value) = env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

/// The eighth line of the file says so once the server takes connections.
fn is_ready(folder: &Path) -> bool {
    let text = fs::read_to_string(folder.join("data/postmaster.pid")).unwrap_or_default();
    text.lines()
        .nth(7)
        .is_some_and(|line| line.trim_end() == "ready")
}

fn not_started(folder: &Folder, complaint: &[u8]) -> Error {
    let complaint = String::from_utf8_lossy(complaint);
    // A full disk has a line for each file.
    let complaint: Vec<&str> = complaint.trim().lines().take(SHOWN_LINES).collect();
    let words = format!("{}\n{}", complaint.join("\n"), last_lines(folder));
    let error = Error::new("the temporary server did not start").with_detail(words.trim());
    if words.contains("No space left on device") {
        return error.with_hint("make room, or name another folder in TMPDIR");
    }
    error
}

fn last_lines(folder: &Folder) -> String {
    let log = fs::read(folder.path.join("log")).unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    let lines: Vec<&str> = log.trim_end().lines().collect();
    lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n")
}

/// Ends a server whose supervisor was killed, if it still runs.
pub(super) fn end(folder: &Path) {
    let Some(pid) = running(folder) else { return };
    let _ = kill_process(pid, Signal::QUIT);
    let deadline = Instant::now() + Duration::from_secs(10);
    while test_kill_process(pid).is_ok() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(5));
    }
}

/// The server of a folder, if it answers on its socket: a number in a file may
/// long be another process's.
fn running(folder: &Path) -> Option<Pid> {
    let text = fs::read_to_string(folder.join("data/postmaster.pid")).ok()?;
    let mut lines = text.lines();
    let pid = Pid::from_raw(lines.next()?.parse().ok()?)?;
    let port = lines.nth(2)?;
    UnixStream::connect(folder.join(format!(".s.PGSQL.{port}"))).ok()?;
    #[cfg(target_os = "linux")]
    if fs::read_link(format!("/proc/{}/cwd", pid.as_raw_nonzero())).ok()? != folder.join("data") {
        return None;
    }
    Some(pid)
}
