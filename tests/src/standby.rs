//! A standby of a throw-away server.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use postgres::{Client, Config, NoTls};
use shared::cluster::{Cluster, ClusterOptions};
use shared::programs::Program;
use tempfile::TempDir;

use crate::{Database, Running, eventually, private_folder, program, start};

/// A server that repeats what another one does. Dropped, it is ended and gone.
pub struct Standby {
    // Dropped in this order: first the server, then its files.
    _server: Running,
    folder: TempDir,
}

/// A server that can have a standby.
pub fn primary() -> Cluster {
    let settings = [("wal_level", "replica"), ("max_wal_senders", "4")];
    start(&ClusterOptions {
        settings: settings
            .map(|(name, value)| (name.into(), value.into()))
            .into(),
        ..ClusterOptions::default()
    })
}

impl Standby {
    /// Starts one, with these settings.
    pub fn of(primary: &Cluster, settings: &[&str]) -> Self {
        let uid = primary.socket_dir().metadata().unwrap().uid();
        let folder = private_folder(uid);
        let data = folder.path().join("data");
        let user = |command: crate::ToolCommand| match rustix::process::geteuid().is_root() {
            true => command.as_user(uid),
            false => command,
        };
        let copy = program(path("pg_basebackup", primary)).server(primary);
        let copy = copy
            .args(["--no-password", "--checkpoint=fast", "-R", "-D"])
            .arg(&data);
        user(copy).run().expect_code(0);
        let socket = format!("unix_socket_directories={}", folder.path().display());
        let server = program(path("postgres", primary)).arg("-D").arg(&data);
        // A newer pg_basebackup's says what an older server does not know.
        let source = format!(
            "primary_conninfo=host='{}' port={} user={}",
            primary.socket_dir().display(),
            primary.port(),
            primary.superuser()
        );
        let own = [
            socket.as_str(),
            source.as_str(),
            "listen_addresses=",
            "port=5432",
            "fsync=off",
            // No less than the primary's.
            "max_locks_per_transaction=1024",
            "max_wal_senders=4",
        ];
        let settings = own
            .iter()
            .chain(settings)
            .flat_map(|setting| ["-c", setting]);
        let standby = Self {
            _server: user(server.args(settings)).start(),
            folder,
        };
        eventually("the standby starts", || {
            standby.try_connect("postgres").is_some()
        });
        standby
    }

    /// A connection string for a database of it, as `-d` takes it.
    pub fn conninfo(&self, database: &Database) -> String {
        self.conninfo_of(database.name())
    }

    /// The same for the database of this name.
    pub fn conninfo_of(&self, database: &str) -> String {
        let folder = self.folder.path().display();
        format!("host={folder} port=5432 user=postgres dbname='{database}'")
    }

    /// Opens a session of the superuser.
    pub fn connect(&self, database: &Database) -> Client {
        self.try_connect(database.name()).unwrap()
    }

    /// Runs statements in the database of this name.
    pub fn sql(&self, database: &str, statements: &str) {
        let mut client = self.try_connect(database).unwrap();
        client.batch_execute(statements).expect(statements);
    }

    /// What a query in the database of this name answers.
    pub fn value(&self, database: &str, query: &str) -> String {
        let mut client = self.try_connect(database).unwrap();
        client.query_one(query, &[]).expect(query).get(0)
    }

    /// Waits until it has done everything that the primary has done by now.
    pub fn catch_up(&self, database: &Database) {
        // The servers of the tests commit before their WAL is written, and it may take them ten
        // seconds to write what nobody waits for.
        database.sql("set synchronous_commit = on; select pg_logical_emit_message(true, '', '')");
        self.reach(&database.value("select pg_current_wal_flush_lsn()"));
    }

    /// Waits until it has come to this place of the WAL.
    pub fn reach(&self, end: &str) {
        let done = format!("select pg_last_wal_replay_lsn() >= '{end}'");
        eventually("the standby catches up", || {
            let client = self.try_connect("postgres");
            client.is_some_and(|mut client| client.query_one(&done, &[]).unwrap().get(0))
        });
    }

    fn try_connect(&self, database: &str) -> Option<Client> {
        let mut config = Config::new();
        config.host_path(self.folder.path()).port(5432);
        config.user("postgres").dbname(database).connect(NoTls).ok()
    }
}

fn path(name: &str, server: &Cluster) -> PathBuf {
    let found = Program::find(name, Some(server.version().major)).unwrap();
    found.path().to_path_buf()
}
