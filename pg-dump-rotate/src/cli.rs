//! The command line of pg-dump-rotate.

mod combinations;
mod passed;

use std::ffi::OsString;
use std::path::{self, PathBuf};
use std::time::Duration;

use shared::backup::Format;
use shared::cli::{self, Flag, Tool, Value};
use shared::time::Zone;
use shared::{Context, Error, Result};

use crate::compression::Compression;
use crate::retention::Policy;
use crate::server::Selection;

/// The flags and the help.
pub const TOOL: Tool = Tool::new(
    "pg-dump-rotate",
    env!("CARGO_PKG_VERSION"),
    "take PostgreSQL backups and keep the right ones",
)
.synopsis(&[
    "--dir DIR [-d CONNINFO]... [OPTION]... [-- OPTION...]",
    "--dir DIR --list [OPTION]...",
    "--dir DIR --rotate --keep-... N [OPTION]...",
    "--dir DIR --check [--max-age DURATION] [OPTION]...",
])
.description(
    "Takes a backup of one database with pg_dump and writes it to DIR, with a manifest (size, \
     SHA-256, versions, how many rows of each table and their digest) beside it. A backup has its \
     name only once it is whole, proved and on disk. Then the older ones are rotated: backups of the same database of the same server, \
     with the same label and selection, that no rule keeps are deleted. Without a --keep rule, \
     or when the dump fails, nothing is.\n\
     \n\
     What pg_dump writes is compressed here, on all cores, with a checksum of the content; the \
     pg_restore of that version reads it. A directory pg_dump compresses itself; a tar file is not \
     compressed.\n\
     \n\
     Several databases, by more than one -d or by --all-databases, and the globals of the server \
     are each a backup of their own, with the time of the run in their names and in the field set. \
     One that fails is told, by a record with action \"failed\" and on stderr, and stops no other: \
     the status is 1 then, and 2 when there is no backup at all. Only what was dumped is \
     rotated.\n\
     \n\
     --pg-dump is a command that runs pg_dump elsewhere: in a container, in a pod, on another host; \
     pg_dumpall and psql are run there by the same words. It is split as a shell would, and no \
     shell is run. -d, -h, -p and -U go to it as arguments, what they don't say is looked for \
     there, and what can only be asked by a session of our own is not asked. A password never \
     becomes an argument: one in -d or PGPASSWORD is in the environment of the command, which has \
     to carry it on, as 'docker compose exec -T -e PGPASSWORD db pg_dump' does, unless the server \
     trusts whoever connects from inside. A command of one word is a pg_dump of this machine, run \
     as any.\n\
     \n\
     The rules are those of restic. Each keeps one backup of each of the newest N hours, days, ISO \
     weeks, months or years that have any, and the oldest of all while it has kept fewer than N. \
     They overlap: one backup may be kept by several. Of the backups of one period the newest that \
     pg-restore-verify has proved is kept, or else the newest; one that did not restore is the last \
     choice. Periods are those of the local time (TZ) when and where each backup was taken, which \
     its manifest keeps, or with --utc those of UTC. An hour is sixty minutes: the one that clocks \
     show twice in autumn is two. A day of --keep-within is 24 hours.\n\
     \n\
     Whatever the rules say, a series keeps its newest backup, the newest that has not failed to \
     restore, the newest that was proved, and the newest N of --keep-min, of which those that did \
     not restore are the last choice. Backups with a time in the future stay and take nobody's \
     place; --keep-within is counted from the newest of the others. Only backups with a manifest, and of the size that \
     it says, count or are deleted; others are passed over, and --rotate names them.\n\
     \n\
     A backup is good when it is as its manifest says and has not failed to restore. --check and \
     --list judge by sizes; with --verify-checksums every byte is read.\n\
     \n\
     --match adopts what others made. What a file is, its content says; it is whole when it can be \
     read to its end, and then gets a manifest (not from --list, --check or --dry-run), so that it \
     is read once and is a backup like any other. One that is not whole is told, never counted and \
     never deleted; what is no dump is left alone. The time is the last one in the name, in local \
     time unless it says otherwise, or else that of the last change. Archives say what database they \
     are of; scripts are of the one that is dumped or named by -d, or else of none that is known. \
     They belong to the series of that database and of --label, where it is of one server and their \
     names differ in the time only; where not, those of each kind of name are a series of their own.\n\
     \n\
     With an adopted backup goes what others laid beside it: plain files called as it is, with its \
     extension or without, and then .meta, .info, .md5, .sha1, .sha256, .sha512 (or the last four with \
     sum), .sig or .asc. What is called without the extension stays while another backup differs in \
     that only.\n\
     \n\
     The user has to be able to read everything: from PostgreSQL 14 a member of pg_read_all_data \
     is, save for large objects of others; where tables have row security, with BYPASSRLS. What it \
     can't read is named before the dump starts. So are a pattern of --table or --schema that \
     matches nothing, an exclusion without wildcards that excludes nothing, and a disk without \
     room: what the last backup was to the tables then, this one is to the tables now, and a \
     seventh more; half of them when there is none (--force goes on). What pg_dump leaves out by \
     itself is a warning, and kept in the manifest: rows of unlogged tables on a standby; without \
     a superuser, subscriptions and the options of other users' user mappings. Who was in the way \
     of a dump that --lock-wait ended is in its hint.\n\
     \n\
     With --source-counts or --source-digest each table is read a second time on the server, in \
     the dump's snapshot and beside it; a dump that holds anything else is not kept.\n\
     \n\
     When pg_dump has been silent for twice the connect_timeout (30 s each), the server is asked \
     whether it still works for it; where it does not, or can't be asked, pg_dump is ended.",
)
.flags(FLAGS)
.connects()
.passes(
    "PG_DUMP_OPTION",
    "an option that pg_dump gets as it is, with its value in one word; part of the selection",
)
.examples(&[
    (
        "Every night, from cron",
        "pg-dump-rotate -d app --dir /backups --keep-daily 7 --keep-monthly 12",
    ),
    (
        "Before a migration, apart from the nightly ones",
        "pg-dump-rotate -d app --dir /backups --label pre-migration --keep-last 5",
    ),
    (
        "Prove that the backup restores",
        "pg-dump-rotate -d app --dir /backups | pg-restore-verify -",
    ),
    (
        "Take over a folder of dumps that a script made",
        "pg-dump-rotate --dir /backups --rotate -d app --match 'db_*.dump' --keep-within 30d",
    ),
    (
        "Every database of the server, its roles and tablespaces, two at a time",
        "pg-dump-rotate --all-databases --globals -j 2 --dir /backups --keep-daily 7",
    ),
    (
        "From a container",
        "pg-dump-rotate --pg-dump 'docker compose exec -T db pg_dump' -d app --dir /backups",
    ),
    (
        "Every morning: is last night's backup there?",
        "pg-dump-rotate -d app --dir /backups --check --max-age 26h",
    ),
    (
        "What would be deleted",
        "pg-dump-rotate --dir /backups --rotate --keep-within 30d --dry-run -o table",
    ),
])
.found(
    "one database of several could not be dumped, an old backup not be deleted, a backup is \
     damaged, or --check found fault",
);

