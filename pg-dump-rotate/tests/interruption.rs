//! Signals, kills and other runs: what is left, and what the next run makes of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod setting;

use std::fs;
use std::path::Path;

use postgres::Client;
use rustix::process::{Pid, Signal};
use setting::{back_up, database_with_rows, folder, manifest, path_of, taken_at, text, visible};
use tests::{Database, Running, eventually, files_in, processes_with};

/// A run whose pg_dump waits for a lock that the client holds.
fn blocked(database: &Database, dir: &Path, arguments: &[&str]) -> (Running, Client) {
    let mut holder = database.client();
    holder
        .batch_execute("begin; lock table orders in access exclusive mode")
        .unwrap();
    let before = waiting(database);
    let running = back_up(database, dir).args(arguments).start();
    eventually("pg_dump waits for the lock", || waiting(database) > before);
    (running, holder)
}

fn waiting(database: &Database) -> i32 {
    let sql = "select count(*) from pg_locks where not granted and relation = 'orders'::regclass";
    database.value(sql).parse().unwrap()
}

/// The pg_dump of a run of ours, known by a table that no other test's has.
fn pg_dump(table: &str) -> Vec<u32> {
    processes_with(&format!("--table={table}"))
}

/// A database with a table that is called as nothing else on this machine, and that name.
fn database_with_mark() -> (Database<'static>, String) {
    let database = database_with_rows(10);
    let mark = format!("mark_{}", database.name());
    database.sql(&format!("create table {mark} (x int)"));
    (database, mark)
}

