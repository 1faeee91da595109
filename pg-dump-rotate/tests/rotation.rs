//! What is kept, what is deleted, and what is never touched.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod setting;

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use serde_json::Value;
use setting::{
    actions, back_up, checksums, copy_with, database_with_rows, folder, manifest, path_of,
    taken_at, text, visible,
};
use tests::Database;

/// A folder with a real backup in it, from which older ones are made.
fn one_backup(dir: &Path, arguments: &[&str]) -> (Database<'static>, PathBuf) {
    let database = database_with_rows(10);
    let output = back_up(&database, dir).args(arguments).run().expect_code(0);
    let path = path_of(&output);
    (database, path)
}

fn names(dir: &Path) -> Vec<String> {
    let mut names = visible(dir);
    names.retain(|name| !name.ends_with(".manifest.json") && !name.ends_with(".sha256"));
    names
}

#[test]
fn the_policy_decides_and_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let (database, first) = one_backup(dir.path(), &[]);
    for stamp in [
        "20240105T030000Z", // Friday of W01
        "20240104T030000Z",
        "20240101T030000Z", // Monday of W01
        "20231231T030000Z", // Sunday of 2023-W52
        "20231224T030000Z",
    ] {
        taken_at(&first, stamp);
    }
    let keep = [
        "--keep-daily",
        "3",
        "--keep-weekly",
        "4",
        "--keep-yearly",
        "2",
    ];
    let output = back_up(&database, dir.path())
        .args(keep)
        .run()
        .expect_code(0);
    assert_eq!(output.stderr, "");
    let records = output.json_lines();
    let created = text(&records[0], "path");
    assert_eq!(text(&records[0], "action"), "created");
    let (day, year) = (
        &text(&records[0], "taken_at")[..10],
        &text(&records[0], "taken_at")[..4],
    );
    let reason = text(&records[0], "reason");
    assert!(
        reason.starts_with(&format!("daily {day} (1 of 3); weekly {year}-W")),
        "{reason}"
    );
    assert!(
        reason.ends_with(&format!("; yearly {year} (1 of 2)")),
        "{reason}"
    );
    let told: Vec<[String; 3]> = records[1..]
        .iter()
        .map(|record| ["taken_at", "action", "reason"].map(|field| text(record, field)))
        .collect();
    let expected = [
        [
            "2024-01-05T03:00:00Z",
            "kept",
            "daily 2024-01-05 (2 of 3); weekly 2024-W01 (2 of 4); yearly 2024 (2 of 2)",
        ],
        ["2024-01-04T03:00:00Z", "kept", "daily 2024-01-04 (3 of 3)"],
        ["2024-01-01T03:00:00Z", "deleted", "no rule keeps it"],
        ["2023-12-31T03:00:00Z", "kept", "weekly 2023-W52 (3 of 4)"],
        ["2023-12-24T03:00:00Z", "kept", "weekly 2023-W51 (4 of 4)"],
    ];
    // The first backup shares its day with the new one.
    assert_eq!(
        (&told[0][1], &told[0][2]),
        (&"deleted".into(), &"no rule keeps it".into())
    );
    assert_eq!(told[1..], expected);
    let mut left = [
        "20240105T030000Z",
        "20240104T030000Z",
        "20231231T030000Z",
        "20231224T030000Z",
    ]
    .map(|stamp| format!("x_{stamp}.dump"))
    .to_vec();
    left.push(
        PathBuf::from(created)
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .into(),
    );
    left.sort();
    assert_eq!(names(dir.path()), left);
    assert_eq!(
        visible(dir.path()).len(),
        3 * left.len(),
        "manifests and checksums went with their backups"
    );
}

#[test]
fn without_a_rule_nothing_is_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let (database, first) = one_backup(dir.path(), &[]);
    taken_at(&first, "20010101T000000Z");
    let output = back_up(&database, dir.path()).run().expect_code(0);
    assert_eq!(output.json_lines().len(), 1);
    assert_eq!(output.json_lines()[0]["reason"], Value::Null);
    for none in [
        &["--keep-daily", "0"][..],
        &["--keep-last", "0", "--keep-within", "0d"],
    ] {
        let run = back_up(&database, dir.path()).args(none);
        run.run().expect_code(2).expect_error("rules of 0");
    }
    assert_eq!(names(dir.path()).len(), 3);
}

