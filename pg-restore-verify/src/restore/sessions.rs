//! Connections beside the one that a script is run on, with the same settings.

use postgres::Client;
use shared::Result;
use shared::dump::tokens;

use crate::server::Database;

/// A server takes a hundred, as initdb leaves it.
const MOST: usize = 64;
/// A server, a database or a role has as many connections as it may.
const TOO_MANY: &str = "53300";

/// No statement about a session is longer.
const LONGEST: usize = 4096;

/// Sessions in the database that a script is restored into.
pub struct Sessions {
    database: Database,
    most: usize,
    clients: Vec<Client>,
    settings: Vec<String>,
    /// How many of the settings these clients have.
    applied: usize,
    /// Whether the script is in a transaction, whose locks and tables are its own.
    in_transaction: bool,
}

impl Sessions {
    /// None yet, and never more than so many.
    pub fn new(database: Database, most: usize) -> Self {
        Self {
            database,
            most: most.min(MOST),
            clients: Vec::new(),
            settings: Vec::new(),
            applied: 0,
            in_transaction: false,
        }
    }

    /// As many, none yet, in another database.
    pub fn of(&self, database: Database) -> Self {
        Self::new(database, self.most)
    }

    /// How many there may be now.
    pub fn most(&self) -> usize {
        match self.in_transaction {
            true => 0,
            false => self.most,
        }
    }

    /// Whether a table's rows should come frozen: on a server of ours, and where they come on one
    /// connection. Several are faster, though each writes WAL.
    pub fn may_freeze(&self) -> bool {
        self.most < 2 && !self.in_transaction && self.database.server().is_ours()
    }

    /// Notes a statement of the script that is about its session.
    pub fn note(&mut self, statement: &str) {
        if statement.len() > LONGEST {
            return;
        }
        let tokens = tokens(statement.as_bytes());
        let has = |word: &str| tokens.iter().any(|token| token.is(word));
        let is_one = |words: &[&str]| {
            let first = tokens.first();
            first.is_some_and(|first| words.iter().any(|word| first.is(word)))
        };
        if is_one(&["set", "reset"]) || is_one(&["select"]) && has("set_config") {
            self.settings.push(statement.to_string());
        } else if is_one(&["begin", "start"]) {
            self.in_transaction = true;
        } else if is_one(&["commit", "end", "rollback", "abort"]) && !has("to") && !has("chain") {
            self.in_transaction = false;
        }
    }

    /// One more client, with all settings.
    pub fn connect(&self) -> Result<Client> {
        let mut client = self.database.connect_to_restore()?;
        apply(&mut client, &self.settings);
        Ok(client)
    }

    /// As many as there may be, and no more than `wanted`; of a server that has no room for them,
    /// those that it has room for.
    pub fn open(&mut self, wanted: usize) -> Result<&mut [Client]> {
        for client in &mut self.clients {
            apply(client, &self.settings[self.applied..]);
        }
        self.applied = self.settings.len();
        if self.clients.len() < wanted.min(self.most) {
            // Others may have come since the restore began.
            let more = wanted.min(self.most) - self.clients.len();
            let room = self.database.server().room(more)?;
            self.most -= more.saturating_sub(room);
        }
        while self.clients.len() < wanted.min(self.most) {
            match self.connect() {
                Ok(client) => self.clients.push(client),
                Err(error) if error.sqlstate() == Some(TOO_MANY) => self.most = self.clients.len(),
                Err(error) => return Err(error),
            }
        }
        let count = wanted.min(self.most);
        Ok(&mut self.clients[..count])
    }

    /// Leaves none open that others may need, until the next ones are wanted.
    pub fn rest(&mut self) {
        if !self.database.server().is_ours() {
            self.close();
        }
    }

    /// Ends those that can't go on.
    pub fn close(&mut self) {
        self.clients.clear();
    }
}

/// A setting that the server refused was told of when it came.
fn apply(client: &mut Client, settings: &[String]) {
    for setting in settings {
        let _ = client.batch_execute(setting);
    }
}
