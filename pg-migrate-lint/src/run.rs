//! The run: what was named is read in order, linted, and handed to the report.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;

use shared::cli::Context;
use shared::{Error, Exit, Result};

use crate::asked::Asked;
use crate::cli::Options;
use crate::effects::Version;
use crate::finding::Finding;
use crate::layout;
use crate::lint::{Linter, Role};
use crate::pipeline::{self, Content, Part};
use crate::report;
use crate::rules::Rule;
use crate::sizes::{Queue, Sizes};
use crate::source::Source;
use crate::suppress::Suppressions;

/// The major versions on which the claims are tested.
const TESTED: RangeInclusive<u32> = 13..=18;

/// Lints all that was named.
pub fn lint(options: &Options, context: &Context) -> Result<Exit> {
    let mut asked = Asked::find(options, context)?;
    let sizes = Sizes::of(options, context)?;
    let version = options.version(sizes.as_ref().map(Sizes::version));
    if !TESTED.contains(&version.major) {
        let (first, last) = (TESTED.start(), TESTED.end());
        let major = version.major;
        context.warn(format!(
            "what is said of locks is tested on PostgreSQL {first} to {last}, not on {major}"
        ));
    }
    let files = asked.files;
    let writers = std::mem::take(&mut asked.writers);
    let (report, (unread, settled)) = report::of(options, context, writers, |report| {
        let mut run = Run::new(options, version, Queue::new(report, sizes));
        run.folders(&asked)?;
        let outcome = pipeline::run(asked.inputs, |part| run.part(part));
        run.queue.flush()?;
        let Run {
            mut linter, unread, ..
        } = run;
        let settled = linter.finish();
        // The process is about to end: to take apart all that is known would cost a twentieth of the run.
        std::mem::forget(linter);
        outcome.map(|()| (unread, settled))
    })?;
    let summary = report.finish(&settled)?;
    for error in &unread {
        context.report().error(error);
    }
    if let Some(assumption) = summary.assumption() {
        context.remark(assumption);
    }
    context.note(summary.words(files));
    Ok(match (unread.is_empty(), summary.fails) {
        (false, _) => Exit::Incomplete,
        (true, true) => Exit::Found,
        (true, false) => Exit::Ok,
    })
}

/// The flag of the command line that names a server, if one does.
pub fn names_server(context: &Context) -> Option<&'static str> {
    let connect = &context.common.connect;
    let given = [
        ("-d", connect.dbname.is_some()),
        ("-h", connect.host.is_some()),
        ("-p", connect.port.is_some()),
        ("-U", connect.user.is_some()),
    ];
    let flag = given.iter().find(|(_, is_given)| *is_given);
    flag.map(|(flag, _)| *flag)
}

struct Run {
    queue: Queue,
    linter: Linter,
    rules: Vec<&'static Rule>,
    suppressions: Suppressions,
    /// What is wrong with names and places of files, until these are read.
    of_files: HashMap<String, Vec<layout::Finding>>,
    unread: Vec<Error>,
}

impl Run {
    fn new(options: &Options, version: Version, queue: Queue) -> Self {
        let rules = options.rules();
        Self {
            linter: Linter::new(rules.clone(), version).asking(queue.asks()),
            queue,
            rules,
            suppressions: Suppressions::default(),
            of_files: HashMap::new(),
            unread: Vec::new(),
        }
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
                    let finding = Finding::of_folder(&finding, &source.lines());
                    self.queue.put(Arc::new(source), 0, true, vec![finding])?;
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
        self.linter.expect(part.ahead);
        for (place, parsed) in part.parsed.into_iter().enumerate() {
            self.linter
                .look(source, part.first + place, parsed, &mut found);
        }
        found.retain(|finding| !self.suppressions.silences(finding));
        if part.is_last && part.step.role == Role::Asked {
            found.extend(std::mem::take(&mut self.suppressions).finish(&self.rules));
        }
        self.queue
            .put(part.source, part.step.project, part.first == 0, found)
    }
}
