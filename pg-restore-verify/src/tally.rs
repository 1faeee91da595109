//! How far a backup is, for whoever waits at a terminal.

use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use shared::cli::Context;
use shared::dump::QualifiedName;
use shared::units;

/// Between two looks.
const BETWEEN: Duration = Duration::from_millis(500);

/// The bytes of rows since what is done now began, whichever thread they went through.
static BYTES: AtomicU64 = AtomicU64::new(0);
static DOING: Mutex<Doing> = Mutex::new(Doing {
    what: String::new(),
    table: String::new(),
    since: None,
});

struct Doing {
    what: String,
    /// Whose rows came last.
    table: String,
    since: Option<Instant>,
}

/// Begins something else: `restoring app.dump`.
pub fn begin(what: String) {
    let mut doing = DOING.lock().unwrap_or_else(PoisonError::into_inner);
    *doing = Doing {
        what,
        table: String::new(),
        since: Some(Instant::now()),
    };
    BYTES.store(0, Relaxed);
}

/// Notes whose rows come now.
pub fn table(name: &QualifiedName) {
    let mut doing = DOING.lock().unwrap_or_else(PoisonError::into_inner);
    doing.table = name.to_string();
}

/// Notes rows of so many bytes.
pub fn add(bytes: u64) {
    BYTES.fetch_add(bytes, Relaxed);
}

/// Shows it until it is dropped; at a terminal only.
pub struct Shown(Option<(Sender<()>, JoinHandle<()>)>);

impl Shown {
    /// Begins to show it.
    pub fn start(context: &Context) -> Self {
        if !io::stderr().is_terminal() {
            return Self(None);
        }
        let progress = context.progress();
        let (end, ended) = mpsc::channel();
        let show = move || loop {
            progress.show(line);
            match ended.recv_timeout(BETWEEN) {
                Err(RecvTimeoutError::Timeout) => {}
                _ => return,
            }
        };
        // Without a thread for it nothing is shown.
        let shown = thread::Builder::new().name("shown".into()).spawn(show);
        Self(shown.ok().map(|thread| (end, thread)))
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        if let Some((end, thread)) = self.0.take() {
            drop(end);
            let _ = thread.join();
        }
    }
}

fn line() -> String {
    let doing = DOING.lock().unwrap_or_else(PoisonError::into_inner);
    let took = doing.since.map_or(Duration::ZERO, |since| since.elapsed());
    let mut line = doing.what.clone();
    let bytes = BYTES.load(Relaxed);
    if bytes > 0 {
        line.push_str(&format!(": {} of rows", units::human_bytes(bytes)));
    }
    if !doing.table.is_empty() {
        line.push_str(&format!(", {}", doing.table));
    }
    format!(
        "{line}, {}",
        units::human_duration(Duration::from_secs(took.as_secs()))
    )
}
