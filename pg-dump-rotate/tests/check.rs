//! `--check`: what it finds fault with, and what it is content with.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod setting;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use setting::{back_up, change, copy_with, database_with_rows, folder, manifest, path_of, text};
use shared::backup::{Manifest, Proof};
use tests::{Database, Output};

fn one_backup(dir: &Path, arguments: &[&str]) -> (Database<'static>, PathBuf) {
    let database = database_with_rows(10);
    let output = back_up(&database, dir).args(arguments).run().expect_code(0);
    let path = path_of(&output);
    (database, path)
}

fn check(dir: &Path, arguments: &[&str]) -> Output {
    folder(dir).arg("--check").args(arguments).run()
}

/// Status 1, and these words in the reasons, a record each, and on stderr.
#[track_caller]
fn fails(dir: &Path, arguments: &[&str], words: &[&str]) {
    let output = check(dir, arguments).expect_code(1);
    let records = output.json_lines();
    let failed: Vec<&Value> = records.iter().filter(|r| r["action"] == "failed").collect();
    assert_eq!(failed.len(), words.len(), "{output:?}");
    for (record, words) in failed.iter().zip(words) {
        let reason = text(record, "reason");
        assert!(reason.contains(words), "{words}: {output:?}");
        assert!(output.stderr.contains(&reason), "{output:?}");
    }
}

#[track_caller]
fn passes(dir: &Path, arguments: &[&str], subjects: usize) {
    let output = check(dir, arguments).expect_code(0);
    let records = output.json_lines();
    assert_eq!(records.len(), subjects, "{output:?}");
    assert!(records.iter().all(|record| record["action"] == "ok"));
    assert_eq!(output.stderr, "");
}

/// As if it had been taken so many hours before now.
fn hours_ago(first: &Path, hours: i64, name: &str) -> PathBuf {
    let at = shared::time::now() - time_of(hours);
    let at = shared::time::format(at).unwrap();
    copy_with(first, &format!("{name}.dump"), |manifest| {
        manifest["taken_at"] = at.as_str().into();
    })
}

fn time_of(hours: i64) -> std::time::Duration {
    std::time::Duration::from_secs(3600 * hours.unsigned_abs())
}

fn remove(backup: &Path) {
    fs::remove_file(manifest(backup)).unwrap();
    fs::remove_file(backup).unwrap();
}

#[test]
fn the_newest_good_backup_must_be_young() {
    let dir = tempfile::tempdir().unwrap();
    let (_database, first) = one_backup(dir.path(), &[]);
    passes(dir.path(), &["--max-age", "26h"], 1);
    hours_ago(&first, 27, "old");
    passes(dir.path(), &["--max-age", "26h", "--min-count", "2"], 1);
    remove(&first);
    fails(
        dir.path(),
        &["--max-age", "26h"],
        &["the newest good backup is 1d 3h old, and 1d 2h is the most"],
    );
    passes(dir.path(), &["--max-age", "28h"], 1);
    fails(
        dir.path(),
        &["--min-count", "2"],
        &["good backups: 1, at the least: 2"],
    );
}

#[test]
fn a_time_in_the_future_is_no_young_backup() {
    let dir = tempfile::tempdir().unwrap();
    let (_database, first) = one_backup(dir.path(), &[]);
    hours_ago(&first, 50, "old");
    change(&first, |manifest| {
        manifest["taken_at"] = "2099-01-01T00:00:00Z".into()
    });
    fails(dir.path(), &["--max-age", "26h"], &["is 2d 2h old"]);
    let output = check(dir.path(), &["--max-age", "26h"]).expect_code(1);
    assert!(path_of(&output).ends_with("old.dump"), "{output:?}");
    remove(&dir.path().join("old.dump"));
    fails(
        dir.path(),
        &["--max-age", "26h"],
        &["every good backup has a time in the future"],
    );
}

#[test]
fn what_is_named_is_missed_though_nothing_of_it_is_there() {
    let dir = tempfile::tempdir().unwrap();
    fails(dir.path(), &[], &["there is no backup in"]);
    let (database, _first) = one_backup(dir.path(), &[]);
    let conninfo = database.conninfo();
    passes(dir.path(), &["-d", &conninfo], 1);
    fails(
        dir.path(),
        &["-d", "other", "--min-count", "2"],
        &["database other: there is no good backup"],
    );
    fails(
        dir.path(),
        &["-d", &conninfo, "--label", "weekly"],
        &["label weekly: there is no good backup"],
    );
    fails(
        dir.path(),
        &["--globals"],
        &["globals: there is no good backup"],
    );
    fails(
        dir.path(),
        &["--label", "weekly"],
        &["there is no backup with the label weekly in"],
    );
    folder(Path::new("/nonexistent/backups"))
        .arg("--check")
        .run()
        .expect_code(2)
        .expect_error("/nonexistent/backups");
}

