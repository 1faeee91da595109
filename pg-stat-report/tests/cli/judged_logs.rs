//! Checks that judge a server's log.

use std::fs;

use serde_json::Value;
use tests::{ToolCommand, tool};

use crate::ground::{Ground, alone, of, statuses};

fn line(number: usize, words: &str) -> String {
    format!(
        "2026-11-20 10:{:02}:{:02}.000 UTC [{}] {words}\n",
        number / 60 % 60,
        number % 60,
        1000 + number
    )
}

/// So many that came in, and so many that did not.
fn log(good: usize, failed: usize) -> String {
    let came = |number: usize| line(number, "LOG:  connection received: host=10.0.0.1 port=5000");
    let good = (0..good).map(|number| {
        came(number) + &line(number, "LOG:  connection authorized: user=app database=app")
    });
    let failed = (0..failed).map(|number| {
        came(1000 + number)
            + &line(
                1000 + number,
                "FATAL:  password authentication failed for user \"app\"",
            )
    });
    good.chain(failed).collect()
}

fn judge(text: &str, arguments: &[&str]) -> Vec<Value> {
    let run = tool("pg-stat-report").args(arguments).stdin(text);
    run.run().json_lines()
}

#[test]
fn connections_that_failed() {
    let check = |text: &str, more: &[&str]| {
        statuses(&judge(
            text,
            &[&["--only", "failed_connections"], more].concat(),
        ))
    };
    assert_eq!(check(&log(1000, 5), &[]), alone("ok"));
    assert_eq!(check(&log(980, 20), &[]), alone("warning"));
    assert_eq!(check(&log(900, 100), &[]), alone("critical"));
    assert_eq!(
        check(&log(900, 100), &["--crit", "failed_connections=20%"]),
        alone("warning")
    );
    // Without log_connections nobody knows the share.
    let unlogged: String = (0..9)
        .map(|number| {
            line(
                number,
                "FATAL:  password authentication failed for user \"app\"",
            )
        })
        .collect();
    assert_eq!(check(&unlogged, &[]), alone("unknown"));
    let run = |text: &str, code: i32| {
        let run = tool("pg-stat-report")
            .args(["--only", "failed_connections"])
            .stdin(text);
        run.run().expect_code(code);
    };
    run(&log(1000, 5), 0);
    run(&log(900, 100), 1);
    run(&unlogged, 2);
    run("no log at all\n", 2);
}

#[test]
fn what_nobody_may_overlook() {
    let check = |words: &str| {
        let text = log(3, 0) + &line(9, "ERROR:  relation \"t\" does not exist") + &line(10, words);
        judge(&text, &["--only", "log_alarms"])
    };
    assert_eq!(
        statuses(&check("LOG:  checkpoint starting: time")),
        alone("ok")
    );
    for words in [
        "PANIC:  could not locate a valid checkpoint record",
        "ERROR:  invalid page in block 7 of relation base/5/16384",
        "ERROR:  could not extend file \"base/5/16384\": No space left on device",
        "LOG:  server process (PID 32155) was terminated by signal 9: Killed",
    ] {
        let records = check(words);
        assert_eq!(
            (records.len(), &records[0]["status"]),
            (1, &Value::from("critical")),
            "{records:?}"
        );
    }
    let many: String = (0..30)
        .map(|number| {
            line(
                number,
                &format!("ERROR:  no such thing as {}", "x".repeat(number)),
            )
        })
        .collect();
    let text = many
        + &line(
            90,
            "WARNING:  could not fsync file \"x\": Input/output error",
        );
    let records = judge(&text, &["--only", "log_alarms", "--limit", "1"]);
    assert_eq!(records[0]["status"], "critical", "{records:?}");
    let milder = ["--only", "log_alarms", "--crit", "log_alarms=2"];
    assert_eq!(judge(&text, &milder)[0]["status"], "warning");
}

#[test]
fn a_log_beside_a_server() {
    let ground = Ground::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("postgresql.log");
    fs::write(&path, log(90, 10)).unwrap();
    let named = path.to_str().unwrap();
    let with =
        |arguments: &[&str]| -> ToolCommand { ground.tool(arguments).arg("--log").arg(&path) };
    let records = with(&["--only", "failed_connections,connections"])
        .run()
        .expect_code(1)
        .json_lines();
    assert_eq!(
        statuses(&records),
        [of("critical", ""), of("ok", "")].concat()
    );
    assert_eq!(
        (&records[0]["check"], &records[0]["target"]),
        (&"failed_connections".into(), &named.into())
    );
    let names = |run: ToolCommand| -> Vec<String> {
        let records = run.run().json_lines();
        records
            .iter()
            .map(|record| record["check"].as_str().unwrap().to_string())
            .collect()
    };
    // It is judged by default where there is one.
    let all = names(with(&[]));
    assert!(
        all.contains(&"failed_connections".to_string()) && all.contains(&"log_alarms".to_string())
    );
    assert_eq!(all.iter().filter(|name| *name == "superusers").count(), 1);
    assert!(!names(ground.tool(&[])).contains(&"log_alarms".to_string()));
    let rows = tool("pg-stat-report")
        .args(["logs", "--log"])
        .arg(&path)
        .run()
        .expect_code(0)
        .json_lines();
    assert!(
        rows.iter()
            .any(|row| row["kind"] == "failed_connections" && row["ratio"] == 0.1),
        "{rows:?}"
    );
    let missing = ground
        .tool(&["--only", "log_alarms", "--log", "/nonexistent"])
        .run()
        .expect_code(2);
    let record = &missing.json_lines()[0];
    assert_eq!(record["status"], "unknown");
    let message = record["message"].as_str().unwrap();
    assert!(message.contains("/nonexistent: No such file"), "{message}");
    // What has no entry, or is not understood, proves nothing.
    let german = "2026-11-21 10:00:00.000 UTC [1] LOG:  bereit\n2026-11-21 10:00:03.000 UTC [2] PANIK:  kein Platz\n";
    for text in ["", "nothing\n", german] {
        fs::write(&path, text).unwrap();
        let judged = with(&["--only", "log_alarms"]).run().expect_code(2);
        assert_eq!(statuses(&judged.json_lines()), of("unknown", ""), "{text}");
    }
    let alarm = "2026-11-21 10:00:03.000 UTC [12] ERROR:  missing chunk number 0 for toast value 1234 in pg_toast_2619\n";
    fs::write(&path, alarm).unwrap();
    let judged = with(&["--only", "log_alarms"]).run().expect_code(1);
    assert_eq!(judged.json_lines()[0]["status"], "critical");
}
