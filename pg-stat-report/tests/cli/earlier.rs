//! What is told between two runs: a state that keeps itself, and what happened in between.

mod another;
mod judged;
mod kept;

use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::{fs, thread};

use serde_json::Value;
use tests::eventually;

use crate::ground::{Ground, statuses};
use kept::{Kept, amount, row, wait_for};

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
    // A crash empties the statistics, and takes what was not yet written.
    ground.sql("set synchronous_commit = on; create table after_t ()");
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
    let mut last = String::new();
    eventually("the server is back", || {
        let client = ground
            .cluster
            .connect("postgres")
            .map_err(|error| error.to_string());
        let inserted = client.and_then(|mut client| {
            let done = client.batch_execute(insert);
            done.map_err(|error| format!("{error:?}"))
        });
        // What keeps it away is told, each reason once.
        let why = inserted.err().unwrap_or_default();
        if why != last {
            println!("{why}");
        }
        last = why;
        last.is_empty()
    });
    wait_for(ground, counted);
    let (after_crash, server) = rates();
    assert_eq!(after_crash, [Value::Null, Value::Null]);
    let note = server["note"].as_str().unwrap_or_default();
    assert!(note.contains("its counters began anew"), "{server:#?}");
    assert!(amount(&server, "wal_bytes_per_second") > 0.0, "WAL goes on");
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
