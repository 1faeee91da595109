//! --pg-dump by a command: which server it is, and what it may be asked.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod setting;

use std::fs;
use std::path::Path;

use serde_json::Value;
use setting::{actions, folder, path_of};
use shared::cluster::{Cluster, ClusterOptions};
use shared::programs::Program;
use tempfile::TempDir;
use tests::{Database, Output};

/// Makes a program that is this script.
fn write(path: &Path, script: &str) {
    tests::write_script(path, format!("#!/bin/sh\n{script}\n"));
}

/// A folder with an ssh whose hosts are sockets' folders, and with `far/`, which has these of
/// PostgreSQL's programs alone.
fn far(programs: &[&str]) -> TempDir {
    let bin = tempfile::tempdir().unwrap();
    let ssh = "export PGHOST=${1%:*} PGPORT=${1#*:}; shift; exec sh -c \"$*\"";
    write(&bin.path().join("ssh"), ssh);
    fs::create_dir(bin.path().join("far")).unwrap();
    for name in programs {
        let real = Program::find(name, None).unwrap();
        let real = real.path().display();
        let script = match *name {
            // All servers of the tests are copies of one: here each has a number of its own.
            "psql" => format!(
                "number=$(printf %s \"$PGHOST\" | cksum | cut -c 1-4)
                 {real} \"$@\" | sed -E \"s/([0-9]{{15}})[0-9]+/\\1$number/\""
            ),
            _ => format!("exec {real} \"$@\""),
        };
        write(&bin.path().join("far").join(name), &script);
    }
    bin
}

/// How that ssh reaches a server.
fn command(bin: &Path, cluster: &Cluster) -> String {
    let (bin, host) = (bin.display(), cluster.socket_dir().display());
    format!("{bin}/ssh {host}:{} {bin}/far/pg_dump", cluster.port())
}

fn run(bin: &Path, cluster: &Cluster, dir: &Path) -> Output {
    let run = folder(dir).args(["--pg-dump", &command(bin, cluster), "-U", "postgres"]);
    run.args(["-d", "app", "--globals", "--keep-last", "1"])
        .run()
}

fn manifest_of(output: &Output) -> Value {
    serde_json::from_slice(&fs::read(setting::manifest(&path_of(output))).unwrap()).unwrap()
}

#[test]
fn backups_of_two_servers_do_not_rotate_each_other() {
    let clusters = [(); 2].map(|()| tests::start(&ClusterOptions::default()));
    let databases = [0, 1].map(|n| Database::named(&clusters[n], "app"));
    for programs in [
        &["pg_dump", "pg_dumpall", "psql"][..],
        &["pg_dump", "pg_dumpall"],
    ] {
        let bin = far(programs);
        let dir = tempfile::tempdir().unwrap();
        for (cluster, database) in clusters.iter().zip(&databases) {
            let output = run(bin.path(), cluster, dir.path()).expect_code(0);
            assert_eq!(actions(&output).len(), 2, "{output:?}");
            let manifest = manifest_of(&output);
            let identifier = "select system_identifier::text from pg_control_system()";
            match programs.contains(&"psql") {
                true => {
                    let identifier = database.value(identifier);
                    let told = manifest["system_identifier"].as_str().unwrap();
                    assert_eq!(told[..15], identifier[..15]);
                }
                false => assert_eq!(manifest["system_identifier"], Value::Null),
            }
            assert_eq!(manifest["origin"].as_str().unwrap().len(), 16);
        }
        for cluster in &clusters {
            let output = run(bin.path(), cluster, dir.path()).expect_code(0);
            let deleted = actions(&output);
            let deleted = deleted.iter().filter(|(action, _)| action == "deleted");
            assert_eq!(deleted.count(), 2, "its own of before: {output:?}");
        }
    }
}

