//! Which backups: operands, records on stdin, the newest of a folder.

use std::fs;
use std::path::{Path, PathBuf};

use tests::{Output, tool};

use crate::backups::{dump, expect_verdict};

fn paths(output: &Output) -> Vec<String> {
    let lines = output.json_lines();
    let verdicts = lines.iter().filter(|finding| finding["check"] == "verdict");
    verdicts
        .map(|finding| finding["path"].as_str().unwrap().to_string())
        .collect()
}

fn two_backups(folder: &Path) -> [PathBuf; 2] {
    let database = tests::Database::new();
    database.sql("create table t (a int); insert into t values (1)");
    ["20260101", "20260102"].map(|day| {
        let path = folder.join(format!("app_{day}T000000Z.dump"));
        dump(&database, &["-Fc"], &path);
        path
    })
}

#[test]
fn several_operands_one_verdict_each() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = two_backups(folder.path());
    fs::write(&second, "broken").unwrap();
    let output = tool("pg-restore-verify")
        .args([&second, &first])
        .run()
        .expect_code(1);
    assert_eq!(
        paths(&output),
        [second.display().to_string(), first.display().to_string()]
    );
}

/// What keeps one from being verified keeps no other; and is no proof against it.
#[test]
fn one_that_can_t_be_tried_stops_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = two_backups(folder.path());
    let newer = folder.path().join("newer.dump");
    let script = "--\n-- PostgreSQL database dump\n--\n\n\
                  -- Dumped from database version 99.1\n-- Dumped by pg_dump version 99.1\n\n\
                  --\n-- PostgreSQL database dump complete\n--\n";
    fs::write(&newer, script).unwrap();
    let missing = folder.path().join("missing.dump");
    let shown = |path: &Path| path.display().to_string();
    let output = tool("pg-restore-verify")
        .args([&first, &newer, &missing, &second])
        .run()
        .expect_code(2);
    let in_order = [&missing, &first, &newer, &second].map(|path| shown(path));
    assert_eq!(paths(&output), in_order, "{output:?}");
    assert_eq!(verdicts(&output), ["failed", "ok", "skipped", "ok"]);
    assert!(output.stdout.contains("No such file"), "{output:?}");
    assert_eq!(output.stderr.matches("error: ").count(), 2, "{output:?}");
    let lines = [&newer, &second].map(|path| format!("{{\"path\":{:?}}}\n", shown(path)));
    let output = tool("pg-restore-verify").arg("-").stdin(lines.concat());
    let output = output.run().expect_code(2);
    assert_eq!(verdicts(&output), ["skipped", "ok"], "{output:?}");
    // What is wrong with one that can't be tried is so nevertheless, and tells more.
    fs::write(folder.path().join("newer.dump.sha256"), "0".repeat(64)).unwrap();
    let output = tool("pg-restore-verify").args([&first, &newer, &missing]);
    let output = output.run().expect_code(1);
    assert_eq!(verdicts(&output), ["failed", "ok", "failed"], "{output:?}");
    let words = "checksum: the file is not what newer.dump.sha256 says; and ";
    assert!(output.stdout.contains(words), "{output:?}");
    output.expect_error("does not verify: checksum: the file is not what");
    // So is what is wrong with another.
    fs::write(&second, "broken").unwrap();
    let output = tool("pg-restore-verify").args([&second, &missing]).run();
    output.expect_code(1);
}

fn verdicts(output: &Output) -> Vec<String> {
    let lines = output.json_lines();
    let verdicts = lines.iter().filter(|finding| finding["check"] == "verdict");
    verdicts
        .map(|finding| finding["status"].as_str().unwrap().to_string())
        .collect()
}

