//! The rows about what is kept, listed, checked and taken over.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use shared::backup::{Manifest, manifest_of};
use shared::programs::Program;
use shared::time::{Time, now};
use tests::{Database, Output, ToolCommand, files_in, program, tool};

const DAY: u64 = 86_400;

fn shop() -> Database<'static> {
    let database = Database::new();
    database.sql("create table orders as select n from generate_series(1, 100) as n");
    database
}

fn rotate_tool(dir: &Path, arguments: &[&str]) -> ToolCommand {
    tool("pg-dump-rotate").arg("--dir").arg(dir).args(arguments)
}

fn back_up(database: &Database, dir: &Path, arguments: &[&str]) -> Output {
    let run = rotate_tool(dir, arguments).database(database).run();
    run.expect_code(0)
}

/// The file of the first record.
fn path_of(output: &Output) -> PathBuf {
    PathBuf::from(output.json_lines()[0]["path"].as_str().unwrap())
}

/// A copy of a backup as if it had been taken at another time.
fn taken(backup: &Path, name: &str, at: Time) -> PathBuf {
    let copy = backup.with_file_name(name);
    fs::copy(backup, &copy).unwrap();
    let mut manifest = Manifest::read(backup).unwrap().unwrap();
    manifest.taken_at = at;
    manifest.finished_at = at;
    manifest.files[0].name = name.into();
    let text = manifest.to_json().unwrap();
    fs::write(copy.with_file_name(manifest_of(name)), text).unwrap();
    copy
}

fn days_ago(days: u64) -> Time {
    now() - Duration::from_secs(days * DAY)
}

/// The file names of the records with an action, in order.
fn names(output: &Output, action: &str) -> Vec<String> {
    let records = output.json_lines();
    let of = records.iter().filter(|record| record["action"] == action);
    let name = |record: &Value| {
        let path = PathBuf::from(record["path"].as_str().unwrap());
        path.file_name().unwrap().to_str().unwrap().to_string()
    };
    let mut names: Vec<String> = of.map(name).collect();
    names.sort();
    names
}

/// T09: the table daily 7, weekly 4, monthly 12, yearly 3, each kept file with the reason.
#[test]
fn t09() {
    let (database, dir) = (shop(), tempfile::tempdir().unwrap());
    let dir = dir.path();
    let first = path_of(&back_up(&database, dir, &[]));
    for day in 1..5 * 365 {
        taken(&first, &format!("day{day}.dump"), days_ago(day));
    }
    let policy = "--keep-daily 7 --keep-weekly 4 --keep-monthly 12 --keep-yearly 3";
    let policy: Vec<&str> = policy.split(' ').collect();
    let output = back_up(&database, dir, &policy);
    let records = output.json_lines();
    let stays: Vec<&Value> = records
        .iter()
        .filter(|r| r["action"] != "deleted")
        .collect();
    // As many as restic keeps of five years of days, more or less by where the month begins.
    assert!((18..=24).contains(&stays.len()), "{}", stays.len());
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for record in &stays {
        let reasons = record["reason"].as_str().unwrap();
        for reason in reasons.split("; ") {
            *counts.entry(reason.split(' ').next().unwrap()).or_default() += 1;
        }
    }
    let expected = [("daily", 7), ("monthly", 12), ("weekly", 4), ("yearly", 3)];
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), expected);
    let newest = stays[0]["reason"].as_str().unwrap();
    assert!(
        newest.starts_with("daily 20") && newest.ends_with("(1 of 3)"),
        "{newest}"
    );
    let data = files_in(dir)
        .into_iter()
        .filter(|name| name.ends_with(".dump"));
    assert_eq!(data.count(), stays.len());
}

/// T16: one command, every week or every morning, that fails when the newest good backup is older
/// than 26 hours, missing or damaged.
#[test]
fn t16() {
    let (database, dir) = (shop(), tempfile::tempdir().unwrap());
    let dir = dir.path();
    let check = |more: &[&str]| {
        let of = ["--check", "--max-age", "26h", "-d", database.name()];
        rotate_tool(dir, &of).args(more).run()
    };
    let reason = |output: &Output| {
        let record = &output.json_lines()[0];
        assert_eq!(record["action"], "failed", "{output:?}");
        record["reason"].as_str().unwrap().to_string()
    };
    let missing = check(&[]).expect_code(1);
    assert!(reason(&missing).contains("there is no good backup"));
    let first = path_of(&back_up(&database, dir, &[]));
    let output = check(&["--verify-checksums"]).expect_code(0);
    assert_eq!(output.json_lines()[0]["action"], "ok");
    assert_eq!(output.stderr, "");
    // A byte is changed, and the size is what it was.
    let whole = fs::read(&first).unwrap();
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&first, changed).unwrap();
    let damaged = check(&["--verify-checksums"]).expect_code(1);
    assert!(
        reason(&damaged).contains("its manifest says"),
        "{damaged:?}"
    );
    fs::write(&first, &whole[1..]).unwrap();
    assert!(reason(&check(&[]).expect_code(1)).contains("bytes"));
    fs::write(&first, &whole).unwrap();
    taken(&first, "old.dump", now() - Duration::from_secs(27 * 3600));
    fs::remove_file(&first).unwrap();
    let name = first.file_name().unwrap().to_str().unwrap();
    fs::remove_file(first.with_file_name(manifest_of(name))).unwrap();
    let stale = check(&[]).expect_code(1);
    assert!(
        reason(&stale).ends_with("is 1d 3h old, and 1d 2h is the most"),
        "{stale:?}"
    );
    assert!(stale.stderr.contains("1d 3h old"), "{stale:?}");
}

