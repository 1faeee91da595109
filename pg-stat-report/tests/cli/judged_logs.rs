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
        "ERROR:  could not open file \"base/16384/2619\": No such file or directory",
        "ERROR:  could not open file \"base/16384/2619.1\" (target block 131072): No such file or directory",
        "LOG:  startup process (PID 33) exited with exit code 1",
        "LOG:  aborting startup due to startup process failure",
        "LOG:  server process (PID 99) exited with exit code 2",
        "FATAL:  incorrect checksum in control file",
        "WARNING:  terminating connection because of crash of another server process",
        "ERROR:  could not find pg_class tuple for index 1234",
        "ERROR:  could not read file \"base/5/1\": Input/output error",
        "FATAL:  could not write file \"pg_wal/xlogtemp.1\": Input/output error",
        "ERROR:  compressed pglz data is corrupt",
    ] {
        let records = check(words);
        assert_eq!(
            (records.len(), &records[0]["status"]),
            (1, &Value::from("critical")),
            "{records:?}"
        );
    }
    // What users write is not the server's word, and a file that COPY does not find is no damage.
    for words in [
        "ERROR:  column \"could not read block 5 in file\" does not exist at character 8",
        "ERROR:  could not open file \"/tmp/t.csv\" for reading: No such file or directory",
    ] {
        assert_eq!(statuses(&check(words)), alone("ok"), "{words}");
    }
    let raised = "ERROR:  no space left on device 7\n2026-11-20 10:00:10.000 UTC [1010] CONTEXT:  PL/pgSQL function f() line 1 at RAISE";
    assert_eq!(statuses(&check(raised)), alone("ok"));
    assert_eq!(
        statuses(&check("ERROR:  no space left on device 7"))[0].0,
        "critical"
    );
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

/// The gravest is so in any language; of the others nobody knows what they say.
#[test]
fn a_log_in_another_language() {
    let json = |severity: &str, code: &str, message: &str| {
        format!(
            "{{\"timestamp\":\"2026-11-21 10:00:00.000 UTC\",\"pid\":1,\"error_severity\":\"{severity}\",\"state_code\":\"{code}\",\"message\":\"{message}\"}}\n"
        )
    };
    let check = |severity: &str, code: &str, message: &str| {
        let records = judge(&json(severity, code, message), &["--only", "log_alarms"]);
        let statuses = statuses(&records).into_iter();
        statuses.map(|(status, _)| status).collect::<Vec<_>>()
    };
    assert_eq!(
        check("PANIK", "XX000", "konnte Checkpoint-Datensatz nicht finden"),
        ["critical", "unknown"]
    );
    assert_eq!(
        check("FEHLER", "42P01", "Relation »t« existiert nicht"),
        ["unknown"]
    );
    assert_eq!(check("LOG", "00000", "database system is ready"), ["ok"]);
    // The word for it is the same in German.
    let killed = "Serverprozess (PID 99) wurde von Signal 9 beendet: Killed";
    assert_eq!(check("LOG", "00000", killed), ["unknown"]);
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
