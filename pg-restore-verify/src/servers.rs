//! Which server a backup is restored on: a named one, or a throw-away one that serves every
//! backup it is new enough for, cleaned between them.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use shared::cli::Context;
use shared::connection::{ConnectArgs, Conninfo, Environment, Need, SessionOptions};
use shared::programs::Program;
use shared::{Error, Result, signals};

use crate::archive::Archive;
use crate::cli::{After, Options};
use crate::limits::{Seen, Watched};
use crate::memory::Memory;
use crate::scratch;
use crate::server::{Database, ONE_PROCESS, Server};

/// The servers of one run.
pub struct Servers {
    named: Option<Conninfo>,
    current: Option<Arc<Server>>,
    memory: Memory,
    preload: Vec<String>,
    /// Where the throw-away server lies, if that is not the usual place.
    folder: Option<PathBuf>,
    /// What the time limits look at.
    pub watched: Watched,
}

impl Servers {
    /// No server yet. That the command line leads somewhere is found out now.
    pub fn new(options: &Options, context: &Context) -> Result<Self> {
        let connect = &context.common.connect;
        let is_named = options.after.promote.is_some()
            || [&connect.dbname, &connect.host, &connect.port, &connect.user]
                .iter()
                .any(|given| given.is_some());
        let named = match is_named {
            true => Some(resolve(connect, options)?),
            false => None,
        };
        if is_named && !options.preload.is_empty() {
            return Err(Error::usage(
                "--preload goes with a private server only: another has its own libraries",
            ));
        }
        if is_named && options.after.keep_for.is_some() {
            return Err(Error::usage(
                "--for goes with a throw-away server only: on another the database stays",
            ));
        }
        for note in named.iter().flat_map(Conninfo::notes) {
            context.note(note);
        }
        Ok(Self {
            named,
            current: None,
            memory: options.memory,
            preload: options.preload.clone(),
            folder: None,
            watched: Watched::default(),
        })
    }

    /// Whether backups are restored on a server that others use.
    pub fn is_named(&self) -> bool {
        self.named.is_some()
    }

    /// The server for a backup of that major version: the named one, or one of that version or the
    /// nearest newer one.
    pub fn obtain(&mut self, archive: &Archive) -> Result<Arc<Server>> {
        let at_least = loads(archive);
        let folder = match self.is_named() {
            true => None,
            false => self
                .memory
                .folder_for(archive, self.current.is_some() && self.folder.is_some()),
        };
        let server = match (self.current.take(), &self.named) {
            (Some(server), Some(_)) => server,
            (None, Some(conninfo)) => {
                // One session does nothing but hold the lock on our database, for hours perhaps.
                let conninfo = conninfo.with_signs_of_life(SIGN_OF_LIFE);
                let server = named(&conninfo)?;
                server.require_primary()?;
                Arc::new(server)
            }
            (Some(server), None) if is_best(&server, at_least) && self.folder == folder => server,
            (_, None) => {
                self.folder.clone_from(&folder);
                Arc::new(Server::throw_away(at_least, folder, &self.preload)?)
            }
        };
        self.current = Some(Arc::clone(&server));
        Ok(server)
    }

    /// A throw-away server whatever the command line says.
    pub fn obtain_private(&mut self, archive: &Archive) -> Result<Arc<Server>> {
        match self.is_named() {
            true => Server::throw_away(loads(archive), None, &self.preload).map(Arc::new),
            false => self.obtain(archive),
        }
    }

    /// Gives up a server whose data lies in memory, where it did not fit, and has no other such
    /// one. Whether there was one.
    pub fn leave_memory(&mut self) -> bool {
        let was_there = self.folder.take().is_some();
        if was_there {
            self.memory.most = Some(0);
            self.current = None;
            let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
            *watched = None;
        }
        was_there
    }

    /// Whether the server's data lies in memory.
    pub fn is_in_memory(&self) -> bool {
        self.folder.is_some()
    }

