//! Settings of a database that are in force for whoever restores it with `--create`: the backup is
//! good, and the record says what to do. It is done here, as the record has it.

use std::path::Path;

use serde_json::Value;
use shared::cluster::{Cluster, ClusterOptions};
use shared::programs::Program;
use tests::{Output, program, start, tool};

use crate::backups::{expect_verdict, failed};

/// Dumps are taken, and looked at, by sessions that none of the settings hinders.
const UNHINDERED: &str = "-c default_transaction_read_only=off -c role=none \
                          -c search_path=public -c statement_timeout=0";

const FORMATS: [&str; 4] = ["-Fc", "-Fd", "-Ft", "-Fp"];

fn server() -> Cluster {
    let cluster = start(&ClusterOptions::default());
    let sql = |database: &str, statements: &str| {
        let mut client = cluster.connect(database).unwrap();
        client.batch_execute(statements).unwrap();
    };
    sql("postgres", "create database source");
    sql(
        "source",
        "create role modest;
         create table numbers as select i, array['x', null, 'NULL'] words from generate_series(1, 9) i;
         create view few as select * from numbers where i < 5;
         create materialized view held as select * from few",
    );
    cluster
}

fn set(cluster: &Cluster, whom: &str, setting: &str) {
    let mut client = cluster.connect("postgres").unwrap();
    client
        .batch_execute(&format!("alter {whom} {setting}"))
        .unwrap();
}

fn dump(cluster: &Cluster, format: &str, path: &Path) {
    let pg_dump = Program::find("pg_dump", None).unwrap();
    program(pg_dump.path())
        .server(cluster)
        .env("PGOPTIONS", UNHINDERED)
        .args([format, "--create", "-f"])
        .arg(path)
        .arg("source")
        .run()
        .expect_code(0);
}

/// What is in the database, to be compared.
fn content(cluster: &Cluster) -> String {
    let psql = Program::find("psql", None).unwrap();
    let query = "select (select string_agg(n::text, ' ' order by i) from numbers n),
                        (select count(*) from held)";
    let output = program(psql.path())
        .server(cluster)
        .env("PGOPTIONS", UNHINDERED)
        .args(["-X", "-At", "-d", "source", "-c", query])
        .run();
    output.stdout
}

/// Restores as a user does, with what stands before the command; whether that is all that was there.
fn comes_back(cluster: &Cluster, before: &str, format: &str, path: &Path, expected: &str) -> bool {
    let mut client = cluster.connect("postgres").unwrap();
    client.batch_execute("drop database source").unwrap();
    let (name, options) = match format {
        "-Fp" => ("psql", "-X -q -v ON_ERROR_STOP=1 -d postgres -f"),
        _ => ("pg_restore", "--create -d postgres"),
    };
    let restorer = Program::find(name, None).unwrap();
    let command = format!(
        "{before} {} {options} {}",
        restorer.path().display(),
        path.display()
    );
    let output = program("sh").server(cluster).args(["-c", &command]).run();
    output.code() == Some(0) && content(cluster) == expected
}

fn records(output: &Output) -> Vec<Value> {
    let lines = output.json_lines().into_iter();
    let told = |line: &Value| {
        let message = line["message"].as_str().unwrap_or_default();
        line["check"] == "database" && message.contains("PGOPTIONS")
    };
    lines.filter(told).collect()
}

/// What the verdict says to put before the command.
fn needed(output: &Output) -> String {
    let verdict = output.json_lines().last().unwrap().clone();
    let words = verdict["message"].as_str().unwrap().to_string();
    let start = words
        .find("PGOPTIONS='")
        .unwrap_or_else(|| panic!("{words}"));
    let end = start + "PGOPTIONS='".len();
    let length = words[end..].find('\'').unwrap();
    words[start..=end + length].to_string()
}

