//! A backup as a user gets it: files, manifest, record, and the way back.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod setting;

use std::fs;
use std::path::Path;

use serde_json::Value;
use setting::{
    actions, back_up, database_with_rows, folder, manifest, mode, path_of, text, visible,
};
use tests::{Database, Output, program};

/// Runs a record's restore command through a shell, in a new database of the same name.
#[track_caller]
fn restore(database: Database<'static>, output: &Output) -> Database<'static> {
    let (name, cluster) = (database.name().to_string(), database.cluster());
    drop(database);
    let empty = Database::named(cluster, &name);
    let command = text(&output.json_lines()[0], "restore_command");
    program("sh")
        .args(["-c", &command])
        .server(cluster)
        .run()
        .expect_code(0);
    empty
}

/// Runs a record's restore command with another database as its target.
fn restore_into(empty: &Database, record: &Value) -> Output {
    let target = format!("-d {}", text(record, "database"));
    let command = text(record, "restore_command");
    let command = command.replace(&target, &format!("-d {}", empty.name()));
    program("sh")
        .args(["-c", &command])
        .server(empty.cluster())
        .run()
}

const SUM: &str = "select count(*) || ' ' || sum(hashtext(o::text)) from orders o";

#[test]
fn a_backup_has_a_name_a_manifest_and_a_record() {
    let database = database_with_rows(1000);
    let dir = tempfile::tempdir().unwrap();
    let output = back_up(&database, dir.path()).run().expect_code(0);
    assert_eq!(output.stderr, "");
    let records = output.json_lines();
    assert_eq!(records.len(), 1);
    let record = &records[0];
    let path = path_of(&output);
    let name = path.file_name().unwrap().to_str().unwrap();
    assert!(
        name.starts_with(&format!("{}_20", database.name())) && name.ends_with("Z.dump"),
        "{name}"
    );
    assert_eq!(record["action"], "created");
    assert_eq!(record["database"], database.name());
    assert_eq!(record["label"], Value::Null);
    assert_eq!(record["format"], "custom");
    assert_eq!(record["bytes"], fs::metadata(&path).unwrap().len());
    let sum = program("sha256sum").arg(&path).run();
    assert_eq!(record["sha256"], sum.stdout.split(' ').next().unwrap());
    assert_eq!(
        visible(dir.path()),
        ["", ".manifest.json", ".sha256"].map(|side| format!("{name}{side}"))
    );
    let check = program("sha256sum").args(["--strict", "-c"]);
    let check = check.arg(format!("{name}.sha256")).current_dir(dir.path());
    let checked = check.run().expect_code(0);
    assert_eq!(
        checked.stdout,
        format!("{name}: OK\n{name}.manifest.json: OK\n")
    );
    let manifest: Value = serde_json::from_slice(&fs::read(manifest(&path)).unwrap()).unwrap();
    for (field, expected) in [
        ("database", database.name()),
        ("encoding", "UTF8"),
        ("format", "custom"),
    ] {
        assert_eq!(manifest[field], expected);
    }
    assert_eq!(manifest["files"][0]["sha256"], record["sha256"]);
    assert_eq!(manifest["server_version"], record["server_version"]);
    let identifier = database.value("select system_identifier from pg_control_system()");
    assert_eq!(manifest["system_identifier"], identifier);
}

/// Whether a program that not every machine has can be run.
fn is_there(name: &str) -> bool {
    let found = program("sh")
        .args(["-c", &format!("command -v {name}")])
        .run();
    found.code() == Some(0)
}

#[test]
fn the_restore_command_restores_every_format() {
    for (arguments, extension) in [
        (&[][..], "dump"),
        (&["-F", "c", "-Z", "none"], "dump"),
        (&["-F", "plain"], "sql.gz"),
        (&["-F", "p", "-Z", "9"], "sql.gz"),
        (&["-F", "plain", "-Z", "none"], "sql"),
        (&["-F", "plain", "-Z", "zstd"], "sql.zst"),
        (&["-F", "plain", "-Z", "lz4:9"], "sql.lz4"),
        (&["-F", "tar"], "tar"),
        (&["-F", "directory", "-j", "2"], "dir"),
    ] {
        if [("sql.zst", "zstd"), ("sql.lz4", "lz4")]
            .iter()
            .any(|(of, needed)| *of == extension && !is_there(needed))
        {
            continue;
        }
        let database = database_with_rows(5000);
        database.sql("select lo_from_bytea(0, 'a large object')");
        let sum = database.value(SUM);
        let dir = tempfile::Builder::new()
            .prefix("it's a folder; $HOME")
            .tempdir()
            .unwrap();
        let output = back_up(&database, dir.path())
            .args(arguments)
            .run()
            .expect_code(0);
        assert_eq!(
            path_of(&output)
                .to_str()
                .unwrap()
                .split_once("Z.")
                .unwrap()
                .1,
            extension
        );
        let restored = restore(database, &output);
        assert_eq!(restored.value(SUM), sum, "{arguments:?}");
        let object = "select convert_from(lo_get(oid), 'UTF8') from pg_largeobject_metadata";
        assert_eq!(restored.value(object), "a large object", "{arguments:?}");
    }
}

/// On a server that has no such database; what pg_dump 17 sets, older servers don't know; and its
/// own settings, in force as soon as it is made, refuse what is to come.
#[test]
fn the_recreate_command_makes_the_database_as_it_was() {
    let programs = [None, tests::version(18, "pg_dump")];
    let settings = "select shobj_description(d.oid, 'pg_database') || ' ' || datconnlimit || ' ' ||
        string_agg(setrole || setconfig::text, ' ' order by setrole)
        from pg_database d join pg_db_role_setting on setdatabase = d.oid
        where datname = current_database() group by d.oid, datconnlimit";
    for (programs, format) in programs.iter().zip(["custom", "directory"]) {
        let database = database_with_rows(500);
        let name = database.name().to_string();
        database.sql(&format!(
            "comment on database {name} is 'as it was'; alter database {name} connection limit 7;
             alter database {name} set work_mem to '7MB';
             alter database {name} set default_transaction_read_only to on;
             alter role postgres in database {name} set array_nulls to off"
        ));
        let dir = tempfile::tempdir().unwrap();
        let run = back_up(&database, dir.path()).args(["-F", format]);
        let run = match programs {
            Some(programs) => run.env("PG_BINDIR", programs),
            None => run,
        };
        let record = run.run().expect_code(0).json_lines().remove(0);
        let (sum, expected) = (database.value(SUM), database.value(settings));
        let cluster = database.cluster();
        let mut client = cluster.connect("postgres").unwrap();
        client
            .batch_execute(&format!("drop database {name} with (force)"))
            .unwrap();
        let command = text(&record, "recreate_command");
        program("sh")
            .args(["-c", &command])
            .server(cluster)
            .run()
            .expect_code(0);
        assert_eq!(database.value(SUM), sum, "{command}");
        assert_eq!(database.value(settings), expected, "{command}");
    }
    let database = database_with_rows(1);
    for arguments in [["-F", "plain"], ["--globals", "-s"], ["-F", "tar"]] {
        let dir = tempfile::tempdir().unwrap();
        let run = back_up(&database, dir.path()).args(arguments);
        for record in run.run().expect_code(0).json_lines() {
            let is_archive = record["format"] != "plain";
            assert_eq!(
                record["recreate_command"].is_string(),
                is_archive,
                "{record}"
            );
        }
    }
}

/// Chosen schemas bring a schema public of their own, which a new database has already.
#[test]
fn the_restore_command_restores_a_schema() {
    for format in ["custom", "plain"] {
        let database = database_with_rows(50);
        let sum = database.value(SUM);
        let dir = tempfile::tempdir().unwrap();
        let output = back_up(&database, dir.path())
            .args(["-F", format, "-n", "public"])
            .run()
            .expect_code(0);
        assert_eq!(restore(database, &output).value(SUM), sum, "{format}");
    }
}

/// The database as pg_dump writes it, without the key that is another one each time.
fn dump_of(database: &Database) -> Vec<String> {
    let pg_dump = shared::programs::Program::find("pg_dump", None).unwrap();
    let output = program(pg_dump.path())
        .database(database)
        .run()
        .expect_code(0);
    let key = |line: &&str| !line.starts_with("\\restrict ") && !line.starts_with("\\unrestrict ");
    output
        .stdout
        .lines()
        .filter(key)
        .map(str::to_string)
        .collect()
}

#[test]
fn what_real_databases_have_comes_back() {
    let database = Database::new();
    database.load_sample();
    let expected = dump_of(&database);
    let dir = tempfile::tempdir().unwrap();
    for format in ["custom", "plain"] {
        let output = back_up(&database, dir.path())
            .args(["-F", format])
            .run()
            .expect_code(0);
        let empty = Database::new();
        restore_into(&empty, &output.json_lines()[0]).expect_code(0);
        assert!(
            dump_of(&empty) == expected,
            "{format}: the restored database is another one"
        );
    }
}

#[test]
fn a_damaged_script_does_not_reach_the_database() {
    let database = database_with_rows(50_000);
    let dir = tempfile::tempdir().unwrap();
    let output = back_up(&database, dir.path())
        .args(["-F", "plain"])
        .run()
        .expect_code(0);
    let path = path_of(&output);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let empty = Database::new();
    let restored = restore_into(&empty, &output.json_lines()[0]);
    assert_ne!(restored.code(), Some(0), "{restored:?}");
    assert_eq!(
        empty.value("select count(*) from pg_class where relname = 'orders'"),
        "0"
    );
}

#[test]
fn a_dump_by_a_newer_pg_dump_restores_into_the_older_server() {
    let database = database_with_rows(100);
    let dir = tempfile::tempdir().unwrap();
    for arguments in [&["-F", "plain", "-Z", "none"][..], &["-F", "custom"]] {
        let output = back_up(&database, dir.path())
            .args(arguments)
            .run()
            .expect_code(0);
        let path = path_of(&output);
        let mut bytes = fs::read(&path).unwrap();
        if arguments.contains(&"plain") {
            // What pg_dump writes from version 17 on.
            bytes.splice(0..0, *b"SET transaction_timeout = 0;\n");
            fs::write(&path, &bytes).unwrap();
        }
        setting::change(&path, |manifest| {
            manifest["pg_dump_version"] = "17.2".into();
            manifest["files"][0]["bytes"] = bytes.len().into();
        });
        let listed = folder(dir.path()).arg("--list").run().json_lines();
        let empty = Database::new();
        restore_into(&empty, &listed[0]).expect_code(0);
        assert_eq!(empty.value(SUM), database.value(SUM));
    }
}

#[test]
fn the_restore_command_names_a_pg_restore_that_can_read_the_archive() {
    let database = database_with_rows(10);
    let (dir, bin) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let old = bin.path().join("pg_restore");
    tests::write_script(&old, "#!/bin/sh\necho 'pg_restore (PostgreSQL) 12.22'\n");
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", bin.path().display());
    back_up(&database, dir.path()).run().expect_code(0);
    let list = || folder(dir.path()).arg("--list");
    let listed = list().env("PATH", &path).run().json_lines();
    let command = text(&listed[0], "restore_command");
    assert!(
        command.starts_with('/') && !command.contains("12.22"),
        "{command}"
    );
    let empty = Database::new();
    restore_into(&empty, &listed[0]).expect_code(0);
    assert_eq!(empty.value(SUM), database.value(SUM));
    // It is not named where any will do.
    setting::change(&path_of(&list().run()), |manifest| {
        manifest["pg_dump_version"] = "12.1".into();
    });
    let listed = list().env("PATH", &path).run().json_lines();
    assert!(text(&listed[0], "restore_command").starts_with("pg_restore "));
}

#[test]
fn names_that_files_and_shells_stumble_over() {
    for name in [
        "Sp ace's \"quoted\" $(id)",
        "a/../b",
        "-rf",
        ".hidden",
        "host=nowhere dbname=x",
        "größe_日本\n",
    ] {
        let database = Database::named(tests::cluster(), name);
        database.sql("create table orders as select 1 as id");
        let dir = tempfile::tempdir().unwrap();
        let conninfo = database.conninfo();
        let output = folder(dir.path())
            .args(["-d", &conninfo, "-F", "plain"])
            .run()
            .expect_code(0);
        assert_eq!(text(&output.json_lines()[0], "database"), name);
        assert_eq!(path_of(&output).parent(), Some(dir.path()));
        let restored = restore(database, &output);
        assert_eq!(restored.value("select id from orders"), "1", "{name}");
        let listed = folder(dir.path()).arg("--list").run().json_lines();
        assert_eq!((listed.len(), &listed[0]["state"]), (1, &Value::from("ok")));
    }
}

#[test]
fn only_the_owner_may_read_whatever_the_umask() {
    let database = database_with_rows(10);
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("backups");
    let bin = tests::binary("pg-dump-rotate");
    let output = program("sh")
        .args(["-c", "umask 000; exec \"$0\" \"$@\""])
        .arg(bin)
        .args(["--dir", dir.to_str().unwrap()])
        .database(&database)
        .run()
        .expect_code(0);
    assert_eq!(mode(&dir), 0o700);
    let path = path_of(&output);
    for file in [
        path.as_path(),
        &manifest(&path),
        &dir.join(".pg-dump-rotate.lock"),
    ] {
        assert_eq!(mode(file), 0o600, "{}", file.display());
    }
}

#[test]
fn a_selection_is_dumped_and_recorded() {
    let database = database_with_rows(10);
    database.sql("create table other (x int); insert into other values (7)");
    let dir = tempfile::tempdir().unwrap();
    let dump = |arguments: &[&str]| -> String {
        let run = back_up(&database, dir.path()).args(["-F", "plain", "-Z", "none"]);
        let output = run.args(arguments).run().expect_code(0);
        fs::read_to_string(path_of(&output)).unwrap()
    };
    let schema = dump(&["-s"]);
    assert!(schema.contains("CREATE TABLE public.other") && !schema.contains("COPY"));
    let rows = dump(&["-a"]);
    assert!(!rows.contains("CREATE TABLE") && rows.contains("COPY public.other"));
    let one = dump(&["-t", "orders"]);
    assert!(one.contains("COPY public.orders") && !one.contains("public.other"));
    let rest = dump(&["-T", "orders"]);
    assert!(!rest.contains("public.orders") && rest.contains("COPY public.other"));
    let none = dump(&["-N", "public"]);
    assert!(!none.contains("public.o"));
}

#[test]
fn what_pg_dump_warns_of_is_passed_on() {
    let database = Database::new();
    database.sql(
        "create table a (id int primary key); create table b (id int primary key references a);
         alter table a add foreign key (id) references b",
    );
    let dir = tempfile::tempdir().unwrap();
    let run = || back_up(&database, dir.path()).arg("--data-only");
    let output = run().run().expect_code(0);
    let words =
        "pg-dump-rotate: warning: pg_dump: warning: there are circular foreign-key constraints";
    assert!(output.stderr.starts_with(words), "{output:?}");
    assert_eq!(run().arg("-q").run().expect_code(0).stderr, "");
}

#[test]
fn a_pattern_that_matches_nothing_is_an_error() {
    let database = database_with_rows(10);
    let dir = tempfile::tempdir().unwrap();
    for (arguments, named) in [
        (["-t", "orders", "-t", "order"], "--table=order"),
        (["-n", "public", "-n", "publik"], "--schema=publik"),
    ] {
        let output = back_up(&database, dir.path())
            .args(arguments)
            .run()
            .expect_code(2);
        output.expect_error(&format!("matches {named}"));
    }
    assert!(visible(dir.path()).is_empty());
}

#[test]
fn two_backups_in_one_second_are_two_backups() {
    let database = database_with_rows(10);
    let dir = tempfile::tempdir().unwrap();
    let count = 4;
    for _ in 0..count {
        back_up(&database, dir.path())
            .arg("-s")
            .run()
            .expect_code(0);
    }
    assert_eq!(visible(dir.path()).len(), 3 * count);
    let listed = folder(dir.path()).arg("--list").run().json_lines();
    let mut times: Vec<String> = listed
        .iter()
        .map(|record| text(record, "taken_at"))
        .collect();
    assert_eq!(times.len(), count);
    times.reverse();
    assert!(times.is_sorted(), "{times:?}");
}

#[test]
fn a_dry_run_says_what_it_would_do_and_touches_nothing() {
    let database = database_with_rows(10);
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing");
    let output = back_up(&database, &missing)
        .arg("--dry-run")
        .run()
        .expect_code(0);
    assert!(!missing.exists());
    let record = &output.json_lines()[0];
    assert_eq!(record["action"], "would_create");
    assert_eq!(record["bytes"], Value::Null);
    assert_eq!(record["sha256"], Value::Null);
    assert_eq!(
        Path::new(&text(record, "path")).parent(),
        Some(missing.as_path())
    );
    for _ in 0..2 {
        back_up(&database, &missing).run().expect_code(0);
    }
    let before = tests::files_in(&missing);
    let keep = ["--keep-last", "2"];
    let rehearsed = back_up(&database, &missing)
        .args(keep)
        .arg("--dry-run")
        .run()
        .expect_code(0);
    assert_eq!(tests::files_in(&missing), before);
    let done = back_up(&database, &missing).args(keep).run().expect_code(0);
    let words = |output: &Output| -> Vec<(String, String)> {
        let records = output.json_lines();
        let words = records.iter().map(|r| {
            (
                text(r, "action")
                    .replace("would_create", "created")
                    .replace("would_delete", "deleted"),
                text(r, "reason"),
            )
        });
        words.collect()
    };
    assert_eq!(words(&rehearsed), words(&done));
    assert_eq!(
        actions(&rehearsed)[1..],
        actions(&done)[1..]
            .iter()
            .map(|(action, name)| (action.replace("deleted", "would_delete"), name.clone()))
            .collect::<Vec<_>>()[..]
    );
}
