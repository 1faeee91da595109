//! The command line of pg-restore-verify.

use std::ffi::OsString;
use std::path::PathBuf;
use std::thread::available_parallelism;

use shared::cli::{self, Flag, Tool, Value};
use shared::{Error, Result};

/// What `--help`, the man page and the completions say.
pub const TOOL: Tool = Tool::new(
    env!("CARGO_PKG_NAME"),
    env!("CARGO_PKG_VERSION"),
    "prove that a PostgreSQL backup restores, down to every row",
)
.synopsis(&[
    "[OPTION]... BACKUP...",
    "[OPTION]... -",
    "[OPTION]... --latest DIR",
])
.description(
    "Restores each backup on a private throw-away server and compares what came back with \
     what the backup holds: the rows of every table, the position of every sequence, the \
     bytes of every large object, and every definition. Any error of the restore counts. \
     Nothing else is needed, no server is touched, and nothing is left behind but an empty \
     template of such a server in pg-throwaway-templates below ~/.cache or /var/tmp.\n\n\
     Takes backups of pg_dump in every format, whoever made them: custom, directory, tar and \
     plain, the last also compressed by gzip, zstd, lz4, bzip2 or xz, whatever the file is \
     called. Beside one with a manifest of pg-dump-rotate every file must be what the manifest \
     says, and so must the rows of each table and the large objects. Roles and tablespaces that \
     pg-dump-rotate --globals took in the same run are restored first; a backup of them, or \
     pg_dumpall's script of them, can be verified itself. \
     \n\n\
     With --archive-only no server is started: every byte is read, decompressed and compared \
     with the manifest, which finds damage and can't find that a backup does not restore. A \
     damage found so is noted beside the backup; that none was found is no proof, and is not.\n\n\
     Writes a record for each check; the last of each backup has check \"verdict\". A backup that \
     can't be tried, for it is not there or no server is new enough, has failed with the reason, \
     stops no other, and makes the status 2. One of rows only can't be proved: its verdict is \
     \"skipped\", and is not noted. Beside a \
     backup with a manifest the verdict is noted, too: pg-dump-rotate prefers to keep what was \
     proved.",
)
.flags(&[
    Flag::value("latest", "DIR", "verify the newest backup in this folder").group("Selection"),
    Flag::value("database", "NAME", "with --latest: of this database only").group("Selection"),
    Flag::value("label", "LABEL", "with --latest: with this label only").group("Selection"),
    Flag::value(
        "jobs",
        "N",
        "restore and compare with so many connections; all cores if not given",
    )
    .short('j')
    .group("Restore"),
    Flag::switch(
        "archive-only",
        "read each backup to its end and restore nothing: no server is needed",
    )
    .group("Restore"),
    Flag::switch(
        "list",
        "show what would be restored, each object with its rows and bytes, and restore nothing",
    )
    .group("Restore"),
    Flag::switch(
        "no-record",
        "don't note the verdict beside the backup, in NAME.verified.json",
    )
    .group("Restore"),
])
.operands(
    "BACKUP",
    "a backup's file or folder; - reads the records of pg-dump-rotate on stdin",
)
.examples(&[
    (
        "Take a backup and prove it",
        "pg-dump-rotate --dir /backups -d app | pg-restore-verify -",
    ),
    (
        "Prove the newest backup of one database",
        "pg-restore-verify --latest /backups --database app",
    ),
    (
        "Read every backup of a folder, without a server",
        "pg-dump-rotate --dir /backups --list | pg-restore-verify --archive-only -",
    ),
    (
        "Show the tables in a backup, the largest first",
        "pg-restore-verify --list app.dump | jq -s 'map(select(.rows)) | sort_by(-.bytes)[]'",
    ),
    (
        "Show what went wrong",
        "pg-restore-verify app.dump | jq -c 'select(.status == \"failed\")'",
    ),
])
.found("a backup does not verify, or can't be proved; the records say why");

/// More connections than cores gain nothing, and the server takes a hundred.
const MOST_JOBS: usize = 64;

/// What the command line asks for.
#[derive(Debug)]
pub struct Options {
    /// Which backups.
    pub selection: Selection,
    /// How many connections at once; 0 means one for each core.
    jobs: usize,
    /// What to do with them.
    pub mode: Mode,
    /// Whether to note the verdict beside the backup.
    pub record: bool,
}

/// What to do with a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Restore it and prove what was restored.
    Prove,
    /// Read it to its end.
    ArchiveOnly,
    /// Say what would be restored.
    List,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            selection: Selection::default(),
            jobs: 0,
            mode: Mode::Prove,
            record: true,
        }
    }
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
    /// Only with this label.
    pub label: Option<String>,
}

impl Selection {
    /// Whether records on standard input say which backups.
    pub fn reads_stdin(&self) -> bool {
        self.operands
            .iter()
            .any(|operand| operand.as_os_str() == "-")
    }
}

impl Options {
    /// How many connections at once.
    pub fn jobs(&self) -> usize {
        match self.jobs {
            0 => available_parallelism()
                .map_or(1, usize::from)
                .min(MOST_JOBS),
            jobs => jobs,
        }
    }
}

impl cli::Options for Options {
    fn set(&mut self, flag: &str, value: &Value) -> Result<()> {
        match flag {
            "latest" => self.selection.latest = Some(value.path()),
            "database" => self.selection.database = Some(value.text()?.to_string()),
            "label" => self.selection.label = Some(value.text()?.to_string()),
            "archive-only" | "list" => {
                if self.mode != Mode::Prove {
                    return Err(Error::usage("--archive-only and --list exclude each other"));
                }
                self.mode = match flag {
                    "list" => Mode::List,
                    _ => Mode::ArchiveOnly,
                };
            }
            "no-record" => self.record = false,
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
        self.selection.operands.push(value.into());
        Ok(())
    }

    fn check(&mut self) -> Result<()> {
        let selection = &self.selection;
        let files = !selection.operands.is_empty();
        if files == selection.latest.is_some() {
            let problem = if files {
                "--latest and operands exclude each other"
            } else {
                "no backup given"
            };
            return Err(Error::usage(problem)
                .with_hint("name backups, or --latest DIR, or - to read records from stdin"));
        }
        if selection.reads_stdin() && selection.operands.len() > 1 {
            return Err(Error::usage("- and other operands exclude each other"));
        }
        if files && (selection.database.is_some() || selection.label.is_some()) {
            return Err(Error::usage("--database and --label go with --latest only"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod test {
    #[test]
    fn table_is_sound() {
        shared::cli::check_table::<super::Options>(&super::TOOL).unwrap();
    }
}
