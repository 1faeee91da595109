//! Standbys and subscriptions.

use serde_json::Value;
use tests::{Database, Standby, eventually, primary, program, tool};

use crate::ground::{Ground, alone, of, statuses};

fn report(place: &str, arguments: &[&str]) -> Vec<Value> {
    let command = tool("pg-stat-report").args(["-d", place]).args(arguments);
    command.run().json_lines()
}

#[test]
fn a_standby_from_both_sides() {
    let primary = primary();
    let database = Database::on(&primary);
    let standby = Standby::of(&primary, &["max_connections=100"]);
    database.sql(
        "create table t as select 1 as i; create index one on t (i); create index two on t (i)",
    );
    database.sql(
        "create subscription s connection 'host=/nowhere' publication p with (connect = false)",
    );
    database.sql("alter subscription s enable");
    standby.catch_up(&database);
    let (here, there) = (database.conninfo(), standby.conninfo_of("postgres"));
    let is_streaming = |place: &str, role: &str| {
        let rows = report(place, &["replication"]);
        rows.iter().any(|row| {
            row["role"] == role && row["state"] == "streaming" && row["lag_seconds"] == 0.0
        })
    };
    eventually("the standby has told that it has caught up", || {
        is_streaming(&here, "standby") && is_streaming(&there, "receiver")
    });
    for place in [&here, &there] {
        for check in ["replication_lag", "replication_lag_bytes", "standby"] {
            let records = report(place, &["--only", check]);
            assert_eq!(records.len(), 1);
            assert_eq!(records[0]["status"], "ok", "{records:?}");
        }
    }
    let critical = report(
        &here,
        &["--only", "replication_lag", "--crit", "replication_lag=0s"],
    );
    assert_eq!(critical[0]["status"], "critical");
    let low = [
        "--warn",
        "replication_lag=0s",
        "--crit",
        "replication_lag=never",
    ];
    let warned = report(&here, &[&["--only", "replication_lag"][..], &low].concat());
    assert_eq!(warned[0]["status"], "warning");
    // It has stopped in the middle: what it told before is not how far it is behind.
    database.sql("insert into t select generate_series(1, 1000)");
    eventually("it has told how long it took", || {
        let told = "select exists (select from pg_stat_replication where replay_lag is not null)";
        database.client().query_one(told, &[]).unwrap().get(0)
    });
    let receiver = "select pid::text from pg_stat_wal_receiver";
    let receiver = standby.value("postgres", receiver);
    let signal = |name: &str| program("kill").args([name, &receiver]).run().expect_code(0);
    signal("-STOP");
    database.sql("insert into t select generate_series(1, 1000)");
    let silent = ["--only", "replication_lag", "--warn", "replication_lag=3s"];
    eventually("it is behind as long as it has been silent", || {
        report(&here, &silent)[0]["status"] == "warning"
    });
    signal("-CONT");
    standby.catch_up(&database);
    standby.sql(database.name(), "select pg_wal_replay_pause()");
    let paused = report(&there, &["--only", "standby"]);
    assert_eq!(paused[0]["status"], "warning", "{paused:?}");
    assert!(
        paused[0]["remedy"]
            .as_str()
            .unwrap()
            .contains("pg_wal_replay_resume")
    );
    database.sql("insert into t select generate_series(1, 1000)");
    eventually("what it does not replay is seen", || {
        let records = report(
            &there,
            &[
                "--only",
                "replication_lag_bytes",
                "--warn",
                "replication_lag_bytes=1",
            ],
        );
        records[0]["status"] == "warning"
    });
    let low = ["--crit", "replication_lag_bytes=1"];
    let much = report(
        &there,
        &[&["--only", "replication_lag_bytes"][..], &low].concat(),
    );
    assert_eq!(much[0]["status"], "critical", "{much:?}");
    standby.sql(database.name(), "select pg_wal_replay_resume()");
    // Dead rows are counted on the primary alone.
    let dead = report(&there, &["--only", "dead_rows"]);
    assert_eq!(dead[0]["status"], "unknown", "{dead:?}");
    let message = dead[0]["message"].as_str().unwrap();
    assert!(message.contains("standby"), "{message}");
    // What changes a database is done elsewhere.
    standby.reach(&database.value("select pg_current_wal_insert_lsn()"));
    let twice = report(
        &standby.conninfo(&database),
        &["--only", "duplicate_indexes"],
    );
    assert_eq!(
        twice[0]["remedy"],
        "-- on the primary: DROP INDEX CONCURRENTLY IF EXISTS public.two;"
    );
    // Nobody works for a subscription there, and nothing is wrong with that.
    let works = report(&standby.conninfo(&database), &["--only", "subscriptions"]);
    assert_eq!(statuses(&works), of("ok", "s"));
    // Every section works there, too.
    let all = tool("pg-stat-report")
        .args(["-d", &there, "--fail-on", "never", "--skip", "slow_queries"])
        .run()
        .expect_code(0);
    let failed: Vec<Value> = all
        .json_lines()
        .into_iter()
        .filter(|record| record["message"].as_str().unwrap().starts_with("section "))
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
    drop(database);
    drop(primary);
    eventually("it knows that it lost its primary", || {
        let records = report(&there, &["--only", "standby"]);
        records[0]["status"] == "critical"
    });
}

/// After long idleness the first change is not as old as the one before, if it is replayed at once.

