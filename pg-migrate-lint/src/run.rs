//! The run: what was named is read in order, linted, and written.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use shared::cli::Context;
use shared::{Error, Exit, Result};

use crate::asked::Asked;
use crate::baseline::Baseline;
use crate::cli::Options;
use crate::finding::{Finding, Severity};
use crate::fold::Folds;
use crate::layout;
use crate::lint::{Linter, Role};
use crate::output::Output;
use crate::pipeline::{self, Content, Part};
use crate::record::Record;
use crate::rules::Rule;
use crate::said::Said;
use crate::source::{Lines, Source};
use crate::stderr;
use crate::suppress::Suppressions;

/// The major versions on which the claims are tested.
const TESTED: RangeInclusive<u32> = 13..=18;

/// Lints all that was named.
pub fn lint(options: &Options, context: &Context) -> Result<Exit> {
    let asked = Asked::find(options, context)?;
    let version = options.version();
    if !TESTED.contains(&version.major) {
        let (first, last) = (TESTED.start(), TESTED.end());
        let major = version.major;
        context.warn(format!(
            "what is said of locks is tested on PostgreSQL {first} to {last}, not on {major}"
        ));
    }
    let mut run = Run::new(options, context)?;
    run.folders(&asked)?;
    let kept = stderr::Kept::aside();
    let outcome = pipeline::run(asked.inputs, |part| run.part(part));
    drop(kept);
    outcome?;
    run.finish(asked.files)
}

struct Run<'a> {
    options: &'a Options,
    context: &'a Context,
    linter: Linter,
    rules: Vec<&'static Rule>,
    output: Output,
    baseline: Baseline,
    suppressions: Suppressions,
    said: Said,
    folds: Folds,
    /// What is wrong with names and places of files, until these are read.
    of_files: HashMap<String, Vec<layout::Finding>>,
    counts: HashMap<Severity, usize>,
    known: usize,
    unread: Vec<Error>,
    fails: bool,
}

impl<'a> Run<'a> {
    fn new(options: &'a Options, context: &'a Context) -> Result<Self> {
        let rules = options.rules();
        let baseline = match &options.baseline {
            Some(path) => Baseline::read(path)?,
            None => Baseline::default(),
        };
        Ok(Self {
            options,
            context,
            linter: Linter::new(rules.clone(), options.version()),
            rules,
            output: Output::open(context),
            baseline,
            suppressions: Suppressions::default(),
            said: Said::default(),
            folds: Folds::default(),
            of_files: HashMap::new(),
            counts: HashMap::new(),
            known: 0,
            unread: Vec::new(),
            fails: false,
        })
    }

    /// Writes what is wrong with folders; what is about a file that will be read waits for its comments.
    fn folders(&mut self, asked: &Asked) -> Result<()> {
        let is_wanted = |finding: &&layout::Finding| {
            self.rules.iter().any(|rule| rule.name == finding.rule.name)
        };
        let findings: Vec<layout::Finding> =
            asked.findings.iter().filter(is_wanted).cloned().collect();
        if findings.is_empty() {
            return Ok(());
        }
        let read: HashSet<&PathBuf> = asked
            .inputs
            .iter()
            .filter_map(|input| match (&input.content, input.step.role) {
                (Content::File(part), Role::Asked) => Some(&part.path),
                _ => None,
            })
            .collect();
        for finding in findings {
            let name = finding.path.display().to_string();
            match read.contains(&finding.path) {
                true => self.of_files.entry(name).or_default().push(finding),
                false => {
                    // Its line is shown, if it is about one.
                    let text = finding.line.and_then(|_| fs::read(&finding.path).ok());
                    let source = Source::unsplit(name, text.unwrap_or_default());
                    let lines = source.lines();
                    self.write(Finding::of_folder(&finding, &lines), &source, &lines)?;
                }
            }
        }
        Ok(())
    }

