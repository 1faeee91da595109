//! Connections beside the one that a script is run on, with the same settings.

use postgres::Client;
use shared::Result;

use crate::server::Database;

/// A server takes a hundred, as initdb leaves it.
const MOST: usize = 64;

/// Sessions in the database that a script is restored into.
pub struct Sessions {
    database: Database,
    most: usize,
    clients: Vec<Client>,
    settings: Vec<String>,
    /// How many of the settings these clients have.
    applied: usize,
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
        }
    }

    /// How many there may be.
    pub fn most(&self) -> usize {
        self.most
    }

    /// Notes a statement that changes the session's settings.
    pub fn set(&mut self, setting: &str) {
        self.settings.push(setting.to_string());
    }

    /// One more client, with all settings.
    pub fn connect(&self) -> Result<Client> {
        let mut client = self.database.connect()?;
        apply(&mut client, &self.settings);
        Ok(client)
    }

    /// As many as there may be, and no more than `wanted`.
    pub fn open(&mut self, wanted: usize) -> Result<&mut [Client]> {
        let count = wanted.min(self.most);
        for client in &mut self.clients {
            apply(client, &self.settings[self.applied..]);
        }
        self.applied = self.settings.len();
        while self.clients.len() < count {
            self.clients.push(self.connect()?);
        }
        Ok(&mut self.clients[..count])
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
