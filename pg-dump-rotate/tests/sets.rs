//! Several databases in one run, and what belongs to none.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod setting;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use setting::{database_with_rows, folder, manifest, text, visible};
use shared::cluster::{Cluster, ClusterOptions};
use tests::{Database, Output, ToolCommand, program};

/// The tool for these databases of the shared server.
fn back_up(databases: &[&str], dir: &Path) -> ToolCommand {
    let given = databases.iter().flat_map(|name| ["-d", name]);
    folder(dir).server(tests::cluster()).args(given)
}

/// Database and action of each record, sorted: they come as they end.
fn told(output: &Output) -> Vec<(Option<String>, String)> {
    let database = |record: &Value| record["database"].as_str().map(str::to_string);
    let records = output.json_lines();
    let mut told: Vec<_> = records
        .iter()
        .map(|record| (database(record), text(record, "action")))
        .collect();
    told.sort();
    told
}

fn some(database: &str, action: &str) -> (Option<String>, String) {
    (Some(database.to_string()), action.to_string())
}

/// The value that all records share.
#[track_caller]
fn shared_value(output: &Output, field: &str) -> String {
    let records = output.json_lines();
    // What is deleted keeps what it had from the run that took it.
    let records = records.iter().filter(|r| r["action"] != "deleted");
    let values: BTreeSet<String> = records.map(|record| text(record, field)).collect();
    assert_eq!(values.len(), 1, "{output:?}");
    values.into_iter().next().unwrap()
}

#[test]
fn the_databases_of_one_run_are_a_set() {
    let databases: Vec<Database> = (0..5).map(|_| database_with_rows(100)).collect();
    let mut names: Vec<&str> = databases.iter().map(Database::name).collect();
    names.sort_unstable();
    for jobs in ["1", "3"] {
        let dir = tempfile::tempdir().unwrap();
        let run = back_up(&names, dir.path()).args(["-j", jobs]);
        let output = run.run().expect_code(0);
        assert_eq!(output.stderr, "");
        let expected: Vec<_> = names.iter().map(|name| some(name, "created")).collect();
        assert_eq!(told(&output), expected);
        let set = shared_value(&output, "set");
        for record in output.json_lines() {
            let (path, database) = (text(&record, "path"), text(&record, "database"));
            assert!(path.ends_with(&format!("/{database}_{set}.dump")), "{path}");
            let manifest = fs::read(manifest(Path::new(&path))).unwrap();
            let manifest: Value = serde_json::from_slice(&manifest).unwrap();
            assert_eq!(manifest["set"], set.as_str());
            assert!(record["bytes_per_second"].as_u64().unwrap() > 0);
        }
    }
}

#[test]
fn a_single_database_is_no_set() {
    let database = database_with_rows(1);
    let dir = tempfile::tempdir().unwrap();
    let output = back_up(&[database.name()], dir.path()).run().expect_code(0);
    assert_eq!(output.json_lines()[0]["set"], Value::Null);
}

#[test]
fn one_that_fails_stops_no_other_and_loses_nothing() {
    let (one, two) = (database_with_rows(10), database_with_rows(10));
    let databases = [one.name(), two.name()];
    let dir = tempfile::tempdir().unwrap();
    let first = back_up(&databases, dir.path()).run().expect_code(0);
    let kept: Vec<String> = first.json_lines().iter().map(|r| text(r, "path")).collect();
    let run = |dir: &Path| {
        let run = back_up(&["nonesuch", databases[0], databases[1]], dir);
        run.args(["-t", "orders", "--keep-last", "1"]).run()
    };
    // Another selection is another series, so it takes two runs to have something to delete.
    let earlier = run(dir.path()).expect_code(1);
    one.sql("drop table orders");
    let output = run(dir.path()).expect_code(1);
    let expected = [
        some("nonesuch", "failed"),
        some(databases[0], "failed"),
        some(databases[1], "created"),
        some(databases[1], "deleted"),
    ];
    let mut expected = expected.to_vec();
    expected.sort();
    assert_eq!(told(&output), expected);
    for words in [
        "error: nonesuch: ",
        &format!("error: {}: nothing in the database", databases[0]),
        "database \"nonesuch\" does not exist",
        "matches --table=orders",
    ] {
        assert!(output.stderr.contains(words), "{output:?}");
    }
    for path in kept {
        assert!(Path::new(&path).exists(), "{path}");
    }
    let earlier = earlier.json_lines();
    let of_failed = earlier.iter().find(|r| r["database"] == databases[0]);
    let of_failed = text(of_failed.unwrap(), "path");
    assert!(Path::new(&of_failed).exists(), "its only backup");
}