    fn part(&mut self, part: Result<Part>) -> Result<()> {
        let part = match part {
            Ok(part) => part,
            Err(error) => {
                self.unread.push(error);
                return Ok(());
            }
        };
        let source = &*part.source;
        let mut found = Vec::new();
        if part.first == 0 {
            self.linter.start(source, part.step);
            found.extend(self.linter.unread(source));
            self.suppressions = Suppressions::of(source);
            self.said = Said::default();
            let of_file = self.of_files.remove(&source.path).unwrap_or_default();
            found.extend(
                of_file
                    .iter()
                    .map(|finding| Finding::of_folder(finding, &source.lines())),
            );
        }
        if part.step.role == Role::History {
            self.linter.remember(&part.parsed);
            return Ok(());
        }
        self.linter.expect(&part.parsed);
        for (place, parsed) in part.parsed.into_iter().enumerate() {
            self.linter
                .look(source, part.first + place, parsed, &mut found);
        }
        found.retain(|finding| !self.suppressions.silences(finding));
        found.retain(|finding| self.said.is_first(finding) || finding.rule.is_of_run());
        if part.is_last && part.step.role == Role::Asked {
            found.extend(std::mem::take(&mut self.suppressions).finish(&self.rules));
        }
        if found.is_empty() {
            return Ok(());
        }
        let lines = source.lines();
        found.into_iter().try_for_each(|finding| {
            match finding.rule.is_of_run() {
                true => self.fold(finding, source, &lines, part.step.project),
                false => self.write(finding, source, &lines)?,
            }
            Ok(())
        })
    }

    /// Keeps what is said once in a run until all is read.
    fn fold(&mut self, finding: Finding, source: &Source, lines: &Lines, project: usize) {
        let rule = finding.rule.name;
        if self.folds.takes(rule, &source.path, project) {
            return;
        }
        match self.record(finding, source, lines) {
            Some(record) => {
                let line = lines.text(record.line);
                self.folds.add(record, line, project);
            }
            None => self.folds.leave_out(rule, &source.path),
        }
    }

    fn write(&mut self, finding: Finding, source: &Source, lines: &Lines) -> Result<()> {
        match self.record(finding, source, lines) {
            Some(record) => {
                let line = lines.text(record.line);
                self.put(record, line)
            }
            None => Ok(()),
        }
    }

    /// The record of a finding, unless it is not wanted, or known.
    fn record(&mut self, mut finding: Finding, source: &Source, lines: &Lines) -> Option<Record> {
        if self.options.settings.leaves_out(&source.path, finding.rule) {
            return None;
        }
        if let Some(severity) = self.options.settings.severities.get(finding.rule.name) {
            finding.severity = *severity;
        }
        let record = Record::of(&finding, source, lines);
        if self.baseline.has(&record.fingerprint) {
            self.known += 1;
            return None;
        }
        Some(record)
    }

    fn put(&mut self, record: Record, line: &str) -> Result<()> {
        if let Some(severity) = Severity::from_name(&record.severity) {
            *self.counts.entry(severity).or_default() += 1;
            self.fails |= self.options.fail_on().counts(severity);
        }
        self.output.write(record, line)
    }

    fn finish(mut self, files: usize) -> Result<Exit> {
        for (record, line) in std::mem::take(&mut self.folds).finish() {
            self.put(record, &line)?;
        }
        self.output.finish()?;
        for error in &self.unread {
            self.context.report().error(error);
        }
        let count = |severity| self.counts.get(&severity).copied().unwrap_or(0);
        self.context.note(format!(
            "{files} files: {} errors, {} warnings, {} infos; {} known before",
            count(Severity::Error),
            count(Severity::Warning),
            count(Severity::Info),
            self.known
        ));
        Ok(match (self.unread.is_empty(), self.fails) {
            (false, _) => Exit::Incomplete,
            (true, true) => Exit::Found,
            (true, false) => Exit::Ok,
        })
    }
}
