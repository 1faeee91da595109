//! What is done with each tool in turn.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use postgres::Client;
use rustix::process::Signal;
use shared::cluster::{Cluster, ClusterOptions};
use tests::{Database, Output, ToolCommand, eventually, files_in, processes_of, tool};

/// Rows of this table take an hour to restore, each.
pub const WAITS_IN_A_RESTORE: &str = "
    create function slow(a int) returns boolean language plpgsql as $$
    begin
        if pg_catalog.current_database() = 'pg_restore_verify' then
            perform pg_catalog.pg_sleep(3600);
        end if;
        return true;
    end $$;
    create table waits (a int check (public.slow(a)));
    insert into waits values (1)";

pub fn backup_is_interrupted(database: &Database, signal: Signal) {
    let folder = tempfile::tempdir().unwrap();
    let _lock = locked(database.client(), "waits");
    let running = tool("pg-dump-rotate")
        .arg("--dir")
        .arg(folder.path())
        .database(database)
        .start();
    let waiting =
        "select count(*) > 0 from pg_locks where not granted and relation = 'waits'::regclass";
    eventually("pg_dump waits for the lock", || {
        database.value(waiting) == "t"
    });
    running.signal(signal);
    let output = running.finish().expect_no_output();
    assert_eq!(output.signal(), Some(signal.as_raw()), "{output:?}");
    let left = files_in(folder.path());
    assert!(left.iter().all(|name| name.ends_with(".lock")), "{left:?}");
    eventually("pg_dump is gone", || database.value(waiting) == "f");
}

pub fn restore_is_interrupted(database: &Database, format: &str, signal: Signal) {
    let folder = tempfile::tempdir().unwrap();
    let backup = path_of(
        &backup(database, folder.path())
            .args(["-F", format])
            .run()
            .expect_code(0),
    );
    // Its server lives in here.
    let scratch = tempfile::tempdir_in("/tmp").unwrap();
    fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o1777)).unwrap();
    let running = tool("pg-restore-verify")
        .arg(&backup)
        .env("TMPDIR", scratch.path())
        .start();
    eventually("the restore is under way", || restoring(scratch.path()));
    running.signal(signal);
    let output = running.finish();
    assert_eq!(output.signal(), Some(signal.as_raw()), "{output:?}");
    assert!(!output.stdout.contains("verdict"), "{output:?}");
    eventually("its processes are gone", || {
        processes_of(scratch.path()).is_empty()
    });
    assert_eq!(files_in(scratch.path()), [""; 0]);
}

/// Whether the rows are being restored on the tool's own server in this folder.
fn restoring(scratch: &Path) -> bool {
    let mut sockets = files_in(scratch).into_iter().map(|name| scratch.join(name));
    sockets.any(|folder| {
        let mut config = postgres::Config::new();
        config.host_path(folder).user("postgres").dbname("postgres");
        let sleeping = "select count(*) > 0 from pg_stat_activity where wait_event = 'PgSleep'";
        let asked = config
            .connect(postgres::NoTls)
            .and_then(|mut c| c.query_one(sleeping, &[]));
        asked.is_ok_and(|row| row.get(0))
    })
}

pub fn locked(mut client: Client, table: &str) -> Client {
    let lock = format!("begin; lock table {table} in access exclusive mode");
    client.batch_execute(&lock).unwrap();
    client
}

fn backup(database: &Database, folder: &Path) -> ToolCommand {
    tool("pg-dump-rotate")
        .arg("--dir")
        .arg(folder)
        .database(database)
}

fn path_of(output: &Output) -> String {
    output.json_lines()[0]["path"].as_str().unwrap().to_string()
}

pub const SECRET: &str = "Sw0rdfish-sentinel";

/// The old password is refused with a plain word, and the new one works.
pub fn rotated(cluster: &Cluster, home: &Path, place: &str) {
    let mut client = cluster.connect("postgres").unwrap();
    client
        .batch_execute("alter role reader password 'new-sentinel'")
        .unwrap();
    let take = || {
        let command = tool("pg-dump-rotate")
            .args(["-d", place, "--dir"])
            .arg(home.join("rotated"));
        command.env("HOME", home).run()
    };
    let output = take()
        .expect_code(2)
        .expect_error("password authentication failed");
    assert!(!output.stderr.contains(SECRET), "{output:?}");
    let port = cluster.port();
    write_private(
        &home.join(".pgpass"),
        &format!("localhost:{port}:*:reader:new-sentinel\n"),
    );
    take().expect_code(0);
}

/// A server that asks for passwords, with a role that may only read.
pub fn guarded() -> Cluster {
    let cluster = tests::start(&ClusterOptions {
        tcp: true,
        hba: vec![
            "host all all 127.0.0.1/32 scram-sha-256".into(),
            "host all all ::1/128 scram-sha-256".into(),
        ],
        ..ClusterOptions::default()
    });
    let mut client = cluster.connect("postgres").unwrap();
    client.batch_execute("create database app").unwrap();
    let reader = format!(
        "create role reader login password '{SECRET}'; alter role reader set default_transaction_read_only = on"
    );
    client.batch_execute(&reader).unwrap();
    let mut client = cluster.connect("app").unwrap();
    client
        .batch_execute("create table t (a int); insert into t values (1)")
        .unwrap();
    let grant = "do $$ begin if current_setting('server_version_num')::int >= 140000
        then grant pg_read_all_data to reader; else grant select on t to reader; end if; end $$";
    client.batch_execute(grant).unwrap();
    cluster
}

pub fn waits(cluster: &Cluster) -> bool {
    let mut client = cluster.connect("app").unwrap();
    let sql = "select count(*) > 0 from pg_locks where not granted and relation = 't'::regclass";
    client.query_one(sql, &[]).unwrap().get(0)
}

pub fn write_private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}