#[test]
fn a_change_after_idleness_is_no_lag() {
    let primary = primary();
    let database = Database::on(&primary);
    let standby = Standby::of(&primary, &["max_standby_streaming_delay=-1"]);
    database.sql("create table t as select 1 as i");
    standby.catch_up(&database);
    let there = standby.conninfo(&database);
    let lag = || report(&there, &["replication"])[0]["lag_seconds"].as_f64();
    eventually("it streams", || lag() == Some(0.0));
    let (mut reader, mut watcher) = (standby.connect(&database), standby.connect(&database));
    eventually("what was held up shortly is replayed", || {
        let idle = "select extract(epoch from now() - pg_last_xact_replay_timestamp()) > 2";
        eventually("nothing is changed for a while", || {
            watcher.query_one(idle, &[]).unwrap().get(0)
        });
        // Who reads holds up the replay of who locks.
        reader.batch_execute("begin; select from t").unwrap();
        database.sql("alter table t add column if not exists j int; alter table t drop column j");
        let behind = "select pg_last_wal_replay_lsn() < pg_last_wal_receive_lsn()";
        eventually("it is behind", || {
            watcher.query_one(behind, &[]).unwrap().get(0)
        });
        let looking = tool("pg-stat-report").args(["-d", &there, "replication"]);
        let looking = std::thread::spawn(move || looking.run().json_lines());
        let waits = "select exists (select from pg_stat_activity where wait_event = 'PgSleep')";
        eventually("the tool waits, or has ended", || {
            watcher.query_one(waits, &[]).unwrap().get(0) || looking.is_finished()
        });
        reader.batch_execute("commit").unwrap();
        let seconds = looking.join().unwrap()[0]["lag_seconds"].as_f64();
        // It took longer than the tool waits, on a busy machine: once more.
        seconds.is_some_and(|seconds| seconds < 2.0)
    });
}

#[test]
fn who_may_not_see_standbys_is_told_so() {
    let primary = primary();
    let database = Database::on(&primary);
    let standby = Standby::of(&primary, &[]);
    database.sql("create role nobody login");
    standby.catch_up(&database);
    for place in [database.conninfo(), standby.conninfo(&database)] {
        let place = place.replace("user=postgres", "user=nobody");
        for check in ["replication_lag", "replication_lag_bytes"] {
            let records = report(&place, &["--only", check]);
            assert_eq!(records[0]["status"], "unknown", "{records:?}");
        }
    }
}

/// It has no primary to be connected to, and nothing is wrong with that.

#[test]
fn a_standby_that_reads_what_was_archived() {
    let primary = primary();
    let database = Database::on(&primary);
    database.sql("create role nobody login");
    let standby = Standby::of(&primary, &["primary_conninfo="]);
    let place = standby.conninfo(&database);
    let records = report(&place, &["--only", "standby"]);
    assert_eq!(records[0]["status"], "ok", "{records:?}");
    // How far the primary is nobody can see from here: not 0 bytes.
    let bytes = report(&place, &["--only", "replication_lag_bytes"]);
    assert_eq!(bytes[0]["status"], "unknown", "{bytes:?}");
    assert!(report(&place, &["replication"])[0]["lag_bytes"].is_null());
    let blind = place.replace("user=postgres", "user=nobody");
    let records = report(&blind, &["--only", "standby"]);
    assert_eq!(records[0]["status"], "unknown", "{records:?}");
}

#[test]
fn a_subscription_that_nobody_works_for() {
    let ground = Ground::with(&[
        ("wal_level", "logical"),
        ("max_wal_senders", "4"),
        ("max_replication_slots", "4"),
    ]);
    assert_eq!(ground.statuses("subscriptions", &[]), alone("ok"));
    let (here, there) = (
        Database::named(&ground.cluster, "publisher"),
        Database::named(&ground.cluster, "subscriber"),
    );
    here.sql("create table t (i int); create publication p for table t");
    here.sql("select pg_create_logical_replication_slot('s', 'pgoutput')");
    there.sql("create table t (i int)");
    let publisher = here.conninfo().replace('\'', "''");
    there.sql(&format!(
        "create subscription \"S 1\" connection '{publisher}' publication p
         with (create_slot = false, slot_name = 's', copy_data = false)"
    ));
    eventually("it is at work", || {
        ground.statuses("subscriptions", &[]) == of("ok", "S 1")
    });
    for (limit, status) in [("--warn", "warning"), ("--crit", "critical")] {
        eventually("it was heard of some time ago", || {
            ground.statuses("subscriptions", &[limit, "subscriptions=0s"]) == of(status, "S 1")
        });
    }
    let errors = |status: &str, words: &[&str]| {
        let expected = if ground.major() < 15 {
            "unknown"
        } else {
            status
        };
        ground.statuses("subscription_errors", words) == of(expected, "S 1")
    };
    assert!(errors("ok", &[]));
    // Its worker finds no table, and ends again and again.
    there.sql("drop table t");
    here.sql("insert into t values (1)");
    eventually("its errors are counted", || errors("warning", &[]));
    assert!(errors("critical", &["--crit", "subscription_errors=1"]));
    eventually("its worker is gone", || {
        ground.statuses("subscriptions", &[]) == of("critical", "S 1")
    });
    there.sql("alter subscription \"S 1\" disable");
    eventually("it is disabled", || {
        let records = ground.check("subscriptions", &[]);
        let remedy = records[0]["remedy"].as_str().unwrap_or_default();
        statuses(&records) == of("warning", "S 1")
            && remedy.contains("ALTER SUBSCRIPTION \"S 1\" ENABLE")
    });
    there.sql("alter subscription \"S 1\" set (slot_name = none)");
    let record = &ground.check("subscriptions", &[])[0];
    let words = record["message"].as_str().unwrap();
    assert!(
        words.contains("its publisher keeps none for it"),
        "{record}"
    );
    let remedy = record["remedy"].as_str().unwrap();
    assert!(
        remedy.starts_with("-- DROP SUBSCRIPTION \"S 1\";"),
        "{record}"
    );
    there.sql("drop subscription \"S 1\"");
}
