//! A private PostgreSQL in a temporary folder, gone with us.
//!
//! Unix socket only, in a folder that nobody else can enter, with settings for
//! speed that a server with data to lose must not have. It ends when the
//! [`Cluster`] is dropped and when we die, however we die: a small shell script
//! is the server's parent and ends it when the pipe to us closes. As root the
//! server runs as `postgres`, or else `nobody`.

mod draft;
mod folder;
mod network;
mod port;
mod server;
mod sessions;
mod template;
mod user;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::connection::Conninfo;
use crate::error::{Context, Error, Result};
use crate::programs::{Program, Version};
pub use draft::{Draft, Owner, State};
use folder::Folder;
pub use folder::{IN_MEMORY, any_in_memory};
pub use port::ReservedPort;
use server::Server;
use template::Template;
use user::ServerUser;

/// The superuser of every throw-away server, whoever we are.
const SUPERUSER: &str = "postgres";
const PORT: u16 = 5432;

/// Nothing on this server outlives a crash, so nothing is done to survive one;
/// and restoring is all that it does: WAL is not kept, statistics of tables are
/// gathered when somebody asks, thousands of tables fit into one transaction.
const SETTINGS: &[(&str, &str)] = &[
    ("fsync", "off"),
    ("full_page_writes", "off"),
    ("synchronous_commit", "off"),
    ("wal_level", "minimal"),
    ("max_wal_senders", "0"),
    // WAL is gone with the next checkpoint, which is soon and takes no longer than it must: the disk is
    // for the data.
    ("max_wal_size", "256MB"),
    ("checkpoint_completion_target", "0"),
    ("checkpoint_flush_after", "0"),
    ("bgwriter_flush_after", "0"),
    ("wal_init_zero", "off"),
    ("wal_recycle", "off"),
    ("checkpoint_timeout", "1h"),
    ("autovacuum", "off"),
    // More sorts slower: what is sorted at once should fit into the processor's own memory.
    ("maintenance_work_mem", "64MB"),
    ("max_locks_per_transaction", "1024"),
    ("jit", "off"),
    ("shared_preload_libraries", ""),
    ("log_checkpoints", "off"),
];
/// Settings that only newer servers know: the first version that does.
const NEWER_SETTINGS: &[(u32, &str, &str)] = &[(18, "io_method", "sync")];

/// What a throw-away server has to be.
#[derive(Debug, Clone, Default)]
pub struct ClusterOptions {
    /// The oldest major version that will do: the closest one at or above it is
    /// taken, or the newest there is.
    pub at_least: Option<u32>,
    /// Where its files are, rather than in `TMPDIR`, if that will do.
    pub folder: Option<PathBuf>,
    /// Settings that replace ours.
    pub settings: Vec<(String, String)>,
    /// Also listen on 127.0.0.1, on a free port.
    pub tcp: bool,
    /// Lines of pg_hba.conf that come before the one that trusts the socket.
    pub hba: Vec<String>,
    /// What is restored there is others': it has no say in how our sessions begin, and where the system
    /// lets us nothing there reaches the network.
    pub foreign: bool,
    /// Nothing there reaches the network or starts a program by a shell, where the system lets us: a subscription that is
    /// made there is made nowhere else, and `COPY … PROGRAM` fails.
    pub apart: bool,
    /// Files that only the server can read, such as a TLS key. To the server's
    /// settings their path is `../NAME`.
    pub files: Vec<(String, Vec<u8>)>,
}

/// A running throw-away server. Dropping it ends it and removes its files.
#[derive(Debug)]
pub struct Cluster {
    // Dropped in this order: first the server, then what is left of the folder.
    server: Server,
    folder: Folder,
    port: u16,
    version: Version,
    superuser: String,
    session: String,
    is_apart: bool,
}

impl Cluster {
    /// Starts a server. It takes connections when this returns.
    pub fn start(options: &ClusterOptions) -> Result<Self> {
        let postgres = Program::find("postgres", options.at_least)?;
        let user = ServerUser::of_process()?;
        let template = Template::obtain(&postgres, &user)?;
        let folder = Folder::create(options.folder.as_deref(), &user)?;
        folder.write("pg_hba.conf", hba(options).as_bytes(), &user)?;
        for (name, content) in &options.files {
            folder.write(name, content, &user)?;
        }
        // Held until the server listens.
        let reserved = options.tcp.then(ReservedPort::take).transpose()?;
        let port = reserved.as_ref().map_or(PORT, ReservedPort::number);
        let apart = match (options.apart, options.foreign) {
            (true, _) => network::without_shell(postgres.version, &user),
            (false, true) => network::apart(postgres.version, &user),
            (false, false) => network::Apart::default(),
        };
        let (mut words, is_apart) = (apart.words, apart.is_offline);
        words.extend(command(&postgres, &folder.path, port, options));
        let mut server = Server::start(&folder, Some(&template.data), words, &user)?;
        server.wait_ready(&folder)?;
        Ok(Self {
            server,
            folder,
            port,
            version: postgres.version,
            superuser: SUPERUSER.to_string(),
            session: match options.foreign {
                true => sessions::looking(postgres.version.major),
                false => String::new(),
            },
            is_apart,
        })
    }

    /// Whether nothing that runs on it reaches any network.
    pub fn is_apart(&self) -> bool {
        self.is_apart
    }

    /// The folder with the server's socket.
    pub fn socket_dir(&self) -> &Path {
        &self.folder.path
    }

    /// The port, which is part of the socket's name too.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The user who may do everything, without a password.
    pub fn superuser(&self) -> &str {
        &self.superuser
    }

    /// What every session of ours has to begin with, as libpq's `options`: empty unless what is
    /// there comes from elsewhere.
    pub fn session_options(&self) -> &str {
        &self.session
    }

