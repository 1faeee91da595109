//! Logs that are not as they should be, and what is made of their like.

use std::io::Write;

use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tests::{eventually, tool};

use super::logging::{Logging, of, rows, run, value};

#[test]
fn a_prefix_that_changes_loses_nothing() {
    let server = Logging::new(&[("log_min_duration_statement", "0")]);
    let prefixes = [
        "%m [%p] ",
        "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ",
        "node 7 | %n | %c | %a | %e ",
        "",
    ];
    for prefix in prefixes {
        let mut client = server.client();
        client
            .batch_execute(&format!("alter system set log_line_prefix = '{prefix}'"))
            .unwrap();
        client.batch_execute("select pg_reload_conf()").unwrap();
        eventually("the prefix is another", || {
            value(&mut server.client(), "show log_line_prefix") == prefix
        });
        server
            .client()
            .batch_execute("select 'one\n\tof four'")
            .unwrap();
    }
    let rows = rows(server.log("log"), &[]);
    assert_eq!(
        of(&rows, "statement", "example", "one\n\tof four")["count"],
        4
    );
    assert!(rows.iter().all(|row| row["kind"] != "skipped"), "{rows:#?}");
}

#[test]
fn a_prefix_that_is_given_is_gone_by() {
    let log = "<7> joe@x [shop] 42501 2026-11-21 02:46:16 CET LOG:  duration: 12.5 ms  statement: select 1\n";
    let prefix = "<%p> %u [%d] %e %t ";
    let rows = rows(log, &["--log-line-prefix", prefix]);
    let row = of(&rows, "statement", "text", "select ?");
    assert_eq!(
        (&row["user"], &row["database"]),
        (&json!("joe@x"), &json!("shop"))
    );
    assert_eq!(row["last_at"], "2026-11-21T01:46:16Z");
    run(log, &["--log-line-prefix", "%z"])
        .expect_code(2)
        .expect_error("%z");
}

#[test]
fn how_a_log_is_written_is_refused_where_none_is_read() {
    let refused = |arguments: &[&str]| {
        let output = tool("pg-stat-report").args(arguments).run();
        output
            .expect_code(2)
            .expect_error("goes with --log, or with");
    };
    refused(&["--log-format", "csvlog", "-d", "app"]);
    refused(&["--log-line-prefix", "%m ", "ping"]);
    refused(&["--only", "connections", "--log-format", "stderr"]);
    let log = "<7> ERROR:  division by zero\n";
    for reads in [
        &["logs"][..],
        &["--only", "failed_connections"],
        &["--only", "failed_connections", "--log", "-"],
    ] {
        let taken = tool("pg-stat-report")
            .args(["--log-line-prefix", "<%p> "])
            .args(reads);
        assert!(
            !taken.stdin(log).run().stderr.contains("goes with"),
            "{reads:?}"
        );
    }
}

#[test]
fn garbage_is_passed_over_and_counted() {
    let entry = "2026-11-21 02:46:16 UTC [7] LOG:  duration: 1 ms  statement: select 1\n";
    let mut log = b"cp: cannot stat 'x'\n\xff\xfe\0\n\torphan\n".to_vec();
    log.extend(entry.repeat(3).bytes());
    log.extend(b"sh: 1: not found\n\tlost\n\n");
    log.extend(entry.bytes());
    let rows = rows(log, &[]);
    assert_eq!(of(&rows, "statement", "text", "select ?")["count"], 4);
    let row = of(&rows, "skipped", "example", "cp: cannot stat 'x'");
    assert_eq!(row["count"], 6);
}

#[test]
fn a_broken_record_of_csvlog_costs_itself_alone() {
    let record = |text: &str| {
        format!(
            "2026-11-21 02:46:16.890 UTC,\"joe\",\"shop\",7,\"[local]\",6b01.7d8f,1,\"SELECT\",2026-11-21 02:46:16 UTC,3/4,0,LOG,00000,\"duration: 1.000 ms  statement: {text}\",,,,,,,,,\"psql\",\"client backend\",,0\n"
        )
    };
    let whole = record("select \"\"a\"\"\n from b");
    let broken = &whole[..whole.len() / 2 + 60];
    let log = format!("{whole}{broken}\n{whole}garbage, \"\n{whole}{broken}");
    let rows = rows(log, &[]);
    assert_eq!(
        of(&rows, "statement", "text", "select \"a\" from b")["count"],
        3
    );
    assert_eq!(rows[0]["count"], 3);
    assert!(
        of(&rows, "skipped", "message", "lines")["count"]
            .as_u64()
            .unwrap()
            >= 3
    );
}

#[test]
fn logs_are_unpacked() {
    let log = "2026-11-21 02:46:16 UTC [7] ERROR:  no\n";
    let mut packed = GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(log.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    // logrotate's files one behind the other.
    let rows = rows([packed.clone(), packed.clone()].concat(), &[]);
    assert_eq!(of(&rows, "error", "text", "no")["count"], 2);
    run(&packed[..packed.len() - 9], &[])
        .expect_code(2)
        .expect_error("the log could not be read");
}

#[test]
fn what_is_no_log_is_not_called_well() {
    run("select 1;\nselect 2;\n", &[])
        .expect_code(2)
        .expect_error("not one entry");
    let rows = rows("", &[]);
    assert_eq!(
        (&rows[0]["kind"], &rows[0]["count"]),
        (&json!("log"), &json!(0))
    );
    let failed = of(
        &rows,
        "failed_connections",
        "message",
        "log_connections may be off",
    );
    assert_eq!(failed["ratio"], Value::Null);
    assert_eq!(rows.iter().filter(|row| row["kind"] == "unseen").count(), 6);
}

#[test]
fn what_is_the_same_to_the_server_is_counted_together() {
    let line =
        |sql: &str| format!("2026-11-21 02:46:16 UTC [7] LOG:  duration: 1 ms  statement: {sql}\n");
    let same = [
        "select a from t where b = 1",
        "SELECT \"a\" FROM t WHERE (b = 'x')",
    ];
    let log = same.map(line).concat() + &line("select b from t") + &line("selec 1");
    let rows = rows(log, &[]);
    let row = of(&rows, "statement", "text", "select a from t where b = ?");
    assert_eq!(row["count"], 2);
    assert_eq!(
        of(&rows, "statement", "text", "select b from t")["count"],
        1
    );
    assert_eq!(
        of(&rows, "statement", "text", "selec ?")["fingerprint"],
        Value::Null
    );
}

#[test]
fn of_each_kind_there_are_as_many_as_are_asked_for() {
    let line = |number: usize, text: &str| {
        format!("2026-11-21 02:46:16 UTC [7] LOG:  duration: {number} ms  statement: {text}\n")
    };
    let log: String = (1..=9)
        .map(|number| line(number, &format!("select c{number}")))
        .collect();
    let log = log + "2026-11-21 02:46:16 UTC [7] ERROR:  no\n";
    let rows = rows(log, &["-", "--limit", "2"]);
    let texts: Vec<&Value> = rows
        .iter()
        .filter(|row| row["kind"] == "statement")
        .map(|row| &row["text"])
        .collect();
    assert_eq!(texts, ["select c9", "select c8"]);
    assert_eq!(of(&rows, "error", "text", "no")["count"], 1);
}
