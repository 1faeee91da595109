//! The row about the server's log.

use std::fs;
use std::path::Path;

use serde_json::Value;
use shared::cluster::ClusterOptions;
use tests::{eventually, start, tool};

/// V29: `grep ERROR`, `grep duration: | sort -k12`. Errors are counted by kind, and a statement that
/// has the word in it is none; statements are counted by their shape, the slowest first; failed
/// connections have their share.
#[test]
fn v29() {
    let settings = [
        ("logging_collector", "on"),
        ("log_directory", "log"),
        ("log_filename", "server.log"),
        ("log_line_prefix", "%m [%p] %q%u@%d "),
        ("log_min_duration_statement", "0"),
        ("log_connections", "on"),
    ];
    let settings = settings.map(|(name, value)| (name.to_string(), value.to_string()));
    let cluster = start(&ClusterOptions {
        settings: settings.to_vec(),
        ..ClusterOptions::default()
    });
    let mut client = cluster.connect("postgres").unwrap();
    let folder: String = client.query_one("show data_directory", &[]).unwrap().get(0);
    for number in 1..=3 {
        let slow = format!("select pg_sleep(0.0{number}), 'ERROR: none'");
        client.batch_execute(&slow).unwrap();
        let wrong = format!("select {number} / 0");
        client.batch_execute(&wrong).unwrap_err();
    }
    assert!(cluster.connect("nowhere").is_err());
    client.batch_execute("select 'that was all'").unwrap();
    let path = Path::new(&folder).join("log/server.log");
    let log = || fs::read_to_string(&path).unwrap_or_default();
    eventually("the end is logged", || log().contains("that was all"));
    let grep = log().lines().filter(|line| line.contains("ERROR")).count();
    assert_eq!(grep, 6, "grep takes statements for errors");

    let output = tool("pg-stat-report").arg("logs").stdin(log()).run();
    let rows = output.expect_code(0).json_lines();
    let of =
        |kind: &str| -> Vec<&Value> { rows.iter().filter(|row| row["kind"] == kind).collect() };
    let errors = of("error");
    let error = errors
        .iter()
        .find(|row| row["severity"] == "ERROR")
        .unwrap();
    assert_eq!(
        (error["text"].as_str(), error["count"].as_i64()),
        (Some("division by zero"), Some(3))
    );
    let slowest = of("statement")[0];
    assert_eq!(slowest["text"], "select pg_sleep(?), ?");
    assert_eq!(slowest["count"], 3);
    assert!(slowest["max_ms"].as_f64().unwrap() >= 30.0, "{slowest}");
    assert!(slowest["total_ms"].as_f64().unwrap() >= 60.0, "{slowest}");
    let refused = of("failed_connections")[0];
    assert_eq!(refused["count"], 1);
    assert!(refused["ratio"].as_f64().unwrap() > 0.0, "{refused}");
    assert_eq!(
        of("failed_connection")[0]["name"],
        "database does not exist"
    );
}
