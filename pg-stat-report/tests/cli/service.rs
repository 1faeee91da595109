//! The server itself, and how many standbys it should have.

use serde_json::Value;
use tests::{Database, Standby, eventually, primary, tool};

use crate::ground::{Ground, alone, of, statuses};

#[test]
fn how_old_it_is() {
    let ground = Ground::new();
    assert_eq!(ground.statuses("uptime", &[]), alone("ok"));
    assert_eq!(
        ground.statuses("uptime", &["--warn", "uptime=1d"]),
        alone("warning")
    );
    assert_eq!(
        ground.statuses("uptime", &["--crit", "uptime=1d"]),
        alone("critical")
    );
    let records = ground.check("version", &[]);
    // Nobody mends these any more.
    let expected = if ground.major() <= 14 {
        "warning"
    } else {
        records[0]["status"].as_str().unwrap()
    };
    assert_eq!(statuses(&records), alone(expected));
    assert_eq!(
        statuses(&ground.check("version", &["--warn", "version=never"])),
        alone("ok")
    );
    assert_eq!(
        ground.statuses("version", &["--crit", "version=0"]),
        alone("critical")
    );
}

#[test]
fn who_reads_and_writes() {
    let ground = Ground::new();
    ground.sql("create table t as select i, repeat('x', 100) as x from generate_series(1, 20000) i; checkpoint");
    eventually("what the checkpoint wrote is counted", || {
        let rows = ground.rows("io");
        rows.iter().any(|row| {
            let is_it = row["backend_type"] == "checkpointer" && row["object"] == "relation";
            is_it
                && row["write_bytes"].as_i64().unwrap_or(0)
                    >= 8192 * row["writes"].as_i64().unwrap().max(1)
        })
    });
    let rows = ground.rows("io");
    assert!(
        rows.iter().any(|row| row["hits"].as_i64().unwrap_or(0) > 0),
        "{rows:?}"
    );
    let blind = ground.run_as("nobody", &["io"]).expect_code(0).json_lines();
    assert_eq!(blind.is_empty(), rows.is_empty());
}

#[test]
fn a_queue_of_notifications_that_fills() {
    let ground = Ground::new();
    assert_eq!(ground.statuses("notifications", &[]), alone("ok"));
    let mut listener = ground.client();
    listener.batch_execute("listen news").unwrap();
    listener.batch_execute("begin").unwrap();
    ground.sql("select pg_notify('news', repeat('x', 7000) || i) from generate_series(1, 200) i");
    let low = ["--warn", "notifications=0.0000001"];
    assert_eq!(ground.statuses("notifications", &low), alone("warning"));
    assert_eq!(
        ground.statuses("notifications", &["--crit", "notifications=0.0000001"]),
        alone("critical")
    );
    let row = &ground.rows("server")[0];
    let usage = ground.value("select pg_notification_queue_usage()::text");
    assert_eq!(
        row["notifications_ratio"].as_f64().unwrap(),
        usage.parse::<f64>().unwrap()
    );
}

fn report(place: &str, arguments: &[&str]) -> Vec<Value> {
    let command = tool("pg-stat-report").args(["-d", place]).args(arguments);
    command.run().json_lines()
}

#[test]
fn as_many_standbys_as_there_should_be() {
    let primary = primary();
    let database = Database::on(&primary);
    database
        .sql("create role nobody login; create table t as select i from generate_series(1, 10) i");
    let here = database.conninfo();
    let check = |more: &[&str]| statuses(&report(&here, &[&["--only", "standbys"], more].concat()));
    assert_eq!(check(&[]), alone("ok"));
    assert_eq!(check(&["--warn", "standbys=1"]), alone("warning"));
    assert_eq!(check(&["--crit", "standbys=1"]), alone("critical"));
    // With nobody to answer, a commit would wait for ever.
    let mut client = database.client();
    client
        .batch_execute("set synchronous_commit = local")
        .unwrap();
    for statement in [
        "alter system set synchronous_standby_names = 'ANY 1 (*)'",
        "select pg_reload_conf()",
    ] {
        client.batch_execute(statement).unwrap();
    }
    let named = of("critical", "synchronous_standby_names");
    // Only who waits hangs.
    for (value, expected) in [
        ("on", &named),
        ("local", &alone("ok")),
        ("remote_apply", &named),
    ] {
        let name = database.name();
        let set = format!("alter database \"{name}\" set synchronous_commit = '{value}'");
        client.batch_execute(&set).unwrap();
        eventually("the setting is in force", || check(&[]) == *expected);
    }
    let standby = Standby::of(&primary, &["max_standby_streaming_delay=0"]);
    eventually("it streams, and answers", || {
        check(&["--crit", "standbys=1"]) == alone("ok")
    });
    // One that streams and does not answer keeps commits waiting.
    standby.sql("postgres", "select pg_wal_replay_pause()");
    let mut writer = database.client();
    let committing = std::thread::spawn(move || {
        writer
            .batch_execute("set synchronous_commit = remote_apply; create table w ()")
            .unwrap();
    });
    eventually("a commit has waited for some time", || {
        check(&[]) == of("warning", "synchronous_commit")
    });
    standby.sql("postgres", "select pg_wal_replay_resume()");
    committing.join().unwrap();
    let other = here.replace("user=postgres", "user=nobody");
    assert_eq!(
        statuses(&report(&other, &["--only", "standbys"])),
        alone("unknown")
    );
    // A query there that replay ends.
    standby.catch_up(&database);
    let there = standby.conninfo(&database);
    let conflicts = || {
        statuses(&report(
            &there,
            &[
                "--only",
                "standby_conflicts",
                "--warn",
                "standby_conflicts=1",
            ],
        ))
    };
    assert!(conflicts().iter().all(|(status, _)| status == "ok"));
    let mut reader = standby.connect(&database);
    reader
        .batch_execute("begin isolation level repeatable read; select * from t")
        .unwrap();
    client.batch_execute("delete from t").unwrap();
    client.batch_execute("vacuum t").unwrap();
    eventually("the conflict is counted", || {
        conflicts() == of("warning", database.name())
    });
    let records = report(
        &there,
        &[
            "--only",
            "standby_conflicts",
            "--crit",
            "standby_conflicts=1",
        ],
    );
    assert_eq!(statuses(&records), of("critical", database.name()));
    // Nothing would be committed once the standby is gone.
    for statement in [
        "alter system reset synchronous_standby_names",
        "select pg_reload_conf()",
    ] {
        client.batch_execute(statement).unwrap();
    }
}
