//! What a running tool knows about how it was called: the common flags, the
//! way to stdout for records and to stderr for words.

use std::io::BufReader;

use super::common::Common;
use super::tool::Tool;
use crate::message::{Progress, Report};
use crate::records::{self, Format, Record, Stdin, Stdout, Writer};
use crate::{Context as _, Result};

/// Handed to a tool's `run`.
#[derive(Debug)]
pub struct Context {
    /// The tool that runs.
    pub tool: &'static Tool,
    /// What was given for the common flags.
    pub common: Common,
    report: Report,
}

impl Context {
    pub(crate) fn new(tool: &'static Tool, common: Common, report: Report) -> Self {
        Self {
            tool,
            common,
            report,
        }
    }

    /// The way to stdout for records of one kind. Nothing appears there before
    /// the first record or [`Writer::finish`].
    pub fn records<R: Record>(&self) -> Writer<R, Stdout> {
        let stdout = Stdout::open();
        let format = match self.common.format {
            Some(format) => format,
            None if stdout.is_terminal() => Format::Table,
            None => Format::Jsonl,
        };
        let width = stdout.width();
        Writer::new(format, stdout, width).telling(self.tool.telling)
    }

    /// Standard input, for `-` as an operand; a signal ends the wait for it.
    pub fn stdin(&self) -> BufReader<Stdin> {
        BufReader::with_capacity(1 << 16, Stdin::open())
    }

    /// The records that another tool writes to our standard input.
    pub fn read_records<R: Record>(&self) -> impl Iterator<Item = Result<R>> + use<R> {
        records::read(self.stdin()).map(|record| record.context(|| "standard input".to_string()))
    }

    /// The tool's own format, if `-o` asks for one.
    pub fn extra_format(&self) -> Option<&str> {
        self.common.extra_format.as_deref()
    }

    /// Warns on stderr, unless `-q`.
    pub fn warn(&self, text: impl AsRef<str>) {
        self.report.warn(text.as_ref());
    }

    /// Says on stderr what the result stands on, unless `-q`.
    pub fn remark(&self, text: impl AsRef<str>) {
        self.report.remark(text.as_ref());
    }

    /// Says on stderr what is being done, if `-v`.
    pub fn note(&self, text: impl AsRef<str>) {
        self.report.note(text.as_ref());
    }

    /// How many warnings there were, shown or not.
    pub fn warnings(&self) -> usize {
        self.report.warnings()
    }

    /// A line on the terminal that says how far the job is; gone once dropped.
    pub fn progress(&self) -> Progress {
        self.report.progress()
    }

    /// The way to stderr for other threads.
    pub fn report(&self) -> &Report {
        &self.report
    }
}
