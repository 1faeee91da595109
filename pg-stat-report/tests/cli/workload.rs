//! Statements and tables.

use serde_json::{Value, json};
use tests::eventually;

use crate::ground::{Ground, alone, of, statuses};

fn with_statements() -> Ground {
    let ground = Ground::with(&[("shared_preload_libraries", "pg_stat_statements")]);
    ground
        .sql("create schema \"My stats\"; create extension pg_stat_statements schema \"My stats\"; grant usage on schema \"My stats\" to public");
    ground
}

#[test]
fn statements_that_take_long() {
    let ground = with_statements();
    assert_eq!(ground.statuses("slow_queries", &[])[0].0, "ok");
    let mut app = ground.client_of("app");
    for _ in 0..50 {
        app.batch_execute("select pg_sleep(0.002)").unwrap();
    }
    app.batch_execute("select pg_sleep(0.03), 1 as few_calls")
        .unwrap();
    let rows = ground.rows("queries");
    let row = rows
        .iter()
        .find(|row| row["query"] == "select pg_sleep($1)")
        .unwrap();
    assert_eq!(
        (&row["calls"], &row["user"], &row["database"]),
        (&json!(50), &json!("app"), &json!("postgres"))
    );
    assert!(row["mean_ms"].as_f64().unwrap() >= 2.0);
    let id = match &row["queryid"] {
        Value::String(id) => id.clone(),
        id => id.to_string(),
    };
    let object = format!("queryid {id}");
    assert_eq!(
        ground.statuses("slow_queries", &["--warn", "slow_queries=2ms"]),
        of("warning", &object)
    );
    assert_eq!(
        ground.statuses("slow_queries", &["--crit", "slow_queries=2ms"]),
        of("critical", &object)
    );
    assert!(rows.iter().any(|row| {
        row["query"]
            .as_str()
            .unwrap_or_default()
            .contains("few_calls")
    }));
    // What one may not read is named so, and the figures are there all the same.
    let blind = ground
        .run_as("nobody", &["queries"])
        .expect_code(0)
        .json_lines();
    assert!(
        blind
            .iter()
            .filter(|row| row["user"] != "nobody")
            .all(|row| row["is_hidden"] == true && row["query"].is_null()),
        "{blind:#?}"
    );
    let seen = ground
        .run_as("watcher", &["queries"])
        .expect_code(0)
        .json_lines();
    assert!(seen.iter().any(|row| row["query"] == "select pg_sleep($1)"));
}

#[test]
fn statements_that_nobody_counts() {
    let ground = Ground::new();
    let records = ground.check("slow_queries", &[]);
    assert_eq!(statuses(&records), alone("unknown"));
    let message = records[0]["message"].as_str().unwrap();
    assert!(
        message.contains("pg_stat_statements is not in database \"postgres\"")
            && message.contains("CREATE EXTENSION"),
        "{message}"
    );
    ground
        .run(&["queries"])
        .expect_code(2)
        .expect_error("is not in database")
        .expect_no_output();
    ground.sql("create extension pg_stat_statements");
    let records = ground.check("slow_queries", &[]);
    assert_eq!(statuses(&records), alone("unknown"));
    assert!(
        records[0]["message"]
            .as_str()
            .unwrap()
            .contains("shared_preload_libraries"),
        "{records:?}"
    );
}

