//! Counts what a log tells, report by report.

mod upkeep;

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use super::class;
use super::clock::Clock;
use super::entry::{Entry, Sink};
use super::grammar::Grammar;
use super::groups::{Group, Groups, Kind, Same};
use super::locks;
use super::refusals;
use super::severity::Severity;
use super::shape::{self, mix};
use super::statements::{self, Step, Told};
use super::sums::Sum;

/// So many sessions may have begun a statement whose duration is logged later.
const SESSIONS: usize = 50_000;

/// What was counted so far.
#[derive(Debug, Default)]
pub struct Tally {
    /// Everything alike, together.
    pub groups: Groups,
    /// All reports.
    pub all: Sum,
    /// Lines that belong to none.
    pub skipped: u64,
    /// The first of them.
    pub first_skipped: String,
    /// Reports in another language than English.
    pub foreign: u64,
    /// Reports whose time could not be read.
    pub untimed: u64,
    /// Connections.
    pub connections: Connections,
    clock: Clock,
    grammar: Grammar,
    /// Of each session, the statement whose duration will come.
    begun: HashMap<u32, u64, BuildHasherDefault<Same>>,
    /// Why the checkpoint that is running was begun.
    cause: Vec<u8>,
}

/// How many connections there were, and how many failed.
#[derive(Debug, Default, Clone, Copy)]
pub struct Connections {
    /// `connection received`
    pub received: u64,
    /// `connection authorized`
    pub authorized: u64,
    /// Those that were refused.
    pub failed: Sum,
}

impl Sink for Tally {
    fn entry(&mut self, entry: &Entry<'_>) {
        let at = self.clock.millis(entry.time);
        self.untimed += u64::from(at.is_none());
        self.all.add(at);
        self.foreign += u64::from(entry.is_foreign);
        match entry.severity {
            Severity::Log => self.log(entry, at),
            Severity::Error | Severity::Fatal | Severity::Panic => self.error(entry, at),
            Severity::Warning => self.message(Kind::Warning, entry, at),
            Severity::Debug | Severity::Info | Severity::Notice => {}
        }
    }

    fn skipped(&mut self, line: &[u8]) {
        const LONGEST: usize = 200;
        if self.skipped == 0 {
            self.first_skipped =
                String::from_utf8_lossy(&line[..line.len().min(LONGEST)]).into_owned();
        }
        self.skipped += 1;
    }
}

impl Tally {
    fn log(&mut self, entry: &Entry<'_>, at: Option<i64>) {
        if let Some(told) = statements::read(entry.message) {
            return self.statement(told, entry, at);
        }
        let is_known = match entry.message.first() {
            Some(b'c' | b'r' | b'd') => self.connection(entry, at) || self.checkpoint(entry, at),
            Some(b't') => self.temp_file(entry, at),
            Some(b'a') => self.autovacuum(entry, at),
            Some(b'p') => self.lock_wait(entry, at),
            _ => false,
        };
        if !is_known {
            self.refusal(entry, at);
            self.message(Kind::Event, entry, at);
        }
    }

    fn statement(&mut self, told: Told<'_>, entry: &Entry<'_>, at: Option<i64>) {
        let Some(sql) = told.sql else {
            return self.duration(told.micros.unwrap_or_default(), entry, at);
        };
        let (kind, name) = match told.step {
            Step::Execute => (Kind::Statement, "execute"),
            Step::Parse => (Kind::Preparation, "parse"),
            Step::Bind => (Kind::Preparation, "bind"),
            Step::Plan => (Kind::Plan, "plan"),
        };
        let step = told.step as u64;
        let key = shape::hash(sql).wrapping_add(step);
        let grammar = &mut self.grammar;
        let mut fingerprint = None;
        let other = || {
            fingerprint = grammar.fingerprint(sql);
            fingerprint.map(|print| mix(TAG_FINGERPRINT + step, &print.to_le_bytes()))
        };
        let group = self.groups.join(key, other, || Group {
            name: name.into(),
            text: shape::text(sql),
            ..Group::new(kind, entry)
        });
        group.fingerprint = group.fingerprint.or(fingerprint);
        group.sum.add(at);
        match told.micros {
            Some(micros) if group.sum.took(micros) => {
                group.show(entry, sql, parameters(entry.detail))
            }
            Some(_) => {}
            None => {
                if group.sum.count == 1 {
                    group.show(entry, sql, parameters(entry.detail));
                }
                self.begin(entry.pid, key);
            }
        }
    }

