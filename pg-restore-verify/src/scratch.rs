//! A scratch database on a server that others use.
//!
//! It is ours alone: nobody can guess its name, its comment says what it is, and a session of
//! ours holds a lock on its name from before it exists until it is dropped. It is dropped
//! whatever happens: after SIGKILL by a process that looks after it. Where that was killed, too, or
//! the server went away, nobody holds the lock, and the next run drops it, and the roles that were
//! made for it. Nothing else is touched there.

mod caretaker;
mod remains;

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use postgres::Client;
use postgres::types::{ToSql, Type};
use shared::dump::{quote_identifier, quote_literal};
use shared::{Context as _, Error, Result, cli, signals};

use crate::promotion::Promotion;
use crate::server::Server;
use caretaker::Caretaker;
pub use caretaker::as_caretaker;
pub use remains::sweep_on;
use remains::{drop_roles, sweep};

const TAKES_PLACE: &str = "pg-restore-verify: takes the place of ";
const MADE_FOR: &str = "pg-restore-verify: made for ";
/// What is locked by who is about to take the place of a database.
const CLAIM: &str = "pg-restore-verify takes the place of ";
const COMMENT: &str = "pg-restore-verify: a scratch database, dropped when it is proved";

/// The name of a scratch database, the database once it was created, and the roles made for it.
pub struct Scratch {
    server: Arc<Server>,
    name: String,
    /// Holds the lock.
    keeper: Mutex<Client>,
    /// Made for it.
    roles: Vec<String>,
    /// The database whose place it is to take, if nobody else takes that.
    claimed: Option<String>,
    is_done: bool,
    caretaker: Option<Caretaker>,
    _ended_by_signal: signals::Guard,
}

