//! A scratch database on a server that others use.
//!
//! It is ours alone: nobody can guess its name, its comment says what it is, and a session of
//! ours holds a lock on its name from before it exists until it is dropped. It is dropped
//! whatever happens. After SIGKILL, or when the server went away, nobody holds the lock, and the
//! next run drops it, and the roles that were made for it. Nothing else is touched there.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use postgres::Client;
use postgres::types::Type;
use shared::dump::{quote_identifier, quote_literal};
use shared::{Context, Error, Result, signals};

use crate::promotion::Promotion;
use crate::server::Server;

const TAKES_PLACE: &str = "pg-restore-verify: takes the place of ";
const COMMENT: &str = "pg-restore-verify: a scratch database, dropped when it is proved";

/// The name of a scratch database, the database once it was created, and the roles made for it.
pub struct Scratch {
    server: Arc<Server>,
    name: String,
    /// Holds the lock.
    keeper: Mutex<Client>,
    /// Made for it.
    roles: Vec<String>,
    is_done: bool,
    _ended_by_signal: signals::Guard,
}

impl Scratch {
    /// Drops what earlier runs had to leave, and takes a name. There is no database yet.
    pub fn reserve(server: &Arc<Server>) -> Result<Self> {
        let mut keeper = server.connect_to_server()?;
        // The servers that know the setting might end a session that only holds a lock.
        let _ = keeper.batch_execute("SET idle_session_timeout = 0");
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
            server: Arc::clone(server),
            name,
            keeper: Mutex::new(keeper),
            roles: Vec::new(),
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

    fn comment(&mut self, comment: &str) -> Result<()> {
        let (name, comment) = (quote_identifier(&self.name), quote_literal(comment));
        let sql = format!("COMMENT ON DATABASE {name} IS {comment}");
        Ok(self.keeper().batch_execute(&sql)?)
    }

    /// Creates a role that nobody can log in as, for as long as the database lives.
    pub fn create_role(&mut self, role: &str) -> Result<()> {
        let name = quote_identifier(role);
        let comment = quote_literal(&format!("pg-restore-verify: made for {}", self.name));
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
        self.comment("pg-restore-verify: kept, for somebody to look at and to drop")?;
        self.is_done = true;
        Ok(())
    }

    /// Gives the database the name of a live one.
    ///
    /// # Errors
    /// When that can't be done; then the database is dropped, and the live one as it was.
    pub fn promote(mut self, promotion: &Promotion) -> Result<()> {
        if promotion.takes_connections {
            // Should the server go down in the midst of it, the next run lets connections in again.
            self.comment(&format!("{TAKES_PLACE}{}", promotion.live))?;
        }
        let name = self.name.clone();
        if let Err(error) = promotion.carry_out(self.keeper(), &name) {
            if promotion.takes_connections {
                // The session may have been ended in the midst of it.
                let _ = signals::clean_up(|| {
                    allow_connections(&mut self.server.connect_to_server()?, &promotion.live)
                });
            }
            return Err(error);
        }
        self.is_done = true;
        let roles = std::mem::take(&mut self.roles);
        for role in roles {
            // They are the live database's now.
            let name = quote_identifier(&role);
            let sql = format!("COMMENT ON ROLE {name} IS NULL");
            self.keeper().batch_execute(&sql)?;
        }
        Ok(())
    }

    /// Drops the database and the roles that were made for it.
    ///
    /// # Errors
    /// With what is left there, and how to drop it.
    pub fn drop(mut self) -> Result<()> {
        self.is_done = true;
        signals::clean_up(|| self.clean())
    }

    fn clean(&mut self) -> Result<()> {
        let server = Arc::clone(&self.server);
        let name = self.name.clone();
        let keeper = self.keeper();
        if keeper.is_valid(PATIENCE).is_err() {
            *keeper = server.connect_to_server()?;
        }
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

/// How long the server may take to say that the session is still good.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.is_done {
            // What can't be dropped now the next run drops.
            let _ = signals::clean_up(|| self.clean());
        }
    }
}

/// Drops the scratch databases and roles that are nobody's any more. One that can't be dropped
/// is left to the next run: it is no reason not to start.
fn sweep(server: &Arc<Server>, client: &mut Client) -> Result<()> {
    let abandoned = include_str!("../sql/abandoned_databases.sql");
    for row in client.query_typed(abandoned, &[])? {
        let name: String = row.try_get(0)?;
        if let Some(live) = row.try_get::<_, Option<String>>(1)? {
            let _ = allow_connections(client, &live);
        }
        let _ = drop_database(server, client, &name);
    }
    drop_roles(client)
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

/// A role that something else needs by now stays, and so its comment: a later run tries again.
fn drop_roles(client: &mut Client) -> Result<()> {
    for row in client.query_typed(include_str!("../sql/abandoned_roles.sql"), &[])? {
        let role: String = row.try_get(0)?;
        let _ = client.batch_execute(&format!("DROP ROLE IF EXISTS {}", quote_identifier(&role)));
    }
    Ok(())
}

fn end_sessions(server: &Server, database: &str) -> Result<()> {
    let end = include_str!("../sql/end_sessions.sql");
    let mut client = server.connect_to_server()?;
    client.query_typed(end, &[(&database, Type::TEXT)])?;
    Ok(())
}