const FLAGS: &[Flag] = &[
    Flag::value(
        "dbname",
        "CONNINFO",
        "database to back up: a URL, key=value pairs or a name",
    )
    .short('d')
    .repeats()
    .group("Connection"),
    Flag::value(
        "dir",
        "DIR",
        "the folder of the backups, made if it is missing",
    )
    .group("Backup"),
    Flag::value(
        "format",
        "FORMAT",
        "an archive for pg_restore, or SQL for psql (if not given: custom)",
    )
    .short('F')
    .choices(&["custom", "plain", "directory", "tar", "c", "p", "d", "t"])
    .group("Backup"),
    Flag::value(
        "jobs",
        "N",
        "dump so many tables of a directory, or so many databases, at a time",
    )
    .short('j')
    .default("1")
    .group("Backup"),
    Flag::value(
        "compress",
        "METHOD[:LEVEL]",
        "none, gzip, zstd or lz4; the last two in archives from pg_dump 16 (if not given: \
         gzip for plain, else zstd:3 where pg_restore can read it and gzip where not)",
    )
    .short('Z')
    .group("Backup"),
    Flag::value(
        "label",
        "LABEL",
        "a mark such as pre-migration; each label is rotated apart",
    )
    .group("Backup"),
    Flag::value(
        "lock-wait",
        "DURATION",
        "how long to wait for a locked table; 0s waits for ever",
    )
    .default("60s")
    .group("Backup"),
    Flag::switch(
        "all-databases",
        "every database that allows connections, but no template",
    )
    .group("Backup"),
    Flag::switch("globals", "also the roles and tablespaces, by pg_dumpall").group("Backup"),
    Flag::switch(
        "no-role-passwords",
        "roles without their passwords, which only a superuser may read",
    )
    .group("Backup"),
    Flag::value(
        "pg-dump",
        "COMMAND",
        "how to run pg_dump, as in 'docker compose exec -T db pg_dump'",
    )
    .group("Backup"),
    Flag::switch("no-digest", "don't count and digest each table's rows").group("Backup"),
    Flag::switch(
        "source-counts",
        "count every table's rows on the server too, in the dump's snapshot, and compare",
    )
    .group("Backup"),
    Flag::switch(
        "source-digest",
        "read every table's rows from the server too, in the dump's snapshot, and compare",
    )
    .group("Backup"),
    Flag::switch("force", "go on although the disk seems too small").group("Backup"),
    Flag::switch("schema-only", "definitions without rows")
        .short('s')
        .group(SELECTION),
    Flag::switch("data-only", "rows without definitions")
        .short('a')
        .group(SELECTION),
    selection("table", "only these tables").short('t'),
    selection("exclude-table", "not these tables").short('T'),
    selection("schema", "only these schemas").short('n'),
    selection("exclude-schema", "not these schemas").short('N'),
    selection("exclude-table-data", "not the rows of these tables"),
    Flag::switch("no-owner", "without who owns what")
        .short('O')
        .group(SELECTION),
    Flag::switch("no-privileges", "without who may do what")
        .short('x')
        .group(SELECTION),
    Flag::switch(
        "blobs",
        "large objects too, where a pattern would leave them out",
    )
    .short('b')
    .group(SELECTION),
    Flag::switch("no-blobs", "without large objects")
        .short('B')
        .group(SELECTION),
    keep("keep-last", "keep the newest N"),
    keep("keep-hourly", "keep one of each of N hours"),
    keep("keep-daily", "keep one of each of N days"),
    keep("keep-weekly", "keep one of each of N weeks"),
    keep("keep-monthly", "keep one of each of N months"),
    keep("keep-yearly", "keep one of each of N years"),
    Flag::value(
        "keep-within",
        "DURATION",
        "keep what is younger, counted from the newest backup",
    )
    .group("Rotation"),
    keep("keep-min", "keep the newest N whatever the rules say"),
    Flag::switch("utc", "hours, days and weeks are those of UTC, not of TZ").group("Rotation"),
    Flag::value(
        "match",
        "GLOB",
        "adopt the files of this name that others made, as in 'backup_*.sql.gz'; * ? [a-z] as in a \
         shell",
    )
    .repeats()
    .group("Rotation"),
    Flag::switch("dry-run", "say what would be done, change nothing").group("Rotation"),
    Flag::switch(
        "list",
        "show what is in DIR, newest first; with -d or --globals only that, with --label one \
         label; with rules also what they would do",
    )
    .group(NO_BACKUP),
    Flag::switch(
        "rotate",
        "rotate what is in DIR, each database apart: what has no label, \
         or --label; with -d or --globals only that",
    )
    .group(NO_BACKUP),
    Flag::switch(
        "check",
        "fail when there is no good backup, or one is damaged: of each database and label seen; \
         with -d or --globals of just that, without a label or with --label, seen or not",
    )
    .group(NO_BACKUP),
    Flag::value(
        "max-age",
        "DURATION",
        "--check fails when the newest good backup is older",
    )
    .group(NO_BACKUP),
    Flag::value(
        "min-count",
        "N",
        "--check fails when there are fewer good backups",
    )
    .group(NO_BACKUP),
    Flag::value(
        "max-shrink",
        "PERCENT",
        "--check fails when the newest good backup has shrunk by more against the one before of \
         the same format and compression",
    )
    .group(NO_BACKUP),
    Flag::switch(
        "verify-checksums",
        "--list and --check read every file and compare it with its manifest",
    )
    .group(NO_BACKUP),
];

