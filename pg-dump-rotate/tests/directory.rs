//! `-F directory`: a folder of files that is a backup only when it is whole.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod setting;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;
use setting::{back_up, checksums, database_with_rows, folder, manifest, path_of, text, visible};
use shared::backup::Manifest;
use shared::dump::{Digest, LargeObjectDigest, Tally};
use shared::programs::Program;
use tempfile::TempDir;
use tests::{Database, ToolCommand, program, tool};

/// A database with what a dump of directory format has files for, and what it hasn't.
fn database_of_all_kinds() -> Database<'static> {
    let database = database_with_rows(5000);
    database.sql(
        "create schema \"od d\";
         create table \"od d\".\"ta\"\"b\nle\" (\"a b\" text, \"Ü\" bytea);
         insert into \"od d\".\"ta\"\"b\nle\" values (E'\\\\.\\n\\t', '\\x00ff'), (null, null);
         create table empty (x int);
         create table no_columns (); insert into no_columns default values;
         create table parted (k int, v text) partition by list (k);
         create table part_1 partition of parted for values in (1);
         create table part_2 partition of parted default;
         insert into parted select n % 3, n::text from generate_series(1, 100) as n;
         create table wide (x text);
         alter table wide alter x set storage external;
         insert into wide select repeat(md5(n::text), 40000) from generate_series(1, 3) as n;
         create sequence numbers; select nextval('numbers');
         select lo_from_bytea(0, '\\x0102'), lo_from_bytea(0, decode(repeat('ab', 500000), 'hex')),
                lo_from_bytea(0, '')",
    );
    database
}

#[test]
fn how_far_it_is_can_be_seen() {
    let database = database_with_rows(100);
    let dir = tempfile::tempdir().unwrap();
    let run = back_up(&database, dir.path()).args(["-F", "directory"]);
    let output = run.terminal().run().expect_code(0);
    let line = format!("\r{}: ", database.name());
    assert!(output.stdout.contains(&line), "{output:?}");
}

fn read(backup: &Path) -> Manifest {
    Manifest::read(backup).unwrap().unwrap()
}

/// What the server says of a table: the same that a manifest says.
fn on_the_server(database: &Database, columns: &[String], schema: &str, name: &str) -> Digest {
    use std::io::Read;
    let quoted = |name: &str| shared::dump::quote_identifier(name);
    let columns: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
    let columns = match columns.is_empty() {
        true => String::new(),
        false => format!("({})", columns.join(", ")),
    };
    let copy = format!(
        "copy {}.{} {columns} to stdout",
        quoted(schema),
        quoted(name)
    );
    let mut lines = Vec::new();
    let mut client = database.client();
    let mut reader = client.copy_out(&copy).unwrap();
    reader.read_to_end(&mut lines).unwrap();
    let mut digest = Digest::default();
    digest.add_lines(&lines);
    digest
}

/// The clients on this machine that can dump the server, this one's first; `None`: on PATH.
fn clients() -> Vec<Option<PathBuf>> {
    let version = tests::cluster().version().major;
    let newer = (version + 1..=30).map(|major| PathBuf::from(format!("/opt/pg/{major}/bin")));
    let newer = newer.filter(|path| path.join("pg_dump").exists());
    std::iter::once(None).chain(newer.map(Some)).collect()
}

fn with(client: Option<&PathBuf>, run: ToolCommand) -> ToolCommand {
    match client {
        Some(client) => run.env("PG_BINDIR", client),
        None => run,
    }
}

#[test]
fn a_folder_is_a_backup_with_a_manifest_of_every_file() {
    let database = database_of_all_kinds();
    for client in clients() {
        let methods: &[&str] = match client {
            Some(_) => &["default", "none", "gzip", "zstd", "lz4"],
            None => &["default", "none"],
        };
        for (method, jobs) in methods.iter().zip(["2", "1", "3", "2", "1"]) {
            let dir = tempfile::tempdir().unwrap();
            let run = with(client.as_ref(), back_up(&database, dir.path()));
            let run = run.args(["-F", "directory", "-j", jobs]);
            let run = match *method {
                "default" => run,
                method => run.args(["-Z", method]),
            };
            let output = run.run().expect_code(0);
            assert_eq!(output.stderr, "");
            let backup = path_of(&output);
            check(&database, &backup, dir.path());
            let record = &output.json_lines()[0];
            let bytes: u64 = read(&backup).bytes();
            assert_eq!(record["bytes"], bytes, "{client:?} {method}");
            restores(&database, &text(record, "restore_command"), client.as_ref());
        }
    }
}

