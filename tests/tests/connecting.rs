//! Sessions as the tools open them, and what becomes of one that can't be opened.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::thread;

use rustix::process::Signal;
use shared::cluster::{Cluster, ClusterOptions};
use shared::connection::{ConnectArgs, Conninfo, Environment, Need, Session, SessionOptions};
use shared::programs::Program;
use shared::{Error, Result};
use tests::{SilentListener, tcp_cluster};

fn resolve(dbname: &str, variables: &[(&str, &str)]) -> Result<Conninfo> {
    let args = ConnectArgs {
        dbname: Some(dbname.into()),
        ..ConnectArgs::default()
    };
    let environment = Environment::of(variables.iter().copied());
    Conninfo::resolve(&args, &environment, Need::Session)
}

fn open(dbname: &str) -> Result<Session> {
    Session::open(&resolve(dbname, &[])?, &SessionOptions::default())
}

fn refusal(dbname: &str) -> Error {
    open(dbname).err().unwrap()
}

fn value(session: &mut Session, query: &str) -> String {
    session.client().query_typed_one(query, &[]).unwrap().get(0)
}

/// A server where passwords are asked for.
fn guarded() -> Cluster {
    let cluster = tests::start(&ClusterOptions {
        tcp: true,
        hba: vec!["host all all 127.0.0.1/32 scram-sha-256".into()],
        ..ClusterOptions::default()
    });
    let mut client = cluster.connect("postgres").unwrap();
    client
        .batch_execute("create role alice login password 'sentinel'")
        .unwrap();
    cluster
}

fn wrong_passwords(cluster: &Cluster) -> usize {
    let log = fs::read_to_string(cluster.socket_dir().join("log")).unwrap();
    log.matches("password authentication failed").count()
}

#[test]
fn a_session_has_its_safeguards_in_force() {
    let cluster = tests::cluster();
    let conninfo = Conninfo::for_cluster(
        cluster.socket_dir(),
        cluster.port(),
        cluster.superuser(),
        "postgres",
    );
    let options = SessionOptions {
        application_name: "a tool".into(),
        read_only: true,
        ..SessionOptions::default()
    };
    let mut session = Session::open(&conninfo.with_database("template1"), &options).unwrap();
    session.require_session().unwrap();
    let query = "select concat_ws('|', current_database(), current_setting('application_name'), \
         current_setting('search_path'), current_setting('lock_timeout'), \
         current_setting('statement_timeout'), current_setting('transaction_read_only'))";
    assert_eq!(value(&mut session, query), "template1|a tool||10s|1min|on");
    assert_eq!(
        session.server_version_num() / 10000,
        cluster.version().major
    );
}

#[test]
fn a_schema_and_options_of_the_user_are_obeyed() {
    let port = tcp_cluster().port();
    let url = format!(
        "postgresql://postgres@127.0.0.1:{port}/postgres?schema=my%20%22app%5C&options=-c%20lock_timeout%3D3s"
    );
    let mut session = open(&url).unwrap();
    let query =
        "select concat_ws('|', current_setting('search_path'), current_setting('lock_timeout'))";
    assert_eq!(value(&mut session, query), "\"my \"\"app\\\"|3s");
}

#[test]
fn the_search_path_of_the_role_can_be_had_back() {
    let database = tests::Database::new();
    database.sql(&format!(
        "alter database {} set search_path to theirs, public",
        database.name()
    ));
    let conninfo = resolve(&database.conninfo(), &[]).unwrap();
    let options = SessionOptions {
        resets_search_path: true,
        ..SessionOptions::default()
    };
    let mut session = Session::open(&conninfo, &options).unwrap();
    let query = "select current_setting('search_path')";
    assert_eq!(value(&mut session, query), "");
    session.client().batch_execute("reset search_path").unwrap();
    assert_eq!(value(&mut session, query), "theirs, public");
}