#[test]
fn a_signal_cleans_up_and_kills_by_itself() {
    let (database, mark) = database_with_mark();
    for (signal, format) in [
        (Signal::TERM, "custom"),
        (Signal::INT, "plain"),
        (Signal::TERM, "directory"),
        (Signal::QUIT, "directory"),
        (Signal::HUP, "tar"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let (running, _holder) = blocked(
            &database,
            dir.path(),
            &["-F", format, "-t", "orders", "-t", &mark],
        );
        assert_eq!(pg_dump(&mark).len(), 1);
        running.signal(signal);
        let output = running.finish().expect_no_output();
        assert_eq!(output.signal(), Some(signal.as_raw()), "{output:?}");
        assert!(pg_dump(&mark).is_empty());
        assert!(visible(dir.path()).is_empty());
    }
}

/// The parts of one dump, each a process of pg_dump, end with it.
#[test]
fn nothing_of_a_directory_that_was_begun_is_left() {
    let (database, mark) = database_with_mark();
    for signal in [Signal::TERM, Signal::KILL] {
        let dir = tempfile::tempdir().unwrap();
        let slow = "create table slow as select md5(n::text) from generate_series(1, 1000000) as n";
        database.sql(&format!("drop table if exists slow; {slow}"));
        let run = back_up(&database, dir.path()).args(["-F", "directory", "-j", "3"]);
        let running = run.args(["-t", "*", "-t", &mark]).start();
        eventually("rows are written", || {
            let partial = visible(dir.path());
            let files = partial.first().map(|name| files_in(dir.path().join(name)));
            files.is_some_and(|files| files.len() > 1)
        });
        running.signal(signal);
        let output = running.finish();
        assert_eq!(output.signal(), Some(signal.as_raw()), "{output:?}");
        eventually("pg_dump's processes end", || pg_dump(&mark).is_empty());
        let left = visible(dir.path());
        assert_eq!(left.len(), usize::from(signal == Signal::KILL), "{left:?}");
        let output = back_up(&database, dir.path()).run().expect_code(0);
        assert_eq!(
            output.stderr.contains("left unfinished by an earlier run"),
            !left.is_empty()
        );
        assert_eq!(visible(dir.path()).len(), 3);
    }
}

#[test]
fn a_signal_ends_the_question_for_a_version() {
    let bin = tempfile::tempdir().unwrap();
    let asked = bin.path().join("asked");
    let script = format!("#!/bin/sh\n: >{}\nsleep 1000\n", asked.display());
    tests::write_script(bin.path().join("pg_dump"), script);
    let database = database_with_rows(1);
    let dir = tempfile::tempdir().unwrap();
    let run = back_up(&database, dir.path()).env("PG_BINDIR", bin.path());
    let running = run.start();
    eventually("the question", || asked.exists());
    running.signal(Signal::TERM);
    let output = running.finish();
    assert_eq!(output.signal(), Some(Signal::TERM.as_raw()), "{output:?}");
    let left = processes_with(bin.path().to_str().unwrap());
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_signal_reaches_a_pg_dump_that_somebody_stopped() {
    let (database, mark) = database_with_mark();
    let dir = tempfile::tempdir().unwrap();
    let (running, _holder) = blocked(&database, dir.path(), &["-t", "orders", "-t", &mark]);
    let stopped = Pid::from_raw(pg_dump(&mark)[0].cast_signed()).unwrap();
    rustix::process::kill_process(stopped, Signal::STOP).unwrap();
    running.signal(Signal::TERM);
    let output = running.finish().expect_no_output();
    assert_eq!(output.signal(), Some(Signal::TERM.as_raw()), "{output:?}");
    assert!(pg_dump(&mark).is_empty());
}

#[test]
fn what_a_killed_run_leaves_is_removed_by_the_next() {
    let (database, mark) = database_with_mark();
    let dir = tempfile::tempdir().unwrap();
    let (running, holder) = blocked(&database, dir.path(), &["-t", "orders", "-t", &mark]);
    running.signal(Signal::KILL);
    running.finish();
    eventually("pg_dump ends with its master", || pg_dump(&mark).is_empty());
    let left = visible(dir.path());
    assert!(
        left.len() == 1 && left[0].starts_with('.') && left[0].ends_with(".partial"),
        "{left:?}"
    );
    let listed = folder(dir.path()).arg("--list").run().expect_code(0);
    let listed = listed.json_lines();
    assert_eq!(listed.len(), 1);
    assert_eq!(text(&listed[0], "state"), "unfinished");
    let foreign = [
        ".partial",
        ".x.partial",
        ".x_20260101T000000Z.dump.swp",
        "x_20260101T000000Z.dump.partial",
    ];
    for name in foreign {
        fs::write(dir.path().join(name), "mine").unwrap();
    }
    drop(holder);
    let output = back_up(&database, dir.path())
        .run()
        .expect_code(0)
        .expect_error(&left[0]);
    assert_eq!(visible(dir.path()).len(), foreign.len() + 3, "{output:?}");
    for name in foreign {
        assert_eq!(fs::read(dir.path().join(name)).unwrap(), b"mine");
    }
}

#[test]
fn what_a_running_run_writes_is_left_alone() {
    let database = database_with_rows(10);
    let other = database_with_rows(10);
    let dir = tempfile::tempdir().unwrap();
    let (running, holder) = blocked(&database, dir.path(), &[]);
    let partial = visible(dir.path());
    let refused = back_up(&database, dir.path()).run().expect_code(2);
    refused
        .expect_error("another run is already backing this up")
        .expect_error(&partial[0]);
    back_up(&other, dir.path()).run().expect_code(0);
    back_up(&other, dir.path())
        .args(["--keep-last", "1"])
        .run()
        .expect_code(0);
    assert!(files_in(dir.path()).contains(&partial[0]));
    drop(holder);
    let output = running.finish().expect_code(0);
    assert!(path_of(&output).exists());
    assert_eq!(visible(dir.path()).len(), 6);
}

/// Each selection is a series of its own, and none keeps another from its backup.
#[test]
fn another_part_of_the_database_is_backed_up_meanwhile() {
    let database = database_with_rows(10);
    database.sql("create table other ()");
    let dir = tempfile::tempdir().unwrap();
    let (running, holder) = blocked(&database, dir.path(), &["-t", "orders"]);
    let partial = visible(dir.path());
    let run = |arguments: &[&str]| back_up(&database, dir.path()).args(arguments).run();
    run(&["-t", "orders"])
        .expect_code(2)
        .expect_error(&partial[0]);
    let other = run(&["-t", "other", "--keep-last", "1"]).expect_code(0);
    assert!(files_in(dir.path()).contains(&partial[0]), "{other:?}");
    let listed = folder(dir.path()).arg("--list").run().expect_code(0);
    let states = listed
        .json_lines()
        .iter()
        .map(|of| text(of, "state"))
        .collect::<Vec<_>>();
    assert_eq!(states, ["ok", "in progress"]);
    drop(holder);
    let output = running.finish().expect_code(0);
    assert!(path_of(&output).exists() && path_of(&other).exists());
    assert_ne!(path_of(&output), path_of(&other));
    assert_eq!(visible(dir.path()).len(), 6);
}

/// More records and words than a pipe holds, and nobody reads them: no other run waits for that.
#[test]
fn a_reader_that_is_slow_keeps_nobody_from_the_folder() {
    let [database, second, other] = [10, 10, 10].map(database_with_rows);
    let dir = tempfile::tempdir().unwrap();
    let first = path_of(&back_up(&database, dir.path()).run().expect_code(0));
    for number in 0..200 {
        let (month, day) = (1 + number / 28, 1 + number % 28);
        taken_at(&first, &format!("2026{month:02}{day:02}T000000Z"));
        let unfinished = format!("y_20250101T000000Z-{}.dump", number + 2);
        fs::write(dir.path().join(unfinished), "").unwrap();
    }
    let both = ["-d", database.name(), "-d", second.name()];
    for run in [
        folder(dir.path()).args(["--rotate", "--keep-last", "150"]),
        back_up(&database, dir.path()).args(["--keep-last", "120"]),
        back_up(&database, dir.path())
            .args(["--keep-last", "90"])
            .args(both),
    ] {
        let (run, mut unread) = run.unread();
        let running = run.start();
        eventually("the pipe is full", || {
            rustix::io::ioctl_fionread(&unread).unwrap() > 40_000
        });
        let taken = back_up(&other, dir.path()).args(["--keep-last", "1"]);
        taken.run().expect_code(0);
        std::io::copy(&mut unread, &mut std::io::sink()).unwrap();
        running.finish().expect_code(0);
    }
}

#[test]
fn many_runs_at_once_do_not_disturb_each_other() {
    let databases: Vec<Database> = (0..4).map(|_| database_with_rows(100)).collect();
    let dir = tempfile::tempdir().unwrap();
    let running: Vec<Running> = databases
        .iter()
        .map(|database| {
            back_up(database, dir.path())
                .args(["--keep-last", "1"])
                .start()
        })
        .collect();
    for running in running {
        let output = running.finish().expect_code(0);
        assert_eq!(output.stderr, "");
        assert!(path_of(&output).exists());
    }
    assert_eq!(visible(dir.path()).len(), 3 * databases.len());
}

#[test]
fn a_run_killed_between_data_and_manifest_is_finished_by_the_next() {
    let database = database_with_rows(10);
    let dir = tempfile::tempdir().unwrap();
    let first = path_of(&back_up(&database, dir.path()).run().expect_code(0));
    let whole = taken_at(&first, "20260101T000000Z");
    let unpublished = dir
        .path()
        .join(".x_20260101T000000Z.dump.manifest.json.partial");
    fs::rename(manifest(&whole), &unpublished).unwrap();
    let lone = dir
        .path()
        .join(".y_20260101T000000Z.dump.manifest.json.partial");
    fs::copy(&unpublished, &lone).unwrap();
    back_up(&database, dir.path()).run().expect_code(0);
    assert!(!unpublished.exists() && !lone.exists());
    let listed = folder(dir.path()).arg("--list").run().json_lines();
    let states: Vec<String> = listed.iter().map(|record| text(record, "state")).collect();
    assert_eq!(states, ["ok", "ok", "ok"]);
}

#[test]
fn a_pg_dump_that_is_killed_is_told() {
    let (database, mark) = database_with_mark();
    let dir = tempfile::tempdir().unwrap();
    let (running, _holder) = blocked(&database, dir.path(), &["-t", "orders", "-t", &mark]);
    for pid in pg_dump(&mark) {
        let pid = Pid::from_raw(pid.cast_signed()).unwrap();
        rustix::process::kill_process(pid, Signal::KILL).unwrap();
    }
    let output = running.finish().expect_code(2);
    output.expect_error("pg_dump was ended by signal 9");
    assert!(visible(dir.path()).is_empty());
}

#[test]
fn a_server_connection_that_is_cut_is_told() {
    let database = database_with_rows(10);
    let dir = tempfile::tempdir().unwrap();
    let (running, _holder) = blocked(&database, dir.path(), &["-F", "plain"]);
    database.sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pg_dump' and datname = current_database()");
    let output = running.finish().expect_code(2);
    output.expect_error("terminating connection due to administrator command");
    assert!(visible(dir.path()).is_empty());
}

#[test]
fn a_password_is_in_no_argument_record_manifest_or_message() {
    const SECRET: &str = "s3ntinel-pw";
    let cluster = tests::start(&shared::cluster::ClusterOptions {
        tcp: true,
        hba: vec!["host all all 127.0.0.1/32 scram-sha-256".into()],
        ..shared::cluster::ClusterOptions::default()
    });
    let database = Database::on(&cluster);
    database.sql("create table orders (x int)");
    database.sql(&format!(
        "set password_encryption = 'scram-sha-256';
         create role app superuser login password '{SECRET}'"
    ));
    let dir = tempfile::tempdir().unwrap();
    let mut holder = database.client();
    holder
        .batch_execute("begin; lock table orders in access exclusive mode")
        .unwrap();
    let (port, name) = (cluster.port(), database.name());
    let running = folder(dir.path())
        .env(
            "DATABASE_URL",
            format!("postgresql://app:{SECRET}@127.0.0.1:{port}/{name}"),
        )
        .args(["-v", "--keep-last", "3"])
        .start();
    eventually("pg_dump waits for the lock", || waiting(&database) > 0);
    assert!(processes_with(SECRET).is_empty());
    drop(holder);
    let output = running.finish().expect_code(0);
    let text = fs::read_to_string(manifest(&path_of(&output))).unwrap();
    for (place, text) in [
        ("stdout", &output.stdout),
        ("stderr", &output.stderr),
        ("manifest", &text),
    ] {
        assert!(!text.contains(SECRET), "{place}: {text}");
    }
    for address in ["127.0.0.1", "app@"] {
        assert!(
            !text.contains(address),
            "the manifest is nobody's map: {text}"
        );
    }
}
