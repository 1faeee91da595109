//! The psql beside a pg_dump that runs elsewhere, which asks where no session of ours gets.

use std::ffi::OsString;
use std::io::Read;
use std::process::Stdio;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use shared::connection::Conninfo;
use shared::programs::{Child, Ender, Finished, Program, set_environment};
use shared::units::human_duration;
use shared::{Context, Error, Result, signals};

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

/// How psql ended, and what it said to these questions: each field ends with a zero byte. It has so
/// long to answer.
pub fn ask(
    pg_dump: &Program,
    conninfo: &Conninfo,
    questions: &[&str],
    limit: Option<Duration>,
) -> Result<(Finished, String)> {
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
    let late = Late::after(limit, child.ender())?;
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
