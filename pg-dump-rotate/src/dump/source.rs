//! What pg_dump writes, read with an eye on how far it is.

use std::io::{self, Read};
use std::process::ChildStdout;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use shared::message::Progress;
use shared::programs::Ender;
use shared::units::human_bytes;

use crate::watch::Clock;

/// How much the pipe may hold: pg_dump writes little at a time, and each wait costs.
const PIPE_BYTES: usize = 1 << 20;

/// pg_dump writes 4 KiB at a time. Who reads each of them is woken for each, at the cost of both;
/// in such a moment a pipe of [`PIPE_BYTES`] does not become full at a GB a second.
const NAP: Duration = Duration::from_micros(400);
/// How long the pipe may be open and silent after the program's end.
const LINGERING: Duration = Duration::from_secs(3);
/// How often a silent pipe is looked after: what is shown of it stays true.
const LOOK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 200_000_000,
};
/// Where so much was there at once, more may be there already.
const MANY: usize = 128 << 10;

/// The table whose rows are passing.
#[derive(Debug, Clone, Default)]
pub struct Table(Arc<Mutex<String>>);

impl Table {
    /// Says what passes from now on.
    pub fn set(&self, name: &str) {
        name.clone_into(&mut self.name());
    }

    fn name(&self) -> MutexGuard<'_, String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The pipe from pg_dump.
pub struct Source {
    stdout: ChildStdout,
    progress: Progress,
    /// The database.
    name: String,
    table: Table,
    /// How much is expected.
    estimate: Option<u64>,
    bytes: u64,
    began: Instant,
    clock: Clock,
    /// Whether it is worth while to let the pipe fill up before the next look at it.
    is_wide: bool,
    is_drained: bool,
    program: Ender,
}

impl Source {
    /// The pipe, for a dump of so many bytes if that is known.
    pub fn new(
        stdout: ChildStdout,
        program: Ender,
        progress: Progress,
        name: &str,
        estimate: Option<u64>,
    ) -> Self {
        // A smaller one will do where the kernel allows no more.
        let size = rustix::pipe::fcntl_setpipe_size(&stdout, PIPE_BYTES);
        Self {
            stdout,
            progress,
            name: name.to_string(),
            table: Table::default(),
            estimate: estimate.filter(|bytes| *bytes > 0),
            bytes: 0,
            began: Instant::now(),
            clock: Clock::default(),
            is_wide: size.is_ok_and(|size| size >= PIPE_BYTES),
            is_drained: true,
            program,
        }
    }

    /// How long pg_dump is being waited for.
    pub fn clock(&self) -> Clock {
        self.clock.clone()
    }

    /// What of it is passing, for who finds it out.
    pub fn table(&self) -> Table {
        self.table.clone()
    }

    /// Whether pg_dump has closed its end; what it wrote until then is read away.
    pub fn is_at_end(&mut self) -> bool {
        matches!(self.read(&mut [0]), Ok(0))
    }

    /// Waits for more; false where the program has ended, and what it started keeps the pipe open
    /// without a word.
    fn is_more_to_come(&mut self) -> io::Result<bool> {
        if self.is_wide && self.is_drained && self.bytes > 0 {
            thread::sleep(NAP);
        }
        let (stdout, program) = (&self.stdout, &self.program);
        // All of it is silence.
        self.clock.time(|| {
            let mut ended_at: Option<Instant> = None;
            loop {
                // Before the wait: all that it wrote itself is in the pipe then.
                if program.has_ended() {
                    ended_at.get_or_insert_with(Instant::now);
                }
                let mut waited = [PollFd::new(stdout, PollFlags::IN)];
                match rustix::event::poll(&mut waited, Some(&LOOK)) {
                    Ok(0) if ended_at.is_some_and(|at| at.elapsed() > LINGERING) => {
                        return Ok(false);
                    }
                    Ok(0) => self.progress.show(|| self.line()),
                    Err(Errno::INTR) => {}
                    Ok(_) => return Ok(true),
                    Err(error) => return Err(error.into()),
                }
            }
        })
    }

    fn line(&self) -> String {
        let seconds = self.began.elapsed().as_secs_f64().max(0.001);
        let rate = human_bytes((self.bytes as f64 / seconds) as u64);
        let mut line = format!("{}: {}, {rate}/s", self.name, human_bytes(self.bytes));
        if let Some(estimate) = self.estimate {
            // The estimate is one; that nothing is left is only known at the end.
            let percent = (self.bytes as f64 * 100.0 / estimate as f64).min(99.0);
            line.push_str(&format!(", {percent:.0} %"));
        }
        let table = self.table.name();
        if !table.is_empty() {
            line.push_str(&format!(", {table}"));
        }
        line
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.is_more_to_come()? {
            return Ok(0);
        }
        let length = loop {
            match self.clock.time(|| self.stdout.read(buffer)) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.bytes += length as u64;
        self.is_drained = length < buffer.len().min(MANY);
        self.progress.show(|| self.line());
        Ok(length)
    }
}
