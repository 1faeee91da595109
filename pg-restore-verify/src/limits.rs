//! How long a backup may take, and how long nothing may happen.
//!
//! pg_restore can go round in circles for ever (in a tar file that was cut, say) with one core
//! busy all the time. So what tells is not that a process runs but that nobody gets on: no
//! session of the restore does anything on the server, and neither we nor the programs that we
//! started have read a byte.

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use postgres::Client;
use postgres::types::Type;
use shared::{Error, Result, signals, units};

use crate::cli::Limits;
use crate::server::{Database, Server};

/// Where nothing else was said.
const STALLED: Duration = Duration::from_secs(300);

/// What a server reads at once.
const PAGE: u64 = 8192;

/// What is looked at, once there is something.
pub type Watched = Arc<Mutex<Option<Seen>>>;

/// What is looked at. A server that nobody needs any more is not kept by it.
pub enum Seen {
    /// The sessions of a database.
    Sessions { server: Weak<Server>, name: String },
    /// What is read.
    Files,
    /// What is read by a server that takes no sessions yet, and for it; our first thread only
    /// looks again and again how far it is.
    Replay,
}

impl Seen {
    /// Of a throw-away server all of it is looked at: a backup may create its own database.
    pub fn new(database: &Database) -> Self {
        let server = database.server();
        let name = match server.is_ours() {
            true => String::new(),
            false => database.name().to_string(),
        };
        Self::Sessions {
            server: Arc::downgrade(server),
            name,
        }
    }
}

/// Watches over one backup until it is dropped.
pub struct Watch {
    shared: Arc<Shared>,
    timer: Option<JoinHandle<()>>,
}

struct Shared {
    began: Instant,
    /// When something happened last, in milliseconds from the beginning.
    progress: AtomicU64,
    ended: Mutex<bool>,
    ends: Condvar,
    is_over: AtomicBool,
}

impl Watch {
    /// Begins now.
    pub fn start(limits: &Limits, watched: &Watched) -> Result<Self> {
        *lock(watched) = None;
        let shared = Arc::new(Shared {
            began: Instant::now(),
            progress: AtomicU64::new(0),
            ended: Mutex::new(false),
            ends: Condvar::new(),
            is_over: AtomicBool::new(false),
        });
        let stalled = limits.stalled.unwrap_or(STALLED);
        let between = (stalled / 10).clamp(Duration::from_millis(20), Duration::from_secs(5));
        // Where the system does not tell what was read, none is taken for stalled.
        let looks = read_by_us(false).is_some();
        if looks {
            let (shared, watched) = (Arc::clone(&shared), Arc::clone(watched));
            // Not waited for: a server that hangs may never answer it.
            thread::Builder::new()
                .name("progress".into())
                .spawn(move || look(&shared, &watched, between))?;
        }
        let (state, total) = (Arc::clone(&shared), limits.total);
        let stalled = looks.then_some(stalled);
        let timer = thread::Builder::new()
            .name("limits".into())
            .spawn(move || time(&state, total, stalled, between))?;
        Ok(Self {
            shared,
            timer: Some(timer),
        })
    }

