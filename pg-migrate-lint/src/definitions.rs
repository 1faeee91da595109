//! The definitions of a database, as pg_dump says them.

use std::ffi::OsString;
use std::process::Stdio;

use shared::dump::{Event, Schema, Script};
use shared::programs::{Child, Program, set_environment};
use shared::{Result, signals};

/// Somebody may wait for a lock behind us.
const LOCK_WAIT: &str = "--lock-wait-timeout=10000";

/// How a database is reached by a child: variables, and arguments.
pub type Way = (Vec<(OsString, Option<OsString>)>, Vec<OsString>);

/// Reads them; `options` are pg_dump's own. Reads only, and takes the weakest lock on each table.
///
/// # Errors
/// Where pg_dump can't read all of it, in its words.
pub fn of(pg_dump: &Program, (environment, arguments): Way, options: &[&str]) -> Result<Schema> {
    let own = [
        "--schema-only",
        "--no-password",
        "--encoding=UTF8",
        LOCK_WAIT,
    ];
    let own = own.iter().chain(options).map(OsString::from);
    let mut command = pg_dump.command_with(own.chain(arguments));
    set_environment(&mut command, environment);
    command.stdout(Stdio::piped());
    let mut child = Child::spawn(command, "pg_dump")?;
    let mut script = Script::new(child.stdout()?);
    let mut schema = Schema::default();
    let read = read(&mut script, &mut schema);
    drop(script);
    let ended = child.wait()?;
    signals::check()?;
    ended.success_or(|| "pg_dump could not read the definitions".to_string())?;
    read?;
    Ok(schema)
}

fn read<R: std::io::Read>(script: &mut Script<R>, schema: &mut Schema) -> Result<()> {
    while let Some(event) = script.next()? {
        if let Event::Statement { sql, entry, .. } = event {
            schema.add(entry, &String::from_utf8_lossy(sql));
        }
    }
    Ok(())
}
