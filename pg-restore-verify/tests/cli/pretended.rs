//! Backups that are not what they are taken for: of a dump that died, of a part, of another
//! database, of another day, of nothing; and good ones of databases that can't be restored.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::Value;
use shared::programs::Program;
use tests::{Database, Output, program, start, tool};

use crate::backups::{dump, expect_verdict, failed, of_status, plain, shop, verify, verify_bad};

const FORMATS: [&str; 4] = ["-Fc", "-Fd", "-Ft", "-Fp"];

fn pg_dump(database: &Database, options: &[&str], path: &Path) -> Output {
    let pg_dump = Program::find("pg_dump", None).unwrap();
    let run = program(pg_dump.path()).database(database).args(options);
    run.arg("--file").arg(path).run()
}

fn rotate(database: &Database, folder: &Path, options: &[&str]) -> PathBuf {
    let run = tool("pg-dump-rotate").args(["-d", &database.conninfo(), "--dir"]);
    let output = run.arg(folder).args(options).run().expect_code(0);
    output.json_lines()[0]["path"].as_str().unwrap().into()
}

#[track_caller]
fn expect_failed(findings: &[Value], wanted: &[&str], what: &str) {
    let failed = of_status(findings, "failed");
    for wanted in wanted {
        let named = failed.iter().any(|failed| failed == wanted);
        assert!(named, "{what}: {wanted} is not among {failed:#?}");
    }
    assert_eq!(findings.last().unwrap()["status"], "failed", "{what}");
}

/// `pg_restore --list` finds nothing wrong with what pg_dump leaves when it dies.
#[test]
fn what_a_pg_dump_that_died_has_left() {
    let database = Database::new();
    let role = format!("{}_owner", database.name());
    database.sql(&format!(
        "create role {role};
         create table a (t text); insert into a select md5(i::text) from generate_series(1, 9000) i;
         create table b (t text); insert into b values ('hidden');
         alter table a owner to {role}; alter table b owner to {role};
         alter table b enable row level security; alter table b force row level security"
    ));
    let folder = tempfile::tempdir().unwrap();
    let role_option = format!("--role={role}");
    let paths = FORMATS.map(|format| {
        let path = folder.path().join(format);
        let died = pg_dump(&database, &[format, &role_option], &path).expect_code(1);
        died.expect_error("row-level security");
        path
    });
    for (format, findings) in FORMATS.iter().zip(verify_bad(&paths, &[])) {
        expect_failed(&findings, &["archive"], format);
    }
    database.sql(&format!("drop owned by {role}; drop role {role}"));
}

/// Rows that policies hide from pg_dump's role are not in the dump, and it does not say so.
#[test]
fn rows_that_policies_may_have_hidden_are_not_proved() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup.sql");
    dump(&shop, &["--enable-row-security"], &path);
    let output = verify(&path);
    assert_eq!(failed(&output), [""; 0], "{output:?}");
    expect_verdict(&output, "skipped");
    assert!(
        output.stderr.contains("--enable-row-security"),
        "{output:?}"
    );
    shop.sql("alter table app.log disable row level security; drop policy readers on app.log");
    dump(&shop, &["--enable-row-security"], &path);
    expect_verdict(&verify(&path), "ok");
}

/// A standby's dump is without them, and pg_dump does not tell.
#[test]
fn rows_of_unlogged_tables_are_missed_by_name() {
    let shop = shop();
    shop.sql("create unlogged table app.cache (a int); insert into app.cache values (1)");
    let folder = tempfile::tempdir().unwrap();
    for format in ["-Fc", "-Fp"] {
        let path = folder.path().join(format);
        dump(&shop, &[format, "--no-unlogged-table-data"], &path);
        let output = verify(&path);
        expect_verdict(&output, "ok");
        let skipped = of_status(&output.json_lines(), "skipped");
        assert!(
            skipped.contains(&"rows app.cache".to_string()),
            "{skipped:?}"
        );
    }
}

