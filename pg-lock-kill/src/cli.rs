//! The command line of pg-lock-kill.

mod combinations;
mod fields;
mod filters;
mod table;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use shared::cli::{self, Value};
use shared::{Error, Result};

pub use filters::{Condition, Filters, Test};
pub use table::TOOL;

/// What the command line asks for.
#[derive(Debug, Default)]
pub struct Options {
    /// Whom to look at.
    pub scope: Scope,
    /// Which of them.
    pub filters: Filters,
    /// Which of those to end.
    pub victims: Victims,
    /// What to do with them.
    pub action: Action,
    /// How.
    pub manner: Manner,
    /// Again and again.
    pub watch: Watch,
}

/// Whom to look at.
#[derive(Debug, Default)]
pub struct Scope {
    /// All client sessions, not only those that block or wait.
    pub sessions: bool,
    /// Take the records, or the numbers, on stdin.
    pub reads_stdin: bool,
    /// These are bare numbers.
    pub bare_pids: bool,
    /// Look at what was saved in this file.
    pub snapshot: Option<PathBuf>,
    /// Save what is seen there.
    pub save: Option<PathBuf>,
    /// Status 1 if anybody waits.
    pub fail_if_blocked: bool,
}

/// Which of the sessions that match are ended.
#[derive(Debug)]
pub struct Victims {
    /// Which, where that is said.
    pub which: Option<Which>,
    /// At most so many in a run.
    pub most: usize,
    /// At most so many percent of the client sessions.
    pub most_percent: Option<f64>,
    /// Superusers' sessions too.
    pub include_superusers: bool,
    /// Autovacuum workers too, but for those that save the server from wraparound.
    pub include_autovacuum: bool,
    /// Clients that take a backup, too.
    pub include_backups: bool,
    /// `--protect`: roles and applications that are never ended.
    pub protected: Vec<String>,
    /// `--protect-file`: a file of them, one a line.
    pub protect_file: Option<PathBuf>,
}

/// `--victims`
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Which {
    /// Those who block and don't wait.
    #[default]
    Heads,
    /// Whose transaction began first.
    Oldest,
    /// All.
    All,
    /// All but that one.
    AllButOldest,
    /// Those who wait.
    Waiters,
}

/// What is done with a victim.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Action {
    /// Nothing: a listing.
    #[default]
    None,
    /// Its statement is cancelled.
    Cancel,
    /// Its session is ended.
    Terminate,
    /// The one, and the other if that did not help for so long.
    Escalate(Duration),
}

/// How it is done.
#[derive(Debug)]
pub struct Manner {
    /// How long a victim may take to be gone.
    pub grace: Duration,
    /// Only say what would be done.
    pub dry_run: bool,
    /// `--exec`: a program that may veto.
    pub exec: Option<String>,
}

/// A loop.
#[derive(Debug, Default)]
pub struct Watch {
    /// So often.
    pub every: Option<Duration>,
    /// For so long.
    pub lasting: Option<Duration>,
    /// Until nobody waits.
    pub on_clear: bool,
}

impl Default for Victims {
    fn default() -> Self {
        Self {
            which: None,
            most: 1,
            most_percent: None,
            include_superusers: false,
            include_autovacuum: false,
            include_backups: false,
            protected: Vec::new(),
            protect_file: None,
        }
    }
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            grace: Duration::from_secs(5),
            dry_run: false,
            exec: None,
        }
    }
}

impl Options {
    /// Which of those that match are ended: where all sessions are looked at, or some are named, all
    /// of them, because most of those block nobody.
    pub fn which(&self) -> Which {
        let usual = match self.scope.sessions || self.scope.reads_stdin {
            true => Which::All,
            false => Which::Heads,
        };
        self.victims.which.unwrap_or(usual)
    }

    /// Whether those who wait are chosen because they do: not where all sessions are looked at, and the
    /// filters ask for something else.
    pub fn by_wait(&self) -> bool {
        let waiters = self.victims.which == Some(Which::Waiters);
        !self.scope.sessions || waiters || self.filters.ask_of_wait()
    }

    fn set_action(&mut self, action: Action) -> Result<()> {
        if self.action != Action::None {
            return Err(Error::usage(
                "--cancel, --terminate and --escalate exclude each other",
            ));
        }
        self.action = action;
        Ok(())
    }
}

impl cli::Options for Options {
    fn set(&mut self, flag: &str, value: &Value) -> Result<()> {
        let text = || value.text().map(str::to_string);
        match flag {
            "sessions" => self.scope.sessions = true,
            "bare-pids" => self.scope.bare_pids = true,
            "snapshot" => self.scope.snapshot = Some(value.path()),
            "save" => self.scope.save = Some(value.path()),
            "fail-if-blocked" => self.scope.fail_if_blocked = true,
            "victims" => self.victims.which = Some(which(value)?),
            "max" => self.victims.most = value.count()?,
            "max-percent" => self.victims.most_percent = Some(value.percent()?),
            "include-superusers" => self.victims.include_superusers = true,
            "include-autovacuum" => self.victims.include_autovacuum = true,
            "include-backups" => self.victims.include_backups = true,
            "protect" => self.victims.protected.push(text()?),
            "protect-file" => self.victims.protect_file = Some(value.path()),
            "cancel" => self.set_action(Action::Cancel)?,
            "terminate" => self.set_action(Action::Terminate)?,
            "escalate" => self.set_action(Action::Escalate(value.duration()?))?,
            "grace" => self.manner.grace = value.duration()?,
            "dry-run" => self.manner.dry_run = true,
            "exec" => self.manner.exec = Some(text()?),
            "watch" => self.watch.every = Some(value.duration()?),
            "for" => self.watch.lasting = Some(value.duration()?),
            "on-clear" => self.watch.on_clear = true,
            _ => {
                let name = flag.strip_prefix("not-");
                let Some(test) = Test::of(name.unwrap_or(flag), value)? else {
                    return Err(cli::unhandled(flag));
                };
                let is_not = name.is_some();
                self.filters.conditions.push(Condition { test, is_not });
            }
        }
        Ok(())
    }

    fn operand(&mut self, value: OsString) -> Result<()> {
        if value != "-" {
            return Err(Error::usage(format!("there is no operand {value:?}"))
                .with_hint("- reads records on stdin; -d says where to connect"));
        }
        self.scope.reads_stdin = true;
        Ok(())
    }

    fn check(&mut self) -> Result<()> {
        self.check_combinations()
    }
}

fn which(value: &Value) -> Result<Which> {
    Ok(match value.text()? {
        "heads" => Which::Heads,
        "oldest" => Which::Oldest,
        "all" => Which::All,
        "all-but-oldest" => Which::AllButOldest,
        "waiters" => Which::Waiters,
        _ => return Err(value.refuse("heads, oldest, all, all-but-oldest or waiters")),
    })
}

#[cfg(test)]
mod test {
    #[test]
    fn table_is_sound() {
        shared::cli::check_table::<super::Options>(&super::TOOL).unwrap();
    }

    #[test]
    fn the_manual_has_the_fields_of_a_record() {
        shared::cli::check_fields::<crate::record::Record>(&super::TOOL).unwrap();
    }
}
