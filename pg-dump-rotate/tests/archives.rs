//! The archives that we compress, as pg_restore sees them, and what is counted on the way.
//!
//! Run with PG_BINDIR and PATH pointing at another version of PostgreSQL to try that.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod setting;

use std::fs;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use serde_json::Value;
use setting::{back_up, manifest, path_of};
use shared::dump::{Compression as Packing, Digest, Toc};
use shared::programs::Program;
use tests::{Database, Output, program};

/// Rows and large objects of every length that makes a difference: none, one, as many as fill
/// a piece, longer than a piece; and things that only look like the end of the rows.
const AWKWARD: &str = r#"
    create table empty (a int);
    create table one (a text); insert into one values ('x');
    create table no_columns (); insert into no_columns select from generate_series(1, 3);
    create table "Quo""ted name" ("a\b" text, "größe" int generated always as (1) stored);
    insert into "Quo""ted name" values ('\.'), ('.'), (null), (E'\n\\.\n'), (E'tab\there');
    create table many as select i, md5(i::text) from generate_series(1, 70000) i;
    create table long_rows as select i, repeat(md5(i::text), 90000 * i) as t
        from generate_series(0, 3) i;
    alter table long_rows alter t set storage external;
    create table noise as select i, encode(sha512(i::text::bytea), 'base64') as t
        from generate_series(1, 30000) i;
    create table parted (i int, t text) partition by range (i);
    create table parted_1 partition of parted for values from (0) to (100);
    create table parted_2 partition of parted for values from (100) to (200);
    insert into parted select i, 'p' from generate_series(0, 199) i;
    do $$ begin for i in 1..300 loop
        execute format('create table small_%s as select %s as a', i, i);
    end loop; end $$;
    select lo_from_bytea(0, '');
    select lo_from_bytea(0, 'x');
    select lo_from_bytea(0, convert_to(repeat('0123456789abcdef', 1 << 16), 'UTF8'));
    select lo_from_bytea(0, convert_to(repeat('large object ', 300000), 'UTF8'));
    select count(lo_from_bytea(0, md5(i::text)::bytea)) from generate_series(1, 500) i;
"#;

fn awkward() -> Database<'static> {
    let database = Database::new();
    database.sql(AWKWARD);
    database
}

/// A program of the version that the tests run against.
fn client(name: &str) -> PathBuf {
    Program::find(name, None).unwrap().path().to_path_buf()
}

/// Whether archives can be compressed by more than gzip here.
fn knows_zstd() -> bool {
    tests::knows_zstd(&client("pg_dump"))
}

fn compressions() -> Vec<&'static str> {
    match knows_zstd() {
        true => vec!["none", "gzip:1", "zstd:3", "lz4", "lz4:9"],
        false => vec!["none", "gzip:1", "gzip:9"],
    }
}

/// The script of an archive, without the key that is another one each time.
fn script_of(archive: &Path) -> String {
    let output = program(client("pg_restore"))
        .args(["-f", "-"])
        .arg(archive)
        .run()
        .expect_code(0);
    without_key(&output.stdout)
}

fn without_key(script: &str) -> String {
    let lines = script.split_inclusive('\n');
    lines
        .filter(|line| !line.starts_with("\\restrict ") && !line.starts_with("\\unrestrict "))
        .collect()
}

fn told(backup: &Path) -> Value {
    serde_json::from_slice(&fs::read(manifest(backup)).unwrap()).unwrap()
}

#[track_caller]
fn take(database: &Database, dir: &Path, arguments: &[&str]) -> PathBuf {
    let output: Output = back_up(database, dir).args(arguments).run().expect_code(0);
    assert_eq!(output.stderr, "", "{arguments:?}");
    path_of(&output)
}

/// Every way to compress, and every selection that changes what is in an archive.
#[test]
fn pg_restore_reads_our_archives_as_those_of_pg_dump() {
    let database = awkward();
    let dir = tempfile::tempdir().unwrap();
    let own = dir.path().join("own.dump");
    let selections: [&[&str]; 5] = [
        &[],
        &["--schema-only"],
        &["--data-only"],
        &["--exclude-table-data=*m*"],
        &["--table=noise", "--no-blobs"],
    ];
    for selection in selections {
        program(client("pg_dump"))
            .args(["-Fc", "-f"])
            .arg(&own)
            .args(selection)
            .database(&database)
            .run()
            .expect_code(0);
        let expected = script_of(&own);
        for compression in compressions() {
            let arguments = [&["-Z", compression], selection].concat();
            let ours = take(&database, dir.path(), &arguments);
            assert!(script_of(&ours) == expected, "{arguments:?}");
            fs::remove_file(ours).unwrap();
        }
    }
}