#[test]
fn created_and_listed_records_and_those_of_others() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = two_backups(folder.path());
    let (a, b) = (first.display(), second.display());
    let lines = format!(
        "{{\"action\":\"created\",\"path\":\"{a}\",\"more\":[1]}}\n{{\"action\":\"deleted\",\"path\":\"gone\"}}\n"
    );
    let output = tool("pg-restore-verify").arg("-").stdin(lines).run();
    expect_verdict(&output, "ok");
    assert_eq!(paths(&output), [a.to_string()]);
    let array = format!("[{{\"action\":\"listed\",\"path\":\"{b}\"}},{{\"path\":\"{a}\"}}]");
    let output = tool("pg-restore-verify").arg("-").stdin(array).run();
    assert_eq!(paths(&output), [b.to_string(), a.to_string()]);
}

#[test]
fn a_connection_string_is_no_backup_and_is_not_repeated() {
    for text in [
        "postgresql://app:Zebra@db.example/x",
        "host=db.example password=Zebra",
    ] {
        let output = tool("pg-restore-verify").arg(text).run().expect_code(2);
        assert!(output.stderr.contains("-d, --live"), "{output:?}");
        assert!(!output.stderr.contains("Zebra"), "{output:?}");
        assert_eq!(output.stdout, "");
    }
    let run = tool("pg-restore-verify").args(["--live", "postgresql://h/x?hosst=y"]);
    run.run().expect_error("--live: ");
}

#[test]
fn stdin_without_a_backup_is_no_success() {
    for input in ["", "[]", "{\"action\":\"deleted\",\"path\":\"x\"}\n"] {
        let output = tool("pg-restore-verify").arg("-").stdin(input).run();
        output
            .expect_code(2)
            .expect_no_output()
            .expect_error("stdin named no backup");
    }
    let output = tool("pg-restore-verify")
        .arg("-")
        .stdin("{\"path\":\"x\"\nhello")
        .run();
    output
        .expect_code(2)
        .expect_no_output()
        .expect_error("line 2");
}

#[test]
fn the_newest_of_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let [_, second] = two_backups(folder.path());
    let latest = |arguments: &[&str]| {
        tool("pg-restore-verify")
            .arg("--latest")
            .arg(folder.path())
            .args(arguments)
            .run()
    };
    assert_eq!(paths(&latest(&[])), [second.display().to_string()]);
    latest(&["--database", "other"])
        .expect_code(2)
        .expect_no_output()
        .expect_error("no such backup");
}

#[test]
fn files_that_are_not_there() {
    let output = tool("pg-restore-verify").arg("/nonexistent/x.dump").run();
    output
        .expect_code(2)
        .expect_error("/nonexistent/x.dump: No such file");
    let folder = tempfile::tempdir().unwrap();
    let output = tool("pg-restore-verify").arg(folder.path()).run();
    output.expect_code(2).expect_error("is a folder");
}

#[test]
fn flags_that_make_no_sense_together() {
    for (arguments, error) in [
        (&[][..], "no backup was named"),
        (&["x", "--latest", "y"], "exclude each other"),
        (&["-", "x"], "exclude each other"),
        (&["x", "--label", "l"], "goes with --latest"),
        (&["x", "-j", "0"], "1 to 64"),
        (&["x", "-j", "99999"], "1 to 64"),
        (&["x", "-j", "many"], "whole number"),
    ] {
        let output = tool("pg-restore-verify").args(arguments).run();
        output.expect_code(2).expect_no_output().expect_error(error);
    }
}

#[test]
fn a_machine_without_room_is_no_verdict_on_the_backup() {
    let database = tests::Database::new();
    database.sql("create table t as select i, repeat('x', 1000) from generate_series(1, 30000) i");
    let folder = tempfile::tempdir().unwrap();
    for format in ["-Fc", "-Fp"] {
        let path = folder.path().join("app.dump");
        dump(&database, &[format], &path);
        // The server is a child, and its files may not grow either.
        let output = tool("pg-restore-verify")
            .arg(&path)
            .largest_file(20_000_000)
            .run();
        let output = output.expect_code(2).expect_error("no room to restore");
        assert!(output.stderr.contains("TMPDIR"), "{output:?}");
        assert_eq!(verdicts(&output), ["skipped"], "{output:?}");
    }
}

