//! The command line of pg-stat-report.

mod table;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use shared::cli::{self, Value};
use shared::{Error, Result};

use crate::check::Check;
use crate::checks;
use crate::config::Config;
use crate::disk::Disk;
use crate::given::Given;
use crate::limits::{Limits, Skipped};
use crate::listing::Listing;
use crate::logs;
use crate::row::Row;
use crate::section::{Section, Source};
use crate::sections;

pub use table::TOOL;

/// No more connections than it takes to look into one database while we are in another.
const JOBS: usize = 2;

/// Servers are machines of their own: what bounds them is ours.
const TARGETS: usize = 8;

/// What the command line asks for.
#[derive(Debug, Default)]
pub struct Options {
    /// What to look at.
    pub sections: Vec<&'static Section>,
    /// `checks` was among the operands.
    asks_for_checks: bool,
    /// Say what there is.
    pub listing: Option<Listing>,
    /// These checks only; empty: all.
    only: Vec<&'static Check>,
    /// Not these.
    skip: Vec<&'static Check>,
    /// From where on things are bad.
    pub limits: Limits,
    /// So old statistics have to be.
    statistics_age: Option<Duration>,
    /// An earlier report to compare with.
    pub baseline: Option<PathBuf>,
    /// A file of earlier looks that keeps itself.
    pub state: Option<PathBuf>,
    /// The room that the data has.
    pub disk: Disk,
    /// What sections need.
    pub given: Given,
    /// From where on the status is 1.
    fail_on: Option<FailOn>,
    /// A file of thresholds.
    config: Option<PathBuf>,
    /// Each `-d`.
    pub targets: Vec<String>,
    /// All databases of each server.
    pub all_databases: bool,
    /// Into so many databases of a server at once, and at so many of several targets.
    jobs: Option<usize>,
    /// At most so many rows of each section, in each database.
    pub limit: Option<usize>,
    /// The server's log, which the checks of it judge.
    pub log: Option<PathBuf>,
    /// How the server's log is read.
    pub logs: logs::Options,
    /// So long for a section.
    pub timeout: Duration,
    /// When all has to be over.
    pub end: Option<Instant>,
    /// Figures are asked for whatever is judged of them: somebody draws them.
    pub is_drawn: bool,
}

/// `--fail-on`
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FailOn {
    /// What is critical.
    #[default]
    Critical,
    /// What is a warning, too.
    Warning,
    /// What is critical, or not to be seen.
    Unknown,
    /// Nothing.
    Never,
}

impl FailOn {
    /// As it is called on the command line.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "critical" => Self::Critical,
            "warning" => Self::Warning,
            "unknown" => Self::Unknown,
            "never" => Self::Never,
            _ => return None,
        })
    }
}

impl Options {
    /// Into so many databases of a server it is looked at once.
    pub fn jobs(&self) -> usize {
        self.jobs.unwrap_or(JOBS)
    }

    /// At so many of several `-d` it is looked at once.
    pub fn targets_at_once(&self) -> usize {
        self.jobs.unwrap_or(TARGETS)
    }

    /// From where on the status is 1.
    pub fn fail_on(&self) -> FailOn {
        self.fail_on.unwrap_or_default()
    }

    /// Takes `CHECK,...`, each perhaps with `:PATTERN`.
    fn skip(&mut self, value: &Value) -> Result<()> {
        for text in value.text()?.split(',') {
            match Skipped::from_text(text)? {
                Ok(skipped) => self.limits.skip(skipped),
                Err(check) => self.skip.push(check),
            }
        }
        Ok(())
    }

    /// Takes what the file of thresholds says, where the command line says nothing else.
    fn take(&mut self, config: Config) {
        let is_named = |check: &&Check| self.only.iter().any(|named| named.name == check.name);
        let skip = config.skip.into_iter().filter(|check| !is_named(check));
        self.skip.extend(skip);
        if self.only.is_empty() {
            self.only = config.only;
        }
        self.limits.put_below(config.limits);
        let skipped = config.skipped.into_iter();
        skipped.for_each(|skipped| self.limits.skip(skipped));
        self.fail_on = self.fail_on.or(config.fail_on);
        self.statistics_age = self.statistics_age.or(config.statistics_age);
    }

    /// What says how a log is written is of no use where none is read.
    fn check_log(&self) -> Result<()> {
        let reads_log = self.log.is_some()
            || self.sections.iter().any(|section| section.is_input())
            || self.only.iter().any(|check| check.source() == Source::Log);
        let given = [
            (self.logs.format.is_some(), "--log-format"),
            (self.logs.prefix.is_some(), "--log-line-prefix"),
        ];
        match given.iter().find(|(is_given, _)| *is_given && !reads_log) {
            Some((_, flag)) => Err(Error::usage(format!(
                "{flag} goes with --log, or with what reads a log, only"
            ))),
            None => Ok(()),
        }
    }