    /// The duration of a statement that was logged before, or of one that was not logged.
    fn duration(&mut self, micros: u64, entry: &Entry<'_>, at: Option<i64>) {
        let begun = self.begun.remove(&entry.pid);
        if let Some(group) = begun.and_then(|key| self.groups.find(key)) {
            group.sum.see(at);
            group.sum.took(micros);
            return;
        }
        let group = self.groups.get(UNLOGGED, || Group {
            name: "not logged".into(),
            ..Group::new(Kind::Statement, entry)
        });
        group.sum.add(at);
        if group.sum.took(micros) {
            group.show(entry, b"", b"");
        }
    }

    fn begin(&mut self, pid: u32, key: u64) {
        if self.begun.len() >= SESSIONS {
            self.begun.clear();
        }
        self.begun.insert(pid, key);
    }

    fn error(&mut self, entry: &Entry<'_>, at: Option<i64>) {
        self.begun.remove(&entry.pid);
        self.refusal(entry, at);
        if entry.sqlstate == b"40P01" || entry.message.starts_with(b"deadlock detected") {
            self.deadlock(entry, at);
        }
        self.message(Kind::Error, entry, at);
    }

    /// Any message, by its severity, SQLSTATE and class.
    fn message(&mut self, kind: Kind, entry: &Entry<'_>, at: Option<i64>) {
        let is_raised = is_raised(entry.context);
        let seed = entry.severity as u64 + 100 + u64::from(is_raised) * 100;
        let seed = mix(seed, entry.sqlstate);
        let key = class::hash(entry.message, seed);
        let group = self.groups.get(key, || Group {
            sqlstate: String::from_utf8_lossy(entry.sqlstate).into_owned(),
            text: class::text(entry.message),
            name: if is_raised { RAISED } else { "" }.into(),
            ..Group::new(kind, entry)
        });
        group.sum.add(at);
        if group.sum.count == 1 {
            let more = [entry.statement, entry.detail, entry.context];
            let more = more.into_iter().find(|text| !text.is_empty());
            group.show(entry, entry.message, more.unwrap_or_default());
        }
    }

    fn refusal(&mut self, entry: &Entry<'_>, at: Option<i64>) {
        let Some(reason) = refusals::reason(entry) else {
            return;
        };
        self.connections.failed.add(at);
        let key = mix(TAG_REFUSAL, reason.as_bytes());
        let group = self.groups.get(key, || Group {
            name: reason.into(),
            sqlstate: String::from_utf8_lossy(entry.sqlstate).into_owned(),
            ..Group::new(Kind::FailedConnection, entry)
        });
        group.sum.add(at);
        if group.sum.count == 1 {
            group.show(entry, entry.message, entry.detail);
        }
    }

    fn deadlock(&mut self, entry: &Entry<'_>, at: Option<i64>) {
        let statements = locks::deadlocked(entry.detail);
        let mut shapes: Vec<(u64, &[u8])> = statements
            .iter()
            .map(|sql| (shape::hash(sql), *sql))
            .collect();
        shapes.sort_unstable_by_key(|(hash, _)| *hash);
        let key = shapes
            .iter()
            .fold(TAG_DEADLOCK, |key, (hash, _)| mix(key, &hash.to_le_bytes()));
        let group = self.groups.get(key, || Group {
            name: String::from_utf8_lossy(locks::relation(entry.context).unwrap_or_default())
                .into_owned(),
            sqlstate: "40P01".into(),
            text: shapes
                .iter()
                .map(|(_, sql)| shape::text(sql))
                .collect::<Vec<_>>()
                .join("; "),
            ..Group::new(Kind::Deadlock, entry)
        });
        group.sum.add(at);
        group.show(entry, entry.statement, entry.detail);
    }