#[test]
fn our_own_read_only_session_does_not_hide_a_server_that_writes() {
    let port = tcp_cluster().port();
    let url = format!("postgresql://postgres@127.0.0.1:{port}/postgres?target_session_attrs=");
    let options = SessionOptions {
        read_only: true,
        ..SessionOptions::default()
    };
    let conninfo = resolve(&format!("{url}read-write"), &[]).unwrap();
    let mut session = Session::open(&conninfo, &options).unwrap();
    assert_eq!(
        value(
            &mut session,
            "select current_setting('transaction_read_only')"
        ),
        "on"
    );
    let conninfo = resolve(&format!("{url}read-only"), &[]).unwrap();
    let error = Session::open(&conninfo, &options).err().unwrap();
    assert!(
        error.message().contains("session is not read-only"),
        "{error}"
    );
}

#[test]
fn a_silent_server_is_given_up_and_the_next_one_taken() {
    let (silent, port) = (SilentListener::new(), tcp_cluster().port());
    let alone = refusal(&format!(
        "postgresql://postgres@{}/db?connect_timeout=1",
        silent.address()
    ));
    assert!(alone.message().contains("no answer within 2 s"), "{alone}");
    assert!(
        alone.message().contains(&silent.port().to_string()),
        "{alone}"
    );
    let both = format!(
        "postgresql://postgres@{},127.0.0.1:{port}/postgres?connect_timeout=2",
        silent.address()
    );
    assert_eq!(open(&both).unwrap().port(), port);
}

#[test]
fn a_wrong_password_is_given_once() {
    let (one, two) = (guarded(), guarded());
    let hosts = format!("127.0.0.1:{},127.0.0.1:{}", one.port(), two.port());
    let error = refusal(&format!(
        "postgresql://alice:sentinelwrong@{hosts}/postgres"
    ));
    assert_eq!(error.sqlstate(), Some("28P01"), "{error}");
    assert_eq!((wrong_passwords(&one), wrong_passwords(&two)), (1, 0));
    open(&format!("postgresql://alice:sentinel@{hosts}/postgres")).unwrap();
}

#[test]
fn errors_say_where_and_as_whom_and_what_the_server_said() {
    let cluster = guarded();
    let port = cluster.port();
    let place = format!("127.0.0.1, port {port}");
    for (url, words) in [
        (
            format!("alice:sentinelwrong@127.0.0.1:{port}/db"),
            "FATAL: password authentication failed for user \"alice\"",
        ),
        (
            format!("alice:sentinel@127.0.0.1:{port}/db"),
            "FATAL: database \"db\" does not exist",
        ),
        (format!("alice@127.0.0.1:{port}/db"), "no password supplied"),
    ] {
        let error = refusal(&format!("postgresql://{url}"));
        for part in [words, &place, "database \"db\"", "user \"alice\""] {
            assert!(error.message().contains(part), "{part} in {error}");
        }
        assert!(!error.to_string().contains("sentinel"), "{error}");
    }
    let encoded = refusal(&format!(
        "postgresql://alice:sentinel%41@127.0.0.1:{port}/db"
    ));
    assert!(encoded.hint().unwrap().contains("%25"), "{encoded}");
}

#[test]
fn every_host_that_was_tried_is_named() {
    let error = refusal("postgresql://u@127.0.0.1:1,127.0.0.1:2,[::1]:3/db");
    let text = error.to_string();
    for port in ["port 1", "port 2", "port 3"] {
        assert!(text.contains(port), "{text}");
    }
}

#[test]
fn load_is_balanced() {
    let (one, two) = (tcp_cluster().port(), guarded());
    two.connect("postgres")
        .unwrap()
        .batch_execute("create role bob login password 'sentinel'")
        .unwrap();
    tcp_cluster()
        .connect("postgres")
        .unwrap()
        .batch_execute("create role bob login")
        .unwrap();
    let hosts = format!("127.0.0.1:{one},127.0.0.1:{}", two.port());
    let url = format!("postgresql://bob:sentinel@{hosts}/postgres?load_balance_hosts=random");
    // The chance that one of two is never taken in 64 draws is 2 to the -63.
    let seen: BTreeSet<u16> = (0..64).map(|_| open(&url).unwrap().port()).collect();
    assert_eq!(seen.len(), 2);
}