/// V07: every backup with size, age, kind, checksum state, and what the policy would do with it.
#[test]
fn v07() {
    let (database, dir) = (shop(), tempfile::tempdir().unwrap());
    let dir = dir.path();
    let dump = path_of(&back_up(&database, dir, &[]));
    let plain = path_of(&back_up(
        &database,
        dir,
        &["-F", "plain", "--label", "manual"],
    ));
    let old = taken(&dump, "old.dump", days_ago(40));
    fs::write(
        &old,
        fs::read(&old)
            .unwrap()
            .iter()
            .map(|b| b ^ 1)
            .collect::<Vec<u8>>(),
    )
    .unwrap();
    let list = rotate_tool(
        dir,
        &["--list", "--verify-checksums", "--keep-within", "30d"],
    );
    let records = list.run().expect_code(1).json_lines();
    let of = |path: &Path| {
        let found = records.iter().find(|r| r["path"] == path.to_str().unwrap());
        found.unwrap_or_else(|| panic!("{records:?}"))
    };
    assert_eq!(records.len(), 3);
    assert_eq!(of(&dump)["bytes"], fs::metadata(&dump).unwrap().len());
    assert_eq!(
        (&of(&dump)["format"], &of(&dump)["state"]),
        (&"custom".into(), &"ok".into())
    );
    assert_eq!(
        (&of(&dump)["kept"], &of(&dump)["reason"]),
        (&true.into(), &"within 30d".into())
    );
    assert_eq!(
        (&of(&plain)["format"], &of(&plain)["label"]),
        (&"plain".into(), &"manual".into())
    );
    assert_eq!(of(&old)["state"], "checksum differs");
    assert_eq!(of(&old)["age_seconds"].as_u64().unwrap() / DAY, 40);
    assert_eq!(of(&old)["kept"], Value::Null);
    let table = rotate_tool(dir, &["--list", "-o", "table"])
        .run()
        .expect_code(0);
    assert_eq!(table.stdout.lines().count(), 4);
}

