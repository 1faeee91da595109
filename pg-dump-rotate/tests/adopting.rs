//! Folders made by others: what is recognised, what is adopted, and what is never touched.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod setting;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use setting::{back_up, database_with_rows, folder, manifest, text, visible};
use shared::cluster::ClusterOptions;
use shared::programs::Program;

use tests::{Database, Output, Refused, program};

/// What pg_dump makes of the database.
fn dump(database: &Database, options: &[&str]) -> Vec<u8> {
    let pg_dump = Program::find("pg_dump", None).unwrap();
    let run = program(pg_dump.path()).database(database).args(options);
    run.run().expect_code(0).bytes
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

fn lz4(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn names(output: &Output, action: &str) -> Vec<String> {
    let mut names: Vec<String> = setting::actions(output)
        .into_iter()
        .filter(|(of, _)| of == action)
        .map(|(_, name)| name)
        .collect();
    names.sort();
    names
}

fn list(dir: &Path, arguments: &[&str]) -> Vec<Value> {
    let list = folder(dir).arg("--list").args(arguments).run();
    let records = list.json_lines();
    let fine = ["ok", "no manifest", "unfinished"];
    let is_fine = |record: &Value| fine.contains(&text(record, "state").as_str());
    list.expect_code(i32::from(!records.iter().all(is_fine)));
    records
}

/// A dump in every format, named as others do.
fn every_format(database: &Database, dir: &Path) -> Vec<(String, &'static str)> {
    let sql = dump(database, &["-Fp"]);
    let files = [
        ("b_20260101.dump", "custom", dump(database, &["-Fc"])),
        ("b_20260102.dump", "custom", dump(database, &["-Fc", "-Z0"])),
        ("b_20260103.tar", "tar", dump(database, &["-Ft"])),
        ("b_20260104.sql", "plain", sql.clone()),
        ("b_20260105.sql.gz", "plain", gzipped(&sql)),
        ("b_20260106.sql.zst", "plain", zstd(&sql)),
        ("b_20260107.sql.lz4", "plain", lz4(&sql)),
    ];
    let mut all = Vec::new();
    for (name, format, bytes) in files {
        fs::write(dir.join(name), bytes).unwrap();
        all.push((name.to_string(), format));
    }
    let folder = dir.join("b_20260108");
    dump(database, &["-Fd", "-f", folder.to_str().unwrap()]);
    all.push(("b_20260108".into(), "directory"));
    all
}

fn database_with_large_objects() -> Database<'static> {
    let database = database_with_rows(1000);
    database.sql("select lo_from_bytea(0, 'a'), lo_from_bytea(0, 'b')");
    database
}

#[test]
fn every_format_is_recognised_by_its_content() {
    let database = database_with_large_objects();
    let dir = tempfile::tempdir().unwrap();
    let expected = every_format(&database, dir.path());
    let before = visible(dir.path());
    let name = database.name();
    for arguments in [&["--match", "b_*"][..], &["--match", "b_*", "-d", name]] {
        let mut listed = list(dir.path(), arguments);
        listed.reverse();
        let found: Vec<(String, String)> = listed
            .iter()
            .map(|record| {
                let path = PathBuf::from(text(record, "path"));
                let name = path.file_name().unwrap().to_str().unwrap().to_string();
                assert_eq!(record["state"], "ok", "{record}");
                (name, text(record, "format"))
            })
            .collect();
        let expected = expected.iter().map(|(n, f)| (n.clone(), f.to_string()));
        assert_eq!(found, expected.collect::<Vec<_>>());
        assert_eq!(listed[0]["taken_at"], "2026-01-01T00:00:00Z");
        assert_eq!(listed[0]["database"], name);
        // Without -d nobody knows what a script is of.
        let of_script = &listed[3]["database"];
        assert_eq!(
            *of_script,
            if arguments.len() == 4 {
                name.into()
            } else {
                Value::Null
            }
        );
        assert!(listed[3]["server_version"].is_string());
    }
    assert_eq!(visible(dir.path()), before, "a list changes nothing");
}

/// Whatever the format: a dump that is cut anywhere, or has a byte changed where a checksum
/// covers it, is not taken for one.
#[test]
fn what_is_not_whole_is_a_problem_and_is_never_counted_or_deleted() {
    let database = database_with_large_objects();
    let dir = tempfile::tempdir().unwrap();
    let whole = every_format(&database, dir.path());
    for (name, format) in &whole {
        let path = dir.path().join(name);
        if *format == "directory" {
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        for (at, part) in [1, 3, 7].into_iter().enumerate() {
            let cut = dir.path().join(format!("cut{at}_{name}"));
            fs::write(cut, &bytes[..bytes.len() * part / 8]).unwrap();
        }
        let end = match name.rsplit('.').next() {
            Some("tar") => 1024,
            // The last lines of a script are empty.
            Some("sql") => 50,
            _ => 1,
        };
        let cut = dir.path().join(format!("cut9_{name}"));
        fs::write(cut, &bytes[..bytes.len() - end]).unwrap();
        if name.ends_with(".sql.gz") || name == "b_20260101.dump" {
            let mut bytes = bytes;
            let at = bytes.len() * 3 / 4;
            bytes[at] ^= 0x10;
            fs::write(dir.path().join(format!("cut_flipped_{name}")), bytes).unwrap();
        }
        fs::write(dir.path().join(format!("cut_empty_{name}")), "").unwrap();
    }
    let before = visible(dir.path());
    let records = list(dir.path(), &["--match", "cut*"]);
    assert_eq!(records.len(), 7 * 5 + 2);
    for record in &records {
        assert_eq!(record["state"], "incomplete", "{record}");
        assert!(!text(record, "reason").is_empty());
    }
    let run = folder(dir.path()).args(["--rotate", "--keep-last", "1", "--match", "cut*"]);
    let output = run.run().expect_code(1);
    assert_eq!(names(&output, "skipped").len(), records.len());
    assert_eq!(visible(dir.path()), before);
    let check = folder(dir.path()).args(["--check", "--match", "cut*"]);
    check.run().expect_code(1);
}

/// It has all the words of a dump, and does not restore as it is.
/// A night's reading of all that is broken is saved, and nothing else: what was changed is read again,
/// and so is everything where every byte is asked for.
#[test]
fn what_is_broken_is_read_once() {
    let database = database_with_rows(1000);
    let dir = tempfile::tempdir().unwrap();
    let whole = dump(&database, &["-Fc"]);
    let path = dir.path().join("b_20260101.dump");
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    fs::write(dir.path().join("b_20260102.dump"), &whole).unwrap();
    let rotate = || {
        let run = folder(dir.path()).args(["--rotate", "--match", "b_*", "--keep-last", "2"]);
        let output = run.run();
        let skipped = output.json_lines().into_iter();
        let skipped = skipped.filter(|record| record["action"] == "skipped");
        let why: Vec<String> = skipped.map(|record| text(&record, "reason")).collect();
        (output.code(), why)
    };
    let (code, why) = rotate();
    assert_eq!((code, why.len()), (Some(1), 1));
    // Nobody but us writes there what is told then.
    let file = dir.path().join(".pg-dump-rotate.broken.json");
    let known = fs::read_to_string(&file).unwrap();
    assert!(known.contains(&why[0]), "{known}");
    assert_eq!(setting::mode(&file), 0o600);
    fs::write(&file, known.replace(&why[0], "remembered")).unwrap();
    let listed = |more: &[&str]| {
        let records = list(dir.path(), &[&["--match", "b_*"], more].concat());
        text(&records[1], "reason")
    };
    assert_eq!(rotate(), (Some(1), vec!["remembered".to_string()]));
    assert_eq!(listed(&[]), "remembered");
    assert_eq!(listed(&["--verify-checksums"]), why[0]);
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(listed(&[]), why[0], "it may be another");
    // Of another version it may be another's truth, and what is no text is none.
    for other in [
        known.replace("\"version\":\"", "\"version\":\"0."),
        "{".into(),
    ] {
        fs::write(&file, other.replace(&why[0], "remembered")).unwrap();
        assert_eq!(rotate(), (Some(1), why.clone()));
    }
    fs::write(&path, &whole).unwrap();
    assert_eq!(rotate(), (Some(0), Vec::new()));
}

/// What could not be read today may be whole tomorrow.
#[test]
fn what_can_not_be_read_is_tried_again() {
    let database = database_with_rows(10);
    let dir = tempfile::tempdir().unwrap();
    let folder_of_it = dir.path().join("b_20260101");
    dump(&database, &["-Fd", "-f", folder_of_it.to_str().unwrap()]);
    let toc = folder_of_it.join("toc.dat");
    let moved = folder_of_it.join("moved");
    fs::rename(&toc, &moved).unwrap();
    std::os::unix::fs::symlink("toc.dat", &toc).unwrap();
    let rotate = || folder(dir.path()).args(["--rotate", "--match", "b_*", "--keep-last", "2"]);
    let output = rotate().run().expect_code(1);
    assert!(text(&output.json_lines()[0], "reason").starts_with("it can't be read"));
    assert_eq!(visible(dir.path()), ["b_20260101"]);
    assert!(!dir.path().join(".pg-dump-rotate.broken.json").exists());
    fs::rename(&moved, &toc).unwrap();
    rotate().run().expect_code(0);
}

#[test]
fn a_script_is_whole_only_as_pg_dump_wrote_it() {
    let database = database_with_rows(1000);
    let comment =
        "--\n-- PostgreSQL database dump\n--\n\n\n--\n-- PostgreSQL database dump complete\n--\n";
    database.sql(&format!("comment on table orders is '{comment}'"));
    let dir = tempfile::tempdir().unwrap();
    let sql = dump(&database, &[]);
    let within_rows = memchr::memmem::find(&sql, b"\n500\t").unwrap() + 7;
    let crlf = String::from_utf8(sql.clone())
        .unwrap()
        .replace('\n', "\r\n");
    let bad = [
        [&b"Last login: Fri\n"[..], &sql].concat(),
        [&b"\xef\xbb\xbf"[..], &sql].concat(),
        [&sql[..], &sql].concat(),
        [&sql[..700], &sql].concat(),
        [&sql[..within_rows], &sql].concat(),
        crlf.into_bytes(),
    ];
    fs::write(dir.path().join("b_20260101.sql"), &sql).unwrap();
    for (number, bytes) in bad.iter().enumerate() {
        let name = format!("b_2026020{number}.sql");
        fs::write(dir.path().join(&name), bytes).unwrap();
        fs::write(dir.path().join(format!("{name}.gz")), gzipped(bytes)).unwrap();
    }
    let records = list(dir.path(), &["--match", "b_*"]);
    assert_eq!(records.len(), 1 + 2 * bad.len());
    for record in &records {
        let is_good = text(record, "path").ends_with("b_20260101.sql");
        let expected = if is_good { "ok" } else { "incomplete" };
        assert_eq!(record["state"], expected, "{record}");
    }
}

/// What a crash of the host leaves in a file: a block of zeros, or none where one was. It must not
/// make room by the good one before it.
#[test]
fn a_hole_in_the_middle_of_rows_is_not_whole() {
    let database = database_with_large_objects();
    database.sql(
        "CREATE TABLE wide AS SELECT g a, 'x' || g b, repeat('y', g % 70) c \
         FROM generate_series(1, 3000) g",
    );
    let dir = tempfile::tempdir().unwrap();
    let (script, tar) = (dump(&database, &[]), dump(&database, &["-Ft"]));
    let archive = dump(&database, &["-Fc", "-Z0"]);
    let good = ["g_20260101.sql", "t_20260101.tar", "c_20260101.dump"];
    for (name, bytes) in good.iter().zip([&script, &tar, &archive]) {
        fs::write(dir.path().join(name), bytes).unwrap();
    }
    let hole = |bytes: &[u8], is_filled: bool| {
        let at = memchr::memmem::find(bytes, b"\tx1500\t").unwrap();
        let zeros = if is_filled { vec![0; 512] } else { Vec::new() };
        // The rest begins within the last value of a row.
        let end = bytes[at + 512..].iter().position(|byte| *byte == b'y');
        let to = if is_filled {
            at + 512
        } else {
            at + 512 + end.unwrap()
        };
        [&bytes[..at], &zeros, &bytes[to..]].concat()
    };
    let zeroed = hole(&script, true);
    let start = memchr::memmem::find(&script, b"CREATE TABLE public.wide").unwrap();
    let mut headless = script.clone();
    headless[start..start + 20].fill(0);
    for (name, bytes) in [
        ("g_20260102.sql", &zeroed),
        ("g_20260103.sql.gz", &gzipped(&zeroed)),
        ("g_20260104.sql", &hole(&script, false)),
        ("g_20260105.sql", &headless),
        ("t_20260102.tar", &hole(&tar, true)),
        ("c_20260102.dump", &hole(&archive, true)),
    ] {
        fs::write(dir.path().join(name), bytes).unwrap();
    }
    let run = folder(dir.path()).args(["--rotate", "--keep-last", "1"]);
    let run = run.args(["--match", "?_*"]).run().expect_code(1);
    let mut kept = good.map(str::to_string);
    kept.sort();
    assert_eq!(names(&run, "kept"), kept, "{run:?}");
    assert_eq!(names(&run, "skipped").len(), 6, "{run:?}");
    assert_eq!(names(&run, "deleted"), [""; 0], "{run:?}");
}

#[test]
fn a_folder_that_lacks_a_file_is_not_whole() {
    let database = database_with_large_objects();
    let dir = tempfile::tempdir().unwrap();
    let original = dir.path().join("d_20260101");
    dump(&database, &["-Fd", "-f", original.to_str().unwrap()]);
    let files = tests::files_in(&original);
    assert!(files.len() >= 4, "{files:?}");
    for (number, file) in files.iter().enumerate() {
        let copy = dir.path().join(format!("d_2025010{}", number + 1));
        fs::create_dir(&copy).unwrap();
        for other in files.iter().filter(|other| *other != file) {
            fs::copy(original.join(other), copy.join(other)).unwrap();
        }
    }
    let records = list(dir.path(), &["--match", "d_*"]);
    let whole: Vec<&Value> = records.iter().filter(|r| r["state"] == "ok").collect();
    assert_eq!(whole.len(), 1, "{records:?}");
    assert_eq!(text(whole[0], "path"), original.to_str().unwrap());
}

#[test]
fn what_was_found_whole_is_read_once_and_rotated_from_then_on() {
    let database = database_with_rows(100);
    let dir = tempfile::tempdir().unwrap();
    let sql = gzipped(&dump(&database, &[]));
    for day in 1..=9 {
        fs::write(dir.path().join(format!("backup_2026010{day}.sql.gz")), &sql).unwrap();
    }
    let keep = [
        "--rotate",
        "--keep-daily",
        "3",
        "--match",
        "backup_*.sql.gz",
    ];
    let before = visible(dir.path());
    let dry = folder(dir.path())
        .args(keep)
        .arg("--dry-run")
        .run()
        .expect_code(0);
    assert_eq!(names(&dry, "would_delete").len(), 6);
    assert_eq!(visible(dir.path()), before);
    let output = folder(dir.path()).args(keep).run().expect_code(0);
    let kept = [
        "backup_20260107.sql.gz",
        "backup_20260108.sql.gz",
        "backup_20260109.sql.gz",
    ];
    assert_eq!(names(&output, "kept"), kept);
    let mut expected: Vec<String> = kept.map(str::to_string).to_vec();
    expected.extend(kept.map(|name| format!("{name}.manifest.json")));
    expected.sort();
    assert_eq!(visible(dir.path()), expected);
    // From now on it is a backup like any other, --match or not.
    let of = dir.path().join(kept[0]);
    let known: Value = serde_json::from_slice(&fs::read(manifest(&of)).unwrap()).unwrap();
    assert_eq!(known["adopted"], true);
    assert_eq!(known["names"], "backup_*");
    let output = folder(dir.path())
        .args(["--rotate", "--keep-last", "1"])
        .run()
        .expect_code(0);
    assert_eq!(names(&output, "deleted"), &kept[..2]);
    fs::write(dir.path().join(kept[2]), "changed").unwrap();
    assert_eq!(list(dir.path(), &[])[0]["state"], "size differs");
    let records = list(dir.path(), &["--match", "backup_*"]);
    assert_eq!(records[0]["state"], "incomplete");
    assert!(manifest(&dir.path().join(kept[2])).exists());
}

/// As a script does that knows seven names, or one.
#[test]
fn a_name_that_is_used_again_is_adopted_again() {
    let database = database_with_rows(10);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("latest.tar");
    let put = |age: u64| {
        fs::write(&path, dump(&database, &["-Ft"])).unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        let age = std::time::Duration::from_secs(3600 * age);
        file.set_modified(std::time::SystemTime::now() - age)
            .unwrap();
    };
    let known =
        || -> Value { serde_json::from_slice(&fs::read(manifest(&path)).unwrap()).unwrap() };
    let arguments = ["--keep-last", "1", "--match", "latest.*"];
    let rotate = || {
        let run = folder(dir.path()).arg("--rotate").args(arguments);
        assert_eq!(names(&run.run().expect_code(0), "kept"), ["latest.tar"]);
    };
    put(30);
    rotate();
    let first = known();
    rotate();
    assert_eq!(known(), first, "it is read once");
    // A tar file of another row has the same size.
    database.sql("update orders set note = md5(note) where id = 1");
    put(6);
    let listed = list(dir.path(), &arguments[2..]);
    assert!(text(&listed[0], "reason").contains("adopted anew"));
    assert_eq!(known(), first);
    rotate();
    let second = known();
    assert_eq!(second["files"][0]["bytes"], first["files"][0]["bytes"]);
    assert_ne!(second["files"][0]["sha256"], first["files"][0]["sha256"]);
    let check = folder(dir.path()).args(["--check", "--verify-checksums", "--max-age", "7h"]);
    check.run().expect_code(0);
    // Half of it is no new backup, and not the old one.
    fs::write(&path, &fs::read(&path).unwrap()[..2048]).unwrap();
    let run = back_up(&database, dir.path()).args(arguments);
    let output = run.run().expect_code(1);
    assert!(names(&output, "deleted").is_empty());
    assert_eq!(known(), second);
}

#[test]
fn of_one_database_they_are_rotated_with_its_own_backups() {
    let database = database_with_rows(100);
    let dir = tempfile::tempdir().unwrap();
    let sql = dump(&database, &[]);
    let archive = dump(&database, &["-Fc"]);
    for day in 1..=4 {
        fs::write(dir.path().join(format!("db_2026010{day}.sql")), &sql).unwrap();
        fs::write(dir.path().join(format!("db_2026020{day}.dump")), &archive).unwrap();
    }
    let run = |dry: bool| {
        let run = back_up(&database, dir.path()).args(["--keep-last", "3", "--match", "db_*"]);
        let run = if dry { run.arg("--dry-run") } else { run };
        run.run().expect_code(0)
    };
    let kept = ["db_20260203.dump", "db_20260204.dump"];
    let dry = run(true);
    assert_eq!(names(&dry, "would_delete").len(), 6);
    assert_eq!(names(&dry, "kept"), kept);
    let output = run(false);
    assert_eq!(output.stderr, "");
    assert_eq!(names(&output, "kept"), kept);
    assert_eq!(names(&output, "deleted").len(), 6);
}

/// Where the names are of two kinds nobody knows which of them the database's own backups go on with.
#[test]
fn names_of_two_kinds_are_rotated_apart_from_its_own_backups() {
    let database = database_with_rows(10);
    let dir = tempfile::tempdir().unwrap();
    let archive = dump(&database, &["-Fc"]);
    for name in ["nightly_20260101", "nightly_20260102", "by-hand_20260103"] {
        fs::write(dir.path().join(format!("{name}.dump")), &archive).unwrap();
    }
    let keep = ["--keep-last", "1", "--match", "*.dump"];
    let output = back_up(&database, dir.path())
        .args(keep)
        .run()
        .expect_code(0);
    assert_eq!(output.json_lines().len(), 1, "{output:?}");
    let rotate = folder(dir.path()).args(["--rotate", "--keep-last", "1"]);
    let output = rotate.run().expect_code(0);
    assert_eq!(names(&output, "deleted"), ["nightly_20260101.dump"]);
    assert_eq!(names(&output, "kept").len(), 3);
    // Or who reads "last (1 of 1)" three times would wonder.
    let records = output.json_lines();
    let kinds = records.iter().filter(|record| record["action"] == "kept");
    let mut kinds: Vec<Option<&str>> = kinds.map(|record| record["names"].as_str()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, [None, Some("by-hand_*"), Some("nightly_*")]);
}

#[test]
fn a_tar_file_that_lacks_a_member_is_not_whole() {
    let database = database_with_large_objects();
    let dir = tempfile::tempdir().unwrap();
    let tar = dump(&database, &["-Ft"]);
    let mut members = Vec::new();
    let mut at = 0;
    while tar[at] != 0 {
        let name = tar[at..at + 100].split(|byte| *byte == 0).next().unwrap();
        let size = str::from_utf8(&tar[at + 124..at + 135]).unwrap().trim();
        let size = usize::from_str_radix(size, 8)
            .unwrap()
            .next_multiple_of(512);
        members.push((
            String::from_utf8_lossy(name).into_owned(),
            at..at + 512 + size,
        ));
        at += 512 + size;
    }
    let rows = members
        .iter()
        .filter(|(name, _)| name.ends_with(".dat") && !name.starts_with("blob"));
    // The first is the table of contents.
    let (_, rows) = rows.clone().nth(1).unwrap();
    let without = [&tar[..rows.start], &tar[rows.end..]].concat();
    fs::write(dir.path().join("t_20260101.tar"), without).unwrap();
    let records = list(dir.path(), &["--match", "t_*"]);
    assert_eq!(records[0]["state"], "incomplete", "{records:?}");
    assert!(text(&records[0], "reason").ends_with("is missing in the tar file"));
}

/// An archive says what it is of; names that differ in more than the time are of different things.
#[test]
fn different_things_are_never_weighed_against_each_other() {
    let (app, crm) = (database_with_rows(10), database_with_rows(20));
    let dir = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| fs::write(dir.path().join(name), bytes).unwrap();
    let (of_app, of_crm) = (dump(&app, &["-Fc"]), dump(&crm, &["-Fc"]));
    let script = dump(&app, &[]);
    for day in ["20260101", "20260102"] {
        put(&format!("prod_{day}.dump"), &of_app);
        put(&format!("staging_{day}.dump"), &of_app);
        put(&format!("crm_{day}.dump"), &of_crm);
        put(&format!("one_{day}.sql"), &script);
        put(&format!("two_{day}.sql"), &script);
    }
    let rotate = ["--rotate", "--keep-last", "1", "--match", "*"];
    let output = folder(dir.path()).args(rotate).run().expect_code(0);
    let day = |day: &str| ["crm", "one", "prod", "staging", "two"].map(|of| format!("{of}_{day}"));
    let without = |names: Vec<String>| -> Vec<String> {
        let stem = |name: &String| name.split('.').next().unwrap().to_string();
        names.iter().map(stem).collect()
    };
    assert_eq!(without(names(&output, "kept")), day("20260102"));
    assert_eq!(without(names(&output, "deleted")), day("20260101"));
}

#[test]
fn what_is_not_whole_makes_the_status_of_a_backup_one() {
    let database = database_with_rows(10);
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("cut_20260101.sql"), "").unwrap();
    let keep = ["--keep-last", "1", "--match", "cut_*"];
    for (more, done) in [(&["--dry-run"][..], "would_create"), (&[], "created")] {
        let run = back_up(&database, dir.path()).args(keep).args(more);
        let output = run.run().expect_code(1);
        assert_eq!(names(&output, done).len(), 1, "{output:?}");
        assert!(output.stderr.contains("cut_20260101.sql is passed over: "));
    }
}

/// What lacks its rows is no newer backup of what has them, and the other way about.
#[test]
fn half_a_dump_makes_room_for_no_whole_one() {
    let database = database_with_rows(10);
    for (format, extension) in [
        ("-Fc", "dump"),
        ("-Fp", "sql"),
        ("-Ft", "tar"),
        ("-Fd", "dir"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let put = |day: u32, options: &[&str]| {
            let name = format!("db_2026010{day}.{extension}");
            let path = dir.path().join(&name);
            dump(
                &database,
                &[options, &[format, "-f", path.to_str().unwrap()]].concat(),
            );
            name
        };
        put(1, &[]);
        let whole = put(2, &[]);
        put(3, &["--schema-only"]);
        let schema = put(4, &["--schema-only"]);
        let data = put(5, &["--data-only"]);
        let conninfo = database.conninfo();
        let arguments = ["--keep-last", "1", "--match", "db_*", "-d", &conninfo];
        let rotate = folder(dir.path()).arg("--rotate").args(arguments);
        let output = rotate.run().expect_code(0);
        assert_eq!(names(&output, "kept"), [&*whole, &schema, &data]);
        let known = fs::read(manifest(&dir.path().join(&schema))).unwrap();
        let known: Value = serde_json::from_slice(&known).unwrap();
        assert_eq!(known["selection"][0], "--schema-only");
        // A whole backup takes the place of the whole one only.
        let run = back_up(&database, dir.path()).args(["--keep-last", "1"]);
        assert_eq!(names(&run.run().expect_code(0), "deleted"), [whole]);
    }
}

#[test]
fn side_files_go_with_their_backup_and_files_of_others_stay() {
    let database = database_with_rows(10);
    let dir = tempfile::tempdir().unwrap();
    let sql = gzipped(&dump(&database, &[]));
    for day in ["20260101", "20260102"] {
        fs::write(dir.path().join(format!("b_{day}.sql.gz")), &sql).unwrap();
        for side in ["meta", "sql.gz.md5", "txt"] {
            fs::write(dir.path().join(format!("b_{day}.{side}")), "x").unwrap();
        }
    }
    for other in ["b_notes", "b_20260101", "notes.txt", "b_2026.meta"] {
        fs::write(dir.path().join(other), "mine").unwrap();
    }
    fs::write(dir.path().join("target"), &sql).unwrap();
    std::os::unix::fs::symlink("target", dir.path().join("b_20250101.sql.gz")).unwrap();
    let before = visible(dir.path());
    let rotate = ["--rotate", "--keep-last", "1", "--match", "b_*"];
    let output = folder(dir.path()).args(rotate).run().expect_code(0);
    assert_eq!(output.json_lines().len(), 2, "{output:?}");
    let after = visible(dir.path());
    let gone: Vec<&String> = before.iter().filter(|name| !after.contains(name)).collect();
    assert_eq!(
        gone,
        [
            "b_20260101.meta",
            "b_20260101.sql.gz",
            "b_20260101.sql.gz.md5"
        ]
    );
}

#[test]
fn what_is_being_published_or_written_is_nobody_elses() {
    let database = database_with_rows(10);
    let dir = tempfile::tempdir().unwrap();
    let archive = dump(&database, &["-Fc"]);
    for name in [
        "a_20260101T000000Z.dump",
        "b_20260101T000000Z.dump",
        ".c_20260101T000000Z.dump.partial",
    ] {
        fs::write(dir.path().join(name), &archive).unwrap();
    }
    fs::write(
        dir.path()
            .join(".a_20260101T000000Z.dump.manifest.json.partial"),
        "{",
    )
    .unwrap();
    let records = list(dir.path(), &["--match", "*"]);
    let state = |record: &Value| (text(record, "path"), text(record, "state"));
    let of = |name: &str| {
        let found = records
            .iter()
            .map(state)
            .find(|(path, _)| path.contains(name));
        found.unwrap_or_else(|| panic!("{name}: {records:?}")).1
    };
    assert_eq!(of("/a_2026"), "no manifest");
    assert_eq!(of("/b_2026"), "no manifest");
    let rotate = ["--rotate", "--keep-last", "1", "--match", "*"];
    // The manifest of the first, whose publishing it ends, is damaged.
    folder(dir.path()).args(rotate).run().expect_code(1);
    assert!(!manifest(&dir.path().join("b_20260101T000000Z.dump")).exists());
    assert_eq!(of("/.c_2026"), "unfinished");
}

#[test]
fn names_without_a_time_go_by_when_they_were_changed() {
    let database = database_with_rows(10);
    let dir = tempfile::tempdir().unwrap();
    let sql = dump(&database, &[]);
    for (number, days) in [(1, 40), (2, 1), (3, 35), (4, 18)] {
        let path = dir.path().join(format!("nightly-{number}.sql"));
        let mut file = fs::File::create(path).unwrap();
        file.write_all(&sql).unwrap();
        let age = std::time::Duration::from_secs(days * 86400);
        file.set_modified(std::time::SystemTime::now() - age)
            .unwrap();
    }
    let rotate = [
        "--rotate",
        "--keep-within",
        "30d",
        "--match",
        "nightly-?.sql",
    ];
    let output = folder(dir.path()).args(rotate).run().expect_code(0);
    assert_eq!(
        names(&output, "deleted"),
        ["nightly-1.sql", "nightly-3.sql"]
    );
}

/// What a pattern does not reach is never rotated, so somebody has to be told.
#[test]
fn a_pattern_that_fits_nothing_is_told() {
    let database = database_with_rows(10);
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("one_20260101.sql"), dump(&database, &[])).unwrap();
    for job in [&["--list"][..], &["--rotate", "--keep-last", "1"]] {
        let run = folder(dir.path()).args(job);
        let run = run.args(["--match", "one_*", "--match", "zzz*"]);
        let output = run.run().expect_code(0);
        let words = format!(
            "warning: --match zzz*: nothing in {} is called so",
            dir.path().display()
        );
        assert!(output.stderr.contains(&words), "{output:?}");
        assert_eq!(output.json_lines().len(), 1);
    }
    let backup = back_up(&database, dir.path()).args(["--match", "zzz*"]);
    backup.run().expect_code(0).expect_error("is called so");
    // Nobody knows which of two it is of.
    let run = folder(dir.path()).args(["--rotate", "--keep-last", "1", "--match", "one_*"]);
    let output = run.args(["-d", "app", "-d", "shop"]).run().expect_code(0);
    let words = "of what --match fits 1 are passed over: they don't say what database they are of";
    assert!(output.stderr.contains(words), "{output:?}");
}

/// pg_dumpall's script of everything is no backup of the globals, and of no one database.
#[test]
fn a_script_of_a_whole_cluster_is_told_from_globals() {
    let cluster = tests::start(&ClusterOptions::default());
    let database = Database::named(&cluster, "app");
    database.sql("create table t as select 7 as a");
    let dir = tempfile::tempdir().unwrap();
    let pg_dumpall = Program::find("pg_dumpall", None).unwrap();
    let made = |options: &[&str]| {
        let run = program(pg_dumpall.path()).database(&database).args(options);
        run.run().expect_code(0).bytes
    };
    let all = made(&["--no-role-passwords"]);
    fs::write(dir.path().join("all_20260101.sql"), all).unwrap();
    fs::write(dir.path().join("roles_20260102.sql"), made(&["-g"])).unwrap();
    fs::write(dir.path().join("defined_20260103.sql"), made(&["-s"])).unwrap();
    let listed = list(dir.path(), &["--match", "*.sql"]);
    let selections: Vec<&Value> = listed.iter().map(|record| &record["selection"]).collect();
    assert_eq!(selections[1], &serde_json::json!(["--globals-only"]));
    assert_eq!(selections[2], &serde_json::json!(["--all-databases"]));
    let defined = ["--all-databases", "--schema-only"];
    assert_eq!(selections[0], &serde_json::json!(defined));
    assert!(listed.iter().all(|record| record["database"].is_null()));
    let of_one = folder(dir.path()).args(["--list", "-d", database.name()]);
    let output = of_one.args(["--match", "*.sql"]).run().expect_code(0);
    let words = "of what --match fits 3 are passed over: they are of a whole cluster";
    assert!(output.stderr.contains(words), "{output:?}");
}

/// Nobody waits for a backup until all that others left was read.
#[test]
fn the_backup_comes_before_what_others_left() {
    let database = database_with_rows(10);
    let dir = tempfile::tempdir().unwrap();
    let left = dir.path().join("b_20260101.dump");
    fs::write(&left, dump(&database, &["-Fc"])).unwrap();
    let run = || back_up(&database, dir.path()).args(["--match", "b_*", "--keep-last", "1"]);
    run().args(["-t", "nonesuch"]).run().expect_code(2);
    assert!(!manifest(&left).exists());
    let output = run().run().expect_code(0);
    assert_eq!(names(&output, "deleted"), ["b_20260101.dump"]);
}

/// The disk is full when a manifest gets its name, one that is anew too, or when one is deleted.
#[cfg(target_arch = "x86_64")]
#[test]
fn a_rename_that_is_refused_while_adopting_loses_nothing() {
    let database = database_with_rows(10);
    let (old, new) = (dump(&database, &["-Fc"]), dump(&database, &["-Fc", "-Z0"]));
    let keep = ["--rotate", "--keep-last", "2", "--match", "b_*"];
    let mut refused = 0;
    loop {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str, bytes: &[u8]| fs::write(dir.path().join(name), bytes).unwrap();
        let run = || folder(dir.path()).args(keep);
        put("b_20260103.dump", &old);
        run().run().expect_code(0);
        put("b_20260103.dump", &new);
        put("b_20260102.dump", &old);
        put("b_20260101.dump", &old);
        let (output, was_refused) = run().refused(Refused::Rename, refused);
        if !was_refused {
            output.expect_code(0);
            break;
        }
        assert!(!output.stderr.contains("panicked"), "{refused}: {output:?}");
        let failed = output.expect_error("No space left on device");
        assert_eq!(names(&failed, "deleted"), [""; 0], "{refused}: {failed:?}");
        let output = run().run().expect_code(0);
        let kept = ["b_20260102.dump", "b_20260103.dump"];
        assert_eq!(names(&output, "kept"), kept, "{refused}: {output:?}");
        assert_eq!(names(&output, "deleted"), ["b_20260101.dump"], "{refused}");
        refused += 1;
    }
    assert!(refused > 3, "three manifests and a deletion: {refused}");
}
