//! The server and the database on it that a backup is restored into.

mod place;
mod provided;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use postgres::Client;
use shared::cli::Context;
use shared::cluster::Cluster;
use shared::dump::{QualifiedName, attribute_versions, quote_identifier};
use shared::error::Kind;
use shared::{Error, Result, signals};

use super::foreign::{Foreign, HeldOff};
use super::refusal::{Refusal, may_be_of_end, server_gone, session_gone};
use super::withheld::{Doubt, Missing, Withheld};
use crate::archive::Archive;
use crate::contents::Contents;
use crate::decoder::Decoder;
use crate::promised::Promised;
use crate::roles::Needs;
use crate::room;
use crate::scratch::Scratch;
use crate::server::{Database, Server};
use crate::servers::{self, Servers};
use place::Beside;

/// On a throw-away server: no backup's own name for its database, so that one which creates it can.
pub const DATABASE: &str = "pg_restore_verify";

/// What tokio-postgres says of a session that the server ended without a word.
const CONNECTION_CLOSED: &str = "connection closed";

/// Where a backup is restored.
pub struct Target {
    database: Database,
    known: Needs,
    /// Roles that were created because the backup names them.
    pub created_roles: BTreeSet<String>,
    /// Extensions that the backup needs and the server does not have.
    pub lacking: BTreeSet<String>,
    /// Why what the server refuses may be its own doing.
    pub doubt: Option<Doubt>,
    /// Whether its locale is C, because the backup's is not to be had.
    pub lacks_locale: bool,
    /// Those that could not be, and what the server said.
    missing_roles: BTreeMap<String, Error>,
    /// The database that was dumped, if the backup itself tells.
    pub source: Option<String>,
    /// Where in the server's log this restore begins.
    first_word: usize,
    /// On a server that others use.
    scratch: Option<Scratch>,
    is_created: bool,
    foreign: Foreign,
    /// Whose place it may take.
    beside: Option<Beside>,
}

impl Target {
    /// On the named server, or one of the backup's major version, or the nearest newer one.
    pub fn start(archive: &Archive, servers: &mut Servers, context: &Context) -> Result<Self> {
        let server = servers.obtain(archive)?;
        let scratch = match server.is_ours() {
            true => None,
            false => Some(Scratch::reserve(&server)?),
        };
        let target = Self::on(&server, scratch, archive, context);
        servers.watch(&target.database);
        Ok(target)
    }

    /// The same on a server of our own, whatever was named.
    pub fn private(archive: &Archive, servers: &mut Servers, context: &Context) -> Result<Self> {
        let server = servers.obtain_private(archive)?;
        Ok(Self::on(&server, None, archive, context))
    }

    fn on(
        server: &Arc<Server>,
        scratch: Option<Scratch>,
        archive: &Archive,
        context: &Context,
    ) -> Self {
        let which = match server.is_ours() {
            true => "a throw-away PostgreSQL",
            false => "PostgreSQL",
        };
        let (path, version) = (archive.path.display(), server.version());
        let reaches = match server.cluster().map(Cluster::is_apart) {
            Some(false) => ", from which functions of the backup can reach the network",
            _ => "",
        };
        context.note(format!("restoring {path} on {which} {version}{reaches}"));
        let name = scratch.as_ref().map_or(DATABASE, Scratch::name);
        Self {
            doubt: servers::too_old(version.major, archive).map(Doubt::Old),
            ..Self::of(Database::new(server, name), scratch)
        }
    }

    fn of(database: Database, scratch: Option<Scratch>) -> Self {
        Self {
            first_word: database.server().log_length(),
            database,
            known: Needs::default(),
            created_roles: BTreeSet::new(),
            lacking: BTreeSet::new(),
            lacks_locale: false,
            doubt: None,
            missing_roles: BTreeMap::new(),
            source: None,
            is_created: false,
            scratch,
            foreign: Foreign::default(),
            beside: None,
        }
    }

    /// Another database on the same server, in which nothing is yet, with the same encoding and
    /// locale. The roles that the backup names are there.
    pub fn another(&self) -> Result<Self> {
        let server = self.database.server();
        let scratch = match server.is_ours() {
            true => None,
            false => Some(Scratch::reserve(server)?),
        };
        let name = match &scratch {
            Some(scratch) => scratch.name().to_string(),
            None => format!("{DATABASE}_again"),
        };
        let mut another = Self::of(Database::new(server, name), scratch);
        another.be_like(self.database.name())?;
        Ok(another)
    }

    /// Notes whether the backup is of a part that needs the rest.
    pub fn is_told_of(&mut self, promised: &Promised<'_>) {
        let words = |option| format!("the backup is of a part that needs the rest ({option})");
        let part = promised
            .needs_rest()
            .map(|option| Doubt::Part(words(option)));
        self.doubt = self.doubt.take().or(part);
    }

    /// Notes that the backup does not say the locale of its database.
    pub fn guesses_locale(&mut self) {
        let words = "the script does not say the locale of its database, in which text may have \
                     another order than here (pg_dump --create says it)";
        self.doubt = self.doubt.take().or(Some(Doubt::Guess(words.to_string())));
    }

    /// Whether there is a database.
    pub fn is_restored(&self) -> bool {
        self.is_created
    }

    /// From here on nothing restored reaches what is elsewhere.
    pub fn hold_off_foreign(&self) -> Result<()> {
        self.foreign.hold_off(&mut self.connect()?)
    }

    /// Whether a table is one of those that nothing is written to.
    pub fn holds_off(&self, client: &mut Client, table: &QualifiedName) -> Result<bool> {
        self.foreign.holds(client, table)
    }

