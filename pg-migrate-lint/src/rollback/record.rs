//! A statement of a way back, as `--rollback-plan` writes it.

use serde::{Deserialize, Serialize};
use shared::cli::Terms;

use super::way::Stop;
use crate::finding::{Finding, Severity};
use crate::lint::Seen;
use crate::lock::{Blocks, Mode, Work};
use crate::record::cut;
use crate::rules::Group;
use crate::source::Source;

/// A statement, or a migration that has no way back.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Record {
    pub step: usize,
    pub file: Option<String>,
    pub version: String,
    pub name: Option<String>,
    pub line: Option<usize>,
    pub statement: Option<String>,
    pub severity: Option<String>,
    pub message: Option<String>,
    pub object: Option<String>,
    pub lock: Option<String>,
    pub effect: String,
    pub blocks: String,
    pub loses: Vec<String>,
    pub locks: Vec<Lock>,
    pub findings: Vec<Said>,
}

/// A lock on a relation.
#[derive(Debug, Serialize, Deserialize)]
pub struct Lock {
    pub object: String,
    pub lock: String,
    pub effect: String,
    pub blocks: String,
}

/// What a rule says of it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Said {
    pub rule: String,
    pub severity: String,
    pub message: String,
}

/// The fields, for the manual.
pub const FIELDS: Terms = &[
    ("step", "the migration's number on the way back, from 1"),
    (
        "file",
        "where its way back is; the file that went up where there is none",
    ),
    ("version", "as the framework's history table has it"),
    ("name", "what people call it"),
    ("line", "where the statement begins, from 1"),
    (
        "statement",
        "what is run; none for a migration that has no way back",
    ),
    (
        "severity",
        "error where there is no way back, or it would fail; warning where it loses something, or a rule has an error or a \
         warning; info; none where nothing is to be said",
    ),
    ("message", "what is wrong, in words"),
    (
        "object",
        "the relation on which the strongest lock is taken, of those that are there before it",
    ),
    ("lock", "that lock, as pg_locks names it"),
    (
        "effect",
        "the most that is done to all rows of any: none, scan or rewrite",
    ),
    (
        "blocks",
        "whose work waits meanwhile: none, writes or reads+writes",
    ),
    (
        "loses",
        "what running the migration again does not bring back: a list of words",
    ),
    (
        "locks",
        "all locks: each with object, lock, effect and blocks",
    ),
    (
        "findings",
        "what rules say of it: each with rule, severity and message",
    ),
];

/// Those that a terminal without room for all shows.
pub const TELLING: &[&str] = &["step", "file", "line", "lock", "object", "loses", "message"];

impl Record {
    /// Of a statement, and all that was seen of it.
    pub fn of_statement(source: &Source, start: usize, end: usize, seen: Vec<Seen>) -> Self {
        let text = source.text.get(start..end).unwrap_or_default();
        let mut record = Self {
            file: Some(source.path.clone()),
            line: Some(source.lines().line(start)),
            statement: Some(cut(text)),
            effect: Work::None.name().to_string(),
            blocks: Blocks::None.name().to_string(),
            ..Self::default()
        };
        let words = |text: String| source.with_placeholders(text);
        let mut strongest: Option<Mode> = None;
        let mut greatest = Work::None;
        for seen in seen {
            for lost in seen.lost.into_iter().map(words) {
                if !record.loses.contains(&lost) {
                    record.loses.push(lost);
                }
            }
            greatest = greatest.max(seen.impact.greatest_work());
            for (name, mode) in &seen.impact.locks {
                let of_it = seen.impact.work.iter().find(|(worked, _)| worked == name);
                let work = of_it.map_or(Work::None, |(_, work)| *work);
                let object = words(name.to_string());
                if strongest.is_none_or(|strongest| strongest < *mode) {
                    strongest = Some(*mode);
                    record.object = Some(object.clone());
                    record.lock = Some(mode.name().to_string());
                    record.blocks = mode.blocks().name().to_string();
                }
                record.add(Lock {
                    object,
                    lock: mode.name().to_string(),
                    effect: work.name().to_string(),
                    blocks: mode.blocks().name().to_string(),
                });
            }
        }
        record.effect = greatest.name().to_string();
        record
    }

