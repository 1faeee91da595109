//! The command line of pg-dump-rotate.

mod combinations;
mod manual;
mod passed;
mod table;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::path::{self, PathBuf};
use std::time::Duration;

use shared::backup::Format;
use shared::cli::{self, Value};
use shared::time::Zone;
use shared::{Context, Error, Result};

use crate::compression::Compression;
use crate::retention::Policy;
use crate::server::Selection;

pub use table::TOOL;

/// What to do with the folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Job {
    /// Take a backup, then rotate.
    #[default]
    BackUp,
    /// Show what is there.
    List,
    /// Rotate only.
    Rotate,
    /// Say whether there is a good backup.
    Check,
}

/// The command line, understood.
#[derive(Debug, Default)]
pub struct Options {
    pub job: Job,
    pub dir: PathBuf,
    pub format: Option<Format>,
    pub compression: Option<Compression>,
    pub jobs: usize,
    /// What `-d` was given, each time.
    pub databases: Vec<String>,
    pub all_databases: bool,
    /// The patterns of the databases that --all-databases leaves out.
    pub excluded: Vec<String>,
    pub globals: bool,
    pub no_role_passwords: bool,
    /// The words before pg_dump's own options.
    pub pg_dump: Option<String>,
    pub no_digest: bool,
    pub source: Option<Source>,
    pub force: bool,
    pub label: Option<String>,
    pub lock_wait: Duration,
    /// What pg_dump is told to pick, as its arguments.
    pub selection: Vec<String>,
    /// What pg_dump is given besides, which makes no difference to what is in the backup.
    pub unrecorded: Vec<String>,
    pub policy: Policy,
    /// Whether a rule was given, be it 0.
    pub has_rules: bool,
    pub utc: bool,
    /// The patterns of the names of others' backups.
    pub adopted: Vec<String>,
    pub check: Check,
    pub verify_checksums: bool,
    pub dry_run: bool,
}

/// What of the server's rows is compared with the dump's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Counts,
    Digest,
}

/// What `--check` is to find fault with.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Check {
    pub max_age: Option<Duration>,
    pub min_count: Option<usize>,
    /// From 0 to 1.
    pub max_shrink_ratio: Option<f64>,
}

impl cli::Options for Options {
    fn set(&mut self, flag: &str, value: &Value) -> Result<()> {
        self.has_rules |= flag.starts_with("keep-");
        match flag {
            "dbname" => self.databases.push(value.text()?.to_string()),
            "dir" => self.dir = value.unless_url()?.path(),
            "jobs" => self.jobs = jobs(value)?,
            "all-databases" => self.all_databases = true,
            "exclude-database" => self.excluded.push(value.text()?.to_string()),
            "globals" => self.globals = true,
            "no-role-passwords" => self.no_role_passwords = true,
            "pg-dump" => self.pg_dump = Some(value.text()?.to_string()),
            "no-digest" => self.no_digest = true,
            "source-counts" => self.source = self.source.or(Some(Source::Counts)),
            "source-digest" => self.source = Some(Source::Digest),
            "force" => self.force = true,
            "utc" => {
                self.utc = true;
                self.policy.utc = true;
            }
            "match" => self.adopted.push(name_pattern(value)?),
            "max-age" => self.check.max_age = Some(value.duration()?),
            "min-count" => self.check.min_count = Some(value.count()?),
            "max-shrink" => self.check.max_shrink_ratio = Some(value.percent()? / 100.0),
            "verify-checksums" => self.verify_checksums = true,
            "format" => self.format = Some(format(value.text()?)),
            "compress" => self.compression = Some(value.parse()?),
            "label" => self.label = Some(label(value)?),
            "lock-wait" => self.lock_wait = value.duration()?,
            "schema-only" | "data-only" | "no-owner" | "no-privileges" | "blobs" | "no-blobs" => {
                self.select(format!("--{flag}"));
            }
            "table" | "exclude-table" | "schema" | "exclude-schema" | "exclude-table-data" => {
                self.select(format!("--{flag}={}", value.text()?));
            }
            "keep-last" => self.policy.last = value.count()?,
            "keep-hourly" => self.policy.hourly = value.count()?,
            "keep-daily" => self.policy.daily = value.count()?,
            "keep-weekly" => self.policy.weekly = value.count()?,
            "keep-monthly" => self.policy.monthly = value.count()?,
            "keep-yearly" => self.policy.yearly = value.count()?,
            "keep-min" => self.policy.min = value.count()?,
            "keep-within" => {
                self.policy.within = Some(value.duration()?).filter(|span| !span.is_zero());
            }
            "dry-run" => self.dry_run = true,
            "list" => self.take_job(Job::List)?,
            "rotate" => self.take_job(Job::Rotate)?,
            "check" => self.take_job(Job::Check)?,
            _ => return Err(cli::unhandled(flag)),
        }
        Ok(())
    }

