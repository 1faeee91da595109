//! What goes wrong: one clear line, the right status, nothing lost, nothing left behind.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod setting;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use setting::{back_up, database_with_rows, folder, taken_at, visible};
use shared::cluster::ClusterOptions;
use shared::programs::Program;
use tempfile::TempDir;
use tests::{Database, Output, ToolCommand};

/// Fails unless the run failed as it should: status 2, these words, nothing on stdout but that it
/// failed, and a folder that is as before.
#[track_caller]
fn expect_failure(run: ToolCommand, dir: &Path, words: &str) -> Output {
    let before = visible(dir);
    let output = run.run().expect_code(2).expect_error(words);
    for record in output.json_lines() {
        assert_eq!(record["action"], "failed", "{output:?}");
        assert!(record["path"].is_null() && !record["reason"].is_null());
    }
    assert!(
        output.stderr.starts_with("pg-dump-rotate: error: "),
        "{output:?}"
    );
    let errors = output
        .stderr
        .lines()
        .filter(|line| line.starts_with("pg-dump-rotate: error: "));
    assert_eq!(errors.count(), 1, "{output:?}");
    assert_eq!(visible(dir), before, "{output:?}");
    output
}

#[test]
fn a_server_that_is_not_there() {
    let dir = tempfile::tempdir().unwrap();
    let new = dir.path().join("new");
    for conninfo in ["host=/nonexistent", "host=127.0.0.1 port=1"] {
        expect_failure(folder(&new).args(["-d", conninfo]), &new, "");
    }
    assert!(!new.exists(), "no folder is made for nothing");
}

#[test]
fn a_wrong_password() {
    let cluster = tests::start(&ClusterOptions {
        tcp: true,
        hba: vec!["host all all 127.0.0.1/32 scram-sha-256".into()],
        ..ClusterOptions::default()
    });
    let sql = "set password_encryption = 'scram-sha-256'; create role app login password 'right'";
    cluster
        .connect("postgres")
        .unwrap()
        .batch_execute(sql)
        .unwrap();
    let dir = tempfile::tempdir().unwrap();
    let run = |password: &str| {
        let conninfo = format!("postgresql://app@127.0.0.1:{}/postgres", cluster.port());
        folder(dir.path())
            .args(["-d", &conninfo])
            .env("PGPASSWORD", password)
    };
    let output = expect_failure(
        run("not-the-s3cret"),
        dir.path(),
        "password authentication failed",
    );
    assert!(!output.stderr.contains("s3cret"));
    run("right").run().expect_code(0);
}

#[test]
fn no_such_database() {
    let dir = tempfile::tempdir().unwrap();
    let run = folder(dir.path())
        .server(tests::cluster())
        .args(["-d", "nonesuch"]);
    expect_failure(run, dir.path(), "database \"nonesuch\" does not exist");
}

#[test]
fn no_pg_dump() {
    let database = database_with_rows(1);
    let dir = tempfile::tempdir().unwrap();
    let empty = tempfile::tempdir().unwrap();
    let run = back_up(&database, dir.path()).env("PG_BINDIR", empty.path());
    expect_failure(run, dir.path(), "pg_dump was not found").expect_error("hint: ");
}

#[test]
fn a_folder_that_can_not_be_written() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let database = database_with_rows(1);
    expect_failure(
        back_up(&database, &file.join("x")),
        dir.path(),
        "file is not a folder",
    );
    let run = back_up(&database, &file);
    expect_failure(run, dir.path(), "file is not a folder");
}

#[test]
fn a_folder_of_somebody_else() {
    let Some(uid) = tests::another_user() else {
        return;
    };
    let database = Database::on(tests::tcp_cluster());
    let port = tests::tcp_cluster().port();
    let conninfo = format!(
        "host=127.0.0.1 port={port} user=postgres dbname={}",
        database.name()
    );
    let theirs = tests::private_folder(0);
    let ours = tests::private_folder(uid);
    let run = |dir: &Path| folder(dir).args(["-d", &conninfo]).as_user(uid);
    expect_failure(run(theirs.path()), theirs.path(), "Permission denied");
    run(ours.path()).run().expect_code(0);
    // Root was killed here: nobody can tell that from outside, and it is no reason to have no
    // backup from now on.
    let left = format!(".{}_20260101T000000Z.dump.partial", database.name());
    let left = ours.path().join(left);
    fs::write(&left, "PGDMP").unwrap();
    fs::set_permissions(&left, fs::Permissions::from_mode(0o600)).unwrap();
    let output = run(ours.path()).run().expect_code(0);
    let told = output.expect_error(&format!("{}, left alone", left.display()));
    told.expect_error("uid 0");
    assert!(left.exists());
    let listed = folder(ours.path()).arg("--list").as_user(uid).run();
    let listed = listed.expect_code(0).json_lines();
    let state = |record: &serde_json::Value| record["state"] == "unfinished";
    assert!(listed.iter().any(state), "{listed:?}");
}

