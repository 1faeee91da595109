//! Drops what is left on a server that others use when we are killed outright.
//!
//! It is this very program once more, which waits until we say that nothing is left, or are gone:
//! then the system closes our end of its pipe. It learns by its environment where to connect, as
//! pg_restore does. Who ends all processes of a job at once (the end of a container, say) ends it,
//! too; then the next run drops what is left.

use std::env;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use postgres::types::Type;
use shared::connection::{ConnectArgs, Conninfo, Environment, Need};
use shared::programs::set_environment;
use shared::{Result, signals};

use super::remains;
use crate::server::Server;
use crate::servers;

/// The database that the process is to look after.
const VARIABLE: &str = "PG_RESTORE_VERIFY_CARETAKER_OF";
/// That nothing is left.
const DONE: &[u8] = b"done";
/// How long it tries, and what it waits between two attempts.
const PATIENCE: Duration = Duration::from_secs(120);
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// A process that looks after a scratch database.
pub struct Caretaker(Child);

impl Caretaker {
    /// Starts one, if that can be; without it the next run drops what is left.
    pub fn of(server: &Server, database: &str) -> Option<Self> {
        let mut command = Command::new(this_program()?);
        command
            .arg0(format!("pg-restore-verify: caretaker of {database}"))
            .process_group(0)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        set_environment(&mut command, server.environment());
        command.env(VARIABLE, database);
        command.spawn().ok().map(Self)
    }

    /// Nothing is left to it.
    pub fn dismiss(mut self) {
        // One that is gone needs no word.
        let told = self.0.stdin.take().map(|mut pipe| pipe.write_all(DONE));
        if told.is_some() {
            let _ = self.0.wait();
        }
    }
}

/// The file that we were started from, also where another took its place since.
fn this_program() -> Option<PathBuf> {
    let linked = PathBuf::from("/proc/self/exe");
    match linked.exists() {
        true => Some(linked),
        false => env::current_exe().ok(),
    }
}

/// Whether this process is one, and how it came out.
pub fn as_caretaker() -> Option<ExitCode> {
    let database = env::var(VARIABLE).ok()?;
    // Whoever ends us by these is told to clean up, and this is that.
    signals::ignore_all();
    let mut word = Vec::new();
    let read = std::io::stdin().read_to_end(&mut word);
    if read.is_ok() && word == DONE {
        return Some(ExitCode::SUCCESS);
    }
    // A server that gives no answer.
    thread::spawn(|| {
        thread::sleep(PATIENCE + LONGEST_WAIT);
        std::process::exit(2);
    });
    let (began, mut wait) = (Instant::now(), FIRST_WAIT);
    while began.elapsed() < PATIENCE {
        if matches!(look_after(&database), Ok(true)) {
            return Some(ExitCode::SUCCESS);
        }
        thread::sleep(wait);
        wait = (wait * 2).min(LONGEST_WAIT);
    }
    Some(ExitCode::from(2))
}

/// Drops what is nobody's any more; whether nothing is left of this one.
fn look_after(database: &str) -> Result<bool> {
    let args = ConnectArgs::default();
    let conninfo = Conninfo::resolve(&args, &Environment::of_process(), Need::Session)?;
    let server = Arc::new(Server::named(conninfo, servers::patient())?);
    let mut client = server.connect_to_server()?;
    // Its roles go once it is gone.
    remains::sweep(&server, &mut client)?;
    let is_left = include_str!("../../sql/scratch_is_left.sql");
    let row = client.query_typed_one(is_left, &[(&database, Type::TEXT)])?;
    Ok(!row.try_get::<_, bool>(0)?)
}
