//! The way to a snapshot: of a server, again and again over one connection, or of a file.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use shared::cli::Context;
use shared::connection::{Conninfo, Environment, Need, SessionOptions};
use shared::dump::quote_identifier;
use shared::message::Report;
use shared::units::human_duration;
use shared::{Error, Result};

use crate::cli::{Options, Scope};
use crate::connection::{Connection, GRACE};
use crate::forest::Forest;
use crate::names::{self, Names, Trouble, Wanted};
use crate::rights;
use crate::snapshot::{self, Seen, Snapshot};

/// Nothing that we ask for waits for a lock, but where somebody has locked the catalogues themselves.
pub const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// While hundreds begin to wait for one row, the server's search for deadlocks keeps everybody from its locks:
/// on a busy machine for more than ten seconds.
pub const LONGEST_STATEMENT: Duration = Duration::from_secs(30);

/// So often at most it is looked again, while somebody waits for one who is gone.
const LOOKS: usize = 3;

/// A server that is looked at.
pub struct Lookout {
    connection: Connection,
    /// Locks that nobody waits for are read, too.
    every_lock: bool,
    /// Where the first look is kept.
    save: Option<PathBuf>,
    names: Names,
    /// All sessions are to be shown, or may be.
    shows_all: bool,
    report: Report,
    /// Whether filters ask how long somebody waits.
    asks_of_waits: bool,
    /// Whether they ask what relations are called.
    asks_of_relations: bool,
    /// Of a loop, since when whom was seen to wait, where the server does not say.
    seen: Option<Seen>,
    /// What was said about names.
    trouble: Option<Trouble>,
}

impl Lookout {
    /// Connects; where there is an `end`, the server is not waited for much longer than that.
    pub fn open(options: &Options, context: &Context, end: Option<Instant>) -> Result<Self> {
        let environment = Environment::of_process();
        let conninfo = Conninfo::resolve(&context.common.connect, &environment, Need::Statements)?;
        for note in conninfo.notes() {
            context.note(note);
        }
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        let conninfo = match left {
            Some(left) => conninfo.with_patience(left + GRACE),
            None => conninfo,
        };
        let gentle = SessionOptions {
            lock_timeout: LONGEST_WAIT,
            statement_timeout: LONGEST_STATEMENT,
            ..SessionOptions::default()
        };
        let Scope {
            sessions,
            save,
            reads_stdin,
            ..
        } = &options.scope;
        let mut connection = Connection::open(&conninfo, &gentle).map_err(explained)?;
        connection.end = end;
        let filters = &options.filters;
        filters.check_names(&mut connection, context.report())?;
        Ok(Self {
            connection,
            every_lock: *sessions || save.is_some() || options.filters.look_at_locks(),
            save: save.clone(),
            names: Names::new(),
            shows_all: *sessions || save.is_some() || *reads_stdin,
            report: context.report().clone(),
            asks_of_waits: options.filters.ask_how_long(),
            asks_of_relations: options.filters.ask_of_relations(),
            seen: options.watch.every.map(|_| Seen::default()),
            trouble: None,
        })
    }

    /// What was seen is kept already.
    pub fn keep_nothing(&mut self) {
        self.save = None;
    }

    /// The connection, for what else is to be done over it.
    pub fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// What the server says now, and what it makes. Who may not see the sessions of others is refused: it
    /// would take what it can't see for nothing.
    pub fn look(&mut self) -> Result<(Snapshot, Forest)> {
        let mut snapshot = self.take()?;
        let mut forest = Forest::of(&snapshot);
        for _ in 1..LOOKS {
            if !snapshot.sees_all || !forest.is_puzzling() {
                break;
            }
            let before = std::mem::replace(&mut snapshot, self.take()?);
            snapshot.note_elders(&before);
            forest = Forest::of(&snapshot);
        }
        if !snapshot.sees_all {
            return Err(blind(&snapshot));
        }
        if forest.guesses_waits() {
            self.say_guessed();
        }
        if self.shows_all || !forest.nodes.is_empty() {
            self.name(&mut snapshot)?;
        }
        if let Some(path) = self.save.take() {
            snapshot::save(&snapshot, &path)?;
        }
        Ok((snapshot, forest))
    }

