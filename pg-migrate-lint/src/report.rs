//! What becomes of findings: those that a baseline knows are left out, what is said once in a file or in a run is kept
//! until its end, the rest is counted and written, by a thread of its own while the next statements are looked at.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread::{self, ScopedJoinHandle};

use shared::cli::Context;
use shared::{Error, Result};

use crate::baseline::Baseline;
use crate::cli::Options;
use crate::finding::{Finding, Severity};
use crate::fix::{Fix, files};
use crate::fold::Folds;
use crate::gather::Gathered;
use crate::layout::Writer;
use crate::output::Output;
use crate::record::Record;
use crate::source::{Lines, Source};

/// So many parts of files may wait to be written.
const WAITING: usize = 4;

/// Findings of a file, in order.
pub struct Found {
    /// The file.
    pub source: Arc<Source>,
    /// The number of its project.
    pub project: usize,
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
    folds: Folds,
    gathered: Gathered,
    /// How further migrations of the projects are written.
    writers: HashMap<usize, Writer>,
    /// Projects of which a fix has been given as files: the next one stands on what they make of the folder.
    fixed: HashSet<usize>,
    looked: files::Looked,
    /// What may turn out not to be true, by number.
    waiting: Vec<(usize, Waiting)>,
    counts: HashMap<Severity, usize>,
    known: usize,
    /// Tables of which nothing is known, and that are taken for tables in use.
    assumed: BTreeSet<String>,
    fails: bool,
}

/// A record that is not written yet.
struct Waiting {
    record: Record,
    line: String,
    /// Its fix and where the statement is, until they are written out.
    fix: Option<(Fix, files::Place)>,
    project: usize,
    /// Whether it may be said together with others of its file.
    joins: bool,
}

/// Runs what finds, with the way to the report; the report is complete when it comes back.
pub fn of<'a, T>(
    options: &'a Options,
    context: &Context,
    writers: HashMap<usize, Writer>,
    find: impl FnOnce(Sender) -> Result<T>,
) -> Result<(Report<'a>, T)> {
    let report = Report::new(options, context, writers)?;
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
pub fn send(
    report: &Sender,
    source: Arc<Source>,
    project: usize,
    findings: Vec<Finding>,
) -> Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    let found = Found {
        source,
        project,
        findings,
    };
    report
        .send(found)
        .map_err(|_| Error::new("the findings can't be written any more"))
}

impl<'a> Report<'a> {
    fn new(
        options: &'a Options,
        context: &Context,
        writers: HashMap<usize, Writer>,
    ) -> Result<Self> {
        let baseline = match &options.baseline {
            Some(path) => Baseline::read(path)?,
            None => Baseline::default(),
        };
        Ok(Self {
            options,
            output: Output::open(context),
            baseline,
            folds: Folds::default(),
            gathered: Gathered::default(),
            writers,
            fixed: HashSet::new(),
            looked: None,
            waiting: Vec::new(),
            counts: HashMap::new(),
            known: 0,
            assumed: BTreeSet::new(),
            fails: false,
        })
    }

    fn write_all(mut self, found: &Receiver<Found>) -> Result<Self> {
        for found in found {
            let source = &*found.source;
            let lines = source.lines();
            for finding in found.findings {
                match finding.rule.is_of_run() {
                    true => self.fold(finding, source, &lines, found.project),
                    false => self.write(finding, source, &lines, found.project)?,
                }
            }
        }
        Ok(self)
    }

    /// Keeps what is said once in a run until all is read.
    fn fold(&mut self, finding: Finding, source: &Source, lines: &Lines, project: usize) {
        let rule = finding.rule.name;
        if self.folds.takes(rule, &source.path, project) {
            return;
        }
        match self.record(finding, source, lines, project) {
            Some(mut waiting) => {
                self.lay_out(&mut waiting);
                self.folds.add(waiting.record, &waiting.line, project);
            }
            None => self.folds.leave_out(rule, &source.path),
        }
    }

    fn write(
        &mut self,
        finding: Finding,
        source: &Source,
        lines: &Lines,
        project: usize,
    ) -> Result<()> {
        let pending = finding.pending;
        let Some(waiting) = self.record(finding, source, lines, project) else {
            return Ok(());
        };
        match pending {
            Some(number) => {
                self.waiting.push((number, waiting));
                Ok(())
            }
            None => self.put_fixed(waiting),
        }
    }

