//! Slots, and the WAL that they and the archive keep.

use serde_json::json;
use tests::eventually;

use crate::ground::{Ground, alone, of, statuses};

#[test]
fn slots_are_kept_in_sight() {
    let settings = [
        ("wal_level", "logical"),
        ("max_wal_senders", "4"),
        ("max_replication_slots", "4"),
        ("max_slot_wal_keep_size", "16MB"),
        ("max_wal_size", "32MB"),
    ];
    let ground = Ground::with(&settings);
    assert_eq!(ground.statuses("slots", &[]), alone("ok"));
    ground.sql("select pg_create_physical_replication_slot('idle', true)");
    ground.sql("select pg_create_logical_replication_slot('decode', 'test_decoding')");
    assert_eq!(ground.statuses("slots", &[])[0].0, "ok");
    let held = ground.check("slots", &["--warn", "slots:idle=1"]);
    assert_eq!(statuses(&held), of("warning", "idle"));
    assert!(
        held[0]["message"]
            .as_str()
            .unwrap()
            .contains("more it is lost"),
        "{held:?}"
    );
    let unread = ground.check("inactive_slots", &["--crit", "inactive_slots=0s"]);
    let status = if ground.major() >= 17 {
        "critical"
    } else {
        "warning"
    };
    let expected = ["decode", "idle"].map(|name| (status.to_string(), name.to_string()));
    let mut found = statuses(&unread);
    found.sort_by_key(|(_, name)| name.clone());
    assert_eq!(found, expected);
    let warned = [
        "--warn",
        "inactive_slots=0s",
        "--crit",
        "inactive_slots=never",
    ];
    let warned = ground.statuses("inactive_slots", &warned);
    assert!(
        warned.iter().all(|(status, _)| status == "warning"),
        "{warned:?}"
    );
    let meant = [
        "--warn",
        "inactive_slots=never",
        "--crit",
        "inactive_slots=never",
    ];
    let meant = ground.statuses("inactive_slots", &meant);
    assert!(meant.iter().all(|(status, _)| status == "ok"), "{meant:?}");
    let xmin = ground.check("xmin_horizon", &["--warn", "xmin_horizon=0"]);
    assert!(
        statuses(&xmin).contains(&("warning".into(), "decode".into())),
        "{xmin:?}"
    );
    // Once they have lost what they need they hold nothing back any more, which is no good sign; VACUUM neither.
    ground.sql("create table t (i int, x text)");
    eventually("both are lost", || {
        ground.sql("insert into t select i, repeat('x', 100) from generate_series(1, 100000) i");
        ground.sql("select pg_switch_wal(); checkpoint");
        ground.value("select count(*)::text from pg_replication_slots where wal_status = 'lost'")
            == "2"
    });
    let lost = ground.check("slots", &[]);
    assert!(
        statuses(&lost)
            .iter()
            .all(|(status, _)| status == "critical"),
        "{lost:?}"
    );
    assert_eq!(lost.len(), 2);
    let xmin = ground.check("xmin_horizon", &["--warn", "xmin_horizon=0"]);
    let slots = ["decode", "idle"];
    let is_slot = |(_, name): &(String, String)| slots.contains(&name.as_str());
    assert!(!statuses(&xmin).iter().any(is_slot), "{xmin:?}");
    let rows = ground.rows("slots");
    assert!(rows.iter().all(|row| row["wal_status"] == json!("lost")));
}

#[test]
fn an_archive_that_takes_nothing() {
    let ground = Ground::with(&[
        ("wal_level", "replica"),
        ("archive_mode", "on"),
        ("archive_command", "test -e archive_is_back"),
    ]);
    ground.sql("create table t as select 1 as i; select pg_switch_wal()");
    eventually("archiving has failed", || {
        ground.statuses("archiving", &["--crit", "archiving=never"]) == alone("warning")
    });
    assert_eq!(
        ground.statuses("archiving", &["--crit", "archiving=0s"]),
        alone("critical")
    );
    // Before the server's start there was nothing to archive.
    let told = ground.rows("wal")[0]["since_archived_seconds"].as_f64();
    let up = "select extract(epoch from clock_timestamp() - pg_postmaster_start_time())::text";
    let up: f64 = ground.value(up).parse().unwrap();
    assert!(told.unwrap() <= up, "{told:?} {up}");
    assert_eq!(
        ground.statuses("archive_queue", &["--crit", "archive_queue=1"]),
        alone("critical")
    );
    let low = ["--warn", "archive_queue=1", "--crit", "archive_queue=never"];
    assert_eq!(ground.statuses("archive_queue", &low), alone("warning"));
    assert_eq!(
        statuses(&ground.check_as("watcher", "archive_queue", &[])),
        alone("ok")
    );
    assert_eq!(
        statuses(&ground.check_as("nobody", "archive_queue", &[])),
        alone("unknown")
    );
    assert_eq!(
        statuses(&ground.check_as("nobody", "wal_directory", &[])),
        alone("unknown")
    );
    // Figures that began just now prove nothing: the server tries again after a minute.
    eventually("nothing has happened since the figures began", || {
        ground.sql("select pg_stat_reset_shared('archiver')");
        ground.statuses("archiving", &[]) == alone("unknown")
    });
    ground.sql("copy (select 1) to program 'cat > archive_is_back'");
    eventually("it is well again", || {
        ground.statuses("archiving", &[]) == alone("ok")
    });
}

#[test]
fn an_archive_that_nobody_set() {
    let ground = Ground::with(&[
        ("wal_level", "replica"),
        ("archive_mode", "on"),
        ("archive_command", ""),
    ]);
    for (limit, status) in [("never", "warning"), ("0s", "critical")] {
        let limit = format!("archiving={limit}");
        let records = ground.check("archiving", &["--crit", &limit]);
        assert_eq!(statuses(&records), alone(status));
        let message = records[0]["message"].as_str().unwrap();
        assert!(message.contains("archive_command is empty"), "{message}");
    }
}

#[test]
fn more_wal_than_was_meant() {
    let ground = Ground::with(&[("max_wal_size", "32MB")]);
    let row = &ground.rows("wal")[0];
    let files: i64 = ground
        .value("select count(*)::text from pg_ls_waldir() where name ~ '^[0-9A-F]{24}$'")
        .parse()
        .unwrap();
    assert_eq!(row["files"], json!(files));
    assert_eq!(row["directory_bytes"], json!(files * 16 * 1024 * 1024));
    assert_eq!(ground.statuses("wal_directory", &[]), alone("ok"));
    assert_eq!(
        ground.statuses("wal_directory", &["--warn", "wal_directory=10%"]),
        alone("warning")
    );
    assert_eq!(
        ground.statuses("wal_directory", &["--crit", "wal_directory=10%"]),
        alone("critical")
    );
}