    /// To go by waits that are guessed may be to end the wrong one.
    fn say_guessed(&mut self) {
        let words = "before PostgreSQL 14 the server does not say since when somebody waits: each wait is shown as \
                     long as its statement has run, which may be far longer; a loop (--watch) measures it";
        match self.asks_of_waits {
            true => self.report.warn(words),
            false => self.report.note(words),
        }
    }

    fn take(&mut self) -> Result<Snapshot> {
        let taken = snapshot::take(&mut self.connection, self.every_lock);
        let mut snapshot = taken.map_err(explained)?;
        if let Some(seen) = self.seen.as_mut().filter(|_| !snapshot.tells_waits()) {
            seen.note(&mut snapshot);
        }
        Ok(snapshot)
    }

    fn name(&mut self, snapshot: &mut Snapshot) -> Result<()> {
        if self.asks_of_relations {
            // A name that was given meanwhile, or could not be had, decides who is ended.
            self.names.clear();
        }
        let trouble = names::resolve(
            snapshot,
            &mut self.connection,
            &mut self.names,
            Wanted {
                every_lock: self.every_lock,
                decides: self.asks_of_relations,
            },
        )?;
        if let Some(trouble) = trouble.filter(|trouble| self.trouble.as_ref() != Some(trouble)) {
            match trouble.passes {
                true => self.report.warn(&trouble.words),
                // Where we are not let in, as in a provider's own database, it will be so each time.
                false => self.report.note(&trouble.words),
            }
            self.trouble = Some(trouble);
        }
        Ok(())
    }
}

/// What a file or the server says.
pub fn look(options: &Options, context: &Context) -> Result<(Snapshot, Forest)> {
    match &options.scope.snapshot {
        Some(path) => load(path, context.report()),
        None => Lookout::open(options, context, None)?.look(),
    }
}

/// What a file says, which may be old.
pub fn load(path: &Path, report: &Report) -> Result<(Snapshot, Forest)> {
    let snapshot = snapshot::load(path)?;
    let taken_at = snapshot.taken_at;
    let age = Duration::try_from(shared::time::now() - taken_at).unwrap_or_default();
    let (taken_at, age) = (shared::time::format(taken_at)?, human_duration(age));
    let server = snapshot.server.as_ref();
    let server = server.map_or_else(String::new, |server| format!(", on {server}"));
    report.warn(&format!(
        "this is what was seen at {taken_at}, {age} ago{server}"
    ));
    let forest = Forest::of(&snapshot);
    Ok((snapshot, forest))
}

/// Every connection reads some catalogues at its start.
fn explained(error: Error) -> Error {
    match error.sqlstate() {
        Some("55P03") => error.with_hint(
            "somebody has locked catalogues that every connection needs, as VACUUM FULL, CLUSTER and \
             REINDEX of them do. Where they are this database's alone, another one shows who: -d postgres. \
             Else ps on the server's machine does, and kill -INT cancels it",
        ),
        Some("57014") => error.with_hint(
            "the server could not read its own locks in time, as when hundreds have just begun to wait and it \
             looks for deadlocks among them: try again",
        ),
        _ => error,
    }
}

fn blind(snapshot: &Snapshot) -> Error {
    let role = quote_identifier(&snapshot.own_role);
    let error = Error::new(format!(
        "the role {role} may not see the sessions of other roles"
    ))
    .with_detail("their states, statements and transactions are hidden from it");
    let remedy = rights::grant(
        "pg_read_all_stats",
        &role,
        snapshot.could_see_all,
        snapshot.server_version_num,
    );
    error.with_hint(format!("as a superuser: {remedy}"))
}