    fn add(&mut self, lock: Lock) {
        let is_known = |known: &Lock| known.object == lock.object && known.lock == lock.lock;
        match self.locks.iter_mut().find(|known| is_known(known)) {
            Some(known) if known.effect == Work::None.name() => *known = lock,
            Some(_) => {}
            None => self.locks.push(lock),
        }
    }

    /// Of a line that the server refuses, as no parser has to see it.
    pub fn refused(source: &Source, line: usize, words: String) -> Self {
        let text = source.text.lines().nth(line.saturating_sub(1));
        Self {
            file: Some(source.path.clone()),
            line: Some(line),
            statement: text.map(|text| cut(text.trim())),
            severity: Some(Severity::Error.name().to_string()),
            message: Some(words),
            effect: Work::None.name().to_string(),
            blocks: Blocks::None.name().to_string(),
            ..Self::default()
        }
    }

    /// Of a migration that has nothing to run.
    pub fn without_statement(stop: &Stop) -> Self {
        let called = stop.called();
        let (severity, message) = match (stop.down().is_empty(), &stop.note) {
            (true, Some(note)) => (Severity::Error, format!("{called} has no way back: {note}")),
            (true, None) => (Severity::Error, format!("{called} has no way back")),
            (false, _) => (
                Severity::Warning,
                format!("the way back of {called} is empty: nothing of it is undone"),
            ),
        };
        Self {
            severity: Some(severity.name().to_string()),
            message: Some(message),
            effect: Work::None.name().to_string(),
            blocks: Blocks::None.name().to_string(),
            ..Self::default()
        }
    }

    /// Adds what rules say, and how bad all of it is.
    pub fn say(&mut self, findings: &[Finding]) {
        let own = self.severity.as_deref().and_then(Severity::from_name);
        let worst = findings.iter().map(priced).max().max(own);
        let lost = (!self.loses.is_empty()).then_some(Severity::Warning);
        self.severity = worst.max(lost).map(|severity| severity.name().to_string());
        let failing: Vec<&str> = findings
            .iter()
            .filter(|finding| priced(finding) == Severity::Error)
            .map(|finding| finding.message.as_str())
            .collect();
        if !failing.is_empty() {
            self.loses.clear();
            let place = match (&self.file, self.line) {
                (Some(file), Some(line)) => format!("{file}:{line}: "),
                _ => String::new(),
            };
            self.message = Some(format!("{place}{}", failing.join("; ")));
        }
        self.findings = findings
            .iter()
            .map(|finding| Said {
                rule: finding.rule.name.to_string(),
                severity: finding.severity.name().to_string(),
                message: finding.message.clone(),
            })
            .collect();
    }

    /// Adds what makes the way back of its migration doubtful.
    pub fn warn(&mut self, note: &str) {
        let own = self.message.take();
        let words = own.map_or(note.to_string(), |own| format!("{own}; {note}"));
        self.message = Some(words);
        let known = self.severity.as_deref().and_then(Severity::from_name);
        let severity = known.max(Some(Severity::Warning));
        self.severity = severity.map(|severity| severity.name().to_string());
    }

    /// Where on the way it is.
    pub fn stand(&mut self, stop: &Stop, step: usize) {
        self.step = step;
        self.version.clone_from(&stop.version);
        self.name.clone_from(&stop.name);
        if self.file.is_none() {
            let path = stop.migration.map(|migration| migration.path.display());
            self.file = path.map(|path| path.to_string());
        }
    }
}

/// How bad it is on a way back: what it locks and loses is its price, and an error is what fails.
fn priced(finding: &Finding) -> Severity {
    match finding.rule.group {
        Group::Correctness | Group::Transactions => finding.severity,
        _ => finding.severity.min(Severity::Warning),
    }
}
