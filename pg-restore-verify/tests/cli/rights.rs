//! Roles that may not do everything on a server that others use: that is no fault of the backup.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use shared::cluster::{Cluster, ClusterOptions};
use tests::{Database, Output, ToolCommand, start, tool};

use crate::backups::{dump, expect_verdict, failed, shop, verify};

/// A server with a role that has these attributes, of which nothing is expected but CREATEDB.
fn server(role: &str) -> Cluster {
    let cluster = start(&ClusterOptions::default());
    let mut client = cluster.connect("postgres").unwrap();
    client
        .batch_execute(&format!("create role modest login {role}"))
        .unwrap();
    cluster
}

fn verify_on(cluster: &Cluster) -> ToolCommand {
    let conninfo = format!("host={} dbname=postgres", cluster.socket_dir().display());
    tool("pg-restore-verify").args(["-U", "modest", "-d", &conninfo])
}

/// A backup with a manifest.
fn backup(database: &Database, folder: &Path, format: &str) -> PathBuf {
    let run = tool("pg-dump-rotate").args(["-d", &database.conninfo(), "-F", format, "--dir"]);
    let output = run.arg(folder).run().expect_code(0);
    output.json_lines()[0]["path"].as_str().unwrap().into()
}

fn is_noted(backup: &Path) -> bool {
    let name = backup.file_name().unwrap().to_str().unwrap();
    backup
        .with_file_name(format!("{name}.verified.json"))
        .exists()
}

/// The run could not see everything, and finds no fault with the backup.
#[track_caller]
fn expect_unseen(output: &Output) -> Value {
    assert_eq!(failed(output), [""; 0], "{output:?}");
    let verdict = output.json_lines().last().unwrap().clone();
    assert_eq!(verdict["check"], "verdict", "{output:?}");
    assert_eq!(verdict["status"], "skipped", "{output:?}");
    assert_eq!(output.code(), Some(2), "{output:?}");
    verdict
}

fn messages(output: &Output, check: &str) -> Vec<String> {
    let lines = output.json_lines();
    let of_check = lines.iter().filter(|line| line["check"] == check);
    of_check
        .map(|line| {
            let text = |field: &str| line[field].as_str().unwrap_or("").to_string();
            format!("{}: {}", text("object"), text("message"))
        })
        .collect()
}

#[test]
fn the_sample_by_a_role_that_may_create_databases_alone() {
    let cluster = server("createdb");
    let sample = Database::named(&cluster, "app");
    sample.load_sample();
    let folder = tempfile::tempdir().unwrap();
    for format in ["custom", "plain", "directory"] {
        let path = backup(&sample, folder.path(), format);
        let output = verify_on(&cluster).arg(&path).run();
        let verdict = expect_unseen(&output);
        let words = verdict["message"].as_str().unwrap();
        assert!(words.contains("role \"modest\" may not"), "{words}");
        assert!(words.contains("without -d"), "{words}");
        assert!(!is_noted(&path), "{format}");
        let refused = messages(&output, "restore");
        assert!(refused.len() < 20, "{refused:#?}");
        for expected in [
            "EXTENSION file_fdw",
            "EVENT TRIGGER",
            "GRANT \"sample_owner\" TO \"modest\"",
        ] {
            let told = refused.iter().any(|words| words.contains(expected));
            assert!(told, "{expected}: {refused:#?}");
        }
        let lines = output.json_lines();
        let rows = lines
            .iter()
            .filter(|line| line["check"] == "rows" && line["status"] == "ok");
        assert!(rows.count() > 40, "{output:?}");
        let objects = lines.iter().filter(|line| line["check"] == "large_objects");
        assert!(objects.clone().count() > 0);
        assert!(objects.clone().all(|line| line["status"] != "failed"));
    }
}