    /// Does what needs the definitions as they were restored, and reads no rows.
    pub fn as_defined<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        if !self.foreign.is_any() {
            return work();
        }
        self.foreign.give_back(&mut self.connect()?)?;
        let done = work();
        self.hold_off_foreign()?;
        done
    }

    /// What was not restored because it would have reached elsewhere; the errors about it are
    /// taken away from the others.
    pub fn held_off(&self, contents: &Contents, refusals: &mut Vec<Refusal>) -> Result<HeldOff> {
        let ours = self.server().is_ours();
        if refusals
            .iter()
            .any(|refusal| refusal.own_trouble(ours).is_some())
        {
            return Ok(HeldOff::default());
        }
        let held_off = HeldOff::of(&mut self.connect()?, contents, refusals)?;
        Ok(HeldOff {
            is_missed: self.beside.is_some(),
            ..held_off
        })
    }

    /// What the server refused and the backup is not to blame for: one that others use, or that
    /// lacks an extension.
    pub fn withheld(&self, contents: &Contents, refusals: &mut Vec<Refusal>) -> Result<Withheld> {
        let alone = "the backup holds no definitions, and what it holds needs them";
        let of_rest = (contents.schema.count() == 0).then(|| Doubt::Part(alone.to_string()));
        let mut refused = refusals.iter();
        let of_build = refused
            .any(Refusal::is_about_number_of_server)
            .then(|| Doubt::Old(attribute_versions::NEEDS_SUCH_A_SERVER.to_string()));
        // Without definitions the order of letters, which is in doubt for a script, is used by nothing.
        let of_age = self
            .doubt
            .clone()
            .filter(|doubt| matches!(doubt, Doubt::Old(_)));
        let doubt = of_build.or(of_age).or(of_rest).or(self.doubt.clone());
        let lacks = !self.lacking.is_empty() || doubt.is_some();
        let is_any = |refusal: &Refusal| refusal.blame.is_some() || refusal.is_of_server();
        if self.server().is_ours() && !lacks && !refusals.iter().any(is_any)
            || refusals
                .iter()
                .any(|refusal| refusal.own_trouble(false).is_some())
        {
            return Ok(Withheld::default());
        }
        refusals.extend(self.missing_roles.iter().map(|(role, error)| {
            let create = format!("CREATE ROLE {}", quote_identifier(role));
            Refusal::new(format!("ROLE {role}"), error.message(), create)
                .with_code(error.sqlstate())
        }));
        let missing = Missing {
            roles: self.missing_roles.keys().cloned().collect(),
            extensions: self.lacking.clone(),
            doubt,
        };
        let server = self.server();
        let who = (!server.is_ours()).then(|| server.user());
        Withheld::of(&mut self.connect()?, who, missing, refusals)
    }

    /// In a database that stays everything works.
    pub fn let_through(&self) -> Result<()> {
        match self.foreign.is_any() {
            true => self.foreign.give_back(&mut self.connect()?),
            false => Ok(()),
        }
    }

    /// Leaves what was restored.
    pub fn keep(mut self) -> Result<()> {
        self.let_through()?;
        match self.scratch.take() {
            Some(scratch) => scratch.keep(),
            None => Ok(()),
        }
    }

    /// Removes the database, also from a server of our own.
    ///
    /// # Errors
    /// With what had to be left there.
    pub fn remove(self) -> Result<()> {
        let server = Arc::clone(self.database.server());
        if server.is_ours() {
            server.drop_database(self.database.name())?;
        }
        self.clean()
    }

    /// Removes what was restored from a server that others use.
    ///
    /// # Errors
    /// With what had to be left there.
    pub fn clean(mut self) -> Result<()> {
        match self.scratch.take() {
            Some(scratch) => scratch.drop(),
            None => Ok(()),
        }
    }

    /// Where it is restored.
    pub fn server(&self) -> &Server {
        self.database.server()
    }

    /// A decoder for scripts of this backup.
    pub fn decoder(&self) -> Decoder {
        Decoder::new(self.database.server())
    }

    /// The database that holds what was restored.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// From here on another database is meant: the backup creates its own. On a server that others
    /// use it does not.
    pub fn set_database(&mut self, name: String) {
        if !self.server().is_ours() {
            return;
        }
        self.database = Database::new(self.database.server(), name);
    }

    /// The error to end with if the server ran out of disk space, which may show in
    /// any way and says nothing about the backup.
    pub fn has_room(&self) -> Result<()> {
        let Some(cluster) = self.server().cluster() else {
            return Ok(());
        };
        let log = std::fs::read(cluster.socket_dir().join("log")).unwrap_or_default();
        let full = b"No space left on device";
        let own = log.get(self.first_word..).unwrap_or_default();
        match memchr::memmem::find(own, full) {
            None => Ok(()),
            Some(_) => Err(room::full("No space left on device").with_hint(room::MAKE_ROOM)),
        }
    }

    /// In other words, if what failed did so because the throw-away server has no room, or is gone.
    pub fn explain(&self, error: Error) -> Error {
        if signals::check().is_err() || error.kind() == Kind::BrokenPipe {
            return error;
        }
        if let Err(full) = self.has_room() {
            return full;
        }
        let is_gone = || self.server().connect_to_server().is_err();
        match (error.sqlstate(), self.server().is_ours()) {
            (_, true) if may_be_of_end(&error) && is_gone() => server_gone(error.in_one_line()),
            (None, false) if error.message() == CONNECTION_CLOSED || is_gone() => {
                session_gone(error.in_one_line())
            }
            _ => error,
        }
    }

    /// A connection to the restored database.
    pub fn connect(&self) -> Result<Client> {
        self.database.connect()
    }
}
