//! `-F directory`: a folder of files that is a backup only when it is whole.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod setting;

use std::fs;
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
    let newer = (FIRST_WITH_METHODS.max(version + 1)..=30)
        .filter_map(|major| tests::version(major, "pg_dump"));
    let newer = newer.filter(|programs| tests::knows_zstd(&programs.join("pg_dump")));
    std::iter::once(None).chain(newer.map(Some)).collect()
}

/// The first pg_dump that compresses by more than zlib.
const FIRST_WITH_METHODS: u32 = 16;

fn knows_every_method(client: Option<&PathBuf>) -> bool {
    tests::knows_zstd(&of(client, "pg_dump"))
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
        let methods: &[&str] = match knows_every_method(client.as_ref()) {
            true => &["default", "none", "gzip", "zstd", "lz4"],
            false => &["default", "none"],
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
    let run = program("sh").args(["-c", &command]).server(copy.cluster());
    let run = match client {
        Some(client) => {
            let path = std::env::var("PATH").unwrap();
            run.env("PATH", format!("{}:{path}", client.display()))
        }
        None => run,
    };
    run.run().expect_code(0);
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
    tests::write_script(&path, script);
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
        (&format!("{orders}; truncate -s -4 $f"), ""),
        (&format!("{orders}; truncate -s 1000 $f"), ""),
        (&format!("{orders}; echo x >> $f"), "goes on behind its end"),
        // From 17 on they are called by their numbers.
        ("rm blob_*", "the data of BLOBS "),
        ("rm blobs*.toc", "the data of BLOBS "),
        (": > $(ls blobs*.toc)", "a large object's number is missing"),
        ("truncate -s -2 blob_*", ""),
        ("mkdir sub", ""),
        ("exit 1", "ended with status 1"),
        ("kill -9 $$", "pg_dump was ended by signal 9"),
    ] {
        for afterwards in [false, true] {
            let bin = pg_dump_and_then(damage, afterwards);
            let run_of = |bin: &Path| {
                let run = back_up(&database, dir.path()).env("PG_BINDIR", bin);
                run.args(["-F", "directory", "-j", "2"])
            };
            // This one pg_dump compresses.
            let output = run_of(bin.path())
                .args(["-Z", "gzip:1"])
                .run()
                .expect_code(2);
            let changed = afterwards && output.stderr.contains("was changed after");
            assert!(
                changed || output.stderr.contains(words),
                "{damage}: {output:?}"
            );
            assert!(visible(dir.path()).is_empty(), "{damage}: {output:?}");
            // What we compress may have been read before it was damaged: then it is not.
            let packed = run_of(bin.path()).args(["-Z", "gzip:2"]).run();
            match packed.code() {
                // The bytes of a large object tell nothing of their end.
                Some(0) if damage.starts_with("truncate -s -2 blob") => remove_all(dir.path()),
                Some(0) if afterwards => {
                    let backup = path_of(&packed);
                    check(&database, &backup, dir.path());
                    remove_all(dir.path());
                }
                Some(2) => {}
                _ => panic!("{damage}: {packed:?}"),
            }
            assert!(visible(dir.path()).is_empty(), "{damage}: packed");
        }
    }
    let bin = pg_dump_and_then("true", false);
    let run = back_up(&database, dir.path()).env("PG_BINDIR", bin.path());
    run.args(["-F", "directory"]).run().expect_code(0);
}

fn remove_all(dir: &Path) {
    for name in visible(dir) {
        let path = dir.join(name);
        match path.is_dir() {
            true => fs::remove_dir_all(path).unwrap(),
            false => fs::remove_file(path).unwrap(),
        }
    }
}

