//! A database that is the test's own.

use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use postgres::{Client, SimpleQueryMessage};
use shared::cluster::Cluster;

use crate::server::cluster;

static NEXT: AtomicU32 = AtomicU32::new(1);

/// A database with a name of its own, dropped at the end.
pub struct Database<'a> {
    cluster: &'a Cluster,
    name: String,
}

impl Database<'static> {
    /// An empty database on the shared server.
    pub fn new() -> Self {
        Self::on(cluster())
    }
}

impl Default for Database<'static> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a> Database<'a> {
    /// An empty database on this server.
    pub fn on(cluster: &'a Cluster) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self::named(cluster, &format!("t{}_{number}", process::id()))
    }

    /// An empty database of this name on this server.
    pub fn named(cluster: &'a Cluster, name: &str) -> Self {
        let create = format!("create database {} template template0", quoted(name));
        client(cluster, "postgres")
            .batch_execute(&create)
            .expect(&create);
        Self {
            cluster,
            name: name.to_string(),
        }
    }

    /// One that is there already, dropped at the end like the others.
    pub fn adopted(cluster: &'a Cluster, name: &str) -> Self {
        Self {
            cluster,
            name: name.to_string(),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The server it is on.
    pub fn cluster(&self) -> &'a Cluster {
        self.cluster
    }

    /// A connection string for it, as `-d` takes it.
    pub fn conninfo(&self) -> String {
        let folder = self.cluster.socket_dir().display();
        let (port, user) = (self.cluster.port(), self.cluster.superuser());
        let name = self.name.replace('\\', "\\\\").replace('\'', "\\'");
        format!("host='{folder}' port={port} user={user} dbname='{name}'")
    }

    /// A new session of the superuser.
    pub fn client(&self) -> Client {
        client(self.cluster, &self.name)
    }

    /// Runs statements, all in one transaction unless they say otherwise.
    pub fn sql(&self, statements: &str) {
        if let Err(error) = self.client().batch_execute(statements) {
            let error = shared::Error::from(error);
            panic!("{error}\nin: {statements}");
        }
    }

    /// The rows of a query, every value as text and a null as `None`.
    pub fn rows(&self, query: &str) -> Vec<Vec<Option<String>>> {
        let messages = self.client().simple_query(query).expect(query);
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        rows.map(|row| {
            (0..row.len())
                .map(|i| row.get(i).map(str::to_string))
                .collect()
        })
        .collect()
    }

    /// The one value of a query, as text; a null is empty.
    pub fn value(&self, query: &str) -> String {
        match self.rows(query).as_slice() {
            [row] => row[0].clone().unwrap_or_default(),
            rows => panic!("{} rows instead of one: {query}", rows.len()),
        }
    }
}

impl Drop for Database<'_> {
    fn drop(&mut self) {
        let drop = format!(
            "drop database if exists {} with (force)",
            quoted(&self.name)
        );
        if let Ok(mut client) = self.cluster.connect("postgres") {
            let _ = client.batch_execute(&drop);
        }
    }
}

fn client(cluster: &Cluster, database: &str) -> Client {
    cluster
        .connect(database)
        .unwrap_or_else(|error| panic!("{error}"))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