#[test]
fn a_run_without_any_backup_has_status_2() {
    let dir = tempfile::tempdir().unwrap();
    let run = || back_up(&["nonesuch", "nobodys"], dir.path());
    for run in [run(), run().arg("--dry-run")] {
        let output = run.run().expect_code(2);
        let expected = [some("nobodys", "failed"), some("nonesuch", "failed")];
        assert_eq!(told(&output), expected);
        let last = output.stderr.lines().last().unwrap();
        assert_eq!(
            last,
            "pg-dump-rotate: error: none of the 2 backups could be taken"
        );
    }
    assert!(visible(dir.path()).is_empty());
}

#[test]
fn what_can_not_be_one_run_is_refused_before_anything_is_done() {
    let dir = tempfile::tempdir().unwrap();
    let url = "postgresql://127.0.0.1:1/other";
    for (databases, arguments, words) in [
        (
            &["a", "b", "a"][..],
            &[][..],
            "the database a is given twice",
        ),
        (&["a", "b"], &["--all-databases"], "--all-databases"),
        (&["a", url], &["--globals"], "--globals is of one server"),
    ] {
        let run = back_up(databases, dir.path()).args(arguments).run();
        run.expect_code(2).expect_no_output().expect_error(words);
    }
    assert!(visible(dir.path()).is_empty());
}

/// A server with three databases that may be dumped, one that nobody may connect to, one that only
/// a superuser may, and a template.
fn server() -> Cluster {
    let cluster = tests::start(&ClusterOptions::default());
    let mut client = cluster.connect("postgres").unwrap();
    for statement in [
        "create role reader login password 'sentinel'",
        "create database app",
        "create database \"Sales 2026\"",
        "create database closed allow_connections false",
        "create database private",
        "revoke connect on database private from public",
        "create database pattern is_template true",
    ] {
        client.batch_execute(statement).unwrap();
    }
    cluster
}

#[test]
fn all_databases_are_those_that_can_be_dumped() {
    let cluster = server();
    let dir = tempfile::tempdir().unwrap();
    let run = || {
        let run = folder(dir.path()).server(&cluster);
        run.args(["-d", "app", "--all-databases"])
    };
    // A database that somebody closed has no backup from then on: that is said.
    let output = run().run().expect_code(1);
    let expected = |private: &str, action: &str| {
        let all = [
            ("Sales 2026", action),
            ("app", action),
            ("closed", "skipped"),
            ("pattern", "skipped"),
            ("postgres", action),
            ("private", private),
        ];
        all.map(|(name, action)| some(name, action))
    };
    assert_eq!(told(&output), expected("created", "created"));
    for words in [
        "warning: skipped the database closed: it is closed: its ALLOW_CONNECTIONS is false",
        "warning: skipped the database pattern: it is a template",
    ] {
        assert!(output.stderr.contains(words), "{output:?}");
    }
    let excluding = |names: &[&str]| {
        let mut run = run();
        for name in names {
            run = run.args(["--exclude-database", name]);
        }
        run.run()
    };
    let output = excluding(&["clos*"]).expect_code(0);
    assert_eq!(
        output.stderr.lines().count(),
        1,
        "of the template: {output:?}"
    );
    let output = excluding(&["closed", "p*"]).expect_code(0);
    assert_eq!(output.stderr, "");
    let left = ["Sales 2026", "app"].map(|name| some(name, "created"));
    assert_eq!(told(&output), left);
    let output = excluding(&["closed", "patern"]).expect_code(0);
    output.expect_error("warning: --exclude-database patern: there is no such database");
    let output = run().env("PGUSER", "reader").run().expect_code(1);
    let expected_of_reader = expected("skipped", "created");
    assert_eq!(told(&output), expected_of_reader);
    let words = "warning: skipped the database private: we have no right to connect to it";
    assert!(output.stderr.contains(words), "{output:?}");
    let output = run().args(["-v", "--dry-run"]).run().expect_code(1);
    assert_eq!(told(&output), expected("would_create", "would_create"));
    for name in ["template0", "template1"] {
        let words = format!("note: the database {name} is a template");
        assert!(output.stderr.contains(&words), "{output:?}");
    }
    let mut client = cluster.connect("postgres").unwrap();
    let half_dropped = "update pg_database set datconnlimit = -2 where datname = 'app'";
    client.batch_execute(half_dropped).unwrap();
    let run = folder(dir.path()).server(&cluster);
    let run = run.args(["-d", "postgres", "--all-databases"]);
    let output = run.run().expect_code(1);
    assert_eq!(told(&output).len(), 5);
    let words = "warning: left out the database app: a DROP DATABASE of it was";
    assert!(output.stderr.contains(words), "{output:?}");
}

