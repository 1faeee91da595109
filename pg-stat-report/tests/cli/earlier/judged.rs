//! What is judged by the time between: the room on the disk, and what happened too often.

use std::{fs, thread};

use serde_json::json;
use tests::eventually;

use super::kept::{Kept, edit, row, wait_for};
use crate::ground::{Ground, alone, of, statuses};

#[test]
fn days_until_the_disk_is_full() {
    let kept = Kept::with(&[]);
    kept.run(&[]);
    let check = |more: &[&str]| kept.statuses("disk_full", more);
    // The room is seen where the server is on this machine, and it does not grow.
    let here = kept.run(&["growth"]).json_lines();
    assert!(row(&here, "server", "")["free_bytes"].as_f64().unwrap() > 0.0);
    let state = kept.state().display().to_string();
    let blind = kept
        .ground
        .run_as("nobody", &["--only", "disk_full", "--baseline", &state]);
    assert_eq!(statuses(&blind.json_lines()), alone("unknown"));
    assert!(blind.stdout.contains("--disk"), "{blind:?}");
    // It has grown a little, but of a moment nothing follows.
    kept.ground
        .sql("create table t as select generate_series(1, 10000)");
    let young = kept.run(&["--only", "disk_full", "--disk", "900TB"]);
    assert_eq!(statuses(&young.json_lines()), alone("unknown"));
    assert!(young.stdout.contains("an hour is needed"), "{young:?}");
    // Two days ago it had half of what it has.
    kept.age("2 days");
    edit(&kept.state(), |record| {
        if let Some(bytes) = record["bytes"]
            .as_i64()
            .filter(|_| record["section"] == "databases")
        {
            record["bytes"] = json!(bytes / 2);
        }
    });
    let text = fs::read_to_string(kept.state()).unwrap();
    let bytes: u64 = kept
        .ground
        .value("select sum(pg_database_size(oid))::text from pg_database")
        .parse()
        .unwrap();
    let wal: u64 = kept
        .ground
        .value("select sum(size)::text from pg_ls_waldir()")
        .parse()
        .unwrap();
    let with_days = |days: f64| {
        fs::write(kept.state(), &text).unwrap();
        let room = bytes as f64 / 4.0 * days;
        check(&["--disk", &format!("{}", bytes + wal + room as u64)])
    };
    assert_eq!(with_days(20.0), alone("ok"));
    assert_eq!(with_days(10.0), alone("warning"));
    assert_eq!(with_days(2.0), alone("critical"));
    fs::write(kept.state(), &text).unwrap();
    assert_eq!(
        check(&["--disk", "1MB"]),
        alone("critical"),
        "there is none left"
    );
}

/// Two transactions that wait for each other.
fn deadlock(ground: &Ground) {
    let mut one = ground.client();
    one.batch_execute("begin; update t set i = i where i = 1")
        .unwrap();
    let mut other = ground.client();
    other
        .batch_execute("begin; update t set i = i where i = 2")
        .unwrap();
    let pid: i32 = other
        .query_one("select pg_backend_pid()", &[])
        .unwrap()
        .get(0);
    let waiting =
        thread::spawn(move || other.batch_execute("update t set i = i where i = 1; rollback"));
    eventually("it waits", || {
        ground.value(&format!(
            "select coalesce(wait_event_type, '') from pg_stat_activity where pid = {pid}"
        )) == "Lock"
    });
    let first = one.batch_execute("update t set i = i where i = 2");
    drop(one);
    let second = waiting.join().unwrap();
    assert!(first.is_err() || second.is_err());
}

#[test]
fn deadlocks_and_temporary_files() {
    let kept = Kept::with(&[("deadlock_timeout", "50ms")]);
    let ground = &kept.ground;
    ground.sql("create table t as select generate_series(1, 2) as i");
    assert_eq!(ground.statuses("deadlocks", &[])[0].0, "ok");
    assert_eq!(ground.statuses("temp_files", &[])[0].0, "ok");
    kept.run(&[]);
    deadlock(ground);
    ground.sql("set work_mem = '64kB'; create table big as select i from generate_series(1, 200000) i order by -i");
    wait_for(
        ground,
        "select deadlocks = 1 and temp_bytes > 1000000 from pg_stat_database where datname = 'postgres'",
    );
    for line in ["--warn", "--crit"] {
        let status = if line == "--warn" {
            "warning"
        } else {
            "critical"
        };
        let found = of(status, "postgres");
        assert_eq!(ground.statuses("deadlocks", &[line, "deadlocks=1"]), found);
        assert_eq!(
            ground.statuses("temp_files", &[line, "temp_files=1MB"]),
            found
        );
    }
    // Between two runs it is what was between them.
    let lately = |check: &str, limit: &str| kept.statuses(check, &["--warn", limit]);
    assert_eq!(
        lately("deadlocks", "deadlocks=1"),
        of("warning", "postgres")
    );
    fs::remove_file(kept.state()).unwrap();
    kept.run(&[]);
    assert_eq!(lately("deadlocks", "deadlocks=1")[0].0, "ok");
    assert_eq!(lately("temp_files", "temp_files=1MB")[0].0, "ok");
}