    fn passed(&mut self, word: OsString) -> Result<()> {
        let word = Value::new("--", word);
        let text = word.text()?;
        passed::check(text)?;
        match passed::is_key(text) {
            true => self.unrecorded.push(text.to_string()),
            false => self.select(text.to_string()),
        }
        Ok(())
    }

    fn check(&mut self) -> Result<()> {
        if self.dir.as_os_str().is_empty() {
            return Err(Error::usage("--dir is needed: the folder of the backups"));
        }
        self.check_combinations()?;
        if self.job == Job::Rotate && self.policy.is_empty() {
            return Err(Error::usage(
                "--rotate needs a rule, such as --keep-daily 7",
            ));
        }
        if self.has_rules && self.policy.is_empty() {
            return Err(
                Error::usage("rules of 0 keep nothing and delete nothing").with_hint(
                    "a rule needs a number above 0; to rotate nothing, leave the rules out",
                ),
            );
        }
        if let Some(compression) = &self.compression {
            compression.check(self.format())?;
        }
        self.check_source()
    }
}

impl Options {
    /// Rows are compared with those that are counted as the dump passes.
    fn check_source(&self) -> Result<()> {
        let selection = Selection::parse(self.selection.iter().map(String::as_str));
        if self.source.is_some() && selection.is_vague {
            return Err(Error::usage(
                "--source-counts and --source-digest need to know what is dumped, and of the options \
                 after -- only pg_dump knows that",
            ));
        }
        let uncounted = match () {
            () if self.source.is_none() => return Ok(()),
            () if self.no_digest => "--no-digest",
            () if selection.no_rows => "--schema-only",
            () if selection.inserts => "--inserts",
            () => return Ok(()),
        };
        Err(Error::usage(format!(
            "--source-counts and --source-digest compare rows, and with {uncounted} none are counted"
        )))
    }

    /// The folder from the root, so that records hold everywhere.
    pub fn absolute_dir(&self) -> Result<PathBuf> {
        let dir = path::absolute(&self.dir).context(|| self.dir.display().to_string())?;
        match dir.to_str() {
            Some(_) => Ok(dir),
            None => Err(Error::usage(format!(
                "--dir {}: records can only name folders whose names are UTF-8",
                dir.display()
            ))),
        }
    }

    /// Where days and weeks begin; with --utc whatever TZ says.
    pub fn zone(&self) -> Result<Zone> {
        match self.utc {
            true => Ok(Zone::utc()),
            false => Zone::local(),
        }
    }

    /// The format of the backup to take.
    pub fn format(&self) -> Format {
        self.format.unwrap_or(Format::Custom)
    }

    /// Sorted, so that the order on the command line makes no other series.
    fn select(&mut self, argument: String) {
        self.selection.push(argument);
        self.selection.sort();
        self.selection.dedup();
    }

    fn take_job(&mut self, job: Job) -> Result<()> {
        if self.job != Job::BackUp && self.job != job {
            return Err(Error::usage(
                "--list, --rotate and --check exclude each other",
            ));
        }
        self.job = job;
        Ok(())
    }
}

fn format(text: &str) -> Format {
    match text {
        "plain" | "p" => Format::Plain,
        "directory" | "d" => Format::Directory,
        "tar" | "t" => Format::Tar,
        _ => Format::Custom,
    }
}

/// Of names in --dir: no path fits.
fn name_pattern(value: &Value) -> Result<String> {
    match value.text()? {
        "" => Err(value.refuse("no file has an empty name")),
        text if text.contains('/') => {
            Err(value.refuse("names in --dir are meant, so no / can be in it"))
        }
        text => Ok(text.to_string()),
    }
}

fn jobs(value: &Value) -> Result<usize> {
    match value.count()? {
        0 => Err(value.refuse("at least one is needed")),
        jobs => Ok(jobs),
    }
}

/// A label becomes a part of a file's name.
fn label(value: &Value) -> Result<String> {
    let text = value.text()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let leads = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    if leads && text.len() <= 32 && text.chars().all(plain) {
        return Ok(text.to_string());
    }
    Err(value.refuse(
        "a label is at most 32 letters, digits and - _ . and begins with one of the former",
    ))
}