    /// Whether some checks were named, and only these are asked for.
    pub fn is_narrowed(&self) -> bool {
        !self.only.is_empty()
    }

    /// Whether this check was named.
    pub fn names(&self, check: &Check) -> bool {
        self.only.iter().any(|other| other.name == check.name)
    }

    /// Whether this check is asked for: what compares with an earlier report or judges a log only where there
    /// is one, or it is named.
    pub fn asks(&self, check: &Check) -> bool {
        let names = |list: &[&'static Check]| list.iter().any(|other| other.name == check.name);
        let compares = check
            .sections
            .iter()
            .any(|section| section.compares().is_some());
        let is_there = match check.source() {
            Source::Log => self.log.is_some(),
            _ => !compares || self.baseline.is_some() || self.state.is_some(),
        };
        let is_asked = match self.only.is_empty() {
            true => is_there,
            false => names(&self.only),
        };
        is_asked && !names(&self.skip)
    }

    /// The rows that are shown. Of a log there are so many of each kind, which are all.
    pub fn shown<'a>(&self, section: &Section, rows: &'a [Row]) -> &'a [Row] {
        let limit = self.limit.filter(|_| !section.is_input());
        &rows[..rows.len().min(limit.unwrap_or(usize::MAX))]
    }
}

impl cli::Options for Options {
    fn set(&mut self, flag: &str, value: &Value) -> Result<()> {
        match flag {
            "dbname" => self.targets.push(value.text()?.to_string()),
            "all-databases" => self.all_databases = true,
            "jobs" => self.jobs = Some(jobs(value)?),
            "list-sections" => self.listing = Some(Listing::Sections),
            "list-checks" => self.listing = Some(Listing::Checks),
            "only" => self.only.extend(named(value)?),
            "skip" => self.skip(value)?,
            "config" => self.config = Some(value.path()),
            "warn" => self.limits.set(value, false)?,
            "crit" => self.limits.set(value, true)?,
            "statistics-age" => self.statistics_age = Some(value.duration()?),
            "baseline" => self.baseline = Some(value.path()),
            "state" => self.state = Some(value.path()),
            "ram" => self.given.ram = Some(value.bytes()?),
            "instances" => self.given.instances = Some(instances(value)?),
            "exact" => self.given.exact.relations = value.count()?,
            "exact-bytes" => self.given.exact.bytes = value.bytes()?,
            "disk" => self.disk.bytes = Some(value.bytes()?),
            "fail-on" => self.fail_on = FailOn::from_name(value.text()?),
            "limit" => self.limit = Some(value.count()?),
            "log" => self.log = Some(value.path()),
            "log-format" => self.logs.format = logs::Format::from_name(value.text()?),
            "log-line-prefix" => self.logs.prefix = Some(logs::Prefix::new(value.text()?)?),
            "timeout" => self.timeout = value.duration()?,
            "deadline" => self.end = Some(Instant::now() + value.duration()?),
            _ => return Err(cli::unhandled(flag)),
        }
        Ok(())
    }

    fn operand(&mut self, value: OsString) -> Result<()> {
        if value == "checks" {
            self.asks_for_checks = true;
            return Ok(());
        }
        let section = match value == "-" {
            true => &sections::logs::SECTION,
            false => sections::find(&value.to_string_lossy())?,
        };
        let is_new = self.sections.iter().all(|other| other.name != section.name);
        if is_new {
            self.sections.push(section);
        }
        Ok(())
    }

    fn check(&mut self) -> Result<()> {
        if let Some(path) = &self.config {
            let config = Config::read(path)?;
            self.take(config);
        }
        if let Some(age) = self.statistics_age {
            self.limits.statistics_age = age;
        }
        if self.asks_for_checks && !self.sections.is_empty() {
            return Err(Error::usage("checks is shown by itself"));
        }
        self.check_log()?;
        match self.baseline.is_some() && self.state.is_some() {
            true => Err(Error::usage("--baseline and --state exclude each other")
                .with_hint("--state keeps the earlier reports by itself")),
            false => Ok(()),
        }
    }
}

fn named(value: &Value) -> Result<Vec<&'static Check>> {
    value.text()?.split(',').map(checks::find).collect()
}

fn jobs(value: &Value) -> Result<usize> {
    match value.count()? {
        0 => Err(value.refuse("at least one is needed")),
        jobs => Ok(jobs),
    }
}

fn instances(value: &Value) -> Result<u64> {
    match value.count()? {
        0 => Err(value.refuse("at least one is needed")),
        count => Ok(count as u64),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn table_is_sound() {
        shared::cli::check_table::<super::Options>(&super::TOOL).unwrap();
    }

    #[test]
    fn the_manual_has_the_fields_of_a_record() {
        shared::cli::check_fields::<crate::record::Record>(&super::TOOL).unwrap();
    }
}
