//! `--archive-only` and `--list`: no server, and still everything is read.

use std::fs;
use std::path::{Path, PathBuf};

use shared::backup::{Manifest, Proof, manifest_of};
use tests::{Database, Output, ToolCommand, tool};

use crate::backups::{dump, expect_verdict, failed, shop};

/// The tool where no program of PostgreSQL is.
fn without_server(mode: &str, path: &Path) -> ToolCommand {
    let run = tool("pg-restore-verify").env("PG_BINDIR", "/nonexistent");
    run.arg(mode).arg(path)
}

fn read(path: &Path) -> Output {
    without_server("--archive-only", path).run()
}

fn backup(database: &Database, folder: &Path, options: &[&str]) -> PathBuf {
    let run = tool("pg-dump-rotate").args(["-d", &database.conninfo(), "--dir"]);
    let output = run.arg(folder).args(options).run().expect_code(0);
    output.json_lines()[0]["path"].as_str().unwrap().into()
}

const FORMATS: [&[&str]; 5] = [
    &["-F", "custom"],
    &["-F", "plain"],
    &["-F", "plain", "-Z", "zstd"],
    &["-F", "plain", "-Z", "lz4:9"],
    &["-F", "directory"],
];

#[test]
fn reads_every_format_and_proves_nothing() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    for options in FORMATS {
        let path = backup(&shop, folder.path(), options);
        let output = read(&path);
        expect_verdict(&output, "ok");
        assert_eq!(failed(&output), [""; 0], "{output:?}");
        let records = output.json_lines();
        let of = |check: &str| records.iter().filter(|r| r["check"] == check).count();
        assert_eq!((of("archive"), of("checksum")), (1, 1), "{output:?}");
        assert!(of("rows") > 5, "{output:?}");
        assert_eq!(Proof::read(&path), None);
    }
}

/// A number that looks random and is the same each time.
fn scattered(number: usize, below: usize) -> usize {
    let hash = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (hash >> 20) as usize % below
}

#[test]
fn cuts_are_found_without_a_manifest() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    for options in &FORMATS[..4] {
        let taken = backup(&shop, folder.path(), options);
        let whole = fs::read(taken).unwrap();
        let path = folder.path().join("cut");
        for number in 0..50 {
            let length = scattered(number, whole.len());
            fs::write(&path, &whole[..length]).unwrap();
            let output = read(&path);
            expect_verdict(&output, "failed");
            assert_eq!(failed(&output), ["archive"], "{options:?} {length}");
        }
    }
}

/// What a crash of the host leaves in a file, and no manifest says what was there.
#[test]
fn holes_are_found_without_a_manifest() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    for options in [&["-Fp"][..], &["-Ft"], &["-Fc", "-Z0"]] {
        let path = folder.path().join("hole");
        dump(&shop, options, &path);
        let whole = fs::read(&path).unwrap();
        let rows = memchr::memmem::find(&whole, b"@example.").unwrap();
        let zeroed = [&whole[..rows], &[0; 512], &whole[rows + 512..]].concat();
        fs::write(&path, zeroed).unwrap();
        let output = read(&path);
        expect_verdict(&output, "failed");
        assert_eq!(failed(&output), ["archive"], "{options:?}");
        let message = output.json_lines()[0]["message"].to_string();
        assert!(message.contains("a byte that is zero"), "{message}");
    }
}

#[test]
fn flipped_bits_are_found_and_noted() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    for options in &FORMATS[..4] {
        let path = backup(&shop, folder.path(), options);
        let whole = fs::read(&path).unwrap();
        for number in 0..50 {
            let mut flipped = whole.clone();
            flipped[scattered(number, whole.len())] ^= 1 << (number % 8);
            fs::write(&path, flipped).unwrap();
            let output = read(&path);
            expect_verdict(&output, "failed");
        }
        assert!(!Proof::read(&path).unwrap().proved);
    }
}

