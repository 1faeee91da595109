//! Servers that are late to answer, and how long they are waited for.

use std::collections::BTreeSet;

use rustix::process::Signal;
use serde_json::Value;
use tests::{Database, SilentListener, StallingProxy, eventually, tcp_cluster, tool};

use crate::ground::{Ground, alone, statuses};

#[test]
fn a_deadline_ends_it() {
    let ground = Ground::new();
    let records = ground.check("wraparound", &["--deadline", "0s"]);
    assert_eq!(statuses(&records), alone("unknown"));
    assert!(
        records[0]["message"]
            .as_str()
            .unwrap()
            .contains("--deadline")
    );
    let listener = SilentListener::new();
    let port = listener.port().to_string();
    let silent = tool("pg-stat-report").args(["-h", "127.0.0.1", "-p", &port, "--deadline", "1s"]);
    let record = &silent.run().expect_code(2).json_lines()[0];
    assert_eq!(record["check"], "connect");
    let message = record["message"].as_str().unwrap();
    assert!(message.contains(&port), "{message}");
}

#[test]
fn a_server_that_says_nothing_is_left_in_time() {
    let listener = SilentListener::new();
    let place = format!("host=127.0.0.1 port={} user=x", listener.port());
    let words = ["-d", &place, "--timeout", "1s", "ping"];
    // Less than two seconds connect_timeout does not know.
    let output = tool("pg-stat-report").args(words).run();
    assert!(output.stdout.contains("no answer within 2 s"), "{output:?}");
    let own = format!("{place} connect_timeout=3");
    let words = ["-d", &own, "--timeout", "1s", "connections"];
    let output = tool("pg-stat-report").args(words).run();
    output.expect_error("no answer within 3 s");
}

/// A server that stops in the middle of a statement is left with what was seen until then, and at once by a signal.
#[test]
fn a_server_that_stops_in_the_middle() {
    let database = Database::on(tcp_cluster());
    let through = |proxy: &StallingProxy, timeout: &str| {
        let port = proxy.port();
        let place = format!("host=127.0.0.1 port={port} user=postgres connect_timeout=120");
        let command = tool("pg-stat-report").env("PGDATABASE", database.name());
        command.args(["-d", &place, "--timeout", timeout])
    };
    // So much that settings are seen, and sequences are not.
    let bytes = 12 << 10;
    let stalling = || StallingProxy::new(tcp_cluster().port(), bytes);
    let records = through(&stalling(), "1s").run();
    // What was seen is judged: the server of the tests has fsync off.
    let records = records.expect_code(1).json_lines();
    let is_lost = |record: &Value| {
        let message = record["message"].as_str().unwrap();
        message.contains("has stopped answering in the middle")
    };
    let (lost, seen): (Vec<Value>, Vec<Value>) = records.into_iter().partition(is_lost);
    let names = |records: &[Value]| -> BTreeSet<String> {
        let names = records.iter().map(|record| record["check"].to_string());
        names.collect()
    };
    assert!(names(&seen).contains("\"connections\""), "{seen:#?}");
    assert!(names(&lost).contains("\"sequences\""), "{lost:#?}");
    assert!(lost.iter().all(|record| record["status"] == "unknown"));
    let first = ["connections", "vacuum", "sequences"];
    let output = through(&stalling(), "1s").args(first).run().expect_code(2);
    let output = output.expect_error("has stopped answering in the middle");
    assert_eq!(output.json_lines()[0]["section"], "connections");
    let proxy = stalling();
    let running = through(&proxy, "1h").start();
    eventually("it is stuck", || proxy.passed() >= bytes);
    running.signal(Signal::TERM);
    let output = running.finish();
    assert_eq!(output.signal(), Some(15));
    assert!(output.stdout.is_empty(), "{output:?}");
}