#[test]
fn pipes_are_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    tests::program("mkfifo").arg(&pipe).run().expect_code(0);
    for path in [pipe.as_path(), Path::new("/dev/stdin")] {
        let output = tool("pg-restore-verify").arg(path).run();
        output.expect_code(2).expect_error("is no regular file");
    }
}

/// Files there are in memory, and files like any others.
#[test]
fn a_backup_below_dev_is_one() {
    let database = tests::Database::new();
    database.sql("create table t (a int)");
    let folder = tempfile::tempdir_in("/dev/shm").unwrap();
    for format in ["-Fc", "-Fp"] {
        let path = folder.path().join(format);
        dump(&database, &[format], &path);
        let output = tool("pg-restore-verify").arg(&path).run();
        output.expect_code(0);
    }
}

/// Of one label, and of one database: a label is that of several, and one database has several.
#[test]
fn the_newest_of_a_label() {
    let database = tests::Database::new();
    database.sql("create table t (a int)");
    let folder = tempfile::tempdir().unwrap();
    let mut taken = Vec::new();
    for label in ["nightly", "manual"] {
        let run = tool("pg-dump-rotate").args(["--label", label, "--dir"]);
        let run = run.arg(folder.path()).args(["-d", &database.conninfo()]);
        let record = run.run().expect_code(0).json_lines().remove(0);
        taken.push(record["path"].as_str().unwrap().to_string());
    }
    let other = tests::Database::new();
    let run = tool("pg-dump-rotate").args(["--label", "nightly", "--dir"]);
    let run = run.arg(folder.path()).args(["-d", &other.conninfo()]);
    let record = run.run().expect_code(0).json_lines().remove(0);
    taken.push(record["path"].as_str().unwrap().to_string());
    let of_database = ["--database", database.name()];
    for (options, expected) in [
        (&["--label", "manual"][..], &taken[1]),
        (&["--label", "nightly"], &taken[2]),
        (&of_database, &taken[1]),
        (
            &[&of_database[..], &["--label", "nightly"]].concat(),
            &taken[0],
        ),
    ] {
        let run = tool("pg-restore-verify").args(["--archive-only", "--latest"]);
        let output = run.arg(folder.path()).args(options).run();
        expect_verdict(&output, "ok");
        assert_eq!(paths(&output).first(), Some(expected), "{options:?}");
    }
    let run = tool("pg-restore-verify").args(["--latest"]);
    let run = run.arg(folder.path()).args(["--label", "none"]).run();
    run.expect_code(2).expect_error("there is no such backup");
}

#[test]
fn the_youngest_of_a_folder_that_others_filled() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = two_backups(folder.path());
    let old = folder.path().join("old.dump");
    let young = folder.path().join("young.dump");
    fs::rename(first, &old).unwrap();
    fs::rename(second, &young).unwrap();
    fs::write(folder.path().join("notes.txt"), "youngest, and no backup").unwrap();
    let output = tool("pg-restore-verify")
        .arg("--latest")
        .arg(folder.path())
        .run();
    assert_eq!(paths(&output), [young.display().to_string()]);
}

#[test]
fn a_pg_restore_that_somebody_killed_is_no_verdict_on_the_backup() {
    let folder = tempfile::tempdir().unwrap();
    let [backup, _] = two_backups(folder.path());
    let binaries = tests::private_folder(rustix::process::getuid().as_raw());
    let real = shared::programs::Program::find("pg_restore", None).unwrap();
    for name in ["postgres", "initdb", "pg_dump", "psql"] {
        let program = real.path().with_file_name(name);
        std::os::unix::fs::symlink(program, binaries.path().join(name)).unwrap();
    }
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *section=post-data*) kill -9 $$;; esac\nexec {} \"$@\"\n",
        real.path().display()
    );
    let killed = binaries.path().join("pg_restore");
    tests::write_script(&killed, script);
    fs::set_permissions(
        binaries.path(),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    let output = tool("pg-restore-verify")
        .arg(&backup)
        .env("PG_BINDIR", binaries.path())
        .run();
    output.expect_code(2).expect_error("was ended by signal 9");
}