const SELECTION: &str = "Selection (each selection is rotated apart)";
const NO_BACKUP: &str = "Without taking a backup";

const fn selection(long: &'static str, help: &'static str) -> Flag {
    Flag::value(long, "PATTERN", help)
        .repeats()
        .group(SELECTION)
}

const fn keep(long: &'static str, help: &'static str) -> Flag {
    Flag::value(long, "N", help).group("Rotation")
}

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
    pub policy: Policy,
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
        match flag {
            "dbname" => self.databases.push(value.text()?.to_string()),
            "dir" => self.dir = value.path(),
            "jobs" => self.jobs = jobs(value)?,
            "all-databases" => self.all_databases = true,
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
            "match" => self.adopted.push(value.text()?.to_string()),
            "max-age" => self.check.max_age = Some(value.duration()?),
            "min-count" => self.check.min_count = Some(value.count()?),
            "max-shrink" => self.check.max_shrink_ratio = Some(percent(value)?),
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
        self.select(text.to_string());
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

fn jobs(value: &Value) -> Result<usize> {
    match value.count()? {
        0 => Err(value.refuse("at least one is needed")),
        jobs => Ok(jobs),
    }
}

/// `50` or `50%`, as a ratio.
fn percent(value: &Value) -> Result<f64> {
    let text = value.text()?;
    let number = text.strip_suffix('%').unwrap_or(text);
    match number.parse::<f64>() {
        Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(percent / 100.0),
        _ => Err(value.refuse("a percentage is needed, such as 50")),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Options> {
        let words = words.iter().map(Into::into);
        match cli::parse::<Options>(&TOOL, words)? {
            cli::Parsed::Run(options, _) => Ok(options),
            cli::Parsed::Print(_) => Err(Error::new("nothing to run")),
        }
    }

    #[test]
    fn the_flag_table_is_sound() {
        cli::check_table::<Options>(&TOOL).unwrap();
    }

    #[test]
    fn the_order_of_selections_makes_no_difference() {
        let one = parse(&["--dir", "x", "-t", "a", "-t", "b", "-s"]).unwrap();
        let other = parse(&["--dir", "x", "-s", "-t", "b", "-t", "a", "-t", "a"]).unwrap();
        assert_eq!(one.selection, other.selection);
        assert_eq!(one.selection, ["--schema-only", "--table=a", "--table=b"]);
        let passed = parse(&["--dir", "x", "-s", "--", "--inserts"]).unwrap();
        assert_eq!(passed.selection, ["--inserts", "--schema-only"]);
    }

    #[test]
    fn what_excludes_each_other_is_refused() {
        for (words, part) in [
            (&["--list"][..], "--dir is needed"),
            (&["--dir", "x", "--rotate"], "--rotate needs a rule"),
            (
                &["--dir", "x", "--rotate", "--keep-last", "0"],
                "--rotate needs a rule",
            ),
            (
                &["--dir", "x", "--rotate", "--keep-within", "0d"],
                "--rotate needs a rule",
            ),
            (&["--dir", "x", "--rotate", "--list"], "exclude each other"),
            (
                &["--dir", "x", "--list", "-Z", "none"],
                "--compress has no place",
            ),
            (&["--dir", "x", "--list", "-t", "a"], "--table has no place"),
            (
                &["--dir", "x", "--list", "-F", "p"],
                "--format has no place",
            ),
            (
                &["--dir", "x", "--list", "--dry-run"],
                "--dry-run has no place",
            ),
            (
                &["--dir", "x", "--list", "--", "--inserts"],
                "--inserts has no place",
            ),
            (
                &["--dir", "x", "--verify-checksums"],
                "has no place beside a backup",
            ),
            (&["--dir", "x", "--no-role-passwords"], "about --globals"),
            (&["--dir", "x", "--no-digest", "--source-counts"], "nothing"),
            (&["--dir", "x", "-j", "2"], "--jobs is for"),
            (&["--dir", "x", "-b", "-B"], "exclude each other"),
            (
                &["--dir", "x", "--all-databases", "-d", "a", "-d", "b"],
                "one -d",
            ),
            (&["--dir", "x", "--", "-Fp"], "say it with --format"),
            (&["--dir", "x", "--", "-c"], "without --if-exists"),
            (
                &["--dir", "x", "--list", "--force"],
                "takes no backup, so --force",
            ),
            (
                &["--dir", "x", "--list", "--max-age", "1d"],
                "--max-age has no place beside --list",
            ),
            (
                &["--dir", "x", "--min-count", "1"],
                "--min-count has no place beside a backup",
            ),
            (
                &["--dir", "x", "--check", "--keep-last", "1"],
                "a --keep rule has no place",
            ),
            (
                &[
                    "--dir",
                    "x",
                    "--rotate",
                    "--keep-last",
                    "1",
                    "--verify-checksums",
                ],
                "--verify-checksums has no place beside --rotate",
            ),
            (&["--dir", "x", "-s", "-a"], "exclude each other"),
            (&["--dir", "x", "--label", "../x"], "a label is"),
            (&["--dir", "x", "--label", ""], "a label is"),
            (&["--dir", "x", "--label=-x"], "a label is"),
            (&["--dir", "x", "--keep-last", "-1"], "whole number"),
            (&["--dir", "x", "-F", "tar", "-Z", "zstd"], "not compressed"),
            (&["--dir", "x", "-j", "0"], "at least one"),
            (
                &["--dir", "x", "--label", "a", "--", "x@y"],
                "options alone",
            ),
            (
                &["--dir", "x", "--check", "--max-shrink", "120"],
                "percentage",
            ),
        ] {
            let error = parse(words).unwrap_err();
            assert!(error.to_string().contains(part), "{words:?}: {error}");
        }
    }
}
