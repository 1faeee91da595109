//! Files that are a backup no longer, or never were.

use std::fs;

use shared::dump::Archive;
use tests::{Database, tool};

use crate::backups::{dump, expect_verdict, failed, plain, shop, verify};

#[track_caller]
fn archive_fails(bytes: &[u8], what: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup.dump");
    fs::write(&path, bytes).unwrap();
    let output = verify(&path);
    expect_verdict(&output, "failed");
    let failed = failed(&output);
    assert!(
        failed.iter().any(|finding| finding.starts_with("archive")),
        "{what}: {output:?}"
    );
    assert_eq!(output.stderr.lines().count(), 1, "{what}: {output:?}");
}

#[test]
fn no_backups_at_all() {
    archive_fails(b"", "empty");
    archive_fails(b"hello\n", "words");
    archive_fails(b"PGDMP", "five bytes");
    archive_fails(
        b"PGDMP\x01\x0e\x00\x04\x08\x01 and then something else",
        "a header only",
    );
    archive_fails(
        &[
            0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        ],
        "gzip of nothing",
    );
    archive_fails(
        b"--\n-- PostgreSQL database cluster dump\n--\n",
        "pg_dumpall",
    );
    archive_fails(&[0; 5000], "zeros");
}

#[test]
fn custom_archives_cut_anywhere() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("whole");
    dump(&shop, &["-Fc"], &path);
    let whole = fs::read(&path).unwrap();
    for length in [
        100,
        whole.len() / 4,
        whole.len() / 2,
        whole.len() - 1000,
        whole.len() - 1,
    ] {
        archive_fails(
            &whole[..length],
            &format!("{length} of {} bytes", whole.len()),
        );
    }
}

/// pg_restore leaves out without a word what a damaged entry says is in no section, or has no data.
#[test]
fn entries_that_pg_restore_passes_over() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("whole");
    dump(&shop, &["-Fc"], &path);
    let whole = fs::read(&path).unwrap();
    let find = |bytes: &[u8]| {
        whole
            .windows(bytes.len())
            .position(|part| part == bytes)
            .unwrap()
    };
    // Behind each word there is its section: a sign, and four bytes.
    for kind in ["TABLE DATA", "BLOBS", "VIEW", "INDEX", "FK CONSTRAINT"] {
        let length = (kind.len() as u32).to_le_bytes();
        let word = [&[0][..], &length, kind.as_bytes()].concat();
        let section = find(&word) + word.len();
        for (at, bit) in [(section + 4, 0x40), (section + 1, 0x08)] {
            let mut damaged = whole.clone();
            damaged[at] ^= bit;
            archive_fails(&damaged, &format!("section of {kind}, bit {bit}"));
        }
    }
    let archive = Archive::open(whole.as_slice()).unwrap().unwrap();
    let entries = archive.toc().entries().filter_map(|(_, entry)| entry.at);
    for place in entries {
        let state = find(&[&[2][..], &place.to_le_bytes()].concat());
        let mut damaged = whole.clone();
        damaged[state] = 3;
        archive_fails(&damaged, &format!("no data at {place}"));
    }
    // The word is the name of this entry, and then its kind.
    let mut damaged = whole.clone();
    let name = find(b"ENCODING") + 1;
    let kind = whole[name..]
        .windows(8)
        .position(|part| part == b"ENCODING");
    damaged[name + kind.unwrap()] ^= 1;
    archive_fails(&damaged, "the encoding of its names and rows");
}

#[test]
fn more_behind_an_archive() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup.dump");
    dump(&shop, &["-Fc"], &path);
    let whole = fs::read(&path).unwrap();
    fs::write(&path, [&whole[..], b"x\n"].concat()).unwrap();
    let output = verify(&path);
    expect_verdict(&output, "failed");
    assert!(output.stdout.contains("the archive goes on"), "{output:?}");
}

/// psql takes it, too, and editors leave it.
#[test]
fn a_byte_order_mark_is_no_damage() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup.sql");
    fs::write(&path, format!("\u{feff}{}", plain(&shop, &[]))).unwrap();
    let output = verify(&path);
    assert_eq!(failed(&output), [""; 0], "{output:?}");
    expect_verdict(&output, "ok");
}

/// What is gone from the middle of a script without a trace but a comment that is torn.
#[test]
fn an_announcement_that_is_torn() {
    let shop = shop();
    let script = plain(&shop, &[]);
    let from = script.find("; Type: INDEX;").unwrap() + 4;
    let to = script[from..].find(";\n\n\n").unwrap() + from;
    let torn = [&script[..from], &script[to..]].concat();
    archive_fails(torn.as_bytes(), "a torn comment");
}

#[test]
fn gzip_cut_or_flipped() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("whole");
    dump(&shop, &["-Z6"], &path);
    let whole = fs::read(&path).unwrap();
    assert_eq!(&whole[..2], [0x1f, 0x8b]);
    archive_fails(&whole[..whole.len() / 2], "half");
    archive_fails(&whole[..whole.len() - 1], "all but a byte");
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 0x10;
    archive_fails(&flipped, "one bit");
}

