//! What a connection does that is neither open nor closed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod setting;

use std::path::Path;

use setting::{folder, visible};
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