/// Every file is named and as it was, and every row was counted.
#[track_caller]
fn check(database: &Database, backup: &Path, dir: &Path) {
    let name = backup.file_name().unwrap().to_str().unwrap();
    assert!(name.ends_with("Z.dir"), "{name}");
    let beside = ["", ".manifest.json", ".sha256"].map(|side| format!("{name}{side}"));
    assert_eq!(visible(dir), beside);
    assert_eq!(setting::mode(backup), 0o700);
    let said = read(backup);
    let mut named: Vec<String> = said.files.iter().map(|file| file.name.clone()).collect();
    named.sort();
    let files: Vec<String> = tests::files_in(backup)
        .iter()
        .map(|file| format!("{name}/{file}"))
        .collect();
    assert_eq!(named, files);
    let check = program("sha256sum").args(["--strict", "-c", "--quiet"]);
    let check = check.arg(checksums(backup)).current_dir(dir);
    check.run().expect_code(0);
    let tables = said.tables.as_ref().unwrap();
    let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    let expected = [
        "ta\"b\nle",
        "empty",
        "no_columns",
        "orders",
        "part_1",
        "part_2",
        "wide",
    ];
    assert_eq!(names, expected);
    for table in tables {
        let expected = on_the_server(database, &table.columns, &table.schema, &table.name);
        assert_eq!(table.rows, expected.rows, "{table:?}");
        assert_eq!(table.digest, expected.sum(), "{table:?}");
    }
    let mut large_objects = said.large_objects.unwrap();
    assert_eq!(std::mem::take(&mut large_objects.count), 3);
    assert_eq!(large_objects.digest, large_object_digest(database));
    assert_eq!(said.database.as_deref(), Some(database.name()));
}

fn large_object_digest(database: &Database) -> String {
    let mut tally = Tally::default();
    let sql = "select oid, lo_get(oid) from pg_largeobject_metadata";
    for row in database.client().query(sql, &[]).unwrap() {
        let mut content = LargeObjectDigest::default();
        content.add(row.get(1));
        tally.add_large_object(row.get(0), &content);
    }
    tally.large_objects().digest
}

#[track_caller]
fn restores(database: &Database, command: &str, client: Option<&PathBuf>) {
    let copy = Database::new();
    let command = command.replace(database.name(), copy.name());
    // The source's name is in the path, too.
    let command = command.replace(
        &format!("/{}_", copy.name()),
        &format!("/{}_", database.name()),
    );
    let path = std::env::var("PATH").unwrap();
    let path = match client {
        Some(client) => format!("{}:{path}", client.display()),
        None => path,
    };
    let run = program("sh").args(["-c", &command]).server(copy.cluster());
    run.env("PATH", path).run().expect_code(0);
    for sql in [
        "select count(*), md5(string_agg(orders::text, ',' order by id)) from orders",
        "select md5(string_agg(loid || ':' || pageno || data::text, ',' order by loid, pageno)) from pg_largeobject",
    ] {
        let sql = format!("select t::text from ({sql}) as t");
        assert_eq!(database.value(&sql), copy.value(&sql));
    }
}

#[test]
fn rows_need_not_be_counted() {
    let database = database_of_all_kinds();
    let dir = tempfile::tempdir().unwrap();
    let run = back_up(&database, dir.path()).args(["-F", "d", "-j", "2", "--no-digest"]);
    let backup = path_of(&run.run().expect_code(0));
    let said = read(&backup);
    assert_eq!((said.tables, said.large_objects), (None, None));
    let check = program("sha256sum").arg("-c").arg(checksums(&backup));
    check.current_dir(dir.path()).run().expect_code(0);
}

#[test]
fn folders_are_listed_rotated_and_restored_like_files() {
    let database = database_with_rows(10);
    let dir = tempfile::tempdir().unwrap();
    let run = || back_up(&database, dir.path()).args(["-F", "directory"]);
    let [first, second] = [(); 2].map(|()| path_of(&run().run().expect_code(0)));
    let states = || {
        let listed = folder(dir.path()).arg("--list").run();
        let listed = listed.json_lines();
        listed
            .iter()
            .map(|record| text(record, "state"))
            .collect::<Vec<_>>()
    };
    assert_eq!(states(), ["ok", "ok"]);
    let output = run().args(["--keep-last", "2"]).run().expect_code(0);
    assert_eq!(output.stderr, "");
    assert!(!first.exists() && !manifest(&first).exists() && !checksums(&first).exists());
    let data = fs::read_dir(&second).unwrap().flatten().find(|file| {
        let name = file.file_name().into_string().unwrap();
        name.contains(".dat") && name != "toc.dat"
    });
    let data = data.unwrap().path();
    fs::write(&data, "short").unwrap();
    assert_eq!(states(), ["ok", "size differs"]);
    fs::remove_file(&data).unwrap();
    assert_eq!(states(), ["ok", "data missing"]);
    let run = run().args(["--keep-last", "1"]).run().expect_code(0);
    assert!(second.exists() && manifest(&second).exists(), "{run:?}");
}