#[test]
fn a_name_that_no_file_can_have() {
    let database = Database::named(tests::cluster(), &"'".repeat(63));
    let dir = tempfile::tempdir().unwrap();
    let conninfo = database.conninfo();
    let run = || folder(dir.path()).args(["-d", &conninfo]);
    let label = ["--label", "a-label-of-thirty-two-characters"];
    let output = expect_failure(run().args(label), dir.path(), "can't be that long");
    output.expect_error("hint: give this backup a shorter --label");
    run().run().expect_code(0);
}

#[test]
fn a_full_disk() {
    let database = database_with_rows(20_000);
    let dir = tempfile::tempdir().unwrap();
    for arguments in [
        &["-Z", "none"][..],
        &["-F", "plain"],
        &["-F", "plain", "-Z", "none"],
        &[],
    ] {
        let run = back_up(&database, dir.path())
            .args(arguments)
            .args(["--keep-last", "1"]);
        expect_failure(run.largest_file(64 * 1024), dir.path(), "File too large");
    }
    let left = tests::processes_with(dir.path().to_str().unwrap());
    assert!(left.is_empty(), "{left:?}");
}

/// A value that is no longer one of its type makes pg_dump fail in the middle of its output.
fn spoil(database: &Database) {
    database.sql(
        "create type mood as enum ('well'); create table z (mood mood); insert into z values ('well');
         delete from pg_enum where enumtypid = 'mood'::regtype",
    );
}

#[test]
fn a_dump_that_fails_deletes_nothing() {
    let database = database_with_rows(20_000);
    let dir = tempfile::tempdir().unwrap();
    let first = back_up(&database, dir.path()).run().expect_code(0);
    taken_at(&setting::path_of(&first), "20200101T000000Z");
    spoil(&database);
    for format in ["custom", "plain"] {
        let run = back_up(&database, dir.path());
        let run = run.args(["-F", format, "--keep-last", "1"]);
        let output = expect_failure(run, dir.path(), "could not dump the database");
        output
            .expect_error("detail: ")
            .expect_error("invalid internal value for enum");
    }
}

#[test]
fn a_locked_table_is_waited_for_only_so_long() {
    let database = database_with_rows(1);
    let dir = tempfile::tempdir().unwrap();
    let mut holder = database.client();
    holder
        .batch_execute("begin; lock table orders in access exclusive mode")
        .unwrap();
    let run = back_up(&database, dir.path()).args(["--lock-wait", "100ms"]);
    expect_failure(run, dir.path(), "could not dump the database")
        .expect_error("LOCK TABLE public.orders")
        .expect_error("hint: public.orders is locked (AccessExclusiveLock) by pid ")
        .expect_error("or give --lock-wait more than 100ms");
}

/// A folder with a pg_dump whose output is cut, to so many bytes, while its status is lost, as by
/// some wrappers; and with the real pg_restore.
fn cutting_pg_dump(bytes: usize) -> TempDir {
    let bin = tempfile::tempdir().unwrap();
    let real = |name| {
        Program::find(name, None)
            .unwrap()
            .path()
            .display()
            .to_string()
    };
    let (dump, restore) = (real("pg_dump"), real("pg_restore"));
    let cut = format!("[ \"$1\" = --version ] || exec {dump} \"$@\" | head -c {bytes}; true");
    let ask = format!("[ \"$1\" != --version ] || exec {dump} --version");
    for (name, script) in [
        ("pg_dump", format!("{ask}\n{cut}")),
        ("pg_restore", format!("exec {restore} \"$@\"")),
    ] {
        let path = bin.path().join(name);
        tests::write_script(&path, format!("#!/bin/sh\n{script}\n"));
    }
    bin
}

