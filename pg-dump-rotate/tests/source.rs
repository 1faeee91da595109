//! --source-counts and --source-digest: the dump holds what the server has, or is none.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod setting;

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::Signal;
use serde_json::Value;
use setting::{back_up, database_with_rows, manifest, path_of, visible};
use shared::programs::Program;
use tempfile::TempDir;
use tests::{Database, Output, eventually};

fn manifest_of(output: &Output) -> Value {
    serde_json::from_slice(&fs::read(manifest(&path_of(output))).unwrap()).unwrap()
}

/// A folder with a pg_dump that passes its output on through this.
fn altering_pg_dump(filter: &str) -> TempDir {
    let bin = tempfile::tempdir().unwrap();
    for name in ["pg_dump", "pg_restore"] {
        let real = Program::find(name, None).unwrap();
        let real = real.path().display();
        let script = match name {
            "pg_dump" => {
                format!(
                    "[ \"$1\" != --version ] || exec {real} --version\n{real} \"$@\" | {filter}"
                )
            }
            _ => format!("exec {real} \"$@\""),
        };
        let path = bin.path().join(name);
        tests::write_script(&path, format!("#!/bin/sh\n{script}\n"));
    }
    bin
}

/// Tables of every form that pg_dump copies in its own way.
fn database_of_all_forms() -> Database<'static> {
    let database = database_with_rows(1000);
    database.sql(
        "create schema \"S p\"; create type mood as enum ('well');
         create table \"S p\".\"T\"\"x\" (\"a b\" text, mood mood, at timestamptz, f float8, i interval, b bytea);
         insert into \"S p\".\"T\"\"x\" values (E'a\\tb\\nc\\\\', 'well', now(), 0.1, '1 day 2 h', '\\x00ff'),
             (null, null, 'infinity', 'nan', null, '');
         create table generated (a int, b int generated always as (a * 2) stored, c int);
         insert into generated values (1, default, 3); alter table generated drop column a cascade;
         create table empty (); insert into empty select from generate_series(1, 3);
         create table parts (x int) partition by list (x);
         create table parts_1 partition of parts for values in (1) partition by range (x);
         create table parts_1_1 partition of parts_1 default;
         insert into parts values (1), (1);
         create table parent (x int); create table child (y int) inherits (parent);
         insert into parent values (1); insert into child values (2, 2);
         create unlogged table fleeting (x int); insert into fleeting values (1);
         create materialized view seen as select * from orders;
         create table none (x int);
         select lo_from_bytea(0, 'hello')",
    );
    database.sql(&format!(
        "alter database {0} set timezone to 'Asia/Kolkata';
         alter database {0} set datestyle to 'German';
         alter database {0} set intervalstyle to 'iso_8601';
         alter database {0} set bytea_output to 'escape';
         alter database {0} set extra_float_digits to -3;
         alter database {0} set client_encoding to 'SQL_ASCII'",
        database.name()
    ));
    database
}

#[test]
fn what_the_server_has_is_in_the_dump() {
    let database = database_of_all_forms();
    let dir = tempfile::tempdir().unwrap();
    for (arguments, word) in [
        (&["--source-counts"][..], "counts"),
        (&["--source-digest"], "digest"),
        (&["--source-digest", "-F", "plain"], "digest"),
        (
            &["--source-digest", "-t", "parts*", "-T", "parts_1_1"],
            "digest",
        ),
        (
            &["--source-digest", "--exclude-table-data", "orders"],
            "digest",
        ),
        (&["--source-digest", "-n", "S p", "-n", "\"S p\""], ""),
        (&["--source-digest", "-n", "\"S p\"", "-a"], "digest"),
    ] {
        let output = back_up(&database, dir.path()).args(arguments).run();
        if word.is_empty() {
            output.expect_code(2).expect_error("--schema=S p");
            continue;
        }
        let output = output.expect_code(0);
        assert_eq!(output.stderr, "", "{output:?}");
        assert_eq!(manifest_of(&output)["source_check"], word);
    }
    let output = back_up(&database, dir.path()).run().expect_code(0);
    assert_eq!(manifest_of(&output)["source_check"], Value::Null);
    let zone = back_up(&database, dir.path()).env("PGTZ", "America/New_York");
    zone.arg("--source-digest").run().expect_code(0);
}

#[test]
fn what_real_databases_have_is_in_the_dump() {
    let database = Database::new();
    database.load_sample();
    let dir = tempfile::tempdir().unwrap();
    let run = back_up(&database, dir.path()).arg("--source-digest");
    let output = run.run().expect_code(0);
    assert_eq!(manifest_of(&output)["source_check"], "digest");
}

