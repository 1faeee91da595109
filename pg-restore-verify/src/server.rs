//! The servers that databases are on: a throw-away one, or one that was named.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use postgres::types::Type;
use postgres::{Client, NoTls};
use shared::cluster::{Cluster, ClusterOptions};
use shared::connection::{Conninfo, Session, SessionOptions};
use shared::dump::quote_identifier;
use shared::programs::Version;
use shared::{Error, Result, signals};

use crate::preload;
use crate::scratch;

/// A session is one process: as many as `-j` says are at work, and not that number times three.
pub const ONE_PROCESS: [(&str, &str); 2] = [
    ("max_parallel_workers_per_gather", "0"),
    ("max_parallel_maintenance_workers", "0"),
];
/// A restored subscription has no worker that would connect to its publisher.
const NO_SUBSCRIPTIONS: (&str, &str) = ("max_logical_replication_workers", "0");
/// No backup's own name for its database would do: it may be dropped and created.
const MAINTENANCE: &str = "template1";

/// Connections of a server that others use, which they may need while we are there.
const LEFT_TO_OTHERS: i64 = 10;

/// A server that takes connections.
pub struct Server {
    reach: Reach,
    version: Version,
    user: String,
    /// Whether it loaded libraries at its start that were asked for.
    preloads: bool,
}

enum Reach {
    ThrowAway(Cluster),
    Named {
        conninfo: Box<Conninfo>,
        host: String,
        port: u16,
        options: SessionOptions,
        is_standby: bool,
    },
}

impl Server {
    /// A server of our own: of that major version, or the nearest newer one.
    ///
    /// # Errors
    /// When no server program is new enough, or it does not start.
    pub fn throw_away(
        at_least: Option<u32>,
        folder: Option<PathBuf>,
        preload: &[String],
    ) -> Result<Self> {
        let ours = ONE_PROCESS.into_iter().chain([NO_SUBSCRIPTIONS]);
        let ours = ours.map(|(name, value)| (name.into(), value.into()));
        let cluster = Cluster::start(&ClusterOptions {
            at_least,
            folder,
            foreign: true,
            settings: ours.chain(preload::settings(preload)).collect(),
            ..Default::default()
        });
        let cluster = cluster.map_err(|error| match preload.is_empty() {
            true => error,
            false => error.with_hint(format!(
                "--preload {}: without it the server may start",
                preload.join(",")
            )),
        })?;
        Ok(Self {
            version: cluster.version(),
            user: cluster.superuser().to_string(),
            preloads: !preload.is_empty(),
            reach: Reach::ThrowAway(cluster),
        })
    }

