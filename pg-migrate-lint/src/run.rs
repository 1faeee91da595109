//! The run: what was named is read in order, linted, and written.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use shared::cli::Context;
use shared::{Context as _, Error, Exit, Result};

use crate::baseline::Baseline;
use crate::cli::Options;
use crate::finding::{Finding, Severity};
use crate::lint::Linter;
use crate::output::Output;
use crate::pipeline::{self, Input, Part};
use crate::record::Record;
use crate::rules::Rule;
use crate::source::{Lines, Source};
use crate::stderr;
use crate::suppress::Suppressions;

/// Lints all that was named.
pub fn lint(options: &Options, context: &Context) -> Result<Exit> {
    let inputs = inputs(options, context)?;
    let count = inputs.len();
    let mut run = Run::new(options, context)?;
    let kept = stderr::Kept::aside();
    let outcome = pipeline::run(inputs, |part| run.part(part));
    drop(kept);
    outcome?;
    run.finish(count)
}

struct Run<'a> {
    options: &'a Options,
    context: &'a Context,
    linter: Linter,
    rules: Vec<&'static Rule>,
    output: Output,
    baseline: Baseline,
    suppressions: Suppressions,
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
            counts: HashMap::new(),
            known: 0,
            unread: Vec::new(),
            fails: false,
        })
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
        if part.first == 0 {
            self.linter.start(source, self.options.wrapping());
            self.suppressions = Suppressions::of(source);
        }
        self.linter.expect(&part.parsed);
        let mut found = Vec::new();
        for (place, parsed) in part.parsed.into_iter().enumerate() {
            self.linter
                .look(source, part.first + place, parsed, &mut found);
        }
        found.retain(|finding| !self.suppressions.silences(finding));
        if part.is_last {
            found.extend(std::mem::take(&mut self.suppressions).finish(&self.rules));
        }
        if found.is_empty() {
            return Ok(());
        }
        let lines = source.lines();
        found
            .into_iter()
            .try_for_each(|finding| self.write(finding, source, &lines))
    }

    fn write(&mut self, mut finding: Finding, source: &Source, lines: &Lines) -> Result<()> {
        if self.options.settings.leaves_out(&source.path, finding.rule) {
            return Ok(());
        }
        if let Some(severity) = self.options.settings.severities.get(finding.rule.name) {
            finding.severity = *severity;
        }
        let record = Record::of(&finding, source, lines);
        if self.baseline.has(&record.fingerprint) {
            self.known += 1;
            return Ok(());
        }
        *self.counts.entry(finding.severity).or_default() += 1;
        self.fails |= self.options.fail_on().counts(finding.severity);
        let line = lines.text(record.line);
        self.output.write(record, line)
    }

    fn finish(self, files: usize) -> Result<Exit> {
        self.output.finish()?;
        for error in &self.unread {
            self.context.warn(error.in_one_line());
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

/// What was named, in order: of a folder the `.sql` files by their names.
fn inputs(options: &Options, context: &Context) -> Result<Vec<Input>> {
    let mut inputs = Vec::new();
    for path in &options.paths {
        match path.as_os_str() == "-" {
            true => {
                let mut bytes = Vec::new();
                context
                    .stdin()
                    .read_to_end(&mut bytes)
                    .context(|| "standard input".to_string())?;
                inputs.push(Input::Text("-".to_string(), bytes));
            }
            false => named(path, &mut inputs)?,
        }
    }
    if let Some(path) = &options.files_from {
        for name in list(path, context)? {
            named(Path::new(&name), &mut inputs)?;
        }
    }
    Ok(inputs)
}

fn named(path: &Path, inputs: &mut Vec<Input>) -> Result<()> {
    let name = || path.display().to_string();
    let metadata = fs::metadata(path).context(name)?;
    if !metadata.is_dir() {
        inputs.push(Input::File(path.to_path_buf()));
        return Ok(());
    }
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in walkdir::WalkDir::new(path).sort_by_file_name() {
        let entry = entry.map_err(|error| Error::new(error.to_string()))?;
        let is_sql = entry
            .path()
            .extension()
            .is_some_and(|end| end.eq_ignore_ascii_case("sql"));
        if entry.file_type().is_file() && is_sql {
            files.push(entry.into_path());
        }
    }
    if files.is_empty() {
        return Err(Error::new(format!(
            "{}: there is no .sql file in this folder",
            name()
        )));
    }
    inputs.extend(files.into_iter().map(Input::File));
    Ok(())
}

fn list(path: &Path, context: &Context) -> Result<Vec<String>> {
    let read = |reader: Box<dyn std::io::BufRead>| -> Result<Vec<String>> {
        let lines: std::io::Result<Vec<String>> = reader.lines().collect();
        let lines = lines.context(|| path.display().to_string())?;
        let is_sql = |line: &String| line.to_ascii_lowercase().ends_with(".sql");
        Ok(lines.into_iter().filter(is_sql).collect())
    };
    match path.as_os_str() == "-" {
        true => read(Box::new(context.stdin())),
        false => {
            let file = fs::File::open(path).context(|| path.display().to_string())?;
            read(Box::new(BufReader::new(file)))
        }
    }
}
