//! What could spoil a dump is found before it starts, and named.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod setting;

use std::path::Path;

use serde_json::Value;
use setting::{all_to_read, back_up, database_with_rows, manifest, path_of, visible};
use tests::{Database, Output, ToolCommand};

/// Fails unless the run was refused before there was a folder.
#[track_caller]
fn expect_refusal(run: ToolCommand, dir: &Path, words: &str) -> Output {
    let output = run.run().expect_code(2);
    assert_eq!(output.json_lines()[0]["action"], "failed", "{output:?}");
    assert!(!dir.exists(), "{:?}\n{output:?}", visible(dir));
    assert!(
        output
            .stderr
            .starts_with(&format!("pg-dump-rotate: error: {words}")),
        "{output:?}"
    );
    output
}

/// Fails unless all is well and nothing is said.
#[track_caller]
fn expect_silence(run: ToolCommand) -> Output {
    let output = run.run().expect_code(0);
    assert_eq!(output.stderr, "", "{output:?}");
    output
}

fn manifest_of(output: &Output) -> Value {
    let text = std::fs::read(manifest(&path_of(output))).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// A role that may log in and read nothing, dropped at the end.
struct Role<'a> {
    database: &'a Database<'static>,
    name: &'static str,
}

impl<'a> Role<'a> {
    fn new(database: &'a Database<'static>, name: &'static str) -> Self {
        database.sql(&format!("create role {name} login"));
        Self { database, name }
    }
}

impl Drop for Role<'_> {
    fn drop(&mut self) {
        let name = self.name;
        self.database
            .sql(&format!("drop owned by {name}; drop role {name}"));
    }
}

#[test]
fn what_may_not_be_read_is_named_at_once() {
    let database = database_with_rows(1);
    database.sql(
        "create table a (id serial); create table b (); create table c (); create table d ();
         create schema hidden create table x (); create table \"Secret\" (id int);
         alter table \"Secret\" enable row level security;
         select lo_create(4711), lo_create(4712);",
    );
    let reader = Role::new(&database, "reads_little");
    database.sql("grant select on orders, \"Secret\" to reads_little");
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("new");
    let run = || back_up(&database, &dir).env("PGUSER", reader.name);
    let name = database.name();
    expect_refusal(
        run(),
        &dir,
        &format!(
            "the user reads_little can't read everything in the database {name}: \
             no USAGE on the schema hidden; \
             no SELECT on the tables public.a, public.b, public.c and 1 more; \
             no SELECT on the sequence public.a_id_seq; \
             row security hides rows of the table public.\"Secret\"; \
             no SELECT on 2 large objects, 4711 the first\n"
        ),
    )
    .expect_error(match tests::cluster().version().major {
        14.. => "hint: GRANT pg_read_all_data TO reads_little; ALTER ROLE reads_little BYPASSRLS",
        _ => "hint: GRANT USAGE ON SCHEMA hidden TO reads_little; GRANT SELECT ON ALL TABLES IN",
    })
    .expect_error("GRANT SELECT ON LARGE OBJECT … TO ");
    // Definitions take the right to the tables, but none to rows.
    let output = expect_refusal(run().arg("-s"), &dir, "the user reads_little");
    assert!(!output.stderr.contains("sequence"), "{output:?}");
    assert!(!output.stderr.contains("row security"), "{output:?}");
    assert!(!output.stderr.contains("large object"), "{output:?}");
    run().args(["-t", "orders"]).run().expect_code(0);
    database.sql(&all_to_read(&["public", "hidden"], "reads_little"));
    database.sql("alter role reads_little bypassrls");
    run().arg("--no-blobs").run().expect_code(0);
    database.sql("alter role reads_little nobypassrls");
    let exclude = ["--no-blobs", "--exclude-table-data", "\"Secret\""];
    run().args(exclude).run().expect_code(0);
}

#[test]
fn what_the_owner_may_read_is_no_obstacle() {
    let database = Database::new();
    let owner = Role::new(&database, "owns_rows");
    database.sql(
        "create table mine (id int); alter table mine owner to owns_rows;
         alter table mine enable row level security;
         grant usage on schema public to owns_rows",
    );
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("new");
    let run = || back_up(&database, &dir).env("PGUSER", owner.name);
    run().run().expect_code(0);
    std::fs::remove_dir_all(&dir).unwrap();
    database.sql("alter table mine force row level security");
    let words = format!(
        "the user owns_rows can't read everything in the database {}: row security hides",
        database.name()
    );
    expect_refusal(run(), &dir, &words);
}

#[test]
fn patterns_that_match_nothing_are_all_named() {
    let database = database_with_rows(1);
    database.sql("create schema sales create table \"Orders\" (id int)");
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("new");
    let run = |arguments: &[&str]| back_up(&database, &dir).args(arguments);
    let name = database.name();
    for (arguments, named) in [
        (&["-t", "nope", "-t", "orders"][..], "--table=nope"),
        (&["-T", "oders"], "--exclude-table=oders"),
        (&["-n", "Sale"], "--schema=Sale"),
        (&["-N", "sale"], "--exclude-schema=sale"),
        (
            &["--exclude-table-data", "sales.Orders", "-t", "x.*"],
            "--exclude-table-data=sales.Orders, --table=x.*",
        ),
    ] {
        let words = format!("nothing in the database {name} matches {named}\n");
        expect_refusal(run(arguments), &dir, &words).expect_error("hint: letters outside");
    }
    for arguments in [
        &["-t", "sales.\"Orders\""][..],
        &["-t", "s?les.*"],
        &["-n", "SALES", "-T", "sales.\"Orders\""],
        &["-T", "ord*", "--exclude-table-data", "*.\"Orders\""],
        &["-t", "(orders|nope)"],
    ] {
        expect_silence(run(arguments));
    }
    database.sql(&format!("alter database {name} set search_path to sales"));
    run(&["-t", "\"Orders\""]).run().expect_code(0);
    run(&["-t", "orders"]).run().expect_code(2);
}