    fn lock_wait(&mut self, entry: &Entry<'_>, at: Option<i64>) -> bool {
        let Some(wait) = locks::wait(entry.message) else {
            return false;
        };
        let relation = locks::relation(entry.context).unwrap_or_default();
        let key = mix(mix(TAG_WAIT, wait.mode), wait.object.as_bytes());
        let key = mix(
            mix(key, relation),
            &shape::hash(entry.statement).to_le_bytes(),
        );
        let group = self.groups.get(key, || Group {
            name: wait_name(&wait, relation),
            text: shape::text(entry.statement),
            ..Group::new(Kind::LockWait, entry)
        });
        group.sum.see(at);
        match wait.acquired {
            None => group.sum.count += 1,
            Some(micros) => {
                let is_longest = group.sum.took(micros);
                group.sum.count = group.sum.count.max(group.sum.timed);
                if !is_longest {
                    return true;
                }
            }
        }
        let holders = if entry.detail.is_empty() {
            entry.message
        } else {
            entry.detail
        };
        group.show(entry, entry.statement, holders);
        true
    }

    fn temp_file(&mut self, entry: &Entry<'_>, at: Option<i64>) -> bool {
        if !entry.message.starts_with(b"temporary file: path ") {
            return false;
        }
        let Some((_, size)) = super::numbers::split(entry.message, b", size ") else {
            return false;
        };
        let bytes = super::numbers::leading(size).unwrap_or_default();
        let key = shape::hash(entry.statement).wrapping_add(TAG_TEMP);
        let group = self.groups.get(key, || Group {
            text: shape::text(entry.statement),
            ..Group::new(Kind::TempFile, entry)
        });
        group.sum.add(at);
        let is_largest = group.sum.count == 1 || bytes > group.sum.max_bytes;
        group.sum.weighed(bytes);
        if is_largest {
            group.show(entry, entry.statement, entry.message);
        }
        true
    }
}

/// The name of messages that a function makes.
pub const RAISED: &str = "RAISE";

/// Whether a function has made the message (RAISE), and not the server: `PL/pgSQL function f() line 1 at RAISE`.
fn is_raised(context: &[u8]) -> bool {
    let line = context.split(|byte| *byte == b'\n').next();
    let line = line.unwrap_or_default().trim_ascii_end();
    line.ends_with(b" RAISE") && memchr::memmem::find(line, b"PL/pgSQL").is_some()
}

/// The statement whose text is not in the log.
const UNLOGGED: u64 = 1;
const TAG_REFUSAL: u64 = 11;
const TAG_DEADLOCK: u64 = 12;
const TAG_WAIT: u64 = 13;
const TAG_TEMP: u64 = 14;
const TAG_FINGERPRINT: u64 = 31;

fn wait_name(wait: &locks::Wait<'_>, relation: &[u8]) -> String {
    let mut name = format!("{} on {}", String::from_utf8_lossy(wait.mode), wait.object);
    if !relation.is_empty() {
        name.push_str(" in ");
        name.push_str(&String::from_utf8_lossy(relation));
    }
    name
}

/// `$1 = '5'`, from DETAIL; the word before it has another case since 16.
fn parameters(detail: &[u8]) -> &[u8] {
    let known: [&[u8]; 2] = [b"Parameters: ", b"parameters: "];
    known
        .iter()
        .find_map(|word| detail.strip_prefix(*word))
        .unwrap_or_default()
}