#[test]
fn the_verifier_proves_it_or_says_what_is_wrong() {
    let database = database_with_rows(10);
    let dir = tempfile::tempdir().unwrap();
    let run = back_up(&database, dir.path()).args(["-F", "directory"]);
    let backup = path_of(&run.run().expect_code(0));
    let verify = || tool("pg-restore-verify").arg(&backup).run();
    verify().expect_code(0);
    let toc = backup.join("toc.dat");
    let mut bytes = fs::read(&toc).unwrap();
    // A byte of the time it was begun, which nobody else would miss.
    bytes[20] ^= 1;
    fs::write(&toc, bytes).unwrap();
    let output = verify().expect_code(1);
    let failed = |record: &Value| record["check"] == "checksum" && record["status"] == "failed";
    assert!(output.json_lines().iter().any(failed), "{output:?}");
}

/// A pg_dump that reports success, and something happened to what it wrote: to what it will
/// write, or, `afterwards`, to what it has written.
fn pg_dump_and_then(damage: &str, afterwards: bool) -> TempDir {
    let bin = tempfile::tempdir().unwrap();
    let real = Program::find("pg_dump", None).unwrap();
    let real = real.path().display();
    let [before, after] = match afterwards {
        true => ["true", damage],
        false => [damage, "true"],
    };
    let script = format!(
        "#!/bin/sh
        [ \"$1\" = --version ] && exec {real} --version
        for word do [ \"$previous\" = --file ] && out=$word; previous=$word; done
        work=${{0%/*}}/work
        rm -rf $work
        {real} \"$@\" --file=$work || exit
        cd $work && {{ {before}; }} && cp -r . \"$out\" && cd \"$out\" && {{ {after}; }}
        "
    );
    let path = bin.path().join("pg_dump");
    fs::write(&path, script).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    bin
}

#[test]
fn what_is_not_whole_is_no_backup() {
    let database = database_of_all_kinds();
    let dir = tempfile::tempdir().unwrap();
    // The largest file.
    let orders = "f=$(ls -S [0-9]*.dat* | head -n 1)";
    for (damage, words) in [
        ("rm toc.dat", "the table of contents is missing"),
        (": > toc.dat", "ends early"),
        ("truncate -s -1 toc.dat", "ends early"),
        ("echo >> toc.dat", "makes no sense"),
        (
            &format!("{orders}; rm $f"),
            "the data of TABLE DATA public.orders is missing",
        ),
        (&format!("{orders}; : > $f"), ""),
        (&format!("{orders}; truncate -s -1 $f"), ""),
        (&format!("{orders}; truncate -s 1000 $f"), ""),
        (&format!("{orders}; echo >> $f"), "goes on behind its end"),
        ("rm blob_*", "the data of BLOBS BLOBS is missing"),
        ("rm blobs*.toc", "the data of BLOBS BLOBS is missing"),
        (": > blobs.toc", "a large object's number is missing"),
        ("truncate -s -2 blob_*", ""),
        ("mkdir sub", ""),
        ("exit 1", "ended with status 1"),
        ("kill -9 $$", "pg_dump was ended by signal 9"),
    ] {
        for afterwards in [false, true] {
            let bin = pg_dump_and_then(damage, afterwards);
            let run = back_up(&database, dir.path()).env("PG_BINDIR", bin.path());
            let run = run.args(["-F", "directory", "-j", "2", "-Z", "gzip:1"]);
            let output = run.run().expect_code(2);
            let changed = afterwards && output.stderr.contains("was changed after");
            assert!(
                changed || output.stderr.contains(words),
                "{damage}: {output:?}"
            );
            assert!(visible(dir.path()).is_empty(), "{damage}: {output:?}");
        }
    }
    let bin = pg_dump_and_then("true", false);
    let run = back_up(&database, dir.path()).env("PG_BINDIR", bin.path());
    run.args(["-F", "directory"]).run().expect_code(0);
}

#[test]
fn a_dump_without_rows_has_no_tables() {
    let database = database_with_rows(100);
    let dir = tempfile::tempdir().unwrap();
    let run = back_up(&database, dir.path()).args(["-F", "directory", "-s"]);
    let said = read(&path_of(&run.run().expect_code(0)));
    assert_eq!(said.tables, Some(Vec::new()));
}
