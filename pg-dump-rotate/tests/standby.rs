//! Backups of a standby.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod setting;

use setting::{folder, manifest, path_of, visible};
use tests::{Database, Standby};

#[test]
fn rows_that_a_standby_has_not_are_named() {
    let primary = tests::primary();
    let database = Database::on(&primary);
    database.sql(
        "create table orders as select generate_series(1, 1000) id;
         create unlogged table fleeting as select 1 x; create unlogged table gone ()",
    );
    let standby = Standby::of(&primary, &[]);
    standby.catch_up(&database);
    let dir = tempfile::tempdir().unwrap();
    let run = || folder(dir.path()).args(["-d", &standby.conninfo(&database)]);
    let words = "the rows of public.fleeting, public.gone, unlogged: a standby has none";
    let output = run().arg("--source-digest").run().expect_code(0);
    let path = path_of(&output);
    output.expect_error(&format!(
        "warning: not in the backup: {words}; dump from the primary"
    ));
    let text = std::fs::read_to_string(manifest(&path)).unwrap();
    assert!(text.contains(words), "{text}");
    let output = run().args(["--exclude-table-data", "fleeting"]);
    let output = output.args(["--exclude-table-data", "gone"]).run();
    assert_eq!(output.expect_code(0).stderr, "");
    assert_eq!(run().arg("-s").run().expect_code(0).stderr, "");
}

#[test]
fn a_conflict_with_the_replay_is_explained() {
    let primary = tests::primary();
    let database = Database::on(&primary);
    database.sql(
        "create table orders as select repeat(md5(n::text), 10) x from generate_series(1, 200000) n;
         create table passing (x int)",
    );
    let standby = Standby::of(&primary, &["max_standby_streaming_delay=0"]);
    standby.catch_up(&database);
    let dir = tempfile::tempdir().unwrap();
    let conninfo = standby.conninfo(&database);
    let mut running = folder(dir.path()).args(["-d", &conninfo]).start();
    let mut client = standby.connect(&database);
    let dumps = "select from pg_locks l join pg_stat_activity a using (pid) \
        where a.application_name = 'pg_dump' and l.relation = 'passing'::regclass";
    tests::eventually("pg_dump has locked its tables", || {
        !client.query(dumps, &[]).unwrap().is_empty()
    });
    while !running.has_ended() {
        database.sql("truncate passing");
    }
    running
        .finish()
        .expect_code(2)
        .expect_error("could not dump the database")
        .expect_error("on the standby, set hot_standby_feedback = on, and ")
        .expect_error("max_standby_streaming_delay (now 0) to longer than the dump takes");
    assert!(visible(dir.path()).is_empty());
}
