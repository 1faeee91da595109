//! The row about physical backups.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};

use shared::cluster::ClusterOptions;
use shared::programs::Program;
use tests::{Database, eventually, private_folder, program, start, tool};

use crate::backup_rows::{fill, text};

/// V22: `--point-in-time`, `--replay-logs --target-time`. A base backup and the archive of WAL, to
/// a moment, on a server that is thrown away.
#[test]
fn v22() {
    let uid = tests::cluster().socket_dir().metadata().unwrap().uid();
    let folder = private_folder(uid);
    let [base, wal] = ["base", "wal"].map(|name| folder.path().join(name));
    fs::create_dir(&wal).unwrap();
    chown(&wal, Some(uid), None).unwrap();
    let archive = format!("cp %p {0}/.%f && mv {0}/.%f {0}/%f", wal.display());
    let settings = [
        ("wal_level", "replica"),
        ("max_wal_senders", "4"),
        ("archive_mode", "on"),
        ("archive_command", archive.as_str()),
    ];
    let cluster = start(&ClusterOptions {
        settings: settings
            .map(|(name, value)| (name.into(), value.into()))
            .into(),
        ..ClusterOptions::default()
    });
    let database = Database::on(&cluster);
    fill(&database);
    let major = Some(cluster.version().major);
    let pg_basebackup = Program::find("pg_basebackup", major).unwrap();
    let backup = program(pg_basebackup.path()).server(&cluster);
    let backup = backup.args(["--no-password", "--checkpoint=fast", "-D"]);
    backup.arg(&base).run().expect_code(0);
    database.sql("delete from audit; insert into users values (501, 'late@example.com')");
    let moment = database.value("select clock_timestamp()");
    database.sql("drop table projects; delete from users");
    let last = database.value("select pg_walfile_name(pg_switch_wal())");
    eventually("it is archived", || wal.join(&last).exists());
    let output = tool("pg-restore-verify")
        .arg("--base-backup")
        .arg(&base)
        .arg("--wal")
        .arg(&wal)
        .args(["--target-time", &moment])
        .run()
        .expect_code(0);
    let records = output.json_lines();
    let rows = |table: &str| {
        let object = format!("{}.public.{table}", database.name());
        let found = records.iter().find(|r| r["object"] == object.as_str());
        text(found.unwrap(), "actual")
    };
    assert_eq!(rows("users"), "501 rows");
    assert_eq!(rows("projects"), "50 rows");
    assert_eq!(rows("audit"), "0 rows");
    let verdict = text(records.last().unwrap(), "message");
    assert!(verdict.starts_with("recovered to LSN "), "{verdict}");
}