#[test]
fn each_database_label_and_selection_is_checked_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let (database, first) = one_backup(dir.path(), &[]);
    let other = hours_ago(&first, 30, "other");
    change(&other, |manifest| manifest["database"] = "other".into());
    let label = hours_ago(&first, 40, "label");
    change(&label, |manifest| {
        manifest["label"] = "pre-migration".into()
    });
    let part = hours_ago(&first, 50, "part");
    change(&part, |manifest| {
        manifest["selection"] = vec!["--table=a"].into()
    });
    fails(
        dir.path(),
        &["--max-age", "26h"],
        &[
            "database other: the newest",
            ", --table=a: the newest",
            ", label pre-migration: the newest",
        ],
    );
    passes(dir.path(), &[], 4);
    // With -d, what is whole and has no label.
    let named = ["-d", &database.conninfo(), "--max-age", "26h"];
    passes(dir.path(), &named, 1);
    change(&first, |manifest| {
        manifest["selection"] = vec!["--no-owner"].into()
    });
    passes(dir.path(), &named, 1);
    change(&first, |manifest| {
        manifest["selection"] = vec!["--schema-only"].into()
    });
    let words = "there is no good backup of the whole; 1 with --schema-only, 1 with --table=a";
    fails(dir.path(), &named, &[words]);
}

/// How it is written takes nothing out of it.
#[test]
fn a_backup_that_is_written_otherwise_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let options = ["--inserts", "--no-comments", "--clean", "--if-exists", "-v"];
    let words = [&["-O", "--"][..], &options].concat();
    let (database, _first) = one_backup(dir.path(), &words);
    passes(dir.path(), &["-d", database.name(), "--max-age", "26h"], 1);
}

#[test]
fn damage_is_named_whatever_else_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let (database, first) = one_backup(dir.path(), &[]);
    let [short, garbled, gone, bare] = ["04", "03", "02", "01"].map(|day| {
        let name = format!("{}_202601{day}T000000Z", database.name());
        hours_ago(&first, 3, &name)
    });
    fs::write(&short, "short").unwrap();
    fs::write(manifest(&garbled), "{").unwrap();
    fs::remove_file(&gone).unwrap();
    fs::remove_file(manifest(&bare)).unwrap();
    fs::write(dir.path().join("notes.txt"), "mine").unwrap();
    let output = check(dir.path(), &["--max-age", "26h"]).expect_code(1);
    let state = |record: &Value| [text(record, "action"), text(record, "state")].join(" ");
    let mut states: Vec<String> = output.json_lines().iter().map(state).collect();
    states.sort();
    let expected = [
        "failed data missing",
        "failed manifest damaged",
        "failed no manifest",
        "failed size differs",
    ];
    assert_eq!(states, expected);
    // A rotation passes them over, and says so.
    let rotate = folder(dir.path()).args(["--rotate", "--keep-last", "1"]);
    let output = rotate.run().expect_code(1);
    let told: Vec<String> = output
        .json_lines()
        .iter()
        .map(|r| text(r, "action"))
        .collect();
    assert_eq!(told, ["skipped", "skipped", "skipped", "skipped", "kept"]);
    assert_eq!(output.stderr.matches("is passed over: ").count(), 4);
    for left in [&short, &garbled, &bare, &first] {
        assert!(left.exists());
    }
}

#[test]
fn bytes_are_read_when_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let (_database, first) = one_backup(dir.path(), &[]);
    hours_ago(&first, 3, "whole");
    let mut bytes = fs::read(&first).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&first, bytes).unwrap();
    passes(dir.path(), &[], 1);
    fails(dir.path(), &["--verify-checksums"], &["its manifest says"]);
    fails(
        dir.path(),
        &["--verify-checksums", "--max-age", "2h"],
        &["its manifest says", "is 3h old"],
    );
    let list = folder(dir.path()).args(["--list", "--verify-checksums", "--keep-last", "1"]);
    let listed = list.run().expect_code(1).json_lines();
    assert_eq!(listed[0]["state"], "checksum differs");
    assert_eq!(listed[0]["kept"], Value::Null);
    assert_eq!(listed[1]["kept"], true);
}