#[test]
fn a_table_is_aligned_over_all_its_rows() {
    let dir = tempfile::tempdir().unwrap();
    let (database, first) = one_backup(dir.path(), &[]);
    taken_at(&first, "20010101T000000Z");
    let run = back_up(&database, dir.path()).args(["--keep-last", "2", "-o", "table"]);
    let output = run.run().expect_code(0);
    let [header, rows @ ..] = &*output.stdout.lines().collect::<Vec<_>>() else {
        panic!("{output:?}")
    };
    assert_eq!(rows.len(), 3, "{output:?}");
    let column = header.find("pg_dump_version").unwrap();
    let version = database.cluster().version().to_string();
    for row in rows {
        assert!(row[column..].starts_with(&version), "{output:?}");
    }
}

#[test]
fn another_database_label_selection_or_server_is_rotated_apart() {
    let dir = tempfile::tempdir().unwrap();
    let (database, first) = one_backup(dir.path(), &[]);
    let at = "2020-01-01T00:00:00Z";
    let old = |name: &str, field: &str, value: Value| {
        copy_with(&first, name, |manifest| {
            manifest["taken_at"] = at.into();
            manifest[field] = value;
        });
    };
    old("database_20200101T000000Z.dump", "database", "other".into());
    old(
        "label_20200101T000000Z.dump",
        "label",
        "pre-migration".into(),
    );
    old(
        "selection_20200101T000000Z.dump",
        "selection",
        vec!["--schema-only"].into(),
    );
    old(
        "server_20200101T000000Z.dump",
        "system_identifier",
        "1".into(),
    );
    old("same_20200101T000000Z.dump", "label", Value::Null);
    let output = back_up(&database, dir.path())
        .args(["--keep-last", "2"])
        .run()
        .expect_code(0);
    let gone: Vec<_> = actions(&output)
        .into_iter()
        .filter(|(action, _)| action == "deleted")
        .collect();
    assert_eq!(
        gone,
        [("deleted".into(), "same_20200101T000000Z.dump".into())]
    );
    let reason = "last (1 of 2); 1 of another server, which are not rotated with this one's";
    assert_eq!(output.json_lines()[0]["reason"], reason);
    let left = names(dir.path());
    for apart in ["database", "label", "selection", "server"] {
        assert!(
            left.contains(&format!("{apart}_20200101T000000Z.dump")),
            "{apart}: {left:?}"
        );
    }
}

#[test]
fn only_backups_that_can_be_relied_on_count_or_go() {
    let dir = tempfile::tempdir().unwrap();
    let (database, first) = one_backup(dir.path(), &[]);
    let [orphan, short, garbled, good, older] =
        ["20260105", "20260104", "20260103", "20260102", "20260101"]
            .map(|day| taken_at(&first, &format!("{day}T000000Z")));
    fs::remove_file(manifest(&orphan)).unwrap();
    fs::write(&short, "short").unwrap();
    fs::write(manifest(&garbled), "{").unwrap();
    for foreign in [
        "backup.sql",
        "notes.txt",
        ".app_20200101T000000Z.dump.swp",
        "x_20200101T000000Z.dump.gpg",
    ] {
        fs::write(dir.path().join(foreign), "mine").unwrap();
    }
    fs::remove_file(&first).unwrap();
    fs::remove_file(manifest(&first)).unwrap();
    let before = visible(dir.path());
    let output = back_up(&database, dir.path())
        .args(["--keep-last", "2"])
        .run()
        .expect_code(0);
    let told: Vec<String> = actions(&output)
        .into_iter()
        .map(|(action, _)| action)
        .collect();
    assert_eq!(told, ["created", "kept", "deleted"]);
    let after = visible(dir.path());
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_string();
    let gone: Vec<&String> = before.iter().filter(|name| !after.contains(name)).collect();
    let older = name(&older);
    let side = |side: &str| format!("{older}{side}");
    assert_eq!(gone, [&side(""), &side(".manifest.json"), &side(".sha256")]);
    assert!(after.contains(&name(&good)));
}

#[test]
fn a_backup_from_the_future_takes_nobodys_place() {
    let dir = tempfile::tempdir().unwrap();
    let (database, first) = one_backup(dir.path(), &[]);
    taken_at(&first, "20990101T000000Z");
    let output = back_up(&database, dir.path())
        .args(["--keep-last", "2"])
        .run()
        .expect_code(0);
    let told: Vec<String> = output
        .json_lines()
        .iter()
        .map(|record| text(record, "reason"))
        .collect();
    assert_eq!(
        told,
        ["last (1 of 2)", "taken in the future", "last (2 of 2)"]
    );
    let within = ["--keep-within", "1h"];
    let output = back_up(&database, dir.path())
        .args(within)
        .run()
        .expect_code(0);
    assert!(
        actions(&output)
            .iter()
            .all(|(action, _)| action != "deleted")
    );
}