#[test]
fn data_without_definitions() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    for format in ["-Fc", "-Fp"] {
        let path = folder.path().join("data");
        dump(&shop, &["-a", format], &path);
        let output = verify(&path);
        expect_verdict(&output, "skipped");
        assert_eq!(failed(&output), [""; 0], "{output:?}");
        assert!(output.stdout.contains("no definitions"), "{output:?}");
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() * 2 / 3]).unwrap();
        let output = verify(&path);
        expect_verdict(&output, "failed");
        assert_eq!(failed(&output), ["archive"], "{output:?}");
    }
}

#[test]
fn a_bit_flipped_in_uncompressed_rows_is_seen_by_the_manifests_checksum() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop_20260101T000000Z.sql");
    let script = plain(&shop, &[]);
    fs::write(
        &path,
        script.replacen("c7@example.org", "c9@example.orh", 1),
    )
    .unwrap();
    let manifest = serde_json::json!({
        "version": 1, "database": "shop", "taken_at": "2026-01-01T00:00:00Z",
        "finished_at": "2026-01-01T00:00:01Z", "format": "plain", "compression": "none",
        "files": [{"name": "shop_20260101T000000Z.sql", "bytes": script.len(), "sha256": "00"}],
        "server_version": "15.1", "pg_dump_version": "15.1"
    });
    let manifest_path = folder
        .path()
        .join("shop_20260101T000000Z.sql.manifest.json");
    let manifest: shared::backup::Manifest = serde_json::from_value(manifest).unwrap();
    fs::write(&manifest_path, manifest.to_json().unwrap()).unwrap();
    let output = verify(&path);
    expect_verdict(&output, "failed");
    assert_eq!(failed(&output), ["checksum"]);
    fs::write(&manifest_path, "{").unwrap();
    let output = verify(&path);
    assert_eq!(failed(&output), ["checksum"]);
}

/// Flips a bit in many places of a compressed archive: the tool may only say ok if
/// the flip changed nothing that counts, as in a date of the header.
#[test]
fn bits_flipped_all_over_an_archive() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("whole");
    dump(&shop, &["-Fc"], &path);
    let whole = fs::read(&path).unwrap();
    let data = data_begins(&whole);
    // All of them in the data, where every bit counts.
    for step in 0..12 {
        let at = data + 20 + (whole.len() - data - 20) * step / 12;
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (step % 8);
        fs::write(&path, &flipped).unwrap();
        let output = verify(&path);
        expect_verdict(&output, "failed");
    }
}

/// Where the table of contents ends: the first zlib stream is not far behind.
fn data_begins(archive: &[u8]) -> usize {
    let zlib = archive
        .windows(2)
        .position(|pair| pair == [0x78, 0x9c] || pair == [0x78, 0x01]);
    zlib.expect("no zlib stream")
}

/// In an uncompressed archive nothing but its structure shows that bytes are gone:
/// what is left must still fill the file to its end.
#[test]
fn bytes_gone_from_an_uncompressed_archive() {
    let database = Database::new();
    database.sql("select lo_from_bytea(1, convert_to(repeat('x', 100000), 'UTF8') || decode(repeat('00', 300000), 'hex'))");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("whole");
    dump(&database, &["-Fc", "-Z0"], &path);
    let whole = fs::read(&path).unwrap();
    expect_verdict(&verify(&path), "ok");
    for gone in [1, 10, 4096] {
        let middle = whole.len() / 2;
        archive_fails(
            &[&whole[..middle], &whole[middle + gone..]].concat(),
            "a hole",
        );
    }
    archive_fails(&[&whole[..], b"garbage"].concat(), "more than there was");
}

#[test]
fn a_script_that_ends_within_its_last_line() {
    let shop = shop();
    let script = plain(&shop, &[]);
    if !script.contains("\\unrestrict ") {
        return; // A pg_dump from before August 2025 does not end its scripts so.
    }
    let end = script.trim_end().len();
    for cut in [1, 5, 60, 75] {
        archive_fails(&script.as_bytes()[..end - cut], &format!("{cut} bytes"));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.sql");
    fs::write(&path, &script.as_bytes()[..end - 5]).unwrap();
    let output = verify(&path);
    assert!(!output.stdout.contains("that no dump has"), "{output:?}");
}

#[test]
fn zeros_in_a_script_are_damage_and_spare_the_next_backup() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let (zeros, whole) = (
        folder.path().join("zeros.sql"),
        folder.path().join("whole.sql"),
    );
    let script = plain(&shop, &[]);
    fs::write(&whole, &script).unwrap();
    fs::write(&zeros, script.replacen("who buys", "who \0\0\0\0", 1)).unwrap();
    let output = tool("pg-restore-verify")
        .args([&zeros, &whole])
        .run()
        .expect_code(1);
    assert!(
        failed(&output)
            .iter()
            .any(|check| check.starts_with("archive")),
        "{output:?}"
    );
    assert_eq!(
        output.json_lines().last().unwrap()["status"],
        "ok",
        "{output:?}"
    );
}
