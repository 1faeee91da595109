//! The user's own program (`--exec`): it gets each victim's record on stdin, and spares it by failing.

use std::io::Write;
use std::os::fd::AsFd;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use shared::programs::{self, Child};
use shared::{Context as _, Error, Result, signals};

use crate::record::Record;

/// How long the program may take to decide.
const PATIENCE: Duration = Duration::from_secs(30);

/// The program and its first arguments.
#[derive(Debug)]
pub struct Veto(Vec<std::ffi::OsString>);

impl Veto {
    /// Splits the command as a shell would; no shell runs it.
    pub fn of(command: &str) -> Result<Self> {
        let words = programs::words(command).context(|| "--exec".to_string())?;
        match words.is_empty() {
            true => Err(Error::usage("--exec: the command is empty")),
            false => Ok(Self(words)),
        }
    }

    /// Why the program spares this one; nothing if it lets it be ended. An error where it can't
    /// be asked.
    pub fn ask(&self, record: &Record) -> Result<Option<String>> {
        let mut line = serde_json::to_vec(record).map_err(|error| Error::new(error.to_string()))?;
        line.push(b'\n');
        let mut command = Command::new(&self.0[0]);
        command.args(&self.0[1..]).stdin(Stdio::piped());
        // Our stdout is for records alone.
        command.stdout(Stdio::from(std::io::stderr().as_fd().try_clone_to_owned()?));
        let mut child = Child::spawn(command, "the program of --exec")?;
        let mut input = child.stdin()?;
        // It need not read what it gets.
        thread::spawn(move || input.write_all(&line));
        wait(child)
    }
}

/// Waits for its decision; one that comes too late is a veto.
fn wait(child: Child) -> Result<Option<String>> {
    let late = Arc::new(AtomicBool::new(false));
    let is_late = Arc::clone(&late);
    let (done, is_done) = channel::<()>();
    let ender = child.ender();
    let clock = thread::spawn(move || {
        if is_done.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            is_late.store(true, Ordering::SeqCst);
            ender.end();
        }
    });
    let finished = child.wait();
    drop(done);
    // It ends at once: what it waits for is gone.
    let _ = clock.join();
    signals::check()?;
    let finished = finished?;
    if late.load(Ordering::SeqCst) {
        let seconds = PATIENCE.as_secs();
        return Ok(Some(format!(
            "{} took longer than {seconds} s",
            finished.name
        )));
    }
    if finished.status.success() {
        return Ok(None);
    }
    let said = finished.stderr.trim().lines().last().unwrap_or_default();
    let said = if said.is_empty() {
        String::new()
    } else {
        format!(": {said}")
    };
    Ok(Some(format!("{} {}{said}", finished.name, finished.end())))
}