#[test]
fn rotate_alone_judges_each_database_apart() {
    let dir = tempfile::tempdir().unwrap();
    let (database, first) = one_backup(dir.path(), &[]);
    taken_at(&first, "20200101T000000Z");
    for day in ["02", "03"] {
        copy_with(&first, &format!("b_202001{day}T000000Z.dump"), |manifest| {
            manifest["database"] = "b".into();
            manifest["taken_at"] = format!("2020-01-{day}T00:00:00Z").into();
        });
        copy_with(&first, &format!("l_202001{day}T000000Z.dump"), |manifest| {
            manifest["label"] = "l".into();
            manifest["taken_at"] = format!("2020-01-{day}T00:00:00Z").into();
        });
    }
    let rotate = |arguments: &[&str]| {
        let run = folder(dir.path())
            .args(["--rotate", "--keep-last", "1"])
            .args(arguments);
        let output = run.run().expect_code(0);
        let mut actions = actions(&output);
        actions.sort();
        actions
    };
    let first = first.file_name().unwrap().to_str().unwrap();
    let expected = |delete: &str, names: &[(&str, &str)]| {
        let action = |word: &&str| word.replace("delete", delete);
        let mut all: Vec<(String, String)> = names
            .iter()
            .map(|(a, n)| (action(a), n.to_string()))
            .collect();
        all.sort();
        all
    };
    let all = [
        ("kept", first),
        ("delete", "x_20200101T000000Z.dump"),
        ("kept", "b_20200103T000000Z.dump"),
        ("delete", "b_20200102T000000Z.dump"),
    ];
    let before = visible(dir.path());
    assert_eq!(rotate(&["--dry-run"]), expected("would_delete", &all));
    assert_eq!(visible(dir.path()), before);
    let conninfo = database.conninfo();
    assert_eq!(rotate(&["-d", &conninfo]), expected("deleted", &all[..2]));
    assert_eq!(rotate(&[]), expected("deleted", &[all[0], all[2], all[3]]));
    let labelled = [
        ("kept", "l_20200103T000000Z.dump"),
        ("delete", "l_20200102T000000Z.dump"),
    ];
    assert_eq!(rotate(&["--label", "l"]), expected("deleted", &labelled));
}

#[test]
fn a_reader_that_went_away_keeps_no_old_backups_alive() {
    let dir = tempfile::tempdir().unwrap();
    let (database, first) = one_backup(dir.path(), &[]);
    let old = taken_at(&first, "20260101T000000Z");
    let run = back_up(&database, dir.path()).args(["--keep-last", "2"]);
    let output = run.stdout_closed().run();
    assert_eq!(output.signal(), Some(13), "{output:?}");
    assert!(!old.exists());
    let run = back_up(&database, dir.path()).args(["--keep-last", "2"]);
    run.stdout_to("/dev/full").run().expect_code(2);
    assert!(!first.exists());
    assert_eq!(names(dir.path()).len(), 2);
}

#[test]
fn a_missing_folder_can_not_be_listed() {
    for job in [&["--list"][..], &["--rotate", "--keep-last", "1"]] {
        let output = folder(Path::new("/nonexistent/backups"))
            .args(job)
            .run()
            .expect_code(2);
        output
            .expect_no_output()
            .expect_error("/nonexistent/backups");
    }
}

#[test]
fn one_that_can_not_be_deleted_is_told_and_saves_no_other() {
    // In a sticky folder nobody but the owner may delete a file.
    let Some(uid) = tests::another_user() else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let (_database, first) = one_backup(dir.path(), &[]);
    let [stubborn, gone] =
        ["20260102", "20260101"].map(|day| taken_at(&first, &format!("{day}T000000Z")));
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o1777)).unwrap();
    for file in [
        &gone,
        &manifest(&gone),
        &checksums(&gone),
        &first,
        &manifest(&first),
        &checksums(&first),
        &dir.path().join(".pg-dump-rotate.lock"),
    ] {
        chown(file, Some(uid), Some(uid)).unwrap();
    }
    fs::set_permissions(manifest(&stubborn), fs::Permissions::from_mode(0o644)).unwrap();
    let run = folder(dir.path())
        .args(["--rotate", "--keep-last", "1"])
        .as_user(uid);
    let output = run.run().expect_code(1).expect_error("could not delete");
    let told: Vec<String> = actions(&output)
        .into_iter()
        .map(|(action, _)| action)
        .collect();
    assert_eq!(told, ["kept", "failed", "deleted"]);
    assert!(stubborn.exists() && manifest(&stubborn).exists() && !gone.exists());
}
