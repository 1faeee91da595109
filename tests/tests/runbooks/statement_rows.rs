//! The rows about statements that take long.

use serde_json::{Value, json};
use tests::{Database, eventually};

use crate::watched::{brief, check, database, report, row, rows, session, shell};

/// Statements of the application, some often, some slow.
fn worked() -> Database<'static> {
    let database = database();
    let mut app = session(&database, "app", "web");
    for _ in 0..60 {
        app.batch_execute("select pg_sleep(0.002) as often")
            .unwrap();
    }
    app.batch_execute("select pg_sleep(0.1), 1 as once")
        .unwrap();
    database
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// T13: `mean_exec_time > 1000 ORDER BY mean_exec_time DESC`, and "queries per second", which the guide has
/// no query for: it takes two looks.
#[test]
fn t13() {
    let database = worked();
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("app.state").display().to_string();
    let seen = rows(&database, &["queries"]);
    let often = row(&seen, "query", "select pg_sleep($1) as often");
    let id = format!("queryid {}", text(&often["queryid"]));
    let slow = check(&database, "slow_queries", &["--warn", "slow_queries=2ms"]);
    assert!(brief(&slow).contains(&("warning".into(), id)), "{slow:#?}");
    assert!(
        slow.iter()
            .all(|record| !record["message"].as_str().unwrap().contains("once")),
        "what somebody did once is no slow query: {slow:#?}"
    );
    let growth = || report(&database, &["growth", "--state", &state]).run();
    growth();
    let mut app = session(&database, "app", "web");
    for _ in 0..40 {
        app.batch_execute("select pg_sleep(0.001) as often")
            .unwrap();
    }
    let rates = growth().expect_code(0).json_lines();
    let rate = rates
        .iter()
        .find(|rate| rate["database"] == database.name() && rate["queryid"] == often["queryid"])
        .unwrap();
    assert!(rate["calls_per_second"].as_f64().unwrap() > 0.0, "{rate}");
}

/// A10: the ten slowest by mean time, with calls, total and maximum: what the server itself says.
#[test]
fn a10() {
    let database = worked();
    let line = "pg-stat-report queries -U watcher -d $d | jq -cs --arg d $d 'map(select(.database == $d and (.query | test(\"pg_sleep\")))) | sort_by(-.mean_ms)[:10][] | [.query, .calls]'";
    let ours = shell(&database, line).expect_code(0).stdout;
    assert_eq!(
        ours,
        "[\"select pg_sleep($1), $2 as once\",1]\n[\"select pg_sleep($1) as often\",60]\n"
    );
    let seen = rows(&database, &["queries"]);
    let often = row(&seen, "query", "select pg_sleep($1) as often");
    let (mean, most, total) = (&often["mean_ms"], &often["max_ms"], &often["total_ms"]);
    let [mean, most, total] = [mean, most, total].map(|value| value.as_f64().unwrap());
    assert!(
        mean >= 2.0 && most >= mean && total >= 60.0 * mean * 0.99,
        "{often}"
    );
}

/// V04: `mean_time`, `total_time`: columns that no server from 13 on has. Ours are the same for each.
#[test]
fn v04() {
    let database = worked();
    let guide = "select query, calls, total_time, mean_time, rows from pg_stat_statements";
    assert!(database.client().batch_execute(guide).is_err());
    let seen = rows(&database, &["queries"]);
    let once = row(&seen, "query", "select pg_sleep($1), $2 as once");
    assert_eq!((&once["calls"], &once["rows"]), (&json!(1), &json!(1)));
    assert!(once["mean_ms"].as_f64().unwrap() >= 100.0);
    let csv = "pg-stat-report queries -U watcher -d $d -o csv | head -n 1";
    let head = shell(&database, csv).expect_code(0).stdout;
    assert!(
        ["calls", "total_ms", "mean_ms", "rows"]
            .iter()
            .all(|name| head.split(',').any(|column| column == *name)),
        "{head}"
    );
}

/// N17: "log queries > 100 ms" and the slowest by mean: from the statistics, and whose they are. Who has no
/// right to a text still sees the figures, and is told so.
#[test]
fn n17() {
    let database = worked();
    let line = "pg-stat-report queries -U watcher -d $d | jq -r --arg d $d 'select(.database == $d and .mean_ms > 100) | .user + \": \" + .query'";
    eventually("the slow one is found", || {
        let found = shell(&database, line).expect_code(0).stdout;
        found
            .lines()
            .any(|line| line == "app: select pg_sleep($1), $2 as once")
    });
    database.sql("create role stranger login");
    let blind = report(&database, &["queries"]).env("PGUSER", "stranger");
    let blind = blind.run().expect_code(0).json_lines();
    let others: Vec<&Value> = blind
        .iter()
        .filter(|row| row["user"] != "stranger")
        .collect();
    assert!(
        others
            .iter()
            .all(|row| row["is_hidden"] == true && row["query"].is_null() && row["calls"].is_i64()),
        "{others:#?}"
    );
    assert!(others.iter().any(|row| row["calls"] == 60));
    database.sql("drop role stranger");
}
