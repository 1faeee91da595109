//! The user's own program (`--exec`): it gets each victim's record on stdin, and spares it by failing.
//!
//! A shell runs the command, for `… | grep -q …` is what one writes there; nothing of a record comes into its
//! words.

use std::io::Write;
use std::os::fd::AsFd;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use shared::programs::{Child, Finished};
use shared::{Error, Result, signals};

use crate::record::Record;

/// How long the program may take to decide.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a shell says of a command that it can't run, and of one that it can't find.
const NOT_RUN: [i32; 2] = [126, 127];

/// The command.
#[derive(Debug)]
pub struct Veto(String);

impl Veto {
    /// It is not run yet.
    pub fn of(command: &str) -> Result<Self> {
        match command.trim().is_empty() {
            true => Err(Error::usage("--exec: the command is empty")),
            false => Ok(Self(command.to_string())),
        }
    }

    /// Why the program spares this one; nothing if it lets it be ended. An error where it can't
    /// be asked.
    pub fn ask(&self, record: &Record) -> Result<Option<String>> {
        let mut line = serde_json::to_vec(record).map_err(|error| Error::new(error.to_string()))?;
        line.push(b'\n');
        let mut command = Command::new("sh");
        command.args(["-c", &self.0]).stdin(Stdio::piped());
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
    let said = format!(
        "{} {}{}",
        finished.name,
        finished.end(),
        last_word(&finished)
    );
    let status = finished.status.code();
    match status.is_some_and(|status| NOT_RUN.contains(&status)) {
        true => {
            Err(Error::new(said).with_hint("it can't be run, and nobody is ended without its word"))
        }
        false => Ok(Some(said)),
    }
}

/// What it said last.
fn last_word(finished: &Finished) -> String {
    let last = finished.stderr.trim().lines().last();
    last.map_or_else(String::new, |last| format!(": {last}"))
}
