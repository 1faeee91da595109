//! `--pg-dump 'docker compose exec -T db pg_dump'`: pg_dump, and psql and pg_dumpall beside
//! it, run where neither our environment nor our files are. There is no session of our own
//! then: what the server is, its dump says.

use std::ffi::OsString;
use std::io::Read;
use std::process::Stdio;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use shared::backup::Format;
use shared::connection::Conninfo;
use shared::programs::{Child, Ender, Finished, Program, Version, set_environment};
use shared::units::human_duration;
use shared::{Context, Error, Result, signals};

use super::asked::limit;
use super::plan::DATABASES;
use crate::cli::Options;
use crate::server::SYSTEM_IDENTIFIER;

const VERSION: &str = "SELECT pg_catalog.current_setting('server_version')";

/// What --pg-dump says, if it was given, and whether that will do.
pub fn given(options: &Options) -> Result<Option<Program>> {
    let Some(command) = &options.pg_dump else {
        return Ok(None);
    };
    let program = Program::from_command(command, "pg_dump")?;
    let refused = match () {
        () if !program.is_elsewhere() => None,
        () if options.format() == Format::Directory => {
            Some("-F directory is written where pg_dump runs, so --pg-dump has no place beside it")
        }
        () if options.source.is_some() => {
            Some("the source is compared by a session of our own, which --pg-dump leaves out")
        }
        () => None,
    };
    match refused {
        Some(words) => Err(Error::usage(words)),
        None => Ok(Some(program)),
    }
}

/// Fields and rows apart by a zero byte, which no name holds.
const PSQL: &[&str] = &[
    "--no-psqlrc",
    "--no-password",
    "--quiet",
    "--tuples-only",
    "--no-align",
    "--field-separator-zero",
    "--record-separator-zero",
];

/// A database as the server lists it.
pub struct Listed {
    pub name: String,
    pub is_template: bool,
    /// ALLOW_CONNECTIONS is true.
    pub is_open: bool,
    /// By us.
    pub may_connect: bool,
    /// What an interrupted DROP DATABASE has left.
    pub is_half_dropped: bool,
}

/// Every database of the server, by psql.
pub fn databases(pg_dump: &Program, conninfo: &Conninfo) -> Result<Vec<Listed>> {
    let (finished, said) = psql(pg_dump, conninfo, &[DATABASES])?;
    finished.success_or(|| "could not ask for the names of the databases".into())?;
    Ok(listed(&said))
}

/// The server's version and, where the role may ask for it, its identifier, by psql.
pub fn server(pg_dump: &Program, conninfo: &Conninfo) -> Result<(Version, Option<String>)> {
    let (finished, said) = psql(pg_dump, conninfo, &[VERSION, SYSTEM_IDENTIFIER])?;
    let mut fields = said.split('\0');
    match fields.next().and_then(Version::parse) {
        Some(version) => {
            let identifier = fields.next().filter(|identifier| !identifier.is_empty());
            Ok((version, identifier.map(str::to_string)))
        }
        None => {
            finished.success_or(|| "could not ask which server it is".into())?;
            Err(Error::new("psql did not say which server it is"))
        }
    }
}

/// How psql ended, and what it said to these questions.
fn psql(pg_dump: &Program, conninfo: &Conninfo, questions: &[&str]) -> Result<(Finished, String)> {
    let psql = pg_dump.sibling("psql")?;
    let mut arguments: Vec<OsString> = PSQL.iter().map(OsString::from).collect();
    let questions = questions.iter();
    arguments.extend(questions.map(|sql| format!("--command={sql}").into()));
    arguments.extend(conninfo.child_arguments());
    let mut command = psql.command_with(arguments);
    set_environment(&mut command, conninfo.child_environment());
    command.stdout(Stdio::piped());
    let mut child = Child::spawn(command, "psql")?;
    let mut said = String::new();
    let late = Late::after(limit(conninfo)?, child.ender())?;
    let read = child.stdout()?.read_to_string(&mut said);
    let finished = child.wait()?;
    signals::check()?;
    late.check()?;
    read.context(|| "reading from psql".into())?;
    Ok((finished, said))
}

/// Ends a program that takes longer than it may.
struct Late {
    limit: Option<Duration>,
    over: Sender<()>,
    ended: JoinHandle<bool>,
}

impl Late {
    fn after(limit: Option<Duration>, ender: Ender) -> Result<Self> {
        let (over, ended) = channel();
        let ended = thread::Builder::new().spawn(move || {
            let waited = limit.map(|limit| ended.recv_timeout(limit));
            let is_late = waited == Some(Err(RecvTimeoutError::Timeout));
            if is_late {
                ender.end();
            }
            is_late
        })?;
        Ok(Self { limit, over, ended })
    }

    /// An error if it was.
    fn check(self) -> Result<()> {
        drop(self.over);
        match (self.ended.join(), self.limit) {
            (Ok(true), Some(limit)) => Err(Error::new(format!(
                "no answer from psql within {}",
                human_duration(limit)
            ))),
            _ => Ok(()),
        }
    }
}

fn listed(said: &str) -> Vec<Listed> {
    let fields: Vec<&str> = said.split('\0').collect();
    let rows = fields.chunks_exact(5);
    rows.map(|row| Listed {
        name: row[0].to_string(),
        is_template: row[1] == "t",
        is_open: row[2] == "t",
        may_connect: row[3] == "t",
        is_half_dropped: row[4] == "t",
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_hold_anything() {
        let listed = listed("a|b\nc\0f\0t\0f\0f\0template0\0t\0f\0t\0t\0");
        assert_eq!(listed.len(), 2);
        assert_eq!(listed[0].name, "a|b\nc");
        assert!(listed[0].is_open && !listed[0].may_connect);
        assert!(!listed[0].is_half_dropped && listed[1].is_half_dropped);
        assert!(!listed[1].is_open && listed[1].may_connect);
        assert!(!listed[0].is_template && listed[1].is_template);
    }
}
