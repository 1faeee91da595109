//! A throw-away server to run migrations on.

use std::ffi::OsString;

use shared::Result;
use shared::cli::Context;
use shared::cluster::{Cluster, ClusterOptions};

use super::connection::Connection;
use crate::name;

/// What migrations meet elsewhere and is not so on a server that is made to be fast.
const SETTINGS: &[(&str, &str)] = &[
    // As much WAL is written as by a server that others follow.
    ("wal_level", "logical"),
    ("max_wal_senders", "4"),
    ("max_prepared_transactions", "4"),
];

/// A throw-away server. Dropping it ends it and removes its files.
#[derive(Debug)]
pub struct Ground {
    cluster: Cluster,
}

impl Ground {
    /// Starts one of this major version, or of the newest there is; says so where only another version is there.
    ///
    /// # Errors
    /// Where PostgreSQL's programs are not there, or it does not start.
    pub fn start(major: Option<u32>, context: &Context) -> Result<Self> {
        let options = ClusterOptions {
            at_least: major,
            settings: SETTINGS
                .iter()
                .map(|(name, value)| ((*name).to_string(), (*value).to_string()))
                .collect(),
            // A subscription would make a slot where the rows come from.
            apart: true,
            ..ClusterOptions::default()
        };
        let cluster = Cluster::start(&options)?;
        let found = cluster.version();
        if let Some(wanted) = major.filter(|wanted| *wanted != found.major) {
            context.warn(format!(
                "there is no PostgreSQL {wanted} here: the throw-away server is {found}"
            ));
        }
        context.note(format!("the throw-away server is PostgreSQL {found}"));
        Ok(Self { cluster })
    }

    /// Its major version.
    #[cfg_attr(not(test), allow(dead_code))]
    pub fn major(&self) -> u32 {
        self.cluster.version().major
    }

    /// What leads a child program there: what to set, and what to remove.
    pub fn environment(&self) -> Vec<(OsString, Option<OsString>)> {
        self.cluster.environment()
    }

    /// Makes an empty database.
    ///
    /// # Errors
    /// Where the server refuses.
    pub fn create(&self, database: &str) -> Result<()> {
        let mut client = self.cluster.connect("postgres")?;
        let database = name::quoted(database);
        Ok(client.batch_execute(&format!("CREATE DATABASE {database}"))?)
    }

    /// Opens a session of the superuser, as a runner would.
    ///
    /// # Errors
    /// Where there is no such database (any more), or a signal has ended the server.
    pub fn open(&self, database: &str) -> Result<Connection> {
        Ok(Connection::local(self.cluster.connect(database)?))
    }
}
