//! What a connection does that is neither open nor closed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod setting;

use std::path::Path;

use setting::{folder, path_of, visible};
use shared::cluster::ClusterOptions;
use tests::{Database, StallingProxy, ToolCommand};

/// A database that others reach by TCP, with about so many bytes of rows.
fn database(bytes: u64) -> Database<'static> {
    let database = Database::on(tests::tcp_cluster());
    database.sql(&format!(
        "create table wide (x text);
         insert into wide select repeat(md5(n::text), 100) from generate_series(1, {}) n",
        bytes / 3200
    ));
    database
}

fn run(database: &Database, dir: &Path, port: u16) -> ToolCommand {
    folder(dir).args([
        "-d",
        &format!(
            "host=127.0.0.1 port={port} user=postgres dbname={} connect_timeout=2",
            database.name()
        ),
    ])
}

#[test]
fn a_proxy_that_stalls_ends_the_dump() {
    let database = database(8 << 20);
    let start = |format: &'static str| {
        let proxy = StallingProxy::new(tests::tcp_cluster().port(), 2 << 20);
        let dir = tempfile::tempdir().unwrap();
        let run = run(&database, dir.path(), proxy.port()).args(["-F", format]);
        (run.start(), proxy, dir)
    };
    for (running, proxy, dir) in ["custom", "plain", "directory"].map(start) {
        let output = running.finish().expect_code(2);
        assert!(proxy.passed() > 2 << 20, "{output:?}");
        output
            .expect_error("error: lost the connection to the server: nothing came for ")
            .expect_error("s, and it can't be asked: ")
            .expect_error("hint: something in between");
        assert!(visible(dir.path()).is_empty());
        let left = tests::processes_with(dir.path().to_str().unwrap());
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn a_pg_dump_that_waits_for_a_lock_is_let_wait() {
    let database = database(1 << 20);
    let dir = tempfile::tempdir().unwrap();
    let mut holder = database.client();
    holder.batch_execute("begin; lock table wide").unwrap();
    let proxy = StallingProxy::new(tests::tcp_cluster().port(), u64::MAX);
    let mut running = run(&database, dir.path(), proxy.port())
        .args(["--lock-wait", "0s"])
        .start();
    // Ours and pg_dump's; then the server is asked, three times, whether it works for pg_dump.
    tests::eventually("asks the server", || proxy.connections() >= 5);
    assert!(!running.has_ended());
    holder.batch_execute("commit").unwrap();
    running.finish().expect_code(0);
}

#[test]
fn a_proxy_that_stalls_ends_the_comparison() {
    let database = database(8 << 20);
    let plain = ["-F", "plain", "-Z", "none"];
    let earlier = tempfile::tempdir().unwrap();
    let port = tests::tcp_cluster().port();
    let taken = run(&database, earlier.path(), port).args(plain).run();
    // A pg_dump that needs no server, so that the comparison is what stalls.
    let script = format!(
        "#!/bin/sh\n[ \"$1\" = --version ] && exec echo pg_dump 99.0\ncat {}\n",
        path_of(&taken.expect_code(0)).display()
    );
    let bin = tempfile::tempdir().unwrap();
    let path = bin.path().join("pg_dump");
    tests::write_script(&path, script);
    let run = |bytes| {
        let dir = tempfile::tempdir().unwrap();
        let proxy = StallingProxy::new(port, bytes);
        let run = run(&database, dir.path(), proxy.port()).args(plain);
        let run = run.env("PG_BINDIR", bin.path()).arg("--source-digest");
        (run.run(), visible(dir.path()))
    };
    let (output, left) = run(4 << 20);
    output
        .expect_code(2)
        .expect_error("error: lost the connection to the server: nothing came for ");
    assert!(left.is_empty(), "{left:?}");
    run(u64::MAX).0.expect_code(0);
}

#[test]
fn a_proxy_that_stalls_ends_what_comes_before_the_dump() {
    let database = database(1 << 20);
    let tables = (1..2000).map(|n| format!("create table t{n} ();"));
    database.sql(&tables.collect::<String>());
    let dir = tempfile::tempdir().unwrap();
    let proxy = StallingProxy::new(tests::tcp_cluster().port(), 20 << 10);
    run(&database, dir.path(), proxy.port())
        .run()
        .expect_code(2)
        .expect_error("error: what the server is asked before a dump: no answer within 20 s");
    assert!(visible(dir.path()).is_empty());
}

#[test]
fn a_proxy_that_stalls_ends_the_taking_of_a_snapshot() {
    let database = database(1 << 20);
    let tables = (1..2000).map(|n| format!("create table t{n} ();"));
    database.sql(&tables.collect::<String>());
    let dir = tempfile::tempdir().unwrap();
    let proxy = StallingProxy::new(tests::tcp_cluster().port(), u64::MAX);
    let asked = run(&database, dir.path(), proxy.port()).arg("--dry-run");
    asked.run().expect_code(0);
    let proxy = StallingProxy::new(tests::tcp_cluster().port(), proxy.passed() + (20 << 10));
    run(&database, dir.path(), proxy.port())
        .arg("--source-counts")
        .run()
        .expect_code(2)
        .expect_error("error: lost the connection to the server: nothing came for ");
    assert!(visible(dir.path()).is_empty());
}

#[test]
fn a_proxy_that_stalls_ends_the_globals() {
    let cluster = tests::start(&ClusterOptions {
        tcp: true,
        hba: vec!["host all all 127.0.0.1/32 trust".into()],
        ..ClusterOptions::default()
    });
    let mut client = cluster.connect("postgres").unwrap();
    let roles = (0..20_000).map(|n| format!("create role role_{n};"));
    client.batch_execute(&roles.collect::<String>()).unwrap();
    let run = |proxy: &StallingProxy, dir: &Path| {
        let port = proxy.port();
        let conninfo =
            format!("host=127.0.0.1 port={port} user=postgres dbname=postgres connect_timeout=2");
        folder(dir).args(["-d", &conninfo, "--globals"])
    };
    let dir = tempfile::tempdir().unwrap();
    let proxy = StallingProxy::new(cluster.port(), 200 << 10);
    let output = run(&proxy, dir.path()).run().expect_code(2);
    let failed = &output.json_lines()[0];
    assert_eq!(
        (&failed["action"], &failed["format"]),
        (&"failed".into(), &"plain".into())
    );
    output.expect_error("globals: lost the connection to the server: nothing came for ");
    assert!(proxy.passed() > 200 << 10);
    assert!(visible(dir.path()).is_empty());
}

/// A folder with a pg_dump that writes a part of a dump, and then nothing any more: its session on
/// the server is gone, and it knows nothing of that.
fn dying_pg_dump() -> tempfile::TempDir {
    let bin = tempfile::tempdir().unwrap();
    let real = shared::programs::Program::find("pg_dump", None).unwrap();
    let real = real.path().display();
    for (name, script) in [
        (
            "pg_dump",
            format!(
                "case $* in --version | *hostaddr=/) exec {real} \"$@\" ;; esac\n\
                 {real} \"$@\" | head -c 100000\nsleep 1000"
            ),
        ),
        (
            "psql",
            "exec $(dirname {real})/psql \"$@\"".replace("{real}", &real.to_string()),
        ),
    ] {
        let path = bin.path().join(name);
        tests::write_script(&path, format!("#!/bin/sh\n{script}\n"));
    }
    bin
}

#[test]
fn a_pg_dump_without_a_session_is_ended() {
    let database = database(8 << 20);
    let bin = dying_pg_dump();
    let start = |elsewhere: bool| {
        let dir = tempfile::tempdir().unwrap();
        let run = run(&database, dir.path(), tests::tcp_cluster().port());
        let pg_dump = format!("env x=y {}/pg_dump", bin.path().display());
        let run = match elsewhere {
            true => run.args(["--pg-dump", &pg_dump]),
            false => run.env("PG_BINDIR", bin.path()),
        };
        (run.start(), dir)
    };
    for (running, dir) in [false, true].map(start) {
        running
            .finish()
            .expect_code(2)
            .expect_error("error: lost the connection to the server: nothing came for ")
            .expect_error("the server has no session of pg_dump");
        assert!(visible(dir.path()).is_empty());
        let left = tests::processes_with(dir.path().to_str().unwrap());
        assert!(left.is_empty(), "{left:?}");
    }
}