/// What there has to be, the server says.
#[test]
fn a_check_of_a_server_misses_what_has_no_backup() {
    let cluster = server();
    let dir = tempfile::tempdir().unwrap();
    let of_all = |more: &[&str]| {
        let run = folder(dir.path()).server(&cluster).args(more);
        run.args(["-d", "postgres", "--all-databases", "--globals"])
    };
    let open = ["--exclude-database=closed", "--exclude-database=pattern"];
    of_all(&open).run().expect_code(0);
    let label = ["--label", "pre-migration"];
    of_all(&open).args(label).run().expect_code(0);
    let check = |more: &[&str]| of_all(&["--check"]).args(more);
    let output = check(&open).run().expect_code(0);
    let names = [
        None,
        Some("Sales 2026"),
        Some("app"),
        Some("postgres"),
        Some("private"),
    ];
    let ok = names.map(|name| (name.map(str::to_string), "ok".to_string()));
    assert_eq!(told(&output), ok);
    assert_eq!(output.stderr, "");
    let elsewhere = check(&open).args(["--pg-dump", "env pg_dump"]);
    assert_eq!(told(&elsewhere.run().expect_code(0)), ok);
    let missed = |output: &Output| {
        let records = output.json_lines();
        let failed = records.iter().filter(|record| record["action"] == "failed");
        failed
            .map(|record| text(record, "reason"))
            .collect::<Vec<_>>()
    };
    let output = check(&[]).run().expect_code(1);
    assert_eq!(
        missed(&output),
        ["database closed: there is no good backup"]
    );
    let mut client = cluster.connect("postgres").unwrap();
    client.batch_execute("create database fresh").unwrap();
    client.batch_execute("drop database app").unwrap();
    let output = check(&open).args(["--max-age", "26h"]).run().expect_code(1);
    assert_eq!(missed(&output), ["database fresh: there is no good backup"]);
    assert_eq!(output.json_lines().len(), 5, "app is gone: {output:?}");
}

#[test]
fn globals_restore_with_their_passwords() {
    let cluster = server();
    let mut client = cluster.connect("postgres").unwrap();
    let more = "create role \"odd; role\" nologin; grant \"odd; role\" to reader;
                alter role reader set work_mem = '7MB'";
    client.batch_execute(more).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let run = folder(dir.path()).server(&cluster);
    let output = run.args(["-d", "app", "--globals"]).run().expect_code(0);
    assert_eq!(output.stderr, "");
    let expected = [(None, "created".to_string()), some("app", "created")];
    assert_eq!(told(&output), expected);
    let set = shared_value(&output, "set");
    let globals = &output.json_lines()[0];
    let path = text(globals, "path");
    assert!(path.ends_with(&format!("/+globals_{set}.sql.gz")), "{path}");
    assert_eq!(globals["compression"], "gzip:6");
    let command = text(globals, "restore_command");
    let passwords = "select string_agg(rolname || coalesce(rolpassword, '') || coalesce((select
        setconfig::text from pg_db_role_setting where setrole = a.oid), ''), ',' order by rolname)
        from pg_authid a";
    let value = |cluster: &Cluster| -> String {
        let mut client = cluster.connect("postgres").unwrap();
        client.query_one(passwords, &[]).unwrap().get(0)
    };
    let expected = value(&cluster);
    assert!(expected.contains("reader") && expected.contains("7MB") && expected.contains("odd; r"));
    let other = tests::start(&ClusterOptions::default());
    // Twice: roles that are there already are no error.
    for _ in 0..2 {
        let restored = program("sh").args(["-c", &command]).server(&other).run();
        restored.expect_code(0);
        assert_eq!(value(&other), expected);
    }
}

