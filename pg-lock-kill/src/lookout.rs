//! The way to a snapshot: of a server, again and again over one connection, or of a file.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use shared::cli::Context;
use shared::connection::{Conninfo, Environment, Need, Session as Connection, SessionOptions};
use shared::dump::quote_identifier;
use shared::{Error, Result};

use crate::cli::{Options, Scope};
use crate::forest::Forest;
use crate::names;
use crate::snapshot::{self, Snapshot};

/// Nothing that we ask for waits for a lock, but where somebody has locked the catalogues themselves.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
const LONGEST_STATEMENT: Duration = Duration::from_secs(10);

/// So often at most it is looked again, while somebody waits for one who is gone.
const LOOKS: usize = 3;

/// What is known of names: by database and number.
pub type Names = HashMap<(u32, u32), Option<String>>;

/// A server that is looked at.
pub struct Lookout {
    conninfo: Conninfo,
    connection: Connection,
    /// Locks that nobody waits for are read, too.
    every_lock: bool,
    /// Where the first look is kept.
    save: Option<PathBuf>,
    names: Names,
}

impl Lookout {
    /// Connects.
    pub fn open(options: &Options, context: &Context) -> Result<Self> {
        let environment = Environment::of_process();
        let conninfo = Conninfo::resolve(&context.common.connect, &environment, Need::Statements)?;
        for note in conninfo.notes() {
            context.note(note);
        }
        let gentle = SessionOptions {
            lock_timeout: LONGEST_WAIT,
            statement_timeout: LONGEST_STATEMENT,
            ..SessionOptions::default()
        };
        let Scope { sessions, save, .. } = &options.scope;
        Ok(Self {
            connection: Connection::open(&conninfo, &gentle)?,
            conninfo,
            every_lock: *sessions || save.is_some() || options.filters.look_at_locks(),
            save: save.clone(),
            names: Names::new(),
        })
    }

    /// The connection, for what else is to be done over it.
    pub fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// What the server says now. Who may not see the sessions of others is refused: it would take
    /// what it can't see for nothing.
    pub fn look(&mut self) -> Result<Snapshot> {
        let mut snapshot = snapshot::take(&mut self.connection, self.every_lock)?;
        for _ in 1..LOOKS {
            if !snapshot.sees_all || !Forest::of(&snapshot).is_puzzling() {
                break;
            }
            snapshot = snapshot::take(&mut self.connection, self.every_lock)?;
        }
        if !snapshot.sees_all {
            return Err(blind(&snapshot.own_role));
        }
        names::resolve(
            &mut snapshot,
            &mut self.connection,
            &self.conninfo,
            &mut self.names,
            self.every_lock,
        )?;
        if let Some(path) = self.save.take() {
            snapshot::save(&snapshot, &path)?;
        }
        Ok(snapshot)
    }
}

/// What a file or the server says.
pub fn look(options: &Options, context: &Context) -> Result<Snapshot> {
    match &options.scope.snapshot {
        Some(path) => snapshot::load(path),
        None => Lookout::open(options, context)?.look(),
    }
}

fn blind(role: &str) -> Error {
    let role = quote_identifier(role);
    Error::new(format!(
        "the role {role} may not see the sessions of other roles"
    ))
    .with_detail("their states, statements and transactions are hidden from it")
    .with_hint(format!("as a superuser: GRANT pg_read_all_stats TO {role}"))
}