/// A pg_dump that notes its arguments in the file `said` beside it, and then runs this, in which
/// `real` is pg_dump and `out` its folder.
fn pg_dump_that(does: &str) -> TempDir {
    let bin = tempfile::tempdir().unwrap();
    let real = Program::find("pg_dump", None).unwrap();
    let real = real.path().display();
    let script = format!(
        "#!/bin/sh
        real={real}
        [ \"$1\" = --version ] && exec $real --version
        for word do [ \"$previous\" = --file ] && out=$word; previous=$word; done
        echo \"$@\" >> ${{0%/*}}/said
        {does}
        "
    );
    let path = bin.path().join("pg_dump");
    tests::write_script(&path, script);
    bin
}

/// How each pg_dump was told to compress.
fn compressed_by_pg_dump(bin: &Path) -> Vec<String> {
    let said = fs::read_to_string(bin.join("said")).unwrap();
    let words = said.split_whitespace();
    let words = words.filter_map(|word| word.strip_prefix("--compress="));
    // Up to 15 it knows levels alone.
    let levels = words.map(|word| word.trim_start_matches("gzip:"));
    levels.map(str::to_string).collect()
}

/// Whether this file system forgets what is punched out of a file without writing it first.
fn is_free_here(dir: &Path) -> bool {
    let database = database_with_rows(10);
    let bin = pg_dump_that("exec $real \"$@\"");
    let run = back_up(&database, dir).env("PG_BINDIR", bin.path());
    let run = run.args(["-F", "directory", "-Z", "gzip:2"]);
    run.run().expect_code(0);
    remove_all(dir);
    compressed_by_pg_dump(bin.path()) == ["0"]
}

/// In memory it always is.
#[cfg(target_os = "linux")]
#[test]
fn we_compress_where_that_costs_the_disk_nothing() {
    let dir = tempfile::tempdir_in("/dev/shm").unwrap();
    assert!(is_free_here(dir.path()));
}

#[test]
fn pg_dump_compresses_what_would_take_too_much_room() {
    let database = database_with_rows(1000);
    // 16 TB, as the catalog has it, and nobody can look while it is locked.
    database.sql(
        "create table huge (x int);
         update pg_class set relpages = 2000000000 where relname = 'huge'",
    );
    let mut holder = database.client();
    holder.batch_execute("begin; lock table huge").unwrap();
    let dir = tempfile::tempdir_in("/dev/shm").unwrap();
    let bin = pg_dump_that("exec $real \"$@\"");
    let run = back_up(&database, dir.path()).env("PG_BINDIR", bin.path());
    let run = run.args(["-F", "directory", "-Z", "gzip:2", "--force"]);
    let run = run.args(["--lock-wait", "100ms"]);
    run.run().expect_code(2);
    assert_eq!(compressed_by_pg_dump(bin.path()), ["2"]);
    assert!(visible(dir.path()).is_empty());
}

#[test]
fn what_takes_more_room_than_was_foreseen_is_begun_again() {
    let database = database_of_all_kinds();
    let dir = tempfile::tempdir_in("/dev/shm").unwrap();
    // A file that nobody reads before it is closed.
    let bin = pg_dump_that(
        "case $* in
             *compress=0*) { head -c 80000000 /dev/zero; sleep 600; } > $out/blobs.toc ;;
             *) exec $real \"$@\" ;;
         esac",
    );
    let run = back_up(&database, dir.path()).env("PG_BINDIR", bin.path());
    let output = run
        .args(["-F", "directory", "-j", "2", "-Z", "gzip:2"])
        .run();
    let output = output.expect_code(0);
    assert_eq!(compressed_by_pg_dump(bin.path()), ["0", "2"]);
    let words = "warning: the dump takes more room than was foreseen";
    assert!(output.stderr.contains(words), "{output:?}");
    check(&database, &path_of(&output), dir.path());
}

/// Not hours later.
#[test]
fn what_can_not_be_read_ends_pg_dump() {
    let database = database_with_rows(10);
    let dir = tempfile::tempdir().unwrap();
    for method in ["none", "gzip:2"] {
        let bin = pg_dump_that("mkdir $out/1.dat; exec sleep 600");
        let run = back_up(&database, dir.path()).env("PG_BINDIR", bin.path());
        let output = run.args(["-F", "directory", "-Z", method]).run();
        output.expect_code(2).expect_error("1.dat: Is a directory");
        assert!(visible(dir.path()).is_empty());
    }
}