    /// The record of a finding, unless it is not wanted, or known.
    fn record(
        &mut self,
        mut finding: Finding,
        source: &Source,
        lines: &Lines,
        project: usize,
    ) -> Option<Waiting> {
        if self.options.settings.leaves_out(&source.path, finding.rule) {
            return None;
        }
        let severity = self.options.settings.severities.get(finding.rule.name);
        // That the table is small is said of it, whatever the rule's findings are else.
        if let Some(severity) = severity.filter(|_| !finding.is_lowered) {
            finding.severity = *severity;
        }
        let (range, frame) = (finding.start..finding.end, finding.frame);
        let assumed = finding.assumed.take();
        let fix = finding.fix.take();
        let joins = finding.rule.is_gathered();
        let record = Record::of(finding, source, lines);
        if self.baseline.has(&record.fingerprint) {
            self.known += 1;
            return None;
        }
        self.assumed.extend(assumed);
        let path = record.file.clone();
        let place = files::Place { path, range, frame };
        Some(Waiting {
            line: lines.text(record.line).to_string(),
            record,
            fix: fix.map(|fix| (fix, place)),
            project,
            joins,
        })
    }

    /// Writes its fix as words, and as files where it is the first of its project that can be.
    fn lay_out(&mut self, waiting: &mut Waiting) {
        let Some((fix, place)) = waiting.fix.take() else {
            return;
        };
        if !place.frame.is_shared {
            waiting.record.fix = Some(fix.text());
            return;
        }
        let writer = self.writers.get(&waiting.project);
        let laid = writer.and_then(|writer| files::lay_out(&fix, &place, writer, &mut self.looked));
        let Some(laid) = laid else {
            waiting.record.fix = Some(fix.within_transaction());
            return;
        };
        waiting.record.fix = Some(laid.text);
        if !laid.files.is_empty() && self.fixed.insert(waiting.project) {
            waiting.record.fix_files = Some(laid.files);
        }
    }

    fn put_fixed(&mut self, mut waiting: Waiting) -> Result<()> {
        self.lay_out(&mut waiting);
        if self.gathered.is_over(&waiting.record.file) {
            self.put_gathered()?;
        }
        self.gathered
            .add(waiting.record, &waiting.line, waiting.joins);
        Ok(())
    }

    fn put_gathered(&mut self) -> Result<()> {
        let mut all = self.gathered.take();
        all.try_for_each(|(record, line)| self.put(record, &line))
    }

    fn put(&mut self, record: Record, line: &str) -> Result<()> {
        if let Some(severity) = Severity::from_name(&record.severity) {
            *self.counts.entry(severity).or_default() += 1;
            self.fails |= self.options.fail_on().counts(severity);
        }
        self.output.write(record, line)
    }

    /// Completes the output: what had to wait comes now, but for what is settled, and last what is said once in a run.
    pub fn finish(mut self, settled: &HashSet<usize>) -> Result<Summary> {
        for (number, waiting) in std::mem::take(&mut self.waiting) {
            if !settled.contains(&number) {
                self.put_fixed(waiting)?;
            }
        }
        self.put_gathered()?;
        for (record, line) in std::mem::take(&mut self.folds).finish() {
            self.put(record, &line)?;
        }
        self.output.finish()?;
        Ok(Summary {
            counts: self.counts,
            known: self.known,
            assumed: self.assumed,
            fails: self.fails,
        })
    }
}

/// What was found.
pub struct Summary {
    counts: HashMap<Severity, usize>,
    known: usize,
    assumed: BTreeSet<String>,
    /// Whether there was something that counts.
    pub fails: bool,
}

impl Summary {
    /// What was assumed of tables that no migration makes, in words.
    pub fn assumption(&self) -> Option<String> {
        let first: Vec<&str> = self.assumed.iter().take(3).map(String::as_str).collect();
        let others = self.assumed.len() - first.len();
        let tables = match (first.as_slice(), others) {
            ([], _) => return None,
            ([one], _) => (*one).to_string(),
            ([before @ .., last], 0) => format!("{} and {last}", before.join(", ")),
            (all, others) => format!("{} and {others} more", all.join(", ")),
        };
        let (which, them) = match self.assumed.len() {
            1 => ("is taken for a table", "it"),
            _ => ("are taken for tables", "them"),
        };
        Some(format!(
            "nothing is known of {tables}, which {which} in use: no migration that was read makes {them}"
        ))
    }

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
