//! What pg-restore-verify found decides what is kept.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod setting;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use setting::{back_up, database_with_rows, folder, manifest, path_of, taken_at, text};
use shared::backup::{Manifest, Proof};
use shared::programs::Program;
use tests::{Database, eventually, tool};

/// A backup of now and, an hour apart, older ones of one day, the newest first.
fn day(dir: &Path, count: usize) -> (Database<'static>, PathBuf, Vec<PathBuf>) {
    let database = database_with_rows(10);
    let first = path_of(&back_up(&database, dir).run().expect_code(0));
    let older = (0..count).map(|i| taken_at(&first, &format!("20240105T{:02}0000Z", 22 - i)));
    let older = older.collect();
    (database, first, older)
}

fn tried(backup: &Path, proved: bool) {
    let known = Manifest::read(backup).unwrap().unwrap();
    let proof = Proof {
        verified_at: shared::time::now(),
        proved,
        message: "said so".into(),
        sha256: known.sha256().map(str::to_string),
        bytes: known.bytes(),
        restore_ms: None,
        server_version: None,
        tool_version: "0.1.0".into(),
    };
    proof.write(backup).unwrap();
}

fn rotate(dir: &Path, arguments: &[&str]) -> Vec<Value> {
    let rotate = folder(dir).arg("--rotate").args(arguments);
    rotate.run().expect_code(0).json_lines()
}

fn kept(records: &[Value]) -> Vec<(String, String)> {
    let kept = records.iter().filter(|record| record["action"] == "kept");
    let name = |record: &Value| {
        let path = PathBuf::from(text(record, "path"));
        path.file_stem().unwrap().to_str().unwrap().to_string()
    };
    kept.map(|record| (name(record), text(record, "reason")))
        .collect()
}

#[test]
fn of_a_day_the_proved_backup_is_kept_and_the_newest_proved_one_never_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let (_database, first, older) = day(dir.path(), 5);
    tried(&older[0], false);
    tried(&older[2], true);
    tried(&older[4], true);
    let of_first = first.file_stem().unwrap().to_str().unwrap().to_string();
    let dry = rotate(dir.path(), &["--keep-last", "1", "--dry-run"]);
    let expected = [
        (of_first.clone(), "last (1 of 1)".to_string()),
        ("x_20240105T200000Z".into(), "newest that was proved".into()),
    ];
    assert_eq!(kept(&dry), expected);
    assert_eq!(dry[0]["proved"], Value::Null);
    assert_eq!(dry[1]["proved"], false);
    assert_eq!(dry[3]["proved"], true);
    assert!(text(&dry[3], "verified_at").starts_with("20"));
    let done = rotate(dir.path(), &["--keep-daily", "2"]);
    assert_eq!(kept(&done)[1].0, "x_20240105T200000Z");
    assert_eq!(kept(&done)[1].1, "daily 2024-01-05 (2 of 2)");
    let mut left = vec![first.clone(), manifest(&first)];
    left.extend([older[2].clone(), manifest(&older[2])]);
    assert!(left.iter().all(|path| path.exists()));
    let names = setting::visible(dir.path());
    let verified: Vec<_> = names
        .iter()
        .filter(|n| n.ends_with(".verified.json"))
        .collect();
    assert_eq!(
        verified,
        ["x_20240105T200000Z.dump.verified.json"],
        "they go with their backups"
    );
}

#[test]
fn the_newest_is_kept_and_one_that_has_not_failed_too() {
    let dir = tempfile::tempdir().unwrap();
    let (_database, first, older) = day(dir.path(), 3);
    tried(&first, false);
    tried(&older[0], false);
    let kept = kept(&rotate(
        dir.path(),
        &["--keep-last", "1", "--keep-min", "2"],
    ));
    let reasons: Vec<&str> = kept.iter().map(|(_, reason)| reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "last (1 of 1)",
            "newest that has not failed",
            "min (2 of 2)"
        ]
    );
    assert!(older[1].exists() && older[2].exists() && !older[0].exists());
}

/// The two tools together: what one proves, the other keeps.
/// What was seen to be damaged does not cost the last good backup.
#[test]
fn damage_that_was_found_is_remembered() {
    for job in ["--check", "--list"] {
        let dir = tempfile::tempdir().unwrap();
        let (_database, first, older) = day(dir.path(), 2);
        let mut bytes = fs::read(&first).unwrap();
        let at = bytes.len() / 2;
        bytes[at] ^= 1;
        fs::write(&first, bytes).unwrap();
        let look = folder(dir.path()).args([job, "--verify-checksums"]);
        look.run().expect_code(1);
        let proof = Proof::read(&first).unwrap();
        assert!(!proof.proved && proof.message.contains("SHA-256"));
        assert!(Proof::read(&older[0]).is_none());
        let records = rotate(dir.path(), &["--keep-last", "1"]);
        let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_string();
        let kept = kept(&records).into_iter().map(|(name, _)| name);
        assert_eq!(kept.collect::<Vec<_>>(), [name(&first), name(&older[0])]);
        assert!(older[0].exists() && !older[1].exists());
    }
}