    /// Ends the watch.
    ///
    /// # Errors
    /// When the backup was given up, whatever else came of it.
    pub fn end(&mut self) -> Result<()> {
        *lock(&self.shared.ended) = true;
        self.shared.is_over.store(true, Relaxed);
        self.shared.ends.notify_all();
        if let Some(timer) = self.timer.take() {
            let _ = timer.join();
        }
        match signals::given_up() {
            Some(why) => {
                Err(Error::new(why)
                    .with_hint("--timeout and --stall-timeout say how long it may take"))
            }
            None => Ok(()),
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.end();
        signals::resume();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives up when it is time.
fn time(shared: &Shared, total: Option<Duration>, stalled: Option<Duration>, between: Duration) {
    let mut ended = lock(&shared.ended);
    while !*ended {
        let since = shared.began.elapsed();
        let idle = since.saturating_sub(Duration::from_millis(shared.progress.load(Relaxed)));
        let long = units::human_duration;
        let why = match (total, stalled) {
            (Some(limit), _) if since >= limit => Some(format!("given up after {}", long(limit))),
            (_, Some(limit)) if idle >= limit => Some(format!(
                "given up: for {} no session of the restore did anything, and nothing was read",
                long(limit)
            )),
            _ => None,
        };
        if let Some(why) = why {
            return signals::give_up(&why);
        }
        let left = total.map_or(between, |limit| limit.saturating_sub(since).min(between));
        let waited = shared
            .ends
            .wait_timeout(ended, left.max(Duration::from_millis(1)));
        ended = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
}

/// Notes when something happens.
fn look(shared: &Shared, watched: &Watched, between: Duration) {
    let mut session = None;
    let mut last_change = None;
    let mut before = Reading::default();
    while !shared.is_over.load(Relaxed) {
        let replays = matches!(&*lock(watched), Some(Seen::Replay));
        let mut now = Reading::take(replays);
        let knew = session.is_some();
        let is_active = is_active(watched, &mut session, &mut last_change);
        if now.is_beyond(&before) || is_active {
            let since = shared.began.elapsed().as_millis();
            shared
                .progress
                .store(u64::try_from(since).unwrap_or(u64::MAX), Relaxed);
        }
        if !knew {
            // Looking a host name up reads files, on another thread.
            now = Reading::take(replays);
        }
        before = now;
        thread::sleep(between);
    }
}

/// Whether a session of the restore does something, or may, or has since the last look: of many short
/// statements none need be seen.
fn is_active(
    watched: &Watched,
    asking: &mut Option<Client>,
    last_change: &mut Option<String>,
) -> bool {
    match ask(watched, asking) {
        Ok(Activity::Unknown(may_be)) => may_be,
        Ok(Activity::Seen { is_active, changed }) => {
            let has_changed = changed > *last_change;
            *last_change = changed;
            is_active || has_changed
        }
        Err(error) => {
            // Another one asks the next time.
            *asking = None;
            // A server that answers, be it that it has no room for us or starts again, may be at
            // work. One that is silent is not.
            error.sqlstate().is_some()
        }
    }
}

/// What is known of the restore's sessions.
enum Activity {
    /// Nothing; whether they may be at work.
    Unknown(bool),
    /// Whether one is at work, and when one last began or ended a statement.
    Seen {
        is_active: bool,
        changed: Option<String>,
    },
}

fn ask(watched: &Watched, asking: &mut Option<Client>) -> Result<Activity> {
    let (name, server) = match &*lock(watched) {
        Some(Seen::Sessions { server, name }) => (name.clone(), Weak::clone(server)),
        Some(Seen::Files | Seen::Replay) => return Ok(Activity::Unknown(false)),
        // Nothing is being restored yet; starting a server takes as long as it takes.
        None => return Ok(Activity::Unknown(true)),
    };
    let client = match asking {
        Some(client) => client,
        None => match server.upgrade() {
            Some(server) => asking.insert(server.connect_to_server()?),
            None => return Ok(Activity::Unknown(true)),
        },
    };
    let query = include_str!("../sql/activity.sql");
    let answer = client.query_typed(query, &[(&name, Type::TEXT)])?;
    Ok(answer.first().map_or(Activity::Unknown(true), |row| {
        let (is_active, changed) = (row.get(0), row.get(1));
        Activity::Seen { is_active, changed }
    }))
}

/// How many bytes were read so far: by us, by each program that we started, and by all processes
/// of a server of ours.
#[derive(Debug, Default)]
struct Reading {
    own: u64,
    programs: BTreeMap<u32, u64>,
    server: u64,
}

impl Reading {
    /// Whether more was read since. What this thread itself reads can't be told to the byte, and
    /// a server that does nothing looks for its own files each minute: less than a page.
    fn is_beyond(&self, before: &Self) -> bool {
        self.own > before.own + 64
            || self.programs != before.programs
            || self.server >= before.server + PAGE
    }

    fn take(replays: bool) -> Self {
        let processes = processes();
        let read = |pid: &u32| read_by(&pid.to_string()).unwrap_or(0);
        Self {
            programs: processes
                .programs
                .iter()
                .map(|pid| (*pid, read(pid)))
                .collect(),
            server: processes.of_a_server.iter().map(read).sum(),
            // Last, and without what this very thread reads.
            own: read_by_us(replays).unwrap_or(0),
        }
    }
}

fn read_by_us(replays: bool) -> Option<u64> {
    let all = read_by("self")?;
    let first = format!("self/task/{}", std::process::id());
    let first = if replays { read_by(&first)? } else { 0 };
    Some(all.saturating_sub(read_by("thread-self")?.saturating_add(first)))
}

fn read_by(process: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/io")).ok()?;
    text.lines()
        .find_map(|line| line.strip_prefix("rchar: "))?
        .parse()
        .ok()
}

/// The processes that we started, and what these started.
#[derive(Default)]
struct Processes {
    programs: Vec<u32>,
    /// What they do is not ours to judge by what they read, where sessions can be asked for.
    of_a_server: Vec<u32>,
}

fn processes() -> Processes {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let all: BTreeMap<u32, Process> = pids.filter_map(|pid| Some((pid, process(pid)?))).collect();
    let us = std::process::id();
    // Whether it is below us, and all between us are programs.
    let descent = |mut pid: u32| {
        let mut programs_only = true;
        // No process is its own ancestor; a number that is used again could make it seem so.
        for _ in 0..16 {
            let process = all.get(&pid)?;
            programs_only &= !matches!(process.name.as_str(), "postgres" | "sh");
            match process.parent == us {
                true => return Some(programs_only),
                false => pid = process.parent,
            }
        }
        None
    };
    let mut found = Processes::default();
    for (pid, process) in &all {
        match descent(*pid) {
            Some(true) => found.programs.push(*pid),
            Some(false) if process.name == "postgres" => found.of_a_server.push(*pid),
            _ => {}
        }
    }
    found
}

struct Process {
    name: String,
    parent: u32,
}

/// `pid (name) state ppid …`
fn process(pid: u32) -> Option<Process> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (head, rest) = stat.rsplit_once(')')?;
    Some(Process {
        name: head.split_once('(')?.1.to_string(),
        parent: rest.split_whitespace().nth(1)?.parse().ok()?,
    })
}
