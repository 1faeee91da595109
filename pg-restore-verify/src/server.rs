//! The servers that databases are on: a throw-away one, or one that was named.

use std::ffi::OsString;
use std::sync::Arc;

use postgres::Client;
use shared::Result;
use shared::cluster::{Cluster, ClusterOptions};
use shared::connection::{Conninfo, Session, SessionOptions};
use shared::programs::Version;

/// A server that takes connections.
pub struct Server {
    reach: Reach,
    version: Version,
    user: String,
}

enum Reach {
    ThrowAway(Cluster),
    Named {
        conninfo: Box<Conninfo>,
        options: SessionOptions,
    },
}

impl Server {
    /// A server of our own: of that major version, or the nearest newer one.
    ///
    /// # Errors
    /// When no server program is new enough, or it does not start.
    pub fn throw_away(at_least: Option<u32>) -> Result<Self> {
        let cluster = Cluster::start(&ClusterOptions {
            at_least,
            ..Default::default()
        })?;
        Ok(Self {
            version: cluster.version(),
            user: cluster.superuser().to_string(),
            reach: Reach::ThrowAway(cluster),
        })
    }

    /// A server of our own on data that came from elsewhere.
    pub fn recovered(cluster: Cluster) -> Self {
        Self {
            version: cluster.version(),
            user: cluster.superuser().to_string(),
            reach: Reach::ThrowAway(cluster),
        }
    }

    /// The server that `conninfo` leads to; every session there gets `options`.
    ///
    /// # Errors
    /// When it can't be reached, or lends its sessions out to others.
    pub fn named(conninfo: Conninfo, options: SessionOptions) -> Result<Self> {
        let mut session = Session::open(&conninfo, &options)?;
        session.require_session()?;
        let number = session.server_version_num();
        Ok(Self {
            version: Version {
                major: number / 10_000,
                minor: number % 10_000,
            },
            user: session.user().to_string(),
            reach: Reach::Named {
                conninfo: Box::new(conninfo.at(&session)),
                options,
            },
        })
    }

    /// Opens a session in one of its databases.
    pub fn connect(&self, database: &str) -> Result<Client> {
        match &self.reach {
            Reach::ThrowAway(cluster) => cluster.connect(database),
            Reach::Named { conninfo, options } => {
                Ok(Session::open(&conninfo.with_database(database), options)?.into_client())
            }
        }
    }

    /// What makes a program meet this server by default: what to set, and (`None`) what to remove.
    pub fn environment(&self) -> Vec<(OsString, Option<OsString>)> {
        match &self.reach {
            Reach::ThrowAway(cluster) => cluster.environment(),
            Reach::Named { conninfo, .. } => conninfo.child_environment(),
        }
    }

    /// Its version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Who we are there; on a throw-away server its superuser.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The cluster, if it is ours to throw away.
    pub fn cluster(&self) -> Option<&Cluster> {
        match &self.reach {
            Reach::ThrowAway(cluster) => Some(cluster),
            Reach::Named { .. } => None,
        }
    }
}

/// A database to look at: one that was restored, or a live one.
#[derive(Clone)]
pub struct Database {
    server: Arc<Server>,
    name: String,
}

impl Database {
    /// The database of that name.
    pub fn new(server: &Arc<Server>, name: impl Into<String>) -> Self {
        Self {
            server: Arc::clone(server),
            name: name.into(),
        }
    }

    /// Where it is.
    pub fn server(&self) -> &Arc<Server> {
        &self.server
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Opens a session in it.
    pub fn connect(&self) -> Result<Client> {
        self.server.connect(&self.name)
    }
}
