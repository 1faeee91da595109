//! Backups of one run, with the roles and tablespaces of their server.

use std::fs;
use std::path::{Path, PathBuf};

use shared::cluster::{Cluster, ClusterOptions};
use shared::programs::Program;
use tests::{Database, program, tool};

use crate::backups::{expect_verdict, failed, verify};

/// A server with roles, a tablespace and a database that needs both.
fn server() -> Cluster {
    let cluster = tests::start(&ClusterOptions::default());
    let mut client = cluster.connect("postgres").unwrap();
    for statement in [
        "create role keeper login password 'hidden secret' valid until '2030-01-01'",
        "create role readers; grant readers to keeper with admin option",
        "alter role keeper set work_mem = '5MB'; alter role postgres set statement_timeout = 1000",
        "comment on role readers is 'who may only read'",
        "set allow_in_place_tablespaces = on",
        "create tablespace \"Fast\" owner keeper location ''",
    ] {
        client.batch_execute(statement).unwrap();
    }
    cluster
}

fn fill(database: &Database) {
    database.sql(
        "create table t (a int) tablespace \"Fast\"; insert into t values (1), (2);
         alter table t owner to keeper; grant select on t to readers",
    );
}

/// Backs up database and globals; their files.
fn set(database: &Database, folder: &Path) -> (PathBuf, PathBuf) {
    let run = tool("pg-dump-rotate").args(["--globals", "-d", &database.conninfo(), "--dir"]);
    let output = run.arg(folder).run().expect_code(0);
    let records = output.json_lines();
    let path = |number: usize| records[number]["path"].as_str().unwrap().into();
    (path(0), path(1))
}

#[test]
fn globals_are_proved_and_restored_before_the_database() {
    let cluster = server();
    let database = Database::on(&cluster);
    fill(&database);
    let folder = tempfile::tempdir().unwrap();
    let (globals, backup) = set(&database, folder.path());
    let output = verify(&globals);
    expect_verdict(&output, "ok");
    assert!(
        output
            .stdout
            .contains("\"check\":\"schema\",\"object\":null,\"status\":\"ok\"")
    );
    let output = verify(&backup);
    assert_eq!(failed(&output), [""; 0], "{output:?}");
    expect_verdict(&output, "ok");
    let findings = output.json_lines();
    let first = &findings[0];
    assert_eq!(
        (&first["check"], &first["status"]),
        (&"globals".into(), &"ok".into())
    );
    assert!(
        !output.stdout.contains("created without login"),
        "{output:?}"
    );
    let newest = tool("pg-restore-verify").arg("--latest").arg(folder.path());
    let output = newest.run().expect_code(0);
    assert!(output.stdout.contains("public.t"), "{output:?}");
    // In a folder without the globals, its roles and its tablespace are made up.
    let alone = tempfile::tempdir().unwrap();
    let copy = alone.path().join("alone.dump");
    fs::copy(&backup, &copy).unwrap();
    let output = verify(&copy);
    expect_verdict(&output, "ok");
    assert!(
        output.stdout.contains("created without login"),
        "{output:?}"
    );
}

/// A library that no server here has takes the label of a role.
#[test]
fn labels_of_roles_whose_library_is_not_loaded() {
    let cluster = server();
    let database = Database::on(&cluster);
    fill(&database);
    database.sql(
        "set allow_system_table_mods = on;
         insert into pg_shseclabel select oid, 'pg_authid'::regclass, 'no_such_library', 'MASKED'
             from pg_authid where rolname = 'keeper'",
    );
    let folder = tempfile::tempdir().unwrap();
    let (globals, backup) = set(&database, folder.path());
    for path in [globals, backup] {
        let output = verify(&path);
        assert_eq!(failed(&output), [""; 0], "{output:?}");
        let verdict = output.json_lines().pop().unwrap();
        assert_eq!(verdict["status"], "skipped", "{output:?}");
        let words = verdict["message"].as_str().unwrap();
        assert!(words.contains("--preload LIB"), "{words}");
    }
}

#[test]
fn damaged_globals_are_a_fault_of_the_set() {
    let cluster = server();
    let database = Database::on(&cluster);
    fill(&database);
    let folder = tempfile::tempdir().unwrap();
    let (globals, backup) = set(&database, folder.path());
    let mut bytes = fs::read(&globals).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&globals, &bytes).unwrap();
    let output = verify(&globals);
    expect_verdict(&output, "failed");
    let name = globals.file_name().unwrap().to_str().unwrap();
    let output = verify(&backup);
    expect_verdict(&output, "failed");
    assert_eq!(failed(&output), [format!("globals {name}")]);
}

/// pg_dumpall's script, with these options.
fn dumpall(cluster: &Cluster, options: &[&str]) -> String {
    let pg_dumpall = Program::find("pg_dumpall", None).unwrap();
    let run = program(pg_dumpall.path()).server(cluster).args(options);
    run.run().expect_code(0).stdout
}

#[test]
fn scripts_of_others_and_what_is_wrong_with_them() {
    let cluster = server();
    let script = dumpall(&cluster, &["--globals-only"]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("globals.sql");
    let verify = |script: &str| {
        fs::write(&path, script).unwrap();
        verify(&path)
    };
    expect_verdict(&verify(&script), "ok");
    let output = verify(&script.replacen("INHERIT", "NONSENSE", 1));
    expect_verdict(&output, "failed");
    assert_eq!(failed(&output), ["restore ALTER ROLE keeper"]);
    assert!(!output.stdout.contains("SCRAM"), "{output:?}");
    // Of which version it is nothing says, and what is not there any more is missed nevertheless.
    let closing = "--\n-- PostgreSQL database cluster dump complete";
    assert!(script.contains(closing));
    let more = format!("CREATE ROLE idle;\nALTER ROLE idle RENAME TO ideal;\n{closing}");
    let output = verify(&script.replacen(closing, &more, 1));
    expect_verdict(&output, "failed");
    let lost = ["schema ALTER ROLE idle", "schema CREATE ROLE idle"];
    assert_eq!(failed(&output), lost, "{output:?}");
    let clean = dumpall(&cluster, &["--globals-only", "--clean", "--if-exists"]);
    expect_verdict(&verify(&clean), "ok");
    let output = verify(&script.replacen("cluster dump complete", "", 1));
    assert_eq!(failed(&output), ["archive"]);
    // Of a whole cluster, which is no fault, and no proof either.
    let whole = dumpall(&cluster, &[]);
    let output = verify(&whole);
    expect_verdict(&output, "skipped");
    assert_eq!(failed(&output), [""; 0], "{output:?}");
    assert!(output.stdout.contains("whole cluster"), "{output:?}");
    for end in [whole.len() / 2, whole.len() - 40] {
        let output = verify(&whole[..end]);
        expect_verdict(&output, "failed");
        assert_eq!(failed(&output), ["archive"], "{output:?}");
    }
    fs::write(&path, &whole).unwrap();
    let listed = tool("pg-restore-verify").arg("--list").arg(&path);
    let output = listed.run().expect_code(1);
    assert!(output.stdout.contains("keeper"), "{output:?}");
}