#[test]
fn our_archives_restore_to_the_same_database() {
    let database = awkward();
    let dump = |database: &Database| {
        let output = program(client("pg_dump")).database(database).run();
        without_key(&output.expect_code(0).stdout)
    };
    let expected = dump(&database);
    let dir = tempfile::tempdir().unwrap();
    for (index, compression) in compressions().into_iter().enumerate() {
        let archive = take(&database, dir.path(), &["-Z", compression]);
        let restored = Database::new();
        program(client("pg_restore"))
            .args(["--exit-on-error", "-d", restored.name()])
            .args(["-j", &(index % 2 + 1).to_string()])
            .arg(&archive)
            .server(restored.cluster())
            .run()
            .expect_code(0);
        assert!(dump(&restored) == expected, "{compression}");
    }
}

/// What the server itself says of a table.
fn table(database: &Database, name: &str) -> (u64, String) {
    use std::io::Read;
    let mut client = database.client();
    let mut rows = String::new();
    let copy = format!("copy (select * from only {name}) to stdout");
    let read = client.copy_out(&copy).unwrap().read_to_string(&mut rows);
    read.unwrap();
    let mut digest = Digest::default();
    rows.lines().for_each(|line| digest.add(line.as_bytes()));
    (digest.rows, digest.sum())
}

#[test]
fn a_manifest_tells_the_rows_of_every_table_whatever_the_format() {
    let database = awkward();
    database.sql("alter table \"Quo\"\"ted name\" drop \"größe\"");
    let dir = tempfile::tempdir().unwrap();
    let mut seen: Option<Value> = None;
    for format in ["custom", "plain", "tar"] {
        let told = told(&take(&database, dir.path(), &["-F", format]));
        let both = serde_json::json!([told["tables"], told["large_objects"]]);
        assert_eq!(both[1]["count"], 504, "{format}");
        assert_eq!(*seen.get_or_insert(both.clone()), both, "{format}");
    }
    let tables = seen.unwrap()[0].as_array().unwrap().clone();
    assert_eq!(tables.len(), 309);
    for told in tables {
        let name = told["name"].as_str().unwrap().replace('"', "\"\"");
        let (rows, digest) = table(&database, &format!("public.\"{name}\""));
        assert_eq!(told["schema"], "public");
        assert_eq!(
            (&told["rows"], &told["digest"]),
            (&rows.into(), &digest.into())
        );
    }
}

fn of_version(major: u32) -> Option<PathBuf> {
    let programs = tests::version(major, "pg_dump")?;
    tests::knows_zstd(&programs.join("pg_dump")).then_some(programs)
}

/// PostgreSQL's programs of a version that compresses by more than gzip, where there is one.
fn newest_programs() -> Option<PathBuf> {
    let own = client("pg_dump").parent().map(PathBuf::from);
    let mut others = (16..=30).rev();
    own.filter(|_| knows_zstd())
        .or_else(|| others.find_map(of_version))
}

/// Each level is another trade of time for size, and read by every pg_restore and by lz4 alike.
#[test]
fn every_level_of_lz4() {
    let database = setting::database_with_rows(20_000);
    database.sql("create table empty (a int); select lo_from_bytea(0, ''), lo_from_bytea(0, 'x')");
    let dir = tempfile::tempdir().unwrap();
    let taken = |programs: Option<&Path>, arguments: &[&str]| {
        let run = back_up(&database, dir.path()).args(arguments);
        let run = match programs {
            Some(programs) => run.env("PG_BINDIR", programs),
            None => run,
        };
        path_of(&run.run().expect_code(0))
    };
    let content = |backup: &Path| {
        let told = told(backup);
        (told["tables"].clone(), told["large_objects"].clone())
    };
    let plain = taken(None, &["-F", "plain", "-Z", "none"]);
    let script = without_key(&fs::read_to_string(&plain).unwrap());
    let mut smaller = u64::MAX;
    for level in ["lz4:1", "lz4:2", "lz4:3", "lz4:12"] {
        let packed = taken(None, &["-F", "plain", "-Z", level]);
        assert_eq!(told(&packed)["compression"], level);
        let bytes = fs::metadata(&packed).unwrap().len();
        assert!(bytes < smaller, "{level}: {bytes}, and {smaller} before");
        smaller = bytes;
        assert!(content(&packed) == content(&plain), "{level}");
        let mut unpacked = String::new();
        let input = BufReader::new(fs::File::open(&packed).unwrap());
        let mut reader = Packing::Lz4.unpack(input).unwrap();
        reader.read_to_string(&mut unpacked).unwrap();
        assert!(without_key(&unpacked) == script, "{level}");
    }
    let Some(programs) = newest_programs() else {
        // No pg_restore here knows lz4.
        return;
    };
    let script = |archive: &Path| {
        let pg_restore = program(programs.join("pg_restore"));
        let output = pg_restore.args(["-f", "-"]).arg(archive).run();
        without_key(&output.expect_code(0).stdout)
    };
    let usual = taken(Some(&programs), &["-Z", "zstd:3"]);
    for format in ["custom", "directory"] {
        for level in ["lz4:9", "lz4:12"] {
            let packed = taken(Some(&programs), &["-F", format, "-Z", level]);
            assert_eq!(told(&packed)["compression"], level);
            assert!(content(&packed) == content(&usual), "{format} {level}");
            assert!(script(&packed) == script(&usual), "{format} {level}");
        }
    }
}