/// Rows in INSERT statements are not counted on the way; they are restored and proved all the same.
#[test]
fn a_backup_of_insert_statements_is_proved() {
    let database = database_with_rows(10);
    for format in ["custom", "plain", "directory", "tar"] {
        let dir = tempfile::tempdir().unwrap();
        let run = back_up(&database, dir.path()).args(["-F", format, "--", "--inserts"]);
        let backup = path_of(&run.run().expect_code(0));
        let told = fs::read_to_string(manifest(&backup)).unwrap();
        assert!(told.contains("\"tables\": null"), "{format}: {told}");
        tool("pg-restore-verify").arg(&backup).run().expect_code(0);
        let proof = Proof::read(&backup).unwrap();
        assert!(proof.proved, "{format}: {proof:?}");
    }
}

#[test]
fn pg_restore_verify_writes_what_rotation_reads() {
    let dir = tempfile::tempdir().unwrap();
    let (database, first, older) = day(dir.path(), 2);
    let verify = |backup: &Path| tool("pg-restore-verify").arg("-q").arg(backup);
    verify(&older[1]).run().expect_code(0);
    verify(&older[0]).arg("--no-record").run().expect_code(0);
    assert_eq!(Proof::read(&older[0]), None);
    let proof = Proof::read(&older[1]).unwrap();
    assert!(
        proof.proved && proof.message.contains("10 rows"),
        "{proof:?}"
    );
    assert_eq!(
        proof.server_version,
        Some(database.cluster().version().to_string())
    );
    assert!(proof.restore_ms.is_some());
    // One byte of the newest is changed: it doesn't restore, and that is noted, too.
    let mut bytes = fs::read(&first).unwrap();
    let last = bytes.len() - 20;
    bytes[last] ^= 1;
    fs::write(&first, bytes).unwrap();
    verify(&first).run().expect_code(1);
    let listed = folder(dir.path())
        .arg("--list")
        .run()
        .expect_code(0)
        .json_lines();
    let proved: Vec<&Value> = listed.iter().map(|record| &record["proved"]).collect();
    assert_eq!(
        proved,
        [&Value::Bool(false), &Value::Null, &Value::Bool(true)]
    );
    let kept = kept(&rotate(dir.path(), &["--keep-daily", "2", "--dry-run"]));
    assert_eq!(kept[1].1, "newest that has not failed");
    let expected = ("x_20240105T210000Z", "daily 2024-01-05 (2 of 2)");
    assert_eq!((kept[2].0.as_str(), kept[2].1.as_str()), expected);
}

/// PostgreSQL's programs, with a pg_restore that says when it is to read a backup, and waits.
fn waiting(bin: &Path) {
    let real = Program::find("pg_restore", None).unwrap();
    let real = fs::canonicalize(real.path()).unwrap();
    for entry in fs::read_dir(real.parent().unwrap()).unwrap().flatten() {
        if entry.file_name() != "pg_restore" {
            symlink(entry.path(), bin.join(entry.file_name())).unwrap();
        }
    }
    let (bin, real) = (bin.display(), real.display());
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *--version*) ;; *) : >{bin}/asked
         while [ ! -e {bin}/go ]; do sleep 0.02; done;; esac\nexec {real} \"$@\"\n"
    );
    let path = format!("{bin}/pg_restore");
    tests::write_script(&path, script);
}

/// A restore takes hours, and the backup is there until its end.
#[test]
fn a_backup_that_is_being_verified_is_not_deleted() {
    for format in ["custom", "directory"] {
        let (dir, bin) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::set_permissions(bin.path(), fs::Permissions::from_mode(0o755)).unwrap();
        waiting(bin.path());
        let database = database_with_rows(10);
        let take = || back_up(&database, dir.path()).args(["-F", format]);
        let older = path_of(&take().run().expect_code(0));
        let verify = tool("pg-restore-verify").arg(&older);
        let running = verify.env("PG_BINDIR", bin.path()).start();
        eventually("it is being restored", || bin.path().join("asked").exists());
        let output = take().args(["--keep-last", "1"]).run().expect_code(0);
        let records = output.json_lines();
        assert_eq!(text(&records[1], "action"), "kept");
        let reason = "no rule keeps it, but it is being read: a later run deletes it";
        assert_eq!(text(&records[1], "reason"), reason);
        fs::write(bin.path().join("go"), "").unwrap();
        running.finish().expect_code(0);
        // As the newest that was proved it would stay.
        fs::remove_file(format!("{}.verified.json", older.display())).unwrap();
        let records = rotate(dir.path(), &["--keep-last", "1"]);
        assert_eq!(text(&records[1], "action"), "deleted");
        assert!(!older.exists());
    }
}

#[test]
fn what_a_killed_verification_left_is_swept() {
    let dir = tempfile::tempdir().unwrap();
    let (database, _first, _older) = day(dir.path(), 0);
    let at = |name: &str| dir.path().join(name);
    let old = SystemTime::now() - Duration::from_secs(2 * 3600);
    let plant = |name: &str, modified| {
        let file = fs::File::create(at(name)).unwrap();
        file.set_modified(modified).unwrap();
    };
    plant(".verified.aB3dE9", old);
    let others = [".verified.", ".verified.aB3dE9x", ".verified.aB_dE9"];
    others.iter().for_each(|name| plant(name, old));
    plant(".verified.XXXXXX", SystemTime::now());
    let output = back_up(&database, dir.path()).run().expect_code(0);
    output.expect_error(".verified.aB3dE9, left unfinished by an earlier run");
    assert!(!at(".verified.aB3dE9").exists());
    let stays = |name: &&str| at(name).exists();
    assert!(others.iter().all(stays));
    assert!(at(".verified.XXXXXX").exists(), "somebody may be at it");
}
