//! `--list`: everything that there is, and nothing touched.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod setting;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use serde_json::Value;
use setting::{back_up, copy_with, database_with_rows, folder, manifest, path_of, taken_at, text};
use tests::{Database, Output, program};

fn one_backup(dir: &Path, arguments: &[&str]) -> (Database<'static>, PathBuf) {
    let database = database_with_rows(10);
    let output = back_up(&database, dir).args(arguments).run().expect_code(0);
    let path = path_of(&output);
    (database, path)
}

#[test]
fn the_list_shows_everything_and_what_is_wrong_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let (_database, first) = one_backup(dir.path(), &["--label", "weekly"]);
    let [orphan, short, missing] =
        ["20260103", "20260102", "20260101"].map(|day| taken_at(&first, &format!("{day}T000000Z")));
    fs::remove_file(manifest(&orphan)).unwrap();
    fs::write(&short, "short").unwrap();
    fs::remove_file(&missing).unwrap();
    fs::write(dir.path().join("notes.txt"), "mine").unwrap();
    let output = folder(dir.path()).arg("--list").run().expect_code(1);
    assert_eq!(output.stderr, "");
    let records = output.json_lines();
    let states: Vec<&Value> = records.iter().map(|record| &record["state"]).collect();
    assert_eq!(
        states,
        ["ok", "no manifest", "size differs", "data missing"]
    );
    assert_eq!(records[0]["label"], "weekly");
    assert_eq!(records[0]["bytes"], fs::metadata(&first).unwrap().len());
    assert!(records[0]["age_seconds"].as_i64().unwrap() < 600);
    assert!(records[1]["age_seconds"].as_i64().unwrap() > 3600);
    assert_eq!(records[1]["taken_at"], "2026-01-03T00:00:00Z");
    assert_eq!(records[2]["bytes"], 5);
    for (record, words) in records[1..]
        .iter()
        .zip(["no manifest", "5 bytes", "data is not"])
    {
        assert!(text(record, "reason").contains(words), "{record}");
    }
    assert_eq!(records[2]["restore_command"], Value::Null);
    assert!(records.iter().all(|record| record["action"] == "listed"));
    let judged = folder(dir.path())
        .args(["--list", "--keep-last", "1"])
        .run()
        .expect_code(1)
        .json_lines();
    assert_eq!(judged[0]["reason"], "last (1 of 1)");
    assert_eq!(judged[0]["kept"], true);
    assert_eq!(judged[1]["kept"], Value::Null);
}

/// Whoever takes the first for the newest must not get that of a clock that was wrong.
#[test]
fn what_has_a_time_in_the_future_is_last_and_said_to() {
    let dir = tempfile::tempdir().unwrap();
    let (_database, first) = one_backup(dir.path(), &[]);
    let ahead = taken_at(&first, "20990101T000000Z");
    let older = taken_at(&first, "20260101T000000Z");
    for rules in [&[][..], &["--keep-last", "9"]] {
        let list = folder(dir.path()).arg("--list").args(rules);
        let records = list.run().expect_code(0).json_lines();
        let paths: Vec<PathBuf> = records.iter().map(|r| text(r, "path").into()).collect();
        assert_eq!(paths, [&first, &older, &ahead].map(PathBuf::clone));
        assert_eq!(records[2]["reason"], "taken in the future");
    }
}

#[test]
fn the_list_can_be_of_one_database() {
    let dir = tempfile::tempdir().unwrap();
    let (database, first) = one_backup(dir.path(), &[]);
    copy_with(&first, "other_20260101T000000Z.dump", |manifest| {
        manifest["database"] = "other".into();
    });
    for (arguments, expected) in [
        (&["-d", "other"][..], &["other"][..]),
        (&["-d", "postgresql://u:p@h/other"], &["other"]),
        (&["-d", "none"], &[]),
        (&[], &[database.name(), "other"]),
    ] {
        let list = folder(dir.path()).arg("--list").args(arguments);
        let records = list.run().expect_code(0).json_lines();
        let databases: Vec<String> = records.iter().map(|r| text(r, "database")).collect();
        assert_eq!(databases, expected, "{arguments:?}");
    }
}

#[test]
fn a_name_that_nothing_has_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let (database, _) = one_backup(dir.path(), &["--label", "a"]);
    let name = database.name();
    let rotate = ["--rotate", "--keep-last", "1"];
    let rehearse = ["--rotate", "--keep-last", "1", "--dry-run"];
    for job in [&["--list"][..], &rotate, &rehearse] {
        let run = |arguments: &[&str]| {
            let run = folder(dir.path()).args(job).args(arguments).run();
            run.expect_code(0).stderr
        };
        let shown = dir.path().display();
        for (arguments, words) in [
            (&["-d", "typo"][..], "of the database typo"),
            (&["--label", "typo"], "with the label typo"),
            (&["--globals", "--label", "a"], "of globals"),
            (
                &["-d", name, "--label", "typo"],
                &format!("of the database {name} with the label typo"),
            ),
        ] {
            let expected = format!("pg-dump-rotate: warning: there is no backup {words}");
            let told = run(arguments);
            assert!(told.starts_with(&expected), "{arguments:?}: {told}");
            assert!(told.trim_end().ends_with(&format!(" in {shown}")), "{told}");
            assert_eq!(told.lines().count(), 1, "{told}");
        }
        assert_eq!(run(&["-d", name, "--label", "a"]), "");
        assert_eq!(run(&["--label", "a"]), "");
        assert_eq!(run(&[]), "");
    }
}