#[test]
fn a_dump_without_its_end_is_no_backup() {
    let database = database_with_rows(1000);
    let dir = tempfile::tempdir().unwrap();
    let run = |bin: &TempDir, format| {
        let run = back_up(&database, dir.path()).env("PG_BINDIR", bin.path());
        run.args(["-F", format])
    };
    let whole = cutting_pg_dump(1 << 30);
    let size = |format| -> usize {
        let output = run(&whole, format)
            .args(["-Z", "none"])
            .run()
            .expect_code(0);
        fs::metadata(setting::path_of(&output))
            .unwrap()
            .len()
            .try_into()
            .unwrap()
    };
    for (format, words) in [
        ("custom", "the archive ends early"),
        ("plain", "has no end"),
        ("tar", "the tar file ends early"),
    ] {
        let size = size(format);
        for cut in [3, 600, size / 2, size] {
            let bin = cutting_pg_dump(size - cut);
            expect_failure(run(&bin, format).args(["-Z", "none"]), dir.path(), words);
        }
    }
}

#[test]
fn an_error_is_told_however_long_the_query_is_that_follows_it() {
    let database = database_with_rows(1);
    let dir = tempfile::tempdir().unwrap();
    let bin = cutting_pg_dump(0);
    let path = bin.path().join("pg_dump");
    let asked = fs::read_to_string(&path).unwrap();
    let ask = asked.lines().nth(1).unwrap();
    let fail = "echo 'pg_dump: error: it broke' >&2; seq 100 | sed 's/^/a column /' >&2; exit 1";
    fs::write(&path, format!("#!/bin/sh\n{ask}\n{fail}\n")).unwrap();
    let run = back_up(&database, dir.path()).env("PG_BINDIR", bin.path());
    expect_failure(run, dir.path(), "pg_dump: error: it broke");
}

/// pg_restore reads an archive once more, and it need not be there for the dump to be good.
#[test]
fn the_pg_restore_beside_pg_dump_is_the_one_that_reads_it() {
    let database = database_with_rows(10);
    let bin = cutting_pg_dump(1 << 30);
    let (pg_dump, pg_restore) = (bin.path().join("pg_dump"), bin.path().join("pg_restore"));
    let empty = tempfile::tempdir().unwrap();
    let command = pg_dump.display().to_string();
    let run = |dir: &TempDir| {
        let run = back_up(&database, dir.path()).env("PG_BINDIR", empty.path());
        run.args(["-v", "--pg-dump", &command])
    };
    let only_us = "note: there is no pg_restore for what pg_dump writes";
    let dir = tempfile::tempdir().unwrap();
    let beside = run(&dir).run().expect_code(0);
    assert!(!beside.stderr.contains(only_us), "{beside:?}");
    let refusing =
        format!("#!/bin/sh\n[ $1 != --version ] || exec {command} $1\necho no! >&2; exit 1\n");
    fs::write(&pg_restore, refusing).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let words = "the archive that pg_dump wrote can't be read";
    run(&dir).run().expect_code(2).expect_error(words);
    assert!(visible(dir.path()).is_empty());
    fs::remove_file(&pg_restore).unwrap();
    let dir = tempfile::tempdir().unwrap();
    run(&dir).run().expect_code(0).expect_error(only_us);
}

#[test]
fn the_command_line_is_checked_before_anything_is_done() {
    let dir = tempfile::tempdir().unwrap();
    let new = dir.path().join("new");
    for (arguments, words) in [
        (&["--keep-dayly", "7"][..], "--keep-daily"),
        (&["--keep-daily", "many"], "whole number"),
        (&["--keep-within", "30"], "30d"),
        (&["--list", "--rotate"], "exclude each other"),
        (&["--rotate"], "--rotate needs a rule"),
        (&["--keep-daily", "0"], "rules of 0 keep nothing"),
        (&["-U", "postgres://app:secret@host/app"], "-U takes no URL"),
        (&["-s", "-a"], "exclude each other"),
        (&["-F", "directory"], "directory"),
        (&["-F", "plain", "-Z", "lz4:13"], "1 to 12"),
        (&["-F", "tar", "-Z", "zstd"], "not compressed"),
        (&["-Z", "gzip:12"], "1 to 9"),
        (&["--label", "a/b"], "a label is"),
        (&["operand"], "operand"),
    ] {
        expect_failure(folder(&new).args(arguments), &new, words);
    }
    assert!(!new.exists());
}
