//! A database that is another than the backup says once it is restored: each difference is found,
//! and named, and nothing else.
//!
//! What meddles is the backup's own materialized view, which is filled last of all: in every
//! format, by pg_restore as by ourselves, as a trigger or a default of a real database might.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use shared::programs::Program;
use tests::{Database, Output, program, tool};

use crate::backups::{expect_verdict, failed, verify};

/// The sample, with what it does to itself wherever it is restored.
fn meddling() -> Database<'static> {
    let database = Database::new();
    database.load_sample();
    database.sql(&format!(
        "create table app.left_hand (a int); insert into app.left_hand values (1), (2);
         create table app.right_hand (a int);
         create table app.swapped_1 (word text); insert into app.swapped_1 values ('one');
         create table app.swapped_2 (word text); insert into app.swapped_2 values ('two');
         create table app.meddling (number serial, statement text, finding text);
         create function app.meddle() returns int language plpgsql as $$
             declare what record;
             begin
                 if current_database() = '{}' then return 0; end if;
                 for what in select * from app.meddling order by number loop
                     execute what.statement;
                 end loop;
                 return 1;
             end $$",
        database.name()
    ));
    database.sql(include_str!("meddled.sql"));
    database.sql(
        "create materialized view app.zz_meddles as select app.meddle() from app.totals_of_totals",
    );
    database
}

fn take(database: &Database, format: &str, path: &Path) {
    take_by(
        Program::find("pg_dump", None).unwrap().path(),
        database,
        format,
        path,
    );
}

fn take_by(pg_dump: &Path, database: &Database, format: &str, path: &Path) {
    let run = program(pg_dump).database(database).arg(format);
    run.arg("--file").arg(path).run().expect_code(0);
}

/// What the meddling shows as.
fn differences(database: &Database) -> BTreeSet<String> {
    let pg_dump = Program::find("pg_dump", None).unwrap();
    differences_by(pg_dump.version.major, database)
}

/// The same in a dump by that version.
fn differences_by(pg_dump: u32, database: &Database) -> BTreeSet<String> {
    let names = database.rows("select finding from app.meddling");
    let names = names.into_iter().flatten().flatten();
    // Up to 13 a partition's own entry attaches it.
    names
        .map(|name| match pg_dump < 14 {
            true => name.replace("TABLE ATTACH", "TABLE"),
            false => name,
        })
        .collect()
}

#[track_caller]
fn expect_found(output: &Output, expected: &BTreeSet<String>, what: &str) {
    expect_verdict(output, "failed");
    let found: BTreeSet<String> = failed(output).into_iter().collect();
    let missed: Vec<_> = expected.difference(&found).collect();
    let more: Vec<_> = found.difference(expected).collect();
    assert!(
        missed.is_empty() && more.is_empty(),
        "{what}: missed {missed:#?}, besides {more:#?}\n{}",
        output.stderr
    );
}

#[test]
fn each_difference_is_named_and_nothing_else() {
    let database = meddling();
    let expected = differences(&database);
    let folder = tempfile::tempdir().unwrap();
    for format in ["-Fc", "-Fd", "-Ft", "-Fp"] {
        let path = folder.path().join(format);
        take(&database, format, &path);
        expect_found(&verify(&path), &expected, format);
    }
}

/// One statement after the other, rows as statements, and a server that others use.
#[test]
fn each_difference_is_named_wherever_and_however_it_is_restored() {
    let database = meddling();
    let expected = differences(&database);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    take(&database, "-Fc", &path);
    let conninfo = database.conninfo();
    // What meddles is a view that is filled: by one job, for pg_restore makes event triggers beside it.
    let run = tool("pg-restore-verify").args(["-j1", "-d", &conninfo]);
    let run = run.arg(&path);
    expect_found(&run.run(), &expected, "on a server that others use");
    let pg_dump = Program::find("pg_dump", None).unwrap();
    for (format, jobs) in [("-Fc", "-j2"), ("-Fp", "-j1")] {
        let run = program(pg_dump.path()).database(&database);
        let run = run.args([format, "--inserts"]);
        run.arg("--file").arg(&path).run().expect_code(0);
        let run = tool("pg-restore-verify").arg(jobs).arg(&path);
        expect_found(&run.run(), &expected, &format!("{format} --inserts {jobs}"));
    }
}

/// Another version puts the same in other words, which is no difference, but hides none.
#[test]
fn each_difference_is_named_though_another_version_took_the_backup() {
    let database = meddling();
    let expected = differences(&database);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("-Fp");
    take(&database, "-Fp", &path);
    let script = fs::read_to_string(&path).unwrap();
    let (before, version) = script.split_once("-- Dumped by pg_dump version ").unwrap();
    let (_, rest) = version.split_once('\n').unwrap();
    // One that wrote as this one does.
    let other = format!("{before}-- Dumped by pg_dump version 12.22\n{rest}");
    fs::write(&path, other).unwrap();
    expect_found(&verify(&path), &expected, "one that says so");

    let own = Program::find("pg_dump", None).unwrap();
    let newer = tests::version(16, "pg_dump").filter(|_| own.version.major < 16);
    let Some(newer) = newer else {
        return;
    };
    let theirs = newer.join("pg_dump");
    for (pg_dump, major, format) in [(own.path(), own.version.major, "-Fc"), (&theirs, 16, "-Fp")] {
        let expected = differences_by(major, &database);
        let path = folder.path().join(format);
        take_by(pg_dump, &database, format, &path);
        let run = tool("pg-restore-verify").env("PG_BINDIR", &newer);
        expect_found(&run.arg(&path).run(), &expected, format);
    }
}
