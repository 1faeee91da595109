//! Days and weeks are those of the clock where a backup was taken.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod setting;

use std::path::Path;

use serde_json::Value;
use setting::{back_up, copy_with, database_with_rows, folder, manifest, path_of, text};

fn taken(first: &Path, name: &str, at: &str, offset: i32) {
    copy_with(first, &format!("{name}.dump"), |manifest| {
        manifest["taken_at"] = at.into();
        manifest["utc_offset_seconds"] = offset.into();
    });
}

/// The names that are kept, and why.
fn kept(dir: &Path, arguments: &[&str]) -> Vec<(String, String)> {
    let rotate = folder(dir)
        .args(["--rotate", "--dry-run", "--keep-daily", "9"])
        .args(arguments);
    let mut records = rotate.run().expect_code(0).json_lines();
    records.retain(|record| record["action"] == "kept");
    let name = |record: &Value| {
        let path = text(record, "path");
        path.rsplit('/').next().unwrap().to_string()
    };
    let of = |record: &Value| (name(record), text(record, "reason"));
    records.iter().map(of).collect()
}

#[test]
fn a_manifest_keeps_the_zone_and_days_are_the_zones() {
    let database = database_with_rows(10);
    let dir = tempfile::tempdir().unwrap();
    let backup = |zone: &str| back_up(&database, dir.path()).env("TZ", zone);
    let first = path_of(&backup("Asia/Kolkata").run().expect_code(0));
    let written: Value = serde_json::from_slice(&std::fs::read(manifest(&first)).unwrap()).unwrap();
    assert_eq!(written["utc_offset_seconds"], 19800);
    assert_eq!(written["time_zone"], "Asia/Kolkata");
    assert!(text(&written, "taken_at").ends_with('Z'));
    // Half past midnight of the 21st in India, and half an hour before that midnight.
    taken(&first, "after", "2020-11-20T19:00:00Z", 19800);
    taken(&first, "before", "2020-11-20T18:00:00Z", 19800);
    taken(&first, "morning", "2020-11-20T04:00:00Z", 19800);
    let local = kept(dir.path(), &[]);
    let of = |all: &[(String, String)], at: usize| (all[at].0.clone(), all[at].1.clone());
    assert_eq!(
        of(&local, 1),
        ("after.dump".into(), "daily 2020-11-21 (2 of 9)".into())
    );
    assert_eq!(
        of(&local, 2),
        ("before.dump".into(), "daily 2020-11-20 (3 of 9)".into())
    );
    let utc = kept(dir.path(), &["--utc"]);
    assert_eq!(
        of(&utc, 1),
        ("after.dump".into(), "daily 2020-11-20 (2 of 9)".into())
    );
    let oldest = "oldest, daily 2020-11-20 (3 of 9)".into();
    assert_eq!(of(&utc, 2), ("morning.dump".into(), oldest));
    assert_eq!(utc.len(), 3);
}

#[test]
fn a_zone_that_nobody_knows_is_not_taken_for_utc() {
    let database = database_with_rows(1);
    let dir = tempfile::tempdir().unwrap();
    let backup = || back_up(&database, dir.path()).env("TZ", "Europe/Berlln");
    let output = backup().run().expect_code(2).expect_no_output();
    output.expect_error("TZ=Europe/Berlln: no time zone is known by this name");
    assert_eq!(setting::visible(dir.path()), [""; 0]);
    backup().arg("--utc").run().expect_code(0);
}