#[test]
fn one_that_did_not_restore_is_no_good_backup() {
    let dir = tempfile::tempdir().unwrap();
    let (_database, first) = one_backup(dir.path(), &[]);
    let known = Manifest::read(&first).unwrap().unwrap();
    let proof = Proof {
        verified_at: shared::time::now(),
        proved: false,
        message: "rows orders: some are missing".into(),
        sha256: known.sha256().map(str::to_string),
        bytes: known.bytes(),
        restore_ms: None,
        server_version: None,
        tool_version: "0.1.0".into(),
    };
    proof.write(&first).unwrap();
    fails(
        dir.path(),
        &[],
        &[
            "it failed when it was verified, ",
            "there is no good backup",
        ],
    );
    let proof = Proof {
        proved: true,
        ..proof
    };
    proof.write(&first).unwrap();
    let output = check(dir.path(), &[]).expect_code(0);
    let reason = text(&output.json_lines()[0], "reason");
    assert_eq!(reason, "good backups: 1, of them proved to restore: 1");
}

#[test]
fn a_backup_that_shrinks_is_noticed_where_sizes_can_be_compared() {
    let dir = tempfile::tempdir().unwrap();
    let (_database, first) = one_backup(dir.path(), &[]);
    let bytes = fs::metadata(&first).unwrap().len();
    let before = hours_ago(&first, 3, "before");
    let mut data = fs::read(&before).unwrap();
    data.resize(2 * bytes as usize, 0);
    fs::write(&before, data).unwrap();
    change(&before, |manifest| {
        manifest["files"][0]["bytes"] = (2 * bytes).into()
    });
    fails(dir.path(), &["--max-shrink", "49%"], &["that is 50 % less"]);
    passes(dir.path(), &["--max-shrink", "51"], 1);
    change(&before, |manifest| manifest["compression"] = "none".into());
    let output = check(dir.path(), &["--max-shrink", "49"]).expect_code(0);
    let reason = text(&output.json_lines()[0], "reason");
    assert!(reason.contains("size is compared with none"), "{reason}");
}

/// As if of a server with this identifier, so many hours ago.
fn of_server(first: &Path, server: &str, hours: i64) -> PathBuf {
    let backup = hours_ago(first, hours, &format!("{server}_{hours}"));
    change(&backup, |manifest| {
        manifest["system_identifier"] = server.into();
    });
    backup
}

/// Two servers have a database of one name, and the backups of one have stopped.
#[test]
fn each_server_in_a_folder_is_checked_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let (database, first) = one_backup(dir.path(), &[]);
    for hours in [30, 54, 78] {
        of_server(&first, "7000000000000111111", hours);
    }
    for hours in [1, 25, 49] {
        of_server(&first, "7000000000000222222", hours);
    }
    remove(&first);
    let name = database.name();
    let stale = format!("database {name}, server …111111: the newest good backup is 1d 6h old");
    for of in [&[][..], &["-d", name]] {
        let arguments = [&["--max-age", "26h"], of].concat();
        fails(dir.path(), &arguments, &[&stale]);
    }
    passes(dir.path(), &["--max-age", "31h"], 2);
    // Whoever takes the newest of the list takes it of one of them.
    let words =
        format!("several servers: database {name} of 222222 and 111111: the field `server`");
    for mode in ["--check", "--list"] {
        let output = folder(dir.path()).arg(mode).run().expect_code(0);
        assert_eq!(
            output.stderr.contains(&words),
            mode == "--list",
            "{output:?}"
        );
        let servers = output.json_lines();
        let of = |server: &str| servers.iter().filter(|of| of["server"] == server).count();
        assert_eq!(of("111111"), of("222222"));
        assert_eq!(of("111111") * 2, servers.len());
    }
    fails(
        dir.path(),
        &["--min-count", "4"],
        &[
            ", server …222222: good backups: 3",
            ", server …111111: good backups: 3",
        ],
    );
}

