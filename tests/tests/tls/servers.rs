//! Servers with every sort of certificate, and how psql and we fare with them.

use std::sync::OnceLock;

use shared::cluster::{Cluster, ClusterOptions};
use shared::connection::{ConnectArgs, Conninfo, Environment, Need, Session, SessionOptions};
use shared::programs::Program;

use crate::certificates::Certificates;

const HBA: &[&str] = &[
    "hostssl all certified 127.0.0.1/32 cert",
    "hostssl all plain 127.0.0.1/32 reject",
    "hostnossl all encrypted 127.0.0.1/32 reject",
    "hostssl all password 127.0.0.1/32 scram-sha-256",
    "hostnossl all password 127.0.0.1/32 scram-sha-256",
    "host all all 127.0.0.1/32 trust",
];

pub const LOCALHOST: &str = "host=localhost hostaddr=127.0.0.1";

pub fn certificates() -> &'static Certificates {
    static CERTIFICATES: OnceLock<Certificates> = OnceLock::new();
    CERTIFICATES.get_or_init(Certificates::new)
}

/// A server with this certificate, or without TLS.
pub fn server(certificate: Option<&str>) -> Cluster {
    let mut options = ClusterOptions {
        tcp: true,
        hba: HBA.iter().map(|line| line.to_string()).collect(),
        ..ClusterOptions::default()
    };
    if let Some(name) = certificate {
        for (file, source) in [("server.crt", "crt"), ("server.key", "key")] {
            options.files.push((
                file.into(),
                certificates().read(&format!("{name}.{source}")),
            ));
        }
        options
            .files
            .push(("ca.crt".into(), certificates().read("ca.crt")));
        let settings = [
            ("ssl", "on"),
            ("ssl_cert_file", "../server.crt"),
            ("ssl_key_file", "../server.key"),
            ("ssl_ca_file", "../ca.crt"),
        ];
        options.settings = settings
            .map(|(name, value)| (name.into(), value.into()))
            .into();
    }
    let cluster = tests::start(&options);
    let roles = "create role certified login; create role plain login; create role encrypted login; \
         create role password login password 'sentinel'";
    cluster
        .connect("postgres")
        .unwrap()
        .batch_execute(roles)
        .unwrap();
    cluster
}

/// The server that most tests do with.
pub fn good_server() -> &'static Cluster {
    static SERVER: OnceLock<Cluster> = OnceLock::new();
    SERVER.get_or_init(|| server(Some("san")))
}

/// `t` or `f` for a session with and without TLS; an error's text.
pub type Answer = Result<String, String>;

pub const QUERY: &str = "select ssl::text from pg_stat_ssl where pid = pg_backend_pid()";

pub fn ask_psql(conninfo: &str, home: &str) -> Answer {
    let psql = Program::find("psql", None).unwrap();
    let command = tests::program(psql.path()).env("HOME", home);
    let output = command.args(["-w", "-XAtc", QUERY, "-d", conninfo]).run();
    match output.code() {
        Some(0) => Ok(output.stdout.trim().to_string()),
        _ => Err(output.stderr.clone()),
    }
}

pub fn ask_ours(conninfo: &str, home: &str) -> Answer {
    let environment = Environment::of([("HOME", home)]);
    let args = ConnectArgs {
        dbname: Some(conninfo.to_string()),
        ..ConnectArgs::default()
    };
    let connected = Conninfo::resolve(&args, &environment, Need::Session).and_then(|conninfo| {
        let mut session = Session::open(&conninfo, &SessionOptions::default())?;
        Ok(session.client().query_typed_one(QUERY, &[])?.get(0))
    });
    connected.map_err(|error| error.to_string())
}

/// Asks both and has them agree, with these words where they refuse.
#[track_caller]
pub fn assert_same(conninfo: &str, home: &str, words: &str) -> Answer {
    let (psql, ours) = (ask_psql(conninfo, home), ask_ours(conninfo, home));
    assert_eq!(
        psql.as_ref().ok(),
        ours.as_ref().ok(),
        "{conninfo}\n psql {psql:?}\n ours {ours:?}"
    );
    if let Err(error) = &ours {
        assert!(error.contains(words), "{conninfo}: {error}");
    }
    ours
}

pub fn conninfo(cluster: &Cluster, more: &str) -> String {
    format!(
        "{LOCALHOST} port={} dbname=postgres user=postgres {more}",
        cluster.port()
    )
}

pub fn root(name: &str) -> String {
    format!("sslrootcert={}", certificates().path(name).display())
}