/// What is wrong with the backup is found nevertheless, and noted.
#[test]
fn a_fault_of_the_backup_is_one_for_a_modest_role_too() {
    let cluster = server("createdb");
    let sample = Database::named(&cluster, "app");
    sample.sql(
        "create role owner_of_t; create table t as select generate_series(1, 10) a;
         alter table t owner to owner_of_t; create extension file_fdw",
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plain");
    dump(&sample, &[], &path);
    let script = fs::read_to_string(&path).unwrap();
    // In the table only, and not in the backup.
    let more = "CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS \
                'begin if new.a = 5 then return null; end if; return new; end';\n\
                CREATE TRIGGER g BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.f();\n\
                COPY public.t";
    fs::write(&path, script.replacen("COPY public.t", more, 1)).unwrap();
    let output = verify_on(&cluster).arg(&path).run();
    assert!(
        failed(&output).contains(&"rows public.t".to_string()),
        "{output:?}"
    );
    assert_eq!(output.json_lines().last().unwrap()["status"], "failed");
}

/// On another server than that which it was taken from, where its roles are missing.
#[test]
fn roles_that_it_may_not_create() {
    let shop = shop();
    // A script names it last of all, behind the rows.
    shop.sql(
        "drop policy readers on app.log; alter table app.orders owner to current_user;
         alter default privileges in schema app revoke select on tables from shop_owner",
    );
    let cluster = server("createdb");
    let folder = tempfile::tempdir().unwrap();
    for format in ["custom", "plain"] {
        let path = backup(&shop, folder.path(), format);
        let output = verify_on(&cluster).arg(&path).run();
        expect_unseen(&output);
        let refused = messages(&output, "restore");
        let told = |words: &str| refused.iter().any(|line| line.contains(words));
        assert!(told("ROLE shop_owner"), "{refused:#?}");
        let at_once = messages(&output, "preflight");
        let told_at_once = |line: &String| line.contains("ROLE shop_owner");
        assert!(at_once.iter().any(told_at_once), "{output:?}");
        assert!(
            told("ALTER ROLE \"modest\" CREATEROLE lets it"),
            "{refused:#?}"
        );
        assert!(!is_noted(&path));
    }
}

#[test]
fn one_that_may_not_even_create_a_database() {
    let shop = shop();
    let cluster = server("nocreatedb");
    let folder = tempfile::tempdir().unwrap();
    let path = backup(&shop, folder.path(), "custom");
    let output = verify_on(&cluster).arg(&path).run();
    expect_unseen(&output);
    assert!(
        output
            .stderr
            .contains("hint: ALTER ROLE \"modest\" CREATEDB"),
        "{output:?}"
    );
    assert!(!is_noted(&path));
}

/// The session that holds the lock is the only one that the role may have.
#[test]
fn no_connection_left_is_no_fault_of_the_backup() {
    let source = Database::new();
    source.sql("create table t as select generate_series(1, 10) a; create table u as table t");
    let cluster = server("createdb connection limit 1");
    let folder = tempfile::tempdir().unwrap();
    for format in ["custom", "plain"] {
        let path = backup(&source, folder.path(), format);
        let output = verify_on(&cluster).args(["-j", "4"]).arg(&path).run();
        assert!(output.stderr.contains("too many connections"), "{output:?}");
        expect_unseen(&output);
        assert!(!is_noted(&path));
    }
}

/// Somebody ends the session in the midst of it.
#[test]
fn a_session_that_others_end_is_no_fault_of_the_backup() {
    let source = Database::new();
    source.sql(
        "create table t as select generate_series(1, 10) a;
         create function ends() returns bool language plpgsql as
         'begin return pg_terminate_backend(pg_backend_pid()); end';
         alter table t add constraint c check (true)",
    );
    let cluster = server("createdb");
    let folder = tempfile::tempdir().unwrap();
    for format in ["-Fc", "-Fp"] {
        let path = folder.path().join(format);
        dump(&source, &[format], &path);
        let bytes = fs::read(&path).unwrap();
        let (from, to) = (b"CONSTRAINT c CHECK (true)", b"CHECK (public.ends())    ");
        let at = memchr::memmem::find(&bytes, from).unwrap();
        let mut changed = bytes.clone();
        changed[at..at + from.len()].copy_from_slice(to);
        fs::write(&path, changed).unwrap();
        let output = verify_on(&cluster).arg(&path).run();
        expect_unseen(&output);
        assert!(
            output.stderr.contains("server ended, or the session"),
            "{output:?}"
        );
    }
}

/// A query of the user's that the role may not make is not one that came out wrong.
#[test]
fn a_check_of_ones_own_that_the_role_may_not_make() {
    let source = Database::new();
    source.sql("create table t as select 1 a");
    let cluster = server("createdb");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nobodys");
    dump(&source, &["--no-owner"], &path);
    let output = verify_on(&cluster).arg(&path).run();
    expect_verdict(&output, "ok");
    let run = verify_on(&cluster).args(["--expect", "select count(*) from pg_authid >= 0"]);
    let output = run.arg(&path).run();
    assert_eq!(failed(&output), [""; 0], "{output:?}");
    expect_verdict(&output, "skipped");
}

/// Its owner is the role itself, and still does not see all rows of it.
#[test]
fn rows_that_a_policy_hides_from_their_owner() {
    let cluster = server("createdb");
    let source = Database::named(&cluster, "app");
    source.sql(
        "create table t as select generate_series(1, 10) a; alter table t owner to modest;
         create policy p on t using (a > 3); alter table t enable row level security;
         alter table t force row level security; create table u as select 1 b",
    );
    let folder = tempfile::tempdir().unwrap();
    for options in [&["-Fc", "-x"][..], &["-Fp"], &["-Fp", "--inserts"]] {
        let path = folder.path().join("backup");
        dump(&source, options, &path);
        let output = verify_on(&cluster).arg(&path).run();
        expect_unseen(&output);
        assert!(output.stdout.contains("row-level security"), "{output:?}");
    }
}

/// Roles that a newer server brings along, and that nobody may create here.
#[test]
fn a_role_that_only_another_server_has() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    dump(&shop, &[], &path);
    let script = fs::read_to_string(&path).unwrap();
    let grants = "GRANT SELECT ON TABLE app.log TO pg_of_tomorrow;\n\nALTER TABLE ONLY app.orders";
    let script = script.replacen("ALTER TABLE ONLY app.orders", grants, 1);
    assert!(script.contains("pg_of_tomorrow"));
    fs::write(&path, script).unwrap();
    let output = verify(&path);
    expect_verdict(&output, "failed");
    assert!(output.stdout.contains("does not exist"), "{output:?}");
    let cluster = start(&ClusterOptions::default());
    let conninfo = format!(
        "host={} user=postgres dbname=postgres",
        cluster.socket_dir().display()
    );
    let run = tool("pg-restore-verify").args(["-d", &conninfo]);
    let output = run.arg(&path).run();
    expect_unseen(&output);
    let refused = messages(&output, "restore");
    assert!(
        refused.iter().any(|words| words.contains("pg_of_tomorrow")),
        "{refused:?}"
    );
}