    /// The server's version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// How to reach a database of it as superuser.
    pub fn conninfo(&self, database: &str) -> Conninfo {
        Conninfo::for_cluster(&self.folder.path, self.port, &self.superuser, database)
    }

    /// Opens a session of the superuser.
    pub fn connect(&self, database: &str) -> Result<postgres::Client> {
        self.open(database, &self.session)
    }

    /// Opens a session in which a backup is restored: beyond what no restore is for, it is as
    /// databases and roles say.
    pub fn connect_to_restore(&self, database: &str) -> Result<postgres::Client> {
        if self.session.is_empty() {
            return self.open(database, "");
        }
        let major = self.version.major;
        let mut client = self.open(database, &sessions::restoring(major))?;
        if major >= 17 {
            // No trigger has seen us come; what they do to statements belongs to a restore.
            client.batch_execute("SET event_triggers = on")?;
        }
        Ok(client)
    }

    fn open(&self, database: &str, options: &str) -> Result<postgres::Client> {
        let mut config = postgres::Config::new();
        config.host_path(&self.folder.path).port(self.port);
        config.user(&self.superuser).dbname(database);
        if !options.is_empty() {
            config.options(options);
        }
        config
            .connect(postgres::NoTls)
            .context(|| format!("database \"{database}\" of the temporary server"))
    }

    /// What a program's environment needs to meet this server by default: what
    /// to set, and (`None`) what to remove because it would lead elsewhere.
    pub fn environment(&self) -> Vec<(OsString, Option<OsString>)> {
        self.environment_with(&self.session)
    }

    /// The same for a program that restores a backup.
    pub fn environment_to_restore(&self) -> Vec<(OsString, Option<OsString>)> {
        match self.session.is_empty() {
            true => self.environment(),
            false => self.environment_with(sessions::LIBRARIES),
        }
    }

    fn environment_with(&self, session: &str) -> Vec<(OsString, Option<OsString>)> {
        let removed = LIBPQ.iter().map(|name| (OsString::from(name), None));
        let host = self.folder.path.clone().into_os_string();
        let set = [
            ("PGHOST", host),
            ("PGPORT", self.port.to_string().into()),
            ("PGUSER", self.superuser.clone().into()),
        ];
        let set = set.map(|(name, value)| (OsString::from(name), Some(value)));
        let options = ("PGOPTIONS".into(), Some(session.into()));
        let session = Some(options).filter(|_| !session.is_empty());
        removed.chain(set).chain(session).collect()
    }

    /// Ends the server and removes its files, which dropping does too, and says
    /// if something is left.
    pub fn stop(self) -> Result<()> {
        let Self { server, folder, .. } = self;
        let path = folder.path.clone();
        drop(server);
        drop(folder);
        if path.exists() {
            return Err(Error::new(format!("could not remove {}", path.display())));
        }
        Ok(())
    }
}

/// libpq's variables that would lead a program to another server, or to this one
/// in another way.
const LIBPQ: &[&str] = &[
    "PGHOSTADDR",
    "PGDATABASE",
    "PGPASSWORD",
    "PGPASSFILE",
    "PGSERVICE",
    "PGSERVICEFILE",
    "PGOPTIONS",
    "PGAPPNAME",
    "PGSSLMODE",
    "PGREQUIRESSL",
    "PGSSLNEGOTIATION",
    "PGSSLCOMPRESSION",
    "PGSSLCERT",
    "PGSSLKEY",
    "PGSSLCERTMODE",
    "PGSSLROOTCERT",
    "PGSSLCRL",
    "PGSSLCRLDIR",
    "PGSSLSNI",
    "PGREQUIREPEER",
    "PGREQUIREAUTH",
    "PGCHANNELBINDING",
    "PGSSLMINPROTOCOLVERSION",
    "PGSSLMAXPROTOCOLVERSION",
    "PGGSSENCMODE",
    "PGKRBSRVNAME",
    "PGGSSLIB",
    "PGGSSDELEGATION",
    "PGCONNECT_TIMEOUT",
    "PGCLIENTENCODING",
    "PGTARGETSESSIONATTRS",
    "PGLOADBALANCEHOSTS",
    "PGDATESTYLE",
    "PGTZ",
    "PGGEQO",
    "PGMINPROTOCOLVERSION",
    "PGMAXPROTOCOLVERSION",
];

fn hba(options: &ClusterOptions) -> String {
    let mut lines = options.hba.clone();
    lines.push("local all all trust".to_string());
    lines.push("local replication all trust".to_string());
    lines.join("\n") + "\n"
}

fn command(
    postgres: &Program,
    folder: &Path,
    port: u16,
    options: &ClusterOptions,
) -> Vec<OsString> {
    let mut words: Vec<OsString> = vec![
        postgres.path().into(),
        "-D".into(),
        folder.join("data").into(),
    ];
    let mut set =
        |name: &str, value: &str| words.extend(["-c".into(), format!("{name}={value}").into()]);
    let folder = folder.to_string_lossy();
    set(
        "unix_socket_directories",
        &format!("\"{}\"", folder.replace('"', "\"\"")),
    );
    set("hba_file", &format!("{folder}/pg_hba.conf"));
    set(
        "listen_addresses",
        if options.tcp { "127.0.0.1" } else { "" },
    );
    set("port", &port.to_string());
    SETTINGS.iter().for_each(|(name, value)| set(name, value));
    let newer = NEWER_SETTINGS
        .iter()
        .filter(|(since, ..)| postgres.version.major >= *since);
    newer.for_each(|(_, name, value)| set(name, value));
    options
        .settings
        .iter()
        .for_each(|(name, value)| set(name, value));
    words
}
