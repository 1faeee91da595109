//! A PgBouncer in front of the shared server.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::PathBuf;

use postgres::{Client, NoTls};
use shared::cluster::ReservedPort;
use tests::Running;

/// A running PgBouncer in front of the shared server.
pub struct Pooler {
    pub port: u16,
    _process: Running,
    _folder: tempfile::TempDir,
}

impl Pooler {
    /// Starts one in this pool mode, with more settings.
    pub fn start(mode: &str, more: &str) -> Self {
        let cluster = tests::cluster();
        let uid = fs::metadata(cluster.socket_dir()).unwrap().uid();
        let folder = tests::private_folder(uid);
        let reserved = ReservedPort::take().unwrap();
        let port = reserved.number();
        let settings = format!(
            "[databases]\n* = host={} port={} user=postgres\n[pgbouncer]\nlisten_addr=127.0.0.1\n\
             listen_port={port}\nunix_socket_dir=\nauth_type=any\npool_mode={mode}\n\
             server_idle_timeout=0\n{more}\n",
            cluster.socket_dir().display(),
            cluster.port()
        );
        let file = folder.path().join("pgbouncer.ini");
        fs::write(&file, settings).unwrap();
        chown(&file, Some(uid), None).unwrap();
        let mut command = tests::program(program()).arg(&file);
        if rustix::process::geteuid().is_root() {
            command = command.as_user(uid);
        }
        let process = command.start();
        let pooler = Self {
            port,
            _process: process,
            _folder: folder,
        };
        tests::eventually("PgBouncer answers", || pooler.try_client().is_ok());
        pooler
    }

    /// A client that knows nothing of poolers.
    pub fn try_client(&self) -> Result<Client, postgres::Error> {
        let mut config = postgres::Config::new();
        config
            .host("127.0.0.1")
            .port(self.port)
            .user("any")
            .dbname("postgres");
        config.connect(NoTls)
    }
}

fn program() -> PathBuf {
    let usual = PathBuf::from("/usr/sbin/pgbouncer");
    if usual.exists() {
        usual
    } else {
        "pgbouncer".into()
    }
}