#[test]
fn a_dump_of_nothing_proves_nothing_unless_the_manifest_says_that_there_was_nothing() {
    let database = Database::new();
    let folder = tempfile::tempdir().unwrap();
    for format in ["-Fc", "-Fp"] {
        let path = folder.path().join("nothing");
        dump(&database, &[format], &path);
        for level in [&[][..], &["--archive-only"]] {
            let output = tool("pg-restore-verify").args(level).arg(&path).run();
            expect_verdict(&output, "skipped");
            assert!(output.stderr.contains("nothing to prove"), "{output:?}");
        }
    }
    let path = rotate(&database, folder.path(), &[]);
    expect_verdict(&verify(&path), "ok");
}

/// What lies under a backup's name, beside its manifest, is another dump.
#[test]
fn another_dump_under_a_backups_name() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let early = folder.path().join("early");
    dump(&shop, &["-Fc"], &early);
    shop.sql("insert into app.log values ('of today')");
    let taken = rotate(&shop, folder.path(), &["-F", "custom"]);
    let other = Database::new();
    other.sql("create table t (a int); insert into t values (1)");
    let make = |database: &Database, options: &[&str]| {
        let path = folder.path().join("made");
        dump(database, &[options, &["-Fc"]].concat(), &path);
        fs::read(path).unwrap()
    };
    let early = fs::read(early).unwrap();
    for (what, bytes, wanted) in [
        ("of yesterday", early, "rows app.log"),
        ("of definitions", make(&shop, &["-s"]), "rows app.log"),
        (
            "without a table's rows",
            make(&shop, &["--exclude-table-data=app.log"]),
            "rows app.log",
        ),
        (
            "of a table",
            make(&shop, &["-t", "app.log"]),
            "rows app.orders",
        ),
        (
            "of a schema",
            make(&shop, &["-n", "public"]),
            "rows app.log",
        ),
        ("of another database", make(&other, &[]), "rows app.log"),
    ] {
        fs::write(&taken, bytes).unwrap();
        let read = tool("pg-restore-verify")
            .arg("--archive-only")
            .arg(&taken)
            .run();
        expect_verdict(&read, "failed");
        expect_failed(&read.json_lines(), &["checksum", wanted], what);
    }
    // It restores well, which is why nobody would notice.
    let made = make(&shop, &["--section=pre-data", "--section=data"]);
    fs::write(&taken, made).unwrap();
    let output = verify(&taken);
    expect_verdict(&output, "failed");
    assert_eq!(failed(&output), ["checksum"]);
}

/// Copies a file of rows from one folder into another: both were taken from the same database.
#[test]
fn a_file_of_rows_from_an_older_backup() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let old = rotate(&shop, &folder.path().join("old"), &["-F", "directory"]);
    shop.sql("insert into app.log values ('of today')");
    let new = rotate(&shop, &folder.path().join("new"), &["-F", "directory"]);
    let entries = fs::read_dir(&new).unwrap().flatten();
    let changed: Vec<String> = entries
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter(|name| name != "toc.dat")
        .filter(|name| fs::read(old.join(name)).unwrap() != fs::read(new.join(name)).unwrap())
        .collect();
    let [name] = changed.as_slice() else {
        panic!("{changed:?}");
    };
    fs::copy(old.join(name), new.join(name)).unwrap();
    let output = verify(&new);
    expect_verdict(&output, "failed");
    assert_eq!(
        failed(&output),
        ["rows app.log".to_string(), format!("checksum {name}")]
    );
}

#[test]
fn a_manifest_that_somebody_changed() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let taken = rotate(&shop, folder.path(), &[]);
    let name = taken.file_name().unwrap().to_str().unwrap();
    let path = taken.with_file_name(shared::backup::manifest_of(name));
    let manifest = fs::read_to_string(&path).unwrap();
    let changed = manifest.replacen("\"rows\": 7", "\"rows\": 8", 1);
    assert_ne!(changed, manifest);
    fs::write(path, changed).unwrap();
    let output = verify(&taken);
    expect_verdict(&output, "failed");
    assert_eq!(failed(&output), ["checksum"]);
    assert!(
        output.stdout.contains("changed after it was written"),
        "{output:?}"
    );
}

