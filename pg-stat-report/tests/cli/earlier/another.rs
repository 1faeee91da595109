//! What is another one since: a table, a database, a server.

use serde_json::{Value, json};
use tests::{Standby, primary};

use super::kept::{Kept, edit, row};

#[test]
fn what_is_another_one_since_has_not_grown() {
    let kept = Kept::with(&[]);
    let ground = &kept.ground;
    ground.sql("create database d");
    for table in ["same", "rewritten", "renewed"] {
        ground.sql(&format!(
            "create table {table} as select generate_series(1, 10000) as i"
        ));
    }
    kept.run(&[]);
    ground.sql("drop table renewed; create table renewed as select generate_series(1, 20000) as i");
    ground.sql("vacuum full rewritten");
    ground.sql("drop database d");
    ground.sql("create database d");
    let rows = kept.growth();
    let said = |kind: &str, name: &str| {
        let row = row(&rows, kind, name);
        let is_measured = !row["bytes_per_day"].is_null();
        (
            is_measured,
            row["note"].as_str().unwrap_or_default().to_string(),
        )
    };
    assert_eq!(said("table", "public.same"), (true, String::new()));
    let (is_measured, note) = said("table", "public.rewritten");
    assert!(!is_measured && note.contains("VACUUM FULL"), "{note}");
    for (kind, name) in [("table", "public.renewed"), ("database", "d")] {
        let (is_measured, note) = said(kind, name);
        assert!(
            !is_measured && note.contains("dropped and made anew; its counters began anew"),
            "{name}: {note}"
        );
    }
    assert_eq!(
        row(&rows, "table", "public.renewed")["rows_inserted_per_second"],
        Value::Null
    );
    // Without pg_stat_statements there are no rates of statements, and that is said.
    let note = row(&rows, "statement", "")["note"].as_str().unwrap();
    assert!(
        note.contains("pg_stat_statements is not in database"),
        "{note}"
    );
}

#[test]
fn another_server_at_the_same_place() {
    let kept = Kept::shared();
    kept.run(&[]);
    edit(&kept.state(), |record| {
        if record["section"] == "server" {
            record["system_identifier"] = json!("7000000000000000000");
        }
    });
    let output = kept.run(&["growth"]).expect_code(2);
    output.expect_error("another server").expect_no_output();
    // From now on it is this one.
    kept.growth();
    // A standby took over: another timeline, another process.
    edit(&kept.state(), |record| {
        if record["section"] == "server" {
            record["timeline"] = json!("7");
            record["started_at"] = json!("2020-01-01T00:00:00Z");
        }
    });
    let rows = kept.growth();
    let note = row(&rows, "server", "")["note"]
        .as_str()
        .unwrap()
        .to_string();
    assert!(
        note.contains("timeline 7, then 1") && note.contains("it was started at"),
        "{note}"
    );
    let database = row(&rows, "database", "postgres");
    assert_eq!(database["transactions_per_second"], Value::Null);
    assert!(
        database["bytes_per_day"].is_number(),
        "the data is the same"
    );
}

/// For real; only that it is at another place is made up for.
#[test]
fn a_standby_took_over() {
    let primary = primary();
    let standby = Standby::of(&primary, &[]);
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let run = |place: &str| {
        let state = state.display().to_string();
        let tool = tests::tool("pg-stat-report");
        tool.args(["-d", place, "growth", "--state", &state]).run()
    };
    let socket = primary.socket_dir().display().to_string();
    let sql = "create table t as select generate_series(1, 1000) as i; checkpoint";
    primary
        .connect("postgres")
        .unwrap()
        .batch_execute(sql)
        .unwrap();
    let first = run(&format!("host={socket} user=postgres dbname=postgres"));
    first
        .expect_code(2)
        .expect_error("the first run of this server");
    // Servers of tests commit before their WAL is written.
    let end = primary
        .connect("postgres")
        .unwrap()
        .query_one("select pg_current_wal_insert_lsn()::text", &[])
        .unwrap();
    standby.reach(end.get(0));
    standby.sql("postgres", "select pg_promote()");
    standby.sql("postgres", "checkpoint");
    let place = standby.conninfo_of("postgres");
    let there = place
        .split_whitespace()
        .find_map(|word| word.strip_prefix("host="))
        .unwrap();
    edit(&state, |record| {
        if let Some(target) = record["target"].as_str() {
            record["target"] = json!(target.replace(&socket, there.trim_matches('\'')));
        }
    });
    let rows = run(&place).expect_code(0).json_lines();
    let note = row(&rows, "server", "")["note"]
        .as_str()
        .unwrap_or_default()
        .to_string();
    for part in [
        "timeline 1, then 2",
        "it was started at",
        "counters began anew",
    ] {
        assert!(note.contains(part), "{note}");
    }
    let table = row(&rows, "table", "public.t");
    assert_eq!(table["rows_inserted_per_second"], Value::Null);
    assert!(
        table["bytes_per_day"].is_number(),
        "the data is the same: {table:#?}"
    );
    let wal = row(&rows, "server", "")["wal_bytes_per_second"].as_f64();
    assert!(wal.is_some_and(|rate| rate > 0.0), "WAL goes on");
}