#[test]
fn globals_of_all_databases_are_asked_for_where_the_databases_were() {
    let cluster = server();
    let mut client = cluster.connect("postgres").unwrap();
    client
        .batch_execute("create database aaa connection limit 0")
        .unwrap();
    let dir = tempfile::tempdir().unwrap();
    let run = folder(dir.path()).server(&cluster).env("PGUSER", "reader");
    let run = run.args(["-d", "postgres", "--all-databases"]);
    let run = run.args(["--globals", "--no-role-passwords"]);
    let output = run.run().expect_code(1);
    let told = told(&output);
    assert!(told.contains(&(None, "created".into())), "{told:?}");
    assert!(told.contains(&some("aaa", "failed")), "{told:?}");
}

/// As the page has it: everything is proved, and the server comes back, roles first.
#[test]
fn a_whole_server_is_proved_and_comes_back() {
    let cluster = server();
    let mut client = cluster.connect("app").unwrap();
    let more = "create role owner; create table t as select 7 as a; alter table t owner to owner;
        alter database app owner to owner";
    client.batch_execute(more).unwrap();
    let more =
        "revoke connect on database app from public; grant connect on database app to reader;
        alter database app connection limit 5; alter database app set work_mem = '7MB'";
    client.batch_execute(more).unwrap();
    let of_database = "select concat_ws('|', pg_get_userbyid(datdba), datconnlimit,
        (select array_agg(a::text order by a::text) from unnest(datacl) a),
        (select setconfig from pg_db_role_setting where setdatabase = d.oid and setrole = 0))
        from pg_database d where datname = 'app'";
    let properties = |client: &mut postgres::Client| -> String {
        client.query_one(of_database, &[]).unwrap().get(0)
    };
    let expected = properties(&mut client);
    let dir = tempfile::tempdir().unwrap();
    let run = folder(dir.path()).server(&cluster);
    let run = run.args(["-d", "postgres", "--all-databases", "--globals"]);
    let run = run.args(["--exclude-database=closed", "--exclude-database=pattern"]);
    let [taken, proof] = tests::pipe([run, tests::tool("pg-restore-verify").arg("-")]);
    taken.expect_code(0);
    let records = proof.expect_code(0).json_lines();
    let verdicts: Vec<&Value> = records.iter().filter(|r| r["check"] == "verdict").collect();
    assert_eq!(verdicts.len(), 5);
    let of_globals = text(verdicts[0], "message");
    assert!(
        of_globals.starts_with("3 roles and tablespaces"),
        "{of_globals}"
    );
    let verify = || tests::tool("pg-restore-verify");
    let globals = text(verdicts[0], "path");
    let as_if_taken = |at: &str| {
        setting::change(Path::new(&globals), |manifest| {
            manifest["taken_at"] = at.into();
            manifest["finished_at"] = at.into();
        });
    };
    as_if_taken("2100-01-01T00:00:00Z");
    let latest = verify()
        .arg("--latest")
        .arg(dir.path())
        .run()
        .expect_code(0);
    assert!(
        text(&latest.json_lines()[0], "path").ends_with(".dump"),
        "{latest:?}"
    );
    let other = tests::start(&ClusterOptions::default());
    let bin = tests::binary("pg-dump-rotate");
    as_if_taken("2026-01-01T00:00:00Z");
    // Newer, and not what anybody wants back.
    let others: [&[&str]; 2] = [&["--schema-only"], &["--label", "before"]];
    for arguments in others {
        let run = folder(dir.path()).server(&cluster).args(["-d", "app"]);
        run.args(arguments).run().expect_code(0);
    }
    let (bin, dir) = (bin.display(), dir.path().display());
    let page = tests::Page::read("docs/pg-dump-rotate.md");
    let way_back = page.block("sh", "newest=").text;
    assert_eq!(way_back.lines().count(), 3, "{way_back}");
    let way_back = way_back.replace("/backups", &dir.to_string());
    let way_back = way_back.replace("pg-dump-rotate", &bin.to_string());
    let scripts = tempfile::tempdir().unwrap();
    let sh = |commands: &str| {
        let sh = program("sh").args(["-ec", commands]).server(&other);
        sh.current_dir(scripts.path()).run()
    };
    sh(&way_back).expect_code(0);
    // What is not there is no success.
    sh(&way_back.replace("-d app", "-d nonesuch")).expect_code(4);
    let mut client = other.connect("app").unwrap();
    let owner = "select tableowner || (select a from t) from pg_tables where tablename = 't'";
    let owner: String = client.query_one(owner, &[]).unwrap().get(0);
    assert_eq!(owner, "owner7");
    assert_eq!(properties(&mut client), expected);
    let whole = fs::read(&globals).unwrap();
    fs::write(&globals, &whole[..whole.len() - 100]).unwrap();
    let damaged = verify().arg(&globals).run().expect_code(1).json_lines();
    assert_eq!(
        (&damaged[0]["check"], &damaged[0]["status"]),
        (&"archive".into(), &"failed".into())
    );
}

