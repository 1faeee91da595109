//! `--background-load`: a reader and a writer of each table that is touched, who try all the time and never wait, and
//! when they would have had to.
//!
//! To try without waiting (NOWAIT) says the same as a wait that is timed, whatever else the machine does: a try fails
//! only while somebody holds, or waits for, what it conflicts with.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use postgres::Client;
use postgres::error::SqlState;

/// So long between two tries.
const BETWEEN: Duration = Duration::from_millis(1);

/// What is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// SELECT.
    Reader,
    /// INSERT, UPDATE, DELETE.
    Writer,
}

impl Part {
    fn sql(self, table: &str) -> String {
        let sql = match self {
            Self::Reader => include_str!("../../sql/rehearse_reader.sql"),
            Self::Writer => include_str!("../../sql/rehearse_writer.sql"),
        };
        sql.replace(":table", table)
    }
}

/// When somebody would have waited.
#[derive(Debug)]
struct Wait {
    began: Instant,
    /// When the last try that failed began: it was so until then at least.
    last_try: Instant,
    /// None where he still would.
    ended: Option<Instant>,
}

impl Wait {
    /// How much of it is between two moments; nothing where no try that failed is, since what ended before the first of
    /// them is known to have ended only when the next try succeeds.
    fn within(&self, from: Instant, to: Instant) -> Duration {
        if self.last_try < from {
            return Duration::ZERO;
        }
        let ended = self.ended.unwrap_or(to).min(to);
        ended.saturating_duration_since(self.began.max(from))
    }
}

type Waits = Arc<Mutex<Vec<Wait>>>;

/// One who tries all the time.
struct Trier {
    waits: Waits,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Trier {
    fn start(mut client: Client, sql: String) -> Self {
        let waits = Waits::default();
        let stop = Arc::new(AtomicBool::new(false));
        let (seen, stopped) = (Arc::clone(&waits), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                let began = Instant::now();
                match client.batch_execute(&sql) {
                    Ok(()) => end(&seen),
                    Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                        fail(&seen, began);
                    }
                    // The table is gone or is called otherwise, or the session has ended.
                    Err(_) => break,
                }
                thread::sleep(BETWEEN);
            }
            end(&seen);
        });
        Self {
            waits,
            stop,
            thread: Some(thread),
        }
    }

    /// How long somebody would have waited between these two moments.
    fn waited(&self, from: Instant, to: Instant) -> Duration {
        let waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        waits.iter().map(|wait| wait.within(from, to)).sum()
    }
}

impl Drop for Trier {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn fail(waits: &Waits, at: Instant) {
    let mut waits = waits.lock().unwrap_or_else(PoisonError::into_inner);
    match waits.last_mut() {
        Some(wait) if wait.ended.is_none() => wait.last_try = at,
        _ => waits.push(Wait {
            began: at,
            last_try: at,
            ended: None,
        }),
    }
}

fn end(waits: &Waits) {
    let mut waits = waits.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(wait) = waits.last_mut() {
        wait.ended.get_or_insert_with(Instant::now);
    }
}

/// All who try.
#[derive(Default)]
pub struct Load {
    triers: BTreeMap<(String, Part), Trier>,
}

/// So many tables have somebody who tries.
pub const TABLES: usize = 20;

impl Load {
    /// Begins to read and write a table, as SQL names it, unless that is done already. Whether there was room for it.
    pub fn add(&mut self, table: &str, mut open: impl FnMut() -> Option<Client>) -> bool {
        for part in [Part::Reader, Part::Writer] {
            let key = (table.to_string(), part);
            if self.triers.contains_key(&key) {
                continue;
            }
            if self.triers.len() >= 2 * TABLES {
                return false;
            }
            let Some(client) = open() else {
                return false;
            };
            self.triers
                .insert(key, Trier::start(client, part.sql(table)));
        }
        true
    }

    /// How long somebody would have waited for one of these tables between two moments, the longest of them; none where
    /// nobody tried.
    pub fn waited(
        &self,
        tables: &[&str],
        part: Part,
        from: Instant,
        to: Instant,
    ) -> Option<Duration> {
        let own = self
            .triers
            .iter()
            .filter(|((table, one), _)| *one == part && tables.contains(&table.as_str()));
        own.map(|(_, trier)| trier.waited(from, to)).max()
    }
}
