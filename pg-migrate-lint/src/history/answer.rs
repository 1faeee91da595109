//! What `--status` and `--pending` write, and what speaks against running what is pending.

use std::collections::BTreeMap;

use shared::cli::Context;
use shared::records::Writer;
use shared::{Error, Exit, Result};

use super::Question;
use super::entry::Entry;
use super::keeping::Keeping;
use super::psql;
use super::record::{Record, TELLING};
use crate::cli::Options;
use crate::finding::Severity;
use crate::layout::{self, Layout, Project};

/// So many reasons not to run anything are said.
const REASONS: usize = 10;

/// What is to be written, and what speaks against it.
pub struct Answer<'a> {
    question: Question,
    options: &'a Options,
    records: Vec<Record>,
    states: BTreeMap<&'static str, usize>,
    /// Why the status is 1; of `--pending`, why nothing is written.
    reasons: Vec<String>,
}

impl<'a> Answer<'a> {
    /// An answer without records.
    pub fn new(question: Question, options: &'a Options) -> Self {
        Self {
            question,
            options,
            records: Vec::new(),
            states: BTreeMap::new(),
            reasons: Vec::new(),
        }
    }

    /// Adds what became of a project's migrations.
    ///
    /// Whoever names a file may run it only where its project would go on with it: what is wrong anywhere in it counts.
    pub fn add(
        &mut self,
        keeping: &Keeping,
        project: &Project,
        place: Option<&str>,
        entries: Vec<Entry>,
    ) -> Result<()> {
        let is_asked = |entry: &Entry| match entry.migration {
            Some(migration) => migration.asked,
            None => project.whole,
        };
        let is_pending = self.question == Question::Pending;
        // What nobody asked to run, and comes before what somebody did.
        let mut left_out: Option<String> = None;
        for entry in entries {
            let is_asked = is_asked(&entry);
            let severity = entry.state.severity();
            let is_wrong = severity.is_some_and(|severity| self.options.fail_on().counts(severity));
            if is_wrong && (is_asked || is_pending) {
                let words = entry.message.clone();
                self.reasons
                    .push(words.unwrap_or_else(|| entry.version.clone()));
            }
            if !is_asked {
                if entry.state.is_next() {
                    left_out = left_out.or_else(|| entry.file_name());
                }
                continue;
            }
            *self.states.entry(entry.state.name()).or_default() += 1;
            if is_pending {
                if !entry.state.is_next() {
                    continue;
                }
                let first = left_out.as_ref().zip(entry.file_name());
                if let Some((left_out, name)) = first.filter(|_| self.is_strict()) {
                    self.reasons.push(format!(
                        "{left_out} is pending as well, and comes before {name}, which was named"
                    ));
                }
                self.reasons.extend(self.hindrance(keeping.layout, &entry)?);
            }
            self.records.push(record(keeping, place, severity, entry));
        }
        Ok(())
    }

    /// Whether anybody wants to know what is wrong.
    fn is_strict(&self) -> bool {
        self.options.fail_on().counts(Severity::Error)
    }

    /// Why psql can't run it, unless nobody wants to know.
    fn hindrance(&self, layout: Layout, entry: &Entry) -> Result<Option<String>> {
        match entry.migration {
            Some(migration) if self.is_strict() => psql::hindrance(layout, migration),
            _ => Ok(None),
        }
    }

    /// Whether a file is to be run.
    pub fn names_files(&self) -> bool {
        self.question == Question::Pending && self.reasons.is_empty() && !self.records.is_empty()
    }

    /// Writes it.
    pub fn write(self, context: &Context) -> Result<Exit> {
        let is_stopped = self.question == Question::Pending && !self.reasons.is_empty();
        let mut writer: Writer<Record> = context.records().telling(TELLING);
        if !is_stopped {
            for record in &self.records {
                writer.write(record)?;
            }
        }
        writer.finish()?;
        let counts: Vec<String> = (self.states.iter())
            .map(|(state, count)| format!("{count} {}", state.replace('_', " ")))
            .collect();
        context.note(counts.join(", "));
        if is_stopped {
            for reason in self.reasons.iter().take(REASONS) {
                context.report().error(&Error::new(reason.clone()));
            }
            let more = self.reasons.len().saturating_sub(REASONS);
            let more = match more {
                0 => String::new(),
                more => format!(" ({more} more reasons: --status has them all)"),
            };
            context.warn(format!(
                "it is not safe to run what is pending: no file is named{more}"
            ));
        }
        Ok(match self.reasons.is_empty() {
            true => Exit::Ok,
            false => Exit::Found,
        })
    }
}

fn record(
    keeping: &Keeping,
    place: Option<&str>,
    severity: Option<Severity>,
    entry: Entry,
) -> Record {
    let framework = layout::name(keeping.layout);
    Record {
        file: entry.file.map(|path| path.display().to_string()),
        version: entry.version,
        name: entry.name,
        state: entry.state.name().to_string(),
        severity: severity.map(|severity| severity.name().to_string()),
        applied_at: entry.applied_at,
        message: entry.message,
        framework: framework.to_string(),
        history: place.map(str::to_string),
    }
}