/// Somebody wrote zeros over a part of it, as a disk does.
#[test]
fn four_kilobytes_of_zeros() {
    let database = Database::new();
    database.sql("create table t as select md5(i::text) as t from generate_series(1, 9000) i");
    let folder = tempfile::tempdir().unwrap();
    let zeroed = |path: &Path| {
        let mut bytes = fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle..middle + 4096].fill(0);
        fs::write(path, bytes).unwrap();
    };
    let paths = FORMATS.map(|format| {
        let path = folder.path().join(format);
        pg_dump(&database, &[format], &path).expect_code(0);
        match fs::read_dir(&path) {
            Ok(entries) => {
                let files = entries.flatten().map(|entry| entry.path());
                zeroed(
                    &files
                        .max_by_key(|path| path.metadata().unwrap().len())
                        .unwrap(),
                );
            }
            Err(_) => zeroed(&path),
        }
        path
    });
    for (format, findings) in FORMATS.iter().zip(verify_bad(&paths, &[])) {
        let failed = of_status(&findings, "failed");
        let named = failed[0] == "archive" || failed[0].starts_with("restore TABLE DATA ");
        assert!(named, "{format}: {failed:?}");
    }
}

/// Every dump of such a database is good, and none restores: pg_dump empties the search path.
#[test]
fn a_database_that_no_dump_of_can_be_restored() {
    let database = Database::new();
    if database.cluster().version().major >= 17 {
        return; // Such an index can't be created any more.
    }
    database.sql(
        "create function plain(t text) returns text language sql immutable as 'select lower(t)';
         create function folded(t text) returns text language sql immutable as 'select plain(t)';
         create table words (t text); insert into words values ('a');
         create index words_folded on words (folded(t));
         create table users (id int); insert into users values (1);
         create function is_user(i int) returns boolean language plpgsql as
             'begin return exists (select from users where id = i); end';
         create table posts (who int check (is_user(who))); insert into posts values (1)",
    );
    let folder = tempfile::tempdir().unwrap();
    let paths = FORMATS.map(|format| {
        let path = folder.path().join(format);
        pg_dump(&database, &[format], &path).expect_code(0);
        path
    });
    for (format, findings) in FORMATS.iter().zip(verify_bad(&paths, &[])) {
        let wanted = [
            "rows public.posts",
            "schema INDEX public.words_folded",
            "restore INDEX public.words_folded",
        ];
        expect_failed(&findings, &wanted, format);
        let failed = of_status(&findings, "failed");
        let rows = |failed: &&String| failed.starts_with("restore TABLE DATA ");
        assert_eq!(
            failed.iter().filter(rows).count(),
            1,
            "{format}: {failed:#?}"
        );
        let refused = failed
            .iter()
            .filter(|failed| failed.starts_with("restore "));
        assert_eq!(refused.count(), 2, "{format}: {failed:#?}");
    }
}

#[test]
fn a_script_with_a_forged_key_runs_no_command() {
    let script = plain(&shop(), &[]);
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    let Some(key) = script
        .lines()
        .find_map(|line| line.strip_prefix("\\restrict "))
    else {
        return; // A pg_dump from before August 2025.
    };
    let touch = format!("`touch {}`", mark.display());
    let shell = format!(
        "\\unrestrict {key}\n\\! touch {}\n\\restrict {key}\n",
        mark.display()
    );
    let forged = [
        script.replace(key, &touch),
        script.replacen("CREATE VIEW", &format!("{shell}CREATE VIEW"), 1),
        script.replacen(
            &format!("\\unrestrict {key}"),
            &format!("\\unrestrict {touch}"),
            1,
        ),
    ];
    let paths: Vec<PathBuf> = (0..forged.len())
        .map(|number| folder.path().join(format!("{number}.sql")))
        .collect();
    for (path, script) in paths.iter().zip(forged) {
        fs::write(path, script).unwrap();
    }
    for findings in verify_bad(&paths, &[]) {
        let failed = of_status(&findings, "failed");
        let told = failed
            .iter()
            .any(|failed| failed.starts_with("restore line") || failed == "archive");
        assert!(told, "{failed:?}");
    }
    assert!(!mark.exists());
}

