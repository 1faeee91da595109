//! What a rule has to say about a statement.

use std::ops::Range;

use crate::fix::Fix;
use crate::layout;
use crate::lock::{Blocks, Mode, Work};
use crate::pending::Missing;
use crate::rules::Rule;
use crate::sizes::{Measured, Subject};
use crate::source::Lines;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Advice.
    Info,
    /// Needs care.
    Warning,
    /// Blocks others for a time that grows with the table, loses data, or fails.
    Error,
}

impl Severity {
    /// As the record has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// As a user names it.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "info" => Self::Info,
            "warning" => Self::Warning,
            "error" => Self::Error,
            _ => return None,
        })
    }
}

/// How a statement stands in its file, which decides where its fix goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Frame {
    /// Whether a transaction is around it that others of the file share, or would.
    pub is_shared: bool,
    /// Whether the file has no other statement.
    pub is_alone: bool,
    /// Whether what is found is one of several commands of the statement.
    pub is_part: bool,
    /// Whether it stands in code within a statement.
    pub is_nested: bool,
}

/// What a rule says.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Which rule.
    pub rule: &'static Rule,
    /// How bad it is here.
    pub severity: Severity,
    /// In words.
    pub message: String,
    /// Which relation or other object.
    pub object: Option<String>,
    /// The lock that is taken on it.
    pub lock: Option<Mode>,
    /// What is done to its rows.
    pub work: Work,
    /// What to write instead.
    pub fix: Option<Fix>,
    /// Where in the file.
    pub start: usize,
    /// Behind it.
    pub end: usize,
    /// The cause that it has in common with others of the file, of which the first is enough: what ends that ends all.
    pub once: Option<String>,
    /// The index that a later migration of the run may make, so that it is not true in the end.
    pub missing: Option<Missing>,
    /// The number by which it waits for the end of its project, then.
    pub pending: Option<usize>,
    /// How the statement stands in its file.
    pub frame: Frame,
    /// A table that it takes for one in use, of which nothing is known.
    pub assumed: Option<String>,
    /// The table that a server is asked for, where there is one.
    pub subject: Option<Box<Subject>>,
    /// What it said of it.
    pub measured: Option<Box<Measured>>,
    /// Whether it is less bad for that.
    pub is_lowered: bool,
}

impl Finding {
    /// At this place, as bad as the rule in general.
    pub fn new(rule: &'static Rule, message: impl Into<String>, place: Range<usize>) -> Self {
        Self {
            rule,
            severity: rule.severity,
            message: message.into(),
            object: None,
            lock: None,
            work: Work::None,
            fix: None,
            start: place.start,
            end: place.end,
            once: None,
            missing: None,
            pending: None,
            frame: Frame::default(),
            assumed: None,
            subject: None,
            measured: None,
            is_lowered: false,
        }
    }

    /// What is wrong with a folder or a file's name: at its line, if it is about one.
    pub fn of_folder(finding: &layout::Finding, lines: &Lines) -> Self {
        let place = finding.line.map_or(0..0, |line| lines.range(line));
        let mut own = Self::new(finding.rule, &finding.message, place).rated(finding.severity);
        own.fix = finding.fix.clone().map(Fix::from);
        own
    }

    /// About this object.
    pub fn on(mut self, object: impl ToString) -> Self {
        self.object = Some(object.to_string());
        self
    }

    /// With this lock.
    pub fn locks(mut self, mode: Mode) -> Self {
        self.lock = Some(mode);
        self
    }

    /// With this work.
    pub fn does(mut self, work: Work) -> Self {
        self.work = work;
        self
    }

    /// As bad as this.
    pub fn rated(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// With what to write instead.
    pub fn fix(mut self, fix: impl Into<Fix>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// Said once in a file with others of this cause.
    pub fn once(mut self, cause: impl ToString) -> Self {
        self.once = Some(cause.to_string());
        self
    }

    /// Only if this index is not made by the end of the run.
    pub fn unless_made(mut self, missing: Missing) -> Self {
        self.missing = Some(missing);
        self
    }

    /// Whose work waits.
    pub fn blocks(&self) -> Blocks {
        self.lock.map_or(Blocks::None, Mode::blocks)
    }
}
