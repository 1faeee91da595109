//! The sessions that look at a database, and can't change it.

use postgres::Client;
use shared::{Result, signals};

use super::Origin;
use super::btrees::Amcheck;
use crate::server::Database;

/// A session, whose statement ends when a signal asks us to stop.
pub struct Session {
    /// The connection.
    pub client: Client,
    live: bool,
    _cancelled: signals::Guard,
}

/// A session that asks the catalogue: names without a schema are the server's own.
pub fn planning(database: &Database, origin: Origin<'_>) -> Result<Session> {
    let mut session = Session::connect(database, origin)?;
    session
        .client
        .batch_execute("SET search_path = pg_catalog")?;
    Ok(session)
}

impl Session {
    fn connect(database: &Database, origin: Origin<'_>) -> Result<Self> {
        let (client, cancelled) = database.connect_cancelled()?;
        Ok(Self {
            client,
            live: origin.is_live(),
            _cancelled: cancelled,
        })
    }

    /// A session that looks at objects.
    ///
    /// On a database of ours all of it is one transaction, in which nothing can be written and of
    /// which nothing stays, not even the function of amcheck that is made in it. A live database
    /// has one for each job, so that no lock is held for longer.
    pub fn open(database: &Database, origin: Origin<'_>, amcheck: &Amcheck) -> Result<Self> {
        let mut session = Self::connect(database, origin)?;
        let client = &mut session.client;
        // A policy would hide rows, and a row that is hidden looks like one that is missing.
        client.batch_execute("SET row_security = off")?;
        // Functions count on the path of who uses the database; on a server that was named for a
        // restore our session began without one.
        let own = origin.search_path();
        let own = own.map(|path| format!("SET search_path TO {path}"));
        let path = match (database.server().cluster(), session.live) {
            (None, false) => own.unwrap_or("SET search_path = \"$user\", public".to_string()),
            // What a backup says of its database is done last of all.
            _ => own.unwrap_or("RESET search_path".to_string()),
        };
        client.batch_execute(&path)?;
        if session.live {
            return Ok(session);
        }
        client.batch_execute("SET work_mem = '64MB'; BEGIN")?;
        amcheck.provide(client)?;
        client.batch_execute("SET TRANSACTION READ ONLY")?;
        Ok(session)
    }

    /// Does some work in a transaction of its own. The inner error is what the server said.
    pub fn alone<T>(&mut self, work: impl FnOnce(&mut Client) -> Result<T>) -> Result<Result<T>> {
        let (begin, end) = match self.live {
            true => ("BEGIN READ ONLY", "ROLLBACK"),
            false => (
                "SAVEPOINT looking",
                "ROLLBACK TO SAVEPOINT looking; RELEASE SAVEPOINT looking",
            ),
        };
        self.client.batch_execute(begin)?;
        let worked = work(&mut self.client);
        match (self.client.batch_execute(end), worked) {
            (Ok(()), worked) => Ok(worked),
            // It was lost before.
            (Err(_), Err(error)) => Err(error),
            (Err(error), Ok(_)) => Err(error.into()),
        }
    }
}
