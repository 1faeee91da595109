//! What becomes of findings: those that a baseline knows are left out, the rest is counted and written, by a thread
//! of its own while the next statements are looked at.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread::{self, ScopedJoinHandle};

use shared::cli::Context;
use shared::{Error, Result};

use crate::baseline::Baseline;
use crate::cli::Options;
use crate::finding::{Finding, Severity};
use crate::output::Output;
use crate::record::Record;
use crate::source::{Lines, Source};

/// So many parts of files may wait to be written.
const WAITING: usize = 8;

/// Findings of a file, in order.
pub struct Found {
    /// The file.
    pub source: Arc<Source>,
    /// What is said of it.
    pub findings: Vec<Finding>,
}

/// The way to the report.
pub type Sender = SyncSender<Found>;

/// What was written.
pub struct Report<'a> {
    options: &'a Options,
    output: Output,
    baseline: Baseline,
    counts: HashMap<Severity, usize>,
    known: usize,
    fails: bool,
}

/// Runs what finds, with the way to the report; the report is complete when it comes back.
pub fn of<'a, T>(
    options: &'a Options,
    context: &Context,
    find: impl FnOnce(Sender) -> Result<T>,
) -> Result<(Report<'a>, T)> {
    let report = Report::new(options, context)?;
    thread::scope(|scope| {
        let (sender, found) = mpsc::sync_channel(WAITING);
        let writing = scope.spawn(move || report.write_all(&found));
        let outcome = find(sender);
        let report = joined(writing)?;
        Ok((report, outcome?))
    })
}

fn joined<T>(thread: ScopedJoinHandle<Result<T>>) -> Result<T> {
    let ended = thread.join();
    ended.unwrap_or_else(|_| Err(Error::new("the findings could not be written")))
}

/// Hands findings on; where nobody takes them any more, the report says why.
pub fn send(report: &Sender, source: Arc<Source>, findings: Vec<Finding>) -> Result<()> {
    match findings.is_empty() {
        true => Ok(()),
        false => report
            .send(Found { source, findings })
            .map_err(|_| Error::new("the findings can't be written any more")),
    }
}

impl<'a> Report<'a> {
    fn new(options: &'a Options, context: &Context) -> Result<Self> {
        let baseline = match &options.baseline {
            Some(path) => Baseline::read(path)?,
            None => Baseline::default(),
        };
        Ok(Self {
            options,
            output: Output::open(context),
            baseline,
            counts: HashMap::new(),
            known: 0,
            fails: false,
        })
    }

    fn write_all(mut self, found: &Receiver<Found>) -> Result<Self> {
        for Found { source, findings } in found {
            let lines = source.lines();
            for finding in findings {
                self.write(finding, &source, &lines)?;
            }
        }
        Ok(self)
    }

    fn write(&mut self, mut finding: Finding, source: &Source, lines: &Lines) -> Result<()> {
        if self.options.settings.leaves_out(&source.path, finding.rule) {
            return Ok(());
        }
        if let Some(severity) = self.options.settings.severities.get(finding.rule.name) {
            finding.severity = *severity;
        }
        let severity = finding.severity;
        let record = Record::of(finding, source, lines);
        if self.baseline.has(&record.fingerprint) {
            self.known += 1;
            return Ok(());
        }
        *self.counts.entry(severity).or_default() += 1;
        self.fails |= self.options.fail_on().counts(severity);
        let line = lines.text(record.line);
        self.output.write(record, line)
    }

    /// Completes the output.
    pub fn finish(self) -> Result<Summary> {
        self.output.finish()?;
        Ok(Summary {
            counts: self.counts,
            known: self.known,
            fails: self.fails,
        })
    }
}

/// What was found.
pub struct Summary {
    counts: HashMap<Severity, usize>,
    known: usize,
    /// Whether there was something that counts.
    pub fails: bool,
}

impl Summary {
    /// In words, after so many files.
    pub fn words(&self, files: usize) -> String {
        let count = |severity| self.counts.get(&severity).copied().unwrap_or(0);
        format!(
            "{files} files: {} errors, {} warnings, {} infos; {} known before",
            count(Severity::Error),
            count(Severity::Warning),
            count(Severity::Info),
            self.known
        )
    }
}
