//! What a server's log tells: logs that a real server wrote, in every format.

mod logging;
mod odd;

use std::fs;

use serde_json::{Value, json};
use tests::eventually;

use logging::{Logging, formats, live, memory_of, of, rows};

#[test]
fn the_log_is_told_in_every_format() {
    let server = Logging::new(&[
        ("log_line_prefix", "%m [%p] %q%u@%d "),
        ("log_min_duration_statement", "0"),
        ("log_autovacuum_min_duration", "0"),
        ("autovacuum", "off"),
    ]);
    let formats = formats(&server);
    live(&server);
    let logs: Vec<_> = formats
        .iter()
        .map(|(format, suffix)| (*format, server.log(suffix)))
        .collect();
    for (format, log) in &logs {
        let rows = rows(log.clone(), &[]);
        assert_eq!(rows[0]["kind"], "log");
        assert_eq!(rows[0]["name"], *format);
        check_statements(&rows);
        check_troubles(&rows, *format != "stderr");
        check_upkeep(&rows);
    }
}

#[track_caller]
fn check_statements(rows: &[Value]) {
    let row = of(rows, "statement", "text", "from pg_class");
    assert_eq!(
        row["text"],
        "select ?, ? || \"relname\" from pg_class where oid in (?)"
    );
    assert_eq!(
        (&row["count"], &row["timed"], &row["name"]),
        (&json!(3), &json!(3), &json!("execute"))
    );
    let number = |field: &str| row[field].as_f64().unwrap();
    assert!(
        number("min_ms") <= number("mean_ms") && number("mean_ms") <= number("max_ms"),
        "{row}"
    );
    assert!(
        (number("total_ms") - number("mean_ms") * 3.0).abs() < 0.01,
        "{row}"
    );
    assert_eq!(
        (&row["user"], &row["database"]),
        (&json!("postgres"), &json!("postgres"))
    );
    assert_eq!(row["fingerprint"].as_str().unwrap().len(), 16, "{row}");
    let row = of(rows, "statement", "text", "::int4 + ?");
    assert_eq!(row["count"], 2);
    assert!(
        row["detail"].as_str().unwrap().starts_with("$1 = '"),
        "{row}"
    );
    let row = of(rows, "preparation", "text", "::int4 + ?");
    assert!(
        ["parse", "bind"].contains(&row["name"].as_str().unwrap()),
        "{row}"
    );
    let row = of(rows, "statement", "text", "create role secret");
    assert!(!row.to_string().contains("hunter2"), "{row}");
}

#[track_caller]
fn check_troubles(rows: &[Value], has_sqlstate: bool) {
    let row = of(rows, "error", "text", "relation \"...\" does not exist");
    assert_eq!(
        (&row["count"], &row["severity"]),
        (&json!(2), &json!("ERROR"))
    );
    assert_eq!(
        row["sqlstate"],
        if has_sqlstate {
            json!("42P01")
        } else {
            Value::Null
        }
    );
    assert_eq!(row["detail"], "select * from nowhere");
    assert!(
        rows.iter()
            .all(|row| row["kind"] != "error" || row["text"] != "no error'")
    );
    assert_eq!(of(rows, "error", "text", "division by zero")["count"], 1);
    let row = of(rows, "warning", "text", "that was all");
    assert_eq!(row["severity"], "WARNING");
    let row = of(rows, "failed_connections", "message", "connections");
    assert_eq!(row["count"], 3);
    let received = of(rows, "connection", "name", "received")["count"]
        .as_f64()
        .unwrap();
    assert!(
        (row["ratio"].as_f64().unwrap() - 3.0 / received).abs() < 1e-5,
        "{row}"
    );
    for reason in [
        "rejected by pg_hba.conf",
        "role may not log in",
        "database does not exist",
    ] {
        assert_eq!(of(rows, "failed_connection", "name", reason)["count"], 1);
    }
    let row = of(rows, "deadlock", "text", "fought");
    assert_eq!(row["count"], 1);
    assert!(
        row["text"]
            .as_str()
            .unwrap()
            .contains("delete from fought where id = ?"),
        "{row}"
    );
    assert!(
        row["text"]
            .as_str()
            .unwrap()
            .contains("update fought set a = ? where id = ?"),
        "{row}"
    );
    let row = of(rows, "lock_wait", "name", "RowExclusiveLock on relation");
    assert_eq!((&row["count"], &row["timed"]), (&json!(1), &json!(1)));
    assert_eq!(row["text"], "insert into held values (?)");
    assert!(row["max_ms"].as_f64().unwrap() >= 10.0, "{row}");
}