#[test]
fn rows_that_are_not_counted_are_not_told() {
    let database = setting::database_with_rows(100);
    let dir = tempfile::tempdir().unwrap();
    for format in ["custom", "plain", "tar"] {
        let none = told(&take(&database, dir.path(), &["-F", format, "--no-digest"]));
        assert_eq!(none["tables"], Value::Null, "{format}");
        assert_eq!(none["large_objects"], Value::Null, "{format}");
        let schema = told(&take(&database, dir.path(), &["-F", format, "-s"]));
        assert_eq!(schema["tables"], serde_json::json!([]), "{format}");
    }
}

/// A database in this encoding.
fn encoded(encoding: &str) -> Database<'static> {
    let database = Database::new();
    let name = database.name();
    let mut client = database.cluster().connect("postgres").unwrap();
    for statement in [
        format!("drop database {name}"),
        format!("create database {name} template template0 encoding '{encoding}' locale 'C'"),
    ] {
        client.batch_execute(&statement).unwrap();
    }
    database
}

#[test]
fn names_that_are_not_in_utf_8_are_in_the_manifest() {
    for (encoding, sql, expected) in [
        (
            "LATIN1",
            "create table \"tüb\" (\"é\") as select 'ü'",
            "tüb é",
        ),
        (
            "KOI8R",
            "create table \"дом\" (\"я\") as select 'щ'",
            "дом я",
        ),
        (
            "SQL_ASCII",
            "do $$ begin execute convert_from('\\x637265617465207461626c6520226ee978222061732073656c65637420312061', \
             'SQL_ASCII'); end $$",
            "n\u{fffd}x a",
        ),
    ] {
        let database = encoded(encoding);
        database.sql(sql);
        let dir = tempfile::tempdir().unwrap();
        for format in ["custom", "plain", "tar", "directory"] {
            let output = back_up(&database, dir.path()).args(["-F", format]).run();
            assert_eq!(output.stderr, "", "{encoding} {format}");
            let told = told(&path_of(&output.expect_code(0)));
            let table = &told["tables"][0];
            let name = format!(
                "{} {}",
                table["name"].as_str().unwrap(),
                table["columns"][0].as_str().unwrap()
            );
            assert_eq!((name.as_str(), &table["rows"]), (expected, &1.into()));
        }
    }
}

/// Nor what only a server knows how to read; where pg_dump runs elsewhere there is none to ask.
#[test]
fn names_in_an_encoding_that_only_the_server_knows() {
    let database = encoded("EUC_JP");
    database.sql("create table \"表\" (\"列\") as select '値'");
    let dir = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| back_up(&database, dir.path()).args(arguments).run();
    for arguments in [
        &["-F", "custom"][..],
        &["-F", "plain"],
        &["-F", "directory"],
        &["--", "--encoding=SJIS"],
        &["--", "--encoding=UTF8"],
    ] {
        let output = run(arguments).expect_code(0);
        assert_eq!(output.stderr, "", "{arguments:?}");
        let told = told(&path_of(&output));
        let table = &told["tables"][0];
        let says = (&table["name"], &table["columns"][0], &table["rows"]);
        assert_eq!(says, (&"表".into(), &"列".into(), &1.into()), "{told}");
    }
    let bin = tempfile::tempdir().unwrap();
    let far = bin.path().join("pg_dump");
    let script = format!("#!/bin/sh\nexec {} \"$@\"\n", client("pg_dump").display());
    tests::write_script(&far, script);
    let far = format!("env {}", far.display());
    let output = run(&["--pg-dump", &far, "-d", &database.conninfo()]).expect_code(0);
    assert!(output.stderr.contains("the encoding EUC_JP"), "{output:?}");
    assert_eq!(told(&path_of(&output))["tables"], Value::Null);
}

