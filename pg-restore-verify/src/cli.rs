//! The command line of pg-restore-verify.

mod combinations;
mod table;

use std::ffi::OsString;
use std::path::PathBuf;
use std::thread::available_parallelism;
use std::time::Duration;

use shared::cli::{self, Value};
use shared::{Error, Result};

use crate::checks::Expectation;
use crate::compare::Tolerance;
use crate::memory::Memory;
use crate::preload;

pub use table::TOOL;

/// More connections than cores gain nothing, and the server takes a hundred.
const MOST_JOBS: usize = 64;

/// What the command line asks for.
#[derive(Debug, Default)]
pub struct Options {
    /// Which backups.
    pub selection: Selection,
    /// What to do with them.
    pub mode: Mode,
    /// How many connections at once; 0 means one for each core.
    jobs: usize,
    /// Don't note the verdict beside the backup.
    pub no_record: bool,
    /// Which part of each backup.
    pub choice: Choice,
    /// What is checked besides.
    pub checks: Checks,
    /// How long it may take.
    pub limits: Limits,
    /// How much memory the private server's data may take.
    pub memory: Memory,
    /// Libraries that a private server loads at its start.
    pub preload: Vec<String>,
    /// What becomes of the restored database.
    pub after: After,
    /// With [`Mode::Live`]: where.
    pub live: Option<String>,
    /// With [`Mode::PointInTime`]: what and to which moment.
    pub recovery: Recovery,
}

/// What to do with a backup.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Restore it and prove what was restored.
    #[default]
    Prove,
    /// Read it to its end.
    ArchiveOnly,
    /// Say what would be restored.
    List,
    /// Look at a running database and restore nothing.
    Live,
    /// Recover a base backup to a moment.
    PointInTime,
}

/// Which backups to verify.
#[derive(Debug, Default)]
pub struct Selection {
    /// Files, or `-`.
    pub operands: Vec<PathBuf>,
    /// A folder to take the newest backup from.
    pub latest: Option<PathBuf>,
    /// Only of this database.
    pub database: Option<String>,
    /// Where that is not said: of this one, as far as it is known.
    pub promoted: Option<String>,
    /// Only with this label.
    pub label: Option<String>,
}

/// Which part of a backup is restored; all of it where nothing is said.
#[derive(Debug, Default)]
pub struct Choice {
    /// `-t`: patterns of tables.
    pub tables: Vec<String>,
    /// `-n`: patterns of schemas.
    pub schemas: Vec<String>,
    /// `--where`, `TABLE=CONDITION` each.
    pub rows: Vec<String>,
}

/// What is checked besides what every backup is.
#[derive(Debug, Default)]
pub struct Checks {
    /// Every row must be found in every B-tree.
    pub deep: bool,
    /// `--expect`, `SQL=VALUE` each.
    pub expectations: Vec<String>,
    /// A file of such checks.
    pub file: Option<PathBuf>,
    /// All of these, understood.
    pub own: Vec<Expectation>,
    /// A live database to compare counts of rows with.
    pub compare: Option<String>,
    /// How far a table's count may be from the live one.
    pub max_difference: Option<Tolerance>,
}

/// How long it may take.
#[derive(Debug, Default)]
pub struct Limits {
    /// Each backup, from beginning to verdict.
    pub total: Option<Duration>,
    /// A restore that does nothing.
    pub stalled: Option<Duration>,
}

/// What becomes of the restored database.
#[derive(Debug, Default)]
pub struct After {
    /// It stays.
    pub keep: bool,
    /// On a throw-away server: so long.
    pub keep_for: Option<Duration>,
    /// It takes the place of this one.
    pub promote: Option<String>,
    /// Checks that need not have seen all for that.
    pub accepted: Vec<String>,
    /// Only say what promoting would do.
    pub dry_run: bool,
}

/// A physical backup and the moment to recover it to.
#[derive(Debug, Default)]
pub struct Recovery {
    /// Its folder or its tar file.
    pub base_backup: Option<PathBuf>,
    /// The folder of archived WAL.
    pub wal: Option<PathBuf>,
    /// The flag `--target-…` without that, and its value; the end of the WAL where none is given.
    pub target: Option<(String, String)>,
}

impl Selection {
    /// Whether records on standard input say which backups.
    pub fn reads_stdin(&self) -> bool {
        self.operands
            .iter()
            .any(|operand| operand.as_os_str() == "-")
    }
}

impl Choice {
    /// Whether not all objects are meant, and those that are meant are known though the server does
    /// not have them: a pattern with wildcards matches what is there.
    pub fn is_part_by_name(&self) -> bool {
        let is_name = |pattern: &String| !pattern.contains(|c| "*?|+()[]{}^\\".contains(c));
        match self.tables.as_slice() {
            [] => !self.schemas.is_empty(),
            tables => tables.iter().all(is_name),
        }
    }

    /// Whether all of a backup is meant.
    pub fn is_everything(&self) -> bool {
        self.tables.is_empty() && self.schemas.is_empty() && self.rows.is_empty()
    }
}

impl Options {
    /// How many connections at once.
    pub fn jobs(&self) -> usize {
        match (self.jobs, self.mode) {
            // A live server has other work.
            (0, Mode::Live) => 1,
            (0, _) => available_parallelism()
                .map_or(1, usize::from)
                .min(MOST_JOBS),
            (jobs, _) => jobs,
        }
    }