#[test]
fn a_dump_that_differs_is_none() {
    let database = database_with_rows(1000);
    database.sql("select lo_from_bytea(0, 'hello')");
    let dir = tempfile::tempdir().unwrap();
    let note = database.value("select note from orders where id = 500");
    let changed = altering_pg_dump(&format!("sed s/{note}/x/"));
    let shorter = altering_pg_dump(&format!("sed /{note}/d"));
    let other_object = altering_pg_dump("sed s/68656c6c6f/68656c6c6e/");
    for (bin, argument, words) in [
        (
            &changed,
            "--source-digest",
            "public.orders has other rows in the dump than on the server",
        ),
        (
            &shorter,
            "--source-counts",
            "public.orders has 999 rows in the dump, 1000 on the server",
        ),
        (
            &other_object,
            "--source-digest",
            "the large objects are others in the dump than on the server",
        ),
    ] {
        let run = || {
            back_up(&database, dir.path())
                .env("PG_BINDIR", bin.path())
                .args(["-F", "plain", "--keep-last", "1"])
        };
        run()
            .arg(argument)
            .run()
            .expect_code(2)
            .expect_error("error: the dump does not hold what the server has: ")
            .expect_error(words)
            .expect_error("hint: nothing was kept of it");
        assert!(visible(dir.path()).is_empty());
    }
}

#[test]
fn what_is_written_meanwhile_makes_no_difference() {
    let database = database_with_rows(50_000);
    let dir = tempfile::tempdir().unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut client = database.client();
            while !over.load(Ordering::Relaxed) {
                client
                    .batch_execute(
                        "insert into orders select max(id) + 1, 'new' from orders;
                         update orders set note = 'changed' where id = (select min(id) from orders)",
                    )
                    .unwrap();
            }
        });
        for _ in 0..3 {
            let run = back_up(&database, dir.path()).arg("--source-digest");
            let output = run.run();
            over.store(output.code() != Some(0), Ordering::Relaxed);
            output.expect_code(0);
        }
        over.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_lock_is_waited_for_as_by_pg_dump() {
    let database = database_with_rows(1);
    let dir = tempfile::tempdir().unwrap();
    let mut holder = database.client();
    holder.batch_execute("begin; lock table orders").unwrap();
    let run = back_up(&database, dir.path()).args(["--lock-wait", "100ms", "--source-counts"]);
    run.run()
        .expect_code(2)
        .expect_error("error: could not lock the tables: ")
        .expect_error("hint: public.orders is locked (AccessExclusiveLock) by pid ");
    assert!(visible(dir.path()).is_empty());
}

#[test]
fn a_signal_ends_the_wait_for_a_lock() {
    let database = database_with_rows(1);
    let dir = tempfile::tempdir().unwrap();
    let mut holder = database.client();
    holder.batch_execute("begin; lock table orders").unwrap();
    let run = back_up(&database, dir.path()).args(["--lock-wait", "10m", "--source-counts"]);
    let running = run.start();
    let waiting = "select count(*) from pg_locks where not granted and database =
        (select oid from pg_database where datname = current_database())";
    eventually("waits for the lock", || database.value(waiting) == "1");
    running.signal(Signal::TERM);
    let output = running.finish().expect_no_output();
    assert_eq!(output.signal(), Some(Signal::TERM.as_raw()), "{output:?}");
    assert!(output.stderr.ends_with(": interrupted by SIGTERM\n"));
    assert_eq!(database.value(waiting), "0", "nobody waits any more");
    assert!(visible(dir.path()).is_empty());
}

#[test]
fn nothing_is_compared_with_nothing() {
    let database = database_with_rows(1);
    let dir = tempfile::tempdir().unwrap();
    for (argument, words) in [
        ("--no-digest", "--no-digest"),
        ("--schema-only", "--schema-only"),
    ] {
        let run = back_up(&database, dir.path()).args(["--source-counts", argument]);
        run.run().expect_code(2).expect_error(words);
    }
    let run = back_up(&database, dir.path()).args(["--source-counts", "--", "--section=data"]);
    run.run()
        .expect_code(2)
        .expect_error("only pg_dump knows that");
}

#[test]
fn names_in_an_encoding_that_only_the_server_knows_are_compared() {
    let database = Database::new();
    let name = database.name();
    let mut client = database.cluster().connect("postgres").unwrap();
    for statement in [
        format!("drop database {name}"),
        format!("create database {name} template template0 encoding 'EUC_JP' locale 'C'"),
    ] {
        client.batch_execute(&statement).unwrap();
    }
    database.sql("create table \"表\" as select 1 as a");
    let dir = tempfile::tempdir().unwrap();
    for arguments in [&[][..], &["--", "--encoding=UTF8"]] {
        let run = back_up(&database, dir.path()).arg("--source-digest");
        run.args(arguments).run().expect_code(0);
    }
}
