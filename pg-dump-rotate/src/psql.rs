//! The psql beside a pg_dump that runs elsewhere, which asks where no session of ours gets.

use std::ffi::OsString;
use std::io::Read;
use std::process::Stdio;
use std::time::Duration;

use shared::connection::Conninfo;
use shared::programs::{Child, Finished, Program, set_environment};
use shared::units::human_duration;
use shared::{Context, Error, Result, signals};

use crate::late::Late;

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
    if late.was()
        && let Some(limit) = limit
    {
        let limit = human_duration(limit);
        return Err(Error::new(format!("no answer from psql within {limit}")));
    }
    read.context(|| "reading from psql".into())?;
    Ok((finished, said))
}
