//! What became of those who were signalled: looked at until each is gone, or nobody waits for it any more,
//! or its time is over.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime};

use postgres::types::{ToSql, Type};
use shared::time::Time;
use shared::{Result, signals};

use crate::connection::Connection;
use crate::forest::{Forest, Who};
use crate::outcome::Outcome;
use crate::signal::{Guard, Signal};
use crate::snapshot::{self, Snapshot};

/// A victim takes about two milliseconds to be gone.
const FIRST_STEP: Duration = Duration::from_millis(2);
const LONGEST_STEP: Duration = Duration::from_millis(100);

/// Somebody who was signalled.
#[derive(Debug, Clone)]
pub struct Quarry {
    /// Who.
    pub guard: Guard,
    /// How.
    pub signal: Signal,
    /// Whether somebody waited for it.
    pub blocked: bool,
    /// How it came out, once that is known.
    pub outcome: Option<(Outcome, Option<String>)>,
    /// Whether the cancelled statement has ended.
    pub statement_is_over: bool,
}

/// How a process is found.
struct Seen {
    backend_start: Option<Time>,
    xact_start: Option<Time>,
    query_start: Option<Time>,
    state: Option<String>,
}

impl Quarry {
    /// It was just signalled.
    pub fn new(guard: Guard, signal: Signal, blocked: bool) -> Self {
        Self {
            guard,
            signal,
            blocked,
            outcome: None,
            statement_is_over: false,
        }
    }

    /// Whether we still wait for it.
    pub fn is_open(&self) -> bool {
        self.outcome.is_none()
    }

    fn close(&mut self, outcome: Outcome, words: Option<&str>) {
        self.outcome = Some((outcome, words.map(str::to_string)));
    }

    /// What is known from the table of sessions alone; whether the locks have to be looked at.
    fn judge(&mut self, seen: Option<&Seen>) -> bool {
        let Some(seen) = seen.filter(|seen| seen.backend_start == Some(self.guard.backend_start))
        else {
            let words = (self.signal == Signal::Cancel).then_some("the session ended, too");
            self.close(Outcome::Ended, words);
            return false;
        };
        if self.signal == Signal::Terminate {
            return false;
        }
        let runs = seen.state.as_deref() == Some("active");
        let same = seen.xact_start == self.guard.xact_start
            && self
                .guard
                .query_start
                .is_none_or(|start| seen.query_start == Some(start));
        self.statement_is_over = !(runs && same);
        if self.statement_is_over && !self.blocked {
            self.close(Outcome::Ended, Some("its statement; the session goes on"));
        }
        self.statement_is_over && self.is_open()
    }
}

/// Waits until it is known of all of them, or until `patience` is over; those of whom it isn't stay open.
pub fn pursue(
    connection: &mut Connection,
    quarries: &mut [&mut Quarry],
    patience: Duration,
) -> Result<()> {
    let deadline = Instant::now() + patience;
    let mut step = FIRST_STEP;
    loop {
        let is_last = Instant::now() >= deadline;
        let seen = poll(connection, quarries)?;
        let mut looks = false;
        for quarry in quarries.iter_mut().filter(|quarry| quarry.is_open()) {
            looks |= quarry.judge(seen.get(&quarry.guard.pid));
        }
        if looks {
            let snapshot = snapshot::take(connection, false)?;
            free(quarries, &snapshot);
        }
        if is_last || !quarries.iter().any(|quarry| quarry.is_open()) {
            return Ok(());
        }
        let left = deadline.saturating_duration_since(Instant::now());
        signals::sleep(step.min(left))?;
        step = (step * 3 / 2).min(LONGEST_STEP);
    }
}

/// Those whose statement is over and for whom nobody waits any more.
fn free(quarries: &mut [&mut Quarry], snapshot: &Snapshot) {
    let forest = Forest::of(snapshot);
    let blocking = forest.nodes.iter().filter(|node| node.blocking > 0);
    let pids: Vec<i32> = blocking
        .filter_map(|node| match node.who {
            Who::Session(place) => Some(snapshot.sessions[place].pid),
            Who::Prepared(_) => None,
        })
        .collect();
    for quarry in quarries.iter_mut().filter(|quarry| quarry.is_open()) {
        if quarry.statement_is_over && !pids.contains(&quarry.guard.pid) {
            quarry.close(Outcome::Freed, Some("the session goes on"));
        }
    }
}

fn poll(connection: &mut Connection, quarries: &[&mut Quarry]) -> Result<HashMap<i32, Seen>> {
    let open = quarries.iter().filter(|quarry| quarry.is_open());
    let pids: Vec<i32> = open.map(|quarry| quarry.guard.pid).collect();
    let query = include_str!("../sql/poll.sql");
    let rows = connection.ask(move |server| {
        let pids = [(&pids as &(dyn ToSql + Sync), Type::INT4_ARRAY)];
        Ok(server.client().query_typed(query, &pids)?)
    })?;
    rows.iter()
        .map(|row| {
            let time = |column: &str| {
                let time: Option<SystemTime> = row.try_get(column)?;
                Ok::<_, shared::Error>(time.map(Time::from))
            };
            let seen = Seen {
                backend_start: time("backend_start")?,
                xact_start: time("xact_start")?,
                query_start: time("query_start")?,
                state: row.try_get("state")?,
            };
            Ok((row.try_get("pid")?, seen))
        })
        .collect()
}