/// A folder of programs in which pg_restore dies as soon as it is to restore rows.
fn programs_with_a_dying_pg_restore(folder: &Path) {
    let real = Program::find("pg_restore", None).unwrap();
    let programs = fs::canonicalize(real.path()).unwrap();
    for entry in fs::read_dir(programs.parent().unwrap()).unwrap().flatten() {
        if entry.file_name() != "pg_restore" {
            symlink(entry.path(), folder.join(entry.file_name())).unwrap();
        }
    }
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *--section=data*) kill -9 $$;; esac\nexec '{}' \"$@\"\n",
        programs.display()
    );
    tests::write_script(folder.join("pg_restore"), script);
}

/// That says nothing about the backup, and is no proof either.
#[test]
fn a_pg_restore_that_is_killed_is_no_fault_of_the_backup() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let programs = folder.path().join("bin");
    fs::create_dir(&programs).unwrap();
    programs_with_a_dying_pg_restore(&programs);
    let path = rotate(&shop, folder.path(), &["-F", "custom"]);
    let run = tool("pg-restore-verify").env("PG_BINDIR", &programs);
    let output = run.arg(&path).run().expect_code(2);
    let output = output.expect_error("pg_restore");
    assert_eq!(output.json_lines().last().unwrap()["check"], "verdict");
    assert_eq!(shared::backup::Proof::read(&path), None);
}

/// An archive that only a newer pg_restore can read can't be tried.
#[test]
fn an_archive_of_a_newer_pg_dump_needs_its_pg_restore() {
    let own = Program::find("pg_restore", None).unwrap();
    let newer = tests::version(18, "pg_dump").filter(|_| own.version.major < 18);
    let Some(newer) = newer else {
        return;
    };
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("newer.dump");
    let run = program(newer.join("pg_dump"))
        .database(&shop)
        .args(["-Fc", "--file"]);
    run.arg(&path).run().expect_code(0);
    let output = verify(&path).expect_code(2);
    let words = output.stderr.contains("18") && output.stderr.contains("hint: ");
    assert!(words, "{output:?}");
}

/// It is promised to load into servers of that pg_dump's version and newer ones only.
#[test]
fn of_an_older_server_by_a_newer_pg_dump() {
    let cluster = start(&Default::default());
    let newer = tests::version(18, "pg_dump").filter(|_| cluster.version().major < 16);
    let Some(newer) = newer else {
        return;
    };
    let database = Database::on(&cluster);
    database.load_sample();
    // Since 16 a dump of a subscription says more than an older server takes.
    database
        .sql("create subscription s connection 'dbname=x' publication p with (connect = false)");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("newer.dump");
    let run = program(newer.join("pg_dump")).database(&database);
    let run = run.args(["-Fc", "--file"]).arg(&path);
    run.run().expect_code(0);
    let own = Program::find("pg_restore", None).unwrap();
    let both = [own.path().parent().unwrap(), &newer].map(|folder| folder.display().to_string());
    let output = tool("pg-restore-verify")
        .env_remove("PG_BINDIR")
        .env("PATH", format!("{}:/usr/bin:/bin", both.join(":")))
        .arg(&path)
        .run();
    expect_verdict(&output, "ok");
}

#[test]
fn what_is_not_installed_here_is_named() {
    let script = plain(&shop(), &[]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup.sql");
    let entry = "--\n-- Name: nonesuch; Type: EXTENSION; Schema: -; Owner: -\n--\n\n\
                 CREATE EXTENSION IF NOT EXISTS nonesuch WITH SCHEMA public;\n\n\n--\n-- Name: notes";
    fs::write(&path, script.replacen("--\n-- Name: notes", entry, 1)).unwrap();
    let output = verify(&path);
    assert_ne!(output.code(), Some(0), "{output:?}");
    assert!(output.stdout.contains("nonesuch"), "{output:?}");
}