#[test]
fn what_the_rules_would_do_is_said_of_each() {
    let dir = tempfile::tempdir().unwrap();
    let (_database, first) = one_backup(dir.path(), &[]);
    taken_at(&first, "20260102T000000Z");
    taken_at(&first, "20260101T000000Z");
    let before = tests::files_in(dir.path());
    let list = folder(dir.path()).args(["--list", "--keep-last", "2"]);
    let records = list.run().expect_code(0).json_lines();
    let told: Vec<(Option<bool>, String)> = records
        .iter()
        .map(|record| (record["kept"].as_bool(), text(record, "reason")))
        .collect();
    let expected = [
        (Some(true), "last (1 of 2)".to_string()),
        (Some(true), "last (2 of 2)".to_string()),
        (Some(false), "no rule keeps it".to_string()),
    ];
    assert_eq!(told, expected);
    assert!(records.iter().all(|record| record["action"] == "listed"));
    assert_eq!(tests::files_in(dir.path()), before);
}

#[test]
fn what_is_unfinished_is_shown() {
    let dir = tempfile::tempdir().unwrap();
    let (_database, first) = one_backup(dir.path(), &[]);
    let hidden = |name: &str| dir.path().join(format!(".{name}.partial"));
    fs::write(hidden("app_20260102T000000Z.dump"), "half").unwrap();
    let busy = fs::File::create(hidden("app+nightly_20260103T000000Z.sql.gz")).unwrap();
    flock(&busy, FlockOperation::LockExclusive).unwrap();
    let records = folder(dir.path())
        .arg("--list")
        .run()
        .expect_code(0)
        .json_lines();
    assert_eq!(records.len(), 3, "{records:?}");
    assert_eq!(text(&records[0], "path"), first.to_str().unwrap());
    let shown = |record: &Value| ["state", "database", "taken_at"].map(|f| text(record, f));
    assert_eq!(
        shown(&records[1]),
        ["in progress", "app", "2026-01-03T00:00:00Z"]
    );
    assert_eq!(records[1]["label"], "nightly");
    assert_eq!(
        shown(&records[2]),
        ["unfinished", "app", "2026-01-02T00:00:00Z"]
    );
    assert_eq!(records[2]["bytes"], 4);
    assert!(text(&records[2], "reason").starts_with("left unfinished by an earlier run"));
    let of_label = folder(dir.path()).args(["--list", "--label", "nightly"]);
    assert_eq!(of_label.run().expect_code(0).json_lines().len(), 1);
}

/// As a user whom one of the files is closed to.
#[test]
fn one_that_cannot_be_read_ends_neither_a_list_nor_a_check() {
    let uid = tests::another_user();
    let us = rustix::process::geteuid().as_raw();
    let dir = tests::private_folder(uid.unwrap_or(us));
    let (_database, first) = one_backup(dir.path(), &[]);
    let closed = taken_at(&first, "20260103T000000Z");
    taken_at(&first, "20260102T000000Z");
    for file in tests::files_in(dir.path()) {
        let readable = fs::Permissions::from_mode(0o644);
        fs::set_permissions(dir.path().join(file), readable).unwrap();
    }
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    for (job, expected) in [
        ("--list", &["ok", "unreadable", "ok"][..]),
        ("--check", &["unreadable"]),
    ] {
        let run = folder(dir.path()).args([job, "--verify-checksums"]);
        let run = match uid {
            Some(uid) => run.as_user(uid),
            None => run,
        };
        let records = run.run().expect_code(1).json_lines();
        let states: Vec<&Value> = records.iter().map(|record| &record["state"]).collect();
        assert_eq!(states, expected, "{records:?}");
        let of_closed = records.iter().find(|r| r["state"] == "unreadable").unwrap();
        assert_eq!(text(of_closed, "path"), closed.to_str().unwrap());
        assert!(text(of_closed, "reason").contains("can't be read: Permission denied"));
    }
}

/// As where the system lets nobody start another thread.
#[test]
fn a_folder_is_listed_by_one_thread_where_no_other_can_be_started() {
    let database = database_with_rows(1);
    let dir = tempfile::tempdir().unwrap();
    let backup = path_of(&back_up(&database, dir.path()).run().expect_code(0));
    for number in 0..2000 {
        copy_with(
            &backup,
            &format!("{number:04}_20261120T030000Z.dump"),
            |_| (),
        );
    }
    for arguments in [
        &["--list"][..],
        &["--rotate", "--keep-last", "1", "--dry-run"],
    ] {
        // One waits for signals, and another's stack has no place beside its own.
        let alone = program("sh").args(["-c", "ulimit -v 1600000; exec \"$@\"", "sh"]);
        let alone = alone.arg(tests::binary("pg-dump-rotate")).arg("--dir");
        let alone = alone.arg(dir.path()).args(arguments);
        let alone = alone.env("RUST_MIN_STACK", (1 << 30).to_string());
        let alone = alone.run().expect_code(0);
        let paths = |output: &Output| -> Vec<String> {
            let records = output.json_lines();
            records.iter().map(|record| text(record, "path")).collect()
        };
        assert_eq!(paths(&alone).len(), 2001);
        let run = folder(dir.path()).args(arguments).run();
        assert_eq!(paths(&alone), paths(&run));
    }
}