#[test]
fn is_told_with_what_makes_the_restore_work() {
    let folder = tempfile::tempdir().unwrap();
    for (number, (whom, setting, name)) in [
        (
            "database source",
            "set default_transaction_read_only = 'true'",
            "default_transaction_read_only",
        ),
        ("database source", "set role = modest", "role"),
        ("database source", "set array_nulls = off", "array_nulls"),
        (
            "database source",
            "set restrict_nonsystem_relation_kind = 'view'",
            "restrict_nonsystem_relation_kind",
        ),
        (
            "role postgres in database source",
            "set default_transaction_read_only = on",
            "default_transaction_read_only as postgres",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let formats = match number {
            0 => &FORMATS[..],
            _ => &["-Fc", "-Fp"],
        };
        let cluster = server();
        let expected = content(&cluster);
        set(&cluster, whom, setting);
        // All are taken before any is restored.
        let dumps = formats.iter().map(|format| {
            let path = folder.path().join(format!("{number}{format}"));
            dump(&cluster, format, &path);
            (*format, path)
        });
        let dumps: Vec<_> = dumps.collect();
        for (format, path) in &dumps {
            let run = tool("pg-restore-verify").arg("--archive-only").arg(path);
            let read = run.run();
            expect_verdict(&read, "ok");
            assert_eq!(records(&read).len(), 1, "{format} {name}: {read:?}");
            let output = tool("pg-restore-verify").arg(path).run();
            assert_eq!(failed(&output), [""; 0], "{format}: {output:?}");
            expect_verdict(&output, "ok");
            let [told] = records(&output).try_into().unwrap();
            assert_eq!(told["object"], *name, "{format}");
            assert_eq!(told["status"], "skipped", "{format}");
            let before = needed(&output);
            assert!(
                told["message"].as_str().unwrap().contains(&before),
                "{told}"
            );
            assert!(
                !comes_back(&cluster, "", format, path, &expected),
                "{format} {name}: nothing to tell"
            );
            assert!(
                comes_back(&cluster, &before, format, path, &expected),
                "{format} {name}: {before} does not help"
            );
        }
    }
}

/// Both do, and one line restores.
#[test]
fn of_several_all_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    let cluster = server();
    let expected = content(&cluster);
    set(
        &cluster,
        "database source",
        "set default_transaction_read_only = on",
    );
    set(&cluster, "database source", "set array_nulls = off");
    dump(&cluster, "-Fc", &path);
    let output = tool("pg-restore-verify").arg(&path).run();
    expect_verdict(&output, "ok");
    assert_eq!(records(&output).len(), 2, "{output:?}");
    assert!(comes_back(
        &cluster,
        &needed(&output),
        "-Fc",
        &path,
        &expected
    ));
}

/// Tried with every setting of which one could think so.
#[test]
fn nothing_is_told_of_what_does_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    let cluster = server();
    let expected = content(&cluster);
    for setting in [
        "default_transaction_read_only = off",
        "role = none",
        "array_nulls = on",
        "statement_timeout = '1min'",
        "lock_timeout = '1min'",
        "search_path = nowhere",
        "row_security = off",
        "session_replication_role = replica",
        "default_transaction_isolation = serializable",
        "default_tablespace = pg_default",
        "standard_conforming_strings = off",
        "xmloption = document",
        "transform_null_equals = on",
    ] {
        set(&cluster, "database source", &format!("set {setting}"));
    }
    // Nobody restores as a role that only reads.
    set(
        &cluster,
        "role modest in database source",
        "set default_transaction_read_only = on",
    );
    for format in ["-Fc", "-Fp"] {
        let path = path.with_extension(format);
        dump(&cluster, format, &path);
        let output = tool("pg-restore-verify").arg(&path).run();
        expect_verdict(&output, "ok");
        assert_eq!(records(&output).len(), 0, "{format}: {output:?}");
        assert!(
            comes_back(&cluster, "", format, &path, &expected),
            "{format}"
        );
    }
}
