//! What is told between two runs: a state that keeps itself, and what happened in between.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::{fs, thread};

use serde_json::{Value, json};
use tempfile::TempDir;
use tests::{Standby, eventually, primary};

use crate::ground::{Ground, alone, of, statuses};

/// A server, and a file for what is kept of it.
struct Kept {
    ground: Arc<Ground>,
    folder: TempDir,
}

impl Kept {
    fn with(settings: &[(&str, &str)]) -> Self {
        Self {
            ground: Arc::new(Ground::with(settings)),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// On a server that others have too, for who only reads.
    fn shared() -> Self {
        static GROUND: OnceLock<Arc<Ground>> = OnceLock::new();
        let ground = GROUND.get_or_init(|| Arc::new(Ground::new()));
        Self {
            ground: Arc::clone(ground),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    fn run(&self, words: &[&str]) -> tests::Output {
        let state = self.state().display().to_string();
        self.ground.run(&[&["--state", &state], words].concat())
    }

    /// The rows of growth, and what is kept then.
    fn growth(&self) -> Vec<Value> {
        self.run(&["growth"]).expect_code(0).json_lines()
    }

    fn statuses(&self, check: &str, more: &[&str]) -> Vec<(String, String)> {
        statuses(&self.run(&[&["--only", check], more].concat()).json_lines())
    }

    /// Makes what is kept so much older.
    fn age(&self, by: &str) {
        let ground = &self.ground;
        edit(&self.state(), |record| {
            if let Some(taken_at) = record["taken_at"].as_str() {
                let older = format!(
                    "select to_char((timestamptz '{taken_at}' - interval '{by}') at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
                );
                record["taken_at"] = json!(ground.value(&older));
            }
        });
    }
}

fn edit(path: &Path, change: impl Fn(&mut Value)) {
    let text = fs::read_to_string(path).unwrap();
    let records = text.lines().map(|line| {
        let mut record: Value = serde_json::from_str(line).unwrap();
        change(&mut record);
        format!("{record}\n")
    });
    fs::write(path, records.collect::<String>()).unwrap();
}

#[track_caller]
fn row<'a>(rows: &'a [Value], kind: &str, name: &str) -> &'a Value {
    let field = if kind == "table" { "table" } else { "database" };
    let found = rows
        .iter()
        .find(|row| row["kind"] == kind && (name.is_empty() || row[field] == name));
    found.unwrap_or_else(|| panic!("no {kind} {name} in {rows:#?}"))
}

/// A rate times the time it is of.
fn amount(row: &Value, field: &str) -> f64 {
    let rate = row[field].as_f64();
    let rate = rate.unwrap_or_else(|| panic!("no {field} in {row:#?}"));
    (rate * row["rate_seconds"].as_f64().unwrap()).round()
}

fn wait_for(ground: &Ground, query: &str) {
    eventually("the server has counted it", || {
        ground.value(&format!("select ({query})::text")) == "true"
    });
}

#[test]
fn a_state_keeps_itself_and_tells_rates() {
    let kept = Kept::with(&[("shared_preload_libraries", "pg_stat_statements")]);
    let ground = &kept.ground;
    ground.sql("create extension pg_stat_statements; create table t (i int); select 1 as called");
    let first = kept.run(&["growth"]).expect_code(2);
    first.expect_error("the first run");
    assert_eq!(kept.statuses("growth", &[])[0].0, "unknown");
    let mode = fs::metadata(kept.state()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    kept.growth();
    ground.sql("insert into t select generate_series(1, 1000); update t set i = 0 where i <= 300; delete from t where i > 900");
    for _ in 0..7 {
        ground.sql("select 1 as called");
    }
    wait_for(
        ground,
        "select pg_stat_get_tuples_deleted('t'::regclass) = 100",
    );
    let rows = kept.growth();
    let table = row(&rows, "table", "public.t");
    assert_eq!(amount(table, "rows_inserted_per_second"), 1000.0);
    assert_eq!(amount(table, "rows_updated_per_second"), 300.0);
    assert_eq!(amount(table, "rows_deleted_per_second"), 100.0);
    let database = row(&rows, "database", "postgres");
    assert!(
        amount(database, "transactions_per_second") >= 9.0,
        "{database:#?}"
    );
    assert!(amount(database, "rows_inserted_per_second") >= 1000.0);
    let server = row(&rows, "server", "");
    assert!(
        amount(server, "wal_bytes_per_second") > 1000.0,
        "{server:#?}"
    );
    assert_eq!(
        (&server["note"], &table["note"]),
        (&Value::Null, &Value::Null)
    );
    let called = ground.run(&["queries"]).json_lines();
    let called = called
        .iter()
        .find(|row| row["query"] == "select $1 as called");
    let id = &called.unwrap()["queryid"];
    let statement = rows
        .iter()
        .find(|row| row["kind"] == "statement" && row["queryid"] == *id);
    let statement = statement.unwrap_or_else(|| panic!("{rows:#?}"));
    assert_eq!(amount(statement, "calls_per_second"), 7.0);
    assert!(statement["mean_ms"].as_f64().unwrap() > 0.0);
    let left: Vec<_> = fs::read_dir(kept.folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
    // What was kept is a baseline, too.
    let state = kept.state().display().to_string();
    let compared = ground.run(&["growth", "--baseline", &state]).expect_code(0);
    assert_eq!(compared.json_lines().len(), kept.growth().len());
    ground
        .run(&["growth", "--baseline", &state, "--state", &state])
        .expect_code(2)
        .expect_error("exclude each other");
}

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
fn counters_that_began_anew_give_no_rate() {
    let kept = Kept::with(&[]);
    let ground = &kept.ground;
    ground.sql("create table t (i int); insert into t values (1)");
    wait_for(
        ground,
        "select pg_stat_get_tuples_inserted('t'::regclass) = 1",
    );
    kept.run(&[]);
    let insert = "insert into t select generate_series(1, 1000)";
    let counted = "select pg_stat_get_tuples_inserted('t'::regclass) >= 1000";
    let rates = || {
        let rows = kept.growth();
        let rate =
            |kind: &str, name: &str| row(&rows, kind, name)["rows_inserted_per_second"].clone();
        let rates = [rate("database", "postgres"), rate("table", "public.t")];
        (rates, row(&rows, "server", "").clone())
    };
    // More than before, and yet less than there were.
    ground.sql("select pg_stat_reset()");
    ground.sql(insert);
    wait_for(ground, counted);
    let (after_reset, server) = rates();
    assert_eq!(after_reset, [Value::Null, Value::Null]);
    assert_eq!(server["note"], Value::Null);
    assert!(
        rates().0.iter().all(Value::is_number),
        "the next time all is well again"
    );
    // A crash empties the statistics.
    let (mut victim, mut other) = (ground.client(), ground.client());
    let pid: i32 = victim
        .query_one("select pg_backend_pid()", &[])
        .unwrap()
        .get(0);
    let killed = Command::new("kill")
        .args(["-KILL", &pid.to_string()])
        .status();
    assert!(killed.unwrap().success());
    eventually("the server has seen it, and ends all others", || {
        other.batch_execute("select 1").is_err()
    });
    eventually("the server is back", || {
        let client = ground.cluster.connect("postgres");
        client.is_ok_and(|mut client| client.batch_execute(insert).is_ok())
    });
    wait_for(ground, counted);
    let (after_crash, server) = rates();
    assert_eq!(after_crash, [Value::Null, Value::Null]);
    let note = server["note"].as_str().unwrap_or_default();
    assert!(note.contains("its counters began anew"), "{server:#?}");
    assert!(amount(&server, "wal_bytes_per_second") > 0.0, "WAL goes on");
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
    let lsn = "select (pg_last_wal_replay_lsn() >= $1)::text";
    let written = primary.connect("postgres").unwrap();
    let written = { written }
        .query_one("select pg_current_wal_lsn()::text", &[])
        .unwrap();
    let written: String = written.get(0);
    let reached = lsn.replace("$1", &format!("'{written}'"));
    eventually("the standby is as far", || {
        standby.value("postgres", &reached) == "true"
    });
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

#[test]
fn a_file_that_is_not_ours_is_left_alone() {
    let kept = Kept::shared();
    for text in [
        "garbage\n",
        "{\"section\":\"tables\"}\n",
        "{\"section\":\"state\",\"format\":99}\n",
    ] {
        fs::write(kept.state(), text).unwrap();
        kept.run(&[]).expect_code(2).expect_no_output();
        assert_eq!(fs::read_to_string(kept.state()).unwrap(), text);
    }
    fs::write(
        kept.state(),
        "{\"section\":\"state\",\"format\":1}\ngarbage\n",
    )
    .unwrap();
    kept.run(&[]).expect_code(2).expect_no_output();
    // An empty one is as good as none, and keeps its mode.
    fs::write(kept.state(), "").unwrap();
    fs::set_permissions(kept.state(), fs::Permissions::from_mode(0o640)).unwrap();
    kept.run(&["growth"]).expect_code(2);
    kept.growth();
    let mode = fs::metadata(kept.state()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    // What can't be kept is said, beside the rest.
    let nowhere = kept.folder.path().join("none/state").display().to_string();
    let output = kept
        .ground
        .run(&["--only", "wraparound", "--state", &nowhere])
        .expect_code(2);
    assert_eq!(statuses(&output.json_lines())[0].0, "ok");
    output.expect_error("none/state");
}

#[test]
fn one_state_for_several_servers() {
    let kept = Kept::shared();
    let other = Ground::new();
    let state = kept.state().display().to_string();
    let place = |ground: &Ground| {
        let folder = ground.cluster.socket_dir().display().to_string();
        format!("host={folder} user=postgres dbname=postgres")
    };
    let both = [place(&kept.ground), place(&other)];
    let words = ["growth", "--state", &state, "-d", &both[0], "-d", &both[1]];
    let run = || tests::tool("pg-stat-report").args(words).run();
    run().expect_code(2);
    kept.growth();
    let rows = run().expect_code(0).json_lines();
    let servers = rows.iter().filter(|row| row["kind"] == "server");
    assert_eq!(servers.count(), 2);
    // Two at once lose nothing of each other's.
    fs::remove_file(&state).unwrap();
    thread::scope(|scope| {
        for ground in [&kept.ground, &other] {
            let state = state.clone();
            scope.spawn(move || ground.run(&["growth", "--state", &state]).expect_code(2));
        }
    });
    run().expect_code(0);
}

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
