//! The rows about the server as a whole: does it answer, is it well, and all of a checklist at once.

use serde_json::{Value, json};
use tests::{Database, Standby, eventually, tool};

use crate::watched::{brief, check, database, report, row, rows, shell, with};

/// G13: `/health` → `{"status":"healthy","database":"connected"}`.
#[test]
fn g13() {
    let server = with(&[]);
    let database = Database::on(&server);
    let line = "pg-stat-report ping -U watcher -d $d | jq -c '{status, database}'";
    assert_eq!(
        shell(&database, line).expect_code(0).stdout,
        "{\"status\":\"healthy\",\"database\":\"connected\"}\n"
    );
    let place = database.conninfo();
    drop(database);
    drop(server);
    let gone = tool("pg-stat-report").args(["ping", "-d", &place]).run();
    let gone = gone.expect_code(1).json_lines();
    assert_eq!(
        (&gone[0]["status"], &gone[0]["database"]),
        (&json!("unhealthy"), &json!("disconnected"))
    );
}

/// V01: `db_cli status --detailed --component=connections`: sections by their names, which can be listed.
#[test]
fn v01() {
    let database = database();
    let listed = tool("pg-stat-report").arg("--list-sections").run();
    let listed = listed.expect_code(0).json_lines();
    for name in ["connections", "queries", "databases"] {
        let told = row(&listed, "section", name);
        let is_told = ["answers", "costs", "needs"].iter().all(|field| {
            let text = told[field].as_str();
            text.is_some_and(|text| !text.is_empty())
        });
        assert!(is_told, "{told}");
    }
    let seen = rows(&database, &["connections", "databases"]);
    for name in ["connections", "databases"] {
        row(&seen, "section", name);
    }
    assert_eq!(
        seen.iter()
            .filter(|row| row["section"] == "queries")
            .count(),
        0
    );
    let wrong = report(&database, &["conections"]).run().expect_code(2);
    wrong
        .expect_error("did you mean connections?")
        .expect_no_output();
}

/// V28: connections > 80 %, mean query > 1 s, growth > 10 % a day, failed connections > 1 %, lag > 1 min: they
/// stand without being said, each can be set, and the status says the worst.
#[test]
fn v28() {
    let listed = tool("pg-stat-report").arg("--list-checks").run();
    let listed = listed.expect_code(0).json_lines();
    for (name, unit, warn) in [
        ("connections", "ratio", 0.8),
        ("slow_queries", "seconds", 1.0),
        ("growth", "ratio", 0.1),
        ("failed_connections", "ratio", 0.01),
        ("replication_lag", "seconds", 60.0),
    ] {
        let check = row(&listed, "check", name);
        assert_eq!(
            (&check["unit"], &check["warn"]),
            (&json!(unit), &json!(warn))
        );
    }
    let database = database();
    let run = |more: &[&str]| {
        let arguments = [&["--only", "connections,wraparound"], more].concat();
        report(&database, &arguments).run()
    };
    run(&[]).expect_code(0);
    let warning = ["--warn", "connections=0"];
    run(&warning).expect_code(0);
    run(&[&warning[..], &["--fail-on", "warning"]].concat()).expect_code(1);
    let both = [&warning[..], &["--crit", "wraparound=0"]].concat();
    let worst = run(&both).expect_code(1).json_lines();
    let statuses: Vec<String> = brief(&worst)
        .into_iter()
        .map(|(status, _)| status)
        .collect();
    assert_eq!(statuses.first().map(String::as_str), Some("critical"));
    assert_eq!(statuses.last().map(String::as_str), Some("warning"));
}

/// V24: `pg_stat_replication`, and what its LSNs mean: how far behind a standby is in bytes and in time, and what
/// a slot holds back.
#[test]
fn v24() {
    let primary = with(&[
        ("wal_level", "replica"),
        ("max_wal_senders", "4"),
        // What is committed is on its way to the standby.
        ("synchronous_commit", "on"),
    ]);
    let database = Database::on(&primary);
    database
        .sql("create table t (i int); select pg_create_physical_replication_slot('spare', true)");
    // How far it has come it tells after ten seconds, otherwise.
    let standby = Standby::of(&primary, &["wal_receiver_status_interval=1s"]);
    standby.catch_up(&database);
    let line = "pg-stat-report replication -U watcher -d $d | jq -c 'select(.role == \"standby\") | .state == \"streaming\" and .lag_bytes < 100000 and .lag_seconds == 0'";
    eventually("it has told that it has caught up", || {
        shell(&database, line).expect_code(0).stdout == "true\n"
    });
    assert_eq!(check(&database, "replication_lag", &[])[0]["status"], "ok");
    standby.sql("postgres", "select pg_wal_replay_pause()");
    database.sql("insert into t select generate_series(1, 10000)");
    let lag = ["--warn", "replication_lag_bytes=100kB"];
    eventually("what it lacks is seen", || {
        check(&database, "replication_lag_bytes", &lag)[0]["status"] == "warning"
    });
    let place = standby.conninfo_of("postgres");
    let there = tool("pg-stat-report").args(["--only", "standby", "-d", &place]);
    let there = there.run().expect_code(0).json_lines();
    let remedy = there[0]["remedy"].as_str().unwrap();
    let (decide, resume) = remedy.split_once(": ").unwrap();
    assert_eq!(decide, "-- if that was not meant");
    standby.sql("postgres", resume);
    let slot = rows(&database, &["slots"]);
    let held = row(&slot, "slot", "spare")["retained_bytes"].as_i64();
    assert!(held.unwrap() > 100_000, "{slot:#?}");
    let slots = check(&database, "slots", &["--crit", "slots:spare=100kB"]);
    assert_eq!(brief(&slots), [("critical".into(), "spare".into())]);
}

/// N18, "Monitoring enabled, backups configured …": one run answers all that can be seen from SQL, says of each
/// check what it does not look at, and what the role may not see is no pass.
#[test]
fn n18() {
    let database = database();
    database.sql("create role outsider login");
    let all = report(&database, &["--fail-on", "never"]).run();
    let all = all.expect_code(0).json_lines();
    let listed = tool("pg-stat-report")
        .arg("--list-checks")
        .run()
        .json_lines();
    // An earlier run, the server's log and a pooler were not given.
    let needs_more = |check: &Value| {
        let sections = check["sections"].as_str().unwrap();
        ["drift", "growth", "logs", "pgbouncer"].contains(&sections)
    };
    for check in listed.iter().filter(|check| !needs_more(check)) {
        let said = row(&all, "check", check["check"].as_str().unwrap());
        assert!(!said["unseen"].as_str().unwrap().is_empty(), "{said}");
    }
    let blind = report(&database, &["--skip", "unsafe_settings"]).env("PGUSER", "outsider");
    let blind = blind.run();
    let unknown: Vec<Value> = blind
        .json_lines()
        .iter()
        .filter(|record| record["status"] == "unknown")
        .map(|record| record["check"].clone())
        .collect();
    assert!(unknown.contains(&json!("wal_directory")), "{unknown:?}");
    assert!(blind.status.code() != Some(0), "{blind:?}");
    database.sql("drop role outsider");
}