/// The bytes of a dump's table of contents, without when it was begun.
fn contents_of(folder: &Path) -> Vec<u8> {
    const TIME: std::ops::Range<usize> = 11..60;
    let mut bytes = fs::read(folder.join("toc.dat")).unwrap();
    let version = bytes[6];
    let (at, length) = if version >= 15 { (11, 1) } else { (11, 5) };
    let compression = bytes[at..at + length].to_vec();
    bytes.splice(TIME, compression);
    bytes
}

/// Also by an older or newer pg_restore, with several connections or one.
#[test]
fn what_we_compress_is_what_pg_dump_would_write() {
    let database = database_of_all_kinds();
    database.sql(
        "do $$ begin for n in 1..200 loop
             execute format('create table small_%s as select %s as a', n, n); end loop; end $$;
         create table noise as select n, encode(sha512(n::text::bytea), 'base64') as t
             from generate_series(1, 40000) n;
         create table edge (x text); alter table edge alter x set storage external;
         insert into edge values (repeat('x', 1048571))",
    );
    for client in clients() {
        let methods: &[&str] = match knows_every_method(client.as_ref()) {
            true => &["gzip:6", "zstd:3", "lz4:1"],
            false => &["gzip:2"],
        };
        for method in methods {
            let dir = tempfile::tempdir_in("/dev/shm").unwrap();
            let run = with(client.as_ref(), back_up(&database, dir.path()));
            let run = run.args(["-F", "directory", "-j", "2", "-Z", method]);
            let ours = path_of(&run.run().expect_code(0));
            let theirs = dir.path().join("theirs");
            let compress = method.strip_prefix("gzip:").unwrap_or(method);
            let pg_dump = program(of(client.as_ref(), "pg_dump"));
            let pg_dump = pg_dump.args(["-Fd", "-j2", "--compress", compress, "-f"]);
            pg_dump
                .arg(&theirs)
                .database(&database)
                .run()
                .expect_code(0);
            assert_eq!(tests::files_in(&ours), tests::files_in(&theirs), "{method}");
            assert!(
                contents_of(&ours) == contents_of(&theirs),
                "{client:?} {method}"
            );
            read_alike(&ours, &theirs, client.as_ref());
        }
    }
}

fn of(client: Option<&PathBuf>, name: &str) -> PathBuf {
    match client {
        Some(client) => client.join(name),
        None => Program::find(name, None).unwrap().path().to_path_buf(),
    }
}

/// Every pg_restore that can read archives of that pg_dump makes the same of both.
#[track_caller]
fn read_alike(ours: &Path, theirs: &Path, client: Option<&PathBuf>) {
    let others = tests::versions().into_values();
    let others = others.map(|programs| programs.join("pg_restore"));
    let others = others.filter(|path| path.exists());
    let own = of(client, "pg_restore");
    let mut read = 0;
    for pg_restore in std::iter::once(own).chain(others) {
        let script = |folder: &Path| {
            let output = program(&pg_restore).args(["-f", "-"]).arg(folder).run();
            let script = output
                .stdout
                .lines()
                .filter(|line| !line.contains("restrict "));
            let script: Vec<String> = script.map(str::to_string).collect();
            (output.code(), script)
        };
        let (ours, theirs) = (script(ours), script(theirs));
        assert!(ours == theirs, "{pg_restore:?}");
        read += usize::from(ours.0 == Some(0));
    }
    assert!(read > 0);
}

#[test]
fn a_dump_without_rows_has_no_tables() {
    let database = database_with_rows(100);
    let dir = tempfile::tempdir().unwrap();
    let run = back_up(&database, dir.path()).args(["-F", "directory", "-s"]);
    let said = read(&path_of(&run.run().expect_code(0)));
    assert_eq!(said.tables, Some(Vec::new()));
}