/// A night on which psql can't be asked is one like the others, and so is one with a new password.
#[test]
fn a_night_without_psql_begins_no_series_of_its_own() {
    let cluster = tests::start(&ClusterOptions::default());
    let _database = Database::named(&cluster, "app");
    let (with, without) = (
        far(&["pg_dump", "pg_dumpall", "psql"]),
        far(&["pg_dump", "pg_dumpall"]),
    );
    let bin = tempfile::tempdir().unwrap();
    let link = bin.path().join("bin");
    let dir = tempfile::tempdir().unwrap();
    let night = |programs: &TempDir, password: &str| {
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink(programs.path(), &link).unwrap();
        let command = command(&link, &cluster);
        let command = format!("env PGPASSWORD={password} {command}");
        let run = folder(dir.path()).args(["--pg-dump", &command, "-U", "postgres"]);
        let run = run.args(["-d", "app", "--keep-last", "1"]).run();
        let output = run.expect_code(0);
        let server = setting::text(&output.json_lines()[0], "server").to_string();
        let identifier = manifest_of(&output)["system_identifier"].clone();
        let deleted = actions(&output)
            .iter()
            .filter(|(a, _)| a == "deleted")
            .count();
        (server, identifier != Value::Null, deleted)
    };
    let (server, is_known, deleted) = night(&with, "a");
    assert!(is_known && deleted == 0);
    for (programs, password, knows) in [
        (&without, "a", false),
        (&with, "b", true),
        (&without, "c", false),
        (&with, "c", true),
    ] {
        let (_, is_known, deleted) = night(programs, password);
        assert_eq!((is_known, deleted), (knows, 1), "{password}");
    }
    let listed = folder(dir.path()).arg("--list").run().expect_code(0);
    assert_eq!(listed.json_lines().len(), 1);
    assert_eq!(listed.json_lines()[0]["server"], server.as_str());
}

/// It would restore nowhere, although all of the dump is in it.
#[test]
fn what_else_writes_to_the_script_makes_it_no_backup() {
    let database = Database::new();
    let real = Program::find("pg_dump", None).unwrap();
    let dump = format!("{} \"$@\"", real.path().display());
    let banner = format!("case $* in *--version*) ;; *) echo Welcome to host ;; esac; exec {dump}");
    let twice = format!("{dump}; case $* in *--version*) ;; *) {dump} ;; esac");
    let ended = format!("{dump}; case $* in *--version*) ;; *) echo logout ;; esac");
    let bin = tempfile::tempdir().unwrap();
    let pg_dump = bin.path().join("pg_dump");
    for script in [banner, twice, ended] {
        write(&pg_dump, &script);
        for digest in [&[][..], &["--no-digest"]] {
            let dir = tempfile::tempdir().unwrap();
            let run = setting::back_up(&database, dir.path()).args(["-F", "plain", "--pg-dump"]);
            let output = run.arg(&pg_dump).args(digest).run();
            assert_ne!(output.code(), Some(0), "{script}: {output:?}");
            assert!(setting::visible(dir.path()).is_empty(), "{script}");
        }
    }
}

#[test]
fn a_psql_that_does_not_answer_is_not_waited_for() {
    let bin = far(&["pg_dump"]);
    let psql = "[ \"$1\" = --version ] && exec echo psql 15.1; sleep 1000; exit 0";
    write(&bin.path().join("far").join("psql"), psql);
    let dir = tempfile::tempdir().unwrap();
    let command = command(bin.path(), tests::cluster());
    let run = folder(dir.path()).args(["--pg-dump", &command, "--all-databases"]);
    run.args(["-d", "dbname=postgres connect_timeout=2"])
        .run()
        .expect_code(2)
        .expect_error("error: no answer from psql within 20.0s");
}

/// How a user is asked for in a container, who may not be told passwords.
#[test]
fn globals_come_without_passwords_that_may_not_be_read() {
    let cluster = tests::start(&ClusterOptions::default());
    let mut client = cluster.connect("postgres").unwrap();
    let role = "create role app login; create role other password 'Zebra'";
    client.batch_execute(role).unwrap();
    let bin = far(&["pg_dumpall", "pg_dump", "psql"]);
    let dir = tempfile::tempdir().unwrap();
    let command = command(bin.path(), &cluster);
    let run = folder(dir.path()).args(["--pg-dump", &command, "-U", "app"]);
    let run = run.args(["-d", "postgres", "--globals"]).run();
    let output = run.expect_code(0);
    assert!(
        output.stderr.contains("which app may not read"),
        "{output:?}"
    );
    let globals = output.json_lines().into_iter().find(|record| {
        let path = setting::text(record, "path");
        !path.contains("postgres")
    });
    let path = std::path::PathBuf::from(setting::text(&globals.unwrap(), "path"));
    let manifest = fs::read_to_string(setting::manifest(&path)).unwrap();
    assert!(
        manifest.contains("the passwords of the roles"),
        "{manifest}"
    );
}

