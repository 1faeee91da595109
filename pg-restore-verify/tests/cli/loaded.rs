//! Libraries that a server has to load, or lacks.

use tests::{Database, tool};

use crate::backups::{dump, expect_verdict, failed};

/// One of PostgreSQL's own, and its view as a check of the user's.
#[test]
fn what_a_preloaded_library_shows_can_be_asked() {
    let database = Database::new();
    database.sql("create extension pg_stat_statements");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    dump(&database, &["-Fc"], &path);
    let asking = |options: &[&str]| {
        let query = "select count(*) > 0 from pg_stat_statements where dbid = (select oid
                         from pg_database where datname = current_database()) = t";
        let run = tool("pg-restore-verify").args(options);
        run.args(["--expect", query]).arg(&path).run()
    };
    let output = asking(&["--preload", "pg_stat_statements"]);
    assert_eq!(failed(&output), [""; 0], "{output:?}");
    expect_verdict(&output, "ok");
    let output = asking(&[]);
    assert_eq!(output.code(), Some(1), "{output:?}");
    let words = "must be loaded via";
    assert!(output.stdout.contains(words), "{output:?}");
}

/// Labels are taken by a library, such as that of the extension anon: one that no server here has.
#[test]
fn security_labels_whose_library_is_not_loaded() {
    let database = Database::new();
    database.sql(
        "create table people (name text);
         insert into people values ('a'), ('b');
         set allow_system_table_mods = on;
         insert into pg_seclabel values
             ('people'::regclass, 'pg_class'::regclass, 0, 'no_such_library', 'a table'),
             ('people'::regclass, 'pg_class'::regclass, 1, 'no_such_library', 'MASKED WITH VALUE NULL');
         insert into pg_shseclabel select oid, 'pg_database'::regclass, 'no_such_library', 'all of it'
             from pg_database where datname = current_database()",
    );
    let folder = tempfile::tempdir().unwrap();
    let conninfo = database.conninfo();
    for options in [&["-Fc"][..], &["-Fp", "-C"], &["-Fp"]] {
        let path = folder.path().join("backup");
        dump(&database, options, &path);
        for named in [&[][..], &["-d", &conninfo]] {
            let run = tool("pg-restore-verify").args(named).arg(&path);
            let output = run.run();
            assert_eq!(failed(&output), [""; 0], "{options:?} {named:?} {output:?}");
            let lines = output.json_lines();
            let verdict = lines.last().unwrap();
            assert_eq!(verdict["status"], "skipped", "{output:?}");
            let told = lines
                .iter()
                .find(|line| line["check"] == "restore" && line["status"] == "skipped");
            let words = told.unwrap()["message"].as_str().unwrap();
            assert!(
                words.contains("no_such_library") && words.contains("--preload LIB"),
                "{words}"
            );
            let rows = lines.iter().find(|line| line["check"] == "rows");
            assert_eq!(rows.unwrap()["status"], "ok", "{output:?}");
        }
    }
}