fn gzip(path: &Path, bytes: &[u8]) {
    let mut encoder = GzEncoder::new(fs::File::create(path).unwrap(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap();
}

fn pg_dump(database: &Database, options: &[&str]) -> Vec<u8> {
    let pg_dump = Program::find("pg_dump", None).unwrap();
    let run = program(pg_dump.path()).database(database).args(options);
    run.run().expect_code(0).bytes
}

fn changed(path: &Path, days: u64) {
    let file = fs::File::options().append(true).open(path).unwrap();
    let then = SystemTime::now() - Duration::from_secs(days * DAY);
    file.set_modified(then).unwrap();
}

/// V08: instead of `find -name '*.sql.gz' -mtime +30 -delete` and the same for `*.meta`.
#[test]
fn v08() {
    let (database, dir) = (shop(), tempfile::tempdir().unwrap());
    let dir = dir.path();
    let sql = pg_dump(&database, &[]);
    for days in [1, 28, 33, 400] {
        let day = days_ago(days).date();
        let day = day.to_string().replace('-', "");
        gzip(&dir.join(format!("vividshift_{day}_020000.sql.gz")), &sql);
        fs::write(dir.join(format!("vividshift_{day}_020000.meta")), "size=1").unwrap();
    }
    // Others' files, however old, and a dump that was cut short.
    for other in [
        "notes.meta",
        "vividshift.conf",
        "logo.png",
        "photos_20200101.tar.gz",
    ] {
        fs::write(dir.join(other), "mine").unwrap();
        changed(&dir.join(other), 400);
    }
    gzip(
        &dir.join("vividshift_20240101_020000.sql.gz"),
        &sql[..sql.len() / 2],
    );
    fs::write(dir.join("vividshift_20240101_020000.meta"), "size=1").unwrap();
    let before = files_in(dir);
    let arguments = [
        "--rotate",
        "--keep-within",
        "30d",
        "--match",
        "vividshift_*.sql.gz",
    ];
    let output = rotate_tool(dir, &arguments).run().expect_code(1);
    assert!(
        output
            .stderr
            .contains("vividshift_20240101_020000.sql.gz is passed over"),
        "{output:?}"
    );
    let after = files_in(dir);
    let gone: Vec<&String> = before.iter().filter(|name| !after.contains(name)).collect();
    let old = [400, 33].map(|days| days_ago(days).date().to_string().replace('-', ""));
    let expected = old
        .iter()
        .flat_map(|day| ["meta", "sql.gz"].map(|end| format!("vividshift_{day}_020000.{end}")));
    assert_eq!(
        gone,
        expected.collect::<Vec<_>>().iter().collect::<Vec<_>>()
    );
    assert_eq!(names(&output, "kept").len(), 2);
}

/// N08: production is kept for 30 days and before each migration, staging for 7 days, development
/// by hand; in one folder, each with a retention of its own.
#[test]
fn n08() {
    let (production, staging, development) = (shop(), shop(), shop());
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let nightly = path_of(&back_up(&production, dir, &[]));
    let label = ["--label", "pre-migration"];
    let migration = path_of(&back_up(&production, dir, &label));
    let short = path_of(&back_up(&staging, dir, &[]));
    let by_hand = path_of(&back_up(&development, dir, &[]));
    for days in [6, 8, 29, 31, 90] {
        taken(&nightly, &format!("production{days}.dump"), days_ago(days));
        taken(&migration, &format!("migration{days}.dump"), days_ago(days));
        taken(&short, &format!("staging{days}.dump"), days_ago(days));
        taken(&by_hand, &format!("development{days}.dump"), days_ago(days));
    }
    let deleted = |output: Output| names(&output, "deleted");
    let run = back_up(&production, dir, &["--keep-within", "30d"]);
    assert_eq!(deleted(run), ["production31.dump", "production90.dump"]);
    let run = back_up(
        &production,
        dir,
        &[&label[..], &["--keep-last", "4"]].concat(),
    );
    assert_eq!(
        deleted(run),
        ["migration29.dump", "migration31.dump", "migration90.dump"]
    );
    let run = back_up(&staging, dir, &["--keep-within", "7d"]);
    let expected = [
        "staging29.dump",
        "staging31.dump",
        "staging8.dump",
        "staging90.dump",
    ];
    assert_eq!(deleted(run), expected);
    let run = back_up(&development, dir, &[]);
    assert!(deleted(run).is_empty());
    let left = files_in(dir)
        .into_iter()
        .filter(|name| name.starts_with("development"));
    assert_eq!(left.filter(|name| name.ends_with(".dump")).count(), 5);
}

/// N09: the cron line `pg_dump -Fc > db_DATE.dump` and its `find -mtime +30 -delete`; from one day on
/// ours takes the backups, and rotates the old ones with them.
#[test]
fn n09() {
    let (database, dir) = (shop(), tempfile::tempdir().unwrap());
    let dir = dir.path();
    let archive = pg_dump(&database, &["-Fc"]);
    let name = |days: u64| {
        let day = days_ago(days).date().to_string().replace('-', "");
        format!("db_{day}.dump")
    };
    for days in [1, 15, 28, 33, 60] {
        fs::write(dir.join(name(days)), &archive).unwrap();
        changed(&dir.join(name(days)), days);
    }
    let line = [
        "-F",
        "custom",
        "--match",
        "db_*.dump",
        "--keep-within",
        "30d",
    ];
    let output = back_up(&database, dir, &line);
    assert_eq!(output.stderr, "");
    assert_eq!(names(&output, "created").len(), 1);
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    assert_eq!(
        names(&output, "kept"),
        sorted([1, 15, 28].map(name).to_vec())
    );
    assert_eq!(
        names(&output, "deleted"),
        sorted([33, 60].map(name).to_vec())
    );
    // What was adopted is a backup like any other: listed, checked, and proved to restore.
    let check = rotate_tool(dir, &["--check", "--min-count", "4"]).database(&database);
    check.run().expect_code(0);
    let adopted = dir.join(name(1));
    let verdict = tool("pg-restore-verify").arg(&adopted).run().expect_code(0);
    assert_eq!(verdict.json_lines().last().unwrap()["status"], "ok");
    let list = rotate_tool(dir, &["--list"])
        .run()
        .expect_code(0)
        .json_lines();
    let proved = list.iter().filter(|record| record["proved"] == true);
    assert_eq!(proved.count(), 1);
}
