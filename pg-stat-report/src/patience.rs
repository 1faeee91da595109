//! How long things may take, and whether a server has stopped in the middle.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use shared::{Error, Result};

/// So long after its time a statement's end may be under way: the server itself ends it, unless it has stopped.
const UNDER_WAY: Duration = Duration::from_secs(5);

/// How long things may take.
#[derive(Debug, Clone, Default)]
pub struct Patience {
    /// A section.
    pub section: Duration,
    /// When all has to be over.
    pub end: Option<Instant>,
    sessions: Sessions,
}

/// Until when what each session waits for has to have ended, for whoever watches from another thread; none where it
/// waits for nothing.
type Sessions = Arc<Mutex<HashMap<u64, Option<Instant>>>>;

/// A session that is watched as long as this lives.
#[derive(Debug)]
pub struct Watched {
    id: u64,
    sessions: Sessions,
}

impl Patience {
    /// So long for a section, and for all until then.
    pub fn new(section: Duration, end: Option<Instant>) -> Self {
        Self {
            section,
            end,
            sessions: Sessions::default(),
        }
    }

    /// The same, for sessions that are watched by themselves.
    pub fn of_one_server(&self) -> Self {
        Self::new(self.section, self.end)
    }

    /// Refuses what would begin after the end.
    pub fn check(&self) -> Result<()> {
        match self.end {
            Some(end) if end <= Instant::now() => Err(Error::new("the time of --deadline is over")),
            _ => Ok(()),
        }
    }

    /// Watches one more session, which has yet to be opened.
    pub fn watch(&self) -> Watched {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let id = NEXT.fetch_add(1, Relaxed);
        let sessions = Arc::clone(&self.sessions);
        locked(&sessions).insert(id, None);
        Watched { id, sessions }
    }

    /// Whether no session is left whose server ends statements when it is to.
    pub fn is_lost(&self) -> bool {
        let sessions = locked(&self.sessions);
        let is_late = |due: &Option<Instant>| due.is_some_and(|due| due <= Instant::now());
        !sessions.is_empty() && sessions.values().all(is_late)
    }
}

impl Watched {
    /// A statement begins, which the server ends after this time; zero: never.
    pub fn begin(&self, limit: Duration) {
        let due = Some(limit).filter(|limit| !limit.is_zero());
        self.expect(due.map(|limit| Instant::now() + limit + UNDER_WAY));
    }

    /// It has ended.
    pub fn end(&self) {
        self.expect(None);
    }

    fn expect(&self, due: Option<Instant>) {
        locked(&self.sessions).insert(self.id, due);
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        locked(&self.sessions).remove(&self.id);
    }
}

fn locked(sessions: &Sessions) -> MutexGuard<'_, HashMap<u64, Option<Instant>>> {
    sessions.lock().unwrap_or_else(PoisonError::into_inner)
}