#[test]
fn the_peer_at_the_other_end_of_a_socket() {
    let cluster = tests::cluster();
    let folder = cluster.socket_dir();
    let uid = fs::metadata(folder).unwrap().uid().to_string();
    let owner = tests::program("id").args(["-un", &uid]).run().stdout;
    let place = format!(
        "host={} port={} user=postgres dbname=postgres",
        folder.display(),
        cluster.port()
    );
    open(&format!("{place} requirepeer={}", owner.trim())).unwrap();
    let error = refusal(&format!("{place} requirepeer=somebody"));
    assert!(
        error.message().contains("actual peer user name is"),
        "{error}"
    );
}

#[test]
fn children_connect_as_we_do() {
    let cluster = guarded();
    let home = tempfile::tempdir().unwrap();
    let service = format!(
        "[prod]\nhost=127.0.0.1\nport={}\nuser=alice\npassword=sentinel\ndbname=postgres\n",
        cluster.port()
    );
    let file = home.path().join("services");
    fs::write(&file, service).unwrap();
    let misleading = [
        ("PGSERVICEFILE", file.to_str().unwrap()),
        ("PGHOSTADDR", ""),
        ("PGUSER", "nobody"),
        ("PGAPPNAME", "mine"),
    ];
    let conninfo = resolve(
        "service=prod dbname=template1 keepalives_idle=60",
        &misleading,
    )
    .unwrap();
    let psql = Program::find("psql", None).unwrap();
    let mut command = tests::program(psql.path()).args(conninfo.child_arguments());
    for (name, value) in misleading
        .into_iter()
        .chain([("PGSERVICE", "wrong"), ("PGREQUIRESSL", "1")])
    {
        command = command.env(name, value);
    }
    for (name, value) in conninfo.child_environment() {
        let name = name.to_str().unwrap();
        command = match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let query = "select concat_ws('|', current_user, current_database(), current_setting('port'), current_setting('application_name'))";
    let output = command.args(["-w", "-XAtc", query]).run().expect_code(0);
    assert_eq!(
        output.stdout.trim(),
        format!("alice|template1|{}|mine", cluster.port())
    );
}

/// How many other sessions of the database run a statement.
fn running(database: &tests::Database) -> String {
    let query = "select count(*) from pg_stat_activity where datname = current_database() \
         and state = 'active' and pid <> pg_backend_pid() and query like '%pg_sleep%'";
    database.value(query)
}

#[test]
fn a_running_statement_can_be_cancelled() {
    let database = tests::Database::new();
    let mut session = open(&database.conninfo()).unwrap();
    let canceller = session.canceller();
    let waiting = thread::spawn(move || session.client().batch_execute("select pg_sleep(600)"));
    tests::eventually("the statement runs", || running(&database) == "1");
    canceller.cancel().unwrap();
    let error = waiting.join().unwrap().unwrap_err();
    assert_eq!(error.code().unwrap().code(), "57014");
}

#[test]
fn a_signal_ends_the_statement_on_the_server() {
    let database = tests::Database::new();
    let mut process = tests::program(env!("CARGO_BIN_EXE_session"))
        .args(["select pg_sleep(600)::text", &database.conninfo()])
        .start();
    tests::eventually("the statement runs", || running(&database) == "1");
    process.signal(Signal::TERM);
    tests::eventually("the process ends", || process.has_ended());
    assert_eq!(running(&database), "0");
}

#[test]
fn a_signal_ends_the_wait_for_a_silent_server() {
    let silent = SilentListener::new();
    let url = format!("postgresql://u@{}/db?connect_timeout=600", silent.address());
    let mut process = tests::program(env!("CARGO_BIN_EXE_session"))
        .args(["select 1::text", &url])
        .start();
    let (mut stream, _) = silent.accept();
    stream.read_exact(&mut [0; 8]).unwrap();
    process.signal(Signal::TERM);
    tests::eventually("the process ends", || process.has_ended());
    process.finish().expect_error("interrupted");
}