#[test]
fn rows_that_were_taken_out_are_found_by_the_manifest_only() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = backup(&shop, folder.path(), &["-F", "plain", "-Z", "none"]);
    let script = fs::read_to_string(&path).unwrap();
    let line = script.find("c7@example.org").unwrap();
    let begins = script[..line].rfind('\n').unwrap();
    let ends = line + script[line..].find('\n').unwrap();
    fs::write(&path, [&script[..begins], &script[ends..]].concat()).unwrap();
    assert_eq!(failed(&read(&path)), ["rows app.customers", "checksum"]);
    let bare = folder.path().join("bare.sql");
    fs::copy(&path, &bare).unwrap();
    let output = read(&bare);
    expect_verdict(&output, "ok");
    assert!(
        output.stdout.contains("whether some were taken out"),
        "{output:?}"
    );
}

#[test]
fn commands_of_psql_and_missing_ends_are_damage() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup.sql");
    let script = crate::backups::plain(&shop, &[]);
    for changed in [
        script.replacen("CREATE VIEW", "\\! true\nCREATE VIEW", 1),
        script.replace("-- PostgreSQL database dump complete", "--"),
        script.replace("\\unrestrict ", "\\unrestrict x"),
    ] {
        if changed != script {
            fs::write(&path, changed).unwrap();
            assert_eq!(failed(&read(&path)), ["archive"]);
        }
    }
}

#[test]
fn lists_objects_with_rows_and_bytes() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let mut lists = Vec::new();
    for options in [&["-Fc"][..], &["-Ft"], &["-Fp"], &["-Fp", "--inserts"]] {
        let path = folder.path().join("backup");
        dump(&shop, options, &path);
        let output = without_server("--list", &path).run().expect_code(0);
        let mut records = output.json_lines();
        let customers = records
            .iter()
            .find(|r| r["kind"] == "TABLE" && r["object"] == "app.customers")
            .unwrap_or_else(|| panic!("{output:?}"));
        let rows = shop.value("select count(*) from app.customers");
        assert_eq!(customers["rows"].to_string(), rows, "{options:?}");
        assert!(customers["bytes"].as_u64().unwrap() > 1000, "{options:?}");
        let large_objects = records.last().unwrap();
        assert_eq!(large_objects["kind"], "LARGE OBJECTS", "{output:?}");
        let bytes =
            shop.value("select sum(octet_length(lo_get(oid))) from pg_largeobject_metadata");
        assert_eq!(large_objects["bytes"].to_string(), bytes);
        assert!(
            records
                .iter()
                .any(|r| r["kind"] == "INDEX" && r["rows"].is_null())
        );
        for record in &mut records {
            record["bytes"] = 0.into();
            // Of an empty table there is no INSERT.
            if record["rows"] == 0 {
                record["rows"] = serde_json::Value::Null;
            }
        }
        lists.push(records);
    }
    assert_eq!(lists[0], lists[1]);
    assert_eq!(lists[0], lists[2]);
    assert_eq!(lists[0], lists[3]);
}

#[test]
fn a_list_of_what_is_damaged_is_no_success() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    dump(&shop, &["-Fc"], &path);
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 9]).unwrap();
    // One that is not there stops no other.
    let missing = folder.path().join("missing");
    let output = without_server("--list", &missing).arg(&path).run();
    let output = output.expect_code(1).expect_error("No such file");
    assert!(output.stdout.contains("app.customers"), "{output:?}");
    assert!(
        output.stderr.contains("can't be read to its end"),
        "{output:?}"
    );
    fs::write(&path, &whole).unwrap();
    let output = without_server("--list", &missing).arg(&path).run();
    assert!(output.expect_code(2).stdout.contains("app.customers"));
    fs::write(&path, "hello").unwrap();
    without_server("--list", &path).run().expect_code(1);
    let both = without_server("--list", &path).arg("--archive-only").run();
    both.expect_code(2);
}

/// What is unchanged since it was proved stays proved, whatever is read again.
#[test]
fn reading_does_not_unsay_a_proof() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = backup(&shop, folder.path(), &["-F", "custom"]);
    let prove = tool("pg-restore-verify").arg(&path).run().expect_code(0);
    let proof = Proof::read(&path);
    assert!(
        proof.as_ref().is_some_and(|proof| proof.proved),
        "{prove:?}"
    );
    read(&path).expect_code(0);
    assert_eq!(Proof::read(&path), proof);
    let name = path.file_name().unwrap().to_str().unwrap();
    assert!(Manifest::read(&path).unwrap().is_some());
    fs::write(path.with_file_name(manifest_of(name)), "{").unwrap();
    assert_eq!(failed(&read(&path)), ["checksum"]);
}
