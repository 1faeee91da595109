//! A command that was started.

use std::io::Read;
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::output::Output;

/// A tool that is still running by then hangs.
const PATIENCE: Duration = Duration::from_secs(120);
const BETWEEN_LOOKS: Duration = Duration::from_millis(2);

/// A command that was started. Dropped before its end, it is killed.
pub struct Running {
    pub(crate) child: Child,
    pub(crate) words: String,
    pub(crate) stdout: Option<Collected>,
    pub(crate) stderr: Option<Collected>,
    pub(crate) _copy: Option<tempfile::TempDir>,
}

impl Running {
    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().cast_signed()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for the first lines that it writes to stdout. Its output at the end
    /// holds them too.
    #[track_caller]
    pub fn first_lines<const N: usize>(&mut self) -> [String; N] {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let stdout = self.stdout.as_ref().unwrap();
            let over = stdout.is_over() || Instant::now() > deadline;
            let lines = stdout.lines();
            if let Some(lines) = lines.first_chunk() {
                return lines.clone();
            }
            if over {
                self.child.kill().unwrap();
                let output = self.collect_output();
                panic!("fewer than {N} lines on stdout\n{output:?}");
            }
            thread::sleep(BETWEEN_LOOKS);
        }
    }

    /// The lines that it has written to stdout so far.
    pub fn lines(&self) -> Vec<String> {
        self.stdout.as_ref().map_or(Vec::new(), Collected::lines)
    }

    /// What it has written to stdout so far, the last line without its end too.
    pub fn written(&self) -> String {
        self.stdout
            .as_ref()
            .map_or(String::new(), Collected::written)
    }

    /// Waits for its end. One that does not end is killed and fails the test.
    #[track_caller]
    pub fn finish(self) -> Output {
        self.finish_within(PATIENCE)
    }

    /// The same for a script, which starts many programs one after the other.
    #[track_caller]
    pub fn finish_within(mut self, patience: Duration) -> Output {
        let deadline = Instant::now() + patience;
        let mut hung = false;
        while !self.has_ended() && !hung {
            hung = Instant::now() > deadline;
            thread::sleep(BETWEEN_LOOKS);
        }
        if hung {
            self.child.kill().unwrap();
        }
        let output = self.collect_output();
        assert!(!hung, "still running after {patience:?}\n{output:?}");
        output
    }

    fn collect_output(&mut self) -> Output {
        let bytes = self.stdout.take().map_or(Vec::new(), Collected::whole);
        let stderr = self.stderr.take().map_or(Vec::new(), Collected::whole);
        Output {
            command: self.words.clone(),
            status: self.child.wait().unwrap(),
            stdout: String::from_utf8_lossy(&bytes).into_owned(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
            bytes,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// What arrives in a pipe, collected by a thread.
pub(crate) struct Collected {
    written: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Collected {
    pub(crate) fn from(mut pipe: impl Read + Send + 'static) -> Self {
        let written = Arc::new(Mutex::new(Vec::new()));
        let collect = Arc::clone(&written);
        let reader = thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let length @ 1.. = pipe.read(&mut buffer).unwrap() {
                collect.lock().unwrap().extend_from_slice(&buffer[..length]);
            }
        });
        Self { written, reader }
    }

    fn is_over(&self) -> bool {
        self.reader.is_finished()
    }

    fn written(&self) -> String {
        let written = self.written.lock().unwrap();
        String::from_utf8_lossy(&written).into_owned()
    }

    /// The lines that are complete so far.
    fn lines(&self) -> Vec<String> {
        let text = self.written();
        let lines = text
            .split_inclusive('\n')
            .filter_map(|line| line.strip_suffix('\n'));
        lines.map(str::to_string).collect()
    }

    fn whole(self) -> Vec<u8> {
        self.reader.join().unwrap();
        std::mem::take(&mut *self.written.lock().unwrap())
    }
}