/// How pg_restore ends, and what it makes of the archive until then; none when it hangs, as it
/// does over zlib data that go on behind their end.
fn read_by_pg_restore(pg_restore: &Path, archive: &Path) -> Option<Vec<u8>> {
    let output = program("timeout")
        .args(["10", pg_restore.to_str().unwrap(), "--data-only", "-f", "-"])
        .arg(archive)
        .run();
    (output.code() == Some(0)).then_some(output.bytes)
}

/// A bit that means nothing may be another one: what is restored is the same then. Of frames,
/// pg_restore does not see that the last one of a table has no end, which a few bits of its length
/// can make of it; pg_dump's own archives by zstd and lz4 have no checksum at all.
#[test]
fn pg_restore_notices_bits_that_change_the_data() {
    let database = setting::database_with_rows(40);
    database
        .sql("create table wide as select repeat(md5(i::text), 50) from generate_series(1, 40) i");
    let dir = tempfile::tempdir().unwrap();
    for compression in compressions()
        .into_iter()
        .filter(|method| *method != "none")
    {
        let archive = take(&database, dir.path(), &["-Z", compression]);
        let (mut unnoticed, mut tried) = (0, 0);
        for is_noticed in flips(&archive, &dir.path().join("damaged")) {
            tried += 1;
            unnoticed += usize::from(!is_noticed);
        }
        let most = if compression.starts_with("gzip") {
            0
        } else {
            tried / 50
        };
        assert!(
            unnoticed <= most,
            "{compression}: {unnoticed} of {tried} bits"
        );
    }
}

/// Flips some bits of an archive's data: whether pg_restore fails, or restores the same.
fn flips(archive: &Path, damaged: &Path) -> Vec<bool> {
    let pg_restore = client("pg_restore");
    let read = |path: &Path| {
        let script = read_by_pg_restore(&pg_restore, path)?;
        Some(without_key(&String::from_utf8_lossy(&script)))
    };
    let expected = read(archive);
    let bytes = fs::read(archive).unwrap();
    let mut rest = bytes.as_slice();
    Toc::read(&mut rest).unwrap();
    let start = bytes.len() - rest.len();
    let bits = rest.len() * 8;
    let flip = |bit: usize| {
        let mut changed = bytes.clone();
        changed[start + bit / 8] ^= 1 << (bit % 8);
        fs::write(damaged, changed).unwrap();
        let script = read(damaged);
        script.is_none() || script == expected
    };
    (0..bits).step_by((bits / 200) | 1).map(flip).collect()
}

/// A folder with a pg_dump whose archives say that they are of format 1.99, and with its pg_restore.
fn pg_dump_of_the_future() -> tempfile::TempDir {
    let bin = tempfile::tempdir().unwrap();
    let dump = client("pg_dump").display().to_string();
    let newer = "{ dd bs=1 count=6; dd bs=1 count=1 >&2; printf '\\143'; cat; } 2>/dev/null";
    for (name, script) in [
        (
            "pg_dump",
            format!("[ $1 != --version ] || exec {dump} $1\n{dump} \"$@\" | {newer}"),
        ),
        (
            "pg_restore",
            format!("[ $1 != --version ] || exec {dump} $1\nexit 0"),
        ),
    ] {
        let path = bin.path().join(name);
        tests::write_script(&path, format!("#!/bin/sh\n{script}\n"));
    }
    bin
}

#[test]
fn an_archive_of_a_later_version_is_kept_as_it_is() {
    let database = setting::database_with_rows(1000);
    let dir = tempfile::tempdir().unwrap();
    let bin = pg_dump_of_the_future();
    let output = back_up(&database, dir.path())
        .env("PG_BINDIR", bin.path())
        .run()
        .expect_code(0);
    let words = "warning: this pg_dump writes archives of a kind that is not known here";
    assert!(output.stderr.contains(words), "{output:?}");
    let backup = path_of(&output);
    let told = told(&backup);
    assert_eq!(
        (&told["compression"], &told["tables"]),
        (&"none".into(), &Value::Null)
    );
    let mut bytes = fs::read(&backup).unwrap();
    assert_eq!(bytes[6], 99);
    let pg_dump = client("pg_dump");
    program(pg_dump)
        .args(["-Fc", "-Z0", "-f"])
        .arg(dir.path().join("own"))
        .database(&database)
        .run()
        .expect_code(0);
    let own = fs::read(dir.path().join("own")).unwrap();
    bytes[6] = own[6];
    let known = dir.path().join("known.dump");
    fs::write(&known, bytes).unwrap();
    assert!(script_of(&known) == script_of(&dir.path().join("own")));
}