#[test]
fn sizes_are_those_of_the_server() {
    let ground = Ground::new();
    ground.sql("create table t (i int primary key, x text); alter table t alter x set storage external;
        insert into t select i, repeat('x', 10000) from generate_series(1, 100) i; create index on t (x) where i < 0;
        create table other as select i from generate_series(1, 1000) i; create view v as select 1 as one");
    ground.sql("vacuum analyze");
    let rows = ground.rows("tables");
    let names: Vec<&Value> = rows.iter().map(|row| &row["table"]).collect();
    assert_eq!(names, [&json!("public.t"), &json!("public.other")]);
    let bytes = |query: &str| -> Value {
        ground
            .value(&format!("select ({query})::text"))
            .parse::<i64>()
            .unwrap()
            .into()
    };
    let row = &rows[0];
    assert_eq!(row["bytes"], bytes("pg_total_relation_size('t')"));
    assert_eq!(row["index_bytes"], bytes("pg_indexes_size('t')"));
    assert_eq!(
        row["toast_bytes"],
        bytes("select pg_total_relation_size(reltoastrelid) from pg_class where relname = 't'")
    );
    assert_eq!(row["is_exact"], true);
    assert_eq!(row["rows_estimate"], 100);
    let sum: i64 = ["heap_bytes", "index_bytes", "toast_bytes"]
        .iter()
        .map(|name| row[name].as_i64().unwrap())
        .sum();
    assert_eq!(row["bytes"], sum);
    // One that is locked costs its own exactness only.
    let mut holder = ground.client();
    holder.batch_execute("begin; lock table t").unwrap();
    let locked = ground.rows("tables");
    let named = |name: &str| locked.iter().find(|row| row["table"] == name).unwrap();
    assert_eq!(
        (
            &named("public.t")["is_exact"],
            &named("public.other")["is_exact"]
        ),
        (&json!(false), &json!(true))
    );
    let near = named("public.t")["bytes"].as_i64().unwrap();
    assert!(near > sum / 2 && near <= sum, "{near} instead of {sum}");
    assert_eq!(
        ground.run(&["tables", "--limit", "1"]).json_lines().len(),
        1
    );
}

#[test]
fn tables_that_are_read_whole() {
    let ground = Ground::new();
    ground
        .sql("create table t as select i, repeat('x', 500) as x from generate_series(1, 20000) i");
    ground.sql("create table small as select i from generate_series(1, 100) i");
    ground.sql("vacuum analyze");
    assert_eq!(ground.statuses("sequential_scans", &[]), alone("ok"));
    ground.sql("do $$ begin for i in 1..60 loop perform count(*) from t where t.i = 7; perform count(*) from small; end loop; end $$");
    eventually("the scans are counted", || {
        ground.statuses("sequential_scans", &[]) == of("warning", "public.t")
    });
    assert_eq!(
        ground.statuses("sequential_scans", &["--crit", "sequential_scans=1000"]),
        of("critical", "public.t")
    );
    // Such as stop at the first row are no trouble.
    ground.sql("create table first as table t");
    ground.sql("do $$ begin for i in 1..60 loop perform from first limit 1; end loop; end $$");
    eventually("these scans are counted, too", || {
        ground
            .rows("tables")
            .iter()
            .any(|row| row["table"] == "public.first" && row["sequential_scans"] == 60)
    });
    assert_eq!(
        ground.statuses("sequential_scans", &[]),
        of("warning", "public.t")
    );
    ground.expect_same_in_all_rows("sequential_scans", &["--warn", "sequential_scans=100000"]);
}

/// Records of an earlier run, as if it had been so long ago, with sizes divided by that.
fn earlier(ground: &Ground, seconds: i64, divisor: i64) -> String {
    let mut records = ground
        .run(&["databases", "tables"])
        .expect_code(0)
        .json_lines();
    let past = format!(
        "select to_char((now() - interval '{seconds} s') at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
    );
    let taken_at = ground.value(&past);
    for record in &mut records {
        record["taken_at"] = json!(taken_at);
        if let Some(bytes) = record["bytes"].as_i64() {
            record["bytes"] = json!(bytes / divisor);
        }
    }
    records.iter().map(|record| format!("{record}\n")).collect()
}

#[test]
fn what_has_grown_since() {
    let ground = Ground::new();
    ground
        .sql("create table t as select i, repeat('x', 1000) as x from generate_series(1, 50000) i");
    let day = 86_400;
    let baseline = |text: &str, words: &[&str]| {
        ground
            .tool(&[&["--baseline", "-"], words].concat())
            .stdin(text)
            .run()
    };
    let before = earlier(&ground, day, 2);
    let rows = baseline(&before, &["growth"]).expect_code(0).json_lines();
    let row = rows
        .iter()
        .find(|row| row["kind"] == "database" && row["database"] == "postgres")
        .unwrap();
    let bytes: f64 = ground
        .value("select pg_database_size('postgres')::text")
        .parse()
        .unwrap();
    let near = |value: &Value, expected: f64| {
        let value = value.as_f64().unwrap();
        assert!(
            (value - expected).abs() < expected * 0.05,
            "{value} instead of {expected}"
        );
    };
    near(&row["bytes_per_day"], bytes / 2.0);
    near(&row["growth_ratio_per_day"], 1.0);
    assert!(row["transactions_per_second"].as_f64().unwrap() >= 0.0);
    let table = rows.iter().find(|row| row["table"] == "public.t").unwrap();
    near(&table["growth_ratio_per_day"], 1.0);
    assert_eq!(table["rows_inserted_per_second"], 0.0);
    let growth = |text: &str, words: &[&str]| {
        statuses(&baseline(text, &[&["--only", "growth"], words].concat()).json_lines())
    };
    assert_eq!(growth(&before, &[]), of("critical", "postgres"));
    assert_eq!(
        growth(&before, &["--crit", "growth=never"]),
        of("warning", "postgres")
    );
    assert_eq!(growth(&earlier(&ground, day, 1), &[])[0].0, "ok");
    // Small ones may double.
    assert_eq!(growth(&earlier(&ground, 60 * day, 2), &[])[0].0, "ok");
    let hurried = growth(&earlier(&ground, 60, 2), &[]);
    assert!(
        hurried.iter().all(|(status, _)| status == "unknown"),
        "{hurried:?}"
    );
    // Of a report of the future nothing follows.
    let future = baseline(
        &earlier(&ground, -8 * day, 1),
        &["--only", "growth,disk_full"],
    );
    let records = future.expect_code(2).json_lines();
    assert_eq!(records.len(), 2, "{records:#?}");
    for record in &records {
        let words = record["message"].as_str().unwrap();
        assert_eq!(record["status"], "unknown", "{record}");
        assert!(words.contains("which is not before now"), "{record}");
    }
    // Counters that began anew give no rate.
    let more = before.replace("\"rows_inserted\":", "\"rows_inserted\":9");
    let rows = baseline(&more, &["growth"]).expect_code(0).json_lines();
    let table = rows.iter().find(|row| row["table"] == "public.t").unwrap();
    assert_eq!(table["rows_inserted_per_second"], Value::Null);
    // With a baseline it is one of the checks.
    let all = baseline(&before, &[]).json_lines();
    assert!(
        all.iter()
            .any(|record| record["check"] == "growth" && record["status"] == "critical")
    );
}

#[test]
fn a_baseline_that_is_none() {
    let ground = Ground::new();
    let records = ground.check("growth", &[]);
    assert_eq!(statuses(&records), alone("unknown"));
    assert!(
        records[0]["message"]
            .as_str()
            .unwrap()
            .contains("--baseline")
    );
    ground
        .run(&["growth"])
        .expect_code(2)
        .expect_error("no earlier report")
        .expect_no_output();
    let given = |text: &str| {
        ground
            .tool(&["growth", "--baseline", "-"])
            .stdin(text)
            .run()
            .expect_code(2)
    };
    given("garbage")
        .expect_error("standard input")
        .expect_no_output();
    given("").expect_error("none at all");
    given("{\"section\":\"databases\",\"target\":\"elsewhere:1\",\"taken_at\":\"2026-01-01T00:00:00Z\",\"database\":\"x\",\"bytes\":1}")
        .expect_error("elsewhere:1");
    ground
        .run(&["growth", "--baseline", "/nonexistent"])
        .expect_code(2)
        .expect_error("/nonexistent");
}