#[test]
fn a_server_that_ended_before_another_began_is_its_forerunner() {
    let dir = tempfile::tempdir().unwrap();
    let (_database, first) = one_backup(dir.path(), &[]);
    of_server(&first, "1", 100);
    of_server(&first, "1", 76);
    of_server(&first, "2", 52);
    of_server(&first, "2", 28);
    let output = check(dir.path(), &["--max-age", "26h", "--min-count", "5"]).expect_code(0);
    let reason = text(&output.json_lines()[0], "reason");
    let expected = "good backups: 5, of them proved to restore: 0, of an earlier server: 4";
    assert_eq!(reason, expected);
    assert_eq!(output.stderr, "");
    // One more of the oldest, after the next had begun: both are there.
    of_server(&first, "2", 0);
    of_server(&first, "1", 30);
    remove(&first);
    fails(
        dir.path(),
        &["--max-age", "26h"],
        &[", server …1: the newest"],
    );
}

/// A script is only taken to be of the database of -d.
#[test]
fn scripts_of_others_make_no_stale_backup_young() {
    let dir = tempfile::tempdir().unwrap();
    let (database, first) = one_backup(dir.path(), &["-F", "plain", "-Z", "none"]);
    let ours = hours_ago(&first, 30, "ours");
    fs::copy(&first, dir.path().join("shop_1.sql")).unwrap();
    remove(&first);
    let with_shop = [
        "-d",
        database.name(),
        "--max-age",
        "26h",
        "--match",
        "*.sql",
    ];
    let words = "is 1d 6h old, and 1d 2h is the most (files named shop_# not counted: nothing in";
    fails(dir.path(), &with_shop, &[words]);
    // Nor once they were adopted.
    let rotate = folder(dir.path()).args(["--rotate", "--keep-last", "9", "--match", "*.sql"]);
    rotate.args(["-d", database.name()]).run().expect_code(0);
    assert!(manifest(&dir.path().join("shop_1.sql")).exists());
    fails(dir.path(), &with_shop[..4], &[words]);
    // Where there is nothing else they are what is checked, each kind of names by itself.
    remove(&ours);
    passes(dir.path(), &with_shop[..4], 1);
    let old = dir.path().join("app_1.sql");
    fs::copy(dir.path().join("shop_1.sql"), &old).unwrap();
    let then = std::time::SystemTime::now() - time_of(30);
    let file = fs::File::options().append(true).open(&old).unwrap();
    file.set_modified(then).unwrap();
    fails(
        dir.path(),
        &with_shop,
        &[", files named app_#: the newest good backup is 1d 6h old"],
    );
}

/// A damaged one of others says nothing of its database: it is one of those that are called alike.
#[test]
fn what_others_left_damaged_is_one_fault() {
    let dir = tempfile::tempdir().unwrap();
    let (_database, first) = one_backup(dir.path(), &[]);
    for day in 1..=3 {
        let copy = dir.path().join(format!("b_2026010{day}.dump"));
        fs::copy(&first, &copy).unwrap();
    }
    remove(&first);
    fs::write(dir.path().join("b_20260102.dump"), "PGDMP").unwrap();
    fails(dir.path(), &["--match", "b_*"], &["the archive ends early"]);
}

/// Rotation would keep the damaged one and delete the good.
#[test]
fn damage_that_can_not_be_noted_is_said_to_be_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let (_database, first) = one_backup(dir.path(), &[]);
    let mut bytes = fs::read(&first).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&first, bytes).unwrap();
    let note = PathBuf::from(format!("{}.verified.json", first.display()));
    fs::create_dir(&note).unwrap();
    let output = check(dir.path(), &["--verify-checksums"]).expect_code(1);
    let words = "; rotation will take that backup for a good one";
    assert!(output.stderr.contains(words), "{output:?}");
}

#[test]
fn damage_is_noted_where_there_is_no_room_for_words() {
    let dir = tempfile::tempdir().unwrap();
    let (_database, first) = one_backup(dir.path(), &[]);
    let good = hours_ago(&first, 30, "good");
    let mut bytes = fs::read(&first).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&first, bytes).unwrap();
    let found = folder(dir.path()).args(["--check", "--verify-checksums"]);
    let found = found.largest_file(0).run().expect_code(1);
    assert!(!found.stderr.contains("will take that backup"), "{found:?}");
    let note = PathBuf::from(format!("{}.verified.json", first.display()));
    assert_eq!(fs::metadata(note).unwrap().len(), 0);
    // No full disk makes rotation forget it.
    let rotate = folder(dir.path()).args(["--rotate", "--keep-last", "1"]);
    rotate.run().expect_code(0);
    assert!(good.exists());
    fails(
        dir.path(),
        &[],
        &["found to be no good, and there was no room to say why"],
    );
}