    fn set_mode(&mut self, mode: Mode) -> Result<()> {
        if self.mode != Mode::Prove && self.mode != mode {
            return Err(Error::usage(format!(
                "{} and {} exclude each other",
                self.mode.flag(),
                mode.flag()
            )));
        }
        self.mode = mode;
        Ok(())
    }

    fn set_target(&mut self, flag: &str, value: &Value) -> Result<()> {
        let kind = flag.trim_start_matches("target-").to_string();
        if let Some((other, _)) = self
            .recovery
            .target
            .as_ref()
            .filter(|(other, _)| *other != kind)
        {
            return Err(Error::usage(format!(
                "--target-{other} and --{flag} exclude each other"
            )));
        }
        self.recovery.target = Some((kind, value.text()?.to_string()));
        Ok(())
    }
}

impl Mode {
    fn flag(self) -> &'static str {
        match self {
            Self::Prove => "a restore",
            Self::ArchiveOnly => "--archive-only",
            Self::List => "--list",
            Self::Live => "--live",
            Self::PointInTime => "--base-backup",
        }
    }
}

impl cli::Options for Options {
    fn set(&mut self, flag: &str, value: &Value) -> Result<()> {
        let text = || value.text().map(str::to_string);
        match flag {
            "latest" => self.selection.latest = Some(value.path()),
            "database" => self.selection.database = Some(text()?),
            "label" => self.selection.label = Some(text()?),
            "table" => self.choice.tables.push(text()?),
            "schema" => self.choice.schemas.push(text()?),
            "where" => self.choice.rows.push(text()?),
            "archive-only" => self.set_mode(Mode::ArchiveOnly)?,
            "list" => self.set_mode(Mode::List)?,
            "live" => {
                self.set_mode(Mode::Live)?;
                self.live = Some(text()?);
            }
            "base-backup" => {
                self.set_mode(Mode::PointInTime)?;
                self.recovery.base_backup = Some(value.path());
            }
            "wal" => self.recovery.wal = Some(value.path()),
            "target-time" | "target-lsn" | "target-name" => self.set_target(flag, value)?,
            "deep" => self.checks.deep = true,
            "expect" => self.checks.expectations.push(text()?),
            "checks" => self.checks.file = Some(value.path()),
            "compare" => self.checks.compare = Some(text()?),
            "max-difference" => self.checks.max_difference = Some(tolerance(value)?),
            "timeout" => self.limits.total = Some(value.duration()?),
            "stall-timeout" => self.limits.stalled = Some(value.duration()?),
            "keep" => self.after.keep = true,
            "for" => self.after.keep_for = Some(value.duration()?),
            "promote" => match text()? {
                name if name.is_empty() => return Err(value.refuse("a database has a name")),
                name => self.after.promote = Some(name),
            },
            "accept" => self.after.accepted.push(check(value)?),
            "dry-run" => self.after.dry_run = true,
            "preload" => self.preload.extend(preload::libraries(value.text()?)?),
            "memory" => self.memory.most = Some(value.bytes()?),
            "no-record" => self.no_record = true,
            "jobs" => {
                self.jobs = value.count()?;
                if !(1..=MOST_JOBS).contains(&self.jobs) {
                    return Err(value.refuse(&format!("1 to {MOST_JOBS} are possible")));
                }
            }
            _ => return Err(cli::unhandled(flag)),
        }
        Ok(())
    }

    fn operand(&mut self, value: OsString) -> Result<()> {
        let text = value.to_string_lossy();
        if text.contains("://") || text.contains("password=") {
            return Err(Error::usage(
                "a BACKUP is a file or a folder, and this is a connection string",
            )
            .with_hint("-d, --live and --compare say where to connect"));
        }
        self.selection.operands.push(value.into());
        Ok(())
    }

    fn check(&mut self) -> Result<()> {
        self.check_combinations()?;
        self.selection.promoted.clone_from(&self.after.promote);
        let checks = &mut self.checks;
        checks.own = Expectation::all(&checks.expectations, checks.file.as_deref())?;
        Ok(())
    }
}

/// `PERCENT`, or `PERCENT,ROWS`.
fn tolerance(value: &Value) -> Result<Tolerance> {
    let text = value.text()?;
    let (percent, rows) = text.split_once(',').unwrap_or((text, "0"));
    let rows = rows.trim().parse();
    Ok(Tolerance {
        percent: Value::new("--max-difference", percent).percent()?,
        rows: rows.map_err(|_| value.refuse("a number of rows is needed, such as 10%,100"))?,
    })
}

/// The name of a check.
fn check(value: &Value) -> Result<String> {
    let name = value.text()?;
    let mut names = table::CHECKS
        .iter()
        .flat_map(|(names, _)| names.split(", "));
    match names.any(|known| known == name) {
        true => Ok(name.to_string()),
        false => Err(value
            .refuse("there is no such check")
            .with_hint("the records name it: --accept origin, say")),
    }
}

#[cfg(test)]
mod test {
    #[test]
    fn table_is_sound() {
        shared::cli::check_table::<super::Options>(&super::TOOL).unwrap();
        shared::cli::check_fields::<crate::record::Finding>(&super::TOOL).unwrap();
    }
}