#[test]
fn what_psql_can_say_is_foreseen() {
    let cluster = tests::start(&ClusterOptions::default());
    let database = Database::named(&cluster, "app");
    database.sql(
        "create table large as select md5(i::text) from generate_series(1, 100000) i;
         create subscription sub connection 'dbname=x' publication p with (connect = false);
         create role app login;
         alter database app set array_nulls = off",
    );
    database.sql(&setting::all_to_read(&["public"], "app"));
    let bin = far(&["pg_dump", "psql"]);
    let dir = tempfile::tempdir().unwrap();
    let command = command(bin.path(), &cluster);
    let run = |more: &[&str]| {
        let run = folder(dir.path()).args(["--pg-dump", &command, "-U", "app", "-d", "app"]);
        run.args(more).run()
    };
    let output = run(&[]).expect_code(0);
    let words = "warning: not in the backup: subscriptions: sub; ";
    assert!(output.stderr.contains(words), "{output:?}");
    let manifest = manifest_of(&output);
    assert_eq!(manifest["omissions"][0], "subscriptions: sub");
    assert!(manifest["source_bytes"].as_u64().unwrap() > 4 << 20);
    assert_eq!(manifest["restore_options"], "-c array_nulls=on");
    let output = run(&["--", "--no-subscriptions"]).expect_code(0);
    assert_eq!(output.stderr, "");
    let output = run(&["-t", "large"]).expect_code(0);
    let manifest = manifest_of(&output);
    assert_eq!(manifest["source_bytes"], Value::Null);
    assert_eq!(manifest["restore_options"], "-c array_nulls=on");
    database.sql("alter subscription sub set (slot_name = none); drop subscription sub");
}

#[test]
fn a_command_that_dumps_another_database() {
    let cluster = tests::start(&ClusterOptions::default());
    let _databases = ["app", "shop"].map(|name| Database::named(&cluster, name));
    let bin = far(&[]);
    let pg_dump = Program::find("pg_dump", None).unwrap();
    let (host, port) = (cluster.socket_dir().display(), cluster.port());
    for format in ["custom", "tar"] {
        let script = format!(
            "[ \"$1\" = --version ] && exec {0} --version
             exec {0} -h {host} -p {port} -U postgres -F {format} shop",
            pg_dump.path().display()
        );
        write(&bin.path().join("far/pg_dump"), &script);
        let dir = tempfile::tempdir().unwrap();
        let command = format!("env {}/far/pg_dump", bin.path().display());
        let run = folder(dir.path()).args(["--pg-dump", &command, "-d", "app", "-F", format]);
        let output = run.run().expect_code(2);
        let output = output.expect_error("the archive is of the database shop, not of app");
        // One from 16 on, which is asked what it can do, dumps then too.
        assert_eq!(output.json_lines().len(), 1);
        assert!(setting::visible(dir.path()).is_empty());
    }
}

#[test]
fn what_a_wrapper_leaves_behind_is_not_waited_for() {
    let database = setting::database_with_rows(10);
    let bin = tempfile::tempdir().unwrap();
    for name in ["pg_dump", "pg_dumpall"] {
        let real = Program::find(name, None).unwrap();
        let script = format!(
            "[ \"$1\" = --version ] || {{ sleep 60 & echo $! >>{}/left; }}\nexec {} \"$@\"",
            bin.path().display(),
            real.path().display()
        );
        write(&bin.path().join(name), &script);
    }
    let wrapper = bin.path().join("pg_dump");
    let dir = tempfile::tempdir().unwrap();
    let run = setting::back_up(&database, dir.path());
    let run = run.args(["--globals", "--pg-dump", wrapper.to_str().unwrap()]);
    assert_eq!(run.run().expect_code(0).stderr, "");
    let left = fs::read_to_string(bin.path().join("left")).unwrap();
    // A pg_dump from 16 on is asked what it can do, too.
    assert!(left.lines().count() >= 2, "{left}");
    let killed = std::process::Command::new("kill")
        .args(left.lines())
        .status();
    assert!(killed.unwrap().success(), "it was waited for");
}