    /// A server of our own on data that came from elsewhere.
    pub fn recovered(cluster: Cluster) -> Self {
        Self {
            version: cluster.version(),
            user: cluster.superuser().to_string(),
            preloads: false,
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
            preloads: false,
            reach: Reach::Named {
                host: session.host(),
                port: session.port(),
                is_standby: session.in_recovery(),
                conninfo: Box::new(conninfo.at(&session)),
                options,
            },
        })
    }

    /// Refuses a server where nothing can be restored.
    ///
    /// # Errors
    /// When it is a standby.
    pub fn require_primary(&self) -> Result<()> {
        match &self.reach {
            Reach::Named {
                is_standby: true,
                host,
                port,
                ..
            } => Err(Error::new(format!(
                "the server at {host}, port {port}, is a standby: nothing can be restored there"
            ))
            .with_hint(
                "name the primary; with several hosts target_session_attrs=primary finds it",
            )),
            _ => Ok(()),
        }
    }

    /// Whether it loaded libraries at its start that were asked for.
    pub fn preloads(&self) -> bool {
        self.preloads
    }

    /// Opens a session in one of its databases.
    pub fn connect(&self, database: &str) -> Result<Client> {
        match &self.reach {
            Reach::ThrowAway(cluster) => cluster.connect(database),
            Reach::Named {
                conninfo, options, ..
            } => Ok(Session::open(&conninfo.with_database(database), options)?.into_client()),
        }
    }

    /// Opens a session in which a backup is restored.
    pub fn connect_to_restore(&self, database: &str) -> Result<Client> {
        match &self.reach {
            Reach::ThrowAway(cluster) => cluster.connect_to_restore(database),
            Reach::Named { .. } => self.connect(database),
        }
    }

    /// Opens a session whose statement ends when a signal asks us to stop, as long as the guard
    /// lives.
    pub fn connect_cancelled(&self, database: &str) -> Result<(Client, signals::Guard)> {
        self.open_cancelled(Some(database))
    }

    /// The same for what concerns the whole server.
    pub fn connect_to_server_cancelled(&self) -> Result<(Client, signals::Guard)> {
        self.open_cancelled(None)
    }

    fn open_cancelled(&self, database: Option<&str>) -> Result<(Client, signals::Guard)> {
        match &self.reach {
            Reach::ThrowAway(cluster) => {
                let client = cluster.connect(database.unwrap_or(MAINTENANCE))?;
                let token = client.cancel_token();
                let guard = signals::on_signal(move |_| {
                    let token = token.clone();
                    // If it can't be sent, the statement runs to its end.
                    thread::spawn(move || token.cancel_query(NoTls));
                });
                Ok((client, guard))
            }
            Reach::Named {
                conninfo, options, ..
            } => {
                let session = match database {
                    Some(database) => Session::open(&conninfo.with_database(database), options)?,
                    None => Session::open(conninfo, options)?,
                };
                let guard = session.cancel_on_signal();
                Ok((session.into_client(), guard))
            }
        }
    }

    /// The role by which we are there, if it may do everything.
    pub fn superuser(&self) -> Result<Option<&str>> {
        Ok(is_superuser(&mut self.connect_to_server()?)?.then_some(self.user.as_str()))
    }

    /// Opens a session for what concerns the whole server.
    pub fn connect_to_server(&self) -> Result<Client> {
        match &self.reach {
            Reach::ThrowAway(cluster) => cluster.connect(MAINTENANCE),
            Reach::Named {
                conninfo, options, ..
            } => Ok(Session::open(conninfo, options)?.into_client()),
        }
    }

    /// How many connections more may be opened, of as many as are `wanted`: of a server that others
    /// use half of what is free, and never the last ten, but for one.
    pub fn room(&self, wanted: usize) -> Result<usize> {
        if self.is_ours() || wanted < 2 {
            return Ok(wanted);
        }
        let mut client = self.connect_to_server()?;
        let free = include_str!("../sql/free_connections.sql");
        let free: i64 = client.query_typed_one(free, &[])?.try_get(0)?;
        let most = (free / 2).min(free - LEFT_TO_OTHERS).max(1);
        Ok(usize::try_from(most).unwrap_or(1).min(wanted))
    }

    /// Removes from a throw-away server all that was restored; whether nothing of it is left.
    pub fn clean(&self) -> Result<bool> {
        let mut client = self.connect_to_server()?;
        let databases = "SELECT datname::pg_catalog.text FROM pg_catalog.pg_database \
                         WHERE NOT datistemplate AND datname <> 'postgres'";
        for row in client.query_typed(databases, &[])? {
            self.drop_database(row.try_get(0)?)?;
        }
        for row in client.query_typed(include_str!("../sql/restored_globals.sql"), &[])? {
            let drop: String = row.try_get(0)?;
            client.batch_execute(&drop)?;
        }
        let as_new = client.query_typed(include_str!("../sql/is_as_new.sql"), &[])?;
        Ok(as_new.first().is_some_and(|row| row.get(0)))
    }

    /// Drops a database of a throw-away server.
    pub fn drop_database(&self, name: &str) -> Result<()> {
        scratch::drop_subscriptions(&mut self.connect(name)?)?;
        let drop = format!("DROP DATABASE {} WITH (FORCE)", quote_identifier(name));
        Ok(self.connect_to_server()?.batch_execute(&drop)?)
    }

    /// What makes a program meet this server by default: what to set, and (`None`) what to remove.
    pub fn environment(&self) -> Vec<(OsString, Option<OsString>)> {
        match &self.reach {
            Reach::ThrowAway(cluster) => cluster.environment(),
            Reach::Named { conninfo, .. } => conninfo.child_environment(),
        }
    }

    /// The same for a program that restores a backup.
    pub fn environment_to_restore(&self) -> Vec<(OsString, Option<OsString>)> {
        match &self.reach {
            Reach::ThrowAway(cluster) => cluster.environment_to_restore(),
            Reach::Named { .. } => self.environment(),
        }
    }

    /// The same for a program whose session is to have these settings beside all others.
    pub fn environment_with(&self, settings: &[&str]) -> Vec<(OsString, Option<OsString>)> {
        const OPTIONS: &str = "PGOPTIONS";
        let mut environment = self.environment();
        if !settings.is_empty() {
            let given = environment.iter().rev().find(|(name, _)| name == OPTIONS);
            let mut options = given
                .and_then(|(_, value)| value.clone())
                .unwrap_or_default();
            for setting in settings {
                options.push(format!(" -c {setting}"));
            }
            environment.push((OPTIONS.into(), Some(options)));
        }
        environment
    }

    /// How psql reaches a database of it; a password it finds where we did.
    pub fn conninfo(&self, database: &str) -> String {
        let (host, port) = match &self.reach {
            Reach::ThrowAway(cluster) => {
                let folder = cluster.socket_dir().to_string_lossy().into_owned();
                (folder, cluster.port())
            }
            Reach::Named { host, port, .. } => (host.clone(), *port),
        };
        let value = |value: &str| match value
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c))
        {
            true if !value.is_empty() => value.to_string(),
            _ => format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'")),
        };
        let (host, user, database) = (value(&host), value(&self.user), value(database));
        format!("host={host} port={port} user={user} dbname={database}")
    }

    /// Its version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Who we are there; on a throw-away server its superuser.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Whether nobody else uses it.
    pub fn is_ours(&self) -> bool {
        self.cluster().is_some()
    }

    /// How much a throw-away server has written to its log.
    pub fn log_length(&self) -> usize {
        let log = self
            .cluster()
            .map(|cluster| cluster.socket_dir().join("log"));
        let length = log.and_then(|log| log.metadata().ok()).map(|log| log.len());
        length
            .and_then(|length| usize::try_from(length).ok())
            .unwrap_or(0)
    }

    /// The cluster, if it is ours to throw away.
    pub fn cluster(&self) -> Option<&Cluster> {
        match &self.reach {
            Reach::ThrowAway(cluster) => Some(cluster),
            Reach::Named { .. } => None,
        }
    }
}

/// Whether the session may do everything.
pub fn is_superuser(client: &mut Client) -> Result<bool> {
    let rows = client.query_typed("SHOW is_superuser", &[])?;
    let answer = rows.first().map(|row| row.try_get::<_, String>(0));
    Ok(answer.transpose()?.is_some_and(|answer| answer == "on"))
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

    /// How much it takes, or all of the server's databases; nothing where nobody tells.
    pub fn bytes(&self, of_all: bool) -> Option<u64> {
        let asked = include_str!("../sql/database_bytes.sql");
        let mut client = self.connect().ok()?;
        let row = client
            .query_typed_one(asked, &[(&of_all, Type::BOOL)])
            .ok()?;
        row.try_get(0)
            .ok()
            .and_then(|bytes: i64| u64::try_from(bytes).ok())
    }

    /// Opens a session in it in which a backup is restored.
    pub fn connect_to_restore(&self) -> Result<Client> {
        self.server.connect_to_restore(&self.name)
    }

    /// Opens a session in it whose statement ends when a signal asks us to stop.
    pub fn connect_cancelled(&self) -> Result<(Client, signals::Guard)> {
        self.server.connect_cancelled(&self.name)
    }
}