#[test]
fn globals_without_passwords_where_they_may_not_be_read() {
    let cluster = server();
    let dir = tempfile::tempdir().unwrap();
    let run = || {
        let run = folder(dir.path()).server(&cluster).env("PGUSER", "reader");
        run.args(["-d", "app", "--globals"])
    };
    let script = |output: &Output| -> String {
        let path = text(&output.json_lines()[0], "path");
        let manifest = fs::read_to_string(manifest(Path::new(&path))).unwrap();
        assert!(
            manifest.contains("\"the passwords of the roles\""),
            "{manifest}"
        );
        program("gunzip").args(["-c", &path]).run().stdout
    };
    let output = run().run().expect_code(0);
    let words = "warning: the roles are backed up without their passwords, which reader may not";
    assert!(output.stderr.contains(words), "{output:?}");
    assert!(script(&output).contains("CREATE ROLE reader;"));
    let output = run().arg("--no-role-passwords").run().expect_code(0);
    assert_eq!(output.stderr, "");
    assert!(!script(&output).contains("PASSWORD"));
}

#[test]
fn globals_are_rotated_by_themselves() {
    let cluster = server();
    let dir = tempfile::tempdir().unwrap();
    let run = || {
        let run = folder(dir.path()).server(&cluster);
        run.args(["-d", "app", "--globals", "--keep-last", "1"])
    };
    run().run().expect_code(0);
    let output = run().run().expect_code(0);
    let expected = [
        (None, "created".to_string()),
        (None, "deleted".to_string()),
        some("app", "created"),
        some("app", "deleted"),
    ];
    assert_eq!(told(&output), expected);
    let listed = folder(dir.path()).arg("--list").run().json_lines();
    assert_eq!(listed.len(), 2);
}

/// Somebody who was connected to a database in another encoding has made it.
#[test]
fn a_database_whose_name_is_no_text_stops_no_other() {
    let cluster = tests::start(&ClusterOptions::default());
    let create = |database: &str, sql: &str| {
        let mut client = cluster.connect(database).unwrap();
        client.batch_execute(sql).unwrap();
    };
    let latin = "create database latin template template0 encoding 'LATIN1' locale 'C'";
    create("postgres", latin);
    create("latin", "create database \"tüb\"");
    let dir = tempfile::tempdir().unwrap();
    let run = folder(dir.path()).server(&cluster);
    let output = run.args(["-d", "postgres", "--all-databases"]).run();
    let records = output.expect_code(1).json_lines();
    let count = |action: &str| {
        let of_action = records.iter().filter(|record| record["action"] == action);
        of_action.count()
    };
    assert_eq!((count("created"), count("skipped")), (2, 1), "{records:?}");
}