#[track_caller]
fn check_upkeep(rows: &[Value]) {
    let row = of(rows, "temp_file", "text", "order by g desc");
    assert!(row["bytes"].as_u64().unwrap() >= 50_000 * 4, "{row}");
    let row = of(rows, "checkpoint", "name", "immediate force wait");
    assert_eq!(row["count"], 1);
    assert!(
        row["message"].as_str().unwrap().contains("buffers "),
        "{row}"
    );
    assert!(
        of(rows, "connection", "name", "session")["max_ms"]
            .as_f64()
            .unwrap()
            > 0.0
    );
    let unseen: Vec<&Value> = rows
        .iter()
        .filter(|row| row["kind"] == "unseen")
        .map(|row| &row["name"])
        .collect();
    assert_eq!(unseen, ["autovacuum"]);
    assert!(rows.iter().all(|row| row["kind"] != "skipped"), "{rows:#?}");
    let at = rows[0]["last_at"].as_str().unwrap();
    let at = shared::time::parse(at).unwrap();
    let ago = (shared::time::now() - at).whole_seconds();
    // The log is in Berlin's time.
    assert!((-60..1800).contains(&ago), "{ago}");
}

#[test]
fn durations_that_are_logged_apart_belong_to_their_statements() {
    let server = Logging::new(&[
        ("log_statement", "all"),
        ("log_duration", "on"),
        ("log_line_prefix", "%t %u@%d [%p] "),
    ]);
    let mut client = server.client();
    for _ in 0..3 {
        client.batch_execute("select 'simple'").unwrap();
        client.query("select upper($1)", &[&"extended"]).unwrap();
    }
    client.batch_execute("select 1 / 0").unwrap_err();
    let rows = rows(server.log("log"), &[]);
    let row = of(&rows, "statement", "text", "select upper(?)");
    assert_eq!((&row["count"], &row["timed"]), (&json!(3), &json!(3)));
    let row = of(&rows, "statement", "text", "select ?");
    assert_eq!((&row["count"], &row["timed"]), (&json!(3), &json!(3)));
    let row = of(&rows, "statement", "text", "select ? / ?");
    assert_eq!((&row["count"], &row["timed"]), (&json!(1), &Value::Null));
    // Parsing and binding say nothing but how long they took.
    assert!(
        of(&rows, "statement", "name", "not logged")["count"]
            .as_u64()
            .unwrap()
            >= 6
    );
}

#[test]
fn what_autovacuum_did_is_told_by_table() {
    let server = Logging::new(&[
        ("autovacuum", "on"),
        ("log_autovacuum_min_duration", "0"),
        ("autovacuum_naptime", "1s"),
        ("autovacuum_vacuum_threshold", "5"),
    ]);
    server
        .client()
        .batch_execute(
            "create table churned as select g from generate_series(1, 100) g; delete from churned",
        )
        .unwrap();
    eventually("churned is vacuumed", || {
        memory_of(
            &fs::read(server.folder.join("server.log")).unwrap_or_default(),
            "vacuum of table \"postgres.public.churned\"",
        )
    });
    let rows = rows(server.log("log"), &[]);
    let row = of(&rows, "autovacuum", "name", "postgres.public.churned");
    let is_vacuum =
        |row: &&Value| row["name"] == "postgres.public.churned" && row["text"] == "vacuum";
    let vacuum = rows.iter().find(is_vacuum).unwrap();
    assert!(
        vacuum["message"]
            .as_str()
            .unwrap()
            .contains("tuples_removed 100"),
        "{vacuum} {row}"
    );
}