impl Scratch {
    /// Drops what earlier runs had to leave, and takes a name. There is no database yet.
    pub fn reserve(server: &Arc<Server>) -> Result<Self> {
        let mut keeper = keeper_on(server)?;
        sweep(server, &mut keeper)?;
        let row = keeper.query_typed(include_str!("../sql/scratch_name.sql"), &[])?;
        let name: String = match row.first() {
            Some(row) => row.try_get(0)?,
            None => return Err(Error::new("the server gave no name for a scratch database")),
        };
        let (signalled, database) = (Arc::clone(server), name.clone());
        let ended_by_signal = signals::on_signal(move |_| {
            // Ours are the only sessions there. Nobody waits for a query then.
            let (server, database) = (Arc::clone(&signalled), database.clone());
            thread::spawn(move || signals::clean_up(|| end_sessions(&server, &database)));
        });
        Ok(Self {
            caretaker: Caretaker::of(server, &name),
            server: Arc::clone(server),
            name,
            keeper: Mutex::new(keeper),
            roles: Vec::new(),
            claimed: None,
            is_done: false,
            _ended_by_signal: ended_by_signal,
        })
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Notes what the database is, now that it was created.
    pub fn mark(&mut self) -> Result<()> {
        self.comment(COMMENT)
    }

    fn keeper(&mut self) -> &mut Client {
        self.keeper
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Sees to it that nobody else takes the place of this database.
    ///
    /// # Errors
    /// When somebody else is about to.
    pub fn claim(&mut self, live: &str) -> Result<()> {
        let claim = include_str!("../sql/claim_place.sql");
        let place = format!("{CLAIM}{live}");
        loop {
            let keeper = self.keeper();
            let row = keeper.query_typed_one(claim, &[(&place, Type::TEXT)])?;
            match (row.try_get(0)?, row.try_get::<_, Option<i32>>(1)?) {
                (true, None) => break,
                // Who held it is gone since: nobody else may have it by now.
                (false, None) => signals::sleep(BETWEEN_CLAIMS)?,
                (_, Some(pid)) => {
                    let name = quote_identifier(live);
                    let why = format!("another run is about to take the place of database {name}");
                    let hint = format!("wait for its end; its session on the server has pid {pid}");
                    return Err(Error::new(why).with_hint(hint));
                }
            }
        }
        self.claimed = Some(live.to_string());
        Ok(())
    }

    /// Sees to it that the session that holds the locks is there, and holds them. It may have been
    /// lost in the hours since.
    fn hold_on(&mut self) -> Result<()> {
        if self.keeper().is_valid(PATIENCE).is_ok() {
            return Ok(());
        }
        let mut keeper = keeper_on(&self.server)?;
        keeper.batch_execute("SET lock_timeout = '10s'")?;
        let name = [(&self.name as &(dyn ToSql + Sync), Type::TEXT)];
        keeper.query_typed(include_str!("../sql/take_over.sql"), &name)?;
        keeper.query_typed(include_str!("../sql/hold_name.sql"), &name)?;
        if keeper.query_typed(IS_THERE, &name)?.is_empty() {
            let why = "the scratch database is gone: the session that held it was ended";
            return Err(Error::new(why).with_hint("begin again"));
        }
        let hold = include_str!("../sql/hold_role.sql");
        for role in &self.roles {
            keeper.query_typed(hold, &[(role, Type::TEXT)])?;
        }
        if let Some(live) = &self.claimed {
            // Not to meet the rest of the session that was ended.
            let place = format!("{CLAIM}{live}");
            let hold = include_str!("../sql/hold_name.sql");
            keeper.query_typed(hold, &[(&place, Type::TEXT)])?;
        }
        keeper.batch_execute("SET lock_timeout = 0")?;
        *self.keeper() = keeper;
        match self.claimed.take() {
            Some(live) => self.claim(&live),
            None => Ok(()),
        }
    }

    fn comment(&mut self, comment: &str) -> Result<()> {
        let (name, comment) = (quote_identifier(&self.name), quote_literal(comment));
        let sql = format!("COMMENT ON DATABASE {name} IS {comment}");
        Ok(self.keeper().batch_execute(&sql)?)
    }

    /// Sees to it that a role is there as long as the database lives; whether it is only for such
    /// databases. Another run that made it for its own does not drop it meanwhile.
    pub fn provide_role(&mut self, role: &str) -> Result<bool> {
        let keeper = self.keeper();
        let hold = include_str!("../sql/hold_role.sql");
        keeper.query_typed(hold, &[(&role, Type::TEXT)])?;
        if let Some(is_ours) = is_ours(keeper, role)? {
            if is_ours {
                self.roles.push(role.to_string());
            }
            return Ok(is_ours);
        }
        match self.create_role(role) {
            // By another run, just now.
            Err(error) if matches!(error.sqlstate(), Some("42710" | "23505")) => {
                self.provide_role(role)
            }
            created => created.map(|()| true),
        }
    }

    /// Creates a role that nobody can log in as.
    fn create_role(&mut self, role: &str) -> Result<()> {
        let name = quote_identifier(role);
        let comment = quote_literal(&format!("{MADE_FOR}{}", self.name));
        let create = format!(
            "CREATE ROLE {name} NOLOGIN; COMMENT ON ROLE {name} IS {comment}; \
             GRANT {name} TO CURRENT_USER"
        );
        self.keeper()
            .batch_execute(&create)
            .context(|| format!("creating role {name}, which the backup names"))?;
        self.roles.push(role.to_string());
        Ok(())
    }

    /// Leaves the database, and with it the roles that were made for it.
    pub fn keep(mut self) -> Result<()> {
        self.hold_on()?;
        let open = format!(
            "ALTER DATABASE {} CONNECTION LIMIT -1",
            quote_identifier(&self.name)
        );
        self.keeper().batch_execute(&open)?;
        self.comment("pg-restore-verify: kept, for somebody to look at and to drop")?;
        self.be_done();
        Ok(())
    }

    /// Tries whether the database can get what the live one has.
    ///
    /// # Errors
    /// When it can't; nothing has changed.
    pub fn rehearse(&mut self, promotion: &Promotion) -> Result<()> {
        self.hold_on()?;
        let name = self.name.clone();
        promotion.rehearse(self.keeper(), &name)
    }

    /// Gives the database the name of a live one.
    ///
    /// # Errors
    /// When that can't be done; then the database is dropped, and the live one as it was.
    pub fn promote(mut self, promotion: &Promotion, context: &cli::Context) -> Result<()> {
        self.hold_on()?;
        if promotion.takes_connections() {
            // Should the server go down in the midst of it, the next run lets connections in again.
            self.comment(&format!("{TAKES_PLACE}{}", promotion.live))?;
        }
        let name = self.name.clone();
        let number = "SELECT oid FROM pg_catalog.pg_database WHERE datname = $1";
        let number = self
            .keeper()
            .query_typed_one(number, &[(&name, Type::TEXT)])?;
        let number: u32 = number.try_get(0)?;
        if let Err(error) = promotion.carry_out(self.keeper(), &name) {
            // The session may have been ended in the midst of it, or at its end.
            let undone = signals::clean_up(|| self.undo(promotion, number));
            if !matches!(undone, Ok(false)) {
                return refused(promotion, error, undone.err());
            }
        }
        self.be_done();
        let roles = std::mem::take(&mut self.roles);
        for role in roles {
            // They are the live database's now.
            let name = quote_identifier(&role);
            let sql = format!("COMMENT ON ROLE {name} IS NULL");
            if let Err(error) = self.keeper().batch_execute(&sql) {
                let why = Error::from(error).in_one_line();
                context.warn(format!("the comment on role {name} is left: {why}"));
            }
        }
        Ok(())
    }

    /// Opens the live database again; whether there was anything to undo: the names may have been
    /// swapped though nobody told us, which our database's number shows.
    fn undo(&mut self, promotion: &Promotion, number: u32) -> Result<bool> {
        let server = Arc::clone(&self.server);
        let name = self.name.clone();
        let keeper = self.keeper();
        if keeper.is_valid(PATIENCE).is_err() {
            *keeper = server.connect_to_server()?;
            // The session that is lost to us may still be at it: it has the lock as long.
            let wait = "SELECT pg_catalog.set_config('lock_timeout', '70s', false), \
                        pg_catalog.pg_advisory_lock(pg_catalog.hashtextextended($1, 0))";
            keeper.query_typed(wait, &[(&name, Type::TEXT)])?;
        }
        if keeper
            .query_typed(IS_THERE, &[(&name, Type::TEXT)])?
            .is_empty()
        {
            let swapped = include_str!("../sql/has_become.sql");
            let names = [
                (&promotion.live as &(dyn ToSql + Sync), Type::TEXT),
                (&number, Type::OID),
            ];
            if !keeper.query_typed(swapped, &names)?.is_empty() {
                return Ok(false);
            }
        }
        if promotion.takes_connections() {
            allow_connections(keeper, &promotion.live)?;
        }
        Ok(true)
    }

    /// Drops the database and the roles that were made for it.
    ///
    /// # Errors
    /// With what is left there, and how to drop it.
    pub fn drop(mut self) -> Result<()> {
        self.is_done = true;
        signals::clean_up(|| self.clean())?;
        self.be_done();
        Ok(())
    }

    /// Nothing is left to be dropped.
    fn be_done(&mut self) {
        self.is_done = true;
        if let Some(caretaker) = self.caretaker.take() {
            caretaker.dismiss();
        }
    }

    fn clean(&mut self) -> Result<()> {
        let server = Arc::clone(&self.server);
        let name = self.name.clone();
        let keeper = self.keeper();
        if keeper.is_valid(PATIENCE).is_err() {
            *keeper = server.connect_to_server()?;
        }
        // A server that can't do it, for one of its processes gives no answer, shall not keep us.
        keeper.batch_execute("SET statement_timeout = '10min'")?;
        drop_database(&server, keeper, &name).map_err(|error| {
            let name = quote_identifier(&name);
            let left = Error::new(format!("the scratch database {name} could not be dropped"));
            let left = left.with_detail(error.in_one_line());
            left.with_hint("the next run drops it, if it may")
        })?;
        let unlock = "SELECT pg_catalog.pg_advisory_unlock_all()";
        keeper.batch_execute(unlock)?;
        drop_roles(keeper)
    }
}

const IS_THERE: &str = "SELECT FROM pg_catalog.pg_database WHERE datname = $1";

/// A session that only holds locks, which servers that know the setting might end for that.
fn keeper_on(server: &Server) -> Result<Client> {
    let mut keeper = server.connect_to_server()?;
    let _ = keeper.batch_execute("SET idle_session_timeout = 0");
    Ok(keeper)
}

const BETWEEN_CLAIMS: std::time::Duration = std::time::Duration::from_millis(20);

/// How long the server may take to say that the session is still good.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.is_done {
            // What can't be dropped now the caretaker drops, or the next run.
            if signals::clean_up(|| self.clean()).is_ok() {
                self.be_done();
            }
        }
    }
}

