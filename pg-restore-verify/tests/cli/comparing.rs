//! `--compare`: a backup beside the live database that it should be of.

use std::fs;
use std::path::Path;

use tests::{Database, Output, tool};

use crate::backups::{dump, expect_verdict, failed, shop};

fn compare(path: &Path, live: &Database, options: &[&str]) -> Output {
    let run = tool("pg-restore-verify").args(["--compare", &live.conninfo()]);
    run.args(options).arg(path).run()
}

#[test]
fn counts_within_the_threshold_and_beyond() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    for format in ["-Fc", "-Fp"] {
        let path = folder.path().join(format);
        dump(&shop, &[format], &path);
    }
    let path = folder.path().join("-Fc");
    let output = compare(&path, &shop, &["--max-difference", "0"]);
    expect_verdict(&output, "ok");
    let lines = output.json_lines();
    let compared = lines.iter().filter(|finding| finding["check"] == "compare");
    assert_eq!(compared.count(), 8, "{output:?}");
    // 8 of 100 are gone, a table is new.
    shop.sql(
        "delete from app.pictures where id <= 4; create table app.new (a int);
              insert into app.new values (1)",
    );
    let output = compare(&path, &shop, &["--max-difference=10%"]);
    assert_eq!(failed(&output), ["compare app.new"], "{output:?}");
    let output = compare(
        &path,
        &shop,
        &["--max-difference=7.9%", "-t", "app.pictures"],
    );
    assert_eq!(failed(&output), ["compare app.pictures"], "{output:?}");
    assert!(output.stdout.contains("differs by 8.0 %"), "{output:?}");
    expect_verdict(&compare(&path, &shop, &["-t", "app.pictures"]), "ok");
    shop.sql("insert into app.new select generate_series(1, 10)");
    let path = folder.path().join("-Fp");
    assert_eq!(failed(&compare(&path, &shop, &[])), ["compare app.new"]);
}

#[test]
fn an_empty_dump_and_one_of_another_database() {
    let shop = shop();
    let other = Database::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    for options in [&["-Fc", "-s"][..], &["-Fp", "--exclude-table-data=*.*"]] {
        dump(&shop, options, &path);
        let output = compare(&path, &shop, &[]);
        let failed = failed(&output);
        assert!(
            failed.contains(&"compare app.orders".to_string()),
            "{output:?}"
        );
        // One of the eight is empty.
        assert_eq!(failed.len(), 7, "{output:?}");
    }
    other.sql("create table app_orders (a int); insert into app_orders values (1)");
    dump(&other, &["-Fc"], &path);
    let output = compare(&path, &shop, &[]);
    expect_verdict(&output, "failed");
    assert!(output.stdout.contains("another database"), "{output:?}");
    // With the same tables, only the manifest knows.
    let twin = Database::new();
    twin.sql("create table app_orders (a int); insert into app_orders values (2)");
    let run = tool("pg-dump-rotate").args(["-d", &twin.conninfo(), "--dir"]);
    let taken = run.arg(folder.path()).run().expect_code(0);
    let path = taken.json_lines()[0]["path"].as_str().unwrap().to_string();
    expect_verdict(&compare(Path::new(&path), &twin, &[]), "ok");
    let output = compare(Path::new(&path), &other, &[]);
    assert_eq!(
        failed(&output),
        [format!("compare {}", other.name())],
        "{output:?}"
    );
    assert!(fs::exists(&path).unwrap());
}

#[test]
fn what_can_t_be_seen_is_not_taken_for_equal() {
    let database = Database::new();
    database.sql(
        "create table open (a int); create table closed (a int);
         do $$ begin create role counter login; exception when duplicate_object then null; end $$;
         grant select on open to counter",
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    dump(&database, &["-Fc"], &path);
    let conninfo = format!("{} user=counter", database.conninfo());
    let run = tool("pg-restore-verify").args(["--compare", &conninfo]);
    let output = run.arg(&path).run();
    expect_verdict(&output, "skipped");
    assert!(output.stdout.contains("permission denied"), "{output:?}");
    // A policy hides rows from it.
    database.sql(
        "insert into open select generate_series(1, 100); grant select on closed to counter;
         alter table open enable row level security;
         create policy few on open to counter using (a <= 5)",
    );
    dump(&database, &["-Fc"], &path);
    let run = tool("pg-restore-verify").args(["--compare", &conninfo]);
    let output = run.arg(&path).run();
    expect_verdict(&output, "skipped");
    assert!(output.stdout.contains("row-level security"), "{output:?}");
    let nowhere = tool("pg-restore-verify").args(["--compare", "host=/nonexistent"]);
    nowhere.arg(&path).run().expect_code(2);
    database.sql("drop owned by counter; drop role counter");
}

/// Of sessions, of a queue, of settings.
#[test]
fn small_tables_whose_rows_come_and_go() {
    let database = Database::new();
    database.sql(
        "create table sessions as select generate_series(1, 3) a; create table queue (a int);
         create table large as select generate_series(1, 1000) a",
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    dump(&database, &["-Fc"], &path);
    database.sql("insert into sessions values (4); insert into queue values (1)");
    expect_verdict(&compare(&path, &database, &[]), "ok");
    let output = compare(&path, &database, &["--max-difference=10%,0"]);
    let both = ["compare public.queue", "compare public.sessions"];
    assert_eq!(failed(&output), both, "{output:?}");
    // Many of a large one, and all of a small one.
    database.sql("delete from large where a <= 102; insert into sessions select 1 from large");
    let output = compare(&path, &database, &[]);
    let both = ["compare public.large", "compare public.sessions"];
    assert_eq!(failed(&output), both, "{output:?}");
    database
        .sql("truncate large, sessions, queue; insert into queue select generate_series(1, 11)");
    dump(&database, &["-Fc", "--exclude-table-data=queue"], &path);
    let output = compare(&path, &database, &[]);
    assert_eq!(failed(&output), ["compare public.queue"], "{output:?}");
    let wrong = tool("pg-restore-verify").args(["--compare", "x", "--max-difference", "10%,x"]);
    wrong
        .arg(&path)
        .run()
        .expect_code(2)
        .expect_error("number of rows");
}

#[test]
fn a_live_database_that_is_not_there_is_told_before_anything_is_restored() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    dump(&shop, &["-Fc"], &path);
    let nowhere = format!("{} dbname=nowhere", shop.conninfo());
    let run = tool("pg-restore-verify").args(["--compare", &nowhere]);
    let output = run.arg(&path).run().expect_code(2);
    assert_eq!(output.stdout, "", "{output:?}");
    assert!(output.stderr.contains("--compare"), "{output:?}");
}