#[test]
fn an_exclusion_with_wildcards_may_match_nothing() {
    let database = database_with_rows(1);
    let dir = tempfile::tempdir().unwrap();
    let run = back_up(&database, dir.path()).args(["-T", "tmp_*"]);
    run.run()
        .expect_code(0)
        .expect_error("warning: --exclude-table=tmp_* excludes nothing");
}

#[test]
fn what_a_role_leaves_out_is_said_and_kept_in_the_manifest() {
    let database = database_with_rows(1);
    let reader = Role::new(&database, "reads_all");
    database.sql(&all_to_read(&["public"], "reads_all"));
    database.sql(
        "create subscription \"Feed\" connection 'host=nowhere' publication p with (connect = false);",
    );
    let dir = tempfile::tempdir().unwrap();
    let run = || back_up(&database, dir.path()).env("PGUSER", reader.name);
    let output = run().run().expect_code(0);
    let output =
        output.expect_error("warning: not in the backup: subscriptions: Feed; only a superuser");
    assert_eq!(manifest_of(&output)["omissions"][0], "subscriptions: Feed");
    let all = expect_silence(back_up(&database, dir.path()));
    assert_eq!(manifest_of(&all)["omissions"].as_array().unwrap().len(), 0);
    run().args(["-t", "orders"]).run().expect_code(0);
    database.sql("alter subscription \"Feed\" set (slot_name = none)");
    database.sql("drop subscription \"Feed\"");
}

#[test]
fn the_size_of_the_tables_is_kept() {
    let database = database_with_rows(10_000);
    let dir = tempfile::tempdir().unwrap();
    let output = back_up(&database, dir.path()).run().expect_code(0);
    let bytes = manifest_of(&output)["source_bytes"].as_u64().unwrap();
    let size: u64 = database
        .value("select pg_relation_size('orders')")
        .parse()
        .unwrap();
    assert!(
        bytes >= size && bytes < size + 100_000,
        "{bytes}, not {size}"
    );
    let output = back_up(&database, dir.path())
        .arg("-s")
        .run()
        .expect_code(0);
    assert_eq!(manifest_of(&output)["source_bytes"], Value::Null);
}

#[test]
fn a_table_that_is_locked_is_only_waited_for_by_pg_dump() {
    let database = database_with_rows(10);
    let dir = tempfile::tempdir().unwrap();
    let mut holder = database.client();
    holder
        .batch_execute("set application_name = 'etl'; begin; lock table orders")
        .unwrap();
    let pid = holder.query_one("select pg_backend_pid()", &[]).unwrap();
    let pid: i32 = pid.get(0);
    let run = back_up(&database, dir.path()).args(["--lock-wait", "100ms"]);
    run.run().expect_code(2).expect_error(&format!(
        "hint: public.orders is locked (AccessExclusiveLock) by pid {pid} (etl, user postgres), \
         idle in transaction, its transaction "
    ));
}

#[test]
fn whoever_waits_for_a_table_is_in_the_way_too() {
    let database = database_with_rows(10);
    let dir = tempfile::tempdir().unwrap();
    let mut reader = database.client();
    reader.batch_execute("begin; select from orders").unwrap();
    let mut waiting = database.client();
    let cancel = waiting.cancel_token();
    let thread = std::thread::spawn(move || {
        let sql = "set application_name = 'migrate'; alter table orders add x int";
        waiting.batch_execute(sql).unwrap_err()
    });
    let is_waiting =
        "select count(*) from pg_locks where not granted and relation = 'orders'::regclass";
    tests::eventually("waits for the lock", || database.value(is_waiting) == "1");
    let run = back_up(&database, dir.path()).args(["--lock-wait", "100ms"]);
    run.run()
        .expect_code(2)
        .expect_error("hint: public.orders is asked for (AccessExclusiveLock) by pid ")
        .expect_error("(migrate, user postgres)")
        .expect_error("which waits behind pid ");
    cancel.cancel_query(postgres::NoTls).unwrap();
    thread.join().unwrap();
}

#[test]
fn a_table_dropped_while_the_dump_begins() {
    let database = database_with_rows(10);
    database.sql("create table passing (id int)");
    let dir = tempfile::tempdir().unwrap();
    let mut holder = database.client();
    holder
        .batch_execute("begin; lock table orders; drop table passing")
        .unwrap();
    let running = back_up(&database, dir.path()).start();
    let is_waiting = "select count(*) from pg_stat_activity \
        where datname = current_database() and wait_event_type = 'Lock'";
    tests::eventually("waits for the lock", || database.value(is_waiting) == "1");
    holder.batch_execute("commit").unwrap();
    running
        .finish()
        .expect_code(2)
        .expect_error("relation \"public.passing\" does not exist")
        .expect_error("hint: somebody dropped it while the dump began: run it again");
    assert!(visible(dir.path()).is_empty());
}

#[test]
fn a_server_newer_than_pg_dump() {
    let database = database_with_rows(1);
    let bin = tempfile::tempdir().unwrap();
    for name in ["pg_dump", "pg_restore"] {
        let path = bin.path().join(name);
        tests::write_script(
            &path,
            format!("#!/bin/sh\necho {name} '(PostgreSQL) 12.22'\n"),
        );
    }
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("new");
    let major = database.cluster().version().major;
    let run = back_up(&database, &dir).env("PG_BINDIR", bin.path());
    let words = format!("pg_dump of PostgreSQL {major} or newer is needed, and the newest");
    expect_refusal(run, &dir, &words)
        .expect_error("is 12.22")
        .expect_error("hint: ");
}