/// Why a promotion failed, and what has become of the live database.
fn refused(promotion: &Promotion, error: Error, closed: Option<Error>) -> Result<()> {
    let name = quote_identifier(&promotion.live);
    let Some(closed) = closed else {
        let as_it_was = "is as it was, the restored database could not take its place";
        return Err(error).context(|| format!("{name} {as_it_was}"));
    };
    let words = format!("whether {name} takes connections is not known");
    let why = format!("{}; {}", error.in_one_line(), closed.in_one_line());
    let hint = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true lets them in again");
    Err(Error::new(words).with_detail(why).with_hint(hint))
}

/// Undoes what a promotion does first.
fn allow_connections(client: &mut Client, database: &str) -> Result<()> {
    let name = quote_identifier(database);
    Ok(client.batch_execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"))?)
}

fn drop_database(server: &Arc<Server>, client: &mut Client, name: &str) -> Result<()> {
    let drop = format!(
        "DROP DATABASE IF EXISTS {} WITH (FORCE)",
        quote_identifier(name)
    );
    match client.batch_execute(&drop).map_err(Error::from) {
        Ok(()) => Ok(()),
        Err(error) if error.sqlstate() == Some("55006") => {
            drop_subscriptions(&mut server.connect(name)?)?;
            Ok(client.batch_execute(&drop)?)
        }
        Err(error) => Err(error),
    }
}

/// Drops the subscriptions of a database that is about to be dropped.
pub fn drop_subscriptions(client: &mut Client) -> Result<()> {
    // Event triggers of the restored database have no say in it. Only a superuser can tell them,
    // and only a superuser's event triggers are there.
    let _ = client.batch_execute("SET session_replication_role = replica");
    Ok(client.batch_execute(include_str!("../sql/drop_subscriptions.sql"))?)
}

/// Whether a role was made for a scratch database; none if there is no such role.
fn is_ours(client: &mut Client, role: &str) -> Result<Option<bool>> {
    let comment = "SELECT coalesce(pg_catalog.shobj_description(oid, 'pg_authid'), '') \
                   FROM pg_catalog.pg_roles WHERE rolname = $1";
    let rows = client.query_typed(comment, &[(&role, Type::TEXT)])?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    Ok(Some(row.try_get::<_, String>(0)?.starts_with(MADE_FOR)))
}

fn end_sessions(server: &Server, database: &str) -> Result<()> {
    let end = include_str!("../sql/end_sessions.sql");
    let mut client = server.connect_to_server()?;
    client.query_typed(end, &[(&database, Type::TEXT)])?;
    Ok(())
}