    /// From now on this database is looked at by the time limits.
    pub fn watch(&mut self, database: &Database) {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        *watched = Some(Seen::new(database));
    }

    /// Waits as long as a kept database on the throw-away server is wanted.
    ///
    /// # Errors
    /// When a signal comes, which ends it.
    pub fn hold(&self, after: &After) -> Result<()> {
        match !after.keep || self.is_named() || self.current.is_none() {
            true => Ok(()),
            false => hold(after),
        }
    }

    /// Makes the throw-away server one that nothing was restored on, or ends it.
    pub fn clean(&mut self) {
        if self.is_named() {
            return;
        }
        let is_clean = match &self.current {
            Some(server) => matches!(server.clean(), Ok(true)),
            None => true,
        };
        if !is_clean {
            self.current = None;
        }
    }
}

/// Waits as long as `--for` says, or until a signal comes.
///
/// # Errors
/// When that comes.
pub fn hold(after: &After) -> Result<()> {
    match after.keep_for {
        Some(duration) => signals::sleep(duration),
        None => loop {
            signals::sleep(Duration::from_secs(3600))?;
        },
    }
}

/// Where the server is. A database that is to be renamed can't be the one to connect to.
fn resolve(connect: &ConnectArgs, options: &Options) -> Result<Conninfo> {
    let conninfo = Conninfo::resolve(connect, &Environment::of_process(), Need::Session)?;
    match &options.after.promote {
        Some(live) if conninfo.database() == live && live == "postgres" => {
            Ok(conninfo.with_database("template1"))
        }
        Some(live) if conninfo.database() == live => Ok(conninfo.with_database("postgres")),
        _ => Ok(conninfo),
    }
}

/// The named server. A promotion that was torn apart may have left the database closed that leads
/// to it.
fn named(conninfo: &Conninfo) -> Result<Server> {
    let first = Server::named(conninfo.clone(), patient());
    let closed = |error: &Error| error.sqlstate() == Some("55000");
    if !first.as_ref().is_err_and(closed) || conninfo.database() == "postgres" {
        return first;
    }
    let other = Server::named(conninfo.with_database("postgres"), patient())?;
    scratch::sweep_on(&Arc::new(other))?;
    Server::named(conninfo.clone(), patient())
}

/// The oldest major version that a backup is known to load into: that of its pg_dump if it is
/// newer than its server (manual, pg_dump, "Notes") and there is one, else that of its server.
fn loads(archive: &Archive) -> Option<u32> {
    let both = archive.server_major.max(archive.pg_dump_major);
    let is_there = both == archive.server_major || Program::find("postgres", both).is_ok();
    if is_there { both } else { archive.server_major }
}

/// Why a server of that major version need not take the backup, if it is too old.
pub fn too_old(major: u32, archive: &Archive) -> Option<String> {
    let (server, pg_dump) = (archive.server_major, archive.pg_dump_major);
    let loads_into = server.max(pg_dump).filter(|both| major < *both)?;
    let whose = match server.filter(|server| *server == loads_into) {
        Some(_) => "a server".to_string(),
        None => "pg_dump".to_string(),
    };
    Some(format!(
        "this server is PostgreSQL {major}, and a backup by {whose} of {loads_into} is known to load \
         into {loads_into} and newer only"
    ))
}

/// Whether no other server would be started for it.
fn is_best(server: &Server, at_least: Option<u32>) -> bool {
    Program::find("postgres", at_least).is_ok_and(|found| found.version == server.version())
}

/// In seconds; Azure forgets a silent session after four minutes, AWS after six.
const SIGN_OF_LIFE: u32 = 60;

/// A restore takes as long as it takes, and its own sessions wait for each other.
pub fn patient() -> SessionOptions {
    SessionOptions {
        lock_timeout: Duration::ZERO,
        statement_timeout: Duration::ZERO,
        settings: &ONE_PROCESS,
        ..Default::default()
    }
}
